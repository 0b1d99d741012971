//! Arrivals by five minutes as stacked bars, in SVG, by gate, list or product.
//!
//! Read by everybody: the colours are Okabe and Ito's, each has a pattern of its
//! own as well, the legend names them with their sums, and the picture says in
//! words what it shows. A bar carries its time, and each part of it its name and
//! count, for people who point at it and for programs. Where bars stand and what is
//! written under them is computed in [`bars`].

pub mod bars;

use super::Attendance;
use super::rows::Grouping;
use super::series::Series;
use bars::{Bars, Tick};
use std::fmt::Write;
use tidegate_core::time::Zone;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 24.0;
/// How high the bars may get.
const PLOT: f64 = 280.0;
/// Where the legend begins, and how high its lines are.
const LEGEND: f64 = 78.0;
const LINE: f64 = 20.0;
/// Room over the bars: for what is said of the clock.
const HEAD: f64 = 40.0;
/// Room under the bars: times, days, what the bars mean.
const FOOT: f64 = 66.0;
/// The longest name in the legend, and the longest title, in characters.
const MAX_NAME: usize = 24;
const MAX_TITLE: usize = 72;
/// Colour, and the lines and dots in white over it: told apart in print and by everybody.
const PAINTS: [(&str, &str); 8] = [
    ("#0072B2", ""),
    ("#E69F00", "M-1 5L5 -1M-1 9L9 -1M3 9L9 3"),
    ("#009E73", "M2 2h1.6v1.6h-1.6zM6 6h1.6v1.6h-1.6z"),
    ("#CC79A7", "M0 2H8M0 6H8"),
    ("#56B4E9", "M-1 3L5 9M-1 -1L9 9M3 -1L9 5"),
    ("#D55E00", "M0 2H8M0 6H8M2 0V8M6 0V8"),
    ("#F0E442", ""),
    ("#767676", "M2 0V8M6 0V8"),
];

/// Draws the arrivals of a report.
pub fn svg(report: &Attendance, by: Grouping) -> String {
    let zone = Zone::parse(&report.timezone).unwrap_or_else(Zone::utc);
    let series = Series::of(report, by, PAINTS.len());
    let bars = Bars::of(&series, &zone);
    let legend = legend(&series);
    let top = LEGEND + LINE * legend.1 + HEAD;
    let height = top + PLOT + FOOT;
    let title = clip(&format!("Arrivals: {}", report.name), MAX_TITLE);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"tg-title tg-desc\" font-family=\"system-ui, 'DejaVu Sans', sans-serif\" font-size=\"12\" \
         fill=\"#1f2933\"><title id=\"tg-title\">{}</title><desc id=\"tg-desc\">{}</desc>",
        safe(&title),
        safe(&words(&series, bars.as_ref(), by))
    );
    paints(&mut out, series.names.len());
    let _ = write!(out, "<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>");
    text(&mut out, (LEFT, 30.0), "start", "font-size=\"18\" font-weight=\"600\"", &title);
    let below = about(report, &series, bars.as_ref(), by);
    text(&mut out, (LEFT, 51.0), "start", "fill=\"#52606d\"", &below);
    out.push_str(&legend.0);
    match bars {
        Some(bars) => plot(&mut out, &series, &bars, (top, PLOT)),
        None => {
            text(&mut out, (WIDTH / 2.0, top + PLOT / 2.0), "middle", "fill=\"#52606d\"", "Nobody has come in yet")
        }
    }
    out.push_str("</svg>\n");
    out
}

/// The patterns that bars are filled with.
fn paints(out: &mut String, count: usize) {
    out.push_str("<defs>");
    for (place, (colour, lines)) in PAINTS.iter().enumerate().take(count) {
        let _ = write!(
            out,
            "<pattern id=\"tg-{place}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><rect width=\"8\" \
             height=\"8\" fill=\"{colour}\"/><path d=\"{lines}\" fill=\"none\" stroke=\"#fff\" stroke-width=\"1.1\" \
             stroke-opacity=\".75\"/></pattern>"
        );
    }
    out.push_str("</defs>");
}

/// The legend, and how many lines it takes.
fn legend(series: &Series) -> (String, f64) {
    let (mut out, mut x, mut line) = (String::new(), LEFT, 0.0);
    for (place, (name, sum)) in series.names.iter().zip(&series.sums).enumerate() {
        let label = format!("{}: {}", clip(name, MAX_NAME), grouped(*sum));
        let wide = 20.0 + wide(&label) + 22.0;
        if x + wide > WIDTH - RIGHT && x > LEFT {
            (x, line) = (LEFT, line + 1.0);
        }
        let y = LEGEND + LINE * line;
        let _ = write!(
            out,
            "<rect x=\"{x:.0}\" y=\"{:.0}\" width=\"14\" height=\"14\" fill=\"url(#tg-{place})\" stroke=\"#1f2933\" \
             stroke-width=\".5\"/>",
            y - 11.0
        );
        text(&mut out, (x + 20.0, y), "start", "", &label);
        x += wide;
    }
    (out, line)
}

