//! What the eye keeps true, on pictures small enough to draw by hand.
//!
//! Reading rates are measured elsewhere, on drawn scenes and photographs; here only the
//! promises are checked: order, no doubles, no panic, no stall, and counts.

use super::cascade::Look;
use super::*;

/// A version 1 code at level L saying "TIDEGATE", as drawn by an independent writer.
const CODE: [&str; 21] = [
    "#######...#.#.#######",
    "#.....#.....#.#.....#",
    "#.###.#.#.#...#.###.#",
    "#.###.#.....#.#.###.#",
    "#.###.#..#.##.#.###.#",
    "#.....#..###..#.....#",
    "#######.#.#.#.#######",
    "........#.#..........",
    "###.#####.#.###...#..",
    ".##..#.##.##.#.#....#",
    "..#..###...#.###..#..",
    "..##...#.#####.######",
    "#.#...##..##.###....#",
    "........#.#...##..#..",
    "#######.##..#...#..##",
    "#.....#.##....##.###.",
    "#.###.#.##..#.#..#.##",
    "#.###.#....#.#..#..#.",
    "#.###.#.#..#.##.#...#",
    "#.....#.##.###...####",
    "#######.#.##.##.....#",
];

/// A light picture with the code at each place, modules of `px` pixels.
pub(crate) fn picture(width: u32, height: u32, px: u32, places: &[(u32, u32)]) -> Grey {
    let mut luma = vec![230_u8; (width * height) as usize];
    for &(left, top) in places {
        for (row, line) in (0_u32..).zip(CODE) {
            for (column, _) in (0_u32..).zip(line.chars()).filter(|(_, c)| *c == '#') {
                for i in 0..px * px {
                    let (x, y) = (left + column * px + i % px, top + row * px + i / px);
                    luma[(y * width + x) as usize] = 20;
                }
            }
        }
    }
    Grey { width, height, luma }
}

fn inverted(mut grey: Grey) -> Grey {
    grey.luma.iter_mut().for_each(|p| *p = 255 - *p);
    grey
}

/// Unhurried, so that no step is left out on a slow machine.
fn eye() -> Eye {
    Eye::new(EyeSettings { budget: Duration::from_secs(60), ..EyeSettings::default() })
}

fn texts(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|s| s.text.as_str()).collect()
}

#[test]
fn a_plain_code_is_read_by_the_half_size_look() {
    let seen = eye().read(&picture(320, 240, 6, &[(90, 60)]));
    assert_eq!(texts(&seen), ["TIDEGATE"]);
    assert_eq!(seen[0].step, "half");
    let (x, y) = seen[0].corners[0];
    assert!((x - 90.0).abs() < 4.0 && (y - 60.0).abs() < 4.0, "{:?}", seen[0].corners);
}

#[test]
fn a_small_code_is_read_at_full_size() {
    let seen = eye().read(&picture(320, 240, 2, &[(90, 60)]));
    assert_eq!(texts(&seen), ["TIDEGATE"]);
}

#[test]
fn a_dark_mode_code_is_read_inverted() {
    let seen = eye().read(&inverted(picture(320, 240, 6, &[(90, 60)])));
    assert_eq!(texts(&seen), ["TIDEGATE"]);
    assert!(seen[0].step.ends_with("inverted"));
}

#[test]
fn the_same_text_comes_once_and_is_the_one_nearest_to_the_centre() {
    let seen = eye().read(&picture(600, 240, 4, &[(20, 20), (250, 70)]));
    assert_eq!(texts(&seen), ["TIDEGATE"]);
    assert!((seen[0].corners[0].0 - 250.0).abs() < 4.0);
}

#[test]
fn corners_are_given_in_the_picture_that_came_however_large() {
    let seen = eye().read(&picture(2600, 1300, 20, &[(1000, 400)]));
    assert_eq!(texts(&seen), ["TIDEGATE"]);
    let (x, y) = seen[0].corners[2];
    assert!((x - 1420.0).abs() < 12.0 && (y - 820.0).abs() < 12.0, "{:?}", seen[0].corners);
}

#[test]
fn any_size_and_any_bytes_are_survived() {
    let mut eye = Eye::new(EyeSettings::default());
    for (w, h) in [(0, 0), (0, 9), (1, 1), (20, 20), (21, 21), (21, 2000), (3000, 22), (39, 41)] {
        for fill in [0_u32, 1, 97, 255] {
            let luma = (0..w * h).map(|i: u32| (i.wrapping_mul(fill) >> 2) as u8).collect();
            eye.read(&Grey { width: w, height: h, luma });
        }
    }
    assert_eq!(eye.counts().panics, 0);
}

#[test]
fn a_picture_whose_bytes_do_not_match_its_size_is_refused_and_counted() {
    let mut eye = eye();
    assert!(eye.read(&Grey { width: 640, height: 480, luma: vec![0; 7] }).is_empty());
    assert_eq!(eye.counts().broken, 1);
}

