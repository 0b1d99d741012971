//! Where the bars of a chart stand, and what is written under them.
//!
//! The axis is UTC, so that every bar is as long as every other; what is written
//! under it is what the venue's clock shows, on the nights too on which somebody
//! changes it. An evening is a bar per five minutes; longer spans take longer bars,
//! so that a picture stays a picture.

use super::super::BUCKET_S;
use super::super::series::Series;
use tidegate_core::time::{Timestamp, Zone};

/// Bars in one picture: a day of five minutes, at three pixels a bar.
const MAX_BARS: i64 = 288;
/// The axis is two hours long at least: one bar alone would be a wall.
const MIN_BARS: i64 = 24;
/// Lengths of bars, seconds.
const STEPS_S: [i64; 8] = [BUCKET_S, 600, 900, 1_800, 3_600, 10_800, DAY_S, 7 * DAY_S];
/// Times between labels, seconds.
const TICKS_S: [i64; 11] =
    [900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, DAY_S, 7 * DAY_S, 28 * DAY_S, 364 * DAY_S];
/// Labels under the bars: more run into each other.
const MAX_TICKS: i64 = 14;
const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3_600;

/// What is drawn.
pub struct Bars {
    /// One after the other, all of one length.
    pub bars: Vec<Bar>,
    step_s: i64,
    tick_s: i64,
}

/// One bar.
#[derive(Clone)]
pub struct Bar {
    /// When it begins, for programs: UTC, `2026-11-19T19:35:00Z`; bars longer than an hour begin when the
    /// venue's clock shows so, `2026-11-19T00:00:00`.
    pub from: String,
    /// When it begins, on the venue's clock: `20:35`, with the day where bars are long.
    pub time: String,
    /// How many came, by series.
    pub counts: Vec<u64>,
    until: String,
    wall_s: i64,
}

/// A label under the bars.
pub struct Tick {
    /// At the beginning of which bar.
    pub place: usize,
    /// The time or the day.
    pub time: String,
    /// The day, where another one begins.
    pub day: Option<String>,
}

impl Bar {
    /// How many came.
    pub fn sum(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// What it says: `20:35–20:40: 214 (North 120, South 94)`.
    pub fn words(&self, series: &Series) -> String {
        let each = series.names.iter().zip(&self.counts).filter(|(_, count)| **count > 0);
        let each: Vec<String> = each.map(|(name, count)| format!("{name} {count}")).collect();
        format!("{}–{}: {} ({})", self.time, self.until, self.sum(), each.join(", "))
    }
}

impl Bars {
    /// The bars of series; nothing where nobody came.
    pub fn of(series: &Series, zone: &Zone) -> Option<Self> {
        let (first, last) = (*series.points.keys().next()?, *series.points.keys().next_back()?);
        let wall = |at: i64| Timestamp::from_secs(at).wall_secs(zone);
        let step_s = step(last - first);
        // Bars longer than an hour are the venue's days and their parts, however long the day was.
        let axis = |at: i64| if step_s > HOUR_S { wall(at) } else { at };
        let shown = |on_axis: i64| if step_s > HOUR_S { on_axis } else { wall(on_axis) };
        let begin = axis(first) - wall(first).rem_euclid(step_s);
        let needed = (axis(last) - begin) / step_s + 1;
        let pad = (MIN_BARS - needed).max(0);
        let (begin, count) = (begin - pad / 2 * step_s, needed + pad);
        let bar = |place: i64| {
            let at = begin + place * step_s;
            let (time, until) = (label(shown(at), step_s), label(shown(at + step_s), step_s));
            let from = Timestamp::from_secs(at).to_string();
            let from = if step_s > HOUR_S { from.trim_end_matches('Z').to_owned() } else { from };
            Bar { from, time, until, wall_s: shown(at), counts: vec![0; series.names.len()] }
        };
        let mut bars: Vec<Bar> = (0..count).map(bar).collect();
        for (from, counts) in &series.points {
            let bar = bars.get_mut(usize::try_from((axis(*from) - begin) / step_s).ok()?)?;
            bar.counts.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        let tick_s = TICKS_S.into_iter().find(|tick| count * step_s / tick < MAX_TICKS && *tick >= step_s);
        Some(Self { bars, step_s, tick_s: tick_s.unwrap_or(i64::MAX) })
    }

    /// The highest bar's sum.
    pub fn most(&self) -> u64 {
        self.bars.iter().map(Bar::sum).max().unwrap_or_default()
    }

    /// The highest bar; the first of several.
    pub fn peak(&self) -> Option<(usize, &Bar)> {
        let most = self.most();
        self.bars.iter().enumerate().find(|(_, bar)| bar.sum() == most)
    }

    /// How long a bar is, in words.
    pub fn length(&self) -> String {
        let plural =
            |count: i64, what: &str| if count == 1 { format!("one {what}") } else { format!("{count} {what}s") };
        match self.step_s {
            step if step < HOUR_S => plural(step / 60, "minute"),
            step if step < DAY_S => plural(step / HOUR_S, "hour"),
            step => plural(step / DAY_S, "day"),
        }
    }

    /// What stands between a number and the beginning of its bar.
    pub fn preposition(&self) -> &'static str {
        if self.step_s < DAY_S { "at" } else { "from" }
    }

