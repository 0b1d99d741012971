//! Checking afterwards what the journals say, offline and without trusting whoever kept them.
//!
//! Everything that is given, data folders, files from a stick, proofs of forks, goes into one fresh store
//! by the very ways it would take over a link, under a device that has written nothing: chains, signatures
//! and certificates are checked there, folds come out anew and are held against those that were
//! stored. It then says which entries have no effect, who wrote two histories, and who used what they did
//! not hold. Nothing that is given is changed.

mod judge;
mod replay;
mod report;
mod source;

pub use report::{Found, JournalReport, Report, Severity, SourceReport};
pub use source::{Given, NotGiven, Source};

use replay::Replay;
use std::path::Path;
use tidegate_core::seal::PublicKey;

/// Told what is being done, and how much of it is done.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64);

/// Checks what lies at these paths. Under `ca` where it is given, else under the key found inside, which
/// proves that things fit together, not whose they are.
pub fn verify(paths: &[&Path], ca: Option<PublicKey>, progress: Progress<'_>) -> anyhow::Result<Report> {
    let given = Given::open(paths, ca)?;
    let mut replay = Replay::new(&given)?;
    for source in &given.sources {
        replay.take(source, progress)?;
    }
    if given.sources.len() > 1 {
        if replay.is_waiting() {
            for source in &given.sources {
                replay.take_again(source, progress)?;
            }
        }
        // Beside others there is more than any of them had: each is compared by itself.
        for source in given.sources.iter().filter(|source| judge::has_derived(source)) {
            let alone = Given { sources: vec![source.clone()], ..given };
            let mut replay_alone = Replay::new(&alone)?;
            replay_alone.take(source, progress)?;
            replay.add_differences(replay_alone)?;
        }
    }
    replay.judge(progress)
}
