//! The screens as they look, one snapshot file each.
//!
//! The file is the screen, then the styles of its rows. Besides the snapshots, laws that hold on
//! every screen at every size: nothing overflows, `vt` and `ascii` keep to their signs,
//! and a screen without its agent never looks like a yes.

mod support;

use ratatui::style::Color;
use scanner_tui::face::Face;
use scanner_tui::keys::Action;
use scanner_tui::link::News;
use scanner_tui::link::fault::Fault;
use scanner_tui::model::{Model, Options};
use scanner_tui::text;
use scanner_tui::theme::glyphs::GlyphSet;
use scanner_tui::theme::{Depth, PALETTE, Role, Theme};
use scanner_tui::update::{Message, update};
use support::*;
use tidegate_core::api::{Answer, Status, StreamMessage};

const DOOR: (u16, u16) = (80, 24);
const SIZES: [(u16, u16); 8] = [(40, 12), (80, 24), (120, 36), (60, 30), (79, 24), (200, 60), (20, 5), (1, 1)];

fn theme(depth: Depth, set: GlyphSet) -> Theme {
    Theme { depth, set }
}

/// A door with three earlier results and one verdict half a second old.
fn door(theme: Theme, verdict: Answer) -> Model {
    let mut model = live(theme, status(), 1_000);
    for (earlier, at) in [(used(), 2_000), (go(), 4_000), (no(), 6_000)] {
        answered(&mut model, earlier, at);
        said(&mut model, StreamMessage::Status(Box::new(status())), at);
    }
    said(&mut model, StreamMessage::Status(Box::new(status())), 9_000);
    answered(&mut model, verdict, 9_000);
    model
}

fn every_answer() -> Vec<(&'static str, Answer)> {
    vec![
        ("go", go()),
        ("go_note", go_note()),
        ("used", used()),
        ("no", no()),
        ("ask", ask()),
        ("full", full()),
        ("limit", limit()),
        ("out", out()),
        ("unknown", unknown()),
        ("undo", annulled()),
        ("served", served()),
    ]
}

#[test]
fn each_verdict_looks_like_its_snapshot() {
    for (name, verdict) in every_answer() {
        let model = door(UNICODE, verdict);
        insta::assert_snapshot!(format!("door_{name}"), picture(&model, DOOR, 9_500));
    }
}

#[test]
fn each_verdict_is_told_apart_without_colour() {
    for (name, verdict) in every_answer() {
        let model = door(theme(Depth::Plain, GlyphSet::Unicode), verdict);
        insta::assert_snapshot!(format!("no_colour_{name}"), picture(&model, DOOR, 9_500));
    }
}

#[test]
fn an_idle_door_is_ready() {
    let mut model = door(UNICODE, go());
    said(&mut model, StreamMessage::Status(Box::new(status())), 14_000);
    insta::assert_snapshot!("door_idle", picture(&model, DOOR, 14_200));
    insta::assert_snapshot!("door_idle_120x36", picture(&model, (120, 36), 14_200));
    insta::assert_snapshot!("door_idle_40x12", picture(&model, (40, 12), 14_200));
}

#[test]
fn a_yes_fades_before_it_is_gone() {
    let model = door(UNICODE, go());
    insta::assert_snapshot!("door_go_faded", picture(&model, DOOR, 11_000));
}

#[test]
fn the_same_code_again_is_no_accusation() {
    let mut model = door(UNICODE, go());
    said(&mut model, StreamMessage::Same { lane: "camera:0".to_owned() }, 11_500);
    insta::assert_snapshot!("door_same", picture(&model, DOOR, 11_600));
}

#[test]
fn a_scan_that_could_not_be_decided_says_so() {
    let mut model = door(UNICODE, go());
    let what = "The entry could not be written: the disk is full".to_owned();
    said(&mut model, StreamMessage::Trouble { code: "E-DSK-01".to_owned(), what }, 9_200);
    insta::assert_snapshot!("door_trouble", picture(&model, DOOR, 9_700));
}

#[test]
fn conflicts_and_lost_sources_are_attention_lines() {
    let mut warned = status();
    warned.conflicts = 1;
    warned.clock = "unsure".to_owned();
    warned.sources[0].up = false;
    warned.sources[0].error = Some("E-CAM-01".to_owned());
    warned.links[1] = link("Gate B", false, Some(240_000), 3);
    let mut model = live(UNICODE, warned.clone(), 1_000);
    said(&mut model, StreamMessage::Conflict(Box::new(conflict())), 5_000);
    said(&mut model, StreamMessage::Status(Box::new(warned)), 7_000);
    insta::assert_snapshot!("door_attention", picture(&model, DOOR, 7_000));
    insta::assert_snapshot!("door_attention_40x12", picture(&model, (40, 12), 7_000));
}

