//! What is true when.

use super::*;

fn check(text: &str, world: &World, expect: bool) {
    assert_eq!(rule(text).evaluate(&world.facts()), Ok(expect), "{text} at {}", world.at);
}

fn gap(text: &str, world: &World, expect: Gap) {
    assert_eq!(rule(text).evaluate(&world.facts()), Err(expect), "{text}");
}

#[test]
fn constants_and_connectives() {
    let w = world();
    for (text, expect) in [
        ("true", true),
        ("false", false),
        ("{}", true),
        (r#"{"and": []}"#, true),
        (r#"{"or": []}"#, false),
        (r#"{"and": [true]}"#, true),
        (r#"{"and": [false]}"#, false),
        (r#"{"and": [true, true, false]}"#, false),
        (r#"{"and": [true, true, true, true]}"#, true),
        (r#"{"or": [false]}"#, false),
        (r#"{"or": [true]}"#, true),
        (r#"{"or": [false, false, true]}"#, true),
        (r#"{"and": true}"#, true),
        (r#"{"or": false}"#, false),
        (r#"{"!": true}"#, false),
        (r#"{"!": [true]}"#, false),
        (r#"{"!": [false]}"#, true),
        (r#"{"!!": [true]}"#, true),
        (r#"{"!!": false}"#, false),
        (r#"{"!": {"!": {"!": [{"and": [true, {"or": [false, true]}]}]}}}"#, false),
        (r#"{"and": [{"or": [false, true]}, {"!": [{"and": [true, false]}]}]}"#, true),
    ] {
        check(text, &w, expect);
    }
}

#[test]
fn numbers_are_compared_on_both_sides_of_each_boundary() {
    let w = world();
    for (left, right, less, equal) in [
        ("1", "2", true, false),
        ("2", "2", false, true),
        ("3", "2", false, false),
        ("-1", "0", true, false),
        ("1.5", "2", true, false),
        ("2", "1.5", false, false),
        ("2.0", "2", false, true),
        ("1e300", "-1e300", false, false),
    ] {
        let is = |operator: &str, expect| check(&format!(r#"{{"{operator}": [{left}, {right}]}}"#), &w, expect);
        is("<", less);
        is("<=", less || equal);
        is(">", !less && !equal);
        is(">=", !less);
        is("==", equal);
        is("===", equal);
        is("!=", !equal);
        is("!==", !equal);
    }
    for (text, expect) in [
        (r#"{"<": [1, 2, 3]}"#, true),
        (r#"{"<": [1, 1, 3]}"#, false),
        (r#"{"<": [1, 3, 3]}"#, false),
        (r#"{"<=": [1, 1, 1]}"#, true),
        (r#"{"<=": [2, 1, 3]}"#, false),
        (r#"{"<=": [0, @entries_number, 2]}"#, true),
        (r#"{"<=": [1, @entries_number, 2]}"#, false),
        (r#"{"==": [@entries_today, @entries_number]}"#, true),
        (r#"{"==": ["a", "a"]}"#, true),
        (r#"{"!=": ["a", "a"]}"#, false),
        (r#"{"==": [{"<": [1, 2]}, true]}"#, true),
        (r#"{"==": [false, {"<": [1, 2]}]}"#, false),
        (r#"{"!=": [{"<": [1, 2]}, false]}"#, true),
    ] {
        check(text, &w, expect);
    }
}

#[test]
fn times_are_compared_strictly_and_tolerance_widens_what_is_allowed() {
    let at = |text: &str| world().at(text);
    let after = |tolerance: &str| format!(r#"{{"isAfter": [@now, @t(2020-01-01T12:00:00+01:00){tolerance}]}}"#);
    let before = |tolerance: &str| format!(r#"{{"isBefore": [@now, @t(2020-01-01T12:00:00+01:00){tolerance}]}}"#);
    for none in ["", ", null", ", 0", ", \"\"", ", \"0\""] {
        check(&after(none), &at("2020-01-01T12:00:00+01:00"), false);
        check(&after(none), &at("2020-01-01T12:00:00.000001+01:00"), true);
        check(&before(none), &at("2020-01-01T12:00:00+01:00"), false);
        check(&before(none), &at("2020-01-01T11:59:59.999999+01:00"), true);
    }
    for ten in [", 10", ", 10.0", ", \"10\""] {
        check(&after(ten), &at("2020-01-01T11:50:00+01:00"), false);
        check(&after(ten), &at("2020-01-01T11:50:00.000001+01:00"), true);
        check(&before(ten), &at("2020-01-01T12:10:00+01:00"), false);
        check(&before(ten), &at("2020-01-01T12:09:59.999999+01:00"), true);
    }
    check(&after(", -10"), &at("2020-01-01T12:10:00+01:00"), false);
    check(&after(", -10"), &at("2020-01-01T12:10:01+01:00"), true);
    check(&before(", -10"), &at("2020-01-01T11:50:00+01:00"), false);
    check(&before(", -10"), &at("2020-01-01T11:49:59+01:00"), true);
    check(&after(", 0.5"), &at("2020-01-01T11:59:30+01:00"), false);
    check(&after(", 0.5"), &at("2020-01-01T11:59:31+01:00"), true);
    // Either side may be the fixed one, and both.
    check(r#"{"isBefore": [@t(2020-01-01T12:00:00+01:00), @now, 10]}"#, &at("2020-01-01T11:51:00+01:00"), true);
    check(r#"{"isAfter": [@e(date_from), @e(date_admission)]}"#, &world(), true);
    check(r#"{"isBefore": [@now, @now]}"#, &world(), false);
    check(r#"{"isBefore": [@now, @now, 1]}"#, &world(), true);
    // Sizes of times are their order.
    let noon = world().at("2020-01-01T12:00:00+01:00");
    check(r#"{"<": [@now, @e(date_admission)]}"#, &noon, false);
    check(r#"{"<=": [@now, @e(date_admission)]}"#, &noon, true);
    check(r#"{">": [@now, @e(date_admission)]}"#, &noon, false);
    check(r#"{">=": [@now, @e(date_admission)]}"#, &noon, true);
    check(r#"{"<=": [@d(11:00), @now, @d(12:00)]}"#, &noon, true);
    check(r#"{"<": [@d(11:00), @now, @d(12:00)]}"#, &noon, false);
}

#[test]
fn times_of_the_event_are_those_of_the_tickets_date_where_it_has_one() {
    let is_after = |kind: &str| format!(r#"{{"isAfter": [@now, @e({kind})]}}"#);
    let is_before = |kind: &str| format!(r#"{{"isBefore": [@now, @e({kind})]}}"#);
    check(&is_after("date_admission"), &world().at("2020-01-01T12:00:00+01:00"), false);
    check(&is_after("date_admission"), &world().at("2020-01-01T12:00:01+01:00"), true);
    check(&is_after("date_from"), &world().at("2020-01-01T13:00:00+01:00"), false);
    check(&is_after("date_from"), &world().at("2020-01-01T13:00:01+01:00"), true);
    check(&is_before("date_to"), &world().ends("2020-01-01T18:00:00+01:00"), true);
    let over = world().ends("2020-01-01T18:00:00+01:00").at("2020-01-01T18:00:00+01:00");
    check(&is_before("date_to"), &over, false);
    // A date without doors opens when it starts; the event's own times say nothing about it.
    check(&is_after("date_admission"), &world().second_day().at("2020-01-02T19:59:00+01:00"), false);
    check(&is_after("date_admission"), &world().second_day().at("2020-01-02T20:01:00+01:00"), true);
    gap(&is_before("date_to"), &world(), Gap::Undefined);
    gap(&is_before("date_to"), &world().ends("2020-01-01T18:00:00+01:00").second_day(), Gap::Undefined);
    gap(&is_after("date_from"), &World { span: Known::NotHere, ..world() }, Gap::NotHere);
    let unsettled = || world().spans(|span| span.starts = None);
    gap(&is_after("date_from"), &unsettled(), Gap::Undefined);
    check(&is_after("date_admission"), &unsettled().at("2020-01-01T12:01:00+01:00"), true);
    gap(&is_after("date_admission"), &unsettled().spans(|span| span.doors = None), Gap::Undefined);
    check(r#"{"isAfter": [@now, {"buildTime": ["date_from", null]}]}"#, &world(), false);
}

#[test]
fn what_is_not_known_matters_only_where_nothing_known_decides() {
    let end = r#"{"isBefore": [@now, @e(date_to)]}"#;
    let (here, away) = (world(), World { variation: Known::NotHere, ..world() });
    for (connective, decides) in [("or", true), ("and", false)] {
        check(&format!(r#"{{"{connective}": [{decides}, {end}]}}"#), &here, decides);
        check(&format!(r#"{{"{connective}": [{end}, {decides}]}}"#), &here, decides);
        check(&format!(r#"{{"{connective}": [@v(7), {decides}]}}"#), &away, decides);
        gap(&format!(r#"{{"{connective}": [{end}, {}]}}"#, !decides), &here, Gap::Undefined);
        gap(&format!(r#"{{"{connective}": [{}, @v(7)]}}"#, !decides), &away, Gap::NotHere);
        gap(&format!(r#"{{"{connective}": [{end}, @v(7)]}}"#), &away, Gap::NotHere);
        gap(&format!(r#"{{"{connective}": [@v(7), {end}]}}"#), &away, Gap::NotHere);
    }
    gap(&format!(r#"{{"!": {end}}}"#), &here, Gap::Undefined);
    gap(r#"{"<": [{"entries_since": [@e(date_to)]}, 3]}"#, &here, Gap::Undefined);
}

#[test]
fn things_are_found_in_lists_by_number_and_gates_by_name() {
    let none = World { variation: Known::Here(None), gate: None, ..world() };
    for (text, expect, without) in [
        ("@p(5)", true, true),
        ("@p(6)", false, false),
        ("@p(6,5)", true, true),
        ("@p()", false, false),
        ("@v(7)", true, false),
        ("@v(8,9)", false, false),
        ("@g(g1)", true, false),
        ("@g(g2)", false, false),
        ("@g(g2,g1)", true, false),
        (r#"{"!": @g(g1)}"#, false, true),
        (r#"{"inList": [@product, {"objectList": [{"lookup": ["product", 5, "A"]}]}]}"#, true, true),
        (r#"{"inList": [@product, {"objectList": {"lookup": ["product", 5]}}]}"#, true, true),
        (r#"{"inList": [{"var": ["product"]}, {"objectList": [{"lookup": ["product", 5.0, "A"]}]}]}"#, true, true),
        (r#"{"in": [@product, [4, 5]]}"#, true, true),
        (r#"{"in": [@gate, ["g2"]]}"#, false, false),
        (r#"{"==": [@product, 5]}"#, true, true),
        (r#"{"==": ["5", @product]}"#, true, true),
        (r#"{"!=": [@product, 5]}"#, false, false),
        (r#"{"==": [@gate, "g1"]}"#, true, false),
        (r#"{"==": [@variation, 8]}"#, false, false),
    ] {
        check(text, &world(), expect);
        check(text, &none, without);
    }
}

#[test]
fn the_entry_status_is_present_or_absent() {
    let inside = World { present: true, ..world() };
    for (text, in_absence) in [
        (r#"{"==": [@entry_status, "absent"]}"#, true),
        (r#"{"==": [@entry_status, "present"]}"#, false),
        (r#"{"!=": [@entry_status, "absent"]}"#, false),
        (r#"{"==": ["absent", @entry_status]}"#, true),
    ] {
        check(text, &world(), in_absence);
        check(text, &inside, !in_absence);
    }
}

#[test]
fn entries_are_counted_by_day_and_by_time() {
    // New Year's Eve 23:30 and 23:59:59, then 00:00, 00:30 and 09:00, all local.
    let times = [
        "2020-01-01T08:00:00Z",
        "2019-12-31T22:30:00Z",
        "2019-12-31T22:59:59Z",
        "2019-12-31T23:00:00Z",
        "2019-12-31T23:30:00Z",
    ];
    let w = world().entries(&times);
    let midnight = "@t(2020-01-01T00:00:00+01:00)";
    let count = |name: &str, expect: usize| check(&format!(r#"{{"==": [{name}, {expect}]}}"#), &w, true);
    count("@entries_number", 5);
    count("@entries_today", 3);
    count("@entries_days", 2);
    count(&format!(r#"{{"entries_since": [{midnight}]}}"#), 3);
    count(&format!(r#"{{"entries_before": [{midnight}]}}"#), 2);
    count(&format!(r#"{{"entries_before": {midnight}}}"#), 2);
    count(&format!(r#"{{"var": ["entries_before", {midnight}]}}"#), 2);
    count(&format!(r#"{{"entries_days_since": [{midnight}]}}"#), 1);
    count(&format!(r#"{{"entries_days_before": [{midnight}]}}"#), 1);
    count(r#"{"entries_since": [@d(00:30)]}"#, 2);
    count(r#"{"entries_since": [@now]}"#, 0);
    count(r#"{"entries_days_before": [@now]}"#, 2);
    count(r#"{"entries_before": [@t(2020-01-01T00:00)]}"#, 2); // without an offset: the venue's clock
    check(r#"{"==": [@entries_today, 0]}"#, &world().entries(&times).at("2020-01-02T00:00:00+01:00"), true);
    check(r#"{"==": [@entries_today, 2]}"#, &world().entries(&times).at("2019-12-31T23:59:59+01:00"), true);
    check(r#"{"==": [@entries_days, 0]}"#, &world(), true);
}

#[test]
fn minutes_are_rounded_down_and_minus_one_means_no_entry() {
    let entries = ["2020-01-01T08:00:00Z", "2020-01-01T07:00:00Z"];
    let check_minutes = |at: &str, first: i64, last: i64| {
        let w = world().entries(&entries).at(at);
        check(&format!(r#"{{"==": [@minutes_since_first_entry, {first}]}}"#), &w, true);
        check(&format!(r#"{{"==": [@minutes_since_last_entry, {last}]}}"#), &w, true);
    };
    check_minutes("2020-01-01T08:00:00Z", 60, 0);
    check_minutes("2020-01-01T08:00:59.999999Z", 60, 0);
    check_minutes("2020-01-01T08:01:00Z", 61, 1);
    check_minutes("2020-01-01T11:00:00Z", 240, 180);
    check_minutes("2020-01-01T07:59:30Z", 59, 0); // the last entry lies later than this scan's time
    check(r#"{"==": [@minutes_since_first_entry, -1]}"#, &world(), true);
    check(r#"{"==": [@minutes_since_last_entry, -1]}"#, &world(), true);
    check(r#"{"<": [@minutes_since_last_entry, 1]}"#, &world(), true);
}

#[test]
fn weekdays_are_the_venues() {
    for (at, day) in [
        ("2022-04-04T12:00:00Z", 1),
        ("2022-04-06T21:55:00Z", 3),
        ("2022-04-06T22:05:00Z", 4), // past midnight in Berlin
        ("2022-04-09T12:00:00Z", 6),
        ("2022-04-10T21:59:59Z", 7),
    ] {
        check(&format!(r#"{{"==": [@now_isoweekday, {day}]}}"#), &world().at(at), true);
        check(r#"{">=": [@now_isoweekday, 6]}"#, &world().at(at), day >= 6);
    }
}

#[test]
fn times_of_day_follow_the_clock_through_both_changes() {
    let after = |time: &str, at: &str, expect| {
        check(&format!(r#"{{"isAfter": [@now, @d({time})]}}"#), &world().at(at), expect);
    };
    after("22:00", "2020-01-01T22:00:00+01:00", false);
    after("22:00:00", "2020-01-01T22:00:01+01:00", true);
    after("22:00", "2020-01-02T00:10:00+01:00", false); // another day: another 22:00
    after("02:30", "2021-03-28T03:29:00+02:00", false); // skipped, so 03:30
    after("02:30", "2021-03-28T03:31:00+02:00", true);
    after("02:30", "2021-10-31T02:31:00+02:00", true); // twice: the first counts
    after("02:30", "2021-10-31T02:29:00+02:00", false);
    after("02:30", "2021-10-31T02:10:00+01:00", true);
    // A day of 23 and one of 25 hours are days.
    let spring = world().entries(&["2021-03-27T23:00:00Z", "2021-03-28T21:59:59Z", "2021-03-28T22:00:00Z"]);
    check(r#"{"==": [@entries_today, 2]}"#, &spring.at("2021-03-28T12:00:00Z"), true);
    let autumn = world().entries(&["2021-10-30T22:00:00Z", "2021-10-31T22:59:59Z", "2021-10-31T23:00:00Z"]);
    check(r#"{"==": [@entries_today, 2]}"#, &autumn.at("2021-10-31T12:00:00Z"), true);
    // A local moment that is skipped moves forward with the gap.
    check(r#"{"isAfter": [@now, @t(2021-03-28T02:30)]}"#, &world().at("2021-03-28T01:29:00Z"), false);
    check(r#"{"isAfter": [@now, @t(2021-03-28T02:30)]}"#, &world().at("2021-03-28T01:31:00Z"), true);
}
