//! `edge-agent scanner setup`: what to set a scanner to, and a code that tells how it is set.
//!
//! Vendors' programming codes are not printed: they differ from model to model, and a wrong one may set anything. What
//! is printed is what to look for in the manual, and a code of our own that holds every character of tickets.

use super::{failed, test};
use crate::scanners::ScannerSpec;
use anyhow::Context;
use fast_qr::{ECL, QRBuilder, QRCode};
use serde::Serialize;
use std::process::ExitCode;
use tidegate_core::scanned;
use tidegate_core::scanned::layout::{CALIBRATION, Settings, recognise};

/// What to set, in the words of manuals.
const GUIDE: &str = "\
How a hand scanner is set, by codes of its own manual:

1. Mode: \"USB COM\" (also \"USB CDC\", \"virtual COM port\", \"USB serial\"). Then no keyboard layout has a say, a code of
   122 characters takes some milliseconds, and nothing is typed into a screen. In edge.toml: serial:/dev/serial/by-id/…
2. Where it can only type (\"USB keyboard\", \"HID keyboard\", \"keyboard wedge\"): give it to the agent as evdev:/dev/input/by-id/…
   Then its keys go nowhere else. Typing into the screen works too, at 8 to 16 ms a character 1 to 2 s a code: set
   \"inter-character delay\" to none.
3. Suffix (\"terminator\"): CR, or Enter. LF, CR LF and Tab do as well; with none a code is whole after 150 ms.
4. Keyboard layout (\"country\", \"language\"): the one of this computer; behind evdev: US. Another one is mapped back.
5. Prefixes, \"AIM identifier\" and \"code identifier\": off. Case conversion: off. Caps Lock: off.
6. Symbologies: QR on, and what else is printed on tickets; the fewer, the fewer misreads.
7. On the network: let it send to tcp:ADDRESS:PORT of this machine, or be a server and be named as
   tcp:connect:HOST:PORT; codes end with CR or LF.

Which of them are plugged in, and the line for edge.toml: edge-agent scanner list
";

/// Light modules around a code, as ISO/IEC 18004 asks.
const MARGIN: usize = 4;
const BLACK_ON_WHITE: &str = "\x1b[30;107m";
const AS_BEFORE: &str = "\x1b[0m";

/// The result in JSON.
#[derive(Serialize)]
struct Told {
    /// What should have come.
    calibration: &'static str,
    /// What came.
    received: String,
    /// Whether it came as it is.
    right: bool,
    caps_lock: bool,
    /// Pairs of scanner and keyboard under which it comes so.
    settings: Vec<Pair>,
}

#[derive(Serialize)]
struct Pair {
    scanner: &'static str,
    keyboard: &'static str,
}

/// Says how, shows the code and waits for it.
pub(super) fn run(source: Option<ScannerSpec>, json: bool) -> anyhow::Result<ExitCode> {
    let code = QRBuilder::new(CALIBRATION).ecl(ECL::M).build().context("the code cannot be drawn")?;
    // With --json the guide is a message, and what came is the data.
    let show = |text: &str| if json { eprintln!("{text}") } else { println!("{text}") };
    show(GUIDE);
    show(&drawn(&code));
    let received = match source {
        Some(spec) => {
            show("Scan this code.");
            let (_scanner, heard) = test::listen(spec)?;
            match test::first(&heard) {
                Some(Ok(code)) => code.text,
                Some(Err(error)) => return Ok(failed(&error)),
                None => String::new(),
            }
        }
        None => {
            show("Scan this code into this terminal; press Enter if the scanner does not. Enter alone ends it.");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).context("what was scanned cannot be read")?;
            scanned::bare(&line)
        }
    };
    let settings = recognise(&received);
    if json {
        println!("{}", serde_json::to_string_pretty(&told_json(received, settings.as_ref()))?);
    } else if received.is_empty() {
        println!("Nothing was scanned.");
    } else {
        println!("{}", settings.as_ref().map_or_else(|| unrecognised(&received), told));
    }
    Ok(ExitCode::SUCCESS)
}

/// A code in half blocks, two rows of it a line, with the margin that readers ask for. It is dark on light whatever the
/// terminal's own colours are: few scanners read it the other way round.
fn drawn(code: &QRCode) -> String {
    let dark = |row: usize, column: usize| {
        let (row, column) = (row.wrapping_sub(MARGIN), column.wrapping_sub(MARGIN));
        row < code.size && column < code.size && code[row][column].value()
    };
    let side = code.size + 2 * MARGIN;
    let line = |row: usize| {
        let blocks = (0..side).map(|column| match (dark(row, column), dark(row + 1, column)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        });
        format!("{BLACK_ON_WHITE}{}{AS_BEFORE}\n", blocks.collect::<String>())
    };
    (0..side).step_by(2).map(line).collect()
}

fn told_json(received: String, settings: Option<&Settings>) -> Told {
    let pairs = settings.map(|settings| settings.pairs.as_slice()).unwrap_or_default();
    let pair = |(scanner, keyboard): &(scanned::layout::Layout, scanned::layout::Layout)| Pair {
        scanner: scanner.name(),
        keyboard: keyboard.name(),
    };
    Told {
        calibration: CALIBRATION,
        right: settings.is_some_and(Settings::right),
        caps_lock: settings.is_some_and(|settings| settings.caps),
        settings: pairs.iter().map(pair).collect(),
        received,
    }
}

fn unrecognised(received: &str) -> String {
    format!(
        "That is not the code above, or it came through a layout that is not known here: {} characters came.\n  \
         Do: scan it again; then set the scanner to \"USB COM\", which no layout has a say in.",
        received.chars().count()
    )
}

/// How scanner and keyboard are set, and what that means.
pub(super) fn told(settings: &Settings) -> String {
    let caps =
        if settings.caps { " Caps Lock is on at one of them; for codes that makes no difference." } else { "" };
    if settings.pairs.iter().any(|(scanner, keyboard)| scanner == keyboard) {
        return format!("Letters, digits and hyphen come as they are: nothing to set.{caps}");
    }
    let pairs: Vec<String> = settings
        .pairs
        .iter()
        .map(|(scanner, keyboard)| format!("scanner set to {}, keyboard to {}", scanner.name(), keyboard.name()))
        .collect();
    format!(
        "They are not set alike: {}. Tickets are mapped back.{caps}\n  \
         Do: set the scanner's keyboard layout to the computer's, or the scanner to \"USB COM\".",
        pairs.join(", or ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eye::{Eye, EyeSettings, Grey};
    use tidegate_core::scanned::layout::{Layout, arrives};

    #[test]
    fn the_code_that_came_tells_how_scanner_and_keyboard_are_set() {
        let check = |arrived: &str, parts: &[&str]| {
            let said = recognise(arrived).map_or_else(|| unrecognised(arrived), |settings| told(&settings));
            parts.iter().for_each(|part| assert!(said.contains(part), "{part:?} in {said:?}"));
        };
        check(CALIBRATION, &["as they are"]);
        check(
            &arrives(CALIBRATION, Layout::Us, Layout::French),
            &["scanner set to US, keyboard to French", "Do: "],
        );
        check(&arrives(CALIBRATION, Layout::German, Layout::Us), &["scanner set to German, keyboard to US"]);
        check(&CALIBRATION.to_lowercase(), &["as they are", "Caps Lock"]);
        check("HELLO", &["not the code above", "5 characters"]);
    }

    #[test]
    fn json_has_every_pair_and_whether_it_is_right() {
        let told = |arrived: &str| told_json(arrived.to_owned(), recognise(arrived).as_ref());
        assert!(told(CALIBRATION).right);
        let french = told(&arrives(CALIBRATION, Layout::Us, Layout::French));
        assert!(!french.right && french.settings.iter().all(|pair| pair.keyboard == "French"));
        assert!(told("x").settings.is_empty());
    }

    #[test]
    fn the_code_is_drawn_dark_on_light_and_reads_back() {
        let code = QRBuilder::new(CALIBRATION).ecl(ECL::M).build().unwrap();
        let drawn = drawn(&code);
        let mut luma = Vec::new();
        for line in drawn.lines() {
            let blocks = line.strip_prefix(BLACK_ON_WHITE).and_then(|line| line.strip_suffix(AS_BEFORE)).unwrap();
            for dark in [['█', '▀'], ['█', '▄']] {
                let row: Vec<u8> =
                    blocks.chars().map(|block| if dark.contains(&block) { 0 } else { 255 }).collect();
                // Four pixels a module, as a reader wants them.
                let wide: Vec<u8> = row.iter().flat_map(|pixel| [*pixel; 4]).collect();
                (0..4).for_each(|_| luma.extend_from_slice(&wide));
            }
        }
        let width = (code.size + 2 * MARGIN) * 4;
        let (width, height) = (width as u32, (luma.len() / width) as u32);
        let read = Eye::new(EyeSettings::default()).read(&Grey { width, height, luma });
        assert_eq!(read.first().map(|seen| seen.text.as_str()), Some(CALIBRATION));
    }
}
