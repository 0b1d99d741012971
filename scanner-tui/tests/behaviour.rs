//! What the screen does, message by message, on a clock the test holds.
//!
//! Each test is one promise: the next scan replaces, SAME does not accuse, colours do not
//! flash, keys that type do nothing, and what is not heard is not shown.

mod support;

use scanner_tui::face::Face;
use scanner_tui::keys::Action;
use scanner_tui::link::fault::Fault;
use scanner_tui::link::{News, Refusal};
use scanner_tui::model::card::{COLOUR_HOLD_MS, Phase};
use scanner_tui::model::request::{Replied, Reply, Request, Scan, Sent, Subject};
use scanner_tui::model::typed::HOLD_MS;
use scanner_tui::model::{Contact, Millis, Model, Screen};
use scanner_tui::theme::Role;
use scanner_tui::update::{Command, Message, next_change, update};
use support::*;
use tidegate_core::api::{Answer, Status, StreamMessage};

fn ready() -> Model {
    live(UNICODE, status(), 0)
}

fn press_undo(model: &mut Model, now: Millis) -> Option<Sent> {
    assert_eq!(press(model, Action::Undo, now), None);
    model.requests.take().pop()
}

fn undone(answer: Answer) -> Replied {
    Ok(Reply::Answer(Box::new(answer)))
}

fn keep_alive(model: &mut Model, now: Millis) {
    said(model, StreamMessage::Status(Box::new(status())), now);
}

fn face(model: &Model, now: Millis) -> Option<Face> {
    model.card.as_ref().filter(|card| card.phase(now) != Phase::Over).map(|card| card.face)
}

#[test]
fn the_next_scan_always_replaces_the_verdict() {
    let mut model = ready();
    for (at, verdict) in [(10, ask()), (11, full()), (12, go_note()), (13, no()), (14, used()), (15, go())] {
        let expect = Face::of(&verdict);
        answered(&mut model, verdict, at);
        assert_eq!(face(&model, at), Some(expect));
    }
}

#[test]
fn a_verdict_brings_the_door_back_from_the_help() {
    let mut model = ready();
    press(&mut model, Action::Help, 10);
    assert!(model.help);
    answered(&mut model, no(), 20);
    assert!(!model.help);
}

#[test]
fn each_verdict_rings_its_number_and_only_with_sound() {
    let mut model = ready();
    assert_eq!(answered(&mut model, go(), 10), Some(Command::Ring(1)));
    assert_eq!(answered(&mut model, used(), 20), Some(Command::Ring(2)));
    assert_eq!(answered(&mut model, no(), 30), Some(Command::Ring(3)));
    model.options.sound = false;
    assert_eq!(answered(&mut model, no(), 40), None);
}

#[test]
fn the_same_code_in_view_never_covers_a_verdict_that_stands() {
    for verdict in [go(), used(), no(), ask(), full(), go_note()] {
        let mut model = ready();
        let expect = Face::of(&verdict);
        answered(&mut model, verdict, 100);
        said(&mut model, StreamMessage::Same { lane: "camera:0".to_owned() }, 400);
        assert_eq!(face(&model, 400), Some(expect));
    }
}

#[test]
fn the_same_code_after_the_verdict_says_how_long_ago_it_was() {
    let mut model = ready();
    answered(&mut model, go(), 100);
    said(&mut model, StreamMessage::Same { lane: "camera:0".to_owned() }, 3_100);
    let card = model.card.as_ref().expect("shown");
    assert_eq!((card.face, card.line.as_str()), (Face::Same, "Let in 3 s ago. Next, please."));
}

#[test]
fn with_two_sources_a_same_does_not_claim_which_answer_it_had() {
    let mut two = status();
    two.sources.push(two.sources[0].clone());
    let mut model = live(UNICODE, two, 0);
    answered(&mut model, go(), 100);
    said(&mut model, StreamMessage::Same { lane: "camera:1".to_owned() }, 2_900);
    let card = model.card.expect("shown");
    assert_eq!(card.line, "This code was answered already, at camera:1. Next, please.");
}

