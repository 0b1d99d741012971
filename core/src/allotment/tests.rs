//! Rights by what was written, in whatever order it came.

use super::*;
use crate::clock::Quality;
use crate::id::{DeviceId, ProductId};
use crate::journal::kind::{Accepted, Restock, Stocktake, Waste};
use crate::seal::Hash;
use crate::time::Timestamp;
use proptest::prelude::*;

const BEER: Resource = Resource::Product(ProductId(1));

fn journal(device: u8) -> JournalId {
    JournalId { device: DeviceId([device; 16]), incarnation: 1 }
}

fn id(device: u8, sequence: u64) -> EntryRef {
    EntryRef { journal: journal(device), sequence, hash: Hash([device; 32]) }
}

fn entry(kind: Kind) -> Entry {
    Entry { clock: Timestamp(1), at: None, quality: Quality::Trusted, uncertain_ms: None, staff: None, kind }
}

fn restock(quantity: u32) -> Kind {
    Kind::Restock(Restock::new(BEER, quantity))
}

fn transfer(quantity: u32, to: u8) -> Kind {
    Kind::Transfer(Transfer::share(BEER, quantity, journal(to)))
}

fn accepted(device: u8, sequence: u64) -> Kind {
    Kind::Accepted(Accepted { transfer: id(device, sequence) })
}

fn rights(entries: &[(EntryRef, Kind)]) -> Rights {
    let mut rights = Rights::default();
    entries.iter().for_each(|(id, kind)| rights.insert(*id, &entry(kind.clone())));
    rights
}

fn offered(rights: &Rights, device: u8) -> Vec<EntryRef> {
    rights.offered_to(journal(device)).map(|(id, _)| *id).collect()
}

fn left(rights: &Rights, device: u8, used: i64) -> i64 {
    rights.left(BEER, journal(device), &|_, by| if by == journal(device) { used } else { 0 })
}

#[test]
fn rights_move_only_when_accepted_and_their_sum_never_grows() {
    let mut entries = vec![(id(1, 1), restock(10)), (id(1, 2), transfer(4, 2))];
    let offered = rights(&entries);
    assert_eq!((left(&offered, 1, 0), left(&offered, 2, 0)), (6, 0));
    assert_eq!((self::offered(&offered, 2), offered.in_flight(BEER)), (vec![id(1, 2)], 4));
    entries.push((id(2, 1), accepted(1, 2)));
    let taken = rights(&entries);
    assert_eq!((left(&taken, 1, 0), left(&taken, 2, 1)), (6, 3));
    assert_eq!((self::offered(&taken, 2), taken.in_flight(BEER)), (vec![], 0));
}

#[test]
fn what_was_given_without_being_asked_for_is_shared_out() {
    let want = Transfer { want: Some(WantId([1; 16])), ..Transfer::share(BEER, 4, journal(2)) };
    let lent = rights(&[(id(1, 1), restock(10)), (id(1, 2), Kind::Transfer(want)), (id(2, 1), accepted(1, 2))]);
    assert!(!lent.is_shared_out(BEER));
    assert_eq!(lent.holders_of(BEER).collect::<Vec<_>>(), [journal(1), journal(2)]);
    assert!(rights(&[(id(1, 2), transfer(4, 2))]).is_shared_out(BEER));
}

#[test]
fn nobody_accepts_for_another() {
    let taken = rights(&[(id(1, 1), restock(10)), (id(1, 2), transfer(4, 2)), (id(3, 1), accepted(1, 2))]);
    assert_eq!(left(&taken, 3, 0), 0);
    assert_eq!(taken.pending(journal(3)), 1, "of a transfer to it that may yet come");
    assert_eq!(rights(&[(id(3, 1), accepted(1, 2))]).pending(journal(3)), 1);
}

#[test]
fn what_a_lost_journal_has_left_goes_to_who_retired_it() {
    let retire = Kind::Retire(Retire { journal: journal(2), last: 3 });
    let entries =
        [(id(1, 1), restock(10)), (id(1, 2), transfer(4, 2)), (id(2, 1), accepted(1, 2)), (id(1, 3), retire)];
    let books = rights(&entries);
    let used = |_, by| if by == journal(2) { 1 } else { 0 };
    assert_eq!((books.left(BEER, journal(1), &used), books.left(BEER, journal(2), &used)), (6 + 3, 0));
    assert_eq!(books.retired_by(journal(2)), Some((journal(1), 3)));
}

#[test]
fn what_a_lost_journal_was_offered_goes_to_who_retired_it_whether_it_accepted_or_not() {
    let retire = Kind::Retire(Retire { journal: journal(2), last: 0 });
    let mut entries = vec![(id(1, 1), restock(10)), (id(1, 2), transfer(4, 2)), (id(1, 3), retire)];
    let offered = rights(&entries);
    entries.push((id(2, 1), accepted(1, 2)));
    let taken = rights(&entries);
    assert_eq!((left(&offered, 1, 0), left(&taken, 1, 0)), (10, 10));
    assert_eq!((offered.in_flight(BEER), taken.in_flight(BEER)), (4, 0));
}

