//! Why an entry has no effect: the law of [`counts`], taken apart for people.
//!
//! Whether it has one is decided by [`counts`] alone; here the same question is asked again without
//! one of the ends of its journal, so that the two can never say different things.

use super::{Ends, Kind, counts, may_write};
use crate::catalogue::DeviceRow;
use crate::id::JournalId;
use crate::trust::Identity;

/// Why an entry has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoEffect {
    /// Its bytes are no entry.
    Unreadable,
    /// Of a kind that only a later version knows.
    UnknownKind,
    /// Its author may not write that.
    NotAllowed,
    /// Written after its author was withdrawn.
    Revoked,
    /// It moves rights, after its journal was retired.
    Retired,
    /// It moves, takes back or dates, after its author had written another history.
    Forked,
}

impl NoEffect {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::UnknownKind => "unknown_kind",
            Self::NotAllowed => "not_allowed",
            Self::Revoked => "device_revoked",
            Self::Retired => "journal_retired",
            Self::Forked => "after_fork",
        }
    }

    /// What it is, in staff words.
    pub fn what(self) -> &'static str {
        match self {
            Self::Unreadable => "cannot be read",
            Self::UnknownKind => "is of a kind that only a later version knows",
            Self::NotAllowed => "may not be written by that device",
            Self::Revoked => "was written after the office had withdrawn the device",
            Self::Retired => "moves stock or places after the journal was ended",
            Self::Forked => "moves, takes back or dates something after the journal was forked",
        }
    }
}

/// Why an entry of this kind, at this place of `author`'s journal, has no effect; `None` where it has one.
pub fn no_effect(
    author: &Identity,
    kind: Option<&Kind>,
    at: (JournalId, u64),
    device: Option<&DeviceRow>,
    ends: Ends,
) -> Option<NoEffect> {
    let Some(kind) = kind else { return Some(NoEffect::Unreadable) };
    let (journal, sequence) = at;
    if counts(author, kind, at, device, ends) {
        return None;
    }
    Some(match kind {
        Kind::Unknown { .. } => NoEffect::UnknownKind,
        kind if !may_write(author, kind) => NoEffect::NotAllowed,
        _ if device.is_some_and(|row| !row.counts(journal.incarnation, sequence)) => NoEffect::Revoked,
        kind if counts(author, kind, at, device, Ends { retired_after: None, ..ends }) => NoEffect::Retired,
        _ => NoEffect::Forked,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Refusal, Resource, Restock, Transfer};
    use super::*;
    use crate::id::{DeviceId, EventId, ProductId};
    use crate::seal::PublicKey;
    use crate::time::Timestamp;
    use crate::trust::{Rights, Role};

    #[test]
    fn each_entry_without_effect_says_why_and_one_with_an_effect_says_nothing() {
        let journal = JournalId { device: DeviceId([1; 16]), incarnation: 1 };
        let author = Identity {
            event: EventId([0; 16]),
            device: journal.device,
            key: PublicKey([0; 32]),
            role: Role::Bar,
            rights: Rights::default(),
            name: String::new(),
            issued: Timestamp(0),
            expires: Timestamp(0),
        };
        let of = Resource::Product(ProductId(1));
        let row = |revoked_at| DeviceRow {
            id: journal.device,
            name: String::new(),
            role: Role::Bar,
            certificate: None,
            revoked_at,
            counts_until: Vec::new(),
        };
        let check = |kind: Option<Kind>, revoked, forked_after, retired_after, expect| {
            let (row, ends) = (row(revoked), Ends { forked_after, retired_after });
            assert_eq!(no_effect(&author, kind.as_ref(), (journal, 5), Some(&row), ends), expect, "{kind:?}");
        };
        let share = || Some(Kind::Transfer(Transfer::share(of, 1, journal)));
        let refusal = Kind::Refusal(Refusal { ticket: None, list: None, gate: None, code: "used".into() });
        check(None, None, None, None, Some(NoEffect::Unreadable));
        check(Some(Kind::Unknown { tag: 99, body: vec![] }), None, None, None, Some(NoEffect::UnknownKind));
        check(Some(Kind::Restock(Restock::new(of, 1))), None, None, None, Some(NoEffect::NotAllowed));
        check(share(), None, None, None, None);
        check(share(), Some(Timestamp(1)), None, None, Some(NoEffect::Revoked));
        check(share(), None, Some(4), None, Some(NoEffect::Forked));
        check(share(), None, None, Some(4), Some(NoEffect::Retired));
        check(share(), None, Some(4), Some(4), Some(NoEffect::Forked));
        check(share(), None, Some(5), Some(5), None);
        check(Some(refusal), None, Some(0), Some(0), None);
    }
}
