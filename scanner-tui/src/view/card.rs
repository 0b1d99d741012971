//! The card: the verdict in front of the guest, or why there is none.
//!
//! Word, sign, border and colour say the same. Without colour the fill does. Kept true:
//! a verdict is drawn only while the agent is heard; what is not reached, starting or
//! withdrawn says so in the place where the verdict would be.

mod lines;

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use tidegate_core::api::{Answer, Direction, Verdict};

use super::DOOR;
use super::pen::{Pen, inset_left, rows};
use crate::link::fault::Fault;
use crate::model::attention::state;
use crate::model::card::{Card, Phase, TIME_STEPS};
use crate::model::{Contact, Millis, Model};
use crate::theme::{Role, font};
use crate::{text, words};

/// From this many rows inside, the largest letters leave room for the reason.
const TALL: u16 = 16;
/// Cells between the big word and its meaning.
const BESIDE: u16 = 3;

/// Draws the card.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    match model.contact(now) {
        Contact::Lost { for_ms, fault } => not_reached(pen, model, area, for_ms, &fault),
        Contact::Starting => connecting(pen, model, area),
        Contact::Live => match &model.card {
            Some(card) if card.phase(now) != Phase::Over => verdict(pen, model, card, area, now),
            Some(_) | None => idle(pen, model, area, now),
        },
    }
}

fn not_reached(pen: &mut Pen, model: &Model, area: Rect, for_ms: Millis, fault: &Fault) {
    let lines = [
        format!("AGENT NOT REACHED  {}", text::age(for_ms)),
        String::new(),
        format!("{}: {fault} ({})", text::clean(&model.options.agent), fault.code()),
        format!("Do: {}", fault.remedy()),
        String::new(),
        "Nothing here is live. The agent may still be admitting.".to_owned(),
    ];
    notice(pen, area, Role::Neutral, &lines);
}

fn connecting(pen: &mut Pen, model: &Model, area: Rect) {
    let agent = text::clean(&model.options.agent);
    notice(pen, area, Role::Quiet, &["CONNECTING".to_owned(), agent]);
}

fn idle(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let trouble = model.known().and_then(state).or_else(|| model.no_source(now));
    match (trouble, model.known()) {
        (Some(trouble), _) => {
            let (what, action) = trouble.text.split_once(": ").unwrap_or((&trouble.text, ""));
            notice(pen, area, trouble.role, &[what.to_owned(), capital(action)]);
        }
        (None, Some(status)) => {
            let list = text::clean(&status.list);
            let lines = ["Ready".to_owned(), list, String::new(), last(model, area)];
            notice(pen, area, Role::Quiet, &lines);
        }
        (None, None) => connecting(pen, model, area),
    }
}

/// The last result, where no list of them stands below.
fn last(model: &Model, area: Rect) -> String {
    match model.log.newest().next() {
        Some(entry) if area.width < DOOR.0 => {
            let at = words::clock(&entry.answer.at, &model.zone);
            format!("{at} {} {}", entry.face.word(), words::who(&entry.answer))
        }
        Some(_) | None => String::new(),
    }
}

fn capital(sentence: &str) -> String {
    let mut rest = sentence.chars();
    rest.next().map_or(String::new(), |first| first.to_uppercase().chain(rest).collect())
}

/// Lines in the middle of a card of one colour, the first one bold.
fn notice(pen: &mut Pen, area: Rect, role: Role, lines: &[String]) {
    let style = pen.style(role);
    pen.fill(area, " ", style);
    let inner = pen.frame(area, pen.glyphs().single, style);
    let wide = usize::from(inner.width.saturating_sub(2));
    let mut wrapped = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let bold = if at == 0 { Modifier::BOLD } else { Modifier::empty() };
        let most = usize::from(inner.height);
        let pieces = text::wrap(line, wide, most, pen.glyphs().cut);
        let pieces = if pieces.is_empty() { vec![String::new()] } else { pieces };
        wrapped.extend(pieces.into_iter().map(|piece| (piece, style.add_modifier(bold))));
    }
    let before = usize::from(inner.height).saturating_sub(wrapped.len()) / 2;
    for (row, (line, style)) in rows(inner).skip(before).zip(wrapped) {
        pen.middle(row, &line, style);
    }
}

fn verdict(pen: &mut Pen, model: &Model, card: &Card, area: Rect, now: Millis) {
    let role = card.face.role();
    let coloured = card.coloured(now);
    let style = if coloured { pen.style(role) } else { Style::new() };
    let fill = if coloured { fill(pen, role) } else { None };
    let ground = if fill.is_some() { Style::new() } else { base(pen, style, role) };
    pen.fill(area, fill.unwrap_or(" "), ground);
    let set = if role == Role::Admit { pen.glyphs().double } else { pen.glyphs().single };
    let inner = pen.frame(area, set, ground);
    bottom(pen, model, card, area, ground, now);
    let body = Body { style, ground, filled: fill.is_some() };
    draw_body(pen, card, inner, body);
}

/// How the body of a verdict is drawn.
#[derive(Clone, Copy)]
struct Body {
    style: Style,
    ground: Style,
    filled: bool,
}

/// Without colour the ground of a yes stays clear too: its double frame is its shape.
fn base(pen: &Pen, style: Style, role: Role) -> Style {
    match role {
        Role::Admit if pen.theme.fills() => Style::new(),
        Role::Admit | Role::Used | Role::Deny | Role::Attn | Role::Neutral | Role::Quiet => style,
    }
}

