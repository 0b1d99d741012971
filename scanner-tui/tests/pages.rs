//! Find, Log and the dialogs as they look, one snapshot file a page and size.
//!
//! Besides the snapshots, laws that hold on every page at every size: nothing overflows,
//! `vt` and `ascii` keep to their signs, a PIN is never shown, and the way out is on the bar.

mod support;

use scanner_tui::keys::Action;
use scanner_tui::model::Options;
use scanner_tui::text;
use scanner_tui::theme::glyphs::GlyphSet;
use scanner_tui::theme::{Depth, Theme};
use scanner_tui::update::next_change;
use support::pages::{LOOK, PAGES, find_results, log, order, overrule, reason, sync_cut_off};
use support::*;

const SIZES: [(u16, u16); 3] = [(40, 12), (80, 24), (120, 36)];
const ODD_SIZES: [(u16, u16); 6] = [(60, 30), (79, 24), (200, 60), (41, 13), (20, 5), (1, 1)];

/// A set and the signs it keeps to.
type Signs = (GlyphSet, fn(char) -> bool);

fn theme(depth: Depth, set: GlyphSet) -> Theme {
    Theme { depth, set }
}

#[test]
fn each_page_looks_like_its_snapshot_at_each_size() {
    for (name, page) in PAGES {
        let model = page(UNICODE);
        for (wide, high) in SIZES {
            insta::assert_snapshot!(format!("{name}_{wide}x{high}"), picture(&model, (wide, high), LOOK + 600));
        }
    }
}

#[test]
fn pages_keep_their_meaning_without_colour_and_with_fewer_signs() {
    let pages: [support::pages::Page; 6] = [
        ("find_results", find_results),
        ("order", order),
        ("log", log),
        ("ask_questions", support::pages::ask_questions),
        ("overrule", overrule),
        ("sync_cut_off", sync_cut_off),
    ];
    for (name, page) in pages {
        for (kind, set) in [("vt", GlyphSet::Vt), ("ascii", GlyphSet::Ascii)] {
            let model = page(theme(Depth::Plain, set));
            insta::assert_snapshot!(format!("{kind}_{name}"), picture(&model, (80, 24), LOOK + 600));
        }
    }
}

#[test]
fn each_place_has_its_own_help() {
    for (name, page) in [
        ("find", find_results as fn(Theme) -> _),
        ("order", order),
        ("reason", reason),
        ("log", log),
        ("sync", sync_cut_off),
    ] {
        let mut model = page(UNICODE);
        press(&mut model, Action::Help, LOOK + 500);
        insta::assert_snapshot!(format!("help_{name}"), picture(&model, (80, 24), LOOK + 600));
    }
}

#[test]
fn a_readonly_order_can_be_looked_at_and_no_more() {
    let mut model = order(UNICODE);
    model.options = Options { readonly: true, ..model.options };
    insta::assert_snapshot!("order_readonly", picture(&model, (80, 24), LOOK + 600));
}

#[test]
fn nothing_overflows_and_every_set_keeps_to_its_signs() {
    let sets: [Signs; 3] =
        [(GlyphSet::Unicode, |_| true), (GlyphSet::Vt, on_console), (GlyphSet::Ascii, |c| c.is_ascii())];
    for (name, page) in PAGES {
        for (set, allowed) in sets {
            for depth in [Depth::True, Depth::Plain] {
                let model = page(theme(depth, set));
                for size in SIZES.into_iter().chain(ODD_SIZES) {
                    for row in screen(&model, size, LOOK + 600) {
                        assert_eq!(text::width(&row), usize::from(size.0), "{name} {size:?} {row:?}");
                        let foreign: String = row.chars().filter(|c| !allowed(*c)).collect();
                        assert!(foreign.is_empty(), "{name} {set:?} {size:?}: {foreign:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_way_out_is_on_every_bar_and_a_pin_on_no_screen() {
    for (name, page) in PAGES {
        for size in SIZES {
            let rows = screen(&page(UNICODE), size, LOOK + 600);
            let bar = rows.last().expect("a screen has rows");
            assert!(bar.contains("Esc"), "{name} {size:?}: {bar:?}");
            assert!(!rows.concat().contains("1357"), "{name} {size:?}");
        }
    }
}

#[test]
fn what_time_alone_changes_on_a_page_is_announced_to_the_loop() {
    for (name, page) in PAGES {
        let model = page(UNICODE);
        let mut now = LOOK + 600;
        while now < LOOK + 9_000 {
            let next = next_change(&model, now);
            assert!(next > now, "{name}");
            let (before, after) = (buffer(&model, (80, 24), now), buffer(&model, (80, 24), next - 1));
            assert_eq!(before, after, "{name}: {now}..{next}");
            now = next;
        }
    }
}

fn on_console(c: char) -> bool {
    let letter = matches!(c, 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ÿ');
    let drawn = matches!(c, '─' | '│' | '┌' | '┐' | '└' | '┘' | '═' | '║' | '╔' | '╗' | '╚' | '╝' | '╳');
    c.is_ascii() || letter || drawn || "█▀▄░▒▓".contains(c)
}
