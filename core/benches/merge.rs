//! How many entries a second are merged in memory: `cargo bench -p tidegate-core --bench merge`.
//!
//! Sixteen journals of 10,000 entries each, decoded and verified before the clock starts, are gathered by
//! ticket, judged ticket by ticket, and become the totals and the vector. Of five entries two let somebody in, two
//! hand something over elsewhere, and one sees somebody out: two and a half for each ticket. In it are the acts, the
//! gathering, each ticket's state, and the sums; a state is dropped when its totals are taken, as stores do. Not in it
//! are disks, signatures, hashes and decoding, nor judging a ticket again when a later run brings more of it. `two
//! cores` gives each half of the tickets to a thread of its own, since they share nothing but the sums.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::collections::BTreeMap;
use std::hint::black_box;
use tidegate_core::allotment::Rights;
use tidegate_core::catalogue::{Catalogue, CheckInList};
use tidegate_core::clock::Quality;
use tidegate_core::fold::rebase::Rebases;
use tidegate_core::fold::totals::{self, Total};
use tidegate_core::fold::{Act, TicketState};
use tidegate_core::id::{DeviceId, JournalId, ListId, ProductId, TicketId};
use tidegate_core::journal::kind::{Admission, Exit, Serving};
use tidegate_core::journal::{Entry, EntryRef, Kind};
use tidegate_core::seal::Hash;
use tidegate_core::sync::Vector;
use tidegate_core::time::Timestamp;

const JOURNALS: u64 = 16;
const EACH: u64 = 10_000;

/// Tickets are gathered by the first eight bits of their ids, so that what is judged together is near in memory.
const NEIGHBOURHOODS: usize = 256;
const NEAR_BITS: u32 = 40;

type Named = (EntryRef, Entry);

/// What everybody has who folds.
struct Law {
    catalogue: Catalogue,
    rights: Rights,
    rebases: Rebases,
}

/// What is folded.
#[derive(Default)]
struct Folded {
    totals: BTreeMap<Total, i64>,
    vector: Vector,
    tickets: u64,
}

impl Folded {
    /// Merges what is about tickets of a share.
    fn of(law: &Law, journals: &[Vec<Named>], share: impl Fn(TicketId) -> bool) -> Self {
        let mut folded = Self::default();
        let usual = journals.iter().map(Vec::len).sum::<usize>() / NEIGHBOURHOODS * 5 / 4;
        let mut near: Vec<Vec<(TicketId, Act)>> = (0..NEIGHBOURHOODS).map(|_| Vec::with_capacity(usual)).collect();
        for journal in journals {
            let shared = journal.iter().filter(|(_, entry)| entry.kind.ticket().is_some_and(&share));
            for (ticket, act) in shared.filter_map(|(id, entry)| Act::of(*id, entry, &law.rebases)) {
                near[(ticket.as_i64() >> NEAR_BITS) as usize].push((ticket, act)); // 48 bits, of which eight are left
            }
            if let Some((last, _)) = journal.last() {
                folded.vector.note(last, None);
            }
        }
        near.iter().for_each(|near| folded.judge(law, near));
        folded
    }

    fn judge(&mut self, law: &Law, near: &[(TicketId, Act)]) {
        let mut by_ticket: Vec<(TicketId, &Act)> = near.iter().map(|(ticket, act)| (*ticket, act)).collect();
        by_ticket.sort_unstable_by_key(|(ticket, _)| *ticket);
        for acts in by_ticket.chunk_by(|(ticket, _), (other, _)| ticket == other) {
            let state = TicketState::of(acts.iter().map(|(_, act)| *act), &law.catalogue);
            totals::add(&mut self.totals, &state, (&law.catalogue, &law.rights), 1);
            self.tickets += 1;
        }
    }

    fn join(mut self, other: Self) -> Self {
        other.totals.into_iter().for_each(|(total, amount)| *self.totals.entry(total).or_default() += amount);
        self.tickets += other.tickets;
        self
    }
}

fn law() -> Law {
    let mut catalogue = Catalogue::default();
    catalogue.lists.insert(ListId(1), CheckInList::unnamed(ListId(1)));
    Law { catalogue, rights: Rights::default(), rebases: Rebases::default() }
}

/// A night: two of five entries let somebody in, two hand something over, one sees somebody out.
fn journals() -> Vec<Vec<Named>> {
    let journal = |number: u64| JournalId { device: DeviceId([number as u8; 16]), incarnation: 1 };
    let name = |number: u64, sequence: u64| {
        let mut hash = [number as u8; 32];
        hash[..8].copy_from_slice(&sequence.to_be_bytes());
        EntryRef { journal: journal(number), sequence, hash: Hash(hash) }
    };
    // Spread as ids are, without repeating.
    let ticket = |number: u64| TicketId::from_i64((number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16) as i64);
    let at = |number: u64, sequence: u64| {
        let (guest, does) = (sequence / 5 * 2 + sequence % 2, sequence % 5);
        // Drinks are served elsewhere than where somebody came in.
        let home = if does < 2 { number } else { (number + 1) % JOURNALS };
        let ticket = ticket(home * EACH + guest)?;
        let kind = match does {
            0 | 1 => {
                Kind::Admission(Admission { gate: Some("Gate A".into()), ..Admission::new(ticket, ListId(1)) })
            }
            2 | 3 => Kind::Serving(Serving::new(ticket, ProductId(2), 1)),
            _ => Kind::Exit(Exit::new(ticket, ListId(1), vec![name(home, sequence - 4)])),
        };
        let clock = Timestamp(1_800_000_000_000_000 + (sequence * 1_000_000) as i64);
        let quality = Quality::Trusted;
        Some((
            name(number, sequence),
            Entry { clock, at: None, quality, uncertain_ms: Some(3), staff: None, kind },
        ))
    };
    (0..JOURNALS).map(|number| (1..=EACH).filter_map(|sequence| at(number, sequence)).collect()).collect()
}

fn on_two_cores(law: &Law, journals: &[Vec<Named>]) -> Folded {
    std::thread::scope(|scope| {
        let odd = scope.spawn(|| Folded::of(law, journals, |ticket| ticket.as_i64() % 2 != 0));
        let even = Folded::of(law, journals, |ticket| ticket.as_i64() % 2 == 0);
        odd.join().map_or_else(|_| Folded::default(), |odd| even.join(odd))
    })
}

fn merge(criterion: &mut Criterion) {
    let (law, journals) = (law(), journals());
    let mut group = criterion.benchmark_group("merge");
    group.sample_size(20);
    group.throughput(Throughput::Elements(JOURNALS * EACH));
    let (one, two) = (Folded::of(&law, &journals, |_| true), on_two_cores(&law, &journals));
    assert!(one.tickets > JOURNALS * EACH / 3 && (one.totals, one.tickets) == (two.totals, two.tickets));
    group.bench_function("one core", |b| b.iter(|| Folded::of(&law, black_box(&journals), |_| true)));
    group.bench_function("two cores", |b| b.iter(|| on_two_cores(&law, black_box(&journals))));
    group.finish();
}

criterion_group!(benches, merge);
criterion_main!(benches);
