//! `docs/rules.md`, held to the law: its tables say what a door answers.
//!
//! Whoever changes the page writes its examples; `UPDATE_DOCS=1 cargo test -p tidegate-core rules_page`
//! fills in the answers.

use super::*;
use crate::api::Explanation;
use crate::catalogue::{Catalogue, CheckInList, Event, Product, TicketRow};
use crate::clock::Quality;
use crate::decide::{Code, Facts, Scan, Shown, Stage, decide};
use crate::exposure::Reach;
use crate::fold::{Act, Does};
use crate::id::{DeviceId, EventId, JournalId, ListId, TicketId};
use crate::journal::EntryRef;
use crate::language::Language;
use crate::rule::operand::{TIMES, VARIABLES};
use crate::rule::parse::OPERATORS;
use crate::seal::Hash;
use crate::ticket::{Keyring, Ticket, TicketKey, issue};
use crate::time::Window;
use crate::trust::Role;
use ed25519_dalek::SigningKey;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules.md");
/// Stands above the answers to entries under the rule before it.
const ENTRIES: &str = "| An entry | Staff read | The guest is told |";
/// Stands above what is said of texts that are no rule.
const FAULTS: &str = "| Instead of a rule | Code | What is said |";

const EVENT: EventId = EventId([1; 16]);
const LIST: ListId = ListId(1);

#[test]
fn the_rules_page_says_what_doors_answer_and_leaves_nothing_out() {
    let found = std::fs::read_to_string(PAGE).unwrap();
    let (page, rules) = filled(&found);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    } else {
        assert!(
            page == found,
            "docs/rules.md is out of date: UPDATE_DOCS=1 cargo test -p tidegate-core rules_page"
        );
    }
    for name in OPERATORS.iter().chain(VARIABLES).chain(TIMES) {
        assert!(rules.contains(&format!("\"{name}\"")), "no example has {name}");
        assert!(page.contains(&format!("`{name}`")), "nothing explains {name}");
    }
    for limit in
        [format!("{} KiB", MAX_RULE_BYTES >> 10), format!("{MAX_RULE_DEPTH} deep"), format!("{MAX_RULE_NODES} op")]
    {
        assert!(page.replace(',', "").contains(&limit), "the limit of {limit}… is not told");
    }
}

/// What the row of a table is about.
enum Table {
    Other,
    Entries,
    Faults,
}

/// The page with the answers of this code, and all rules that it answers under.
fn filled(page: &str) -> (String, String) {
    let (mut text, mut rules, mut rule) = (String::new(), String::new(), String::new());
    let (mut inside, mut table) = (false, Table::Other);
    for line in page.lines() {
        let cell = line.split('|').nth(1).unwrap_or_default().trim();
        let mut answers = None;
        match line {
            "```json" => (inside, rule) = (true, String::new()),
            "```" => inside = false,
            ENTRIES => {
                table = Table::Entries;
                rules.push_str(&rule);
            }
            FAULTS => table = Table::Faults,
            _ if inside => rule.push_str(line),
            _ if !line.starts_with('|') => table = Table::Other,
            _ if cell.starts_with("---") => {}
            _ => {
                answers = match table {
                    Table::Other => None,
                    Table::Entries => Some(answered(&rule, cell)),
                    Table::Faults => Some(refused(cell)),
                }
            }
        }
        match answers {
            Some((one, other)) => {
                let other = if other.is_empty() { "—" } else { &other };
                text.push_str(&format!("| {cell} | {one} | {other} |"));
            }
            None => text.push_str(line),
        }
        text.push('\n');
    }
    (text, rules)
}

fn refused(cell: &str) -> (String, String) {
    let fault = Rule::parse(cell.trim_matches('`')).expect_err(cell);
    (format!("`{}`", fault.code), fault.to_string())
}

fn answered(rule: &str, entry: &str) -> (String, String) {
    match answer(rule, entry) {
        None => ("let in".to_owned(), String::new()),
        Some(said) => (said.line, said.say),
    }
}