fn plot(out: &mut String, series: &Series, bars: &Bars, (top, high): (f64, f64)) {
    let scale = bars::scale(bars.most());
    let y = |count: u64| top + high - high * count as f64 / scale as f64;
    for quarter in 0..=4 {
        let (value, stroke) = (scale * quarter / 4, if quarter == 0 { "#7b8794" } else { "#e4e7eb" });
        let line = y(value);
        let _ = write!(out, "<path d=\"M{LEFT} {line:.1}H{:.1}\" stroke=\"{stroke}\"/>", WIDTH - RIGHT);
        text(out, (LEFT - 8.0, line + 4.0), "end", "fill=\"#52606d\"", &grouped(value));
    }
    let wide = (WIDTH - LEFT - RIGHT) / bars.bars.len() as f64;
    let x = |place: usize| LEFT + wide * place as f64;
    for (place, bar) in bars.bars.iter().enumerate().filter(|(_, bar)| bar.sum() > 0) {
        let _ = write!(out, "<g data-from=\"{}\"><title>{}</title>", bar.from, safe(&bar.words(series)));
        let mut below = 0;
        let parts = series.names.iter().zip(&bar.counts).enumerate();
        for (of, (name, count)) in parts.filter(|(_, (_, count))| **count > 0) {
            let (from, to) = (y(below), y(below + count));
            let gap = (wide * 0.08).min(2.0);
            let _ = write!(
                out,
                "<rect x=\"{:.2}\" y=\"{to:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"url(#tg-{of})\" \
                 data-name=\"{}\" data-count=\"{count}\"/>",
                x(place) + gap,
                wide - 2.0 * gap,
                from - to,
                safe(name)
            );
            below += count;
        }
        out.push_str("</g>");
    }
    ticks(out, bars, (top + high, x));
    jumps(out, bars, (top, high), x);
    peak(out, bars, (x, y, wide));
    let unit = format!("Bars of {}, times of the venue", bars.length());
    text(out, (WIDTH / 2.0, top + high + FOOT - 10.0), "middle", "fill=\"#52606d\"", &unit);
}

fn ticks(out: &mut String, bars: &Bars, (bottom, x): (f64, impl Fn(usize) -> f64)) {
    for Tick { place, time, day } in bars.ticks() {
        let at = x(place);
        let _ = write!(out, "<path d=\"M{at:.1} {bottom:.1}v5\" stroke=\"#7b8794\"/>");
        text(out, (at, bottom + 19.0), "middle", "", &time);
        if let Some(day) = day {
            text(out, (at, bottom + 35.0), "middle", "font-weight=\"600\"", &day);
        }
    }
}

/// Where the venue's clock was changed.
fn jumps(out: &mut String, bars: &Bars, (top, high): (f64, f64), x: impl Fn(usize) -> f64) {
    for (place, words) in bars.jumps() {
        let at = x(place);
        let _ = write!(
            out,
            "<path d=\"M{at:.1} {:.1}V{:.1}\" stroke=\"#1f2933\" stroke-dasharray=\"4 3\"/>",
            top - 8.0,
            top + high
        );
        text(out, (at, top - 12.0), "middle", "font-style=\"italic\"", &words);
    }
}

fn peak(out: &mut String, bars: &Bars, (x, y, wide): (impl Fn(usize) -> f64, impl Fn(u64) -> f64, f64)) {
    let Some((place, bar)) = bars.peak() else { return };
    let words = format!("{} {} {}", grouped(bar.sum()), bars.preposition(), bar.time);
    let half = self::wide(&words) / 2.0;
    let at = (x(place) + wide / 2.0).clamp(LEFT + half, WIDTH - RIGHT - half);
    text(out, (at, y(bar.sum()) - 6.0), "middle", "font-weight=\"600\"", &words);
}

/// What stands under the title.
fn about(report: &Attendance, series: &Series, bars: Option<&Bars>, by: Grouping) -> String {
    let sum = grouped(series.sums.iter().sum());
    let days = bars.map(|bars| format!(", {}", bars.days())).unwrap_or_default();
    let list = report.list.as_ref().map(|list| format!(" on {}", clip(list, MAX_NAME))).unwrap_or_default();
    format!("{sum} entries{list} by {}{days}, {}", dimension(by), report.timezone)
}

/// What the picture shows, for who hears it read.
fn words(series: &Series, bars: Option<&Bars>, by: Grouping) -> String {
    let Some((bars, (_, peak))) = bars.and_then(|bars| Some((bars, bars.peak()?))) else {
        return "Nobody has come in yet.".into();
    };
    let each: Vec<String> =
        series.names.iter().zip(&series.sums).map(|(name, sum)| format!("{name} {}", grouped(*sum))).collect();
    format!(
        "Stacked bars of {}. {} entries, {}. Most came {} {}: {}. By {}: {}.",
        bars.length(),
        grouped(series.sums.iter().sum()),
        bars.days(),
        bars.preposition(),
        peak.time,
        grouped(peak.sum()),
        dimension(by),
        each.join(", ")
    )
}

fn dimension(by: Grouping) -> &'static str {
    match by {
        Grouping::List => "check-in list",
        Grouping::Product => "product",
        Grouping::Gate | Grouping::All | Grouping::Scan | Grouping::Total => "gate",
    }
}

/// About how wide a text is at twelve pixels.
fn wide(text: &str) -> f64 {
    text.chars().map(|c| if c.is_ascii() { 7.2 } else { 12.0 }).sum()
}

/// A long text without its middle: names of one kind differ at their ends.
fn clip(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let (head, tail) = (most - most / 3 - 1, most / 3);
    text.chars().take(head).chain(['…']).chain(text.chars().skip(count - tail)).collect()
}

/// `12,345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A text that XML takes: names come from devices, with whatever is in them.
fn safe(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, style: &str, words: &str) {
    let _ = write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{}</text>", safe(words));
}

#[cfg(test)]
mod tests;
