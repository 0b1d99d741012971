//! The first voice: rxing's QR reader, run symbol by symbol.
//!
//! Keeps true: the work in one picture is bounded (finder patterns, sets tried, time), all
//! codes found are returned with their corners, and only QR codes are looked for: micro and
//! rectangular codes would add nothing but false reads. rxing itself says that parts of it can
//! panic, so it is asked aside. It does not touch the pixels.

use std::time::Instant;

use rxing::Point;
use rxing::common::{BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{
    FindFinderPatterns, FinderPatternSet, GenerateFinderPatternSets, SampleQR,
};

/// Sets of three finder patterns tried in one picture. Real pictures that are read need fewer
/// than 20; a picture full of patterns offers hundreds of thousands.
const MAX_SETS: usize = 400;
/// Codes returned from one picture; a door frame shows one to four.
const MAX_CODES: usize = 16;

/// One code found, in the pixels of the picture it was found in.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it says.
    pub text: String,
    /// Its corners: top left, top right, bottom right, bottom left as the code stands.
    pub corners: [(f32, f32); 4],
}

/// What one pass over a picture gave.
#[derive(Debug, Default, PartialEq)]
pub struct Pass {
    /// The codes read.
    pub found: Vec<Found>,
    /// Centres of finder patterns that belong to none of them.
    pub unread: Vec<(f32, f32)>,
    /// Centres of three that lie as those of a code do, and were not read.
    pub sets: Vec<[(f32, f32); 3]>,
}

/// All QR codes in a black-and-white picture, as far as the limits allow.
pub fn read(bits: &BitMatrix, until: Instant) -> Pass {
    let mut patterns = FindFinderPatterns(bits, false, 0);
    let mut used: Vec<Point> = Vec::new();
    let mut found = Vec::new();
    let sets = GenerateFinderPatternSets(&mut patterns);
    for set in sets.iter().take(MAX_SETS) {
        if found.len() >= MAX_CODES || Instant::now() >= until {
            break;
        }
        let ends = [set.tl.p, set.tr.p, set.bl.p];
        if ends.iter().any(|p| used.contains(p)) {
            continue;
        }
        if let Some(code) = read_set(bits, set) {
            used.extend(ends);
            found.push(code);
        }
    }
    let outside = |p: &Point| !found.iter().any(|f: &Found| holds(&f.corners, (p.x, p.y)));
    let unread = patterns.iter().map(|p| p.p).filter(outside).map(|p| (p.x, p.y)).collect();
    let free = |set: &&FinderPatternSet| ![set.tl.p, set.tr.p, set.bl.p].iter().any(|p| used.contains(p));
    let like = sets.iter().take(MAX_SETS).filter(free).filter(|set| is_like_a_code(set)).take(MAX_CODES);
    let sets = like.map(|set| [set.tl.p, set.tr.p, set.bl.p].map(|p| (p.x, p.y))).collect();
    Pass { found, unread, sets }
}

/// Whether three finder patterns are of one size and lie at the corners of a square, seen at any angle at which
/// people hold a code.
fn is_like_a_code(set: &FinderPatternSet) -> bool {
    /// Legs, and patterns, that differ more are of different codes.
    const UNLIKE: f32 = 1.4;
    /// Cosine of the furthest from a right angle.
    const SKEW: f32 = 0.35;
    let (across, down) = ((set.tr.p - set.tl.p), (set.bl.p - set.tl.p));
    let (width, height) = (across.x.hypot(across.y), down.x.hypot(down.y));
    let sizes = [set.tl.size, set.tr.size, set.bl.size].map(|size| size as f32);
    let (least, most) = sizes.iter().fold((f32::MAX, 0.0_f32), |(a, b), &size| (a.min(size), b.max(size)));
    let module = sizes.iter().sum::<f32>() / 21.0;
    let between = (width + height) / 2.0 / module.max(0.5);
    let skew = (across.x * down.x + across.y * down.y).abs() / (width * height).max(1.0);
    let alike = width.max(height) <= UNLIKE * width.min(height) && most <= UNLIKE * least;
    alike && skew < SKEW && (12.0..=175.0).contains(&between)
}

fn read_set(bits: &BitMatrix, set: &FinderPatternSet) -> Option<Found> {
    let sampled = SampleQR(bits, set).ok()?;
    let modules = sampled.getBits().width();
    let read = Decode(sampled.getBits()).ok().filter(|r| r.isValid())?;
    let text = read.text();
    (!text.is_empty()).then(|| Found { text, corners: corners_of(set, modules) })
}

/// The code's corners from its finder patterns' centres, which lie 3.5 modules inside; the fourth
/// as in a parallelogram, near enough for ordering and masking.
fn corners_of(set: &FinderPatternSet, modules: u32) -> [(f32, f32); 4] {
    let between = (modules as f32 - 7.0).max(1.0);
    let (tl, tr, bl) = (set.tl.p, set.tr.p, set.bl.p);
    let across = ((tr.x - tl.x) / between, (tr.y - tl.y) / between);
    let down = ((bl.x - tl.x) / between, (bl.y - tl.y) / between);
    let at = |u: f32, v: f32| (tl.x + across.0 * u + down.0 * v, tl.y + across.1 * u + down.1 * v);
    let (near, far) = (-3.5, between + 3.5);
    [at(near, near), at(far, near), at(far, far), at(near, far)]
}

/// Whether a point lies inside a four-cornered shape with corners in turn.
pub fn holds(corners: &[(f32, f32); 4], at: (f32, f32)) -> bool {
    let side = |i: usize| {
        let (a, b) = (corners[i], corners[(i + 1) % 4]);
        (b.0 - a.0) * (at.1 - a.1) - (b.1 - a.1) * (at.0 - a.0)
    };
    let sides = [side(0), side(1), side(2), side(3)];
    sides.iter().all(|&s| s >= 0.0) || sides.iter().all(|&s| s <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_inside_whichever_way_the_corners_run() {
        let square = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)];
        let mut other = square;
        other.reverse();
        assert!(holds(&square, (1.0, 3.0)) && holds(&other, (1.0, 3.0)));
        assert!(!holds(&square, (5.0, 3.0)) && !holds(&other, (-1.0, 3.0)));
    }
}
