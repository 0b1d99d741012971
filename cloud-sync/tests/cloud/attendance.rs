//! Attendance in every format against a recount from the journals: every cell, to the unit.

use crate::common::{Answer, Venue};
use crate::recount::night::Night;
use crate::recount::picture;
use crate::recount::workbook::{counts, sheet, tables, wall, word};
use crate::recount::{Key, Recount};
use calamine::{Data, Reader, Xlsx};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Cursor;
use tidegate_core::journal::kind::Kind;
use tidegate_core::time::{Timestamp, Zone};

/// Nights that are looked at; each is another one.
const SEEDS: [u64; 2] = [7, 1_025];
const ENTRIES: usize = 1_500;

async fn ask(venue: &Venue, query: &str) -> Answer {
    let answer = venue.cloud.get(&venue.organizer, &format!("/v1/events/{}/attendance{query}", venue.event)).await;
    assert_eq!(answer.status, 200, "{query} {}", String::from_utf8_lossy(&answer.body));
    answer
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn secs(value: &Value) -> i64 {
    Timestamp::parse(value.as_str().unwrap()).unwrap().as_secs()
}

fn zone() -> Zone {
    Zone::parse("Europe/Berlin").unwrap()
}

/// What CSV makes of a text.
fn defused(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() }
}

fn numbers(row: &Value) -> [u64; 4] {
    ["entries", "exits", "overridden", "refused"].map(|field| row[field].as_u64().unwrap())
}

/// A CSV by the names of its columns.
fn lines(answer: &Answer) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(&answer.body[..]);
    let header = reader.headers().unwrap().clone();
    let line = |record: csv::StringRecord| {
        header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(|record| line(record.unwrap())).collect()
}

both!(json_is_the_recount);
async fn json_is_the_recount() {
    for seed in SEEDS {
        let night = Night::new(seed, ENTRIES).await;
        let recount = Recount::of(&night.venue).await;
        let report = ask(&night.venue, "").await.json();
        let rows: BTreeMap<Key, ([u64; 4], BTreeMap<String, u64>)> = report["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let key = (secs(&row["from"]), text(&row["list"]), text(&row["gate"]), text(&row["product"]));
                let codes = row["codes"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(code, n)| (code.clone(), n.as_u64().unwrap()));
                (key, (numbers(row), codes.collect()))
            })
            .collect();
        let expected: BTreeMap<_, _> =
            recount.rows.iter().map(|(key, count)| (key.clone(), (count.numbers, count.codes.clone()))).collect();
        assert_eq!(rows, expected, "seed {seed}");
        assert!(rows.len() > 300, "the night is not worth its name: {} rows", rows.len());
        json_tables(&report, &recount);
        json_people(&night.venue, &report, &recount).await;
    }
}

fn json_tables(report: &Value, recount: &Recount) {
    let items = |field: &str| report[field].as_array().unwrap().clone();
    let lists = recount.by(|key| key.1.clone());
    for list in items("lists") {
        let name = text(&list["list"]);
        assert_eq!(numbers(&list), lists.get(&name).cloned().unwrap_or_default().numbers, "{name}");
        assert_eq!(list["inside"].as_u64(), recount.inside.get(&name).copied(), "{name}");
    }
    assert_eq!(items("lists").len(), 4);
    let products = recount.by(|key| key.3.clone());
    for product in items("products") {
        let name = text(&product["product"]);
        assert_eq!(numbers(&product), products.get(&name).cloned().unwrap_or_default().numbers, "{name}");
    }
    assert_eq!(items("products").len(), 4);
    let arrivals: BTreeMap<_, _> = items("arrivals")
        .iter()
        .map(|a| ((secs(&a["from"]), text(&a["gate"])), a["count"].as_u64().unwrap()))
        .collect();
    let came = recount.by(|key| (key.0, key.2.clone())).into_iter().map(|(key, count)| (key, count.numbers[0]));
    assert_eq!(arrivals, came.filter(|(_, count)| *count > 0).collect());
    let sum = recount.sum();
    let refusals: BTreeMap<_, _> =
        items("refusals").iter().map(|r| (text(&r["code"]), r["count"].as_u64().unwrap())).collect();
    assert_eq!(refusals, sum.codes);
    let servings: BTreeMap<_, _> = items("servings")
        .iter()
        .map(|s| ((text(&s["product"]), text(&s["device"])), s["units"].as_i64().unwrap()))
        .collect();
    assert_eq!(servings, recount.servings);
    for stock in items("stock") {
        let name = text(&stock["product"]);
        let served: i64 = recount.servings.iter().filter(|((p, _), _)| *p == name).map(|(_, units)| units).sum();
        let came = recount.restocked[&name];
        let got = ["restocked", "served", "left"].map(|field| stock[field].as_i64().unwrap());
        assert_eq!(got, [came, served, came - served], "{name}");
    }
    let totals = &report["totals"];
    assert_eq!(numbers(totals), sum.numbers);
    assert_eq!(totals["inside"].as_u64().unwrap(), recount.inside.values().sum::<u64>());
    assert_eq!(totals["served"].as_i64().unwrap(), recount.servings.values().sum::<i64>());
    assert_eq!(totals["undone"].as_u64().unwrap(), recount.undone.len() as u64);
    assert!(sum.numbers.iter().all(|n| *n > 20) && recount.undone.len() > 20, "{sum:?}");
}

