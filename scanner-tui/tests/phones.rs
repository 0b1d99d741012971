//! The page of phones says what the screen says: the same word, meaning, colour and stay for every verdict.
//!
//! The page's table is a file of the agent, which this crate knows nothing else of.

use scanner_tui::face::{Face, Stay};
use scanner_tui::theme::{PALETTE, Role};
use serde_json::Value;

const TABLE: &str = include_str!("../../edge-agent/src/phones/page/faces.js");
const STYLE: &str = include_str!("../../edge-agent/src/phones/page/page.css");

fn table() -> Value {
    let from = TABLE.split_once("export const FACES =").expect("a table").1;
    let (json, _) = from.split_once("};").expect("its end");
    serde_json::from_str(&format!("{json}}}")).expect("the table is JSON")
}

fn name(face: Face) -> &'static str {
    match face {
        Face::Go => "go",
        Face::GoNote => "go_note",
        Face::Same => "same",
        Face::Used => "used",
        Face::No => "no",
        Face::Ask => "ask",
        Face::Out => "out",
        Face::Full => "full",
        Face::Limit => "limit",
        Face::Unknown => "unknown",
        Face::Undo => "undo",
        Face::Trouble => "trouble",
    }
}

fn role(face: Face) -> &'static str {
    match face.role() {
        Role::Admit => "admit",
        Role::Used => "used",
        Role::Deny => "deny",
        Role::Attn => "attn",
        Role::Neutral => "neutral",
        Role::Quiet => "quiet",
    }
}

#[test]
fn every_verdict_has_the_same_word_meaning_colour_and_stay_on_a_phone() {
    let table = table();
    assert_eq!(table.as_object().map(serde_json::Map::len), Some(Face::ALL.len()));
    for face in Face::ALL {
        let there = &table[name(face)];
        assert_eq!(there["word"], face.word(), "{face:?}");
        assert_eq!(there["meaning"], face.meaning(), "{face:?}");
        assert_eq!(there["role"], role(face), "{face:?}");
        let (full, least) = match face.stay() {
            Stay::Timed { full_ms, .. } => (Some(full_ms), None),
            Stay::UntilNext { least_ms } => (None, Some(least_ms)),
        };
        assert_eq!((there["full_ms"].as_u64(), there["least_ms"].as_u64()), (full, least), "{face:?}");
    }
}

#[test]
fn the_grounds_and_inks_are_those_of_the_screen() {
    let hex = |(r, g, b): (u8, u8, u8)| format!("#{r:02x}{g:02x}{b:02x}");
    let short = |ink: (u8, u8, u8)| if ink == (0, 0, 0) { "#000" } else { "#fff" };
    for paint in PALETTE {
        let role = format!("{:?}", paint.role).to_lowercase();
        let rule =
            format!("[data-role=\"{role}\"] {{ background: {}; color: {};", hex(paint.ground), short(paint.ink));
        assert!(STYLE.contains(&rule), "{rule}");
    }
}
