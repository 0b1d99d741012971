//! Finding guests, letting them in by hand and reading the log, on a clock the test holds.
//!
//! Each test is one promise: a scanner's burst never types or lets in, a verdict is shown over
//! whatever a person does, nobody is let in by a key that was meant for something else, and
//! what could not be done is said where it was asked for.

mod support;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use scanner_tui::face::Face;
use scanner_tui::keys::{self, Action, Press};
use scanner_tui::link::Refusal;
use scanner_tui::link::fault::Fault;
use scanner_tui::model::card::Phase;
use scanner_tui::model::field::Secret;
use scanner_tui::model::journal::Kind;
use scanner_tui::model::place::Place;
use scanner_tui::model::request::{PartyAnswer, Reply, Request, Scan, Subject};
use scanner_tui::model::typed::HOLD_MS;
use scanner_tui::model::{Model, Screen};
use scanner_tui::update::{Message, update};
use support::desk::{found, log_item, question};
use support::pages::{LOOK, PAGES, find_results, log, order, party, reason};
use support::*;
use tidegate_core::api::{Answer, LogPage, Status, StreamMessage};

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

#[test]
fn a_scanner_on_any_page_is_one_scan_that_types_nothing_and_chooses_nothing() {
    let printable: String = (0x20..=0x7e_u8).map(char::from).collect();
    for (name, page) in PAGES {
        for code in [CODE, printable.as_str()] {
            for gap in [5, 20, 90] {
                let mut model = page(UNICODE);
                asked(&mut model);
                let before = format!("{:?} {:?} {:?}", model.find, model.journal, model.dialog);
                let end = burst(&mut model, code, gap, LOOK + 600);
                keep_alive(&mut model, end);
                for key in [Action::Enter, Action::NextScreen, Action::Down] {
                    press(&mut model, key, end + 5);
                }
                let code = code.trim();
                let expect = match name {
                    "duty" => Request::Badge(Secret::of(code)),
                    _ => Request::Scan(Box::new(Scan::of(Subject::Code(code.to_owned())))),
                };
                assert_eq!(asked(&mut model), [expect], "{name} at {gap}");
                assert_eq!(format!("{:?} {:?} {:?}", model.find, model.journal, model.dialog), before, "{name}");
            }
        }
    }
}

/// Terminators as terminals hand them over, in the order of their keys.
const ENDS: [&[(KeyCode, KeyModifiers)]; 6] = [
    &[],
    &[(KeyCode::Enter, KeyModifiers::NONE)],
    &[(KeyCode::Char('j'), KeyModifiers::CONTROL)],
    &[(KeyCode::Enter, KeyModifiers::NONE), (KeyCode::Char('j'), KeyModifiers::CONTROL)],
    &[(KeyCode::Tab, KeyModifiers::NONE)],
    &[(KeyCode::Tab, KeyModifiers::NONE), (KeyCode::Enter, KeyModifiers::NONE)],
];

/// A key as the shell takes it.
fn key(model: &mut Model, code: KeyCode, modifiers: KeyModifiers, now: u64) {
    match keys::read(&KeyEvent::new(code, modifiers), model.place(now), false) {
        Press::Action(action) => assert_eq!(update(model, Message::Pressed(action), now), None),
        Press::Printable(c) => assert_eq!(update(model, Message::Typed(c), now), None),
        Press::Nothing => {}
    }
}

/// What a person sees of a page: nothing of it may change by what a scanner types.
fn page_of(model: &Model) -> String {
    format!("{:?} {:?} {:?} {:?}", model.screen, model.find, model.journal, model.dialog)
}

