//! What entries of one ticket come to, whatever their order.

use super::*;
use crate::id::{DeviceId, JournalId};
use crate::seal::Hash;
use proptest::prelude::*;
use std::collections::BTreeMap;

const LIST: ListId = ListId(1);
const LATER: Timestamp = Timestamp(1_000);

fn state(acts: &[Act]) -> TicketState {
    TicketState::of(acts, &Catalogue::default())
}

fn id(device: u8, sequence: u64) -> EntryRef {
    let journal = JournalId { device: DeviceId([device; 16]), incarnation: 1 };
    EntryRef { journal, sequence, hash: Hash([device ^ sequence as u8; 32]) }
}

fn act(device: u8, sequence: u64, clock: i64, does: Does) -> Act {
    let (clock, id) = (Timestamp(clock), id(device, sequence));
    Act { id, clock, at: None, uncertain_ms: None, wild: false, does }
}

fn admit(device: u8, sequence: u64, clock: i64) -> Act {
    act(device, sequence, clock, Does::Admit { list: LIST, gate: None, overridden: false, answers: Vec::new() })
}

fn leave(device: u8, sequence: u64, clock: i64, closes: Vec<EntryRef>) -> Act {
    act(device, sequence, clock, Does::Leave { list: LIST, closes })
}

#[test]
fn two_admissions_without_an_exit_between_are_one_conflict() {
    let presence = state(&[admit(1, 1, 10), admit(2, 1, 20)]).on(LIST);
    assert_eq!(presence.entries(), 2);
    let doubles = presence.doubles();
    assert_eq!(doubles.len(), 1);
    assert_eq!((doubles[0].excess.id, doubles[0].against.id), (id(2, 1), id(1, 1)));
}

#[test]
fn an_exit_sorts_after_the_admission_it_names_even_with_a_slow_clock() {
    let presence = state(&[admit(1, 1, 10), leave(2, 1, 5, vec![id(1, 1)])]).on(LIST);
    assert!(!presence.inside(LATER));
    let nameless = state(&[admit(1, 1, 10), leave(2, 1, 5, vec![])]).on(LIST);
    assert!(nameless.inside(LATER));
}

#[test]
fn an_undone_act_does_not_count_however_many_undo_it() {
    let undo = |device, sequence| act(device, sequence, 30, Does::Undo { target: id(1, 1).into() });
    let state = state(&[admit(1, 1, 10), undo(1, 2), undo(2, 1)]);
    assert_eq!(state.on(LIST).entries(), 0);
    assert!(state.undone.contains(&id(1, 1)));
}

#[test]
fn a_scan_before_a_known_admission_would_double_it() {
    let presence = state(&[admit(1, 1, 10)]).on(LIST);
    assert!(presence.doubled_at(Moment::At(Timestamp(5))).is_some());
    assert!(presence.doubled_at(Moment::At(Timestamp(15))).is_some());
    assert!(presence.closed_by_exit_at(Moment::At(Timestamp(5))).is_empty());
}

#[test]
fn who_is_inside_at_closing_time_has_left_and_may_come_again() {
    let closing = Timestamp::parse("2020-01-02T03:00:00Z").unwrap();
    let mut catalogue = Catalogue::default();
    let list = crate::catalogue::CheckInList { auto_exit_at: Some(closing), ..unnamed() };
    catalogue.lists.insert(LIST, list);
    let evening = closing.0 - 3_600_000_000;
    let come = [admit(1, 1, evening)];
    let presence = TicketState::of(&come, &catalogue).on(LIST);
    let before = Timestamp(closing.0 - 1);
    assert_eq!((presence.inside(before), presence.exits(before)), (true, 0));
    assert_eq!((presence.inside(closing), presence.exits(closing)), (false, 1));
    assert!(presence.doubled_at(Moment::Now(before)).is_some());
    assert!(presence.doubled_at(Moment::Now(closing)).is_none());
    let again = [admit(1, 1, evening), admit(2, 1, closing.0)];
    assert!(TicketState::of(&again, &catalogue).on(LIST).doubles().is_empty());
    let earlier = Moment::At(Timestamp(evening - 1));
    assert!(TicketState::of(&[admit(2, 1, closing.0)], &catalogue).on(LIST).doubled_at(earlier).is_none());
    let left = [admit(1, 1, evening), leave(1, 2, closing.0, vec![id(1, 1)])];
    assert_eq!(TicketState::of(&left, &catalogue).on(LIST).exits(closing), 1);
}

