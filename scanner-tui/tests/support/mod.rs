//! A venue for tests: one evening at Gate A, with every answer it can give.
//!
//! Values only, all fixed; each test changes what it is about. Not every test file uses
//! every value.
#![allow(dead_code)]

pub mod agent;
pub mod desk;
pub mod pages;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Style};
use scanner_tui::keys::Action;
use scanner_tui::link::News;
use scanner_tui::model::request::{Replied, Request, Sent};
use scanner_tui::model::typed::HOLD_MS;
use scanner_tui::model::{Millis, Model, Options};
use scanner_tui::theme::glyphs::GlyphSet;
use scanner_tui::theme::{Depth, Theme};
use scanner_tui::update::{Command, Message, update};
use scanner_tui::view;
use tidegate_core::api::{
    Answer, ConflictReport, ConflictSide, CreditChange, Deficit, Direction, Explanation, Exposure, Finding,
    Findings, Held, Limits, LinkStatus, RightsStatus, Silent, SourceStatus, Status, StockStatus, StreamMessage,
    TicketCard, UsedAt, Verdict,
};
use unicode_width::UnicodeWidthStr;

pub const UNICODE: Theme = Theme { depth: Depth::True, set: GlyphSet::Unicode };

pub fn options(theme: Theme) -> Options {
    Options { agent: "http://127.0.0.1:7420".to_owned(), readonly: false, sound: true, theme }
}

pub fn status() -> Status {
    Status {
        event: "Autumn Ball".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        device: "Gate A".to_owned(),
        role: "gate".to_owned(),
        staff: None,
        list: "Main hall".to_owned(),
        state: "ready".to_owned(),
        now: "2026-11-21T20:40:07Z".to_owned(),
        clock: "trusted".to_owned(),
        inside: 769,
        capacity: Some(1_200),
        admitted: 812,
        exits: 43,
        refused: 9,
        served: 0,
        conflicts: 0,
        per_minute: vec![2, 4, 6, 9, 11, 8, 13, 12, 10, 14],
        to_upload: 48,
        tickets: 1_400,
        indexing: false,
        replica_age_ms: Some(720_000),
        links: vec![
            link("cloud", false, Some(720_000), 48),
            link("Gate B", true, Some(4_000), 0),
            link("Gate C", true, Some(2_000), 0),
        ],
        sources: vec![SourceStatus {
            steps: Default::default(),
            name: "camera:0".to_owned(),
            up: true,
            error: None,
            frames: 40_210,
            reads: 812,
            ..SourceStatus::default()
        }],
        ..Status::default()
    }
}

pub fn link(name: &str, up: bool, heard_ms_ago: Option<u64>, unsent: u64) -> LinkStatus {
    LinkStatus { name: name.to_owned(), up, heard_ms_ago, unsent }
}

pub fn answer(verdict: Verdict, code: &str, line: &str) -> Answer {
    Answer {
        verdict,
        code: code.to_owned(),
        explain: Explanation { line: line.to_owned(), ..Explanation::default() },
        entry: Some("dev_a:1:812".to_owned()),
        ticket: Some(TicketCard {
            id: "tkt_1".to_owned(),
            product: "Standing, General".to_owned(),
            holder: Some("Maria Santos".to_owned()),
            order: Some("K7Q2M-1".to_owned()),
            note: None,
        }),
        admitted_ticket: None,
        direction: Direction::Entry,
        list: "Main hall".to_owned(),
        gate: Some("Gate A".to_owned()),
        at: "2026-11-21T20:40:03Z".to_owned(),
        used: None,
        questions: Vec::new(),
        choices: Vec::new(),
        credits: Vec::new(),
        overridden: false,
        repeated: false,
    }
}

pub fn go() -> Answer {
    answer(Verdict::Admit, "ok", "")
}

pub fn go_note() -> Answer {
    let mut answer = go();
    if let Some(ticket) = &mut answer.ticket {
        ticket.note = Some("Blue wristband. Step-free route: ramp on the right".to_owned());
    }
    answer.explain.say = "¡Bienvenida, María!".to_owned();
    answer
}

pub fn used() -> Answer {
    let mut answer = answer(Verdict::Refuse, "used", "Came in at 20:14 by Gate B");
    answer.explain.action = "Compare name and ID; a supervisor can admit".to_owned();
    answer.explain.say = "This ticket came in at 20:14 by the other door.".to_owned();
    answer.used = Some(UsedAt {
        device: "Gate B".to_owned(),
        gate: Some("Gate B".to_owned()),
        at: "2026-11-21T19:14:00Z".to_owned(),
    });
    answer
}

pub fn no() -> Answer {
    let mut answer = answer(Verdict::Refuse, "forged", "Signature wrong: not issued by us");
    answer.ticket = None;
    answer.explain.action = "Keep the guest, call a supervisor".to_owned();
    answer.explain.say = "Let me get a colleague.".to_owned();
    answer
}