#[test]
fn a_code_with_any_end_and_noise_within_it_is_one_scan_on_every_page() {
    for (name, page) in PAGES {
        for end in ENDS {
            for typed in [CODE.to_owned(), format!("{}\u{1d}{}", &CODE[..9], &CODE[9..]), "Qà'é票🎫-1".to_owned()]
            {
                let mut model = page(UNICODE);
                asked(&mut model);
                let before = page_of(&model);
                let mut now = LOOK + 600;
                for c in typed.chars() {
                    now += 8;
                    key(&mut model, KeyCode::Char(c), KeyModifiers::NONE, now);
                }
                for (code, modifiers) in end {
                    now += 8;
                    key(&mut model, *code, *modifiers, now);
                }
                keep_alive(&mut model, now + HOLD_MS + 1);
                update(&mut model, Message::Time, now + HOLD_MS + 1);
                let code: String = typed.chars().filter(|c| !c.is_control()).collect();
                let expect = match name {
                    "duty" => Request::Badge(Secret::of(&code)),
                    _ => Request::Scan(Box::new(Scan::of(Subject::Code(code)))),
                };
                assert_eq!(asked(&mut model), [expect], "{name} ended by {end:?}");
                assert_eq!(page_of(&model), before, "{name} ended by {end:?}");
            }
        }
    }
}

#[test]
fn no_printable_byte_alone_or_held_does_anything_but_write_at_any_pace_on_any_page() {
    for (name, page) in PAGES {
        for byte in 0x20..=0x7e_u8 {
            for gap in [5, 20, 90] {
                for times in [1, 3] {
                    let (mut model, mut untouched) = (page(UNICODE), page(UNICODE));
                    asked(&mut model);
                    let mut now = LOOK + 600;
                    for _ in 0..times {
                        key(&mut model, KeyCode::Char(char::from(byte)), KeyModifiers::NONE, now);
                        now += gap;
                    }
                    now += 400;
                    for model in [&mut model, &mut untouched] {
                        keep_alive(model, now);
                        update(model, Message::Time, now);
                    }
                    let stands = |model: &Model| (model.screen, model.place(now), model.help, model.quit_armed_at);
                    assert_eq!(stands(&model), stands(&untouched), "{name} {byte:#x} at {gap}");
                    let looks = |request: &Request| match request {
                        Request::Find(_) | Request::Log(_) | Request::Conflicts | Request::Findings => true,
                        _ => false, // everything else does something to a guest, or to who is on duty
                    };
                    let asked = asked(&mut model);
                    assert!(asked.iter().all(looks), "{name} {byte:#x} at {gap}: {asked:?}");
                }
            }
        }
    }
}

#[test]
fn the_same_code_typed_again_at_once_is_no_accusation() {
    let mut model = find_results(UNICODE);
    let scan = |model: &mut Model, now| {
        let end = burst(model, CODE, 10, now);
        keep_alive(model, end);
        update(model, Message::Time, end + HOLD_MS + 1);
        model.requests.take()
    };
    let first = scan(&mut model, LOOK);
    reply(&mut model, &first[0], verdict(go()), LOOK + 500);
    assert!(scan(&mut model, LOOK + 2_500).is_empty());
    assert_eq!(face(&model, LOOK + 3_000), Some(Face::Same));
    assert!(scan(&mut model, LOOK + 7_000).is_empty(), "still in the hand");
    assert_eq!(scan(&mut model, LOOK + 13_000).len(), 1, "five seconds later it is a scan");
}

#[test]
fn a_code_typed_again_after_its_entry_was_taken_back_is_a_scan() {
    let mut model = live(UNICODE, status(), LOOK);
    let scan = |model: &mut Model, now| {
        let end = burst(model, CODE, 10, now);
        update(model, Message::Time, end + HOLD_MS + 1);
        model.requests.take()
    };
    let first = scan(&mut model, LOOK);
    reply(&mut model, &first[0], verdict(go()), LOOK + 500);
    answered(&mut model, annulled(), LOOK + 1_000);
    assert_eq!(scan(&mut model, LOOK + 1_200).len(), 1);
}

#[test]
fn a_code_without_a_last_key_is_a_scan_too() {
    let mut model = find_results(UNICODE);
    let end = burst(&mut model, CODE, 10, LOOK);
    update(&mut model, Message::Time, end + HOLD_MS + 1);
    assert_eq!(asked(&mut model).len(), 1);
    assert_eq!(model.find.text.text(), "santos");
}

#[test]
fn typing_at_a_persons_pace_searches_once_the_person_pauses() {
    let mut model = live(UNICODE, status(), 0);
    press(&mut model, Action::Find, 100);
    write(&mut model, "zoe", 200);
    assert!(asked(&mut model).is_empty(), "still typing");
    update(&mut model, Message::Time, 800);
    assert_eq!(asked(&mut model), [Request::Find("zoe".to_owned())]);
}