/// What a door says; nothing where it lets them in.
fn answer(rule: &str, entry: &str) -> Option<Explanation> {
    let rules = Rules::new(rule);
    assert_eq!(rules.rule().err(), None, "{rule}");
    let list = CheckInList { multiple_entries: true, rules: Some(rules), ..CheckInList::unnamed(LIST) };
    let (mut event, mut row) = (ball(), Some(TicketRow::new(TicketId::from_bytes([1; 6]), ProductId(1))));
    let (mut acts, mut at, mut gate) = (Vec::<Act>::new(), None, None);
    for phrase in entry.split("; ") {
        match (phrase, phrase.split_once(' ').unwrap_or_default()) {
            (_, ("in", when)) => acts.push(act(&acts, when, true)),
            (_, ("out", when)) => acts.push(act(&acts, when, false)),
            (_, ("gate", name)) => gate = Some(name.to_owned()),
            ("VIP", _) => row.as_mut().unwrap().product = ProductId(2),
            ("child", _) => row.as_mut().unwrap().variation = Some(VariationId(2)),
            ("an event without an end", _) => event.ends_at = None,
            ("sold after the last update", _) => row = None,
            (when, _) => at = Some(moment(when)),
        }
    }
    let product = row.as_ref().map_or(ProductId(1), |row| row.product);
    let mut catalogue = Catalogue { event: Some(event), ..Catalogue::default() };
    for (number, name) in [(1, "Standing"), (2, "VIP")] {
        let (id, name) = (ProductId(number), name.to_owned());
        catalogue.products.insert(id, Product { id, name, consumption: false, variations: Vec::new() });
    }
    let scan = Scan { at, gate, ..Scan::of(code(product)) };
    let facts = Facts {
        catalogue: &catalogue,
        row: row.as_ref(),
        newest_code: None,
        acts: &acts,
        add_ons: &[],
        now: at.unwrap_or_else(|| panic!("{entry}: when?")),
        quality: Quality::Trusted,
        can_ask: true,
        stage: Stage::Whole,
        room: None,
        reach: Reach::whole(Role::Gate),
        own: None,
    };
    let decision = decide(&facts, &scan, &list);
    (decision.code != Code::Ok).then(|| decision.why.explain(&catalogue, Language::En))
}

/// The event of the page.
fn ball() -> Event {
    Event {
        id: EVENT,
        name: "Autumn Ball".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        starts_at: Some(moment("Sat 20:00")),
        doors_at: Some(moment("Sat 19:00")),
        ends_at: Some(moment("Sun 02:00")),
        questions: Vec::new(),
        dates: Vec::new(),
    }
}

/// A day and hour of the page's weekend, at the venue.
fn moment(text: &str) -> Timestamp {
    let day = |day: &str| ["Fri", "Sat", "Sun"].iter().position(|name| *name == day);
    let (day, hour) = text.split_once(' ').and_then(|(name, hour)| Some((day(name)?, hour))).expect(text);
    time(&format!("2026-11-{}T{hour}:00+01:00", 20 + day))
}

/// Somebody came in, or those who were inside left.
fn act(before: &[Act], when: &str, enters: bool) -> Act {
    let journal = JournalId { device: DeviceId([1; 16]), incarnation: 1 };
    let id = EntryRef { journal, sequence: before.len() as u64 + 1, hash: Hash([0; 32]) };
    let does = match enters {
        true => Does::Admit { list: LIST, gate: None, overridden: false, answers: Vec::new() },
        false => Does::Leave { list: LIST, closes: Vec::new() },
    };
    Act { id, clock: moment(when), at: Some(moment(when)), uncertain_ms: None, wild: false, does }
}

fn code(product: ProductId) -> Shown {
    let key = SigningKey::from_bytes(&[1; 32]);
    let (id, window, credits) = (TicketId::from_bytes([1; 6]), Window::default(), Vec::new());
    let ticket = Ticket { id, product, counter: 0, date: None, window, credits };
    let mut ring = Keyring::default();
    ring.insert(TicketKey { public: key.verifying_key().into(), event: EVENT, event_name: "Autumn Ball".into() });
    Shown::Code(ring.identify(EVENT, &issue(&key, EVENT, &ticket).unwrap()))
}