fn fill(pen: &Pen, role: Role) -> Option<&'static str> {
    let glyphs = pen.glyphs();
    match role {
        _ if !pen.theme.fills() => None,
        Role::Deny => Some(glyphs.fill_deny),
        Role::Used => Some(glyphs.fill_used),
        Role::Attn => Some(glyphs.fill_attn),
        Role::Admit | Role::Neutral | Role::Quiet => None,
    }
}

fn draw_body(pen: &mut Pen, card: &Card, inner: Rect, body: Body) {
    let lines = lines::of(pen, card);
    let word = card.face.word();
    let most = inner.height.saturating_sub(u16::try_from(lines.len()).unwrap_or(inner.height));
    let high = match inner.height {
        height if height >= TALL => most,
        _ => most.min(font::ROWS),
    };
    let pixel = font::size(word, inner.width, high.max(font::ROWS).min(inner.height));
    let big = pixel.map_or(1, |pixel| font::ROWS * pixel.high);
    let spare = inner.height.saturating_sub(big + u16::try_from(lines.len()).unwrap_or(0));
    let above = u16::from(spare >= 2);
    let [_, word_area, rest] = split(inner, above, big);
    match pixel {
        Some(pixel) => big_word(pen, card, pixel, word_area, body),
        None => pen.middle(word_area, word, body.style.add_modifier(Modifier::BOLD)),
    }
    let gap = u16::from(spare >= 1);
    let rest = Rect { y: rest.y + gap, height: rest.height.saturating_sub(gap), ..rest };
    lines::draw(pen, lines, rest, body.style, body.filled);
}

fn split(inner: Rect, above: u16, big: u16) -> [Rect; 3] {
    let big = big.min(inner.height.saturating_sub(above));
    let top = Rect { height: above, ..inner };
    let word = Rect { y: inner.y + above, height: big, ..inner };
    let used = above + big;
    let rest = Rect { y: inner.y + used, height: inner.height - used, ..inner };
    [top, word, rest]
}

fn big_word(pen: &mut Pen, card: &Card, pixel: font::Pixel, area: Rect, body: Body) {
    let wide = font::cells_across(card.face.word(), pixel).min(area.width);
    let before = (area.width - wide) / 2;
    let word = Rect { x: area.x + before, width: wide, ..area };
    let ink = match pen.theme.fills() {
        true => body.ground.add_modifier(Modifier::BOLD),
        false => body.style,
    };
    let halo = Rect { x: word.x.saturating_sub(2).max(area.x), width: (wide + 4).min(area.width), ..area };
    if body.filled {
        pen.fill(halo, " ", body.ground);
    }
    for (row, line) in rows(word).zip(font::rows(card.face.word(), pixel, pen.glyphs().pixel)) {
        pen.left(row, &line, ink);
    }
    let air = if body.filled { " " } else { "" };
    let sign = card.face.sign(pen.glyphs());
    let meaning = format!("{air}{sign} {}{air}", meaning(card));
    let beside = inset_left(area, before + wide + BESIDE - u16::from(body.filled));
    let beside = Rect { y: area.bottom() - 1, height: 1, ..beside };
    if beside.width >= pen.width(&meaning) {
        pen.left(beside, &meaning, body.style.add_modifier(Modifier::BOLD));
    }
}

/// A yes at a bar is a hand-over, not an entrance.
fn meaning(card: &Card) -> &'static str {
    match card.answer.as_ref().map(|answer| answer.verdict) {
        Some(Verdict::Serve) => "Hand over",
        Some(_) | None => card.face.meaning(),
    }
}

/// The lower border: when and which code, and how long it stays.
fn bottom(pen: &mut Pen, model: &Model, card: &Card, area: Rect, style: Style, now: Millis) {
    let row = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    let inside = Rect { x: row.x + 1, width: row.width.saturating_sub(2), ..row };
    if let Some(answer) = &card.answer {
        let room = inside.width / 2;
        let facts = facts(pen, model, answer);
        pen.left(Rect { width: room, ..inside }, &format!(" {facts} "), style);
    }
    let stays = match card.steps_left(now) {
        None => " next scan or Esc clears ".to_owned(),
        Some(left) => format!(" next scan clears {} ", time_bar(pen, left)),
    };
    let room = inside.width.saturating_sub(inside.width / 2);
    if pen.width(&stays) <= room {
        let right = inset_left(inside, inside.width - pen.width(&stays));
        pen.left(right, &stays, style);
    }
}

fn time_bar(pen: &Pen, left: u64) -> String {
    let on = usize::try_from(left.min(TIME_STEPS)).unwrap_or(0);
    let all = usize::try_from(TIME_STEPS).unwrap_or(0);
    format!("{}{}", pen.glyphs().time_on.repeat(on), pen.glyphs().time_off.repeat(all - on))
}

fn facts(pen: &Pen, model: &Model, answer: &Answer) -> String {
    let mut facts = vec![words::clock(&answer.at, &model.zone)];
    if answer.code != "ok" {
        facts.push(text::clean(&answer.code));
    }
    if answer.direction == Direction::Exit && answer.verdict != Verdict::Exit {
        facts.push("on the way out".to_owned());
    }
    if answer.overridden {
        facts.push("by a supervisor".to_owned());
    }
    if answer.repeated {
        facts.push("answered before".to_owned());
    }
    facts.join(&format!(" {} ", pen.glyphs().dot))
}
