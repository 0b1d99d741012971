//! Black and white by local thresholds, as ZXing's hybrid binarizer has them, eight pixels at a time.
//!
//! Keeps true: bit for bit what rxing's own makes of the same picture (a test holds them together), in a fraction of
//! its time, which was most of what an empty frame cost: rows are summed up as a whole, and pixels are compared in
//! words. Method: D. Switkin's HybridBinarizer of ZXing. Small pictures are left to rxing.

use rxing::common::{BitArray, BitMatrix, HybridBinarizer};
use rxing::{Binarizer, Luma8Source};

use super::grey::Grey;

/// Side of a block that has one threshold of its own.
const SIDE: usize = 8;
/// Smaller pictures have too few blocks about each other.
const LEAST: usize = 5 * SIDE;
/// Blocks to each side whose means make the threshold of the one in the middle.
const AROUND: usize = 2;
/// A block whose pixels differ no more is all of one colour: light, unless its neighbours say otherwise.
const FLAT: u8 = 24;

/// Black and white of a picture; `None` for one without pixels.
pub fn bits_of(grey: &Grey) -> Option<BitMatrix> {
    let (width, height) = (grey.width as usize, grey.height as usize);
    if width < LEAST || height < LEAST || !grey.is_whole() {
        let source = Luma8Source::new_with_slice(&grey.luma, grey.width, grey.height).ok()?;
        return HybridBinarizer::new(source).get_black_matrix().ok().cloned();
    }
    let points = Points::of(grey, width, height);
    let mut matrix = BitMatrix::new(grey.width, grey.height).ok()?;
    let mut row = Row { bytes: vec![0; width.next_multiple_of(usize::BITS as usize) / 8], lines: Vec::new() };
    for y in 0..points.down {
        let thresholds = points.thresholds(y);
        let top = (y * SIDE).min(height - SIDE);
        for line in 0..SIDE {
            let pixels = &grey.luma[(top + line) * width..][..width];
            row.compare(pixels, &thresholds);
            // Where the last blocks overlap those before, black by either is black.
            let before = (y > 0 && top + line < y * SIDE).then(|| matrix.getRow((top + line) as u32));
            matrix.setRow((top + line) as u32, &row.bits(width, before.as_ref()));
        }
    }
    Some(matrix)
}

/// The middle between black and white of each block.
struct Points {
    across: usize,
    down: usize,
    of: Vec<u8>,
}

impl Points {
    fn of(grey: &Grey, width: usize, height: usize) -> Points {
        let (across, down) = (width.div_ceil(SIDE), height.div_ceil(SIDE));
        let mut points = Points { across, down, of: vec![0; across * down] };
        let (mut least, mut most, mut sum) = (vec![0_u8; width], vec![0_u8; width], vec![0_u16; width]);
        for y in 0..down {
            let top = (y * SIDE).min(height - SIDE);
            least.fill(u8::MAX);
            most.fill(0);
            sum.fill(0);
            for pixels in grey.luma[top * width..(top + SIDE) * width].chunks_exact(width) {
                for (((&p, least), most), sum) in pixels.iter().zip(&mut least).zip(&mut most).zip(&mut sum) {
                    *least = p.min(*least);
                    *most = p.max(*most);
                    *sum += u16::from(p);
                }
            }
            for x in 0..across {
                let left = (x * SIDE).min(width - SIDE);
                let columns = left..left + SIDE;
                let least = least[columns.clone()].iter().fold(u8::MAX, |a, &b| a.min(b));
                let most = most[columns.clone()].iter().fold(0, |a: u8, &b| a.max(b));
                let sum: u32 = sum[columns].iter().map(|&s| u32::from(s)).sum();
                points.of[y * across + x] = points.point(x, y, least, most, sum);
            }
        }
        points
    }

    fn point(&self, x: usize, y: usize, least: u8, most: u8, sum: u32) -> u8 {
        if most - least > FLAT {
            return (sum / (SIDE * SIDE) as u32) as u8;
        }
        if x == 0 || y == 0 {
            return least / 2;
        }
        let at = |x: usize, y: usize| u32::from(self.of[y * self.across + x]);
        let neighbours = ((at(x, y - 1) + 2 * at(x - 1, y) + at(x - 1, y - 1)) / 4) as u8;
        if least < neighbours { neighbours } else { least / 2 }
    }

    /// The thresholds of a row of blocks: the means of five by five about each, moved inwards at the edges.
    fn thresholds(&self, y: usize) -> Vec<u8> {
        let inwards = |at: usize, of: usize| at.clamp(AROUND, of - AROUND - 1);
        let middle = inwards(y, self.down);
        let rows = (middle - AROUND..=middle + AROUND).map(|y| &self.of[y * self.across..(y + 1) * self.across]);
        let mut columns = vec![0_u16; self.across];
        rows.for_each(|row| columns.iter_mut().zip(row).for_each(|(sum, &point)| *sum += u16::from(point)));
        let square = (2 * AROUND + 1).pow(2) as u16;
        let mean = |x: usize| {
            let middle = inwards(x, self.across);
            (columns[middle - AROUND..=middle + AROUND].iter().sum::<u16>() / square) as u8
        };
        (0..self.across).map(mean).collect()
    }
}

