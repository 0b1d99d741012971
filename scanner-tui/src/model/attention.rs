//! What staff should know besides the verdict, worst first.
//!
//! Two kinds: conditions, derived from the newest status for as long as they last, and
//! notices, said once and shown until read or old. Every sentence says what, then what to
//! do, with a stable code where there is one. A warning never stops scanning.

use tidegate_core::api::{SourceStatus, Status, StockStatus};

use super::{Contact, Millis, Model, heard_last};
use crate::theme::Role;
use crate::{text, words};

/// A list older than this is worth a word.
const LIST_OLD_MS: u64 = 30 * 60 * 1_000;
/// A list older than this is a danger: six hours of refunds and blocks are missing.
const LIST_VERY_OLD_MS: u64 = 6 * 60 * 60 * 1_000;
/// Notices kept: what nobody read by then is in the agent's own log.
const NOTICES: usize = 8;

/// A sentence for the attention lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// How bad.
    pub role: Role,
    /// What and what to do.
    pub text: String,
}

/// Something said once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about; a newer notice of the same kind replaces the older.
    pub kind: NoticeKind,
    /// The sentence.
    pub text: String,
    /// When it goes by itself; `None` until Esc.
    pub until: Option<Millis>,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Journals met and found one act too many.
    Conflict,
    /// The agent reported a fault.
    Trouble,
    /// An undo that was not done.
    Undo,
    /// An act that was asked for and not done.
    Act,
    /// Everybody was asked.
    Sync,
    /// A scanner types into this screen, which may not scan.
    Typing,
    /// The stream held something this screen does not understand.
    Unread,
}

