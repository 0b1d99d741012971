//! Codes on shirts, cans and creased paper: a grid that follows the surface.
//!
//! Keeps true: it starts from three finder patterns that rxing found and walks from node to node,
//! each placed where the modules about it are most clearly light or dark; a straight grid is what it
//! finds on a flat code. Work is bounded by the sets, sizes and nodes it tries. The code
//! itself is decoded by rxing, so nothing is read that its error correction does not confirm.

use std::time::Instant;

use rxing::common::BitMatrix;
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, FinderPatternSet, GenerateFinderPatternSets};

use super::cascade::Look;
use super::field::{Field, FrameOf, Node, V, centres};
use super::finder::{Found, Pass, holds};
use super::grey::Grey;

/// Sets of finder patterns tried; the most plausible come first.
const MAX_SETS: usize = 4;
/// Modules from one node to the next: near enough that a prediction misses by less than half a
/// module, the furthest from which the right place can be told from its neighbour.
const STEP: f32 = 3.0;
/// Rounds in which nodes find their places among neighbours on all sides.
const RELAXATIONS: usize = 3;
/// Least fit of the timing lines: codes have 0.5 and more, anything else about 0.
const TIMING: f32 = 0.25;
/// Largest code tried: version 15. Larger ones on a bent surface are beyond any camera here.
const MAX_MODULES: i32 = 77;

/// All bent codes in a picture; `bits` is the same picture in black and white, as it is looked at.
pub fn read(grey: &Grey, bits: &BitMatrix, look: Look, until: Instant) -> Pass {
    let mut patterns = FindFinderPatterns(bits, true, 0);
    let sets = GenerateFinderPatternSets(&mut patterns);
    let mut found: Vec<Found> = Vec::new();
    for set in sets.iter().take(MAX_SETS) {
        if Instant::now() >= until {
            break;
        }
        let taken = found.iter().any(|f| holds(&f.corners, (set.tl.p.x, set.tl.p.y)));
        if !taken {
            found.extend(read_set(grey, set, look));
        }
    }
    Pass { found, ..Pass::default() }
}

/// The code of one set, as the size whose timing lines fit best.
fn read_set(grey: &Grey, set: &FinderPatternSet, look: Look) -> Option<Found> {
    let field = Field::about(grey, set, look)?;
    let mut begun: Vec<(f32, Mesh)> = (sizes(set).into_iter())
        .map(|modules| Mesh::begun(&field, set, modules))
        .map(|mesh| (mesh.timing(&field), mesh))
        .filter(|(timing, _)| *timing > TIMING)
        .collect();
    begun.sort_by(|a, b| b.0.total_cmp(&a.0));
    begun.into_iter().take(2).find_map(|(_, mesh)| read_as(&field, mesh))
}

/// The sizes the set may have, judged by its finder patterns' own size.
fn sizes(set: &FinderPatternSet) -> Vec<i32> {
    let (tl, tr, bl) = centres(set);
    let module = (set.tl.size + set.tr.size + set.bl.size) as f32 / 21.0;
    let between = ((tr - tl).length() + (bl - tl).length()) / 2.0 / module.max(0.5);
    let near = ((between + 7.0 - 17.0) / 4.0).round() as i32 * 4 + 17;
    [near, near + 4, near - 4].into_iter().filter(|n| (21..=MAX_MODULES).contains(n)).collect()
}

fn read_as(field: &Field, mut mesh: Mesh) -> Option<Found> {
    mesh.grow(field);
    let modules = mesh.modules;
    let mut bits = BitMatrix::new(modules as u32, modules as u32).ok()?;
    for y in 0..modules {
        for x in 0..modules {
            let (at, frame) = mesh.at(x as f32 + 0.5, y as f32 + 0.5);
            if field.whole_module(at, frame) < 0 {
                bits.set(x as u32, y as u32);
            }
        }
    }
    let read = Decode(&bits).ok().filter(|r| r.isValid())?;
    let text = read.text();
    let n = modules as f32;
    let corner = |x: f32, y: f32| mesh.at(x, y).0.pair();
    let corners = [corner(0.0, 0.0), corner(n, 0.0), corner(n, n), corner(0.0, n)];
    (!text.is_empty()).then_some(Found { text, corners })
}

