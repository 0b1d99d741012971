//! How many entries a second are merged in memory: `cargo bench -p tidegate-core --bench merge`.
//!
//! Sixteen journals of 10,000 entries each, decoded and verified before the clock starts, are gathered by
//! ticket, judged ticket by ticket, and become the totals and the vector. Of five entries two let somebody in, two
//! hand something over elsewhere, and one sees somebody out: two and a half for each ticket. In it are the acts, the
//! gathering, each ticket's state, and the sums; a state is dropped when its totals are taken, as stores do. Not in it
//! are disks, signatures, hashes and decoding, nor whether an author may write an entry, conflicts, and judging a ticket
//! again when a later run brings more of it. On two cores each gathers half of the journals, and then judges half of
//! the tickets, which share nothing but the sums.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::ops::Range;
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
/// Acts by neighbourhood.
type Near = Vec<Vec<(TicketId, Act)>>;

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
    tickets: u64,
}

/// The acts of some journals, and where these end.
fn gather(law: &Law, journals: &[Vec<Named>]) -> (Near, Vector) {
    let usual = journals.iter().map(Vec::len).sum::<usize>() / NEIGHBOURHOODS * 5 / 4;
    let mut near: Near = (0..NEIGHBOURHOODS).map(|_| Vec::with_capacity(usual)).collect();
    let mut vector = Vector::default();
    for journal in journals {
        for (ticket, act) in journal.iter().filter_map(|(id, entry)| Act::of(*id, entry, &law.rebases)) {
            near[(ticket.as_i64() >> NEAR_BITS) as usize].push((ticket, act)); // 48 bits, of which eight are left
        }
        if let Some((last, _)) = journal.last() {
            vector.note(last, None);
        }
    }
    (near, vector)
}

impl Folded {
    /// Judges the tickets of some neighbourhoods, gathered by several.
    fn of(law: &Law, gathered: &[&Near], neighbourhoods: Range<usize>) -> Self {
        let mut folded = Self::default();
        for place in neighbourhoods {
            let acts = gathered.iter().flat_map(|near| &near[place]);
            let mut by_ticket: Vec<(TicketId, &Act)> = acts.map(|(ticket, act)| (*ticket, act)).collect();
            by_ticket.sort_unstable_by_key(|(ticket, _)| *ticket);
            for acts in by_ticket.chunk_by(|(ticket, _), (other, _)| ticket == other) {
                let state = TicketState::of(acts.iter().map(|(_, act)| *act), &law.catalogue);
                totals::add(&mut folded.totals, &state, (&law.catalogue, &law.rights), 1);
                folded.tickets += 1;
            }
        }
        folded
    }

    fn join(mut self, other: Self) -> Self {
        other.totals.into_iter().for_each(|(total, amount)| *self.totals.entry(total).or_default() += amount);
        self.tickets += other.tickets;
        self
    }
}

/// Everything on so many cores.
fn folded(law: &Law, journals: &[Vec<Named>], cores: usize) -> (Folded, Vector) {
    let gathered = on_cores(journals.chunks(journals.len().div_ceil(cores)), |part| gather(law, part));
    let (near, vectors): (Vec<&Near>, Vec<&Vector>) = gathered.iter().map(|(near, vector)| (near, vector)).unzip();
    let share = NEIGHBOURHOODS / cores;
    let judged =
        on_cores((0..cores).map(|core| core * share..(core + 1) * share), |some| Folded::of(law, &near, some));
    let vector = Vector(vectors.into_iter().flat_map(|vector| vector.0.clone()).collect());
    (judged.into_iter().fold(Folded::default(), Folded::join), vector)
}

/// Does the work for each of `parts` on a core of its own, the last one on this.
fn on_cores<P: Send, T: Send>(parts: impl Iterator<Item = P>, work: impl Fn(P) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let work = &work;
        let mut parts: Vec<P> = parts.collect();
        let last = parts.pop();
        let others: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || work(part))).collect();
        let last = last.map(work);
        others.into_iter().map(|other| other.join().expect("no core panics")).chain(last).collect()
    })
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

fn merge(criterion: &mut Criterion) {
    let (law, journals) = (law(), journals());
    let mut group = criterion.benchmark_group("merge");
    group.sample_size(20);
    group.throughput(Throughput::Elements(JOURNALS * EACH));
    let ((one, ends), (two, same_ends)) = (folded(&law, &journals, 1), folded(&law, &journals, 2));
    assert!(one.tickets > JOURNALS * EACH / 3 && (one.totals, one.tickets) == (two.totals, two.tickets));
    assert!(ends.0.len() == journals.len() && ends == same_ends);
    for (name, cores) in [("one core", 1), ("two cores", 2)] {
        group.bench_function(name, |b| b.iter(|| folded(&law, black_box(&journals), cores)));
    }
    group.finish();
}

criterion_group!(benches, merge);
criterion_main!(benches);
