//! What follows from what was taken in: journals, folds, forks, and rights used without being held.

use super::replay::Replay;
use super::report::{Found, JournalReport, Report, Severity};
use super::{Progress, Source};
use crate::store::evidence::Difference;
use crate::store::rights::UsedUp;
use crate::store::{findings, journal, read};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_core::allotment::audit::beyond;
use tidegate_core::journal::kind::Kind;
use tidegate_core::journal::{Entry, EntryRef};

impl Replay<'_> {
    /// Says what all of it comes to.
    pub fn judge(mut self, progress: Progress<'_>) -> anyhow::Result<Report> {
        progress("recounting", 0);
        self.name_refused();
        self.compare()?;
        self.recount()?;
        self.forks()?;
        self.beyond()?;
        self.list_journals();
        let Report { found, sound, .. } = &mut self.report;
        found.sort_by_key(|found| found.severity); // as they were found, the broken ones first
        *sound = found.iter().all(|found| found.severity == Severity::Noted);
        Ok(self.report)
    }

    /// Holds what was stored as derived against what follows.
    pub(super) fn compare(&mut self) -> anyhow::Result<()> {
        // Beside other sources there is more here than any of them had.
        if self.given.sources.len() > 1 {
            return Ok(());
        }
        for (at, evidence) in std::mem::take(&mut self.evidence) {
            if !evidence.is_of_this_version(self.ledger.connection()).unwrap_or(false) {
                let what = "what was derived is not compared: it was written by another version";
                self.report.found.push(Found::noted("other_version", what).at(&at));
                continue;
            }
            match evidence.differences(self.ledger.connection()) {
                Ok(all) => self.report.found.extend(all.into_iter().map(|found| differs(found).at(&at))),
                Err(fault) => {
                    self.report.found.push(Found::broken("database_damaged", fault.to_string()).at(&at));
                }
            }
        }
        Ok(())
    }

    /// What another, that took one source alone, finds different there.
    pub(super) fn add_differences(&mut self, mut alone: Replay<'_>) -> anyhow::Result<()> {
        alone.report.found.clear();
        alone.compare()?;
        self.report.found.append(&mut alone.report.found);
        Ok(())
    }

    fn recount(&mut self) -> anyhow::Result<()> {
        let (connection, memory) = (self.ledger.connection(), self.ledger.memory());
        self.report.totals = read::totals(connection)?;
        self.report.conflicts = read::conflicts(connection)?.len() as u64;
        let used = UsedUp::read(connection, memory, self.ledger.time().read().now)?;
        self.report.deficits = findings::deficits(memory, &used);
        if self.report.conflicts > 0 {
            let what =
                format!("{} acts were one too many: both sides stand in the journals", self.report.conflicts);
            self.report.found.push(Found::noted("conflict", what));
        }
        Ok(())
    }

    fn forks(&mut self) -> anyhow::Result<()> {
        let (connection, memory) = (self.ledger.connection(), self.ledger.memory());
        let now = self.ledger.time().read().now;
        let all = findings::all(connection, memory, &self.given.ca, now)?;
        let mut without: BTreeMap<(String, String), (u64, Option<String>)> = BTreeMap::new();
        let without_effect = all.no_effect;
        for item in all.items {
            match item.kind.as_str() {
                "fork" => {
                    let journal = item.fork.as_ref().map(|fork| fork.journal.clone());
                    let found =
                        Found { journal, entry: item.entry, fork: item.fork, ..Found::broken("fork", item.what) };
                    self.report.found.push(found);
                }
                "no_effect" => {
                    let device = item.device.unwrap_or_default();
                    without.entry((item.code, device)).or_insert((0, item.entry)).0 += 1;
                }
                _ => {}
            }
        }
        let named: u64 = without.values().map(|(entries, _)| entries).sum();
        if named < without_effect {
            let what = format!("{without_effect} entries have no effect; the newest {named} are told apart");
            self.report.found.push(Found::noted("no_effect", what));
        }
        for ((code, device), (entries, last)) in without {
            let what = format!("{entries} entries of {device} have no effect");
            self.report.found.push(Found { entry: last, ..Found::noted(&code, what) });
        }
        Ok(())
    }

    fn beyond(&mut self) -> anyhow::Result<()> {
        let memory = self.ledger.memory();
        let catalogue = &memory.catalogue;
        let matters = |kind: &Kind| match kind {
            Kind::Admission(admission) => catalogue.zone_of(admission.list).is_some(),
            Kind::Refusal(_) | Kind::Clock(_) | Kind::Began(_) | Kind::Unknown { .. } => false,
            Kind::Exit(_) | Kind::Serving(_) | Kind::Annul(_) | Kind::Void(_) | Kind::Restock(_) => true,
            Kind::Waste(_) | Kind::Stocktake(_) | Kind::Transfer(_) | Kind::Accepted(_) | Kind::Retire(_) => true,
        };
        let all = journal::all(self.ledger.connection())?.into_iter().filter(|(_, counts)| *counts);
        let entries: Vec<(EntryRef, Entry)> =
            all.filter_map(|(v, _)| Some((v.id, v.entry.filter(|entry| matters(&entry.kind))?))).collect();
        for found in beyond(&entries, catalogue) {
            let (name, of) = (catalogue.device_name(found.id.journal.device), catalogue.resource_name(found.of));
            let (code, what) = match found.late {
                false => {
                    ("beyond_rights", format!("{name} used {} of {of} that it did not hold then", found.units))
                }
                true => ("late_use", format!("{name} used {} of {of} after its journal was retired", found.units)),
            };
            let journal = Some(found.id.journal.to_string());
            let found = Found { journal, entry: Some(found.id.to_string()), ..Found::broken(code, what) };
            self.report.found.push(found);
        }
        for journal in memory.authors.keys().filter(|journal| memory.rights.pending(**journal) > 0) {
            let what = "it accepted what nobody here is seen to give: its use of it is not judged";
            self.report.found.push(Found::noted("pending_transfer", what).of(journal));
        }
        Ok(())
    }

    fn list_journals(&mut self) {
        let broken = self.report.found.iter().filter(|found| found.severity == Severity::Broken);
        let broken: BTreeSet<String> = broken.filter_map(|found| found.journal.clone()).collect();
        let memory = self.ledger.memory();
        for (journal, author) in memory.authors.iter() {
            let parts = memory.parts(journal);
            let name = journal.to_string();
            self.report.journals.push(JournalReport {
                device: author.identity.name.clone(),
                role: author.identity.role.as_str().into(),
                entries: parts.iter().map(|part| part.segment.last - part.segment.base).sum(),
                histories: parts.len() as u64,
                sound: !broken.contains(&name),
                journal: name,
            });
        }
        let known: BTreeSet<String> = self.report.journals.iter().map(|journal| journal.journal.clone()).collect();
        for journal in broken.difference(&known) {
            let (device, role) = ("unknown".into(), "unknown".into());
            let report =
                JournalReport { journal: journal.clone(), device, role, entries: 0, histories: 0, sound: false };
            self.report.journals.push(report);
        }
    }
}

fn differs(Difference { table, rows, named }: Difference) -> Found {
    let code = format!("{table}_differ");
    Found::broken(&code, format!("{rows} stored {table} do not follow from the entries: {}", named.join("; ")))
}

/// Whether what a source stored beside its entries can be held against them: alone.
pub(super) fn has_derived(source: &Source) -> bool {
    match source {
        Source::Folder(_) => true,
        Source::File(_) | Source::Proof(_) => false,
    }
}