pub fn ask() -> Answer {
    let mut answer = answer(Verdict::Ask, "question", "Age 18+ has to be seen");
    answer.explain.action = "Look at the ID".to_owned();
    answer
}

pub fn limit() -> Answer {
    let mut answer =
        answer(Verdict::Refuse, "limit", "50 admissions that nobody else knows of: this device is at its limit");
    answer.explain.action = "Connect this device, or let a supervisor decide".to_owned();
    answer.explain.say = "Please use the next entrance.".to_owned();
    answer
}

pub fn full() -> Answer {
    let mut answer = answer(Verdict::Refuse, "full", "Main hall is full: 1200 of 1200");
    answer.explain.action = "Ask to wait; one out, one in".to_owned();
    answer.explain.say = "It is full just now. Please wait here.".to_owned();
    answer
}

pub fn out() -> Answer {
    let mut answer = answer(Verdict::Exit, "ok", "");
    answer.direction = Direction::Exit;
    answer
}

pub fn unknown() -> Answer {
    let mut answer = answer(Verdict::Refuse, "not_a_ticket", "That is a web link, not a ticket");
    answer.ticket = None;
    answer.entry = None;
    answer
}

pub fn annulled() -> Answer {
    let mut answer = answer(Verdict::Annulled, "ok", "Entry of 21:40:03 taken back");
    answer.entry = Some("dev_a:1:813".to_owned());
    answer
}

pub fn served() -> Answer {
    let mut answer = answer(Verdict::Serve, "ok", "");
    let credit = |product: &str, before, after| CreditChange { product: product.to_owned(), before, after };
    answer.credits = vec![credit("Beer 0.5", 6, 2), credit("Food", 1, 1)];
    answer
}

pub fn conflict() -> ConflictReport {
    let side = |device: &str, at: &str| ConflictSide {
        entry: format!("dev_{device}:1:7"),
        device: device.to_owned(),
        gate: None,
        at: at.to_owned(),
        uncertain_ms: Some(40),
    };
    ConflictReport {
        kind: "entry".to_owned(),
        ticket: "tkt_77".to_owned(),
        subject: "Main hall".to_owned(),
        holder: Some("Maria Santos".to_owned()),
        units: 1,
        excess: side("Gate B", "2026-11-21T20:39:58Z"),
        against: Some(side("Gate A", "2026-11-21T20:39:40Z")),
    }
}

/// A device with two histories, and an entry that nobody there may write.
pub fn findings() -> Findings {
    let fork = Finding {
        kind: "fork".to_owned(),
        code: "fork".to_owned(),
        what: "Bar South wrote two histories after its entry 12".to_owned(),
        action: "Stop that device and look for its copy: a card, an image, a machine that was cloned".to_owned(),
        device: Some("Bar South".to_owned()),
        ..Finding::default()
    };
    let no_effect = Finding {
        kind: "no_effect".to_owned(),
        code: "not_allowed".to_owned(),
        what: "restock of Gate C may not be written by that device".to_owned(),
        action: "It is kept and has no effect; ask whoever had the device".to_owned(),
        ..Finding::default()
    };
    Findings { no_effect: 1, forks: 1, items: vec![fork, no_effect], ..Findings::default() }
}

/// Nobody has been heard for minutes, and people came in and drank.
pub fn cut_off() -> Status {
    let heard = |name: &str, role: &str, ms: Option<u64>| Silent {
        device: name.to_owned(),
        role: role.to_owned(),
        heard_ms_ago: ms,
        newest_at: Some("2026-11-21T20:36:10Z".to_owned()),
    };
    let exposure = Exposure {
        cut_off: true,
        unsynced: 51,
        unverified: 44,
        double_entries: 88,
        double_servings: 9,
        doors: 2,
        bars: 1,
        entries_ahead: 431,
        servings_ahead: 40,
        silent: vec![heard("Gate C", "gate", None), heard("Gate B", "gate", Some(240_000))],
        limits: Limits {
            oldest_update_s: Some(7_200),
            unverified_soft: Some(40),
            unverified_hard: Some(50),
            share_percent: Some(50),
        },
    };
    let stock = |product: &str, here, everywhere, elsewhere: Option<(&str, i64)>| StockStatus {
        product: product.to_owned(),
        here,
        everywhere,
        elsewhere: elsewhere.map(|(device, units)| Held { device: device.to_owned(), units }),
    };
    let deficit = Deficit { of: "Beer 0.5".to_owned(), device: "Bar South".to_owned(), units: 3 };
    Status {
        links: vec![
            link("cloud", false, Some(720_000), 51),
            link("Gate B", false, Some(240_000), 51),
            link("Bar South", false, Some(182_000), 51),
        ],
        conflicts: 1,
        findings: 2,
        occupied: Some(781),
        room_here: Some(12),
        exposure,
        rights: RightsStatus {
            state: "ok".to_owned(),
            lease_until: Some("2026-11-22T16:00:00Z".to_owned()),
            incarnation: 1,
        },
        deficits: vec![deficit],
        stock: vec![
            stock("Beer 0.5", 12, 52, Some(("North", 40))),
            stock("Cider", 0, 7, Some(("North", 7))),
            stock("Water", 80, 80, None),
        ],
        ..status()
    }
}

