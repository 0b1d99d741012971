//! Requests of the screen as HTTP, and the agent's answers as values.
//!
//! One function a direction: a request becomes method, address and body; a body becomes the
//! reply its request asks for. Kept true: nothing is repeated by itself, every act carries its
//! key, and whatever is typed is one segment of a path or one value of a query.

use reqwest::{Client, RequestBuilder, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tidegate_core::api::{Answer, Direction};

use super::fault::Fault;
use super::{LONG_REQUEST, REQUEST, Refusal};
use crate::model::field::Secret;
use crate::model::journal::{Kind, PAGE};
use crate::model::request::{Opened, Pages, PartyAnswer, Replied, Reply, Request, Scan, Subject};

/// The request as it is sent, without the token.
pub fn request(client: &Client, base: &Url, request: &Request, key: &str) -> RequestBuilder {
    let post = |path: &[&str], body: Value| client.post(address(base, path)).json(&body);
    let built = match request {
        Request::Undo => post(&["undo"], json!({ "last": true })),
        Request::Find(text) => {
            let mut url = address(base, &["tickets"]);
            url.query_pairs_mut().append_pair("find", text);
            client.get(url)
        }
        Request::Order(code) => client.get(address(base, &["orders", code])),
        Request::Scan(scan) => post(&["scans"], scan_body(scan, key)),
        Request::Party { order, count, reason } => {
            post(&["orders", order, "admissions"], json!({ "count": count, "reason": reason, "key": key }))
        }
        Request::Log(pages) => client.get(log_address(base, pages)),
        Request::Conflicts => client.get(address(base, &["conflicts"])),
        Request::Findings => client.get(address(base, &["findings"])),
        Request::SyncNow => post(&["sync"], json!({})),
        Request::SignIn { name, pin } => post(&["sessions"], json!({ "name": name, "pin": pin.reveal() })),
        Request::Duty { name, pin } => post(&["duty"], json!({ "name": name, "pin": pin.reveal() })),
        Request::Badge(badge) => post(&["duty"], json!({ "badge": badge.reveal() })),
        Request::OffDuty => client.delete(address(base, &["duty"])),
    };
    built.timeout(if *request == Request::SyncNow { LONG_REQUEST } else { REQUEST })
}

/// What a body with this status means to whoever asked.
pub fn reply(request: &Request, status: u16, body: Value) -> Replied {
    match status {
        200..=299 => read(request, body).ok_or(Refusal::NotReached(Fault::NotAnAgent)),
        status => Err(Refusal::of(status, body)),
    }
}

fn address(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push("v1").extend(path);
    }
    url
}

fn log_address(base: &Url, pages: &Pages) -> Url {
    let mut url = match &pages.ticket {
        Some(ticket) => address(base, &["tickets", ticket, "log"]),
        None => address(base, &["log"]),
    };
    let mut query = url.query_pairs_mut();
    query.append_pair("limit", &PAGE.to_string());
    if let Some(before) = &pages.before {
        query.append_pair("before", before);
    }
    if !pages.find.is_empty() {
        query.append_pair("find", &pages.find);
    }
    if pages.kind != Kind::All {
        query.append_pair("kind", pages.kind.name());
    }
    drop(query);
    url
}

/// Only what is said: an agent names every field it does not know.
fn scan_body(scan: &Scan, key: &str) -> Value {
    let mut body = json!({ "key": key });
    let mut say = |name: &str, value: Value| body[name] = value;
    match &scan.subject {
        Subject::Code(code) => say("code", json!(code)),
        Subject::Ticket(ticket) => say("ticket", json!(ticket)),
    }
    if scan.direction == Direction::Exit {
        say("direction", json!(scan.direction));
    }
    for (name, value) in [("list", &scan.list), ("gate", &scan.gate), ("reason", &scan.reason)] {
        if let Some(value) = value {
            say(name, json!(value));
        }
    }
    if scan.confirm_unpaid {
        say("confirm_unpaid", json!(true));
    }
    if !scan.answers.is_empty() {
        say("answers", json!(scan.answers));
    }
    if let Some(overriding) = &scan.overriding {
        say("override", json!({ "session": overriding.session.reveal(), "reason": overriding.reason }));
    }
    body
}

fn read(request: &Request, body: Value) -> Option<Reply> {
    match request {
        Request::Undo | Request::Scan(_) => of::<Answer>(body).map(|answer| Reply::Answer(Box::new(answer))),
        Request::Find(_) | Request::Order(_) => of(body).map(Reply::Tickets),
        Request::Party { .. } => of::<PartyBody>(body).map(|party| Reply::Party(Box::new(party.into()))),
        Request::Log(_) => of(body).map(Reply::Log),
        Request::Conflicts => of(body).map(Reply::Conflicts),
        Request::Findings => of(body).map(|found| Reply::Findings(Box::new(found))),
        Request::SyncNow => of(body).map(Reply::Links),
        Request::SignIn { name, .. } => of::<SessionBody>(body).map(|opened| Reply::Opened(opened.of(name))),
        Request::Duty { .. } | Request::Badge(_) => {
            of::<DutyBody>(body).map(|duty| Reply::OnDuty(Some(duty.name)))
        }
        Request::OffDuty => Some(Reply::OnDuty(None)),
    }
}

fn of<T: DeserializeOwned>(body: Value) -> Option<T> {
    serde_json::from_value(body).ok()
}

#[derive(Deserialize)]
struct PartyBody {
    admitted: Vec<Answer>,
    #[serde(default)]
    refused: Vec<Answer>,
    inside: u64,
    of: u64,
}

impl From<PartyBody> for PartyAnswer {
    fn from(body: PartyBody) -> Self {
        let PartyBody { admitted, refused, inside, of } = body;
        Self { admitted, refused, inside, of }
    }
}

#[derive(Deserialize)]
struct SessionBody {
    session: String,
    expires_in: u64,
    #[serde(default)]
    name: Option<String>,
    /// An agent that gives sessions to supervisors alone need not say so.
    #[serde(default = "yes")]
    may_override: bool,
}

fn yes() -> bool {
    true
}

impl SessionBody {
    fn of(self, asked: &str) -> Opened {
        Opened {
            session: Secret::of(&self.session),
            expires_in_s: self.expires_in,
            name: self.name.unwrap_or_else(|| asked.to_owned()),
            may_override: self.may_override,
        }
    }
}

#[derive(Deserialize)]
struct DutyBody {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, path: &[&str], expect: &str) {
        let base = Url::parse(base).expect("an address");
        assert_eq!(address(&base, path).as_str(), expect);
    }

    #[test]
    fn what_is_typed_stays_one_segment() {
        check("http://gate:1", &["tickets"], "http://gate:1/v1/tickets");
        check("http://gate:1/door/", &["orders", "A/../B?"], "http://gate:1/door/v1/orders/A%2F..%2FB%3F");
    }

    #[test]
    fn a_log_is_asked_for_with_what_was_chosen_and_nothing_else() {
        let base = Url::parse("http://gate:1").expect("an address");
        let pages = Pages { ticket: None, kind: Kind::All, find: String::new(), before: None };
        assert_eq!(log_address(&base, &pages).query(), Some("limit=50"));
        let pages =
            Pages { kind: Kind::Overrides, find: "Zoë & Co".to_owned(), before: Some("9".to_owned()), ..pages };
        assert_eq!(
            log_address(&base, &pages).query(),
            Some("limit=50&before=9&find=Zo%C3%AB+%26+Co&kind=overrides")
        );
    }
}
