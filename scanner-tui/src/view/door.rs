//! The door screen: header, verdict, attention, last results, counters, links, keys.
//!
//! Only the division of the area; each part is drawn by its own file. Every row has its
//! place whether or not there is something to say, so nothing jumps under the eyes.

use ratatui::layout::{Constraint, Layout, Rect};

use super::pen::Pen;
use super::{attention, card, counters, header, help, links, results};
use crate::model::{Millis, Model};

/// Rows for attention lines: the two worst, the rest is counted.
const ATTENTION_ROWS: u16 = 2;
/// Rows of last results at the reference size, two a row.
const RESULT_ROWS: u16 = 2;
/// Rows of the panels of the wide layout: a title and nine lines.
const PANEL_ROWS: u16 = 10;

/// The reference layout, from 80×24.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let one = Constraint::Length(1);
    let [top, verdict, attn, last, rule, counts, links, rule2, keys] = Layout::vertical([
        one,
        Constraint::Min(0),
        Constraint::Length(ATTENTION_ROWS),
        Constraint::Length(RESULT_ROWS),
        one,
        one,
        one,
        one,
        one,
    ])
    .areas(area);
    header::draw(pen, model, top, now);
    card::draw(pen, model, verdict, now);
    attention::draw(pen, model, attn, now);
    results::draw_pairs(pen, model, last, now);
    pen.rule(rule);
    counters::draw(pen, model, counts, now);
    links::draw(pen, model, links, now);
    pen.rule(rule2);
    help::bar(pen, model, keys, now);
}

/// The wide layout, from 120×36: log and links beside each other.
pub fn draw_wide(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let one = Constraint::Length(1);
    let [top, verdict, attn, panels, rule, counts, rule2, keys] = Layout::vertical([
        one,
        Constraint::Min(0),
        Constraint::Length(ATTENTION_ROWS),
        Constraint::Length(PANEL_ROWS),
        one,
        one,
        one,
        one,
    ])
    .areas(area);
    let halves = Layout::horizontal([Constraint::Percentage(60), Constraint::Percentage(40)]);
    let [log, links] = halves.areas(panels);
    header::draw(pen, model, top, now);
    card::draw(pen, model, verdict, now);
    attention::draw(pen, model, attn, now);
    results::draw_panel(pen, model, log, now);
    links::draw_panel(pen, model, links, now);
    pen.rule(rule);
    counters::draw(pen, model, counts, now);
    pen.rule(rule2);
    help::bar(pen, model, keys, now);
}
