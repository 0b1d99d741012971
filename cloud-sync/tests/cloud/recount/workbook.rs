//! A workbook, read back by another library than the one that wrote it.

use super::{Key, Recount};
use calamine::{Data, Reader, Xlsx};
use std::collections::BTreeMap;
use std::io::Cursor;
use tidegate_core::time::{Timestamp, Zone};

/// A sheet as it is shown: its header, and its rows.
pub fn sheet(book: &mut Xlsx<Cursor<Vec<u8>>>, name: &str) -> (Vec<String>, Vec<Vec<Data>>) {
    let range = book.worksheet_range(name).unwrap();
    let mut rows = range.rows().map(<[Data]>::to_vec);
    let header = rows.next().unwrap().iter().map(ToString::to_string).collect();
    (header, rows.collect())
}

/// A cell that is a date, as milliseconds on the wall clock.
pub fn wall(cell: &Data) -> i64 {
    let Data::DateTime(date) = cell else { panic!("{cell:?} is no date") };
    ((date.as_f64() - 25_569.0) * 86_400_000.0).round() as i64
}

pub fn counts(cells: &[Data]) -> Vec<i64> {
    cells
        .iter()
        .map(|cell| match cell {
            Data::Float(n) => *n as i64,
            other => panic!("{other:?} is no number"),
        })
        .collect()
}

pub fn word(cell: &Data) -> String {
    match cell {
        Data::String(text) => text.clone(),
        Data::Empty => String::new(),
        other => panic!("{other:?} is no text"),
    }
}

/// When and where a row was counted; both clocks say the same.
fn place(row: &[Data], zone: &Zone) -> Key {
    let from = Timestamp::parse(&word(&row[1])).unwrap();
    assert_eq!(wall(&row[0]), from.wall_secs(zone) * 1_000);
    (from.as_secs(), word(&row[2]), word(&row[3]), word(&row[4]))
}

/// Compares the sheets that are tables of the whole night.
pub fn tables(book: &mut Xlsx<Cursor<Vec<u8>>>, recount: &Recount) {
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let as_i64 = |numbers: [u64; 4]| numbers.map(|n| n as i64).to_vec();
    let (header, rows) = sheet(book, "Attendance");
    let counted = ["Entries", "Exits", "By supervisors", "Refused"];
    assert_eq!(
        header,
        [&["From (venue)", "From (UTC)", "Check-in list", "Gate", "Product"][..], &counted].concat()
    );
    assert_eq!(rows.len(), recount.rows.len());
    let numbers: BTreeMap<Key, Vec<i64>> = rows.iter().map(|row| (place(row, &zone), counts(&row[5..]))).collect();
    assert_eq!(numbers, recount.rows.iter().map(|(key, count)| (key.clone(), as_i64(count.numbers))).collect());
    let (lists, products) = (recount.by(|key| key.1.clone()), recount.by(|key| key.3.clone()));
    for row in sheet(book, "Lists").1 {
        let name = word(&row[0]);
        assert_eq!(counts(&row[2..6]), as_i64(lists[&name].numbers));
        assert_eq!(counts(&row[6..7]), [recount.inside[&name] as i64]);
    }
    for row in sheet(book, "Products").1 {
        assert_eq!(counts(&row[2..6]), as_i64(products[&word(&row[0])].numbers));
    }
    let mut refused: BTreeMap<(Key, String), u64> = BTreeMap::new();
    for row in sheet(book, "Refusals").1 {
        refused.insert((place(&row, &zone), word(&row[5])), counts(&row[6..7])[0] as u64);
    }
    let expected = recount
        .rows
        .iter()
        .flat_map(|(key, count)| count.codes.iter().map(|(code, count)| ((key.clone(), code.clone()), *count)));
    assert_eq!(refused, expected.collect());
    let bar: BTreeMap<_, _> =
        sheet(book, "Bar").1.iter().map(|row| ((word(&row[0]), word(&row[1])), counts(&row[2..])[0])).collect();
    assert_eq!(bar, recount.servings);
    for row in sheet(book, "Stock").1 {
        let name = word(&row[0]);
        let served: i64 = recount.servings.iter().filter(|((p, _), _)| *p == name).map(|(_, units)| units).sum();
        assert_eq!(counts(&row[1..]), [recount.restocked[&name], served, recount.restocked[&name] - served]);
    }
    for row in sheet(book, "Devices").1 {
        let (tally, served, undone, [entries, _]) =
            recount.devices.get(&word(&row[11])).copied().unwrap_or_default();
        assert_eq!(counts(&row[2..8]), [as_i64(tally), vec![served, undone as i64]].concat());
        assert_eq!(counts(&row[9..10]), [entries as i64]);
    }
}