async fn json_people(venue: &Venue, report: &Value, recount: &Recount) {
    let overrides: BTreeMap<String, _> = report["overrides"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let by = (text(&one["supervisor"]), text(&one["reason"]));
            (text(&one["entry"]), (text(&one["at"]), text(&one["way"]), by))
        })
        .collect();
    let expected = recount.overrides.iter().map(|(entry, (at, way, by))| {
        (entry.clone(), (at.to_string(), way.clone(), (by.supervisor.clone(), by.reason.clone())))
    });
    assert_eq!(overrides, expected.collect());
    for device in report["devices"].as_array().unwrap() {
        let id = text(&device["id"]);
        let (tally, served, undone, entries) = recount.devices.get(&id).copied().unwrap_or_default();
        assert_eq!(numbers(device), tally, "{device}");
        let own = (device["served"].as_i64(), device["undone"].as_u64());
        assert_eq!(own, (Some(served), Some(undone)), "{device}");
        assert_eq!(["journal", "counted"].map(|field| device[field].as_u64().unwrap()), entries, "{device}");
    }
    assert_eq!(report["devices"].as_array().unwrap().len(), 6, "five and the cloud");
    let conflicts = crate::recount::all(venue, &format!("/v1/events/{}/conflicts?", venue.event)).await;
    assert_eq!(report["conflicts"], conflicts.len());
}

both!(csv_is_the_recount_as_rows_as_sums_and_as_totals);
async fn csv_is_the_recount_as_rows_as_sums_and_as_totals() {
    let night = Night::new(SEEDS[0], ENTRIES).await;
    let recount = Recount::of(&night.venue).await;
    let check = async |query: &str, part: fn(&Key) -> Key| {
        let answer = ask(&night.venue, query).await;
        assert_eq!(answer.kind, "text/csv; charset=utf-8");
        let expected = recount.by(part);
        let lines = lines(&answer);
        assert_eq!(lines.len(), expected.len(), "{query}");
        for line in &lines {
            let cell = |name: &str| line.get(name).cloned().unwrap_or_default();
            let from = Timestamp::parse(&cell("from_utc")).unwrap();
            assert_eq!(cell("from_local"), from.local_date_time(&zone()));
            let named = |key: &&Key| {
                (key.0, defused(&key.1), defused(&key.2), defused(&key.3))
                    == (from.as_secs(), cell("list"), cell("gate"), cell("product"))
            };
            let count = &expected[expected.keys().find(named).expect(query)];
            let got = ["entries", "exits", "overridden", "refused"].map(|name| cell(name).parse::<u64>().unwrap());
            assert_eq!(got, count.numbers, "{query} {line:?}");
            for code in recount.sum().codes.keys() {
                let got: u64 = cell(&format!("refused_{code}")).parse().unwrap();
                assert_eq!(got, count.codes.get(code).copied().unwrap_or_default(), "{query} {code}");
            }
        }
    };
    check("?format=csv", Key::clone).await;
    check("?format=csv&by=gate", |key| (key.0, String::new(), key.2.clone(), String::new())).await;
    check("?format=csv&by=list", |key| (key.0, key.1.clone(), String::new(), String::new())).await;
    check("?format=csv&by=product", |key| (key.0, String::new(), String::new(), key.3.clone())).await;
    let totals = lines(&ask(&night.venue, "?format=csv&by=total").await);
    let amount = |what: &str| -> i64 {
        totals.iter().filter(|line| line["what"] == what).map(|line| line["amount"].parse::<i64>().unwrap()).sum()
    };
    let sum = recount.sum();
    assert_eq!(amount("entries"), sum.numbers[0] as i64);
    assert_eq!(amount("arrivals"), sum.numbers[0] as i64);
    assert_eq!(amount("refusals"), sum.numbers[3] as i64);
    assert_eq!(amount("servings"), recount.servings.values().sum::<i64>());
}