#[test]
fn a_door_that_is_cut_off_says_what_is_only_here_and_what_may_be_double() {
    for size in [(40, 12), DOOR, (120, 36)] {
        let mut model = live(UNICODE, cut_off(), 1_000);
        said(&mut model, StreamMessage::Finding(Box::new(findings().items.remove(0))), 2_000);
        let (wide, high) = size;
        insta::assert_snapshot!(format!("door_cut_off_{wide}x{high}"), picture(&model, size, 2_200));
    }
}

#[test]
fn an_agent_that_is_not_ready_says_what_is_missing() {
    for state in ["starting", "revoked", "read_only"] {
        let model = live(UNICODE, Status { state: state.to_owned(), ..status() }, 1_000);
        insta::assert_snapshot!(format!("door_{state}"), picture(&model, DOOR, 1_200));
    }
}

#[test]
fn before_the_first_contact_the_screen_says_connecting() {
    let model = Model::new(options(UNICODE));
    insta::assert_snapshot!("connecting", picture(&model, DOOR, 300));
}

#[test]
fn an_agent_out_of_reach_is_said_plainly_and_what_is_known_is_dated() {
    let mut model = door(UNICODE, go());
    update(&mut model, Message::Link(News::Lost { fault: Fault::NoAnswer, attempts: 1 }), 9_600);
    insta::assert_snapshot!("not_reached", picture(&model, DOOR, 21_000));
    insta::assert_snapshot!("not_reached_40x12", picture(&model, (40, 12), 21_000));
    let mut never = Model::new(options(theme(Depth::Plain, GlyphSet::Ascii)));
    update(&mut never, Message::Link(News::Lost { fault: Fault::Denied(401), attempts: 1 }), 500);
    insta::assert_snapshot!("not_reached_ever_ascii", picture(&never, DOOR, 2_000));
}

#[test]
fn small_and_large_terminals_have_their_own_layout() {
    for (name, verdict) in [("go_note", go_note()), ("used", used())] {
        let model = door(UNICODE, verdict);
        insta::assert_snapshot!(format!("{name}_40x12"), picture(&model, (40, 12), 9_500));
        insta::assert_snapshot!(format!("{name}_120x36"), picture(&model, (120, 36), 9_500));
    }
    let model = door(UNICODE, go());
    insta::assert_snapshot!("too_small", picture(&model, (30, 8), 9_500));
}

#[test]
fn other_terminals_have_their_own_signs() {
    let model = door(theme(Depth::Plain, GlyphSet::Ascii), used());
    insta::assert_snapshot!("ascii_no_colour_used", picture(&model, DOOR, 9_500));
    let model = door(theme(Depth::Console, GlyphSet::Vt), go_note());
    insta::assert_snapshot!("console_go_note", picture(&model, DOOR, 9_500));
    let model = door(theme(Depth::Indexed, GlyphSet::Unicode), no());
    insta::assert_snapshot!("indexed_no", picture(&model, DOOR, 9_500));
}

#[test]
fn long_foreign_names_move_nothing() {
    for (name, holder) in foreign_names() {
        let model = door(UNICODE, long_named(holder));
        insta::assert_snapshot!(format!("names_{name}"), picture(&model, DOOR, 9_500));
    }
}

#[test]
fn the_help_shows_the_live_keys_and_every_verdict() {
    let mut model = live(UNICODE, status(), 1_000);
    update(&mut model, Message::Pressed(Action::Help), 1_100);
    insta::assert_snapshot!("help", picture(&model, DOOR, 1_200));
    let readonly = Options { readonly: true, ..options(UNICODE) };
    let mut model = Model::new(readonly);
    update(&mut model, Message::Pressed(Action::Help), 100);
    insta::assert_snapshot!("help_readonly_40x12", picture(&model, (40, 12), 200));
}

#[test]
fn nothing_overflows_at_any_size_with_any_name_and_any_signs() {
    let mut answers: Vec<Answer> = every_answer().into_iter().map(|(_, answer)| answer).collect();
    answers.extend(foreign_names().into_iter().map(|(_, name)| long_named(name)));
    for answer in answers {
        for set in [GlyphSet::Unicode, GlyphSet::Vt, GlyphSet::Ascii] {
            let model = door(theme(Depth::True, set), answer.clone());
            for size in SIZES {
                frame_is_whole(&model, size);
            }
        }
    }
}