#[test]
fn without_time_every_step_is_skipped_and_counted() {
    let mut eye = Eye::new(EyeSettings { budget: Duration::ZERO, ..EyeSettings::default() });
    assert!(eye.read(&picture(320, 240, 6, &[(90, 60)])).is_empty());
    assert_eq!(eye.counts().skipped, CASCADE.len() as u64);
}

#[test]
fn an_empty_stream_rests_and_a_code_is_still_read_at_once() {
    let mut eye = eye();
    let empty = picture(320, 240, 6, &[]);
    for _ in 0..100 {
        eye.watch(&empty);
    }
    assert!(eye.counts().rested > 0);
    assert_eq!(texts(&eye.watch(&picture(320, 240, 6, &[(90, 60)]))), ["TIDEGATE"]);
}

#[test]
fn a_stream_reads_a_dark_mode_code_by_its_second_frame() {
    let (mut eye, dark) = (eye(), inverted(picture(320, 240, 6, &[(90, 60)])));
    let first = eye.watch(&dark);
    let second = eye.watch(&dark);
    assert!(texts(&first) == ["TIDEGATE"] || texts(&second) == ["TIDEGATE"]);
}

#[test]
fn voices_without_a_polarity_of_their_own_are_shown_pictures_as_they_are() {
    let deaf = |step: &&Step| matches!(step.voice, Voice::Quircs | Voice::Rqrr);
    assert!(CASCADE.iter().filter(deaf).all(|step| step.look == Look::AsIs));
}

#[test]
fn three_finder_patterns_are_of_a_code_that_lies_about_them_and_is_no_larger() {
    let square = |x: f32, y: f32, side: f32| [(x, y), (x + side, y), (x + side, y + side), (x, y + side)];
    let set = |x: f32, y: f32, apart: f32| [(x, y), (x + apart, y), (x, y + apart)];
    let check = |set, corners, expect| assert_eq!(is_of(&set, &corners), expect, "{set:?} {corners:?}");
    check(set(117.0, 117.0, 66.0), square(100.0, 100.0, 100.0), true);
    check(set(140.0, 140.0, 20.0), square(100.0, 100.0, 100.0), false); // a code within it
    check(set(317.0, 117.0, 66.0), square(100.0, 100.0, 100.0), false); // a code beside it
}

#[test]
fn a_second_code_that_half_the_size_does_not_show_is_read_too() {
    let both = picture(640, 480, 8, &[(40, 100)]);
    let small = picture(640, 480, 2, &[(500, 200)]);
    let luma = both.luma.iter().zip(&small.luma).map(|(a, b)| *a.min(b)).collect();
    // Both say the same, which `read` tells once.
    let until = Instant::now() + Duration::from_secs(60);
    let seen = eye().look(&mut lay_out(&Grey { luma, ..both }).0, until);
    let mut lefts: Vec<i32> = seen.iter().map(|one| (one.corners[0].0 / 20.0).round() as i32).collect();
    lefts.dedup();
    assert!(lefts.contains(&2) && lefts.contains(&25), "{seen:?}");
}

#[test]
fn a_step_that_was_once_slow_is_tried_again() {
    let mut eye = Eye::new(EyeSettings::default());
    let (last, usual) = (CASCADE.len() - 1, CASCADE[CASCADE.len() - 1].ns_per_px);
    eye.cost[last] = 1e6;
    let empty = picture(320, 240, 6, &[]);
    let mut frames = 0;
    while eye.cost[last] > 2.0 * usual.max(1.0) * eye.slowness() {
        eye.read(&empty);
        frames += 1;
        assert!(frames < 1_000, "it never comes back: {}", eye.cost[last]);
    }
}

#[test]
fn a_code_of_a_stream_is_looked_for_where_it_was_at_full_size_and_one_beside_it_is_seen_all_the_same() {
    let mut eye = eye();
    // One pixel a module is too small once the frame is made smaller, and read where it is known to be.
    let (near, far) = (picture(2560, 1440, 4, &[(1200, 700)]), picture(2560, 1440, 2, &[(1220, 720)]));
    assert_eq!(texts(&eye.watch(&near)), ["TIDEGATE"]);
    let again = eye.watch(&far);
    assert_eq!((texts(&again), again[0].step), (vec!["TIDEGATE"], SPOT));
    let (x, y) = again[0].corners[0];
    assert!((x - 1220.0).abs() < 3.0 && (y - 720.0).abs() < 3.0, "{:?}", again[0].corners);
    let moved = picture(2560, 1440, 4, &[(100, 100)]);
    assert_eq!(texts(&eye.watch(&moved)), ["TIDEGATE"], "it is not where it was");
    let steps: Vec<_> = (0..4).filter_map(|_| eye.watch(&moved).first().map(|seen| seen.step)).collect();
    assert_eq!(steps.iter().filter(|step| **step == SPOT).count(), 3, "{steps:?}");
}
