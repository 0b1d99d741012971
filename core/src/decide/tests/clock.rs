//! What a clock that is not sure may decide, and what it asks about.

use super::*;

#[test]
fn an_unsure_clock_hides_no_other_refusal() {
    let late = |w: &mut World| w.row().window.until = Some(Timestamp::from_secs(999));
    check(
        |w| {
            late(w);
            w.quality = Quality::Unsure;
            w.entered();
        },
        "refuse/used",
    );
}

#[test]
fn an_unsure_clock_asks_where_a_rule_is_about_time() {
    let unsure = |w: &mut World| w.quality = Quality::Unsure;
    check(
        |w| {
            ruled(w, AFTER_2030);
            unsure(w)
        },
        "ask/clock",
    );
    check(
        |w| {
            ruled(w, "false");
            unsure(w)
        },
        "refuse/rule",
    );
    let now = r#"{"isAfter": [{"var": "now"}, {"buildTime": ["custom", "1970-01-01T00:10:00Z"]}, null]}"#;
    check(|w| ruled(w, now), "admit/ok");
    check(
        |w| {
            ruled(w, now);
            unsure(w)
        },
        "ask/clock",
    );
}

/// With one entry, and a clock that is not trusted.
fn check_unsure(rules: &str, expect: &str) {
    check(
        |w| {
            w.entered();
            w.list.multiple_entries = true;
            ruled(w, rules);
            w.quality = Quality::Unsure;
        },
        expect,
    );
}

#[test]
fn an_unsure_clock_refuses_only_what_is_false_at_any_time() {
    let first = r#"{"<": [{"var": "entries_number"}, 1]}"#;
    let other = r#"{"==": [{"var": "product"}, "2"]}"#;
    let late = AFTER_2030;
    check_unsure(first, "refuse/rule");
    check_unsure(&format!(r#"{{"or": [{first}, {other}]}}"#), "refuse/rule");
    check_unsure(&format!(r#"{{"and": [{late}, {first}]}}"#), "refuse/rule");
    check_unsure(&format!(r#"{{"and": [{late}, {other}]}}"#), "refuse/rule");
    check_unsure(&format!(r#"{{"or": [{first}, {late}]}}"#), "ask/clock");
    check_unsure(&format!(r#"{{"or": [{other}, {late}]}}"#), "ask/clock");
    check_unsure(&format!(r#"{{"!": [{{"or": [true, {late}]}}]}}"#), "refuse/rule");
    check_unsure(r#"{"<": [{"var": "entries_today"}, 1]}"#, "ask/clock");
    check_unsure(r#"{"<": [{"var": "entries_days"}, 1]}"#, "refuse/rule");
    check_unsure(r#"{"<": [{"entries_since": [{"buildTime": ["customtime", "00:00"]}]}, 1]}"#, "ask/clock");
    check_unsure(r#"{"<": [{"entries_days_since": [{"buildTime": ["customtime", "00:00"]}]}, 1]}"#, "ask/clock");
    let since = r#"{"<": [{"entries_since": [{"buildTime": ["custom", "1970-01-01T00:00:00Z"]}]}, 1]}"#;
    check_unsure(since, "refuse/rule");
    check_unsure(r#"{">": [{"var": "minutes_since_last_entry"}, 60]}"#, "ask/clock");
    check_unsure(r#"{"==": [{"var": "now_isoweekday"}, 6]}"#, "ask/clock");
}

#[test]
fn who_is_inside_until_closing_time_is_a_matter_of_the_clock() {
    let absent = r#"{"==": [{"var": "entry_status"}, "absent"]}"#;
    check_unsure(absent, "refuse/rule");
    let closes = |w: &mut World| {
        stays_until_closing(w);
        w.list.multiple_entries = true;
        ruled(w, absent);
    };
    check(closes, "refuse/rule");
    check(
        |w| {
            closes(w);
            w.quality = Quality::Wild
        },
        "ask/clock",
    );
}

/// Came in, on a list that closes in an hour; then daily.
fn stays_until_closing(world: &mut World) {
    world.entered();
    world.list.auto_exit_at = Some(Timestamp::from_secs(4_600));
    world.catalogue.lists.insert(LIST, world.list.clone());
}

#[test]
fn a_clock_that_is_not_trusted_refuses_nobody_whose_stay_closing_time_may_have_ended() {
    check(stays_until_closing, "refuse/used");
    for quality in [Quality::Unsure, Quality::Wild] {
        let doubtful = |w: &mut World| {
            stays_until_closing(w);
            w.quality = quality;
        };
        check(doubtful, "ask/clock");
        check(
            |w| {
                doubtful(w);
                w.scan.at = Some(Timestamp::from_secs(1_000)) // somebody vouches for it
            },
            "refuse/used",
        );
        check(
            |w| {
                doubtful(w);
                w.list.reentry_after_exit = false // once is once, whatever the time
            },
            "refuse/used",
        );
        check(
            |w| {
                doubtful(w);
                w.row().needs_approval = true
            },
            "refuse/unapproved",
        );
        check(
            |w| {
                doubtful(w);
                exit(w)
            },
            "exit/ok",
        );
    }
    let mut world = world();
    stays_until_closing(&mut world);
    world.quality = Quality::Wild;
    assert_eq!(world.decide().used.map(|passage| passage.at), Some(Timestamp(1)), "what is known is told");
}

#[test]
fn where_nobody_can_be_asked_an_unsure_clock_refuses() {
    let alone = |w: &mut World| {
        w.quality = Quality::Unsure;
        w.can_ask = false;
    };
    check(
        |w| {
            alone(w);
            w.row().window.until = Some(Timestamp::from_secs(999))
        },
        "refuse/clock",
    );
    check(
        |w| {
            alone(w);
            ruled(w, AFTER_2030)
        },
        "refuse/clock",
    );
    check(alone, "admit/ok");
}
