//! What the agent answers to our requests, and where it belongs.
//!
//! Kept true: an answer to something nobody waits for any more changes no screen; a verdict
//! is always shown; what was not done is said where it was asked for.

use tidegate_core::api::{Answer, FoundTicket, LinkStatus, LogPage, Verdict};

use super::{Command, acts, asked, find, said};
use crate::link::Refusal;
use crate::model::attention::NoticeKind;
use crate::model::dialog::{Dialog, Purpose, Session, SignIn};
use crate::model::find::moved;
use crate::model::request::{Opened, Pages, Replied, Reply, Request, Scan, Subject};
use crate::model::typed::Scanned;
use crate::model::{Heard, Millis, Model};
use crate::text;

/// The agent's word for a supervisor's session that is over.
const NO_SESSION: &str = "no_session";

/// Takes the answer to a request.
pub fn replied(model: &mut Model, id: u64, replied: Replied, now: Millis) -> Option<Command> {
    let request = model.requests.replied(id, &replied)?;
    let reply = match replied {
        Ok(reply) => reply,
        Err(refusal) => return failed(model, &request, &refusal, now),
    };
    match (request, reply) {
        (Request::Scan(scan), Reply::Answer(answer)) => {
            settle(model, &Request::Scan(scan.clone()), now);
            seen(model, &scan, &answer, now);
            said::answered_here(model, *answer, Some(*scan), now)
        }
        (_, Reply::Answer(answer)) => said::answered_here(model, *answer, None, now),
        (request, Reply::Party(party)) => {
            settle(model, &request, now);
            said::party(model, *party, now)
        }
        (Request::Find(text), Reply::Tickets(found)) => quiet(|| matches(model, &text, found)),
        (Request::Order(code), Reply::Tickets(tickets)) => quiet(|| order(model, &code, tickets)),
        (Request::Log(pages), Reply::Log(page)) => quiet(|| log(model, &pages, page)),
        (_, Reply::Conflicts(found)) => quiet(|| model.books.conflicts = Some(found)),
        (_, Reply::Findings(found)) => quiet(|| model.books.findings = Some(*found)),
        (_, Reply::Links(links)) => quiet(|| synced(model, &links, now)),
        (_, Reply::Opened(opened)) => quiet(|| signed_in(model, opened, now)),
        (_, Reply::OnDuty(name)) => quiet(|| on_duty(model, name)),
        (_, Reply::Tickets(_) | Reply::Log(_)) => None, // an answer to another question than was asked
    }
}

fn quiet(act: impl FnOnce()) -> Option<Command> {
    act();
    None
}

/// Closes what waited for an act that is decided.
fn settle(model: &mut Model, request: &Request, now: Millis) {
    if let Request::Scan(scan) = request
        && asked::is_waiting_for(model, scan)
    {
        (model.dialog, model.banner) = (None, None);
    }
    if find::is_waiting_for(model, request) {
        find::decided(model, now);
    }
}

/// The same code again soon is no new scan, unless a person was asked.
fn seen(model: &mut Model, scan: &Scan, answer: &Answer, now: Millis) {
    if let (Subject::Code(code), true) = (&scan.subject, answer.verdict != Verdict::Ask) {
        let answer = Heard { value: answer.clone(), at: now };
        model.scanned = Some(Scanned { code: code.clone(), seen_at: now, answer });
    }
}

fn matches(model: &mut Model, text: &str, found: Vec<FoundTicket>) {
    let find = &mut model.find;
    if find.asked == text {
        find.at = moved(find.at, 0, found.len());
        (find.found, find.fault) = (Some(found), None);
    }
}

fn order(model: &mut Model, code: &str, tickets: Vec<FoundTicket>) {
    let open = model.find.order.as_mut();
    match open.filter(|order| order.code.as_deref() == Some(code)) {
        Some(order) if tickets.is_empty() => {
            order.fault = Some("No ticket of this order is known here".to_owned())
        }
        Some(order) => order.fill(tickets),
        None => {}
    }
}

fn log(model: &mut Model, pages: &Pages, page: LogPage) {
    if let Some(roll) = model.journal.roll_of(pages) {
        roll.take(page, pages.before.as_ref());
    }
}