/// Nodes over the code, the outermost on the finder patterns' centres.
struct Mesh {
    modules: i32,
    cells: usize,
    step: f32,
    flat: FrameOf,
    nodes: Vec<V>,
}

impl Mesh {
    /// The top row and the left column, from finder pattern to finder pattern.
    fn begun(field: &Field, set: &FinderPatternSet, modules: i32) -> Mesh {
        let between = (modules - 7) as f32;
        let cells = (between / STEP).round().max(2.0) as usize;
        let (tl, tr, bl) = centres(set);
        let flat = ((tr - tl) * (1.0 / between), (bl - tl) * (1.0 / between));
        let nodes = vec![tl; (cells + 1) * (cells + 1)];
        let mut mesh = Mesh { modules, cells, step: between / cells as f32, flat, nodes };
        mesh.set(cells, 0, tr);
        mesh.set(0, cells, bl);
        for k in 1..cells {
            let ahead = |from: V, to: V| from + (to - from) * (1.0 / (cells - k + 1) as f32);
            let (top, side) = (ahead(mesh.get(k - 1, 0), tr), ahead(mesh.get(0, k - 1), bl));
            mesh.settle(field, (k, 0), flat, top);
            mesh.settle(field, (0, k), flat, side);
        }
        mesh
    }

    /// How well the timing lines, three modules inside, fit: 1 for a perfect code, about 0 for
    /// a wrong size or no code.
    fn timing(&self, field: &Field) -> f32 {
        let (mut fit, mut all) = (0, 1);
        for i in 8..self.modules - 8 {
            let want = if i % 2 == 0 { -1 } else { 1 };
            let k = (i as f32 - 3.0) / self.step;
            let (from, share) = ((k as usize).min(self.cells - 1), k.fract());
            let between = |a: V, b: V| a + (b - a) * share;
            let top = between(self.get(from, 0), self.get(from + 1, 0)) + self.flat.1 * 3.0;
            let side = between(self.get(0, from), self.get(0, from + 1)) + self.flat.0 * 3.0;
            for grey in [field.module(top), field.module(side)] {
                fit += want * grey;
                all += grey.abs();
            }
        }
        fit as f32 / all as f32
    }

    /// The rest, inwards from the top and the left.
    fn grow(&mut self, field: &Field) {
        for ring in 1..=self.cells {
            for k in ring..=self.cells {
                self.place(field, k, ring);
                if k != ring {
                    self.place(field, ring, k);
                }
            }
        }
        for _ in 0..RELAXATIONS {
            self.relax(field);
        }
    }

    /// A node from its neighbours above, left and between them.
    fn place(&mut self, field: &Field, i: usize, j: usize) {
        let (left, above, corner) = (self.get(i - 1, j), self.get(i, j - 1), self.get(i - 1, j - 1));
        let per = 1.0 / self.step;
        let frame = ((above - corner) * per, (left - corner) * per);
        self.settle(field, (i, j), frame, left + above - corner);
    }

    fn settle(&mut self, field: &Field, (i, j): (usize, usize), frame: FrameOf, predicted: V) {
        let at = (i as f32 * self.step + 3.5, j as f32 * self.step + 3.5);
        let (column, row) = (at.0 as i32, at.1 as i32);
        let node = Node { modules: self.modules, at, column, row, frame };
        self.set(i, j, field.settle(&node, predicted));
    }

