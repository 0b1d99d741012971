//! Questions that a ticket's product asks: who is asked at the door, and what becomes of the answer.

use super::*;
use crate::journal::kind::Answered;

fn asks(world: &mut World, required: bool) {
    let question =
        Question { id: "size".into(), text: "Wristband size".into(), required, at_checkin: true, products: None };
    world.catalogue.event.as_mut().unwrap().questions.push(question);
}

fn said(text: &str) -> Vec<Answered> {
    vec![Answered { question: "size".into(), text: text.into() }]
}

#[test]
fn a_missing_answer_is_asked_for_once_required_or_not() {
    check(|w| asks(w, false), "ask/question");
    check(
        |w| {
            asks(w, true);
            w.scan.answers = said("M")
        },
        "admit/ok",
    );
    check(
        |w| {
            asks(w, true);
            w.scan.answers = said(" ")
        },
        "ask/question",
    );
    check(
        |w| {
            asks(w, false);
            w.scan.answers = said("")
        },
        "admit/ok",
    );
    check(
        |w| {
            asks(w, true);
            w.row().answers = said("M")
        },
        "admit/ok",
    );
    check(
        |w| {
            asks(w, true);
            w.can_ask = false
        },
        "admit/ok",
    );
    check(
        |w| {
            asks(w, true);
            exit(w)
        },
        "exit/ok",
    );
    check(
        |w| {
            asks(w, true);
            w.catalogue.event.as_mut().unwrap().questions[0].at_checkin = false
        },
        "admit/ok",
    );
    check(
        |w| {
            asks(w, true);
            w.entered()
        },
        "ask/question",
    );
}

#[test]
fn what_was_answered_at_the_door_stands_in_the_entry_and_is_not_asked_again() {
    let mut world = world();
    asks(&mut world, true);
    world.scan.answers = said("M");
    world.scan.answers.push(Answered { question: "nobody asked".into(), text: "x".into() });
    let Kind::Admission(admission) = world.decide().record else { panic!("not admitted") };
    assert_eq!(admission.answers, said("M"));
    check(
        |w| {
            asks(w, true);
            w.entered();
            w.list.multiple_entries = true;
            if let Does::Admit { answers, .. } = &mut w.acts[0].does {
                *answers = said("M");
            }
        },
        "admit/ok",
    );
    // Who took the entry back took the answer back with it.
    check(
        |w| {
            asks(w, true);
            w.entered();
            if let Does::Admit { answers, .. } = &mut w.acts[0].does {
                *answers = said("M");
            }
            let target = w.acts[0].id;
            let id = EntryRef { sequence: 2, ..target };
            w.acts.push(Act { id, does: Does::Undo { target: target.into() }, ..w.acts[0].clone() });
        },
        "ask/question",
    );
}
