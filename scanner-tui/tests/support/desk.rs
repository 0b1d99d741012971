//! The desk of the test agent: guests, orders, log, staff, in the shapes an agent speaks.
//!
//! Small and strict: an unknown field, a missing reason or a repeated key is answered as an
//! agent would. Its law of admission is four fixed tickets, enough to meet every question.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_core::api::{Answer, AskedQuestion, FoundTicket, LogItem, TicketCard, Verdict};

use super::{answer, go, used};

/// A supervisor's name and PIN, and a steward's.
pub const SUPERVISOR: (&str, &str) = ("Ana", "135790");
pub const STEWARD: (&str, &str) = ("Bo", "246802");
/// The steward's badge.
pub const BADGE: &str = "BADGE-0042-BO";

#[derive(Default)]
pub struct Desk {
    inside: BTreeSet<String>,
    keys: BTreeMap<String, Answer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Overriding {
    session: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)] // taken as an agent takes them, whether or not they matter here
struct ScanBody {
    code: Option<String>,
    ticket: Option<String>,
    list: Option<String>,
    direction: Option<String>,
    gate: Option<String>,
    key: Option<String>,
    #[serde(default)]
    confirm_unpaid: bool,
    #[serde(default)]
    answers: BTreeMap<String, String>,
    reason: Option<String>,
    #[serde(rename = "override")]
    overriding: Option<Overriding>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartyBody {
    count: usize,
    reason: String,
    #[allow(dead_code)]
    key: String,
}

/// A ticket of the order `K7Q2M`.
pub fn card(id: &str, holder: &str, product: &str) -> TicketCard {
    TicketCard {
        id: id.to_owned(),
        product: product.to_owned(),
        holder: Some(holder.to_owned()),
        order: Some("K7Q2M".to_owned()),
        note: None,
    }
}

pub fn found(id: &str, holder: &str, status: &str, inside: bool) -> FoundTicket {
    FoundTicket {
        ticket: card(id, holder, "Standing, General"),
        status: status.to_owned(),
        inside,
        entries: inside.into(),
    }
}

pub fn question() -> Answer {
    let mut asks = answer(Verdict::Ask, "question", "Two questions are open");
    asks.questions = vec![
        AskedQuestion { id: "q1".to_owned(), text: "Wristband size".to_owned(), required: true },
        AskedQuestion { id: "q2".to_owned(), text: "Anything we should know?".to_owned(), required: false },
    ];
    asks
}

pub fn unpaid() -> Answer {
    let mut asks = answer(Verdict::Ask, "unpaid", "The order is not paid");
    asks.explain.action = "Take 24.00 EUR, or send to the box office".to_owned();
    asks
}

pub fn ambiguous() -> Answer {
    let mut asks = answer(Verdict::Ask, "ambiguous", "Several add-ons fit");
    asks.choices = vec![card("tkt_7", "Maria Santos", "Workshop A"), card("tkt_8", "Maria Santos", "Workshop B")];
    asks
}

pub fn log_item(n: u64, kind: &str, code: &str) -> LogItem {
    LogItem {
        entry: format!("dev_a:1:{n}"),
        at: format!("2026-11-21T20:39:{:02}Z", n % 60),
        kind: kind.to_owned(),
        code: code.to_owned(),
        device: "Gate A".to_owned(),
        gate: Some("Gate A".to_owned()),
        ticket: Some(card("tkt_1", "Maria Santos", "Standing, General")),
        ..LogItem::default()
    }
}

impl Desk {
    pub fn answer(&mut self, method: &str, target: &str, body: &str) -> (u16, Value) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["tickets"]) => self.find(query),
            ("GET", ["orders", "K7Q2M"]) => (200, json!(self.tickets())),
            ("GET", ["conflicts"]) => (200, json!([super::conflict()])),
            ("GET", ["findings"]) => (200, json!(super::findings())),
            ("POST", ["sync"]) => (200, json!(super::status().links)),
            ("GET", ["log"] | ["tickets", _, "log"]) => log(query),
            ("POST", ["scans"]) => parsed(body).map_or_else(|fault| fault, |body| self.scan(body)),
            ("POST", ["orders", "K7Q2M", "admissions"]) => {
                parsed(body).map_or_else(|fault| fault, |body| self.party(&body))
            }
            ("POST", ["sessions"]) => session(body),
            ("POST", ["duty"]) => duty(body),
            ("DELETE", ["duty"]) => (204, Value::Null),
            (_, _) => problem(404, "not_found", "No such address"),
        }
    }

    fn tickets(&self) -> Vec<FoundTicket> {
        let names = [("tkt_1", "Maria Santos"), ("tkt_2", "José Santos"), ("tkt_3", "Kim Vogt")];
        let ticket = |(id, name): (&str, &str)| found(id, name, "paid", self.inside.contains(id));
        names.into_iter().map(ticket).collect()
    }

    fn find(&self, query: &str) -> (u16, Value) {
        let asked = query.strip_prefix("find=").unwrap_or_default().to_lowercase();
        let named =
            |found: &FoundTicket| found.ticket.holder.as_ref().is_some_and(|h| h.to_lowercase().contains(&asked));
        (200, json!(self.tickets().into_iter().filter(named).collect::<Vec<_>>()))
    }

    fn scan(&mut self, body: ScanBody) -> (u16, Value) {
        let Some(key) = body.key.clone() else { return problem(422, "bad_key", "A screen gives a key") };
        if let Some(known) = self.keys.get(&key) {
            return (200, json!(Answer { repeated: true, ..known.clone() }));
        }
        let subject = match (&body.code, &body.ticket, &body.reason) {
            (Some(code), None, _) => code.clone(),
            (None, Some(ticket), Some(_)) => ticket.clone(),
            (None, Some(_), None) => return problem(422, "reason_needed", "Say why"),
            (_, _, _) => return problem(422, "code_or_ticket", "Give either code or ticket"),
        };
        if body.overriding.as_ref().is_some_and(|o| o.session != "open" || o.reason.is_empty()) {
            return problem(403, "no_session", "No supervisor is signed in with that session");
        }
        let verdict = match subject.as_str() {
            "QUESTION-CODE" if !body.answers.contains_key("q1") => question(),
            "UNPAID-CODE" if !body.confirm_unpaid => unpaid(),
            "AMBIGUOUS-CODE" => ambiguous(),
            id if self.inside.contains(id) && body.overriding.is_none() => used(),
            id => {
                self.inside.insert(id.to_owned());
                Answer { overridden: body.overriding.is_some(), ..go() }
            }
        };
        if verdict.verdict == Verdict::Admit {
            self.keys.insert(key, verdict.clone());
        }
        (200, json!(verdict))
    }

    fn party(&mut self, body: &PartyBody) -> (u16, Value) {
        if body.reason.is_empty() {
            return problem(422, "reason_needed", "Say why");
        }
        let outside: Vec<String> =
            self.tickets().into_iter().filter(|t| !t.inside).map(|t| t.ticket.id).take(body.count).collect();
        let admitted: Vec<Answer> = outside.iter().map(|_| go()).collect();
        self.inside.extend(outside);
        let inside = self.tickets().iter().filter(|t| t.inside).count();
        (200, json!({ "admitted": admitted, "refused": [], "inside": inside, "of": 3 }))
    }
}

