//! What somebody lacks, and how it is said, on the wire and byte for byte.

use super::*;
use crate::trust::to_cbor;

fn journal(device: u8) -> JournalId {
    JournalId { device: DeviceId([device; 16]), incarnation: 1 }
}

fn head(sequence: u64, branch: u8) -> Head {
    Head { sequence, hash: Hash([branch ^ sequence as u8; 32]) }
}

fn vector(heads: &[(u8, u64)]) -> Vector {
    let mut vector = Vector::default();
    for (device, last) in heads {
        let mut previous = None;
        for sequence in 1..=*last {
            let Head { hash, .. } = head(sequence, 0);
            vector.note(&EntryRef { journal: journal(*device), sequence, hash }, previous.as_ref());
            previous = Some(hash);
        }
    }
    vector
}

#[test]
fn what_one_side_is_ahead_is_the_difference_of_the_vectors() {
    let (ours, theirs) = (vector(&[(1, 5), (2, 3)]), vector(&[(1, 2), (3, 9)]));
    assert_eq!(ours.ahead_of(&theirs), 6);
    assert_eq!(vector(&[(1, 5), (2, 3)]).digest(), ours.digest());
    assert_ne!(ours.digest(), theirs.digest());
}

#[test]
fn sums_over_what_a_peer_says_of_itself_do_not_overflow() {
    let far = |device| (journal(device), Heads::of(vec![head(u64::MAX, 0)]));
    assert_eq!(Vector([far(1), far(2)].into()).ahead_of(&vector(&[(1, 1)])), u64::MAX);
}

#[test]
fn one_end_is_written_as_before_there_were_branches() {
    let before: BTreeMap<JournalId, Head> = [(journal(1), head(5, 0))].into();
    let now = Vector([(journal(1), Heads::of(vec![head(5, 0)]))].into());
    assert_eq!(to_cbor(&before), to_cbor(&now));
    for heads in [vec![], vec![head(5, 0)], vec![head(5, 0), head(4, 9)]] {
        let vector = Vector([(journal(1), Heads::of(heads))].into());
        assert_eq!(minicbor::decode::<Vector>(&to_cbor(&vector)).unwrap(), vector);
    }
}

#[test]
fn a_branch_grows_at_its_own_end() {
    let mut ours = Vector([(journal(1), Heads::of(vec![head(5, 0), head(5, 9)]))].into());
    let next = EntryRef { journal: journal(1), sequence: 6, hash: head(6, 9).hash };
    ours.note(&next, Some(&head(5, 9).hash));
    assert_eq!(ours.0[&journal(1)].all(), [head(5, 0), head(6, 9)]);
}

/// A trunk of ten; a branch of two off its fourth; a branch of one off the first branch's fifth.
const TREE: [Segment; 3] = [
    Segment { parent: None, base: 0, last: 10 },
    Segment { parent: Some(0), base: 4, last: 6 },
    Segment { parent: Some(1), base: 5, last: 6 },
];

fn find(point: &Head) -> Option<usize> {
    TREE.iter().zip([0, 9, 17]).position(|(segment, branch)| {
        (segment.base + 1..=segment.last).contains(&point.sequence) && *point == head(point.sequence, branch)
    })
}

fn check(theirs: Option<&[Head]>, trace: &[Head], expect: Option<&[(usize, u64)]>) {
    let theirs = theirs.map(|heads| Heads::of(heads.to_vec()));
    let found = lack(&TREE, theirs.as_ref(), trace, |point| Ok::<_, ()>(find(point)));
    let expect = expect.map_or(Lack::Astray, |parts| Lack::After(parts.to_vec()));
    assert_eq!(found, Ok(expect), "{theirs:?} {trace:?}");
}

#[test]
fn somebody_lacks_what_follows_the_last_points_that_are_here() {
    check(None, &[], Some(&[(0, 0), (1, 4), (2, 5)]));
    check(Some(&[head(3, 0)]), &[], Some(&[(0, 3), (1, 4), (2, 5)]));
    check(Some(&[head(10, 0)]), &[], Some(&[(1, 4), (2, 5)]));
    check(Some(&[head(6, 17)]), &[], Some(&[(0, 4), (1, 5)]));
    check(Some(&[head(10, 0), head(6, 9), head(6, 17)]), &[], Some(&[]));
}

#[test]
fn who_is_beyond_everything_here_is_taken_to_be_ahead_and_who_is_elsewhere_astray() {
    check(Some(&[head(12, 0)]), &[], Some(&[]));
    check(Some(&[head(7, 99)]), &[], None);
    check(Some(&[head(7, 99), head(4, 0)]), &[], Some(&[(0, 4), (1, 4), (2, 5)]));
}

#[test]
fn a_trace_finds_where_two_histories_part() {
    let theirs = [head(7, 99)];
    check(Some(&theirs), &[head(7, 99), head(6, 99), head(4, 0)], Some(&[(0, 4), (1, 4), (2, 5)]));
    check(Some(&theirs), &[head(7, 99), head(1, 99)], Some(&[(0, 0), (1, 4), (2, 5)]));
}

#[test]
fn traces_go_back_ever_further_and_end_at_the_beginning() {
    let points = |last| trace(last).collect::<Vec<_>>();
    assert!(points(0).is_empty());
    assert_eq!(points(1), [1]);
    assert_eq!(points(20), [20, 19, 17, 13, 5]);
    assert_eq!(trace(u64::MAX).count(), 64);
}
