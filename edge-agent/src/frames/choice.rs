//! Which of several codes before a camera is meant.
//!
//! Keeps true: the code nearest to the middle is, unless another ticket is as much in the middle as it; then nothing is
//! chosen by chance. While the code that was there stays, it is meant. Time enters as an argument.

use super::same::Same;
use crate::eye::Seen;
use std::time::Instant;

/// A code further from the middle, as a share of the frame's longer side, is beside it.
const CENTRAL: f32 = 0.3;
/// A code so much nearer than another, as the same share, is the one that is held up.
const NEARER: f32 = 0.1;

/// How many new tickets are as much in the middle as each other, of codes that come nearest first. More than one are a
/// question.
pub fn several(
    seen: &[Seen],
    size: (u32, u32),
    same: &Same,
    is_ticket: impl Fn(&str) -> bool,
    now: Instant,
) -> usize {
    let central = &seen[..rivals(seen, size)];
    match central {
        [] | [_] => 0,
        [first, ..] if same.holds(&first.text, now) => 0,
        _ => central.iter().filter(|one| !same.holds(&one.text, now) && is_ticket(&one.text)).count(),
    }
}

/// How many of the codes, which come nearest first, are as much in the middle as the first; one where it is alone.
fn rivals(seen: &[Seen], size: (u32, u32)) -> usize {
    let long = size.0.max(size.1).max(1) as f32;
    let off = |one: &Seen| {
        let mean = |side: fn(&(f32, f32)) -> f32| one.corners.iter().map(side).sum::<f32>() / 4.0;
        let (x, y) = (mean(|c| c.0) - size.0 as f32 / 2.0, mean(|c| c.1) - size.1 as f32 / 2.0);
        x.hypot(y) / long
    };
    let Some(first) = seen.first().map(off) else { return 0 };
    let as_central = |one: &&Seen| off(one) <= CENTRAL && off(one) - first <= NEARER;
    1 + seen[1..].iter().take_while(as_central).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_meant_unless_another_is_as_central() {
        let check = |middles: &[(f32, f32)], expect| {
            let square = |&(x, y): &(f32, f32)| {
                [(x - 50.0, y - 50.0), (x + 50.0, y - 50.0), (x + 50.0, y + 50.0), (x - 50.0, y + 50.0)]
            };
            let seen = |middle| Seen { text: String::new(), corners: square(middle), step: "half" };
            let seen: Vec<Seen> = middles.iter().map(seen).collect();
            assert_eq!(rivals(&seen, (1280, 720)), expect, "{middles:?}");
        };
        check(&[], 0);
        check(&[(640.0, 360.0)], 1);
        check(&[(100.0, 100.0)], 1);
        check(&[(560.0, 360.0), (725.0, 360.0)], 2);
        check(&[(640.0, 360.0), (740.0, 360.0)], 2);
        check(&[(640.0, 360.0), (840.0, 360.0)], 1);
        check(&[(640.0, 300.0), (640.0, 430.0), (540.0, 360.0), (1200.0, 360.0)], 3);
        check(&[(100.0, 100.0), (1180.0, 620.0)], 1);
    }
}
