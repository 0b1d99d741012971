//! Arrivals by five minutes and gate, as a stacked bar chart in SVG.
//!
//! Times are the venue's; colours are told apart without red and green, and every
//! one is named in the legend. An evening is one bar per five minutes; longer spans
//! take wider bars, so that a picture stays a picture.

use super::{Attendance, BUCKET_S};
use std::collections::BTreeMap;
use std::fmt::Write;
use tidegate_core::time::{Timestamp, Zone};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 72.0;
const BOTTOM: f64 = 48.0;
/// Bars in one picture: at six pixels a bar they can still be told apart.
const MAX_BARS: i64 = 144;
/// Wider bars for longer spans, seconds: all divide a day.
const STEPS_S: [i64; 7] = [BUCKET_S, 600, 900, 1_800, 3_600, 21_600, 86_400];
/// Labels of times under the bars.
const MAX_LABELS: i64 = 12;
const COLOURS: [&str; 8] =
    ["#00B3A4", "#2456C8", "#FFD24A", "#7A0C22", "#8C6BB1", "#F28E2B", "#4A4A4A", "#9FB4C7"];

/// What is drawn: bars of `step` seconds from `start`, each a count by gate.
struct Bars {
    start: i64,
    step: i64,
    bars: Vec<BTreeMap<usize, u64>>,
    gates: Vec<String>,
}

/// Draws the arrivals of a report.
pub fn svg(report: &Attendance) -> String {
    let zone = Zone::parse(&report.timezone).unwrap_or_else(Zone::utc);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#222\">\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>"
    );
    text(
        &mut out,
        (LEFT, 24.0),
        "start",
        "font-size=\"16\" font-weight=\"600\"",
        &format!("Arrivals: {}", report.name),
    );
    match bars(report) {
        Some(bars) => {
            legend(&mut out, &bars);
            let top = scale(bars.bars.iter().map(|bar| bar.values().sum()).max().unwrap_or(1));
            axis(&mut out, top);
            stacks(&mut out, &bars, top, &zone);
        }
        None => text(&mut out, (WIDTH / 2.0, HEIGHT / 2.0), "middle", "fill=\"#666\"", "Nobody has come in yet"),
    }
    out.push_str("</svg>\n");
    out
}

fn bars(report: &Attendance) -> Option<Bars> {
    let at = |from: &str| Timestamp::parse(from).map(Timestamp::as_secs);
    let points: Vec<(i64, &str, u64)> =
        report.arrivals.iter().filter_map(|a| Some((at(&a.from)?, a.gate.as_str(), a.count))).collect();
    let first = points.iter().map(|(from, ..)| *from).min()?;
    let last = points.iter().map(|(from, ..)| *from).max()?;
    let fits = |step: &&i64| (last - first) / **step < MAX_BARS;
    let step = STEPS_S.iter().find(fits).copied().unwrap_or((last - first) / MAX_BARS + 1);
    let start = first.div_euclid(step) * step;
    let gates = by_size(&points);
    let mut bars = vec![BTreeMap::new(); usize::try_from((last - start) / step + 1).ok()?];
    for (from, gate, count) in points {
        let place = usize::try_from((from - start) / step).ok()?;
        let shown = gates.iter().position(|name| name == gate).unwrap_or(gates.len().saturating_sub(1));
        *bars.get_mut(place)?.entry(shown).or_default() += count;
    }
    Some(Bars { start, step, bars, gates })
}

/// The gates by how many came, the smallest ones together where there are more than colours.
fn by_size(points: &[(i64, &str, u64)]) -> Vec<String> {
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    points.iter().for_each(|(_, gate, count)| *sizes.entry(gate).or_default() += count);
    let mut gates: Vec<(&str, u64)> = sizes.into_iter().collect();
    gates.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let mut names: Vec<String> = gates.iter().map(|(gate, _)| (*gate).to_owned()).collect();
    if names.len() > COLOURS.len() {
        names.truncate(COLOURS.len() - 1);
        names.push("others".to_owned());
    }
    names
}

/// The end of the axis: the next of 1, 2, 4, 5 and 10 times a power of ten, in whole quarters.
fn scale(most: u64) -> u64 {
    let mut unit = 4;
    loop {
        if let Some(top) = [1, 2, 3, 5].into_iter().map(|n| n * unit).find(|top| *top >= most) {
            return top;
        }
        unit = unit.saturating_mul(10);
    }
}