#[test]
fn an_act_whose_time_nobody_knows_sorts_last() {
    let presence = state(&[Act { wild: true, ..admit(1, 1, 10) }, admit(2, 1, 20)]).on(LIST);
    let doubles = presence.doubles();
    assert_eq!((doubles[0].excess.id, doubles[0].against.id), (id(1, 1), id(2, 1)));
}

#[test]
fn an_exit_frees_the_places_of_the_admissions_it_names_and_no_other() {
    let check = |acts: &[Act], expect: &[EntryRef]| {
        let occupants: Vec<EntryRef> = state(acts).on(LIST).occupants.iter().map(|(id, _)| *id).collect();
        assert_eq!(occupants, expect);
    };
    let (one, two) = (admit(1, 1, 10), admit(2, 1, 20));
    check(&[one.clone(), two.clone()], &[id(1, 1), id(2, 1)]);
    check(&[one.clone(), two.clone(), leave(1, 2, 30, vec![id(1, 1)])], &[id(2, 1)]);
    check(&[one.clone(), leave(2, 2, 30, vec![])], &[id(1, 1)]);
    let twice = [leave(1, 2, 30, vec![id(1, 1)]), leave(2, 2, 31, vec![id(1, 1)])];
    check(&[&[one.clone()][..], &twice].concat(), &[]);
    let taken_back = act(1, 3, 40, Does::Undo { target: id(1, 2).into() });
    check(&[one, leave(1, 2, 30, vec![id(1, 1)]), taken_back], &[id(1, 1)]);
}

fn unnamed() -> crate::catalogue::CheckInList {
    crate::catalogue::CheckInList::unnamed(LIST)
}

fn any_act() -> impl Strategy<Value = Act> {
    (1..4_u8, 1..8_u64, 0..50_i64, 0..4_u8, 1..4_u8, 1..8_u64).prop_map(|(device, seq, clock, kind, d2, s2)| {
        match kind {
            0 => admit(device, seq, clock),
            1 => leave(device, seq, clock, vec![id(d2, s2)]),
            2 => act(device, seq, clock, Does::Serve { product: ProductId(1), units: seq as u16 }),
            _ => act(device, seq, clock, Does::Undo { target: id(d2, s2).into() }),
        }
    })
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_give_the_same_state(
        acts in proptest::collection::vec(any_act(), 0..20), seed: u64,
    ) {
        let unique: BTreeMap<EntryRef, Act> = acts.into_iter().map(|a| (a.id, a)).collect();
        let straight: Vec<Act> = unique.values().cloned().collect();
        let mut mixed: Vec<Act> = straight.iter().chain(&straight).cloned().collect();
        mixed.sort_by_key(|a| a.id.hash.0[0].wrapping_mul(seed as u8 | 1) ^ (seed >> 8) as u8);
        prop_assert_eq!(state(&straight), state(&mixed));
    }

    #[test]
    fn inside_means_more_doubles_for_whoever_enters_next(acts in proptest::collection::vec(any_act(), 0..12)) {
        let unique: BTreeMap<EntryRef, Act> = acts.into_iter().map(|a| (a.id, a)).collect();
        let known: Vec<Act> = unique.values().cloned().collect();
        let before = state(&known).on(LIST);
        let mut with = known.clone();
        with.push(admit(9, 1, 1_000));
        let after = state(&with).on(LIST);
        let doubled = before.doubled_at(Moment::Now(LATER)).is_some();
        prop_assert_eq!(after.doubles().len() - before.doubles().len(), usize::from(doubled));
    }
}