#[test]
fn colours_change_at_most_every_400_ms_and_words_never_wait() {
    let mut model = ready();
    let mut onsets: Vec<(Millis, Role)> = Vec::new();
    let verdicts: [fn() -> Answer; 3] = [go, no, used];
    for step in 0..200_u64 {
        let now = step * 70;
        let verdict = verdicts[usize::try_from(step % 3).expect("small")]();
        answered(&mut model, verdict.clone(), now);
        let card = model.card.as_ref().expect("shown at once");
        assert_eq!(card.face, Face::of(&verdict), "the word is there at once");
        for at in now..now + 70 {
            let role = card.coloured(at).then(|| card.face.role());
            if let Some(role) = role.filter(|role| onsets.last().is_none_or(|(_, last)| last != role)) {
                onsets.push((at, role));
            }
        }
    }
    for pair in onsets.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= COLOUR_HOLD_MS, "{pair:?}");
    }
}

#[test]
fn a_queue_of_the_same_verdict_stays_coloured() {
    let mut model = ready();
    for step in 0..20 {
        answered(&mut model, go(), 100 + step * 150);
        assert!(model.card.as_ref().is_some_and(|card| card.coloured(100 + step * 150)));
    }
}

#[test]
fn esc_leaves_a_question_and_then_a_notice() {
    let mut model = ready();
    said(&mut model, StreamMessage::Conflict(Box::new(conflict())), 10);
    answered(&mut model, ask(), 20);
    press(&mut model, Action::Back, 30);
    assert_eq!((face(&model, 30), model.notices.len()), (None, 1));
    press(&mut model, Action::Back, 40);
    assert!(model.notices.is_empty());
}

#[test]
fn a_fault_of_a_source_takes_nobodys_verdict_away() {
    let mut model = ready();
    answered(&mut model, ask(), 10);
    let trouble = StreamMessage::Trouble { code: "E-CAM-01".to_owned(), what: "No camera".to_owned() };
    said(&mut model, trouble, 20);
    assert_eq!(face(&model, 20), Some(Face::Ask));
    assert!(model.attentions(20).iter().any(|line| line.text.contains("E-CAM-01")));
}

#[test]
fn a_scan_that_could_not_be_decided_takes_the_last_yes_away() {
    let mut model = ready();
    answered(&mut model, go(), 10);
    let trouble = StreamMessage::Trouble { code: "E-DSK-01".to_owned(), what: "The disk is full".to_owned() };
    assert_eq!(said(&mut model, trouble, 20), Some(Command::Ring(3)));
    assert_eq!(face(&model, 20), Some(Face::Trouble));
}

#[test]
fn a_fault_told_every_second_stays_up_and_rings_once() {
    let mut model = ready();
    let trouble = || StreamMessage::Trouble { code: "E-DSK-04".to_owned(), what: "The disk is full".to_owned() };
    assert_eq!(said(&mut model, trouble(), 1_000), Some(Command::Ring(3)));
    for second in 2..30 {
        assert_eq!(said(&mut model, trouble(), second * 1_000), None);
        assert_eq!(face(&model, second * 1_000), Some(Face::Trouble));
    }
    assert_eq!(said(&mut model, trouble(), 31_000), Some(Command::Ring(3)), "a later scan rings again");
}

#[test]
fn losing_the_agent_takes_the_verdict_away_for_good() {
    let mut model = ready();
    answered(&mut model, ask(), 10);
    update(&mut model, Message::Link(News::Lost { fault: Fault::Closed, attempts: 1 }), 20);
    assert_eq!(model.contact(5_020), Contact::Lost { for_ms: 5_010, fault: Fault::Closed });
    update(&mut model, Message::Link(News::Connected), 6_000);
    assert_eq!(face(&model, 6_000), None);
}

#[test]
fn an_agent_that_falls_silent_is_not_live_even_if_it_stays_connected() {
    let mut model = ready();
    answered(&mut model, go_note(), 100);
    assert!(model.is_live(3_100));
    assert!(!model.is_live(3_101));
    keep_alive(&mut model, 9_000);
    assert!(model.is_live(9_000));
    assert_eq!(face(&model, 9_000), None, "what stood before the silence is old");
}

#[test]
fn an_undo_is_asked_once_however_long_the_key_is_held() {
    let mut model = ready();
    let sent = press_undo(&mut model, 1_000).expect("asked");
    reply(&mut model, &sent, undone(annulled()), 1_020);
    for now in (1_300..2_800).step_by(40) {
        keep_alive(&mut model, now);
        assert!(press_undo(&mut model, now).is_none(), "repeat at {now}");
    }
    assert!(press_undo(&mut model, 3_600).is_some(), "pressed again");
}