/// One line of pixels as bits, in buffers that are used again.
struct Row {
    bytes: Vec<u8>,
    lines: Vec<usize>,
}

impl Row {
    /// Which pixels are no lighter than the threshold of their block.
    fn compare(&mut self, pixels: &[u8], thresholds: &[u8]) {
        self.bytes.fill(0);
        let (blocks, rest) = pixels.as_chunks::<SIDE>();
        for ((byte, block), &threshold) in self.bytes.iter_mut().zip(blocks).zip(thresholds) {
            *byte = no_lighter(*block, threshold);
        }
        if let (false, Some(&threshold)) = (rest.is_empty(), thresholds.last()) {
            // The last block is a whole one that ends with the line, over part of the one before.
            let left = pixels.len() - SIDE;
            for (x, &pixel) in pixels.iter().enumerate().skip(left) {
                self.bytes[x / 8] |= u8::from(pixel <= threshold) << (x % 8);
            }
        }
    }

    fn bits(&mut self, width: usize, before: Option<&BitArray>) -> BitArray {
        self.lines.clear();
        self.lines
            .extend(self.bytes.as_chunks::<{ size_of::<usize>() }>().0.iter().map(|b| usize::from_le_bytes(*b)));
        if let Some(before) = before {
            self.lines.iter_mut().zip(before.getBitArray()).for_each(|(line, before)| *line |= before);
        }
        let mut bits = BitArray::with_size(width);
        self.lines.iter().enumerate().for_each(|(i, &line)| bits.setBulk(i * usize::BITS as usize, line));
        bits
    }
}

/// One bit for each of eight pixels, the first lowest: whether it is no lighter. Bytes are compared within a word, by
/// the borrow out of their highest bits (H. S. Warren, Hacker's Delight, 2-18).
fn no_lighter(pixels: [u8; SIDE], threshold: u8) -> u8 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const EACH: u64 = 0x0101_0101_0101_0101;
    /// Moves the highest bit of each byte to its own place in the topmost.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (x, y) = (u64::from_le_bytes(pixels), u64::from(threshold) * EACH);
    let difference = ((y | HIGH) - (x & !HIGH)) ^ ((y ^ !x) & HIGH);
    let no_lighter = (!x | y) & ((x ^ y) | !difference);
    (((no_lighter & HIGH) >> 7).wrapping_mul(GATHER) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eye::tests::picture;

    fn theirs(grey: &Grey) -> BitMatrix {
        let source = Luma8Source::new_with_slice(&grey.luma, grey.width, grey.height).expect("a picture");
        HybridBinarizer::new(source).get_black_matrix().expect("black and white").clone()
    }

    #[test]
    fn eight_pixels_are_compared_as_one_by_one() {
        for threshold in 0..=255 {
            for first in (0..=255_u8).step_by(3) {
                let pixels = std::array::from_fn(|i| first.wrapping_mul(i as u8 + 1).wrapping_add(31 * i as u8));
                let one_by_one = (0..8).fold(0, |bits, i| bits | (u8::from(pixels[i] <= threshold) << i));
                assert_eq!(no_lighter(pixels, threshold), one_by_one, "{pixels:?} at {threshold}");
            }
        }
    }

    #[test]
    fn black_and_white_is_rxings_to_the_bit_in_every_size() {
        let mut seed = 1_u32;
        let mut dice = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 16
        };
        for (width, height) in
            [(40, 40), (41, 47), (64, 48), (100, 63), (127, 129), (320, 180), (333, 77), (640, 45)]
        {
            let code = picture(width, height, 1, &[(9, 11)]);
            let mut shaded = code.clone();
            for (i, p) in shaded.luma.iter_mut().enumerate() {
                let shade = (i as u32 % width) * 200 / width;
                *p = p.saturating_sub(shade as u8).saturating_add((dice() % 20) as u8);
            }
            let noise = Grey { luma: code.luma.iter().map(|_| dice() as u8).collect(), ..code };
            for (name, grey) in [("code", &code), ("shaded", &shaded), ("noise", &noise)] {
                assert!(bits_of(grey) == Some(theirs(grey)), "{name} of {width}x{height}");
            }
        }
    }

    #[test]
    fn small_pictures_are_rxings_too_and_none_without_pixels_has_bits() {
        let small = picture(30, 60, 1, &[(4, 4)]);
        assert!(bits_of(&small) == Some(theirs(&small)));
        assert!(bits_of(&Grey { width: 0, height: 0, luma: Vec::new() }).is_none());
    }
}