    /// The day or days on which anybody came.
    pub fn days(&self) -> String {
        let mut came = self.bars.iter().filter(|bar| bar.sum() > 0).map(|bar| dated(bar.wall_s));
        let first = came.next().unwrap_or_default();
        match came.next_back() {
            Some(last) if last != first => format!("{first} to {last}"),
            Some(_) | None => first,
        }
    }

    /// The labels under the bars.
    pub fn ticks(&self) -> Vec<Tick> {
        let mut ticks = Vec::new();
        let mut shown = String::new();
        for (place, bar) in self.bars.iter().enumerate() {
            let past = bar.wall_s.rem_euclid(self.tick_s);
            if past >= self.step_s || (past != 0 && self.step_s < HOUR_S) {
                continue;
            }
            let today = day(bar.wall_s);
            let (time, day) = match self.tick_s < DAY_S {
                true => (hour(bar.wall_s), (today != shown).then(|| today.clone())),
                false => (today.clone(), None),
            };
            shown = today;
            ticks.push(Tick { place, time, day });
        }
        ticks
    }

    /// The bars before which the venue's clock was changed, and how.
    pub fn jumps(&self) -> Vec<(usize, String)> {
        if self.step_s > HOUR_S {
            return Vec::new(); // lost between two bars of several hours
        }
        let mut jumps = Vec::new();
        for (place, pair) in self.bars.windows(2).enumerate() {
            let [before, after] = pair else { continue };
            let minutes = (after.wall_s - before.wall_s - self.step_s) / 60;
            let by = match minutes.abs() % 60 {
                0 => format!("{} h", minutes.abs() / 60),
                _ => format!("{} min", minutes.abs()),
            };
            match minutes {
                0 => {}
                1.. => jumps.push((place + 1, format!("clocks {by} forward"))),
                _ => jumps.push((place + 1, format!("clocks {by} back"))),
            }
        }
        jumps
    }
}

/// How long a bar is where `span` seconds lie between the first and the last.
fn step(span: i64) -> i64 {
    let fits = |step: &i64| span / step < MAX_BARS - 1;
    STEPS_S.into_iter().find(fits).unwrap_or((span / MAX_BARS / DAY_S + 1) * DAY_S)
}

/// When a bar begins, by what the clock shows: bars of days by their day.
fn label(wall_s: i64, step_s: i64) -> String {
    match step_s {
        ..=HOUR_S => hour(wall_s),
        step if step < DAY_S => format!("{} {}", day(wall_s), hour(wall_s)),
        _ => day(wall_s),
    }
}

/// `20:35`.
fn hour(wall_s: i64) -> String {
    Timestamp::from_secs(wall_s).hour_minute(&Zone::utc())
}

/// `19 Nov`.
fn day(wall_s: i64) -> String {
    let text = Timestamp::from_secs(wall_s).day_hour_minute(&Zone::utc());
    text.rsplit_once(' ').map_or(text.clone(), |(day, _)| day.to_owned())
}

/// `19 Nov 2026`.
fn dated(wall_s: i64) -> String {
    let date = Timestamp::from_secs(wall_s).local_date(&Zone::utc());
    format!("{} {}", day(wall_s), date.split('-').next().unwrap_or_default())
}

/// The end of the axis: four round steps, with room for a word over the highest bar.
pub fn scale(most: u64) -> u64 {
    let most = most.saturating_add(most / 12).max(4);
    let mut unit = 1;
    loop {
        // Tenths of the unit: 1.2 and 2.5 are round only from ten on.
        let steps = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80].into_iter().map(|tenths: u64| tenths * unit);
        let round = steps.filter(|step| step.is_multiple_of(10)).map(|step| step / 10 * 4);
        if let Some(top) = round.into_iter().find(|top| *top >= most) {
            return top;
        }
        unit = unit.saturating_mul(10);
    }
}
