//! A QR code in a terminal: two rows of modules in a line of half blocks.

use fast_qr::qr::{QRBuilder, QRCode};

/// Light modules around it, without which phones do not find it.
const QUIET: isize = 2;
/// Black on white whatever the terminal's own colours are, and back to them.
const ON: &str = "\x1b[30;107m";
const OFF: &str = "\x1b[0m";

/// The code of a text. Without colours dark modules are drawn light, for the dark ground that most terminals have.
pub fn drawn(text: &str, colours: bool) -> anyhow::Result<String> {
    let code = QRBuilder::new(text).build().map_err(|e| anyhow::anyhow!("{text:?} fits into no code: {e:?}"))?;
    let size = isize::try_from(code.size)?;
    let lines = (-QUIET..size + QUIET).step_by(2).map(|row| {
        let cells = (-QUIET..size + QUIET).map(|column| {
            let ink = |row| is_dark(&code, row, column) == colours;
            match (ink(row), ink(row + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            }
        });
        let cells: String = cells.collect();
        if colours { format!("{ON}{cells}{OFF}") } else { cells }
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

fn is_dark(code: &QRCode, row: isize, column: isize) -> bool {
    let (Ok(row), Ok(column)) = (usize::try_from(row), usize::try_from(column)) else { return false };
    row < code.size && column < code.size && code[row][column].value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eye::{Eye, EyeSettings, Grey};

    /// What a camera sees of a terminal of this ground.
    fn seen(drawn: &str, ink_is_dark: bool) -> Grey {
        const PIXELS: usize = 6;
        let rows: Vec<Vec<bool>> = drawn
            .lines()
            .flat_map(|line| {
                let line = line.replace(ON, "").replace(OFF, "");
                let half = |full: &[char]| line.chars().map(|c| full.contains(&c)).collect::<Vec<bool>>();
                [half(&['█', '▀']), half(&['█', '▄'])]
            })
            .collect();
        let (width, height) = (rows[0].len() * PIXELS, rows.len() * PIXELS);
        let pixel = |at: usize| rows[at / width / PIXELS][at % width / PIXELS] == ink_is_dark;
        let luma = (0..width * height).map(|at| if pixel(at) { 0 } else { 255 }).collect();
        Grey { width: width as u32, height: height as u32, luma }
    }

    #[test]
    fn what_is_drawn_reads_on_a_light_and_on_a_dark_terminal() {
        let text = "https://192.168.100.200:7422/#pair=ABCDEFGHIJKLMNOP";
        for colours in [true, false] {
            let drawn = drawn(text, colours).unwrap();
            assert!(drawn.lines().count() <= 24, "it fits on a screen of 24 lines");
            let read = Eye::new(EyeSettings::default()).read(&seen(&drawn, colours));
            assert_eq!(read.first().map(|seen| seen.text.as_str()), Some(text), "{colours}\n{drawn}");
        }
    }
}
