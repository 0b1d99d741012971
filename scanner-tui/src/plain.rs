//! Line mode: one short line a verdict, for screen readers, braille and ssh.
//!
//! The same words as on the screen, in the order they matter: time, word, who, why, what to
//! do. Losing the agent is a line, so is its return; numbers are not repeated every second.
//! No colour, no cursor movement, no TTY needed; control characters never pass.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::tz::TimeZone;
use tidegate_core::api::{Answer, Status, StreamMessage};
use tokio::sync::mpsc::Receiver;

use crate::face::Face;
use crate::link::News;
use crate::link::fault::Fault;
use crate::model::{attention, cloud, peers};
use crate::{text, words};

/// Attempts before the first contact after which there is nobody to wait for: about a second.
const FIRST_ATTEMPTS: u32 = 3;

/// How line mode ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nobody reads any more.
    Unread,
    /// The agent was never reached.
    NeverReached(Fault),
}

/// Turns news into lines; remembers what was said already.
#[derive(Clone, Debug)]
pub struct Speaker {
    zone: TimeZone,
    lost: bool,
    state: Option<String>,
    lost_sources: BTreeSet<String>,
    lost_links: BTreeSet<String>,
    cut_off: bool,
    same_told: bool,
    trouble: Option<String>,
}

impl Default for Speaker {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            lost: false,
            state: None,
            lost_sources: BTreeSet::new(),
            lost_links: BTreeSet::new(),
            cut_off: false,
            same_told: false,
            trouble: None,
        }
    }
}

impl Speaker {
    /// The lines that the news are worth.
    pub fn lines(&mut self, news: &News) -> Vec<String> {
        match news {
            News::Connected => {
                self.state = None;
                Vec::new()
            }
            News::Alive => Vec::new(),
            News::Lost { fault, .. } => self.lost(fault).into_iter().collect(),
            News::Unread { event } => {
                vec![format!("UNREADABLE {}: update scanner-tui", text::clean(event))]
            }
            News::Said(said) => self.said(said),
        }
    }

    fn said(&mut self, said: &StreamMessage) -> Vec<String> {
        match said {
            StreamMessage::Answer(answer) => {
                self.same_told = false;
                self.trouble = None;
                vec![verdict(answer, &self.zone)]
            }
            StreamMessage::Same { lane } => self.same(lane).into_iter().collect(),
            StreamMessage::Trouble { code, what } => self.trouble(code, what).into_iter().collect(),
            StreamMessage::Status(status) => self.status(status),
            StreamMessage::Conflict(report) => vec![words::conflict(report, &self.zone)],
            StreamMessage::Finding(finding) => vec![words::finding(finding)],
        }
    }

    fn lost(&mut self, fault: &Fault) -> Option<String> {
        let known = std::mem::replace(&mut self.lost, true);
        let line = format!("AGENT NOT REACHED: {fault} ({}). Do: {}", fault.code(), fault.remedy());
        (!known).then_some(line)
    }

    /// Once after each answer: a ticket held in front of a camera is not news.
    fn same(&mut self, lane: &str) -> Option<String> {
        let told = std::mem::replace(&mut self.same_told, true);
        (!told).then(|| format!("SAME {}: answered already. Next, please.", text::clean(lane)))
    }

    /// Once until something else is heard: a broken store is told each second in place of the state.
    fn trouble(&mut self, code: &str, what: &str) -> Option<String> {
        let line = format!("TROUBLE {}: {}", text::clean(code), text::clean(what));
        let known = self.trouble.replace(line.clone());
        (known.as_ref() != Some(&line)).then_some(line)
    }

    /// Only what changed.
    fn status(&mut self, status: &Status) -> Vec<String> {
        self.trouble = None;
        self.zone = TimeZone::get(&status.timezone).unwrap_or(TimeZone::UTC);
        let mut lines = Vec::new();
        if self.state.as_deref() != Some(status.state.as_str()) {
            lines.push(self.state_line(status));
        }
        let sources = status.sources.iter().map(|s| (s.name.as_str(), s.up));
        lines.extend(changes(&mut self.lost_sources, sources, "SOURCE"));
        let links = status.links.iter().map(|l| (l.name.as_str(), l.up));
        lines.extend(changes(&mut self.lost_links, links, "LINK"));
        let was_cut_off = std::mem::replace(&mut self.cut_off, status.exposure.cut_off);
        match (was_cut_off, self.cut_off) {
            (false, true) => lines.push(format!("CUT OFF: {}", words::at_risk(&status.exposure))),
            (true, false) => lines.push("IN TOUCH AGAIN".to_owned()),
            (true, true) | (false, false) => {}
        }
        lines
    }

