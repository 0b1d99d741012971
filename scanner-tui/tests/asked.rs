//! What a person is asked: questions of a verdict, a PIN, a supervisor's reason, a badge.
//!
//! Each test is one promise: answers go with the same scan again, a decision is about the guest
//! it was opened for, a dialog takes no key meant for something else, and a PIN does not stay.

mod support;

use std::collections::BTreeMap;

use scanner_tui::face::Face;
use scanner_tui::keys::Action;
use scanner_tui::link::Refusal;
use scanner_tui::link::fault::Fault;
use scanner_tui::model::Model;
use scanner_tui::model::card::Phase;
use scanner_tui::model::dialog::Dialog;
use scanner_tui::model::field::Secret;
use scanner_tui::model::place::Place;
use scanner_tui::model::request::{Opened, Override, Reply, Request, Scan, Subject};
use scanner_tui::model::typed::HOLD_MS;
use scanner_tui::update::{Message, UNBIDDEN_MS, update};
use support::desk::{ambiguous, question, unpaid};
use support::pages::{LOOK, find_results, sign_in};
use support::*;
use tidegate_core::api::{Answer, StreamMessage};

const CODE: &str = "TG1ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn keep_alive(model: &mut Model, now: u64) {
    said(model, StreamMessage::Status(Box::new(status())), now);
}

fn face(model: &Model, now: u64) -> Option<Face> {
    model.card.as_ref().filter(|card| card.phase(now) != Phase::Over).map(|card| card.face)
}

fn by_hand(ticket: &str, reason: &str) -> Scan {
    Scan { reason: Some(reason.to_owned()), ..Scan::of(Subject::Ticket(ticket.to_owned())) }
}

fn verdict(answer: Answer) -> Result<Reply, Refusal> {
    Ok(Reply::Answer(Box::new(answer)))
}

fn silent() -> Result<Reply, Refusal> {
    Err(Refusal::NotReached(Fault::Silent))
}

fn asking(answer: Answer) -> Model {
    let mut model = live(UNICODE, status(), LOOK);
    let end = burst(&mut model, CODE, 10, LOOK);
    update(&mut model, Message::Time, end + HOLD_MS + 1);
    let asked_for = sent(&mut model);
    reply(&mut model, &asked_for, verdict(answer), LOOK + 1_000);
    keep_alive(&mut model, LOOK + 3_000);
    model
}

/// Well after a dialog that opened by itself could be read.
const READ: u64 = LOOK + 1_000 + UNBIDDEN_MS;

#[test]
fn answers_go_with_the_same_scan_again() {
    let mut model = asking(question());
    write(&mut model, "XL", READ);
    for at in [500, 600] {
        press(&mut model, Action::Enter, READ + at);
    }
    let asked_for = sent(&mut model);
    let answers = BTreeMap::from([("q1".to_owned(), "XL".to_owned())]);
    let scan = Scan { answers, ..Scan::of(Subject::Code(CODE.to_owned())) };
    assert_eq!(asked_for.request, Request::Scan(Box::new(scan)));
    reply(&mut model, &asked_for, verdict(go()), READ + 700);
    assert!(model.dialog.is_none());
    assert_eq!(face(&model, READ + 700), Some(Face::Go));
}

#[test]
fn one_question_leads_to_the_next_with_all_that_was_said() {
    let mut model = asking(question());
    press(&mut model, Action::Right, READ);
    press(&mut model, Action::Enter, READ + 10);
    press(&mut model, Action::Enter, READ + 20);
    let asked_for = sent(&mut model);
    reply(&mut model, &asked_for, verdict(unpaid()), READ + 100);
    press(&mut model, Action::Enter, READ + 100 + UNBIDDEN_MS);
    let Request::Scan(scan) = sent(&mut model).request else { panic!("a scan") };
    assert_eq!((scan.confirm_unpaid, scan.answers["q1"].as_str()), (true, "yes"));
}

#[test]
fn a_question_that_needs_an_answer_is_not_sent_without() {
    let mut model = asking(question());
    press(&mut model, Action::Down, READ);
    press(&mut model, Action::Enter, READ + 10);
    assert!(asked(&mut model).is_empty());
    let Some(Dialog::Ask(ask)) = &model.dialog else { panic!("still open") };
    assert_eq!(ask.fault.as_deref(), Some("This question needs an answer"));
}