    /// Places every node anew, from its neighbours on all sides; the three known stay.
    fn relax(&mut self, field: &Field) {
        for j in 0..=self.cells {
            for i in 0..=self.cells {
                if (i == 0 || i == self.cells) && j == 0 || i == 0 && j == self.cells {
                    continue;
                }
                let (_, frame) = self.at(i as f32 * self.step + 3.5, j as f32 * self.step + 3.5);
                let predicted = (self.get(i, j) + self.along(i, j, true) + self.along(i, j, false)) * (1.0 / 3.0);
                self.settle(field, (i, j), frame, predicted);
            }
        }
    }

    /// Where the neighbours in a row or column put a node.
    fn along(&self, i: usize, j: usize, row: bool) -> V {
        let k = if row { i } else { j };
        let get = |k: usize| if row { self.get(k, j) } else { self.get(i, k) };
        match k {
            0 => get(1) * 2.0 - get(2),
            k if k == self.cells => get(k - 1) * 2.0 - get(k - 2),
            k => (get(k - 1) + get(k + 1)) * 0.5,
        }
    }

    fn get(&self, i: usize, j: usize) -> V {
        self.nodes[j * (self.cells + 1) + i]
    }

    fn set(&mut self, i: usize, j: usize, at: V) {
        self.nodes[j * (self.cells + 1) + i] = at;
    }

    /// A point of the code in modules, and how a module lies there.
    fn at(&self, x: f32, y: f32) -> (V, FrameOf) {
        let (gx, gy) = ((x - 3.5) / self.step, (y - 3.5) / self.step);
        let last = (self.cells - 1) as f32;
        let (i, j) = (gx.floor().clamp(0.0, last) as usize, gy.floor().clamp(0.0, last) as usize);
        let (u, v) = (gx - i as f32, gy - j as f32);
        let (a, b) = (self.get(i, j), self.get(i + 1, j));
        let (c, d) = (self.get(i, j + 1), self.get(i + 1, j + 1));
        let across = (b - a) * (1.0 - v) + (d - c) * v;
        let down = (c - a) * (1.0 - u) + (d - b) * u;
        let per = 1.0 / self.step;
        (a * (1.0 - u) + b * u + (c - a) * v * (1.0 - u) + (d - b) * v * u, (across * per, down * per))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::picture;
    use super::super::threshold::bits_of;
    use super::*;
    use std::time::Duration;

    /// The picture with its columns pushed down in a wave, as by a fold.
    fn folded(flat: &Grey, depth: f32) -> Grey {
        let (w, h) = (flat.width as usize, flat.height as usize);
        let from = |i: usize| {
            let (x, y) = (i % w, i / w);
            let push = depth * (1.0 - (x as f32 / w as f32 * std::f32::consts::TAU).cos());
            flat.luma[(y as f32 - push).max(0.0) as usize * w + x]
        };
        Grey { luma: (0..w * h).map(from).collect(), ..*flat }
    }

    fn read_grey(grey: &Grey) -> Vec<Found> {
        let bits = bits_of(grey).expect("it has pixels");
        let until = Instant::now() + Duration::from_secs(60);
        read(grey, &bits, Look::AsIs, until).found
    }

    #[test]
    fn a_flat_code_is_read_with_its_corners() {
        let found = read_grey(&picture(240, 240, 8, &[(36, 36)]));
        assert_eq!(found[0].text, "TIDEGATE");
        for (corner, right) in found[0].corners.iter().zip([(36, 36), (204, 36), (204, 204), (36, 204)]) {
            let off = (corner.0 - right.0 as f32).hypot(corner.1 - right.1 as f32);
            assert!(off < 8.0, "{corner:?} instead of {right:?}");
        }
    }

    #[test]
    fn a_fold_of_more_than_a_module_is_followed() {
        let found = read_grey(&folded(&picture(240, 240, 8, &[(36, 36)]), 6.0));
        assert_eq!(found[0].text, "TIDEGATE");
    }

    #[test]
    fn nothing_is_read_where_nothing_is() {
        assert!(read_grey(&picture(240, 240, 8, &[])).is_empty());
    }
}
