//! Every screen and dialog besides the door, as somebody would have reached it.
//!
//! Each is driven there by keys and answers, so a picture of it is a picture of something
//! that can happen.

use scanner_tui::keys::Action;
use scanner_tui::model::Model;
use scanner_tui::model::field::Secret;
use scanner_tui::model::request::{Opened, Reply};
use scanner_tui::theme::Theme;
use scanner_tui::update::UNBIDDEN_MS;
use tidegate_core::api::{Answer, FoundTicket, LogItem, LogPage, StreamMessage};

use super::desk::{ambiguous, card, found, log_item, question, unpaid};
use super::*;

/// When a page is looked at; the status is then this old: fresh.
pub const LOOK: u64 = 20_000;
/// Forty letters, as long as a name gets on a ticket.
pub const FORTY: &str = "Maximiliane von Hohenstaufen-Wittelsbach";
pub const CJK: &str = "東京都千代田区の長い名前を持つ山田太郎様とそのご家族御一行様とお友達の皆様方と犬";
pub const RTL: &str = "محمد عبد الرحمن بن عبد العزيز الكبير الفاضل";

pub fn names() -> [&'static str; 4] {
    ["Maria Santos", FORTY, CJK, RTL]
}

fn start(theme: Theme) -> Model {
    let mut model = live(theme, status(), 1_000);
    said(&mut model, StreamMessage::Status(Box::new(status())), LOOK - 1_000);
    model
}

pub fn matches() -> Vec<FoundTicket> {
    let [maria, forty, cjk, rtl] = names();
    let mut all = vec![
        found("tkt_1", maria, "paid", true),
        found("tkt_2", forty, "paid", false),
        found("tkt_3", cjk, "pending", false),
        found("tkt_4", rtl, "cancelled", false),
    ];
    all[1].ticket.product = "VIP with a very long name of its own, row 7".to_owned();
    all[2].ticket.product = "立見席".to_owned();
    all[3].ticket.holder = None;
    all.push(found("tkt_5", rtl, "paid", false));
    all
}

pub fn find_empty(theme: Theme) -> Model {
    let mut model = start(theme);
    press(&mut model, Action::Find, LOOK - 900);
    model
}

pub fn find_results(theme: Theme) -> Model {
    let mut model = find_empty(theme);
    write(&mut model, "santos", LOOK - 900);
    press(&mut model, Action::Enter, LOOK - 600);
    let asked = sent(&mut model);
    reply(&mut model, &asked, Ok(Reply::Tickets(matches())), LOOK - 590);
    press(&mut model, Action::Down, LOOK - 500);
    model
}

pub fn order(theme: Theme) -> Model {
    let mut model = find_results(theme);
    press(&mut model, Action::Enter, LOOK - 400);
    let asked = sent(&mut model);
    reply(&mut model, &asked, Ok(Reply::Tickets(matches())), LOOK - 390);
    model
}

pub fn party(theme: Theme) -> Model {
    let mut model = order(theme);
    press(&mut model, Action::Party, LOOK - 300);
    press(&mut model, Action::Down, LOOK - 290);
    model
}

pub fn reason(theme: Theme) -> Model {
    let mut model = order(theme);
    press(&mut model, Action::Enter, LOOK - 300);
    press(&mut model, Action::Down, LOOK - 290);
    model
}

pub fn reason_typed(theme: Theme) -> Model {
    let mut model = reason(theme);
    write(&mut model, "her sister vouches for her, whom we know", LOOK - 280);
    model
}

fn items() -> Vec<LogItem> {
    let mut items = vec![
        log_item(40, "admission", "ok"),
        log_item(39, "refusal", "used"),
        log_item(38, "admission", "ok"),
        log_item(37, "annul", "ok"),
        log_item(36, "exit", "ok"),
        log_item(35, "serving", "ok"),
        log_item(34, "restock", "ok"),
    ];
    for (item, name) in items.iter_mut().zip(names().into_iter().cycle()) {
        item.ticket = Some(card("tkt_1", name, "Standing, General"));
    }
    items[0].supervisor = Some("Ana".to_owned());
    items[0].reason = Some("ID matches the ticket".to_owned());
    items[0].staff = Some("Bo".to_owned());
    items[2].undone = true;
    (items[5].product, items[5].units) = (Some("Beer 0.5".to_owned()), Some(2));
    items[6].ticket = None;
    (items[6].product, items[6].units) = (Some("Beer 0.5".to_owned()), Some(48));
    items[6].at = "2026-11-20T10:00:00Z".to_owned();
    items
}

pub fn log(theme: Theme) -> Model {
    let mut model = start(theme);
    press(&mut model, Action::NextScreen, LOOK - 900);
    press(&mut model, Action::NextScreen, LOOK - 890);
    let asked = sent(&mut model);
    let page = LogPage { items: items(), next: Some("dev_a:1:34".to_owned()) };
    reply(&mut model, &asked, Ok(Reply::Log(page)), LOOK - 880);
    press(&mut model, Action::Down, LOOK - 870);
    model
}

