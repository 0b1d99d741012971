//! Entries into the journals: each once, at the end of its part, or as the beginning of a branch.
//!
//! What an entry comes to is folded afterwards, when all that came with it are here.

use super::{Books, law};
use crate::fault::Fault;
use crate::store::journals::{self, EntryRecord, JournalRecord};
use crate::store::parts::{self, Part, Point};
use crate::store::{Tx, books, rights};
use tidegate_core::fold::Act;
use tidegate_core::id::{JournalId, TicketId};
use tidegate_core::journal::kind::{Ends, Kind, counts};
use tidegate_core::journal::{Entry, EntryRef, Verified};
use tidegate_core::seal::Sig;
use tidegate_core::sync::Segment;
use tidegate_core::ticket::Identity as Shown;
use tidegate_core::trust::Identity;

impl Books<'_> {
    /// The parts of a journal.
    pub async fn parts(&mut self, tx: &mut Tx, journal: &JournalRecord) -> Result<Vec<Part>, Fault> {
        match self.parts.get(&journal.id) {
            Some(parts) => Ok(parts.clone()),
            None => Ok(parts::of(tx, self.event, journal).await?),
        }
    }

    /// A journal of which nothing is here yet.
    pub async fn begin(
        &mut self,
        tx: &mut Tx,
        id: JournalId,
        certificate: Vec<u8>,
    ) -> Result<JournalRecord, Fault> {
        // Somebody may have retired it before anything of it came.
        let retired_after = self.law(tx).await?.ends(id).retired_after;
        Ok(JournalRecord { retired_after, ..JournalRecord::new(self.event, id, certificate) })
    }

    /// Adds verified entries after a point of a journal, where another branch begins unless it is the end of a
    /// part; the last one under `signature` if it has one yet. Gives the acts among them that count, which are
    /// still to be folded.
    pub async fn insert(
        &mut self,
        tx: &mut Tx,
        (mut journal, at): (JournalRecord, Point),
        author: &Identity,
        (entries, signature): (Vec<Verified>, Option<Sig>),
    ) -> Result<Vec<(TicketId, Act)>, Fault> {
        let mut parts = self.parts(tx, &journal).await?;
        let branch = self.branch(&mut journal, &mut parts, at);
        let (mut acts, mut records) = (Vec::new(), Vec::new());
        let (last, mut moving) = (entries.last().map(|e| e.id), None);
        for Verified { id, bytes, entry } in entries {
            let counts =
                entry.as_ref().is_some_and(|entry| self.counts(author, &entry.kind, (&id, journal.ends())));
            let act = entry.as_ref().and_then(|entry| Act::of(id, entry, &self.law.rebases));
            let (ticket, signature) = (act.as_ref().map(|act| act.0), signature.filter(|_| last == Some(id)));
            if let Some(entry) = &entry {
                self.note(tx, (&id, branch), entry, (&mut journal, &mut moving)).await?;
            }
            journal.counted += u64::from(counts);
            records.push(EntryRecord { id, branch, body: bytes, signature, ticket, counts });
            acts.extend(act.filter(|_| counts));
        }
        journals::add(tx, self.event, &records).await?;
        self.grow(journal, parts, (branch, last), records.len() as u64);
        Ok(acts)
    }

    /// The branch on which an entry after a point stands, begun where that is not the end of a part.
    fn branch(&mut self, journal: &mut JournalRecord, parts: &mut Vec<Part>, at: Point) -> u32 {
        if parts.get(at.part).is_some_and(|part| part.segment.last == at.sequence) {
            return at.part as u32;
        }
        let segment = Segment { parent: Some(at.part), base: at.sequence, last: at.sequence };
        parts.push(Part { segment, hash: at.hash });
        journal.forked_after = Some(journal.forked_after.map_or(at.sequence, |last| last.min(at.sequence)));
        self.held.unsettled = true;
        parts.len() as u32 - 1
    }

    /// Notes how far a journal has come.
    fn grow(
        &mut self,
        mut journal: JournalRecord,
        mut parts: Vec<Part>,
        (branch, last): (u32, Option<EntryRef>),
        by: u64,
    ) {
        if let Some((part, last)) = parts.get_mut(branch as usize).zip(last) {
            (part.segment.last, part.hash) = (last.sequence, last.hash);
            match branch {
                0 => (journal.entries, journal.hash) = (last.sequence, last.hash),
                _ => journal.branched += by,
            }
        }
        if journal.forked_after.is_some() {
            self.parts.insert(journal.id, parts);
            if branch > 0 {
                self.held.branches.insert((journal.id, branch));
            }
        }
        self.held.journals.insert(journal.id);
        self.journals.insert(journal.id, journal);
    }

    /// Whether an entry has an effect, as far as is known; retirements are judged together, when all are here.
    fn counts(&self, author: &Identity, kind: &Kind, (id, ends): (&EntryRef, Ends)) -> bool {
        let device = self.catalogue.devices.get(&id.journal.device);
        !matches!(kind, Kind::Retire(_)) && counts(author, kind, (id.journal, id.sequence), device, ends)
    }

    /// What has to be found again without reading all entries.
    async fn note(
        &mut self,
        tx: &mut Tx,
        place: (&EntryRef, u32),
        entry: &Entry,
        (journal, moving): (&mut JournalRecord, &mut Option<u64>),
    ) -> Result<(), Fault> {
        journal.clock = journal.clock.max(entry.clock);
        if law::moves(&entry.kind) {
            let number = moving.unwrap_or_else(|| self.rests_on().entries) + 1;
            *moving = Some(number);
            rights::add(tx, self.event, number, place).await?;
            *(if entry.kind.moves_rights() { &mut journal.rights } else { &mut journal.clocks }) += 1;
            self.held.unsettled |= law::unsettles(&entry.kind);
        }
        let Some(code) = entry.kind.code() else { return Ok(()) };
        if let Shown::Genuine(genuine) = self.catalogue.keyring.identify_bytes(self.event, code) {
            let (ticket, counter) = (genuine.ticket().id, genuine.ticket().counter);
            books::carry_code(tx, self.event, (ticket, counter), code).await?;
        }
        Ok(())
    }
}
