//! What a false rule says.

use super::*;
use Counted::{Before, Days, DaysBefore, DaysSince, Since, Today};
use Needs::*;
use Reason::*;

/// The reasons that stand in the nearest way in, in their order.
fn check(text: &str, world: &World, expect: &[Reason]) {
    let (rule, facts) = (rule(text), world.facts());
    assert_eq!(rule.evaluate(&facts), Ok(false), "{text}");
    assert_eq!(rule.reasons(&facts), expect, "{text} at {}", world.at);
    assert_eq!(rule.reason(&facts), expect[0]);
}

fn opens(at: &str, world: &World) -> Reason {
    Opens { at: time(at), now: world.at }
}

fn closed(at: &str) -> Reason {
    Closed { at: time(at) }
}

fn entries(counted: Counted, known: i64, needs: Needs) -> Reason {
    Entries { counted, known, needs }
}

#[test]
fn times_are_told_with_their_tolerance() {
    let (w, late) = (world(), world().at("2020-01-01T14:00:00+01:00"));
    let noon = "2020-01-01T12:00:00+01:00";
    let (early, extended) = ("2020-01-01T11:50:00+01:00", "2020-01-01T12:10:00+01:00");
    check(r#"{"isAfter": [@now, @e(date_admission)]}"#, &w, &[opens(noon, &w)]);
    check(r#"{"isAfter": [@now, @e(date_admission), 10]}"#, &w, &[opens(early, &w)]);
    check(r#"{"isAfter": [@now, @e(date_admission), -10]}"#, &w, &[opens(extended, &w)]);
    check(r#"{"isBefore": [@e(date_admission), @now, 10]}"#, &w, &[opens(early, &w)]);
    check(r#"{"isBefore": [@now, @e(date_admission)]}"#, &late, &[closed(noon)]);
    check(r#"{"isBefore": [@now, @e(date_admission), 10]}"#, &late, &[closed(extended)]);
    check(r#"{"isAfter": [@e(date_admission), @now, 10]}"#, &late, &[closed(extended)]);
    check(r#"{"!": {"isBefore": [@now, @e(date_admission), 10]}}"#, &w, &[opens(extended, &w)]);
    check(r#"{"!": {"isAfter": [@now, @e(date_admission), 10]}}"#, &late, &[closed(early)]);
    check(r#"{"isAfter": [@now, @d(12:00)]}"#, &w, &[opens(noon, &w)]);
    check(r#"{"isAfter": [@e(date_admission), @e(date_from)]}"#, &w, &[Never]);
    check(r#"{"isBefore": [@now, @now]}"#, &w, &[Never]);
    let second = world().second_day();
    check(r#"{"isAfter": [@now, @e(date_from)]}"#, &second, &[opens("2020-01-02T20:00:00+01:00", &second)]);
}

#[test]
fn of_several_windows_the_nearest_end_is_told() {
    let window = |day: u8| {
        format!(
            r#"{{"and": [{{"isAfter": [@now, @t(2020-01-0{day}T11:00)]}}, {{"isBefore": [@now, @t(2020-01-0{day}T19:00)]}}]}}"#
        )
    };
    let rule = format!(r#"{{"or": [{}, {}]}}"#, window(1), window(2));
    let check_at = |at: &str, expect: fn(&World) -> Reason| {
        let w = world().at(at);
        check(&rule, &w, &[expect(&w)]);
    };
    check_at("2020-01-01T10:00:00+01:00", |w| opens("2020-01-01T11:00:00+01:00", w));
    check_at("2020-01-01T21:00:00+01:00", |_| closed("2020-01-01T19:00:00+01:00"));
    check_at("2020-01-02T10:00:00+01:00", |w| opens("2020-01-02T11:00:00+01:00", w));
    check_at("2020-01-03T19:00:00+01:00", |_| closed("2020-01-02T19:00:00+01:00"));
}

#[test]
fn nobody_is_sent_away_until_an_hour_that_will_not_do() {
    let w = world();
    let closed_by_then = r#"{"and": [{"isAfter": [@now, @d(12:00)]}, {"isBefore": [@now, @d(11:00)]}]}"#;
    check(closed_by_then, &w, &[Never]);
    // 23:55 with ten minutes less than nothing is tomorrow, when 23:55 is another.
    check(r#"{"isAfter": [@now, @d(23:55), -10]}"#, &w, &[Never]);
    let late = world().at("2020-01-01T17:30:00+01:00").entries(&["2020-01-01T17:00:00+01:00"]);
    let wait = r#"{"and": [{">=": [@minutes_since_last_entry, 60]}, {"isBefore": [@now, @d(18:00)]}]}"#;
    check(wait, &late, &[Never]);
    // The other alternative is then the nearest.
    let or = format!(r#"{{"or": [{closed_by_then}, @g(g2)]}}"#);
    check(&or, &w, &[Gates(vec!["g2".to_owned()])]);
}

#[test]
fn counts_say_what_they_have_to_be() {
    let w =
        world().entries(&["2020-01-01T08:00:00+01:00", "2020-01-01T08:30:00+01:00", "2019-12-31T08:00:00+01:00"]);
    let since = Timestamp::parse("2020-01-01T00:00:00+01:00").unwrap();
    let midnight = "@t(2020-01-01T00:00)";
    for (text, expect) in [
        (r#"{"<": [@entries_number, 3]}"#.to_owned(), entries(Counted::Entries, 3, AtMost(2))),
        (r#"{"<": [@entries_number, 2.5]}"#.to_owned(), entries(Counted::Entries, 3, AtMost(2))),
        (r#"{"<=": [@entries_number, 2.5]}"#.to_owned(), entries(Counted::Entries, 3, AtMost(2))),
        (r#"{">": [3, @entries_number]}"#.to_owned(), entries(Counted::Entries, 3, AtMost(2))),
        (r#"{"!": {">=": [@entries_number, 3]}}"#.to_owned(), entries(Counted::Entries, 3, AtMost(2))),
        (r#"{"<=": [0, @entries_number, 2]}"#.to_owned(), entries(Counted::Entries, 3, AtMost(2))),
        (r#"{"<": [@entries_today, 2]}"#.to_owned(), entries(Today, 2, AtMost(1))),
        (r#"{"==": [@entries_today, 1]}"#.to_owned(), entries(Today, 2, Exactly(1))),
        (r#"{"!=": [@entries_today, 2]}"#.to_owned(), entries(Today, 2, Not(2))),
        (r#"{">": [@entries_today, 2]}"#.to_owned(), entries(Today, 2, AtLeast(3))),
        (r#"{">=": [@entries_days, 3]}"#.to_owned(), entries(Days, 2, AtLeast(3))),
        (r#"{"<": [@entries_number, @entries_today]}"#.to_owned(), entries(Counted::Entries, 3, AtMost(1))),
        (format!(r#"{{"<": [{{"entries_since": {midnight}}}, 1]}}"#), entries(Since(since), 2, AtMost(0))),
        (format!(r#"{{">": [{{"entries_before": {midnight}}}, 1]}}"#), entries(Before(since), 1, AtLeast(2))),
        (
            format!(r#"{{"<": [{{"entries_days_since": {midnight}}}, 1]}}"#),
            entries(DaysSince(since), 1, AtMost(0)),
        ),
        (
            format!(r#"{{"<": [{{"entries_days_before": {midnight}}}, 1]}}"#),
            entries(DaysBefore(since), 1, AtMost(0)),
        ),
        (r#"{"<": [@entries_number, 0]}"#.to_owned(), Never),
        (r#"{"==": [@entries_number, 1.5]}"#.to_owned(), Never),
        (r#"{"<": [2, 1]}"#.to_owned(), Never),
    ] {
        check(&text, &w, &[expect]);
    }
}

#[test]
fn minutes_say_until_when_to_wait_or_that_it_is_over() {
    let w = world().entries(&["2020-01-01T08:00:00+01:00", "2020-01-01T09:00:00+01:00"]); // 120 and 60 minutes ago
    let wait = |first, at: &str| Wait { first, at: time(at), now: w.at };
    for (text, expect) in [
        (r#"{">": [@minutes_since_last_entry, 180]}"#, wait(false, "2020-01-01T12:01:00+01:00")),
        (r#"{">=": [@minutes_since_last_entry, 180]}"#, wait(false, "2020-01-01T12:00:00+01:00")),
        (r#"{">": [@minutes_since_first_entry, 180]}"#, wait(true, "2020-01-01T11:01:00+01:00")),
        (r#"{"==": [@minutes_since_last_entry, 61]}"#, wait(false, "2020-01-01T10:01:00+01:00")),
        (r#"{"!=": [@minutes_since_last_entry, 60]}"#, wait(false, "2020-01-01T10:01:00+01:00")),
        (r#"{"<": [@minutes_since_first_entry, 120]}"#, Lapsed { first: true }),
        (r#"{"<": [@minutes_since_last_entry, 60]}"#, Lapsed { first: false }),
        (r#"{"==": [@minutes_since_last_entry, 59]}"#, Lapsed { first: false }),
        (r#"{"<=": [@minutes_since_last_entry, -1]}"#, entries(Counted::Entries, 2, AtMost(0))),
        (r#"{"<": [@minutes_since_last_entry, -1]}"#, Never),
        (r#"{">": [@minutes_since_last_entry, 1e300]}"#, Never),
    ] {
        check(text, &w, &[expect]);
    }
    check(r#"{">": [@minutes_since_last_entry, 180]}"#, &world(), &[Lapsed { first: false }]);
    check(r#"{">=": [@minutes_since_first_entry, 0]}"#, &world(), &[Lapsed { first: true }]);
    let first_or = |rest: &str| format!(r#"{{"or": [{{"<=": [@minutes_since_last_entry, -1]}}, {rest}]}}"#);
    let three_hours = first_or(r#"{">": [@minutes_since_last_entry, 180]}"#);
    check(&three_hours, &w, &[wait(false, "2020-01-01T12:01:00+01:00")]);
    check(&first_or(r#"{"<": [@minutes_since_last_entry, 30]}"#), &w, &[Lapsed { first: false }]);
}

#[test]
fn lists_weekdays_and_status_say_what_would_do() {
    let products = |numbers: &[u16]| Products(numbers.iter().copied().map(ProductId).collect());
    let gates = |names: &[&str]| Gates(names.iter().map(|n| (*n).to_owned()).collect());
    let w = world();
    for (text, expect) in [
        ("@p(6)", products(&[6])),
        ("@p(9,6,9)", products(&[6, 9])),
        (r#"{"or": [@p(9), @p(6), @p(9)]}"#, products(&[6, 9])),
        (r#"{"!": @p(5)}"#, products(&[])),
        (r#"{"or": [{"!": @p(5)}, @p(6)]}"#, products(&[])),
        ("@v(8)", Variations(vec![VariationId(8)])),
        (r#"{"!": @v(7)}"#, Variations(vec![])),
        ("@g(g2,g3)", gates(&["g2", "g3"])),
        (r#"{"or": [@g(g3), @g(g2)]}"#, gates(&["g2", "g3"])),
        (r#"{"!=": [@gate, "g1"]}"#, gates(&[])),
        (r#"{"==": [@now_isoweekday, 6]}"#, Weekdays(vec![6])),
        (r#"{">=": [@now_isoweekday, 6]}"#, Weekdays(vec![6, 7])),
        (r#"{"!=": [@now_isoweekday, 3]}"#, Weekdays(vec![1, 2, 4, 5, 6, 7])),
        (r#"{"or": [{"==": [@now_isoweekday, 6]}, {"==": [@now_isoweekday, 1]}]}"#, Weekdays(vec![1, 6])),
        (r#"{">": [@now_isoweekday, 7]}"#, Never),
        (r#"{"==": [@entry_status, "present"]}"#, Status { present: true }),
        ("false", Never),
        (r#"{"or": []}"#, Never),
        (r#"{"!": {"and": []}}"#, Never),
    ] {
        check(text, &w, &[expect]);
    }
    let inside = World { present: true, ..world() };
    check(r#"{"==": [@entry_status, "absent"]}"#, &inside, &[Status { present: false }]);
    check("@g(g1)", &World { gate: None, ..world() }, &[gates(&["g1"])]);
}

#[test]
fn among_alternatives_the_nearest_way_in_is_told() {
    let w = world().entries(&["2020-01-01T08:00:00+01:00"]);
    let count = (r#"{"<": [@entries_today, 1]}"#, entries(Today, 1, AtMost(0)));
    let days = (r#"{"<": [@entries_days, 1]}"#, entries(Days, 1, AtMost(0)));
    let soon = (r#"{"isAfter": [@now, @d(11:00)]}"#, opens("2020-01-01T11:00:00+01:00", &w));
    let later = (r#"{"isAfter": [@now, @d(20:00)]}"#, opens("2020-01-01T20:00:00+01:00", &w));
    let weekday = (r#"{"==": [@now_isoweekday, 6]}"#, Weekdays(vec![6]));
    let gate = ("@g(g2)", Gates(vec!["g2".to_owned()]));
    let product = ("@p(6)", Products(vec![ProductId(6)]));
    let never = ("false", Never);
    let ladder = [days, count, soon, later, weekday, gate, product, never];
    for (i, (near, expect)) in ladder.iter().enumerate() {
        for (far, _) in &ladder[i + 1..] {
            check(&format!(r#"{{"or": [{near}, {far}]}}"#), &w, std::slice::from_ref(expect));
            check(&format!(r#"{{"or": [{far}, {near}]}}"#), &w, std::slice::from_ref(expect));
            check(
                &format!(r#"{{"!": {{"and": [{{"!": {far}}}, {{"!": {near}}}]}}}}"#),
                &w,
                std::slice::from_ref(expect),
            );
        }
    }
    // A way with something hard on it is hard.
    let (hard, easy) = (format!(r#"{{"and": [@p(6), {}]}}"#, ladder[1].0), ladder[3].0);
    check(&format!(r#"{{"or": [{hard}, {easy}]}}"#), &w, &[ladder[3].1.clone()]);
}

#[test]
fn of_all_that_is_missing_the_hardest_comes_first() {
    let w = world();
    let later = opens("2020-01-01T15:00:00+01:00", &w);
    let soon = opens("2020-01-01T11:00:00+01:00", &w);
    let two = r#"{"and": [{"isAfter": [@now, @d(11:00)]}, {"isAfter": [@now, @d(15:00)]}]}"#;
    check(two, &w, &[later, soon.clone()]);
    let all =
        r#"{"and": [{"isAfter": [@now, @d(11:00)]}, {">": [@entries_today, 3]}, @g(g2), true, @p(6), @g(g2)]}"#;
    let missing =
        [Products(vec![ProductId(6)]), Gates(vec!["g2".to_owned()]), entries(Today, 0, AtLeast(4)), soon.clone()];
    check(all, &w, &missing);
    // What is not known is passed over where something known decides.
    check(r#"{"and": [{"isBefore": [@now, @e(date_to)]}, {"isAfter": [@now, @d(11:00)]}]}"#, &w, &[Never]);
    let away = World { variation: Known::NotHere, ..world() };
    check(r#"{"and": [@v(7), @g(g2)]}"#, &away, &[Gates(vec!["g2".to_owned()])]);
    check(r#"{"and": [@v(7), {"isAfter": [@now, @d(11:00)]}]}"#, &away, &[soon]);
}

#[test]
fn a_rule_that_is_not_false_has_no_reason() {
    for text in ["true", r#"{"isBefore": [@now, @e(date_to)]}"#, r#"{"or": [false, true]}"#] {
        assert_eq!(rule(text).reasons(&world().facts()), [], "{text}");
    }
}