fn parsed<T: for<'a> Deserialize<'a>>(body: &str) -> Result<T, (u16, Value)> {
    serde_json::from_str(body).map_err(|error| problem(422, "bad_body", &error.to_string()))
}

fn problem(status: u16, code: &str, title: &str) -> (u16, Value) {
    (status, json!({ "type": "about:blank", "title": title, "status": status, "code": code }))
}

/// Two pages of one item each; the filter is echoed, so that a test sees it arrived.
fn log(query: &str) -> (u16, Value) {
    let first = !query.contains("before=");
    let item = if first { log_item(9, "admission", "ok") } else { log_item(8, "refusal", "used") };
    let reason = query.contains("kind=").then(|| query.to_owned());
    let page = json!({ "items": [LogItem { reason, ..item }], "next": first.then_some("dev_a:1:9") });
    (200, page)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    name: String,
    pin: String,
}

fn session(body: &str) -> (u16, Value) {
    match parsed::<SignIn>(body) {
        Err(fault) => fault,
        Ok(who) if (who.name.as_str(), who.pin.as_str()) == SUPERVISOR => {
            (200, json!({ "session": "open", "expires_in": 120, "name": "Ana", "may_override": true }))
        }
        Ok(_) => problem(403, "wrong_pin", "The name or the PIN is wrong"),
    }
}

fn duty(body: &str) -> (u16, Value) {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let by_pin = (body["name"].as_str().unwrap_or(""), body["pin"].as_str().unwrap_or("")) == STEWARD;
    match by_pin || body["badge"] == BADGE {
        true => (200, json!({ "name": "Bo" })),
        false => problem(403, "wrong_pin", "The name or the PIN is wrong"),
    }
}