    fn state_line(&mut self, status: &Status) -> String {
        self.state = Some(status.state.clone());
        let back = if std::mem::take(&mut self.lost) { "AGENT REACHED AGAIN" } else { "AGENT REACHED" };
        let state = attention::state(status).map_or("ready".to_owned(), |a| a.text);
        let place = [&status.device, &status.list, &status.event].map(|s| text::clean(s));
        let place: Vec<String> = place.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{back}: {}: {state}", place.join(", "))
    }
}

/// A verdict in one line.
pub fn verdict(answer: &Answer, zone: &TimeZone) -> String {
    let mut line = format!("{} {}", words::clock(&answer.at, zone), Face::of(answer).word());
    let (action, say) = words::explanation(&answer.explain);
    let note = answer.ticket.as_ref().and_then(|ticket| ticket.note.as_deref());
    let parts = [
        words::who(answer),
        words::credits(answer, "to").join(", "),
        note.map(|note| format!("Note: {}", text::clean(note))).unwrap_or_default(),
        words::reason(answer),
        if action.is_empty() { action } else { format!("Do: {action}") },
        if say.is_empty() { say } else { format!("Say: {say}") },
    ];
    for part in parts.iter().map(|part| part.trim_end_matches('.')).filter(|part| !part.is_empty()) {
        line.push_str(if line.ends_with(Face::of(answer).word()) { " " } else { ". " });
        line.push_str(part);
    }
    line
}

/// The status in a few lines, for `--once`.
pub fn status_lines(status: &Status) -> Vec<String> {
    let state = attention::state(status).map_or("ready".to_owned(), |a| a.text);
    let places = status.capacity.map_or(String::new(), |places| format!(" of {places}"));
    let clean = |s: &str| text::clean(s);
    let mut lines = vec![
        format!("{} ({}), {}: {state}", clean(&status.device), clean(&status.role), clean(&status.list)),
        clean(&status.event),
        format!("inside {}{places}, in {}, out {}", status.inside, status.admitted, status.exits),
        format!("refused {}, served {}, conflicts {}", status.refused, status.served, status.conflicts),
        format!("to upload {}, clock {}", status.to_upload, clean(&status.clock)),
    ];
    let age = |ms: Option<u64>| ms.map_or("never heard".to_owned(), |ms| format!("heard {} ago", text::age(ms)));
    let up = |up: bool| if up { "up" } else { "DOWN" };
    lines.push(format!(
        "list {}",
        status.replica_age_ms.map_or("never fresh".to_owned(), |ms| format!("{} old", text::age(ms)))
    ));
    for link in cloud(status).into_iter().chain(peers(status)) {
        lines.push(format!("link {} {}, {}", clean(&link.name), up(link.up), age(link.heard_ms_ago)));
    }
    lines.push(words::contact(&status.exposure));
    lines.push(words::may_be_double(&status.exposure));
    lines.extend(words::rights(status));
    lines.extend(status.deficits.iter().map(words::deficit));
    for source in &status.sources {
        lines.push(format!("source {} {}, {} read", clean(&source.name), up(source.up), source.reads));
    }
    lines
}

/// Speaks until nobody reads, or nobody is there from the start.
pub async fn speak(mut news: Receiver<News>, out: &mut impl Write) -> End {
    let mut speaker = Speaker::default();
    let mut reached = false;
    while let Some(item) = news.recv().await {
        if let News::Connected = item {
            reached = true;
        }
        if let News::Lost { fault, attempts } = &item
            && !reached
        {
            if *attempts >= FIRST_ATTEMPTS {
                return End::NeverReached(fault.clone());
            }
            continue;
        }
        if write_lines(out, &speaker.lines(&item)).is_err() {
            return End::Unread;
        }
    }
    End::Unread
}

fn write_lines(out: &mut impl Write, lines: &[String]) -> io::Result<()> {
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// A line for each that went or came back.
fn changes<'a>(
    known: &mut BTreeSet<String>,
    now: impl Iterator<Item = (&'a str, bool)>,
    what: &str,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, up) in now {
        if up && known.remove(name) {
            lines.push(format!("{what} BACK: {}", text::clean(name)));
        } else if !up && known.insert(name.to_owned()) {
            lines.push(format!("{what} LOST: {}", text::clean(name)));
        }
    }
    lines
}
