//! `edge-agent scanner test`: each code as it comes, with its pace, its end and its form.

use super::{failed, passes, say};
use crate::cli::NOT_FOUND;
use crate::scanners::assembler::{Code, End};
use crate::scanners::{Heard, Scanner, ScannerError, ScannerSpec};
use serde::Serialize;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tidegate_core::badge;
use tidegate_core::scanned::layout::{readings, recognise};
use tidegate_core::ticket::Sealed;

/// Characters of a code that are shown: whoever has the rest has the ticket.
const SHOWN: usize = 12;
/// After a code, what ends it may have a second character: the LF of CR LF.
const SECOND_END: Duration = Duration::from_millis(50);

/// A code as it is told.
#[derive(Debug, PartialEq, Serialize)]
struct Line {
    /// Its beginning.
    begins: String,
    characters: usize,
    /// From its first byte to its last.
    took_ms: f64,
    /// Between two bytes, on average.
    gap_ms: f64,
    ended_by: String,
    /// What it is laid out like.
    form: String,
    /// Whether it came within five seconds before: a lane says SAME.
    same: bool,
}

/// Listens until the time is over, or for good.
pub(super) fn run(spec: ScannerSpec, time: Option<Duration>, json: bool) -> anyhow::Result<ExitCode> {
    let (_scanner, heard) = listen(spec)?;
    let end = time.map(|time| Instant::now() + time);
    let mut codes = 0_u64;
    eprintln!("Listening; scan something. Ctrl-C ends it");
    let mut ahead = None;
    while let Some(told) = ahead.take().or_else(|| next(&heard, end)) {
        match told {
            Heard::Code(code) => {
                codes += 1;
                ahead = print(&code, false, &heard, json)?;
            }
            Heard::Same(code) => ahead = print(&code, true, &heard, json)?,
            Heard::Blank(_) => {}
            Heard::Lost(error) if !passes(&error) => return Ok(failed(&error)),
            Heard::Trouble(error) | Heard::Lost(error) => say(&error),
            Heard::Back { after } => eprintln!("It is heard again, after {:.1} s", after.as_secs_f32()),
        }
    }
    if codes == 0 {
        eprintln!("No code came. Does the scanner beep? Then look at its menu: edge-agent scanner setup");
        return Ok(ExitCode::from(NOT_FOUND));
    }
    Ok(ExitCode::SUCCESS)
}

/// A running scanner and what it tells.
pub(super) fn listen(spec: ScannerSpec) -> std::io::Result<(Scanner, Receiver<Heard>)> {
    let (tell, heard) = channel();
    let scanner = Scanner::start(spec, move |told| drop(tell.send(told)))?; // whoever has ended hears nothing
    Ok((scanner, heard))
}

/// What is told next, unless the time is over first.
fn next(heard: &Receiver<Heard>, end: Option<Instant>) -> Option<Heard> {
    match end {
        None => heard.recv().ok(),
        Some(end) => heard.recv_timeout(end.saturating_duration_since(Instant::now())).ok(),
    }
}

/// The first code of a scanner; what is wrong with it, where waiting does not mend that.
pub(super) fn first(heard: &Receiver<Heard>) -> Option<Result<Code, ScannerError>> {
    loop {
        match heard.recv().ok()? {
            Heard::Code(code) | Heard::Same(code) => return Some(Ok(code)),
            Heard::Lost(error) if !passes(&error) => return Some(Err(error)),
            Heard::Trouble(error) | Heard::Lost(error) => say(&error),
            Heard::Blank(_) | Heard::Back { .. } => {}
        }
    }
}

/// Tells a code with the second character of its end; gives what was told instead of that.
fn print(code: &Code, same: bool, heard: &Receiver<Heard>, json: bool) -> anyhow::Result<Option<Heard>> {
    let (second, ahead) = match heard.recv_timeout(SECOND_END).ok() {
        Some(Heard::Blank(end)) => (Some(end), None),
        other => (None, other),
    };
    let line = line(code, second, same);
    if json {
        println!("{}", serde_json::to_string(&line)?);
        return Ok(ahead);
    }
    let Line { begins, characters, gap_ms, ended_by, form, .. } = line;
    let same = if same { ", the same again" } else { "" };
    println!("{begins}: {characters} characters, {gap_ms:.1} ms each, ended by {ended_by}: {form}{same}");
    Ok(ahead)
}

fn line(code: &Code, second: Option<End>, same: bool) -> Line {
    let characters = code.text.chars().count();
    let mut begins: String = code.text.chars().take(SHOWN).collect();
    if characters > SHOWN {
        begins.push('…');
    }
    let ends = [Some(code.end), second].into_iter().flatten().map(End::name);
    let took_ms = code.took.as_secs_f64() * 1e3;
    let gaps = code.bytes.saturating_sub(1).max(1);
    Line {
        begins,
        characters,
        took_ms,
        gap_ms: took_ms / gaps as f64,
        ended_by: ends.collect::<Vec<_>>().join(" "),
        form: form(&code.text),
        same,
    }
}

/// What a text is laid out like; no signature is looked at here.
fn form(text: &str) -> String {
    let laid_out = |text: &str| {
        let badge = badge::looks_like_one(text).then_some("a staff badge");
        badge.or_else(|| Sealed::read(text).is_ok().then_some("a ticket code"))
    };
    if let Some(settings) = recognise(text) {
        return format!("the code of `scanner setup`; {}", super::setup::told(&settings));
    }
    if let Some(what) = laid_out(text) {
        return format!("laid out like {what}");
    }
    let mapped = readings(text).into_iter().find_map(|(mismatch, reading)| Some((mismatch, laid_out(&reading)?)));
    match mapped {
        Some((mismatch, what)) => format!("laid out like {what} once mapped back. {mismatch}"),
        None => "not laid out like a code of ours".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::scanned::layout::{CALIBRATION, Layout, arrives};

    /// A code of the right form: version 1 without flags, and bytes enough for a signature.
    fn ticket() -> String {
        let bytes: Vec<u8> = (0..75).map(|place: u8| place.wrapping_mul(37)).collect();
        data_encoding::BASE32_NOPAD.encode(&[&[0x40][..], &bytes].concat())
    }

    #[test]
    fn what_came_is_told_with_its_pace_its_end_and_its_form_and_never_whole() {
        let code = |text: &str, end| {
            let took = Duration::from_millis(8 * (text.len() as u64 - 1));
            Code { text: text.to_owned(), bytes: text.len(), took, end }
        };
        let said = line(&code(&ticket(), End::Cr), Some(End::Lf), false);
        assert_eq!((said.characters, said.ended_by.as_str(), said.gap_ms), (122, "CR LF", 8.0));
        assert_eq!(said.begins.chars().count(), SHOWN + 1);
        assert_eq!(said.form, "laid out like a ticket code");
        let short = line(&code("A", End::Pause), None, true);
        assert_eq!((short.begins.as_str(), short.gap_ms, short.ended_by.as_str()), ("A", 0.0, "a pause"));
    }

    #[test]
    fn the_form_of_a_text_is_told_through_the_wrong_layout_too() {
        let check = |text: &str, part: &str| {
            let said = form(text);
            assert!(said.contains(part), "{part:?} in {said:?}");
        };
        check("HELLO", "not laid out");
        check("", "not laid out");
        check(&ticket(), "a ticket code");
        check(&ticket().to_lowercase(), "a ticket code");
        check(&arrives(&ticket(), Layout::Us, Layout::French), "Scanner is set to US, keyboard to French");
        check(CALIBRATION, "as they are");
        check(&arrives(CALIBRATION, Layout::Us, Layout::German), "keyboard to German");
    }
}
