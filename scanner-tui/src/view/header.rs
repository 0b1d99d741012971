//! The header: which door, who is on duty, which event, what time, which links.
//!
//! Its colour is the worst state of the door, its first cell says the same without
//! colour. The clock is the agent's, in the venue's zone, because it is the agent's
//! clock that decides about windows.

use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use tidegate_core::api::{LinkStatus, Status};

use super::pen::Pen;
use crate::model::{Contact, Millis, Model, cloud, peers};
use crate::theme::Role;
use crate::{text, words};

/// Draws the header on the first row of the area.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let role = model.strip(now);
    let style = pen.style(role);
    pen.paint(area, style);
    let right = match supervisor(model, now) {
        Some(supervisor) => format!("{supervisor}  {}", right(model, now)),
        None => right(model, now),
    };
    let room = area.width.saturating_sub(pen.width(&right) + 3);
    let left = match model.known() {
        Some(status) => left(pen, model, status, room, now),
        None => text::clean(&model.options.agent),
    };
    let mark = match role {
        Role::Deny => "X",
        Role::Attn => "!",
        Role::Admit | Role::Used | Role::Neutral | Role::Quiet => " ",
    };
    pen.ends(area, &format!("{mark}{left}"), &format!("{right} "), style);
}

/// The supervisor's time left: `SUPER 1:58`.
pub fn supervisor(model: &Model, now: Millis) -> Option<String> {
    let left = model.session.as_ref()?.seconds_left(now)?;
    Some(format!("SUPER {}:{:02}", left / 60, left % 60))
}

/// Clock and links; while the agent is not reached, only that.
pub fn right(model: &Model, now: Millis) -> String {
    match (model.contact(now), model.known()) {
        (Contact::Lost { for_ms, .. }, _) => format!("AGENT NOT REACHED {}", text::age(for_ms)),
        (Contact::Starting, _) | (Contact::Live, None) => "CONNECTING".to_owned(),
        (Contact::Live, Some(status)) => format!(
            "{}  LOCAL {}  CLOUD {}",
            clock(model, status, now),
            local(model, status, now),
            cloud_state(model, status, now)
        ),
    }
}

fn clock(model: &Model, status: &Status, now: Millis) -> String {
    let Some(at) = model.agent_now(now) else {
        return "--:--:--".to_owned();
    };
    let unknown = model.zone == TimeZone::UTC && status.timezone != "UTC";
    let zone = if unknown { " UTC" } else { "" };
    format!("{}{zone}", words::clock_at(at, &model.zone))
}

fn local(model: &Model, status: &Status, now: Millis) -> String {
    let all = peers(status).count();
    let fresh = peers(status).filter(|link| model.is_fresh(link, now)).count();
    match all {
        0 => "alone".to_owned(),
        all if all == fresh => "ok".to_owned(),
        all => format!("{fresh}/{all}"),
    }
}

fn cloud_state(model: &Model, status: &Status, now: Millis) -> String {
    let age = |link: &LinkStatus| model.heard_ago(link, now).map(text::short_age);
    match cloud(status) {
        None => "none".to_owned(),
        Some(link) if link.up => "ok".to_owned(),
        Some(link) => age(link).map_or("off".to_owned(), |age| format!("off {age}")),
    }
}

/// Device, list and who is on duty, then event and day; the event's name is cut first.
fn left(pen: &Pen, model: &Model, status: &Status, room: u16, now: Millis) -> String {
    let dot = pen.glyphs().dot;
    let staff = status.staff.as_deref().unwrap_or_default();
    let place = [&status.device, &status.list, staff].map(text::clean);
    let place: Vec<String> = place.into_iter().filter(|part| !part.is_empty()).collect();
    let place = pen.fit(&place.join(&format!(" {dot} ")), room);
    let day = model.agent_now(now).map(|at| words::day(at, &model.zone));
    let day = day.map_or(String::new(), |day| format!(" {dot} {day}"));
    let left = room.saturating_sub(pen.width(&place) + pen.width(&day) + 2);
    let event = pen.fit(&text::clean(&status.event), left);
    match event.as_str() {
        "" => place,
        event => format!("{place}  {event}{day}"),
    }
}