#[test]
fn the_console_and_ascii_keep_to_their_signs() {
    for (name, verdict) in every_answer() {
        let mut verdict = verdict;
        verdict.explain.say = "“¡Bienvenida!” → 20 € · ☺ 日本".to_owned();
        for (set, allowed) in [(GlyphSet::Vt, on_console as fn(char) -> bool), (GlyphSet::Ascii, |c| c.is_ascii())]
        {
            let model = door(theme(Depth::Plain, set), verdict.clone());
            for size in SIZES {
                let shown = screen(&model, size, 9_500).concat();
                let foreign: Vec<char> = shown.chars().filter(|c| !allowed(*c)).collect();
                assert!(foreign.is_empty(), "{name} {set:?} {size:?}: {foreign:?}");
            }
        }
    }
}

#[test]
fn a_screen_without_its_agent_never_looks_like_a_yes() {
    for (_, verdict) in every_answer() {
        for depth in [Depth::True, Depth::Indexed, Depth::Console, Depth::Plain] {
            let mut model = door(theme(depth, GlyphSet::Unicode), verdict.clone());
            assert_no_yes(&model, 12_100, "silent");
            update(&mut model, Message::Link(News::Lost { fault: Fault::Closed, attempts: 1 }), 9_100);
            assert_no_yes(&model, 9_150, "lost");
            update(&mut model, Message::Link(News::Connected), 9_400);
            assert_no_yes(&model, 9_450, "reached again");
        }
    }
}

fn assert_no_yes(model: &Model, now: u64, when: &str) {
    let admit = PALETTE.iter().find(|paint| paint.role == Role::Admit).expect("in the palette");
    let (r, g, b) = admit.ground;
    let greens = [Color::Rgb(r, g, b), Color::Indexed(admit.ground_256), Color::Indexed(admit.slot)];
    for size in SIZES {
        // the log of what was, below the card, is not a verdict
        let card_rows = size.1.saturating_sub(if size.1 >= 36 { 16 } else { 10 });
        let buffer = buffer(model, size, now);
        for y in 0..card_rows {
            for x in 0..size.0 {
                let ground = buffer[(x, y)].bg;
                assert!(!greens.contains(&ground), "{when} {size:?} at {x},{y}");
            }
        }
        let shown = screen(model, size, now).concat();
        assert!(!shown.contains(Face::Go.meaning()), "{when} {size:?}");
    }
}

/// Every row is exactly as wide as the screen, and a card's right border stands where it should.
fn frame_is_whole(model: &Model, size: (u16, u16)) {
    let rows = screen(model, size, 9_500);
    for row in &rows {
        assert_eq!(text::width(row), usize::from(size.0), "{size:?} {row:?}");
    }
    if size.0 >= 80 && size.1 >= 24 {
        let left = rows[3].chars().next();
        assert!(left.is_some_and(|c| "║│#|".contains(c)), "{size:?} {:?}", rows[3]);
        for row in &rows[2..10] {
            assert_eq!(row.chars().last(), left, "{size:?} {row:?}");
        }
    }
}

fn on_console(c: char) -> bool {
    let letter = matches!(c, 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ÿ');
    let drawn = matches!(c, '─' | '│' | '┌' | '┐' | '└' | '┘' | '═' | '║' | '╔' | '╗' | '╚' | '╝' | '╳');
    c.is_ascii() || letter || drawn || "█▀▄░▒▓".contains(c)
}

fn foreign_names() -> Vec<(&'static str, &'static str)> {
    vec![
        ("cjk", "東京都千代田区の長い名前を持つ山田太郎様とそのご家族御一行様とお友達の皆様方と犬"),
        ("rtl", "محمد عبد الرحمن بن عبد العزيز الكبير الفاضل"),
        (
            "marks",
            "\u{202e}Z\u{301}o\u{308}e\u{302} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\x1b[31m van der Wijngaarden-Oosterhuis",
        ),
    ]
}

fn long_named(holder: &str) -> Answer {
    let mut answer = go_note();
    if let Some(ticket) = &mut answer.ticket {
        ticket.holder = Some(holder.to_owned());
        ticket.product = holder.chars().rev().collect();
        ticket.note = Some(holder.repeat(3));
        ticket.order = Some("AN-ORDER-CODE-LONGER-THAN-ANY".to_owned());
    }
    answer.explain.line = holder.repeat(4);
    answer
}