both!(every_scan_stands_in_a_row_of_its_own);
async fn every_scan_stands_in_a_row_of_its_own() {
    let night = Night::new(SEEDS[1], ENTRIES).await;
    let recount = Recount::of(&night.venue).await;
    let lines = lines(&ask(&night.venue, "?format=csv&by=scan").await);
    let rows: BTreeMap<&str, &BTreeMap<String, String>> =
        lines.iter().map(|line| (line["scan_id"].as_str(), line)).collect();
    assert_eq!(rows.len(), lines.len());
    let names = &recount.names;
    let mut scans = 0;
    for written in &recount.written {
        let (entry, id) = (&written.entry, written.id.to_string());
        let (verdict, reason, list, gate, by) = match &entry.kind {
            Kind::Admission(a) => ("admit", "ok", Some(a.list), &a.gate, a.overridden.as_ref()),
            Kind::Exit(e) => ("exit", "ok", Some(e.list), &e.gate, e.overridden.as_ref()),
            Kind::Refusal(r) => ("refuse", r.code.as_str(), r.list, &r.gate, None),
            Kind::Serving(_) => ("serve", "ok", None, &None, None),
            _ => {
                assert!(!rows.contains_key(id.as_str()));
                continue;
            }
        };
        scans += 1;
        let units = match &entry.kind {
            Kind::Serving(s) => (names.products[&u64::from(s.product.0)].clone(), s.quantity.to_string()),
            _ => (String::new(), String::new()),
        };
        let at = entry.at.unwrap_or(entry.clock);
        let device = names.device(&written.id);
        let expect = [
            ("ticket_short", entry.kind.ticket().map(|t| t.to_string()).unwrap_or_default()),
            ("type", entry.kind.ticket().map(|t| defused(&names.tickets[&t])).unwrap_or_default()),
            ("verdict", verdict.to_owned()),
            ("reason", defused(reason)),
            ("gate", defused(gate.as_deref().unwrap_or(&device))),
            ("list", list.map(|list| names.list(list.0)).unwrap_or_default()),
            ("device", device.clone()),
            ("staff", entry.staff.as_deref().map(defused).unwrap_or_default()),
            ("scanned_at_local", at.local_date_time(&zone())),
            ("scanned_at_utc", at.to_string()),
            ("clock_uncertain_ms", entry.uncertain_ms.map(|ms| ms.to_string()).unwrap_or_default()),
            ("undone", recount.undone.contains(&written.id).to_string()),
            ("overridden", by.is_some().to_string()),
            ("overridden_by", by.map(|by| defused(&by.supervisor)).unwrap_or_default()),
            ("override_reason", by.map(|by| defused(&by.reason)).unwrap_or_default()),
            ("served", units.0),
            ("units", units.1),
        ];
        for (column, value) in expect {
            assert_eq!(rows[id.as_str()][column], value, "{column} of {id}");
        }
    }
    assert_eq!(rows.len(), scans);
    let admitted = lines.iter().filter(|line| line["verdict"] == "admit" && line["undone"] == "false").count();
    assert_eq!(admitted as u64, recount.sum().numbers[0]);
}

const SHEETS: [&str; 10] =
    ["Summary", "Arrivals", "Attendance", "Lists", "Products", "Refusals", "Bar", "Stock", "Overrides", "Devices"];
/// A part of a row's key.
type Part = fn(&Key) -> String;
/// By what arrivals are shown.
const PARTS: [(&str, Part); 3] =
    [("", |key| key.2.clone()), ("&by=list", |key| key.1.clone()), ("&by=product", |key| key.3.clone())];

/// Entries by five minutes and name.
fn came(recount: &Recount, part: Part) -> BTreeMap<(i64, String), u64> {
    let came = recount.by(|key| (key.0, part(key))).into_iter().map(|(key, count)| (key, count.numbers[0]));
    came.filter(|(_, count)| *count > 0).collect()
}