#[test]
fn matches_of_an_older_search_are_not_shown() {
    let mut model = live(UNICODE, status(), 0);
    press(&mut model, Action::Find, 100);
    write(&mut model, "zo", 200);
    update(&mut model, Message::Time, 800);
    let first = sent(&mut model);
    write(&mut model, "e", 900);
    update(&mut model, Message::Time, 1_400);
    let second = sent(&mut model);
    reply(&mut model, &second, Ok(Reply::Tickets(Vec::new())), 1_500);
    reply(&mut model, &first, Ok(Reply::Tickets(vec![found("tkt_1", "Zo", "paid", false)])), 1_600);
    assert!(model.find.found.as_ref().is_some_and(Vec::is_empty));
}

#[test]
fn letting_in_by_hand_takes_a_guest_and_a_reason_and_shows_the_verdict() {
    let mut model = reason(UNICODE);
    press(&mut model, Action::Enter, LOOK);
    let asked_for = sent(&mut model);
    assert_eq!(asked_for.request, Request::Scan(Box::new(by_hand("tkt_2", "Phone empty"))));
    reply(&mut model, &asked_for, verdict(go()), LOOK + 40);
    assert_eq!((face(&model, LOOK + 50), model.place(LOOK + 50)), (Some(Face::Go), Place::Door));
    assert_eq!(asked(&mut model)[0], Request::Order("K7Q2M-1".replace("-1", "")));
    assert_eq!(model.place(LOOK + 5_000), Place::Order, "the order is back once the verdict is gone");
}

#[test]
fn an_act_told_by_answer_and_stream_is_shown_once() {
    for stream_first in [true, false] {
        let mut model = reason(UNICODE);
        press(&mut model, Action::Enter, LOOK);
        let asked_for = sent(&mut model);
        if stream_first {
            answered(&mut model, go(), LOOK + 10);
        }
        reply(&mut model, &asked_for, verdict(go()), LOOK + 20);
        if !stream_first {
            answered(&mut model, go(), LOOK + 30);
        }
        assert_eq!(model.log.newest().count(), 1, "stream first: {stream_first}");
        let shown_at = if stream_first { LOOK + 10 } else { LOOK + 20 };
        assert_eq!(model.card.as_ref().map(|card| card.shown_at), Some(shown_at));
    }
}

#[test]
fn a_reason_that_is_typed_counts_and_an_empty_one_does_not() {
    let mut model = reason(UNICODE);
    for _ in 0..9 {
        press(&mut model, Action::Down, LOOK);
    }
    press(&mut model, Action::Enter, LOOK + 10);
    assert!(asked(&mut model).is_empty());
    write(&mut model, "known", LOOK + 20);
    press(&mut model, Action::Enter, LOOK + 600);
    assert_eq!(asked(&mut model), [Request::Scan(Box::new(by_hand("tkt_2", "known")))]);
}

#[test]
fn enter_right_behind_a_typed_letter_lets_nobody_in() {
    let mut model = reason(UNICODE);
    write(&mut model, "k", LOOK);
    press(&mut model, Action::Enter, LOOK + 140);
    assert!(asked(&mut model).is_empty());
    press(&mut model, Action::Enter, LOOK + 300);
    assert_eq!(asked(&mut model).len(), 1);
}

#[test]
fn a_party_comes_in_by_number_and_is_one_verdict() {
    let mut model = party(UNICODE);
    press(&mut model, Action::Enter, LOOK);
    press(&mut model, Action::Enter, LOOK + 10);
    let asked_for = sent(&mut model);
    let expect = Request::Party { order: "K7Q2M".to_owned(), count: 2, reason: "ID seen".to_owned() };
    assert_eq!(asked_for.request, expect);
    let party = PartyAnswer { admitted: vec![go(), go()], refused: Vec::new(), inside: 4, of: 6 };
    reply(&mut model, &asked_for, Ok(Reply::Party(Box::new(party))), LOOK + 60);
    let card = model.card.as_ref().expect("shown");
    assert_eq!((card.face, card.line.as_str()), (Face::Go, "2 let in, 4 of 6 in"));
}

