//! Charts of one bar and of many, over nights on which the clock is changed, with names of every kind.

use super::bars::Bar;
use super::*;
use crate::report::rows::Row;
use crate::report::{TallyView, Totals};
use std::collections::BTreeMap;
use tidegate_core::time::Timestamp;

fn report(rows: Vec<Row>) -> Attendance {
    Attendance {
        event: "evt".into(),
        name: "A <b> & c".into(),
        timezone: "Europe/Berlin".into(),
        at: String::new(),
        list: None,
        totals: Totals::default(),
        lists: Vec::new(),
        products: Vec::new(),
        rows,
        arrivals: Vec::new(),
        refusals: Vec::new(),
        servings: Vec::new(),
        stock: Vec::new(),
        overrides: Vec::new(),
        devices: Vec::new(),
        conflicts: 0,
    }
}

fn row(from_s: i64, gate: &str, entries: u64) -> Row {
    let tally = TallyView { entries, ..TallyView::default() };
    let from = Timestamp::from_secs(from_s).to_string();
    Row { from, list: None, gate: Some(gate.into()), product: None, tally, codes: BTreeMap::new(), from_s }
}

fn at(text: &str) -> i64 {
    Timestamp::parse(text).unwrap().as_secs()
}

fn drawn(rows: Vec<Row>) -> String {
    svg(&report(rows), Grouping::Gate)
}

fn bars(rows: Vec<Row>) -> Bars {
    Bars::of(&Series::of(&report(rows), Grouping::Gate, 8), &Zone::parse("Europe/Berlin").unwrap()).unwrap()
}

#[test]
fn one_bar_is_drawn_and_says_what_it_shows() {
    let chart = drawn(vec![row(at("2026-11-19T19:00:00Z"), "North", 3)]);
    assert!(chart.contains("20:00–20:05: 3 (North 3)"), "{chart}");
    assert!(chart.contains("<desc") && chart.contains("Most came at 20:00: 3."));
    assert!(chart.contains("A &lt;b&gt; &amp; c"));
}

#[test]
fn an_empty_evening_and_a_whole_year_are_pictures_too() {
    assert!(drawn(Vec::new()).contains("Nobody"));
    for days in [1, 2, 30, 365, 4_000] {
        let rows = (0..days).map(|day| row(day * 86_400, "North", 1)).collect();
        let bars = bars(rows);
        assert!(bars.bars.len() <= 289, "{days} days are {} bars", bars.bars.len());
        assert!((1..=15).contains(&bars.ticks().len()), "{days} days have {} labels", bars.ticks().len());
        assert_eq!(bars.bars.iter().map(Bar::sum).sum::<u64>(), days as u64);
    }
}

#[test]
fn labels_are_what_the_clock_shows_when_it_goes_back() {
    let first = at("2026-10-24T22:00:00Z"); // 00:00 in summer time
    let rows = (0..60).map(|n| row(first + n * 300, "North", n as u64 + 1)).collect();
    let bars = bars(rows);
    let labels: Vec<String> = bars.ticks().into_iter().map(|tick| tick.time).collect();
    assert_eq!(labels, ["00:00", "00:30", "01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]);
    assert_eq!(bars.jumps(), [(36, "clocks 1 h back".to_owned())]);
}

#[test]
fn labels_are_what_the_clock_shows_when_it_goes_forward() {
    let first = at("2026-03-28T23:00:00Z"); // 00:00 in winter time
    let rows = (0..60).map(|n| row(first + n * 300, "North", 1)).collect();
    let bars = bars(rows);
    let labels: Vec<String> = bars.ticks().into_iter().map(|tick| tick.time).collect();
    assert_eq!(labels, ["00:00", "00:30", "01:00", "01:30", "03:00", "03:30", "04:00", "04:30", "05:00", "05:30"]);
    assert_eq!(bars.jumps(), [(24, "clocks 1 h forward".to_owned())]);
}

#[test]
fn more_gates_than_patterns_share_the_last_and_nobody_is_lost() {
    let rows: Vec<Row> = (0..20).map(|n| row(0, &format!("gate {n:02}"), 20 - n)).collect();
    let series = Series::of(&report(rows), Grouping::Gate, 8);
    assert_eq!((series.names.len(), series.names[7].as_str()), (8, "others"));
    assert_eq!(series.sums.iter().sum::<u64>(), 210);
    assert_eq!(series.points[&0].iter().sum::<u64>(), 210);
}

#[test]
fn a_gate_that_is_called_others_is_not_taken_for_the_others() {
    let names = ["others".to_owned()].into_iter().chain((0..20).map(|n| format!("gate {n:02}")));
    let rows: Vec<Row> = names.zip(0..).map(|(gate, n)| row(0, &gate, 30 - n)).collect();
    let series = Series::of(&report(rows), Grouping::Gate, 8);
    assert_eq!((series.names[0].as_str(), series.names[7].as_str()), ("others", "(others)"));
    assert_eq!((series.sums[0], series.sums.iter().sum::<u64>()), (30, (10..=30).sum()));
    let unread = Row { gate: None, ..row(0, "", 1) };
    let series = Series::of(&report(vec![unread, row(0, "unknown", 2)]), Grouping::Gate, 8);
    assert_eq!((series.names, series.sums), (vec!["unknown".to_owned(), "(unknown)".into()], vec![2, 1]));
}

#[test]
fn parts_of_bars_carry_their_time_name_and_count() {
    let first = at("2026-11-19T19:00:00Z");
    let chart = drawn(vec![row(first, "A \"b\"", 3)]);
    assert!(chart.contains("<g data-from=\"2026-11-19T19:00:00Z\"><title>20:00"), "{chart}");
    assert!(chart.contains("data-name=\"A &quot;b&quot;\" data-count=\"3\""), "{chart}");
    let long = drawn(vec![row(first, "A", 3), row(first + 30 * 86_400, "A", 1)]);
    assert!(long.contains("<g data-from=\"2026-11-19T18:00:00\">"), "{long}");
}

#[test]
fn names_with_anything_in_them_leave_it_well_formed() {
    let chart =
        drawn(vec![row(0, "a\u{1}<b>&\u{FFFF}\"", 1), row(0, &"long ".repeat(40), 2), row(300, "夜の入口", 2)]);
    assert!(!chart.contains('\u{1}') && !chart.contains('\u{FFFF}') && !chart.contains("<b>"));
    assert!(chart.contains('…') && chart.contains("夜の入口"));
}

#[test]
fn the_axis_ends_above_the_highest_bar_in_whole_quarters() {
    for most in [1, 4, 5, 17, 99, 1_234, 65_000] {
        let top = bars::scale(most);
        assert!(top >= most && top.is_multiple_of(4), "{most} {top}");
    }
}
