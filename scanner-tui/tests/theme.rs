//! Recomputes what the palette promises, from the theme itself.
//!
//! Contrast by WCAG 2, colour differences by CIEDE2000 after Machado, Oliveira and Fernandes
//! (2009) at full severity, in 24 bits and in 256 colours. The formulas are checked against
//! published pairs first, so that a wrong formula cannot bless a wrong palette.

use scanner_tui::theme::{PALETTE, Paint};

type Rgb = (u8, u8, u8);
type Matrix = [[f64; 3]; 3];

const LEAST_CONTRAST: f64 = 4.5;
const LEAST_DIFFERENCE: f64 = 20.0;

const EYES: [(&str, Matrix); 4] = [
    ("typical", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protan",
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    ),
    ("deutan", [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    (
        "tritan",
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ),
];

#[test]
fn every_ink_can_be_read_on_its_ground() {
    for paint in PALETTE {
        let depths =
            [("truecolor", paint.ground, paint.ink), ("256", cube(paint.ground_256), cube(paint.ink_256))];
        for (depth, ground, ink) in depths {
            let ratio = contrast(ground, ink);
            assert!(ratio >= LEAST_CONTRAST, "{:?} in {depth}: {ratio:.2}", paint.role);
        }
    }
}

#[test]
fn the_verdicts_stay_apart_for_every_kind_of_eye_in_truecolor() {
    stay_apart(|paint| paint.ground);
}

#[test]
fn the_verdicts_stay_apart_for_every_kind_of_eye_in_256_colours() {
    stay_apart(|paint| cube(paint.ground_256));
}

#[test]
fn the_console_inks_are_the_ones_whose_contrast_was_computed() {
    for paint in PALETTE {
        let ink = if paint.ink_slot == 0 { (0, 0, 0) } else { (255, 255, 255) };
        assert_eq!(paint.ink, ink, "{:?}", paint.role);
        assert!(matches!(paint.ink_slot, 0 | 15), "{:?}", paint.role);
    }
}

#[test]
fn the_difference_formula_gives_the_published_values() {
    let pairs = [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, -1.3802, -84.2814], [50.0, 0.0, -82.7485], 1.0000),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
        ([2.0776, 0.0795, -1.1350], [0.9033, -0.0636, -0.5514], 0.9082),
    ];
    for (a, b, expect) in pairs {
        let found = ciede2000(a, b);
        assert!((found - expect).abs() < 0.0001, "{found} instead of {expect}");
    }
}

#[test]
fn the_contrast_formula_gives_black_on_white_its_21() {
    assert!((contrast((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 1e-9);
}

fn stay_apart(ground: fn(&Paint) -> Rgb) {
    for (eye, matrix) in EYES {
        for (at, a) in PALETTE.iter().enumerate() {
            for b in &PALETTE[at + 1..] {
                let seen = [a, b].map(|paint| lab(seen_by(matrix, linear(ground(paint)))));
                let difference = ciede2000(seen[0], seen[1]);
                assert!(
                    difference >= LEAST_DIFFERENCE,
                    "{eye}: {:?} and {:?} only {difference:.1} apart",
                    a.role,
                    b.role
                );
            }
        }
    }
}

fn cube(index: u8) -> Rgb {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let at = usize::from(index.checked_sub(16).expect("only the cube is used"));
    (LEVELS[at / 36], LEVELS[at / 6 % 6], LEVELS[at % 6])
}

fn linear((r, g, b): Rgb) -> [f64; 3] {
    [r, g, b].map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
}

fn contrast(a: Rgb, b: Rgb) -> f64 {
    let light = |rgb| {
        let [r, g, b] = linear(rgb);
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
    };
    let (a, b) = (light(a), light(b));
    a.max(b) / a.min(b)
}

fn seen_by(matrix: Matrix, rgb: [f64; 3]) -> [f64; 3] {
    times(matrix, rgb).map(|channel| channel.clamp(0.0, 1.0))
}

fn times(matrix: Matrix, v: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// CIE L*a*b* under D65.
fn lab(rgb: [f64; 3]) -> [f64; 3] {
    const XYZ: Matrix =
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]];
    const WHITE: [f64; 3] = [0.95047, 1.0, 1.08883];
    let xyz = times(XYZ, rgb);
    let f = |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
    let [x, y, z] = [0, 1, 2].map(|at| f(xyz[at] / WHITE[at]));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Sharma, Wu and Dalal (2005), with all weights one.
fn ciede2000(one: [f64; 3], two: [f64; 3]) -> f64 {
    let chroma = |lab: [f64; 3]| lab[1].hypot(lab[2]);
    let mean_chroma = f64::midpoint(chroma(one), chroma(two));
    let g = 0.5 * (1.0 - seventh(mean_chroma));
    let adjusted = |[l, a, b]: [f64; 3]| {
        let a = a * (1.0 + g);
        let hue = if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) };
        (l, a.hypot(b), hue)
    };
    let ((l1, c1, h1), (l2, c2, h2)) = (adjusted(one), adjusted(two));
    let turn = hue_difference(c1 * c2, h1, h2);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let (l, c, h) = (f64::midpoint(l1, l2), f64::midpoint(c1, c2), hue_mean(c1 * c2, h1, h2));
    let cos = |times: f64, shift: f64| (times * h - shift).to_radians().cos();
    let t = 1.0 - 0.17 * cos(1.0, 30.0) + 0.24 * cos(2.0, 0.0) + 0.32 * cos(3.0, -6.0) - 0.20 * cos(4.0, 63.0);
    let sl = 1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt();
    let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let rotation = 30.0 * (-((h - 275.0) / 25.0).powi(2)).exp();
    let rt = -2.0 * seventh(c) * (2.0 * rotation).to_radians().sin();
    let (dl, dc, dh) = ((l2 - l1) / sl, (c2 - c1) / sc, dh / sh);
    (dl * dl + dc * dc + dh * dh + rt * dc * dh).sqrt()
}

fn seventh(chroma: f64) -> f64 {
    (chroma.powi(7) / (chroma.powi(7) + 25.0_f64.powi(7))).sqrt()
}

fn hue_difference(product: f64, h1: f64, h2: f64) -> f64 {
    let turn = h2 - h1;
    match turn {
        _ if product == 0.0 => 0.0,
        turn if turn > 180.0 => turn - 360.0,
        turn if turn < -180.0 => turn + 360.0,
        turn => turn,
    }
}

fn hue_mean(product: f64, h1: f64, h2: f64) -> f64 {
    let sum = h1 + h2;
    match (h1 - h2).abs() {
        _ if product == 0.0 => sum,
        apart if apart <= 180.0 => sum / 2.0,
        _ if sum < 360.0 => (sum + 360.0) / 2.0,
        _ => (sum - 360.0) / 2.0,
    }
}