/// A screen that is connected and has heard a status at `now`.
pub fn live(theme: Theme, status: Status, now: Millis) -> Model {
    let mut model = Model::new(options(theme));
    update(&mut model, Message::Link(News::Connected), now);
    said(&mut model, StreamMessage::Status(Box::new(status)), now);
    model
}

pub fn said(model: &mut Model, message: StreamMessage, now: Millis) -> Option<Command> {
    update(model, Message::Link(News::Said(Box::new(message))), now)
}

pub fn answered(model: &mut Model, answer: Answer, now: Millis) -> Option<Command> {
    said(model, StreamMessage::Answer(Box::new(answer)), now)
}

pub fn press(model: &mut Model, action: Action, now: Millis) -> Option<Command> {
    update(model, Message::Pressed(action), now)
}

/// Types as a person does, and waits until it is taken for that.
pub fn write(model: &mut Model, text: &str, now: Millis) {
    for c in text.chars() {
        update(model, Message::Typed(c), now);
        update(model, Message::Time, now + HOLD_MS + 1);
    }
}

/// Types as a scanner does; the burst is whole afterwards.
pub fn burst(model: &mut Model, code: &str, gap: Millis, now: Millis) -> Millis {
    let mut at = now;
    for c in code.chars() {
        assert_eq!(update(model, Message::Typed(c), at), None);
        at += gap;
    }
    at - gap
}

/// What was asked of the agent since last looked.
pub fn asked(model: &mut Model) -> Vec<Request> {
    model.requests.take().into_iter().map(|sent| sent.request).collect()
}

/// The one request that was sent since last looked.
pub fn sent(model: &mut Model) -> Sent {
    let mut sent = model.requests.take();
    assert_eq!(sent.len(), 1, "{sent:?}");
    sent.remove(0)
}

pub fn reply(model: &mut Model, sent: &Sent, replied: Replied, now: Millis) -> Option<Command> {
    update(model, Message::Replied { id: sent.id, replied }, now)
}

pub fn buffer(model: &Model, (wide, high): (u16, u16), now: Millis) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(wide, high)).expect("a buffer is always there");
    terminal.draw(|frame| view::draw(frame, model, now)).expect("a buffer takes everything");
    terminal.backend().buffer().clone()
}

/// The rows as a person sees them.
pub fn screen(model: &Model, size: (u16, u16), now: Millis) -> Vec<String> {
    let buffer = buffer(model, size, now);
    (0..size.1).map(|y| row(&buffer, y)).collect()
}

/// The screen, then which styles each row has.
pub fn picture(model: &Model, size: (u16, u16), now: Millis) -> String {
    let buffer = buffer(model, size, now);
    let rows: Vec<String> = (0..size.1).map(|y| row(&buffer, y).trim_end().to_owned()).collect();
    format!("{}\n\n{}", rows.join("\n"), styles(&buffer))
}

fn row(buffer: &Buffer, y: u16) -> String {
    let mut text = String::new();
    let mut x = 0;
    while x < buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        text.push_str(symbol);
        x += u16::try_from(symbol.width().max(1)).expect("a sign is narrow");
    }
    text
}

fn styles(buffer: &Buffer) -> String {
    let mut groups: Vec<(u16, u16, String)> = Vec::new();
    for y in 0..buffer.area.height {
        let style = row_styles(buffer, y);
        match groups.last_mut() {
            Some((_, last, known)) if *known == style => *last = y,
            _ => groups.push((y, y, style)),
        }
    }
    let lines: Vec<String> = groups
        .into_iter()
        .filter(|(_, _, style)| style != "plain")
        .map(|(from, to, style)| format!("rows {from}-{to}: {style}"))
        .collect();
    lines.join("\n")
}

fn row_styles(buffer: &Buffer, y: u16) -> String {
    let mut told: Vec<String> = Vec::new();
    for x in 0..buffer.area.width {
        let style = style_name(buffer[(x, y)].style());
        if !told.contains(&style) {
            told.push(style);
        }
    }
    told.join(", ")
}

fn style_name(style: Style) -> String {
    let color = |color: Option<Color>| color.filter(|c| *c != Color::Reset).map(|c| c.to_string());
    let ground = color(style.bg).map(|ground| format!("on {ground}"));
    let modifiers = (!style.add_modifier.is_empty()).then(|| format!("{:?}", style.add_modifier));
    let parts: Vec<String> = [color(style.fg), ground, modifiers].into_iter().flatten().collect();
    if parts.is_empty() { "plain".to_owned() } else { parts.join(" ") }
}