fn arrivals(book: &mut Xlsx<Cursor<Vec<u8>>>, recount: &Recount, part: Part) {
    let (header, rows) = sheet(book, "Arrivals");
    let came = came(recount, part);
    let mut seen = 0;
    for row in &rows {
        let from = Timestamp::parse(&word(&row[1])).unwrap();
        assert_eq!(wall(&row[0]), from.wall_secs(&zone()) * 1_000);
        let numbers = counts(&row[2..]);
        let (total, by_name) = numbers.split_last().unwrap();
        assert_eq!(*total, by_name.iter().sum::<i64>());
        for (name, count) in header[2..].iter().zip(by_name) {
            assert_eq!(*count as u64, came.get(&(from.as_secs(), name.clone())).copied().unwrap_or_default());
        }
        seen += total;
    }
    assert_eq!(seen as u64, recount.sum().numbers[0]);
}

both!(the_workbook_is_the_recount);
async fn the_workbook_is_the_recount() {
    let night = Night::new(SEEDS[1], ENTRIES).await;
    let recount = Recount::of(&night.venue).await;
    let report = ask(&night.venue, "").await.json();
    let closed = |key: &&Key| key.2 == recount.closing;
    assert!(recount.rows.keys().filter(closed).count() > 2, "somebody stays until closing time");
    for (by, part) in PARTS {
        let mut book = Xlsx::new(Cursor::new(ask(&night.venue, &format!("?format=xlsx{by}")).await.body)).unwrap();
        assert_eq!(book.sheet_names(), SHEETS);
        arrivals(&mut book, &recount, part);
        tables(&mut book, &recount);
    }
    let mut book = Xlsx::new(Cursor::new(ask(&night.venue, "?format=xlsx").await.body)).unwrap();
    let (_, rows) = sheet(&mut book, "Overrides");
    assert_eq!(rows.len(), recount.overrides.len());
    for row in rows {
        let (at, way, by) = &recount.overrides[&word(&row[9])];
        assert_eq!(wall(&row[0]), at.wall_secs(&zone()) * 1_000);
        assert_eq!(
            [word(&row[1]), word(&row[2]), word(&row[7]), word(&row[8])],
            [at.to_string(), way.clone(), by.supervisor.clone(), by.reason.clone()]
        );
    }
    let (_, rows) = sheet(&mut book, "Summary");
    let number =
        |what: &str| rows.iter().find(|row| row[0] == Data::String(what.into())).map(|row| counts(&row[1..2])[0]);
    assert_eq!(number("Entries"), report["totals"]["entries"].as_i64());
    assert_eq!(number("Inside"), report["totals"]["inside"].as_i64());
    assert_eq!(number("Taken back (not counted)"), Some(recount.undone.len() as i64));
    assert_eq!(number("Conflicts"), report["conflicts"].as_i64());
    for (code, count) in &recount.sum().codes {
        assert_eq!(number(code), Some(*count as i64));
    }
}

both!(the_picture_shows_every_arrival);
async fn the_picture_shows_every_arrival() {
    let night = Night::new(SEEDS[0], ENTRIES).await;
    let recount = Recount::of(&night.venue).await;
    for (by, part) in PARTS {
        let answer = ask(&night.venue, &format!("?format=svg{by}")).await;
        assert_eq!(answer.kind, "image/svg+xml");
        let picture = String::from_utf8(answer.body).unwrap();
        let sizes = recount.by(part).into_iter().map(|(name, count)| (name, count.numbers[0])).collect();
        let names = picture::shown(sizes);
        let (mut expected, mut sums) = (BTreeMap::new(), BTreeMap::new());
        for ((from, name), count) in came(&recount, part) {
            *expected.entry((from, names[&name].clone())).or_default() += count;
            *sums.entry(names[&name].clone()).or_default() += count;
        }
        let parts = picture::parts(&picture);
        assert_eq!(parts.len(), expected.len(), "{by}");
        let drawn: BTreeMap<(i64, String), u64> =
            parts.iter().map(|part| ((part.from, part.name.clone()), part.count)).collect();
        assert_eq!(drawn, expected, "{by}");
        picture::measure(&parts);
        for (name, count) in sums {
            let sum: u64 = count;
            let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            assert!(picture.contains(&format!("{name}: {sum}<")), "{by} {name}");
        }
        assert!(picture.contains("clocks 1 h back"), "the night has an hour twice");
    }
}

