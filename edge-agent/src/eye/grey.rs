//! Grey pictures and what the eye does to them before it reads.
//!
//! Keeps true: every operation is pure, bounded by the number of pixels, and safe on any
//! size including empty. It does not know any decoder, and it never allocates more than a few
//! copies of the picture it was given.

/// A grey picture, row by row, one byte a pixel (0 black, 255 white).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grey {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height` bytes.
    pub luma: Vec<u8>,
}

impl Grey {
    /// A picture from its bytes; `None` when their number is not `width * height`.
    pub fn new(width: u32, height: u32, luma: Vec<u8>) -> Option<Grey> {
        let grey = Grey { width, height, luma };
        grey.is_whole().then_some(grey)
    }

    /// Whether the bytes are exactly as many as the size says.
    pub fn is_whole(&self) -> bool {
        u64::from(self.width) * u64::from(self.height) == self.luma.len() as u64
    }

    /// The longer side in pixels.
    pub fn long_side(&self) -> u32 {
        self.width.max(self.height)
    }

    fn row(&self, y: usize) -> &[u8] {
        let w = self.width as usize;
        &self.luma[y * w..(y + 1) * w]
    }
}

/// A part of the picture, from (left, top) to just before (right, bottom) or its edge; `None` when
/// nothing is left.
pub fn crop(grey: &Grey, left: u32, top: u32, right: u32, bottom: u32) -> Option<Grey> {
    let (right, bottom) = (right.min(grey.width), bottom.min(grey.height));
    if left >= right || top >= bottom {
        return None;
    }
    let columns = left as usize..right as usize;
    let rows = (top..bottom).flat_map(|y| &grey.row(y as usize)[columns.clone()]);
    Some(Grey { width: right - left, height: bottom - top, luma: rows.copied().collect() })
}

/// Half the size, each pixel the mean of four. An odd last row or column is left out.
pub fn half(grey: &Grey) -> Grey {
    let (w, h) = (grey.width as usize / 2, grey.height as usize / 2);
    let mut luma = Vec::with_capacity(w * h);
    for y in 0..h {
        let (a, b) = (grey.row(2 * y), grey.row(2 * y + 1));
        let pairs = a.chunks_exact(2).zip(b.chunks_exact(2)).take(w);
        luma.extend(pairs.map(|(p, q)| {
            ((u16::from(p[0]) + u16::from(p[1]) + u16::from(q[0]) + u16::from(q[1]) + 2) / 4) as u8
        }));
    }
    Grey { width: w as u32, height: h as u32, luma }
}

/// Any smaller size, each pixel the mean of the area it covers (bounds rounded to pixels).
pub fn shrink(grey: &Grey, width: u32, height: u32) -> Grey {
    let (w, h) = (width.clamp(1, grey.width.max(1)), height.clamp(1, grey.height.max(1)));
    let columns: Vec<(usize, usize)> = (0..w).map(|x| span(x, w, grey.width)).collect();
    let mut luma = Vec::with_capacity(w as usize * h as usize);
    let mut sums = vec![0_u32; grey.width as usize];
    for y in 0..h {
        let (top, bottom) = span(y, h, grey.height);
        sums.fill(0);
        for row in top..bottom {
            sums.iter_mut().zip(grey.row(row)).for_each(|(s, &p)| *s += u32::from(p));
        }
        luma.extend(columns.iter().map(|&(left, right)| {
            let area = ((right - left) * (bottom - top)) as u32;
            (sums[left..right].iter().sum::<u32>() / area) as u8
        }));
    }
    Grey { width: w, height: h, luma }
}

/// The source pixels `[from, to)` that cell `i` of `cells` covers; never empty.
fn span(i: u32, cells: u32, pixels: u32) -> (usize, usize) {
    let at = |i: u32| (u64::from(i) * u64::from(pixels) / u64::from(cells)) as usize;
    (at(i), at(i + 1).max(at(i) + 1))
}

/// Twice the size, interpolated between the nearest pixels.
pub fn double(grey: &Grey) -> Grey {
    let (w, h) = (grey.width as usize, grey.height as usize);
    let mut luma = Vec::with_capacity(w * h * 4);
    for y in 0..2 * h {
        let near = y / 2;
        let far = if y % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(h - 1) };
        let (a, b) = (grey.row(near), grey.row(far));
        for x in 0..2 * w {
            let n = x / 2;
            let f = if x % 2 == 0 { n.saturating_sub(1) } else { (n + 1).min(w - 1) };
            let sum = 9 * u32::from(a[n]) + 3 * u32::from(a[f]) + 3 * u32::from(b[n]) + u32::from(b[f]);
            luma.push(((sum + 8) / 16) as u8);
        }
    }
    Grey { width: 2 * grey.width, height: 2 * grey.height, luma }
}

/// The mean over a square of `2 * radius + 1` pixels about each pixel (edges repeat inwards).
pub fn box_mean(grey: &Grey, radius: usize) -> Grey {
    let (w, h) = (grey.width as usize, grey.height as usize);
    if w == 0 || h == 0 {
        return grey.clone();
    }
    let mut columns = vec![0_u32; w];
    for y in 0..=radius.min(h - 1) {
        add(&mut columns, grey.row(y));
    }
    let mut luma = Vec::with_capacity(w * h);
    for y in 0..h {
        let rows = (y + radius).min(h - 1) + 1 - y.saturating_sub(radius);
        mean_row(&columns, rows as u32, radius, &mut luma);
        if y + radius + 1 < h {
            add(&mut columns, grey.row(y + radius + 1));
        }
        if y >= radius {
            columns.iter_mut().zip(grey.row(y - radius)).for_each(|(s, &p)| *s -= u32::from(p));
        }
    }
    Grey { luma, ..*grey }
}

