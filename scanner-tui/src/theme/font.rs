//! Big letters, readable across a foyer.
//!
//! Only the letters the verdict words need, five rows high and four or five pixels
//! wide; a pixel is one, two or four cells wide, whichever is the largest that fits.
//! A word without a letter here is drawn as plain text by the caller: [`size`] says
//! `None` then, and never panics.

/// Rows of a letter.
pub const ROWS: u16 = 5;

/// How large a pixel is, in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pixel {
    /// Cells across.
    pub wide: u16,
    /// Cells down.
    pub high: u16,
}

/// Tried from the largest; cells are about twice as high as wide, so 2×1 looks square.
const SIZES: [Pixel; 3] = [Pixel { wide: 4, high: 2 }, Pixel { wide: 2, high: 1 }, Pixel { wide: 1, high: 1 }];

/// The largest pixel with which the word fits, if any does.
pub fn size(word: &str, wide: u16, high: u16) -> Option<Pixel> {
    let pixels = pixels_across(word)?;
    SIZES.into_iter().find(|pixel| pixels * pixel.wide <= wide && ROWS * pixel.high <= high)
}

/// Cells the word takes across.
pub fn cells_across(word: &str, pixel: Pixel) -> u16 {
    pixels_across(word).map_or(0, |pixels| pixels * pixel.wide)
}

/// The word's rows, one a cell row, drawn with `ink`.
pub fn rows(word: &str, pixel: Pixel, ink: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for row in 0..usize::from(ROWS) {
        let pattern: Vec<&str> = word.chars().filter_map(letter).map(|l| l[row]).collect();
        let line = stretch(&pattern.join("."), pixel.wide, ink);
        lines.extend(std::iter::repeat_n(line, usize::from(pixel.high)));
    }
    lines
}

fn stretch(pattern: &str, wide: u16, ink: &str) -> String {
    pattern.chars().map(|c| if c == '#' { ink } else { " " }).map(|cell| cell.repeat(usize::from(wide))).collect()
}

/// Pixels across with one between letters; `None` where a letter is missing.
fn pixels_across(word: &str) -> Option<u16> {
    let mut pixels: u16 = 0;
    for c in word.chars() {
        let across = u16::try_from(letter(c)?[0].len()).ok()?;
        pixels = pixels.saturating_add(across).saturating_add(1);
    }
    (pixels > 0).then(|| pixels - 1)
}

fn letter(c: char) -> Option<[&'static str; 5]> {
    Some(match c {
        'A' => ["####", "#..#", "####", "#..#", "#..#"],
        'D' => ["###.", "#..#", "#..#", "#..#", "###."],
        'E' => ["####", "#...", "###.", "#...", "####"],
        'F' => ["####", "#...", "###.", "#...", "#..."],
        'G' => ["####", "#...", "#.##", "#..#", "####"],
        'I' => ["###", ".#.", ".#.", ".#.", "###"],
        'K' => ["#..#", "#.#.", "##..", "#.#.", "#..#"],
        'L' => ["#...", "#...", "#...", "#...", "####"],
        'M' => ["#...#", "##.##", "#.#.#", "#...#", "#...#"],
        'N' => ["#..#", "##.#", "#.##", "#..#", "#..#"],
        'O' => ["####", "#..#", "#..#", "#..#", "####"],
        'S' => ["####", "#...", "####", "...#", "####"],
        'T' => ["#####", "..#..", "..#..", "..#..", "..#.."],
        'U' => ["#..#", "#..#", "#..#", "#..#", "####"],
        '!' => ["#", "#", "#", ".", "#"],
        '?' => ["####", "...#", ".###", "....", ".#.."],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::Face;

    #[test]
    fn every_verdict_word_has_all_its_letters() {
        for face in Face::ALL {
            assert!(size(face.word(), 78, 5).is_some(), "{}", face.word());
        }
    }

    #[test]
    fn every_row_of_a_letter_is_as_wide_as_the_first() {
        for c in "ADEFGIKLMNOSTU!?".chars() {
            let rows = letter(c).expect("listed above");
            assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{c}");
        }
    }

    #[test]
    fn a_word_with_an_unknown_letter_is_left_to_plain_text() {
        assert_eq!(size("Ж", 200, 50), None);
        assert_eq!(size("", 200, 50), None);
    }

    #[test]
    fn the_rows_are_as_wide_as_promised() {
        let pixel = size("USED", 80, 5).expect("fits");
        for row in rows("USED", pixel, "#") {
            assert_eq!(row.len(), usize::from(cells_across("USED", pixel)));
        }
    }
}