#[test]
fn an_undo_told_twice_is_shown_once() {
    for stream_first in [true, false] {
        let mut model = ready();
        answered(&mut model, go(), 100);
        let sent = press_undo(&mut model, 200).expect("asked");
        if stream_first {
            answered(&mut model, annulled(), 210);
        }
        reply(&mut model, &sent, undone(annulled()), 220);
        if !stream_first {
            answered(&mut model, annulled(), 230);
        }
        let faces: Vec<(Face, bool)> = model.log.newest().map(|entry| (entry.face, entry.undone)).collect();
        assert_eq!(faces, [(Face::Undo, false), (Face::Go, true)], "stream first: {stream_first}");
        assert!(model.told.is_empty() || stream_first);
    }
}

#[test]
fn an_undo_that_was_refused_says_why() {
    let mut model = ready();
    let sent = press_undo(&mut model, 100).expect("asked");
    let refusal = Refusal::Said { code: "too_late_to_undo".to_owned(), what: "Too late".to_owned() };
    reply(&mut model, &sent, Err(refusal), 150);
    assert!(model.attentions(150).iter().any(|line| line.text == "NOT UNDONE: Too late (too_late_to_undo)"));
}

#[test]
fn nothing_is_undone_in_readonly_or_without_an_agent() {
    let mut model = ready();
    assert!(press_undo(&mut model, 60_000).is_none(), "silent for a minute");
    keep_alive(&mut model, 61_000);
    model.options.readonly = true;
    assert!(press_undo(&mut model, 62_000).is_none());
}

#[test]
fn leaving_takes_two_presses_within_two_seconds() {
    let mut model = ready();
    assert_eq!(press(&mut model, Action::Quit, 1_000), None);
    assert_eq!(press(&mut model, Action::Quit, 3_001), None, "too late is a first press again");
    assert_eq!(press(&mut model, Action::Quit, 4_000), Some(Command::Quit));
}

#[test]
fn the_tab_at_the_end_of_a_typed_code_is_not_a_key_press_and_the_code_is_one_scan() {
    let code = "TG1".repeat(40);
    for gap in [5, 20, 90] {
        let mut model = ready();
        let end = burst(&mut model, &code, gap, 1_000) + 5;
        keep_alive(&mut model, end);
        for action in [Action::NextScreen, Action::Back, Action::Quit, Action::Undo, Action::Help] {
            assert_eq!(press(&mut model, action, end), None);
        }
        assert_eq!((model.screen, model.help, model.quit_armed_at), (Screen::Door, false, None), "gap {gap}");
        let scan = Scan::of(Subject::Code(code.clone()));
        assert_eq!(asked(&mut model), [Request::Scan(Box::new(scan))], "gap {gap}");
    }
}

#[test]
fn a_readonly_screen_says_that_nothing_is_read_here() {
    let mut model = ready();
    model.options.readonly = true;
    let end = burst(&mut model, "TG1ABCDEFGH", 10, 1_000);
    update(&mut model, Message::Time, end + HOLD_MS + 1);
    assert!(model.attentions(end + 200).iter().any(|line| line.text.starts_with("A scanner types")));
    assert!(asked(&mut model).is_empty());
}

#[test]
fn a_person_who_rests_on_a_key_is_not_taken_for_a_scanner() {
    let mut model = ready();
    for gap in [33, 400] {
        burst(&mut model, &"x".repeat(30), gap, 1_000);
        update(&mut model, Message::Time, 60_000);
        assert!(model.notices.is_empty() && asked(&mut model).is_empty(), "gap {gap}");
    }
}

#[test]
fn the_venues_clock_is_the_agents_carried_on() {
    let model = ready();
    let at = model.agent_now(2_500).expect("a time");
    assert_eq!(scanner_tui::words::clock_at(at, &model.zone), "21:40:09");
}

#[test]
fn a_status_that_makes_no_sense_is_shown_and_never_a_panic() {
    let mut odd = status();
    odd.now = "yesterday".to_owned();
    odd.timezone = "Mars/Olympus".to_owned();
    odd.capacity = Some(0);
    odd.inside = i64::MIN;
    odd.per_minute = vec![u32::MAX; 500];
    odd.links.clear();
    odd.state = "dancing\x1b[2J".to_owned();
    let model = live(UNICODE, odd, 0);
    for size in [(80, 24), (40, 12), (120, 36), (7, 3)] {
        assert!(!screen(&model, size, 10).concat().contains('\x1b'));
    }
}

