//! What trials switch: deliberate bugs, and signatures that are remembered.
//!
//! A simulator that finds nothing proves nothing, unless it finds what was put there to
//! be found. Each [`Bug`] breaks one promise in the code that ships; which one is on is
//! set for the whole process. Without the feature `trials` every question here is
//! answered `false` at compile time, and nothing shipped is built with it.

/// A deliberate bug, and the promise that it breaks.
macro_rules! bugs {
    ($($(#[$doc:meta])* $name:ident, $promise:literal, $text:literal;)*) => {
        /// A deliberate bug.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $($(#[$doc])* $name,)*
        }

        impl Bug {
            /// All of them, by promise.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Which promise it breaks, 1 to 8.
            pub fn promise(self) -> u8 {
                match self {
                    $(Self::$name => $promise,)*
                }
            }

            /// Its name on a command line.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

bugs! {
    /// A log that is flushed some time later.
    LazyFlush, 1, "lazy-flush";
    /// An answer is given whether or not the commit was.
    AnswerFirst, 1, "answer-first";
    /// What fails takes along what was decided before it in its group.
    NeighbourLost, 1, "neighbour-lost";
    /// An entry that comes twice moves the totals twice.
    AddOnReceipt, 2, "add-on-receipt";
    /// An idempotency key is not kept with its act.
    KeyNotKept, 2, "key-not-kept";
    /// A serving that two take back comes back twice.
    VoidTwice, 2, "void-twice";
    /// Whose journal came first in the store is first in a ticket's history.
    ArrivalOrder, 3, "arrival-order";
    /// What a revoked or forked device wrote counts or not by when it came.
    CountsOnArrival, 3, "counts-on-arrival";
    /// A clock that was set later moves nothing that is here already.
    ClockNotRefolded, 3, "clock-not-refolded";
    /// A list whose closing time moves is not counted again.
    ListNotRefolded, 3, "list-not-refolded";
    /// A share may be used before it is accepted, and once more afterwards.
    UseUnaccepted, 4, "use-unaccepted";
    /// A giver forgets what it gave.
    GiveForFree, 4, "give-for-free";
    /// A copied store keeps its rights.
    CopyKeepsRights, 4, "copy-keeps-rights";
    /// Rights are used after a start before anybody has confirmed them.
    UseUnconfirmed, 4, "use-unconfirmed";
    /// A lease never ends.
    EndlessLease, 4, "endless-lease";
    /// Whatever a clock says, a closing time that it says has come frees its places.
    ClosedByAnyClock, 4, "closed-by-any-clock";
    /// What a device asks for goes to the journal of it with the highest number, whichever asks.
    LentToNewest, 4, "lent-to-newest";
    /// Who takes over a lost journal gets what it used as well.
    RetiredInFull, 4, "retired-in-full";
    /// A scan does not see who came by another gate.
    OwnEntriesOnly, 5, "own-entries-only";
    /// A bar does not count what other bars served.
    OwnServingsOnly, 5, "own-servings-only";
    /// A conflict is told again whenever its ticket is looked at.
    ConflictAgain, 5, "conflict-again";
    /// A third entry too many is not reported.
    OneConflictOnly, 5, "one-conflict-only";
    /// Whoever is cut off admits as many as come.
    AloneUnlimited, 5, "alone-unlimited";
    /// Whoever is cut off serves all of a balance.
    AloneServesAll, 5, "alone-serves-all";
    /// A code is taken whatever its signature.
    UnsignedCode, 6, "unsigned-code";
    /// A code of another event is taken.
    OtherEvent, 6, "other-event";
    /// A code that a journal brings vouches for itself without a signature.
    CarriedUnsigned, 6, "carried-unsigned";
    /// The cursor moves past rows that were not taken.
    HalfPage, 7, "half-page";
    /// An older page is taken over a newer one.
    FeedBackwards, 7, "feed-backwards";
    /// A code that was replaced is taken where its row is here.
    ReplacedCode, 7, "replaced-code";
    /// A device decides however old the cloud's last word is.
    OldWord, 7, "old-word";
    /// A ticket is taken before its window and after it.
    AnyTime, 7, "any-time";
    /// A key that the office retired is good for ever.
    KeyStays, 7, "key-stays";
    /// A run that leaves entries out is taken.
    GapTaken, 8, "gap-taken";
    /// An entry counts whoever wrote it.
    AnybodyMay, 8, "anybody-may";
    /// Of two histories the one that came first is the only one.
    ForkIgnored, 8, "fork-ignored";
    /// Entries are taken in another's name.
    AnyAuthor, 8, "any-author";
    /// A device that was set back goes on where it stood.
    BehindGoesOn, 8, "behind-goes-on";
}

#[cfg(feature = "trials")]
mod switched {
    use super::Bug;
    use std::collections::HashSet;
    use std::hash::{DefaultHasher, Hash, Hasher};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::sync::{Mutex, PoisonError};

    static ON: AtomicUsize = AtomicUsize::new(usize::MAX);
    static SIGNED: Mutex<Option<HashSet<u64>>> = Mutex::new(None);
    /// What stays remembered: the signatures of whatever all trials of a process begin with.
    static KEPT: Mutex<Option<HashSet<u64>>> = Mutex::new(None);

    /// Switches one bug on, or all off.
    pub fn plant(bug: Option<Bug>) {
        ON.store(bug.map_or(usize::MAX, |bug| bug as usize), Relaxed);
    }

    /// Whether a bug is on.
    pub fn planted(bug: Bug) -> bool {
        ON.load(Relaxed) == bug as usize
    }

    /// Remembers from now on what is signed here, so that it need not be verified; or forgets all of it.
    pub fn remember_signatures(remember: bool) {
        let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).clone();
        *SIGNED.lock().unwrap_or_else(PoisonError::into_inner) = remember.then(|| kept.unwrap_or_default());
    }

    /// Gives what `made` makes, and remembers what was signed for it in all trials to come.
    pub fn keep_signatures<T>(made: impl FnOnce() -> T) -> T {
        let own =
            |signed: &Mutex<Option<HashSet<u64>>>| signed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let before = own(&SIGNED);
        *SIGNED.lock().unwrap_or_else(PoisonError::into_inner) = Some(HashSet::new());
        let made = made();
        let kept = own(&SIGNED).unwrap_or_default();
        let remembers = before.map(|before| before.union(&kept).copied().collect());
        *SIGNED.lock().unwrap_or_else(PoisonError::into_inner) = remembers;
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().extend(kept);
        made
    }

    pub(crate) fn note_signed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) {
        if let Some(signed) = SIGNED.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            signed.insert(name(key, message, signature));
        }
    }

    pub(crate) fn was_signed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let signed = SIGNED.lock().unwrap_or_else(PoisonError::into_inner);
        signed.as_ref().is_some_and(|signed| signed.contains(&name(key, message, signature)))
    }

    fn name(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> u64 {
        let mut hasher = DefaultHasher::new();
        (key, message, &signature[..]).hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(feature = "trials")]
pub use switched::{keep_signatures, plant, planted, remember_signatures};
#[cfg(feature = "trials")]
pub(crate) use switched::{note_signed, was_signed};

/// Whether a bug is on: never, in a program that ships.
#[cfg(not(feature = "trials"))]
#[inline(always)]
pub const fn planted(_: Bug) -> bool {
    false
}