#[test]
fn a_chosen_add_on_is_decided_by_its_ticket() {
    let mut model = asking(ambiguous());
    press(&mut model, Action::Down, READ);
    press(&mut model, Action::Enter, READ + 10);
    let expect = by_hand("tkt_8", "answered at the door");
    assert_eq!(asked(&mut model), [Request::Scan(Box::new(expect))]);
}

#[test]
fn a_question_from_another_lane_is_answered_by_its_ticket() {
    let mut model = live(UNICODE, status(), LOOK);
    answered(&mut model, unpaid(), LOOK);
    press(&mut model, Action::Enter, LOOK + UNBIDDEN_MS);
    let Request::Scan(scan) = sent(&mut model).request else { panic!("a scan") };
    assert_eq!((&scan.subject, scan.confirm_unpaid), (&Subject::Ticket("tkt_1".to_owned()), true));
    assert!(scan.reason.is_some(), "a ticket takes a reason");
}

#[test]
fn a_dialog_that_came_by_itself_takes_no_key_meant_for_something_else() {
    let mut model = find_results(UNICODE);
    answered(&mut model, unpaid(), LOOK);
    press(&mut model, Action::Enter, LOOK + UNBIDDEN_MS - 1);
    assert!(asked(&mut model).is_empty());
}

#[test]
fn while_a_question_is_open_a_verdict_is_a_line() {
    let mut model = asking(question());
    answered(&mut model, used(), READ);
    assert_eq!(model.place(READ), Place::Questions);
    let rows = screen(&model, (80, 24), READ).concat();
    assert!(rows.contains("USED  Maria Santos  Came in at 20:14 by Gate B"));
    press(&mut model, Action::Back, READ + 500);
    assert_eq!((model.place(READ + 500), model.banner.is_some()), (Place::Door, false));
}

#[test]
fn a_stream_that_was_faster_than_the_answer_does_not_lose_the_code() {
    let mut model = live(UNICODE, status(), LOOK);
    let end = burst(&mut model, CODE, 10, LOOK);
    update(&mut model, Message::Time, end + HOLD_MS + 1);
    let asked_for = sent(&mut model);
    answered(&mut model, unpaid(), LOOK + 900);
    reply(&mut model, &asked_for, verdict(unpaid()), LOOK + 1_000);
    press(&mut model, Action::Enter, READ);
    let Request::Scan(scan) = sent(&mut model).request else { panic!("a scan") };
    assert_eq!((&scan.subject, &scan.reason), (&Subject::Code(CODE.to_owned()), &None));
}

#[test]
fn a_scan_that_nobody_decided_is_as_loud_as_a_verdict() {
    let mut model = live(UNICODE, status(), LOOK);
    let end = burst(&mut model, CODE, 10, LOOK);
    update(&mut model, Message::Time, end + HOLD_MS + 1);
    let asked_for = sent(&mut model);
    reply(&mut model, &asked_for, silent(), LOOK + 900);
    assert_eq!(face(&model, LOOK + 900), Some(Face::Trouble));
}

fn opened(may_override: bool) -> Result<Reply, Refusal> {
    let session = Secret::of("open");
    Ok(Reply::Opened(Opened { session, expires_in_s: 120, name: "Ana".to_owned(), may_override }))
}

fn overruling() -> Model {
    let mut model = sign_in(UNICODE);
    press(&mut model, Action::Enter, LOOK + 500);
    let asked_for = sent(&mut model);
    reply(&mut model, &asked_for, opened(true), LOOK + 600);
    model
}

#[test]
fn a_supervisor_lets_the_last_refused_guest_in_with_a_reason() {
    let mut model = overruling();
    press(&mut model, Action::Enter, LOOK + 700);
    let asked_for = sent(&mut model);
    let Request::Scan(scan) = &asked_for.request else { panic!("a scan") };
    let reason = "ID matches the ticket".to_owned();
    assert_eq!(scan.overriding, Some(Override { session: Secret::of("open"), reason }));
    assert_eq!(scan.subject, Subject::Ticket("tkt_1".to_owned()));
    reply(&mut model, &asked_for, verdict(Answer { overridden: true, ..go() }), LOOK + 800);
    assert_eq!((face(&model, LOOK + 800), model.dialog.is_none()), (Some(Face::Go), true));
    assert!(model.refused.is_none(), "whoever came in is not refused any more");
}