#[test]
fn a_party_with_a_refusal_never_looks_like_a_yes() {
    let mut model = party(UNICODE);
    press(&mut model, Action::Enter, LOOK);
    press(&mut model, Action::Enter, LOOK + 10);
    let asked_for = sent(&mut model);
    let party = PartyAnswer { admitted: vec![go()], refused: vec![used()], inside: 4, of: 6 };
    reply(&mut model, &asked_for, Ok(Reply::Party(Box::new(party))), LOOK + 60);
    let card = model.card.as_ref().expect("shown");
    assert_eq!(card.face, Face::Used);
    assert_eq!(card.line, "1 let in, 1 not, 4 of 6 in: Came in at 20:14 by Gate B");
}

#[test]
fn an_act_whose_answer_was_lost_is_repeated_under_its_key() {
    let mut model = reason(UNICODE);
    press(&mut model, Action::Enter, LOOK);
    let lost = sent(&mut model);
    reply(&mut model, &lost, silent(), LOOK + 3_000);
    let fault = model.find.order.as_ref().and_then(|order| order.fault.clone()).expect("said");
    assert!(fault.contains("E-NET-11"), "{fault}");
    keep_alive(&mut model, LOOK + 4_000);
    press(&mut model, Action::Enter, LOOK + 4_000);
    let again = sent(&mut model);
    assert_eq!((again.key, again.request), (lost.key, lost.request));
    press(&mut model, Action::Enter, LOOK + 4_100);
    assert!(asked(&mut model).is_empty(), "not twice at once");
}

#[test]
fn a_verdict_covers_what_a_person_does_and_gives_it_back() {
    let mut model = reason(UNICODE);
    answered(&mut model, used(), LOOK);
    assert_eq!(model.place(LOOK), Place::Door);
    press(&mut model, Action::Enter, LOOK + 500);
    assert!(asked(&mut model).is_empty(), "nothing underneath is done unseen");
    press(&mut model, Action::Back, LOOK + 600);
    assert_eq!(model.place(LOOK + 600), Place::Reason);
}

#[test]
fn whoever_goes_on_typing_sees_it() {
    let mut model = find_results(UNICODE);
    answered(&mut model, used(), LOOK);
    write(&mut model, "x", LOOK + 100);
    assert_eq!((model.place(LOOK + 300), model.find.text.text()), (Place::Search, "santosx"));
}

#[test]
fn nothing_is_sent_to_an_agent_that_is_silent() {
    let mut model = reason(UNICODE);
    press(&mut model, Action::Enter, LOOK + 60_000);
    assert!(asked(&mut model).is_empty());
    let fault = model.find.order.as_ref().and_then(|order| order.fault.clone());
    assert_eq!(fault.as_deref(), Some("NOT LET IN: the agent is not reached"));
    let end = burst(&mut model, CODE, 10, LOOK + 61_000);
    update(&mut model, Message::Time, end + HOLD_MS + 1);
    assert!(model.attentions(end + 200).iter().any(|line| line.text.starts_with("NOT SCANNED")));
}

#[test]
fn a_readonly_screen_looks_and_never_acts() {
    let mut model = order(UNICODE);
    model.options.readonly = true;
    answered(&mut model, question(), LOOK);
    assert!(model.dialog.is_none());
    let end = burst(&mut model, CODE, 10, LOOK + 1_000);
    update(&mut model, Message::Time, end + HOLD_MS + 1);
    assert!(asked(&mut model).is_empty());
}

#[test]
fn the_log_reads_on_when_its_last_row_is_chosen_and_refreshes_at_its_first() {
    let mut model = log(UNICODE);
    for step in 0..9 {
        press(&mut model, Action::Down, LOOK + step);
    }
    let asked_for = sent(&mut model);
    let Request::Log(pages) = &asked_for.request else { panic!("a page") };
    assert_eq!(pages.before.as_deref(), Some("dev_a:1:34"));
    let page = LogPage { items: vec![log_item(33, "exit", "ok")], next: None };
    reply(&mut model, &asked_for, Ok(Reply::Log(page)), LOOK + 100);
    assert_eq!((model.journal.roll.items().len(), model.journal.roll.at), (8, 6));
    answered(&mut model, go(), LOOK + 200);
    update(&mut model, Message::Time, LOOK + 600);
    assert!(asked(&mut model).is_empty(), "nothing moves under the eyes");
    press(&mut model, Action::Back, LOOK + 700);
    press(&mut model, Action::PageUp, LOOK + 800);
    answered(&mut model, used(), LOOK + 900);
    update(&mut model, Message::Time, LOOK + 1_300);
    assert_eq!(asked(&mut model).len(), 1);
}

