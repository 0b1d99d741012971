//! Who was used, in memory, read on from where it was read to last.
//!
//! Half a million entries take a second to read; those that came since take none. It is a
//! list of what stands in a digest, nothing that could be counted: an entry that comes to
//! count, or no longer does, changes nothing here.

use crate::fault::Fault;
use crate::store::{self, Tx};
use std::collections::BTreeMap;
use tidegate_core::feed::Epoch;
use tidegate_core::id::{EventId, JournalId};
use tidegate_core::start::uses::{Use, Uses};
use tidegate_core::sync::{Heads, Vector};

/// Doubled keys that are carried along before they are taken out.
const SLACK: usize = 100_000;

/// Who was used up to some frontier.
#[derive(Debug, Default)]
pub(super) struct KnownUses {
    epoch: Epoch,
    read: Vector,
    places: BTreeMap<JournalId, u64>,
    keys: Vec<u64>,
    distinct: usize,
}

impl KnownUses {
    /// Reads on to `frontier`, and gives the digest.
    pub(super) async fn digest(
        &mut self,
        tx: &mut Tx,
        (event, epoch): (EventId, Epoch),
        frontier: &Vector,
    ) -> Result<Uses, Fault> {
        if self.epoch != epoch || !self.leads_to(frontier) {
            *self = Self { epoch, ..Self::default() };
        }
        for (journal, ends) in &frontier.0 {
            self.read_on(tx, event, *journal, ends).await?;
        }
        self.read = frontier.clone();
        Ok(Uses::of(self.keys.clone()))
    }

    /// Whether a frontier only adds entries at the ends that were read to. A journal with several ends is
    /// read anew: an entry of a branch stands beside others of its place.
    fn leads_to(&self, frontier: &Vector) -> bool {
        self.read.0.iter().all(|(journal, ends)| {
            let now = frontier.0.get(journal);
            now == Some(ends) || ends.all().len() == 1 && now.is_some_and(|now| now.all().len() == 1)
        })
    }

    async fn read_on(
        &mut self,
        tx: &mut Tx,
        event: EventId,
        journal: JournalId,
        ends: &Heads,
    ) -> Result<(), Fault> {
        let newest = ends.longest().map_or(0, |head| head.sequence);
        let mut at = self.places.get(&journal).copied().map(|place| (0, place)).unwrap_or_default();
        while ends.all().len() > 1 || at.1 < newest {
            let acts = store::starts::acts_after(tx, event, journal, at).await?;
            let Some((last, _)) = acts.last() else { break };
            at = *last;
            self.keys.extend(acts.iter().filter_map(|(_, bytes)| Use::key_of_entry(bytes)));
        }
        self.places.insert(journal, newest);
        if self.keys.len() > self.distinct * 2 + SLACK {
            self.keys.sort_unstable();
            self.keys.dedup();
            self.distinct = self.keys.len();
        }
        Ok(())
    }
}