#[test]
fn a_guest_who_was_refused_meanwhile_is_not_let_in_by_mistake() {
    let mut model = overruling();
    let mut other = no();
    other.ticket = Some(support::desk::card("tkt_99", "Somebody Else", "VIP"));
    answered(&mut model, other, LOOK + 700);
    press(&mut model, Action::Back, LOOK + 800);
    press(&mut model, Action::Enter, LOOK + 900);
    let Request::Scan(scan) = sent(&mut model).request else { panic!("a scan") };
    assert_eq!(scan.subject, Subject::Ticket("tkt_1".to_owned()));
}

#[test]
fn a_refusal_without_a_ticket_leaves_nobody_to_let_in() {
    let mut model = live(UNICODE, status(), LOOK);
    answered(&mut model, used(), LOOK);
    answered(&mut model, no(), LOOK + 100);
    assert!(model.refused.is_none());
}

#[test]
fn a_session_ends_after_its_two_minutes_and_counts_down() {
    let mut model = overruling();
    keep_alive(&mut model, LOOK + 61_000);
    assert!(screen(&model, (80, 24), LOOK + 61_000)[0].contains("SUPER 1:00"));
    update(&mut model, Message::Time, LOOK + 600 + 120_000);
    assert!(model.session.is_none());
}

#[test]
fn a_session_the_agent_has_forgotten_asks_for_the_pin_again() {
    let mut model = overruling();
    press(&mut model, Action::Enter, LOOK + 700);
    let asked_for = sent(&mut model);
    let refusal = Refusal::Said { code: "no_session".to_owned(), what: "No supervisor is signed in".to_owned() };
    reply(&mut model, &asked_for, Err(refusal), LOOK + 800);
    assert_eq!((model.place(LOOK + 800), model.session.is_none()), (Place::SignIn, true));
}

#[test]
fn whoever_may_not_overrule_is_told() {
    let mut model = sign_in(UNICODE);
    press(&mut model, Action::Enter, LOOK + 500);
    let asked_for = sent(&mut model);
    reply(&mut model, &asked_for, opened(false), LOOK + 600);
    assert_eq!((model.place(LOOK + 600), model.session.is_none()), (Place::SignIn, true));
    assert!(screen(&model, (80, 24), LOOK + 600).concat().contains("may not decide against the rule"));
}

#[test]
fn a_pin_stays_no_longer_than_its_try() {
    let mut model = sign_in(UNICODE);
    press(&mut model, Action::Enter, LOOK + 500);
    let asked_for = sent(&mut model);
    let refusal = Refusal::Said { code: "wrong_pin".to_owned(), what: "The name or the PIN is wrong".to_owned() };
    reply(&mut model, &asked_for, Err(refusal), LOOK + 600);
    let Some(Dialog::SignIn(sign_in)) = &model.dialog else { panic!("still open") };
    assert_eq!((sign_in.name.text(), sign_in.pin.reveal()), ("Ana", ""));
    assert!(!format!("{model:?}").contains("135790"));
}

#[test]
fn a_badge_signs_in_for_duty_and_the_header_says_who_it_is() {
    let mut model = live(UNICODE, status(), LOOK);
    press(&mut model, Action::Duty, LOOK);
    let end = burst(&mut model, "BADGE-0042-BO", 8, LOOK + 100);
    press(&mut model, Action::Enter, end + 5);
    let asked_for = sent(&mut model);
    assert_eq!(asked_for.request, Request::Badge(Secret::of("BADGE-0042-BO")));
    reply(&mut model, &asked_for, Ok(Reply::OnDuty(Some("Bo".to_owned()))), end + 50);
    assert!(screen(&model, (80, 24), end + 60)[0].contains("Main hall · Bo"));
    press(&mut model, Action::Duty, end + 400);
    press(&mut model, Action::SignOff, end + 500);
    let asked_for = sent(&mut model);
    reply(&mut model, &asked_for, Ok(Reply::OnDuty(None)), end + 600);
    assert_eq!((model.known().and_then(|status| status.staff.clone()), model.dialog.is_none()), (None, true));
}

#[test]
fn several_tickets_held_up_do_not_cover_a_question_that_is_open() {
    let mut model = asking(question());
    let what = "2 tickets side by side — Show the one that is meant alone".to_owned();
    said(&mut model, StreamMessage::Trouble { code: "several".to_owned(), what }, READ);
    assert!(matches!(model.dialog, Some(Dialog::Ask(_))));
    assert!(model.card.as_ref().is_none_or(|card| card.line != "2 tickets side by side"));
}
