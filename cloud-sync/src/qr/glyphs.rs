//! The characters of short codes as dots, so that no picture needs a font.
//!
//! Five dots wide and seven high, the zero with a stroke so that nobody reads D.

/// Dots of a character, across and down.
pub const SIZE: (usize, usize) = (5, 7);

/// In the order of the sheet, eight in a band.
const CHARACTERS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BAND: usize = 8;

#[rustfmt::skip]
const SHEET: [&str; 28] = [
    ".###. ..#.. .###. ##### ...#. ##### ..##. #####",
    "#...# .##.. #...# ...#. ..##. #.... .#... ....#",
    "#..## ..#.. ....# ..#.. .#.#. ####. #.... ...#.",
    "#.#.# ..#.. ...#. ...#. #..#. ....# ####. ..#..",
    "##..# ..#.. ..#.. ....# ##### ....# #...# .#...",
    "#...# ..#.. .#... #...# ...#. #...# #...# .#...",
    ".###. .###. ##### .###. ...#. .###. .###. .#...",

    ".###. .###. .###. ####. .###. ####. ##### #####",
    "#...# #...# #...# #...# #...# #...# #.... #....",
    "#...# #...# #...# #...# #.... #...# #.... #....",
    ".###. .#### ##### ####. #.... #...# ####. ####.",
    "#...# ....# #...# #...# #.... #...# #.... #....",
    "#...# ...#. #...# #...# #...# #...# #.... #....",
    ".###. .##.. #...# ####. .###. ####. ##### #....",

    ".###. #...# ..### #...# #...# #...# ####. .###.",
    "#...# #...# ...#. #..#. ##.## ##..# #...# #...#",
    "#.... #...# ...#. #.#.. #.#.# ##..# #...# #...#",
    "#.### ##### ...#. ##... #.#.# #.#.# ####. #...#",
    "#...# #...# ...#. #.#.. #...# #..## #.... #.#.#",
    "#...# #...# #..#. #..#. #...# #..## #.... #..#.",
    ".###. #...# .##.. #...# #...# #...# #.... .##.#",

    "####. .#### ##### #...# #...# #...# #...# #####",
    "#...# #.... ..#.. #...# #...# #...# #...# ....#",
    "#...# #.... ..#.. #...# #...# .#.#. .#.#. ...#.",
    "####. .###. ..#.. #...# #.#.# ..#.. ..#.. ..#..",
    "#.#.. ....# ..#.. #...# #.#.# .#.#. ..#.. .#...",
    "#..#. ....# ..#.. .#.#. ##.## #...# ..#.. #....",
    "#...# ####. ..#.. ..#.. #...# #...# ..#.. #####",
];

/// Whether a character is dark at this dot; what the sheet lacks is a gap.
pub fn dark(character: char, (x, y): (usize, usize)) -> bool {
    let Some(place) = CHARACTERS.find(character).filter(|_| x < SIZE.0 && y < SIZE.1) else { return false };
    let row = SHEET.get(place / BAND * SIZE.1 + y).map_or(&[][..], |row| row.as_bytes());
    row.get(place % BAND * (SIZE.0 + 1) + x) == Some(&b'#')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use tidegate_core::ticket::spoken::Spoken;

    fn dots(character: char) -> String {
        let dot = |place| if dark(character, (place % SIZE.0, place / SIZE.0)) { '#' } else { '.' };
        (0..SIZE.0 * SIZE.1).map(dot).collect()
    }

    #[test]
    fn every_character_of_a_short_code_has_dots_of_its_own() {
        let drawn: BTreeSet<String> = CHARACTERS.chars().map(dots).collect();
        assert_eq!(drawn.len(), 32);
        assert!(drawn.iter().all(|dots| dots.contains('#')));
        for character in CHARACTERS.chars() {
            assert!(Spoken::read(&character.to_string().repeat(8)).is_some(), "{character}");
        }
        assert!(!dots('-').contains('#') && !dark('0', (9, 9)));
        assert!(SHEET.iter().all(|row| row.len() == BAND * 6 - 1));
    }
}
