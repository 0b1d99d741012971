//! What a camera's picture is like as a picture: how light, how sharp, whether it is new.
//!
//! Keeps true: a few milliseconds on any frame, since it samples; no state but the picture before.

use super::health::Doubt;
use crate::eye::Grey;

/// One pixel in so many is looked at for light: some fourteen thousand of a usual frame.
const LIGHT_STEP: usize = 61;
/// At most so bright is black: cameras give 16 for it as a rule, and noise on top.
const BLACK: u8 = 32;
/// A picture is black where at most one pixel in so many is brighter: a lit screen fills more.
const BRIGHT_ONE_IN: usize = 200;

/// What was seen of a camera so far.
#[derive(Debug, Default)]
pub struct Sight {
    last: Option<u64>,
}

impl Sight {
    /// What is wrong with the next picture, if anything.
    pub fn judge(&mut self, grey: &Grey) -> Option<Doubt> {
        let print = fingerprint(&grey.luma);
        let same = self.last.replace(print) == Some(print);
        if is_black(grey) { Some(Doubt::Black) } else { same.then_some(Doubt::Frozen) }
    }
}

/// Whether hardly a pixel is brighter than black.
fn is_black(grey: &Grey) -> bool {
    let sampled = grey.luma.len().div_ceil(LIGHT_STEP);
    let bright = grey.luma.iter().step_by(LIGHT_STEP).filter(|&&p| p > BLACK).count();
    bright * BRIGHT_ONE_IN <= sampled
}

/// A number that is another one for another picture, but for one chance in 2^64: words folded by a multiplication, as
/// in FNV-1a, which is quicker here than a hash made for tables.
fn fingerprint(luma: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let (words, rest) = luma.as_chunks::<8>();
    let fold = |print: u64, word: u64| (print ^ word).wrapping_mul(PRIME).rotate_left(29);
    let print = words.iter().fold(luma.len() as u64, |print, word| fold(print, u64::from_le_bytes(*word)));
    rest.iter().fold(print, |print, &byte| fold(print, byte.into()))
}

/// Mean brightness of a picture, 0 to 255.
pub fn light(grey: &Grey) -> u8 {
    let pixels = || grey.luma.iter().step_by(LIGHT_STEP);
    let sum: u64 = pixels().map(|&p| u64::from(p)).sum();
    (sum / (pixels().count() as u64).max(1)) as u8
}

/// How sharp a picture is: the mean difference of neighbours in a row where they differ most, the hundredth part of
/// all. A sharp code has 60 and more, one that is out of focus 20 and less.
pub fn sharpness(grey: &Grey) -> u8 {
    let mut counts = [0_u32; 256];
    let mut total = 0;
    for row in grey.luma.chunks_exact((grey.width as usize).max(1)).step_by(4) {
        for pair in row.windows(2) {
            counts[usize::from(pair[0].abs_diff(pair[1]))] += 1;
            total += 1;
        }
    }
    let wanted = (total / 100).max(1);
    let (mut taken, mut sum) = (0, 0);
    for (difference, &count) in counts.iter().enumerate().rev() {
        let more = count.min(wanted - taken);
        taken += more;
        sum += more * difference as u32;
        if taken == wanted {
            break;
        }
    }
    (sum / wanted) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eye::tests::picture;

    fn flat(level: u8) -> Grey {
        Grey { width: 320, height: 180, luma: vec![level; 320 * 180] }
    }

    fn noisy(level: u8, seed: u32) -> Grey {
        let noise = |i: u32| ((i.wrapping_mul(2_654_435_761) ^ seed.wrapping_mul(40_503)) >> 13) as u8 % 9;
        Grey { luma: (0..320 * 180).map(|i| level + noise(i)).collect(), ..flat(0) }
    }

    #[test]
    fn a_picture_is_doubted_where_it_is_black_or_the_one_before() {
        let check = |pictures: [Grey; 2], expect: Option<Doubt>| {
            let mut sight = Sight::default();
            sight.judge(&pictures[0]);
            assert_eq!(sight.judge(&pictures[1]), expect);
        };
        check([noisy(100, 1), noisy(100, 2)], None);
        check([flat(100), flat(101)], None);
        check([noisy(100, 1), noisy(100, 1)], Some(Doubt::Frozen));
        check([noisy(16, 1), noisy(16, 2)], Some(Doubt::Black));
        check([flat(0), flat(0)], Some(Doubt::Black));
        let mut phone = noisy(16, 3);
        (60..100).for_each(|y| phone.luma[y * 320 + 100..y * 320 + 130].fill(200));
        check([noisy(16, 1), phone], None);
    }

    #[test]
    fn one_pixel_makes_another_picture() {
        let picture = noisy(90, 1);
        for at in (0..picture.luma.len()).step_by(997) {
            let mut other = picture.clone();
            other.luma[at] ^= 1;
            assert_ne!(fingerprint(&other.luma), fingerprint(&picture.luma), "{at}");
        }
        assert_ne!(fingerprint(&[0; 16]), fingerprint(&[0; 17]));
    }

    #[test]
    fn a_code_is_sharp_until_it_is_blurred() {
        let sharp = picture(320, 180, 4, &[(100, 40)]);
        let mut blurred = sharp.clone();
        for _ in 0..6 {
            blurred.luma = blurred
                .luma
                .windows(5)
                .map(|w| (w.iter().map(|&p| u32::from(p)).sum::<u32>() / 5) as u8)
                .collect();
            blurred.luma.resize(320 * 180, 255);
        }
        assert!(sharpness(&sharp) > 60, "{}", sharpness(&sharp));
        assert!(sharpness(&blurred) < 30, "{}", sharpness(&blurred));
        assert_eq!((light(&flat(77)), sharpness(&flat(77))), (77, 0));
    }

    #[test]
    fn a_picture_without_pixels_is_no_trouble() {
        let none = Grey { width: 0, height: 0, luma: Vec::new() };
        assert_eq!((light(&none), sharpness(&none)), (0, 0));
        assert_eq!(Sight::default().judge(&none), Some(Doubt::Black));
    }
}