fn legend(out: &mut String, bars: &Bars) {
    let mut x = LEFT;
    for (gate, colour) in bars.gates.iter().zip(COLOURS) {
        let _ = write!(out, "<rect x=\"{x:.0}\" y=\"38\" width=\"12\" height=\"12\" fill=\"{colour}\"/>");
        let name: String = gate.chars().take(16).collect();
        text(out, (x + 17.0, 48.0), "start", "", &name);
        x += 17.0 + 7.5 * name.chars().count() as f64 + 18.0;
    }
}

fn axis(out: &mut String, top: u64) {
    for quarter in 0..=4 {
        let value = top * quarter / 4;
        let y = height_of(value, top);
        let _ = write!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>",
            WIDTH - RIGHT
        );
        text(out, (LEFT - 8.0, y + 4.0), "end", "fill=\"#666\"", &value.to_string());
    }
}

fn height_of(value: u64, top: u64) -> f64 {
    HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value as f64 / top as f64
}

fn stacks(out: &mut String, bars: &Bars, top: u64, zone: &Zone) {
    let wide = (WIDTH - LEFT - RIGHT) / (bars.bars.len().max(12)) as f64;
    let every = (bars.bars.len() as i64 / MAX_LABELS + 1) as usize;
    for (place, bar) in bars.bars.iter().enumerate() {
        let (x, mut below) = (LEFT + wide * place as f64, 0);
        for (gate, count) in bar {
            let (from, to) = (height_of(below, top), height_of(below + count, top));
            let _ = write!(
                out,
                "<rect x=\"{:.1}\" y=\"{to:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
                x + wide * 0.08,
                wide * 0.84,
                from - to,
                COLOURS.get(*gate).unwrap_or(&"#999")
            );
            below += count;
        }
        if place % every == 0 {
            let at = Timestamp::from_secs(bars.start + bars.step * place as i64);
            let label = if bars.step < 21_600 { at.hour_minute(zone) } else { at.day_hour_minute(zone) };
            text(out, (x + wide / 2.0, HEIGHT - BOTTOM + 18.0), "middle", "fill=\"#666\"", &label);
        }
    }
    let (middle, low) = (WIDTH / 2.0, HEIGHT - 10.0);
    let unit = format!("per {} minutes, venue time", bars.step / 60);
    text(out, (middle, low), "middle", "fill=\"#666\"", &unit);
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, style: &str, words: &str) {
    let safe = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{safe}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Arrivals;

    fn report(arrivals: Vec<Arrivals>) -> Attendance {
        Attendance {
            event: "evt".into(),
            name: "A <b> & c".into(),
            timezone: "Europe/Berlin".into(),
            at: String::new(),
            lists: Vec::new(),
            arrivals,
            refusals: Vec::new(),
            servings: Vec::new(),
            stock: Vec::new(),
            conflicts: 0,
        }
    }

    fn arrival(at_s: i64, gate: &str, count: u64) -> Arrivals {
        Arrivals { from: Timestamp::from_secs(at_s).to_string(), gate: gate.into(), count }
    }

    #[test]
    fn bars_are_the_arrivals_and_times_are_the_venues() {
        let start = 1_795_111_200; // 18:00 UTC is 19:00 in Berlin
        let drawn = svg(&report(vec![
            arrival(start, "North", 3),
            arrival(start, "South", 1),
            arrival(start + 600, "North", 2),
        ]));
        assert!(drawn.contains("19:00") && drawn.contains("North") && drawn.contains("#00B3A4"));
        assert!(drawn.contains("A &lt;b&gt; &amp; c"));
        assert_eq!(drawn.matches("<rect").count(), 1 + 2 + 3); // ground, legend, bars
    }

    #[test]
    fn an_empty_and_a_year_long_report_are_still_pictures() {
        assert!(svg(&report(Vec::new())).contains("Nobody"));
        let year = svg(&report(vec![arrival(0, "North", 3), arrival(365 * 86_400, "North", 3)]));
        assert!(year.len() < 100_000);
    }

    #[test]
    fn more_gates_than_colours_share_the_last() {
        let many = (0..20).map(|n| arrival(0, &format!("gate {n}"), 20 - n)).collect();
        assert!(svg(&report(many)).contains("others"));
    }

    #[test]
    fn the_axis_ends_above_the_highest_bar_in_whole_quarters() {
        for most in [1, 4, 5, 17, 99, 1_234, 65_000] {
            let top = scale(most);
            assert!(top >= most && top.is_multiple_of(4), "{most} {top}");
        }
    }
}