impl Notice {
    fn shows(&self, now: Millis) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Model {
    /// Adds a notice; conflicts are kept beside each other, other kinds replace their own.
    pub fn notify(&mut self, notice: Notice) {
        if notice.kind != NoticeKind::Conflict {
            self.notices.retain(|old| old.kind != notice.kind);
        }
        self.notices.insert(0, notice);
        self.notices.truncate(NOTICES);
    }

    /// Drops the newest notice that shows, and what has gone by itself.
    pub fn read_notice(&mut self, now: Millis) {
        self.notices.retain(|notice| notice.shows(now));
        if !self.notices.is_empty() {
            self.notices.remove(0);
        }
    }

    /// Everything worth a line now, worst first.
    pub fn attentions(&self, now: Millis) -> Vec<Attention> {
        let mut lines = Vec::new();
        if self.is_live(now)
            && let Some(status) = self.known()
        {
            lines.extend(state(status));
            lines.extend(status.sources.iter().filter_map(|source| self.lost(source, now)));
            lines.extend(self.alone(status, now));
            lines.extend(limit_near(status));
            lines.extend(rights(status));
        }
        let notices = self.notices.iter().filter(|notice| notice.shows(now));
        lines.extend(notices.map(|notice| attn(notice.text.clone())));
        if self.is_live(now)
            && let Some(status) = self.known()
        {
            lines.extend(elsewhere(status));
            lines.extend(status.deficits.iter().map(words::deficit).map(attn));
            lines.extend(clock(status));
            lines.extend(self.list_age(status, now));
        }
        lines.sort_by_key(|line| line.role != Role::Deny);
        lines
    }

    /// How bad the state of the door is: the header's colour.
    pub fn strip(&self, now: Millis) -> Role {
        let lines = self.attentions(now);
        match self.contact(now) {
            Contact::Lost { .. } => Role::Attn,
            Contact::Starting | Contact::Live if lines.iter().any(|l| l.role == Role::Deny) => Role::Deny,
            Contact::Starting | Contact::Live if !lines.is_empty() => Role::Attn,
            Contact::Starting | Contact::Live => Role::Neutral,
        }
    }

    /// The first source that does not deliver, in words, where none does.
    pub fn no_source(&self, now: Millis) -> Option<Attention> {
        let sources = &self.known()?.sources;
        let dead = !sources.is_empty() && sources.iter().all(|source| !source.up);
        dead.then(|| self.lost(sources.first()?, now)).flatten()
    }

    fn lost(&self, source: &SourceStatus, now: Millis) -> Option<Attention> {
        if source.up {
            return None;
        }
        let since = self.lost_sources.get(&source.name).copied().unwrap_or(now);
        let code = source.error.as_ref().map_or(String::new(), |code| format!(" ({code})"));
        let age = text::age(now.saturating_sub(since));
        Some(attn(format!("{} LOST {age}: check the plug{code}", source.name)))
    }

    /// Cut off, or some are not heard: what nobody else has, and what may be double by now.
    fn alone(&self, status: &Status, now: Millis) -> Option<Attention> {
        let exposure = &status.exposure;
        let at_risk = words::at_risk(exposure);
        match (exposure.cut_off, exposure.silent.first()) {
            (true, _) => {
                let since = heard_last(status).map(|ms| ms + self.status_age(now).unwrap_or(0));
                let since = since.map_or(String::new(), |ms| format!(" {}", text::age(ms)));
                Some(attn(format!("CUT OFF{since}: {at_risk}. F7")))
            }
            (false, Some(silent)) if exposure.double_entries + exposure.double_servings > 0 => {
                let name = text::clean(&silent.device);
                let more = exposure.silent.len() - 1;
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                Some(attn(format!("NOT HEARD {name}{more}: {at_risk}. F7")))
            }
            (false, _) => None,
        }
    }

    fn list_age(&self, status: &Status, now: Millis) -> Option<Attention> {
        let age = status.replica_age_ms? + self.status_age(now).unwrap_or(0);
        let sentence = || format!("LIST OLD {}: connect to the network. Admitting goes on.", text::age(age));
        match age {
            age if age >= LIST_VERY_OLD_MS => Some(deny(sentence())),
            age if age >= LIST_OLD_MS => Some(attn(sentence())),
            _ => None,
        }
    }
}

/// The agent's own state, where it is not simply ready.
pub fn state(status: &Status) -> Option<Attention> {
    match status.state.as_str() {
        "ready" => None,
        "starting" => Some(attn("STARTING: fetching the lists. Admitting needs a supervisor.".to_owned())),
        "revoked" => Some(deny("REVOKED: this device may not admit. Use another one.".to_owned())),
        "read_only" => Some(deny("READ-ONLY DISK: nothing can be recorded. Do: edge-agent doctor".to_owned())),
        other => Some(attn(format!("STATE {}: not ready", text::clean(other)))),
    }
}

/// The number of admissions that nobody else knows nears the one at which nobody more comes in.
fn limit_near(status: &Status) -> Option<Attention> {
    let (exposure, limits) = (&status.exposure, &status.exposure.limits);
    let soft = limits.unverified_soft.map(u64::from)?;
    let stop = limits.unverified_hard.map_or(String::new(), |hard| format!(" of {hard}"));
    let count = exposure.unverified;
    (exposure.cut_off && count >= soft)
        .then(|| attn(format!("LIMIT NEAR: {count}{stop} admissions nobody else knows. Connect this device.")))
}

/// Stock or places that may not be used for now.
fn rights(status: &Status) -> Option<Attention> {
    let counted = status.capacity.is_some() || status.stock.iter().any(|stock| stock.everywhere > 0);
    let why = match status.rights.state.as_str() {
        "unconfirmed" => "NOT CONFIRMED since the start: stock and places wait. Connect to another device.",
        "lease_ended" => "LEASE ENDED: stock and places went back. Connect to the office.",
        _ => return None,
    };
    counted.then(|| attn(why.to_owned()))
}

/// What is not here and is elsewhere: places at a door, stock at a bar.
fn elsewhere(status: &Status) -> Vec<Attention> {
    let free = status.capacity.zip(status.occupied).map_or(0, |(capacity, occupied)| capacity - occupied);
    let no_room = status.room_here.is_some_and(|room| room <= 0) && free > 0;
    let room = no_room.then(|| attn(format!("FULL HERE: {free} places are free at other doors")));
    let is_out = |stock: &&StockStatus| status.role == "bar" && stock.here <= 0;
    let out = status.stock.iter().filter(is_out).filter_map(|stock| {
        let held = stock.elsewhere.as_ref()?;
        let (product, device) = (text::clean(&stock.product), text::clean(&held.device));
        Some(attn(format!("{product}: none left here, {} at {device}", held.units)))
    });
    room.into_iter().chain(out).collect()
}

fn clock(status: &Status) -> Option<Attention> {
    (status.clock == "unsure")
        .then(|| attn("CLOCK UNSURE: times of tickets cannot be relied on. Connect to the network.".to_owned()))
}

fn attn(text: String) -> Attention {
    Attention { role: Role::Attn, text }
}

fn deny(text: String) -> Attention {
    Attention { role: Role::Deny, text }
}
