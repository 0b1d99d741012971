//! Target `eye`: small pictures, as codes that are drawn from the input and as plain pixels.
//!
//! Claims: no decoder's panic gets out; what is read has a text, corners that are numbers, and is named
//! once; the same eye goes on after any picture. rqrr is left out: it is known to run without end, which the
//! eye is built for and a run of millions is not.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::Mutex;
use std::time::Duration;
use tidegate_fuzz::eye::{Eye, EyeSettings, Grey, LateVoice};
use tidegate_fuzz::shape::Input;

/// Modules each way that an input draws at most: a code of version 5, as tickets are.
const MAX_MODULES: usize = 37;
/// Modules of quiet zone.
const QUIET: usize = 3;

/// One eye for all pictures, as at a lane; each is a picture that comes alone, or a frame of a stream.
static EYE: Mutex<Option<Eye>> = Mutex::new(None);

fuzz_target!(init: tidegate_fuzz::allow_caught_panics(), |bytes: &[u8]| {
    let mut input = Input(bytes);
    let grey = if input.byte() % 4 == 0 { pixels(input) } else { drawn(input) };
    let Some(grey) = grey else { return };
    let Ok(mut eye) = EYE.lock() else { return };
    let settings = EyeSettings { budget: Duration::from_secs(5), late_voice: LateVoice::Off };
    let eye = eye.get_or_insert_with(|| Eye::new(settings));
    let late = eye.counts().late;
    let seen = if bytes.len().is_multiple_of(2) { eye.read(&grey) } else { eye.watch(&grey) };
    for (place, one) in seen.iter().enumerate() {
        assert!(!one.text.is_empty() && one.corners.iter().all(|c| c.0.is_finite() && c.1.is_finite()), "{one:?}");
        assert!(seen[..place].iter().all(|other| other.text != one.text), "{one:?} twice");
    }
    assert_eq!(eye.counts().late, late, "a voice took more than five seconds");
});

/// Bytes as they are, of a given width.
fn pixels(mut input: Input<'_>) -> Option<Grey> {
    let width = usize::from(input.byte() % 64) + 1;
    let height = (input.0.len() / width).min(64);
    Grey::new(width as u32, height as u32, input.0[..width * height].to_vec())
}

/// Each bit a module, two to four pixels wide, in two shades.
fn drawn(mut input: Input<'_>) -> Option<Grey> {
    let (how, shades) = (input.byte(), input.take::<2>());
    let modules = (21 + usize::from(how >> 4) * 4).min(MAX_MODULES);
    let (px, side) = (2 + usize::from(how % 3), modules + 2 * QUIET);
    let dark = |x: usize, y: usize| {
        let (x, y) = ((x / px).checked_sub(QUIET)?, (y / px).checked_sub(QUIET)?);
        let bit = (x < modules && y < modules).then_some(y * modules + x)?;
        Some(input.0.get(bit / 8)? >> (7 - bit % 8) & 1 != 0)
    };
    let side = side * px;
    let shade = |i: usize| shades[usize::from(dark(i % side, i / side).unwrap_or(false))];
    Grey::new(side as u32, side as u32, (0..side * side).map(shade).collect())
}
