//! Who was heard when: the other devices, the cloud, the sources of codes.
//!
//! Every entry has an age; what is silent says LAST or NEVER, what does not deliver says
//! LOST. One line at the reference size, a list where there is room. Bar stock is in the list.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use tidegate_core::api::{LinkStatus, SourceStatus, StockStatus};

use super::pen::{Pen, rows};
use crate::model::{CLOUD, Millis, Model, peers};
use crate::text;

/// The links line.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let Some(status) = model.known() else {
        return;
    };
    let dot = format!(" {} ", pen.glyphs().dot);
    let mut others: Vec<&LinkStatus> = peers(status).collect();
    others.sort_by_key(|link| model.is_fresh(link, now)); // the silent ones first: the row may be cut
    let others: Vec<String> = others.into_iter().map(|link| heard(model, link, now)).collect();
    let others = match others.is_empty() {
        true => "No other device on this network".to_owned(),
        false => others.join(&dot),
    };
    let sources = status.sources.iter().map(|source| source_state(source, model, now));
    let sources: Vec<String> = sources.collect();
    let silent = peers(status).any(|link| !model.is_fresh(link, now));
    let (mark, bold) = if silent { ("!", Modifier::BOLD) } else { (" ", Modifier::empty()) };
    let style = dated(model, now).add_modifier(bold);
    pen.ends(area, &format!("{mark}{others}"), &format!("{} ", sources.join(&dot)), style);
}

/// Links, sources and stock one a row, under a title.
pub fn draw_panel(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let Some(status) = model.known() else {
        return;
    };
    let links = status.links.iter().map(|link| link_line(model, link, now));
    let sources = status.sources.iter().map(|source| source_state(source, model, now));
    let stock = status.stock.iter().map(stock_line);
    let style = dated(model, now);
    let mut rows = rows(area);
    if let Some(title) = rows.next() {
        pen.left(title, " Links and sources", style.add_modifier(Modifier::BOLD));
    }
    let lines: Vec<String> = links.chain(sources).chain(stock).collect();
    let room = rows.len();
    for (at, (row, line)) in rows.zip(&lines).enumerate() {
        let hidden = lines.len() - at;
        match at + 1 == room && hidden > 1 {
            true => pen.left(row, &format!(" and {hidden} more"), style),
            false => pen.left(row, &format!(" {line}"), style),
        }
    }
}

/// Dim once it is history.
pub fn dated(model: &Model, now: Millis) -> Style {
    if model.is_live(now) { Style::new() } else { Style::new().add_modifier(Modifier::DIM) }
}

/// A link, when it was heard, and what it has not got.
pub fn link_line(model: &Model, link: &LinkStatus, now: Millis) -> String {
    let heard = heard(model, link, now);
    match link.unsent {
        0 => heard,
        unsent => format!("{heard}  {unsent} unsent"),
    }
}

/// What is left of a product here, and who has most of it elsewhere.
pub fn stock_line(stock: &StockStatus) -> String {
    let product = text::clean(&stock.product);
    let elsewhere =
        stock.elsewhere.as_ref().map(|held| format!("{} at {}", held.units, text::clean(&held.device)));
    let elsewhere = elsewhere.unwrap_or_else(|| format!("{} everywhere", stock.everywhere));
    format!("{product}: {} left here, {elsewhere}", stock.here.max(0))
}

fn heard(model: &Model, link: &LinkStatus, now: Millis) -> String {
    let name = if link.name == CLOUD { "Cloud".to_owned() } else { text::clean(&link.name) };
    match model.heard_ago(link, now) {
        Some(ms) if link.up => format!("{name} heard {} ago", text::age(ms)),
        Some(ms) => format!("{name} LAST heard {} ago", text::age(ms)),
        None => format!("{name} NEVER heard"),
    }
}

fn source_state(source: &SourceStatus, model: &Model, now: Millis) -> String {
    let name = text::clean(&source.name);
    if source.up {
        return format!("{name} {} read", source.reads);
    }
    let since = model.lost_sources.get(&source.name).copied().unwrap_or(now);
    format!("{name} LOST {}", text::age(now.saturating_sub(since)))
}
