//! What a bent code looks like about a point: clear light, clear dark, or neither.
//!
//! Keeps true: a place is judged by how clear the modules about it are and, where the standard
//! fixes a module's colour (finder patterns, timing lines, the last alignment pattern, quiet zone), by
//! whether it has it. Only the part of the picture about three finder patterns is touched. It
//! places single nodes; how they hang together is the mesh's business.

use rxing::qrcode::cpp_port::detector::FinderPatternSet;

use super::cascade::Look;
use super::grey::{Grey, box_mean, crop};

/// Modules each way that are looked at to place a node.
const PATCH: i32 = 3;
/// How much more a module of known colour counts than one that is merely clear.
const FIXED_WEIGHT: i32 = 2;
/// Furthest a node moves from its prediction, modules, and in how many steps each way.
const REACH: f32 = 0.42;
const REACH_STEPS: i32 = 3;
/// What a full reach costs, in clearness: keeps nodes in empty areas where they are predicted.
const PULL: f32 = 0.12;
/// Differences from the mean beyond this are as clear as can be.
const CLEAR: i32 = 60;
/// How far beyond the finder patterns' centres a code can bend, in finder patterns.
const MARGIN: f32 = 1.5;

/// The centres of a set's finder patterns: top left, top right, bottom left.
pub fn centres(set: &FinderPatternSet) -> (V, V, V) {
    let of = |p: rxing::Point| V(p.x, p.y);
    (of(set.tl.p), of(set.tr.p), of(set.bl.p))
}

/// A place or a direction in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct V(pub f32, pub f32);

impl V {
    pub fn length(self) -> f32 {
        self.0.hypot(self.1)
    }

    pub fn pair(self) -> (f32, f32) {
        (self.0, self.1)
    }
}

impl std::ops::Add for V {
    type Output = V;
    fn add(self, o: V) -> V {
        V(self.0 + o.0, self.1 + o.1)
    }
}

impl std::ops::Sub for V {
    type Output = V;
    fn sub(self, o: V) -> V {
        V(self.0 - o.0, self.1 - o.1)
    }
}

impl std::ops::Mul<f32> for V {
    type Output = V;
    fn mul(self, k: f32) -> V {
        V(self.0 * k, self.1 * k)
    }
}

/// How a module lies in the picture: one module across and one down.
pub type FrameOf = (V, V);

/// The part of the picture about a set, as differences from the mean about each pixel.
pub struct Field {
    left: f32,
    top: f32,
    width: usize,
    height: usize,
    clear: Vec<i8>,
}

impl Field {
    /// `None` where no picture is.
    pub fn about(grey: &Grey, set: &FinderPatternSet, look: Look) -> Option<Field> {
        let (tl, tr, bl) = centres(set);
        let margin = set.tl.size.max(set.tr.size).max(set.bl.size) as f32 * MARGIN;
        let all = [tl, tr, bl, tr + bl - tl];
        let ends = |of: fn(&V) -> f32| {
            let low = all.iter().map(of).fold(f32::INFINITY, f32::min) - margin;
            let high = all.iter().map(of).fold(f32::NEG_INFINITY, f32::max) + margin;
            (low.max(0.0) as u32, high.max(0.0) as u32)
        };
        let ((left, right), (top, bottom)) = (ends(|v| v.0), ends(|v| v.1));
        let part = crop(grey, left, top, right, bottom)?;
        let mean = box_mean(&part, set.tl.size.clamp(4, 200) as usize);
        let sign = if look == Look::AsIs { 1 } else { -1 };
        let soft = box_mean(&part, 1);
        let pixels = soft.luma.iter().zip(&mean.luma);
        let clear = pixels.map(|(&p, &m)| (sign * (i32::from(p) - i32::from(m))).clamp(-CLEAR, CLEAR) as i8);
        let clear = clear.collect();
        let (width, height) = (part.width as usize, part.height as usize);
        Some(Field { left: left as f32, top: top as f32, width, height, clear })
    }