#[test]
fn what_a_lost_journal_was_offered_by_somebody_who_did_not_have_it_is_nobodys() {
    let retire = |of| Kind::Retire(Retire { journal: journal(of), last: 0 });
    let mut entries = vec![(id(1, 1), restock(10)), (id(3, 1), transfer(90, 2)), (id(1, 2), retire(2))];
    assert_eq!(left(&rights(&entries), 1, 0), 10);
    entries.push((id(1, 3), retire(3)));
    assert_eq!(left(&rights(&entries), 1, 0), 10, "whoever takes over both has neither");
    entries.push((id(3, 2), restock(40)));
    assert_eq!(left(&rights(&entries), 1, 0), 10 + 40, "what it had of it counts");
}

#[test]
fn what_was_given_without_having_it_is_not_accepted_and_not_owed() {
    let retire = Kind::Retire(Retire { journal: journal(3), last: 9 });
    let (unused, mut entries) = (|_, _| 0, vec![(id(1, 1), restock(10)), (id(3, 1), transfer(90, 2))]);
    let given = rights(&entries);
    assert_eq!(
        (given.covers(BEER, journal(3), &unused), given.deficits_of(BEER, &unused)),
        (false, BTreeMap::new())
    );
    entries.push((id(1, 2), retire));
    let lost = rights(&entries);
    assert_eq!((lost.covers(BEER, journal(3), &unused), left(&lost, 1, 0)), (false, 10), "also of a lost giver");
    entries.push((id(2, 1), accepted(3, 1)));
    assert_eq!(left(&rights(&entries), 1, 0), 10 - 90, "who accepts it all the same has it, and somebody owes it");
}

#[test]
fn two_that_retire_the_same_or_each_other_do_not_double_what_is_left() {
    let retire = |of, last| Kind::Retire(Retire { journal: journal(of), last });
    let entries = [(id(1, 1), restock(10)), (id(2, 1), restock(5)), (id(3, 1), restock(1))];
    let all = |more: &[(EntryRef, Kind)]| {
        let books = rights(&[&entries[..], more].concat());
        (1..4).map(|device| left(&books, device, 0)).sum::<i64>()
    };
    assert_eq!(all(&[(id(1, 2), retire(2, 9)), (id(3, 2), retire(2, 1))]), 16);
    assert!(all(&[(id(1, 2), retire(2, 9)), (id(2, 2), retire(1, 9))]) <= 16);
}

#[test]
fn a_stocktake_that_finds_less_leaves_a_deficit_that_is_paid() {
    let found = Stocktake::new(BEER, 3, 10, Hash([0; 32]));
    let mut entries = vec![
        (id(1, 1), restock(10)),
        (id(1, 2), transfer(5, 2)),
        (id(2, 1), accepted(1, 2)),
        (id(1, 3), Kind::Stocktake(found)),
    ];
    let unused = |_, _| 0;
    assert_eq!(rights(&entries).deficits_of(BEER, &unused), BTreeMap::from([(journal(1), 2)]));
    entries.push((id(2, 2), transfer(2, 1)));
    assert_eq!(rights(&entries).deficits_of(BEER, &unused), BTreeMap::new(), "nobody pays what is on its way");
    entries.push((id(1, 4), accepted(2, 2)));
    let paid = rights(&entries);
    assert_eq!((paid.deficits_of(BEER, &unused), left(&paid, 1, 0), left(&paid, 2, 0)), (BTreeMap::new(), 0, 3));
    assert_eq!(paid.minted(BEER), 3);
}

#[test]
fn no_count_is_so_far_off_that_a_sum_of_them_overflows() {
    let taken = |sequence, counted, expected| {
        (id(1, sequence), Kind::Stocktake(Stocktake::new(BEER, counted, expected, Hash([0; 32]))))
    };
    let most = i64::from(u32::MAX);
    let entries = [taken(1, 0, i64::MIN), taken(2, u32::MAX, i64::MIN), taken(3, 5, i64::MAX)];
    assert_eq!(rights(&entries).minted(BEER), most);
}

#[test]
fn waste_comes_out_of_ones_own_rights() {
    let spilt = Kind::Waste(Waste::new(BEER, 3, None));
    assert_eq!(left(&rights(&[(id(1, 1), restock(10)), (id(1, 2), spilt)]), 1, 2), 5);
}

fn any_entry() -> impl Strategy<Value = (EntryRef, Kind)> {
    (1..4_u8, 1..6_u64, 0..5_u8, 1..9_u32, 1..4_u8, 1..6_u64).prop_map(|(device, at, kind, units, to, ref_at)| {
        let kind = match kind {
            0 => restock(units),
            1 => transfer(units, to),
            2 => accepted(to, ref_at),
            3 => Kind::Waste(Waste::new(BEER, units, None)),
            _ => Kind::Retire(Retire { journal: journal(to), last: ref_at }),
        };
        (id(device, at), kind)
    })
}

proptest! {
    #[test]
    fn any_order_gives_the_same_rights_and_none_appear_from_nowhere(
        entries in proptest::collection::vec(any_entry(), 0..24),
    ) {
        let unique: BTreeMap<EntryRef, Kind> = entries.into_iter().collect();
        let straight: Vec<(EntryRef, Kind)> = unique.into_iter().collect();
        let mixed: Vec<_> = straight.iter().rev().cloned().collect();
        let (one, other) = (rights(&straight), rights(&mixed));
        prop_assert_eq!(&one, &other);
        let held: i64 = (1..4).map(|device| one.held(BEER, journal(device))).sum();
        prop_assert_eq!(held + one.in_flight(BEER), one.minted(BEER));
    }
}