#[test]
fn what_happens_at_other_devices_reaches_the_log_too() {
    let mut model = log(UNICODE);
    press(&mut model, Action::Up, LOOK);
    keep_alive(&mut model, LOOK + 100);
    update(&mut model, Message::Time, LOOK + 1_000);
    assert!(asked(&mut model).is_empty(), "nothing happened");
    let one_more = Status { admitted: 813, ..status() };
    said(&mut model, StreamMessage::Status(Box::new(one_more)), LOOK + 1_100);
    update(&mut model, Message::Time, LOOK + 1_500);
    assert_eq!(asked(&mut model).len(), 1);
}

#[test]
fn every_kind_is_asked_for_by_its_name() {
    let mut model = log(UNICODE);
    let mut kinds = Vec::new();
    for step in 0..5 {
        press(&mut model, Action::Right, LOOK + step);
        let Request::Log(pages) = sent(&mut model).request else { panic!("a page") };
        kinds.push(pages.kind);
    }
    assert_eq!(kinds, [Kind::Entries, Kind::Refusals, Kind::Undone, Kind::Overrides, Kind::All]);
}

#[test]
fn tab_goes_round_and_esc_comes_back() {
    let mut model = live(UNICODE, status(), 0);
    let mut seen = Vec::new();
    for step in 0..4 {
        press(&mut model, Action::NextScreen, 100 + step);
        seen.push(model.screen);
    }
    assert_eq!(seen, [Screen::Find, Screen::Log, Screen::Sync, Screen::Door]);
    press(&mut model, Action::PreviousScreen, 200);
    assert_eq!(model.screen, Screen::Sync);
    let mut model = reason(UNICODE);
    for place in [Place::Order, Place::Search, Place::Door] {
        press(&mut model, Action::Back, LOOK);
        assert_eq!(model.place(LOOK), place);
    }
}

#[test]
fn a_key_under_the_help_does_nothing_unseen() {
    let mut model = reason(UNICODE);
    press(&mut model, Action::Help, LOOK);
    press(&mut model, Action::Enter, LOOK + 10);
    assert!(asked(&mut model).is_empty() && !model.help);
}

#[test]
fn a_request_that_takes_time_is_shown_and_a_quick_one_is_not() {
    let mut model = reason(UNICODE);
    press(&mut model, Action::Enter, LOOK);
    let shows = |model: &Model, now| screen(model, (80, 24), now).concat().contains("ASKING the agent");
    assert!(!shows(&model, LOOK + 299));
    assert!(shows(&model, LOOK + 300));
}

/// As a ticket prints it.
const TICKET: &str = "KC5WLN3EMMPLY4ZEAABACAICAWLWWFRCZ2ZBTODYIO3HFTYFXF54RBRWRHTQPUVUMS3Y4YORMLYR5IMKCXJ2QEBBFJ77OULXNGDNN\
                      FTQPL34PPDPSMHWLGET64UBSDI";

#[test]
fn what_is_pasted_fills_a_field_and_a_tickets_code_is_a_scan_wherever_it_is_pasted() {
    let check = |screen: fn(&mut Model), text: &str, search: &str, scans: &[&str]| {
        let mut model = live(UNICODE, status(), LOOK - 20);
        screen(&mut model);
        asked(&mut model);
        update(&mut model, Message::Pasted(text.to_owned()), LOOK);
        assert_eq!(model.find.text.shown(), search, "{text}");
        let scans: Vec<Request> =
            scans.iter().map(|code| Request::Scan(Box::new(Scan::of(Subject::Code((*code).into()))))).collect();
        assert_eq!(asked(&mut model), scans, "{text}");
    };
    let find = |model: &mut Model| {
        press(model, Action::Find, LOOK - 10);
    };
    check(find, " maria@example.org\n", "maria@example.org", &[]);
    check(find, TICKET, "", &[TICKET]);
    check(|_| {}, "hello", "", &["hello"]);
}