    /// The module about a point: below zero dark, above light, far from zero clear.
    pub fn module(&self, at: V) -> i32 {
        let x = ((at.0 - self.left).max(0.0) as usize).min(self.width - 1);
        let y = ((at.1 - self.top).max(0.0) as usize).min(self.height - 1);
        i32::from(self.clear[y * self.width + x])
    }

    /// The same from five points, for the last word.
    pub fn whole_module(&self, at: V, (across, down): FrameOf) -> i32 {
        const OFF: f32 = 0.25;
        let near = [(0.0, 0.0), (OFF, OFF), (-OFF, OFF), (OFF, -OFF), (-OFF, -OFF)];
        near.iter().map(|&(u, v)| self.module(at + across * u + down * v)).sum()
    }

    /// How clear the modules about a node are, from -1 to 1. Modules whose colour the standard
    /// fixes count against the place when they have the other.
    fn clearness(&self, node: &Node, at: V) -> f32 {
        let mut sum = 0;
        for y in node.row - PATCH..=node.row + PATCH {
            for x in node.column - PATCH..=node.column + PATCH {
                let (u, v) = (x as f32 + 0.5 - node.at.0, y as f32 + 0.5 - node.at.1);
                let grey = self.module(at + node.frame.0 * u + node.frame.1 * v);
                sum += match fixed(x, y, node.modules) {
                    Fixed::Dark => -grey * FIXED_WEIGHT,
                    Fixed::Light => grey * FIXED_WEIGHT,
                    Fixed::Free => grey.abs(),
                    Fixed::Beyond => 0,
                };
            }
        }
        let most = (2 * PATCH + 1).pow(2) * CLEAR;
        sum as f32 / most as f32
    }

    /// The clearest place near a prediction.
    pub fn settle(&self, node: &Node, predicted: V) -> V {
        let mut best = (f32::MIN, predicted);
        for v in -REACH_STEPS..=REACH_STEPS {
            for u in -REACH_STEPS..=REACH_STEPS {
                let (du, dv) = (u as f32 / REACH_STEPS as f32, v as f32 / REACH_STEPS as f32);
                let at = predicted + node.frame.0 * (du * REACH) + node.frame.1 * (dv * REACH);
                let score = self.clearness(node, at) - PULL * (du * du + dv * dv) / 2.0;
                if score > best.0 {
                    best = (score, at);
                }
            }
        }
        best.1
    }
}

/// What the standard says about a module.
#[derive(Clone, Copy, PartialEq)]
enum Fixed {
    Dark,
    Light,
    /// Part of the content.
    Free,
    /// Outside of the code and its quiet zone.
    Beyond,
}

/// Finder patterns, timing lines, the last alignment pattern and the inner half of the quiet zone.
fn fixed(x: i32, y: i32, modules: i32) -> Fixed {
    let dark = |is: bool| if is { Fixed::Dark } else { Fixed::Light };
    let last = modules - 1;
    if x < 0 || y < 0 || x > last || y > last {
        let near = x >= -2 && y >= -2 && x <= last + 2 && y <= last + 2;
        return if near { Fixed::Light } else { Fixed::Beyond };
    }
    let from_ends = (x.min(last - x), y.min(last - y));
    let corner = from_ends.0 < 8 && from_ends.1 < 8 && (x < 8 || y < 8);
    if corner {
        let ring = (from_ends.0 - 3).abs().max((from_ends.1 - 3).abs());
        return dark(ring != 2 && ring != 4);
    }
    if x == 6 || y == 6 {
        return dark((x + y) % 2 == 0);
    }
    let ring = (x - (modules - 7)).abs().max((y - (modules - 7)).abs());
    if ring <= 2 && modules > 21 { dark(ring != 1) } else { Fixed::Free }
}

/// A node about to be placed: where in the code it is, and how modules lie there.
pub struct Node {
    pub modules: i32,
    pub at: (f32, f32),
    pub column: i32,
    pub row: i32,
    pub frame: FrameOf,
}