pub fn log_filtered(theme: Theme) -> Model {
    let mut model = log(theme);
    press(&mut model, Action::Left, LOOK - 800);
    write(&mut model, "ana", LOOK - 790);
    update(&mut model, Message::Time, LOOK - 300);
    for asked in model.requests.take() {
        let page = LogPage { items: items()[..1].to_vec(), next: None };
        reply(&mut model, &asked, Ok(Reply::Log(page)), LOOK - 290);
    }
    model
}

pub fn log_history(theme: Theme) -> Model {
    let mut model = log(theme);
    press(&mut model, Action::Up, LOOK - 800);
    press(&mut model, Action::Enter, LOOK - 790);
    let asked = sent(&mut model);
    let page = LogPage { items: items()[..4].to_vec(), next: None };
    reply(&mut model, &asked, Ok(Reply::Log(page)), LOOK - 780);
    model
}

fn asking(theme: Theme, answer: Answer) -> Model {
    let mut model = start(theme);
    answered(&mut model, answer, LOOK - 1_000 - UNBIDDEN_MS);
    said(&mut model, StreamMessage::Status(Box::new(status())), LOOK - 1_000);
    model
}

pub fn ask_questions(theme: Theme) -> Model {
    let mut model = asking(theme, question());
    write(&mut model, "XL", LOOK - 900);
    press(&mut model, Action::Enter, LOOK - 500);
    model
}

pub fn ask_with_a_verdict(theme: Theme) -> Model {
    let mut model = asking(theme, question());
    answered(&mut model, used(), LOOK - 500);
    model
}

pub fn ask_missing(theme: Theme) -> Model {
    let mut model = asking(theme, question());
    press(&mut model, Action::Enter, LOOK - 500);
    press(&mut model, Action::Enter, LOOK - 490);
    model
}

pub fn ask_unpaid(theme: Theme) -> Model {
    asking(theme, unpaid())
}

pub fn ask_choice(theme: Theme) -> Model {
    asking(theme, ambiguous())
}

pub fn sign_in(theme: Theme) -> Model {
    let mut model = start(theme);
    answered(&mut model, used(), LOOK - 900);
    press(&mut model, Action::Supervisor, LOOK - 800);
    write(&mut model, "Ana", LOOK - 790);
    press(&mut model, Action::Enter, LOOK - 300);
    write(&mut model, "135790", LOOK - 290);
    model
}

pub fn overrule(theme: Theme) -> Model {
    let mut model = sign_in(theme);
    press(&mut model, Action::Enter, LOOK + 500);
    let asked = sent(&mut model);
    let opened =
        Opened { session: Secret::of("open"), expires_in_s: 120, name: "Ana".to_owned(), may_override: true };
    reply(&mut model, &asked, Ok(Reply::Opened(opened)), LOOK + 510);
    model
}

pub fn duty(theme: Theme) -> Model {
    let mut model = start(theme);
    let on_duty = Status { staff: Some("Bo".to_owned()), ..status() };
    said(&mut model, StreamMessage::Status(Box::new(on_duty)), LOOK - 900);
    press(&mut model, Action::Duty, LOOK - 800);
    model
}

fn books(theme: Theme, status: Status, found: bool) -> Model {
    let mut model = live(theme, status.clone(), 1_000);
    said(&mut model, StreamMessage::Status(Box::new(status)), LOOK - 1_000);
    press(&mut model, Action::Sync, LOOK - 900);
    for asked in model.requests.take() {
        let answered = match (&asked.request, found) {
            (Request::Conflicts, true) => Reply::Conflicts(vec![conflict()]),
            (Request::Conflicts, false) => Reply::Conflicts(Vec::new()),
            (_, true) => Reply::Findings(Box::new(findings())),
            (_, false) => Reply::Findings(Box::default()),
        };
        reply(&mut model, &asked, Ok(answered), LOOK - 890);
    }
    model
}

pub fn sync_quiet(theme: Theme) -> Model {
    books(theme, Status { rights: cut_off().rights, ..status() }, false)
}

pub fn sync_cut_off(theme: Theme) -> Model {
    books(theme, cut_off(), true)
}

pub fn sync_finding(theme: Theme) -> Model {
    let mut model = sync_cut_off(theme);
    press(&mut model, Action::Down, LOOK - 800);
    model
}

pub type Page = (&'static str, fn(Theme) -> Model);

/// Every page by its name.
pub const PAGES: [Page; 20] = [
    ("find_empty", find_empty),
    ("find_results", find_results),
    ("order", order),
    ("party", party),
    ("reason", reason),
    ("reason_typed", reason_typed),
    ("log", log),
    ("log_filtered", log_filtered),
    ("log_history", log_history),
    ("ask_questions", ask_questions),
    ("ask_with_a_verdict", ask_with_a_verdict),
    ("ask_missing", ask_missing),
    ("ask_unpaid", ask_unpaid),
    ("ask_choice", ask_choice),
    ("sign_in", sign_in),
    ("overrule", overrule),
    ("duty", duty),
    ("sync_quiet", sync_quiet),
    ("sync_cut_off", sync_cut_off),
    ("sync_finding", sync_finding),
];