fn add(sums: &mut [u32], row: &[u8]) {
    sums.iter_mut().zip(row).for_each(|(s, &p)| *s += u32::from(p));
}

/// One row of means. Inside, each differs from the one before by the column that comes and the
/// column that goes; at the ends, squares are cut off.
fn mean_row(columns: &[u32], rows: u32, radius: usize, out: &mut Vec<u8>) {
    let w = columns.len();
    // Division by multiplication, three times as fast; exact for squares up to 255 pixels wide.
    let share = |n: usize| (1_u64 << 40).div_ceil(u64::from(rows) * n as u64);
    let mean = |sum: u32, share: u64| ((u64::from(sum) * share) >> 40) as u8;
    let cut = |x: usize| {
        let near = &columns[x.saturating_sub(radius)..(x + radius + 1).min(w)];
        mean(near.iter().sum(), share(near.len()))
    };
    let whole = 2 * radius + 1;
    if w <= whole {
        out.extend((0..w).map(cut));
        return;
    }
    out.extend((0..radius).map(cut));
    let inner = share(whole);
    let mut sum: u32 = columns[..whole].iter().sum();
    out.push(mean(sum, inner));
    out.extend(columns[whole..].iter().zip(columns).map(|(comes, goes)| {
        sum = sum + comes - goes;
        mean(sum, inner)
    }));
    out.extend((w - radius..w).map(cut));
}

/// Edges made steeper: the picture plus `strength` quarters of its difference to a soft blur
/// (two box means of `radius`, close to a Gaussian).
pub fn unsharp(grey: &Grey, radius: usize, strength: i32) -> Grey {
    let soft = box_mean(&box_mean(grey, radius), radius);
    let pairs = grey.luma.iter().zip(&soft.luma);
    let luma = pairs.map(|(&p, &s)| {
        let (p, s) = (i32::from(p), i32::from(s));
        (p + (p - s) * strength / 4).clamp(0, 255) as u8
    });
    Grey { luma: luma.collect(), ..*grey }
}

/// Local contrast made even: each pixel's distance from the mean about it, in units of the mean
/// distance about it. Brings out codes in shade, glare and dim light.
pub fn levelled(grey: &Grey, radius: usize) -> Grey {
    let mean = box_mean(grey, radius);
    let pairs = grey.luma.iter().zip(&mean.luma);
    let away = Grey { luma: pairs.map(|(&p, &m)| p.abs_diff(m)).collect(), ..*grey };
    let spread = box_mean(&away, radius);
    let cells = grey.luma.iter().zip(&mean.luma).zip(&spread.luma);
    let luma = cells.map(|((&p, &m), &d)| {
        let steps = (f32::from(p) - f32::from(m)) * LEVEL_GAIN / f32::from(d).max(LEVEL_FLOOR);
        (128.0 + steps) as u8
    });
    Grey { luma: luma.collect(), ..*grey }
}

/// How far from middle grey a pixel at the mean distance comes to lie.
const LEVEL_GAIN: f32 = 60.0;
/// Mean distances below this are noise on an empty area and are not blown up further.
const LEVEL_FLOOR: f32 = 6.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: u32, height: u32) -> Grey {
        let luma = (0..width * height).map(|i| (i * 7 % 251) as u8).collect();
        Grey::new(width, height, luma).expect("the size is right by construction")
    }

    #[test]
    fn a_picture_needs_exactly_as_many_bytes_as_its_size_says() {
        assert!(Grey::new(2, 2, vec![0; 4]).is_some());
        assert!(Grey::new(2, 2, vec![0; 5]).is_none());
        assert!(Grey::new(u32::MAX, u32::MAX, vec![0; 1]).is_none());
    }

    #[test]
    fn half_takes_the_mean_of_four() {
        let grey = Grey::new(3, 2, vec![0, 100, 9, 100, 200, 9]).expect("six bytes");
        assert_eq!(half(&grey), Grey { width: 1, height: 1, luma: vec![100] });
    }

    #[test]
    fn shrink_keeps_a_flat_picture_flat() {
        let flat = Grey { width: 31, height: 17, luma: vec![77; 31 * 17] };
        let small = shrink(&flat, 10, 5);
        assert_eq!((small.width, small.height), (10, 5));
        assert!(small.luma.iter().all(|&p| p == 77));
    }

    #[test]
    fn box_mean_agrees_with_the_slow_definition() {
        let grey = ramp(13, 9);
        let fast = box_mean(&grey, 2);
        for y in 0..9_i32 {
            for x in 0..13_i32 {
                let near = |a: i32, n: i32| (a - 2).max(0)..=(a + 2).min(n - 1);
                let cells: Vec<u32> = near(y, 9)
                    .flat_map(|v| near(x, 13).map(move |u| (v * 13 + u) as usize))
                    .map(|i| u32::from(grey.luma[i]))
                    .collect();
                let mean = cells.iter().sum::<u32>() / cells.len() as u32;
                assert_eq!(u32::from(fast.luma[(y * 13 + x) as usize]), mean);
            }
        }
    }

    #[test]
    fn no_operation_minds_tiny_pictures() {
        for (w, h) in [(0, 0), (1, 0), (1, 1), (1, 5), (5, 1), (2, 2)] {
            let grey = ramp(w, h);
            let all = [half(&grey), double(&grey), unsharp(&grey, 3, 8)];
            assert!(all.iter().all(Grey::is_whole));
            assert!(levelled(&grey, 24).is_whole());
        }
    }
}
