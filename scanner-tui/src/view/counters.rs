//! The numbers of the evening, each with its age.
//!
//! A number that rests on peers which were not heard lately is marked `~`, and the links
//! line says who is silent. While the agent is not reached the line begins with how old it
//! is. Nothing is computed here that an agent counts.

use ratatui::layout::Rect;
use ratatui::style::Style;
use tidegate_core::api::Status;

use super::links::dated;
use super::pen::Pen;
use crate::model::{Millis, Model, SILENCE_MS, peers};
use crate::text;
use crate::theme::Role;

/// Cells of the bar of the house.
const BAR: usize = 11;
/// From this share of the places on, the house is nearly full.
const NEARLY_FULL_PERCENT: i64 = 90;
/// Tried one after another until the line fits; the last one is cut where even it does not.
const ROOMS: [Room; 4] = [
    Room { minutes: 10, bar: BAR, gap: "   " },
    Room { minutes: 6, bar: BAR, gap: "  " },
    Room { minutes: 0, bar: BAR, gap: "  " },
    Room { minutes: 0, bar: 0, gap: "  " },
];

/// How generous the line is.
struct Room {
    minutes: usize,
    bar: usize,
    gap: &'static str,
}

/// The counters line.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let Some(status) = model.known() else {
        return;
    };
    let lines = ROOMS.iter().map(|room| line(pen, model, status, room, now));
    let mut chosen = Vec::new();
    for words in lines {
        chosen = words;
        let wide: u32 = chosen.iter().map(|(word, _)| u32::from(pen.width(word))).sum();
        if wide <= u32::from(area.width) {
            break;
        }
    }
    pen.words(area, &chosen);
}

fn line(pen: &Pen, model: &Model, status: &Status, room: &Room, now: Millis) -> Vec<(String, Style)> {
    let base = dated(model, now);
    let coloured = |role: Role| if model.is_live(now) { pen.style(role) } else { base };
    let house = match house(status) {
        Role::Quiet => base,
        role => coloured(role),
    };
    let mut words = vec![(format!(" {}", old(model, now)), base), (inside(pen, model, status, room, now), house)];
    for told in told(pen, status, room) {
        words.push((format!("{}{told}", room.gap), base));
    }
    if status.conflicts > 0 {
        words.push((room.gap.to_owned(), base));
        words.push((format!("conflicts {}", status.conflicts), coloured(Role::Attn)));
    }
    words
}

fn old(model: &Model, now: Millis) -> String {
    match model.status_age(now) {
        Some(age) if !model.is_live(now) || age > SILENCE_MS => format!("{} AGO ", text::age(age)),
        Some(_) | None => String::new(),
    }
}

fn told(pen: &Pen, status: &Status, room: &Room) -> Vec<String> {
    let per_minute = status.per_minute.last().copied().unwrap_or(0);
    let spark = sparkline(&status.per_minute, room.minutes, pen.glyphs().spark);
    let served = (status.role == "bar").then(|| format!("served {}", status.served));
    [
        Some(format!("{per_minute}/min {spark}").trim_end().to_owned()),
        served,
        Some(format!("refused {}", status.refused)),
        Some(format!("to upload {}", status.to_upload)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn inside(pen: &Pen, model: &Model, status: &Status, room: &Room, now: Millis) -> String {
    let all_heard = peers(status).all(|link| model.is_fresh(link, now));
    let about = if all_heard { "" } else { "~" };
    let count = format!("INSIDE {about}{}", taken(status));
    match status.capacity {
        Some(places) if places > 0 => {
            let bar = bar(pen, taken(status), places, room.bar);
            format!("{count} / {places} {bar}").trim_end().to_owned()
        }
        Some(_) | None => count,
    }
}

fn bar(pen: &Pen, inside: i64, places: i64, cells: usize) -> String {
    let share = inside.clamp(0, places).unsigned_abs();
    let filled = share.saturating_mul(cells as u64) / places.unsigned_abs().max(1);
    let filled = usize::try_from(filled).unwrap_or(cells).min(cells);
    let glyphs = pen.glyphs();
    format!("{}{}", glyphs.bar_on.repeat(filled), glyphs.bar_off.repeat(cells - filled))
}

fn house(status: &Status) -> Role {
    let Some(places) = status.capacity.filter(|places| *places > 0) else {
        return Role::Quiet;
    };
    let percent = taken(status).saturating_mul(100) / places;
    match percent {
        percent if percent >= 100 => Role::Deny,
        percent if percent >= NEARLY_FULL_PERCENT => Role::Used,
        _ => Role::Quiet,
    }
}

/// Places that are taken: by whatever list, where the zone is counted.
fn taken(status: &Status) -> i64 {
    status.occupied.unwrap_or(status.inside)
}

/// The last minutes, the highest of them at full height; no entries at all are a flat line.
fn sparkline(per_minute: &[u32], minutes: usize, heights: &[&str]) -> String {
    let from = per_minute.len().saturating_sub(minutes);
    let shown = &per_minute[from..];
    let most = u64::from(shown.iter().copied().max().unwrap_or(0)).max(1);
    let top = heights.len().saturating_sub(1) as u64;
    shown
        .iter()
        .map(|count| (u64::from(*count) * top).div_ceil(most))
        .filter_map(|height| heights.get(usize::try_from(height).ok()?))
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_minute_has_full_height_and_an_idle_house_is_flat() {
        let heights = ["_", ".", ":", "|"];
        assert_eq!(sparkline(&[0, 1, 10, 5], 10, &heights), "_.|:");
        assert_eq!(sparkline(&[0, 0], 10, &heights), "__");
        assert_eq!(sparkline(&[9, 1, 1], 2, &heights), "||");
        assert_eq!(sparkline(&[], 10, &heights), "");
        assert_eq!(sparkline(&[u32::MAX], 1, &heights), "|");
    }

    #[test]
    fn the_house_is_nearly_full_at_ninety_percent_and_full_at_all_of_it() {
        let role = |inside| house(&Status { inside, capacity: Some(1_200), ..Status::default() });
        assert_eq!([1_079, 1_080, 1_200, 1_300].map(role), [Role::Quiet, Role::Used, Role::Deny, Role::Deny]);
        assert_eq!(house(&Status { inside: 5, ..Status::default() }), Role::Quiet);
    }
}