#[test]
fn what_time_alone_changes_is_announced_to_the_loop() {
    for verdict in [go(), no(), ask(), unknown()] {
        let mut model = live(UNICODE, status(), 350);
        said(
            &mut model,
            StreamMessage::Trouble { code: "E-CAM-01".to_owned(), what: "No camera".to_owned() },
            400,
        );
        press(&mut model, Action::Quit, 410);
        answered(&mut model, out(), 420);
        answered(&mut model, verdict, 430);
        let mut now = 430;
        while now < 45_000 {
            let next = next_change(&model, now);
            assert!(next > now);
            let before = buffer(&model, (80, 24), now);
            assert_eq!(before, buffer(&model, (80, 24), next - 1), "{now}..{next}");
            now = next;
        }
    }
}

#[test]
fn a_second_undo_before_the_first_was_told_twice_is_shown_once_too() {
    let mut model = ready();
    let mut second = annulled();
    second.entry = Some("dev_a:1:814".to_owned());
    let asked = press_undo(&mut model, 100).expect("asked");
    reply(&mut model, &asked, undone(annulled()), 120);
    let asked = press_undo(&mut model, 1_000).expect("asked again");
    answered(&mut model, annulled(), 1_010);
    answered(&mut model, second.clone(), 1_020);
    reply(&mut model, &asked, undone(second), 1_030);
    assert_eq!(model.log.newest().count(), 2);
}

#[test]
fn an_answer_repeated_for_the_same_key_is_shown_again() {
    let mut model = ready();
    answered(&mut model, go(), 100);
    let repeated = Answer { repeated: true, ..go() };
    answered(&mut model, repeated, 2_000);
    assert_eq!(model.card.map(|card| card.shown_at), Some(2_000));
}

#[test]
fn a_machine_that_slept_does_not_wake_with_a_yes() {
    let mut model = ready();
    answered(&mut model, go(), 100);
    update(&mut model, Message::Slept, 200);
    assert_eq!((model.contact(200), face(&model, 200)), (Contact::Starting, None));
    keep_alive(&mut model, 300);
    assert!(model.is_live(300));
}

#[test]
fn an_undo_without_an_agent_is_refused_in_words() {
    let mut model = ready();
    press(&mut model, Action::Undo, 60_000);
    assert!(model.attentions(60_000).iter().any(|line| line.text.starts_with("NOT UNDONE")));
}

#[test]
fn the_sync_screen_asks_for_what_is_behind_its_numbers_and_again_when_they_change() {
    let mut model = ready();
    press(&mut model, Action::Sync, 100);
    assert_eq!(asked(&mut model), [Request::Conflicts, Request::Findings]);
    said(&mut model, StreamMessage::Status(Box::new(Status { findings: 1, ..status() })), 200);
    assert_eq!(asked(&mut model), []);
    update(&mut model, Message::Time, 500);
    assert_eq!(asked(&mut model), [], "the first two are still under way");
    press(&mut model, Action::SyncNow, 600);
    assert_eq!(asked(&mut model), [Request::SyncNow]);
}

#[test]
fn a_conflict_and_a_fork_stay_in_the_attention_lines_until_somebody_has_read_them() {
    let mut model = ready();
    said(&mut model, StreamMessage::Conflict(Box::new(conflict())), 10);
    said(&mut model, StreamMessage::Finding(Box::new(findings().items.remove(0))), 20);
    let lines = |model: &Model| model.attentions(30).into_iter().map(|line| line.text).collect::<Vec<_>>();
    let said = lines(&model);
    assert!(said[0].starts_with("FORK Bar South wrote two histories"), "{said:?}");
    assert!(
        said[1].starts_with("CONFLICT Maria Santos, entry, Main hall: Gate B 21:39:58 after Gate A"),
        "{said:?}"
    );
    press(&mut model, Action::Back, 40);
    press(&mut model, Action::Back, 50);
    assert_eq!(lines(&model), Vec::<String>::new());
}

#[test]
fn several_tickets_at_once_are_a_question_to_the_guest_until_the_next_scan() {
    let several = || StreamMessage::Trouble {
        code: "several".to_owned(),
        what: "2 tickets side by side — Show the one that is meant alone".to_owned(),
    };
    let mut model = ready();
    answered(&mut model, go(), 10);
    said(&mut model, several(), 2_000);
    let card = model.card.as_ref().expect("a card");
    assert_eq!((card.face, card.line.as_str()), (Face::Ask, "2 tickets side by side"));
    assert_eq!(card.action, "Show the one that is meant alone");
    assert!(model.notices.is_empty());
    answered(&mut model, go(), 3_000);
    assert_eq!(face(&model, 3_000), Some(Face::Go), "the next scan replaces it");
}
