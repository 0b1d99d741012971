//! What staff should know besides the verdict, worst first.
//!
//! Two kinds: conditions, derived from the newest status for as long as they last, and
//! notices, said once and shown until read or old. Every sentence says what, then what to
//! do, with a stable code where there is one. A warning never stops scanning.

use tidegate_core::api::{SourceStatus, Status};

use super::{Contact, Millis, Model};
use crate::text;
use crate::theme::Role;

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
        }
        let notices = self.notices.iter().filter(|notice| notice.shows(now));
        lines.extend(notices.map(|notice| attn(notice.text.clone())));
        if self.is_live(now)
            && let Some(status) = self.known()
        {
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