both!(one_list_alone_leaves_the_others_out);
async fn one_list_alone_leaves_the_others_out() {
    let night = Night::new(SEEDS[0], ENTRIES).await;
    let venue = &night.venue;
    let recount = Recount::of(venue).await;
    let report = ask(venue, &format!("?list={}", venue.list)).await.json();
    assert_eq!(report["list"], "Main door (no. 1)");
    let own = recount.by(|key| key.1.clone()).remove("Main door (no. 1)").unwrap();
    assert_eq!(numbers(&report["totals"]), own.numbers);
    assert_eq!((report["lists"].as_array().unwrap().len(), report["totals"]["served"].as_i64()), (1, Some(0)));
    let scans = lines(&ask(venue, &format!("?format=csv&by=scan&list={}", venue.list)).await);
    assert!(!scans.is_empty() && scans.iter().all(|line| line["list"] == "Main door (no. 1)"));
    let other = crate::common::new_event(&venue.cloud, &venue.organizer, "Other").await;
    let path = format!("/v1/events/{other}/attendance?list={}", venue.list);
    venue.cloud.get(&venue.organizer, &path).await.refused(404, "not_found");
}

both!(a_report_has_a_name_and_a_tag_that_changes_with_its_numbers);
async fn a_report_has_a_name_and_a_tag_that_changes_with_its_numbers() {
    let night = Night::new(SEEDS[0], 60).await;
    let venue = &night.venue;
    for (query, name) in [
        ("?format=csv", "attachment; filename=\"attendance-jazz-night-more-2026-10-24.csv\""),
        ("?format=csv&by=scan", "attachment; filename=\"scans-jazz-night-more-2026-10-24.csv\""),
        ("?format=xlsx", "attachment; filename=\"attendance-jazz-night-more-2026-10-24.xlsx\""),
        ("?format=svg", "inline; filename=\"arrivals-jazz-night-more-2026-10-24.svg\""),
    ] {
        let first = ask(venue, query).await;
        assert_eq!(first.headers["content-disposition"], name);
        assert_eq!(first.headers["content-length"].to_str().unwrap(), first.body.len().to_string());
        let tag = first.headers["etag"].to_str().unwrap().to_owned();
        let path = format!("/v1/events/{}/attendance{query}", venue.event);
        let again = venue.cloud.get_unless(&venue.organizer, &path, &tag).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        let product = serde_json::json!({"restock": 1});
        venue.cloud.patch(&venue.organizer, &format!("/v1/products/{}", venue.beer), product).await.ok();
        assert_eq!(venue.cloud.get_unless(&venue.organizer, &path, &tag).await.status, 200);
    }
    for query in ["?format=svg&by=scan", "?format=json&by=total", "?format=xlsx&by=all"] {
        let path = format!("/v1/events/{}/attendance{query}", venue.event);
        venue.cloud.get(&venue.organizer, &path).await.refused(422, "invalid");
    }
}

both!(the_command_writes_what_the_address_gives);
async fn the_command_writes_what_the_address_gives() {
    let night = Night::new(SEEDS[0], 200).await;
    let venue = &night.venue;
    let out = venue.cloud.folder.path().join("out.csv");
    let run = |arguments: &[&str]| {
        let mut command = venue.cloud.program();
        command.args(["report", "attendance", "--event", &venue.event]).args(arguments).output().unwrap()
    };
    let done = run(&["--format", "csv", "--by", "scan", "--out", out.to_str().unwrap()]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(std::fs::read(&out).unwrap(), ask(venue, "?format=csv&by=scan").await.body);
    assert_eq!(run(&["--format", "svg"]).stdout, ask(venue, "?format=svg").await.body);
    assert!(!run(&["--list", "lst_none"]).status.success());
}

both!(a_command_that_reads_writes_nothing_and_migrates_nothing);
async fn a_command_that_reads_writes_nothing_and_migrates_nothing() {
    let venue = Venue::new().await;
    let order = venue.paid("k", 1).await;
    let ticket = order["tickets"][0]["id"].as_str().unwrap();
    let change = async |sql: &'static str| {
        venue.cloud.app.store.write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await })).await.unwrap()
    };
    let run = |arguments: &[&str]| venue.cloud.program().args(arguments).output().unwrap();
    let report = ["report", "attendance", "--event", &venue.event];
    let test = ["rule", "test", "--list", &venue.list, "--ticket", ticket];
    change("UPDATE tickets SET spoken = NULL").await;
    for command in [&report[..], &test[..]] {
        let done = run(command);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    assert_eq!(change("UPDATE tickets SET spoken = NULL WHERE spoken IS NULL").await, 1, "nothing was drawn");
    let newest =
        "DELETE FROM refinery_schema_history WHERE version = (SELECT MAX(version) FROM refinery_schema_history)";
    assert_eq!(change(newest).await, 1);
    for command in [&report[..], &test[..]] {
        let refused = String::from_utf8(run(command).stderr).unwrap();
        assert!(refused.contains("schema version") && refused.contains("cloud-sync migrate"), "{refused}");
    }
}
