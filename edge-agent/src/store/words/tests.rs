//! Words of every script, and that a word with few typos is always met by its pieces.

use super::*;
use proptest::prelude::*;

#[test]
fn a_text_is_split_and_folded_alike_however_it_is_written() {
    let check = |text: &str, expect: &[&str]| assert_eq!(words(text), expect, "{text:?}");
    check("José García-López", &["jose", "garcia", "lopez"]);
    check("  O'Brien,  Ṡeán ", &["obrien", "sean"]);
    check(
        "Weiß Øre Æsa Łukasz Đorđe Ünal ISIK ışık İpek",
        &["weiss", "ore", "aesa", "lukasz", "dorde", "unal", "isik", "isik", "ipek"],
    );
    check("Ｊｏｓｅ ﬁnn", &["jose", "finn"]);
    check("山田太郎 王", &["山", "田", "太", "郎", "王"]);
    check("タナカ", &["た", "な", "か"]);
    check("김민수", &words("김 민 수").iter().map(String::as_str).collect::<Vec<_>>());
    check("Алёна ЙОРДАН", &["алена", "иордан"]);
    check("Γιώργος ΓΙΩΡΓΟΣ", &["γιωργοσ", "γιωργοσ"]);
    check("أحمد فاطمة", &["احمد", "فاطمه"]);
    check("مُحَمَّد", &["محمد"]);
    check("jose.garcia+x@example.org", &["jose", "garcia", "x", "example", "org"]);
    check("!?", &[]);
    assert_eq!(
        words_and_joined("Anne-Marie K7Q2-M1XX x"),
        ["anne", "marie", "annemarie", "k7q2", "m1xx", "k7q2m1xx", "x"]
    );
}

#[test]
fn how_a_word_is_met() {
    use Met::{Beginning, Exactly, OneTypo, TwoTypos};
    let check = |looked_for: &str, word: &str, expect: Option<Met>| {
        assert_eq!(met(looked_for, word), expect, "{looked_for} {word}");
    };
    check("garcia", "garcia", Some(Exactly));
    check("gar", "garcia", Some(Beginning));
    for typo in ["gracia", "garia", "garccia", "gartia", "arcia", "garciaa"] {
        check(typo, "garcia", Some(OneTypo));
    }
    check("gracai", "garcia", None);
    check("lpoezz", "lopez", None);
    check("fernnadz", "fernandez", Some(TwoTypos));
    check("ana", "ann", None);
    check("anna", "ana", Some(OneTypo));
    check("k7q2m1xx", "k7q2m1xy", None);
}

#[test]
fn every_word_within_reach_stands_under_one_of_the_neighbours() {
    let edit = (0..4_usize, any::<prop::sample::Index>(), "[a-d]");
    let strategy = ("[a-d]{3,12}", proptest::collection::vec(edit, 0..3));
    proptest!(|((word, edits) in strategy)| {
        let mut typed: Vec<char> = word.chars().collect();
        for (what, place, letter) in edits {
            let (at, letter) = (place.index(typed.len().max(1)), letter.chars().next().unwrap_or('a'));
            match what {
                0 => typed.insert(at.min(typed.len()), letter),
                1 if typed.len() > 1 => drop(typed.remove(at)),
                2 if at + 1 < typed.len() => typed.swap(at, at + 1),
                _ => typed[at] = letter,
            }
        }
        let typed: String = typed.into_iter().collect();
        let most = typos(&typed);
        if distance(&typed, &word, most).is_some() {
            let near = neighbours(&typed, most);
            prop_assert!(pieces(&word).iter().any(|piece| near.contains(piece)), "{typed} {word}");
        }
    });
}