/// Everybody was asked: who could be reached.
fn synced(model: &mut Model, links: &[LinkStatus], now: Millis) {
    let reached = links.iter().filter(|link| link.up).count();
    let text = match (reached, links.len()) {
        (0, _) => "SYNCED with nobody: no line. Entries wait on this disk.".to_owned(),
        (reached, all) if reached == all => "SYNCED with everybody".to_owned(),
        (reached, all) => format!("SYNCED with {reached} of {all}"),
    };
    acts::hint(model, NoticeKind::Sync, text, now);
}

fn signed_in(model: &mut Model, opened: Opened, now: Millis) {
    let name = text::clean(&opened.name);
    if !opened.may_override {
        return in_sign_in(model, format!("{name} may not decide against the rule (no_right)"));
    }
    let until = now.saturating_add(opened.expires_in_s.saturating_mul(1_000));
    model.session = Some(Session { token: opened.session, name, until });
    if let Some(Dialog::SignIn(_)) = model.dialog {
        asked::supervisor(model, now);
    }
}

fn on_duty(model: &mut Model, name: Option<String>) {
    if let Some(status) = &mut model.status {
        status.value.staff = name;
    }
    model.dialog.take_if(|dialog| matches!(dialog, Dialog::SignIn(s) if s.purpose == Purpose::Duty));
}

/// Says what was not done, where it was asked for.
fn failed(model: &mut Model, request: &Request, refusal: &Refusal, now: Millis) -> Option<Command> {
    match request {
        Request::Undo => {
            let check = match refusal {
                Refusal::NotReached(_) => ". Check the last results",
                Refusal::Said { .. } => "",
            };
            acts::hint(model, NoticeKind::Undo, format!("NOT UNDONE: {refusal}{check}"), now);
        }
        Request::Find(text) if *text == model.find.asked => {
            model.find.fault = Some(format!("NOT SEARCHED: {refusal}"));
        }
        Request::Find(_) => {}
        Request::Order(_) => {
            if let Some(order) = &mut model.find.order {
                order.fault = Some(format!("NOT FETCHED: {refusal}"));
            }
        }
        Request::Log(pages) => {
            if let Some(roll) = model.journal.roll_of(pages) {
                roll.fault = Some(format!("NOT FETCHED: {refusal}"));
            }
        }
        Request::Conflicts | Request::Findings => {
            model.books.fault = Some(format!("NOT FETCHED: {refusal}"));
        }
        Request::SyncNow => acts::not_done(model, "NOT SYNCED", &refusal.to_string(), now),
        Request::SignIn { .. } | Request::Duty { .. } | Request::Badge(_) => {
            in_sign_in(model, format!("NOT SIGNED IN: {refusal}"));
        }
        Request::OffDuty => in_sign_in(model, format!("NOT SIGNED OFF: {refusal}")),
        Request::Scan(scan) => return scan_failed(model, scan, request, refusal, now),
        Request::Party { .. } => return act_failed(model, request, refusal, now),
    }
    None
}

fn in_sign_in(model: &mut Model, fault: String) {
    if let Some(Dialog::SignIn(sign_in)) = &mut model.dialog {
        sign_in.fault = Some(fault);
    }
}

fn scan_failed(
    model: &mut Model,
    scan: &Scan,
    request: &Request,
    refusal: &Refusal,
    now: Millis,
) -> Option<Command> {
    if !asked::is_waiting_for(model, scan) {
        return act_failed(model, request, refusal, now);
    }
    let is_over = scan.overriding.is_some() && matches!(refusal, Refusal::Said { code, .. } if code == NO_SESSION);
    if is_over {
        model.session = None;
        model.dialog = Some(Dialog::SignIn(Box::new(SignIn::new(Purpose::Supervisor))));
    }
    if let Some(dialog) = &mut model.dialog {
        asked::set_fault(dialog, Some(format!("NOT LET IN: {refusal}")));
    }
    None
}

/// An act of the Find screen says so there; a scan that nobody waits for is as loud as a verdict.
fn act_failed(model: &mut Model, request: &Request, refusal: &Refusal, now: Millis) -> Option<Command> {
    if !find::is_waiting_for(model, request) {
        acts::not_done(model, "NOT DECIDED", &refusal.to_string(), now);
        return said::undecided(model, refusal.to_string(), "Scan again".to_owned(), now);
    }
    if let Some(order) = &mut model.find.order {
        order.fault = Some(format!("NOT LET IN: {refusal}"));
    }
    None
}
