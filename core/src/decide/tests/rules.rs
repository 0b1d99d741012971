//! Rules of a list: whom they refuse, who may decide otherwise, and what happens where they cannot be told.

use super::*;

#[test]
fn a_rule_refuses_entries_and_no_exits_and_a_supervisor_may_decide_otherwise() {
    check(|w| ruled(w, "false"), "refuse/rule");
    check(|w| ruled(w, "true"), "admit/ok");
    check(
        |w| {
            ruled(w, "false");
            exit(w)
        },
        "exit/ok",
    );
    check(
        |w| {
            ruled(w, "false");
            overriding(w)
        },
        "admit/ok overridden",
    );
}

#[test]
fn a_rule_that_cannot_be_evaluated_refuses_whoever_decides() {
    let unreadable = [r#"{"nosuchop": [1]}"#, r#"{"isAfter": [{"var": "now"}, {"buildTime": ["date_to"]}]}"#];
    for rules in unreadable {
        check(|w| ruled(w, rules), "refuse/rule");
        check(
            |w| {
                ruled(w, rules);
                overriding(w)
            },
            "refuse/rule",
        );
        let cancelled = |w: &mut World| {
            ruled(w, rules);
            w.row().status = TicketStatus::Cancelled;
        };
        check(cancelled, "refuse/cancelled"); // the checks keep their order
        check(
            |w| {
                cancelled(w);
                overriding(w)
            },
            "refuse/rule",
        );
    }
}

#[test]
fn a_fact_that_a_rule_needs_and_nobody_here_knows_is_asked_about() {
    let rules = r#"{"inList": [{"var": "variation"}, {"objectList": [{"lookup": ["variation", "1", "child"]}]}]}"#;
    check(|w| ruled(w, rules), "refuse/rule");
    check(
        |w| {
            ruled(w, rules);
            w.row = None
        },
        "ask/stale",
    );
    check(
        |w| {
            ruled(w, rules);
            w.row = None;
            w.can_ask = false
        },
        "refuse/stale",
    );
    check(
        |w| {
            ruled(w, r#"{"isAfter": [{"var": "now"}, {"buildTime": ["date_from"]}]}"#);
            w.row().date = Some(DateId(9)) // a date that no feed has named
        },
        "ask/stale",
    );
    check(
        |w| {
            ruled(w, AFTER_2030);
            w.row().date = Some(DateId(9)) // which this rule does not ask for
        },
        "refuse/rule",
    );
}
