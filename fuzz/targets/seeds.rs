//! Writes the seeds: `fuzz/run --seeds` after a layout has changed.
//!
//! Each seed is an input that gets far: a good code, a whole run, a page with a row of each kind, a
//! picture of each format. No key of the targets signs any of them. It is a target that ends before its
//! first input: the crates it links ask for libFuzzer's counters.

#![no_main]

use ed25519_dalek::SigningKey;
use image::{ExtendedColorType, ImageFormat};
use std::path::Path;
use tidegate_core::allotment::lend::Want;
use tidegate_core::catalogue::*;
use tidegate_core::clock::Quality;
use tidegate_core::exposure::Policy;
use tidegate_core::feed::{Change, Epoch, Page, SignedPage};
use tidegate_core::id::*;
use tidegate_core::journal::kind::*;
use tidegate_core::journal::{Entry, EntryRef, Kind, Run, chain, genesis, sign_head};
use tidegate_core::rule::Rules;
use tidegate_core::seal::{Hash, PublicKey};
use tidegate_core::start::marks::Marks;
use tidegate_core::start::uses::{Use, Uses};
use tidegate_core::start::{self, Asked, Draft, Gathered, Part, Shelf, SignedPart, SignedShelf};
use tidegate_core::sync::{Head, Heads, Rejected, Request, Response, Trace, Vector};
use tidegate_core::ticket::spoken::Spoken;
use tidegate_core::ticket::{Credit, Ticket, TicketKey, issue};
use tidegate_core::time::{Timestamp, Window};
use tidegate_core::trust::{Certificate, Identity, OneTimeCode, Rights, Role};
use tidegate_fuzz::packed;
use tidegate_fuzz::world::{EVENT, JOURNAL, KEYS};

const DOORS: Timestamp = Timestamp(1_795_287_600_000_000);

/// Rules of every operator, as editors save them.
const RULES: [&str; 8] = [
    r#"{"and":[{"<":[{"var":"entries_number"},3]},{"isAfter":[{"var":"now"},{"buildTime":["date_admission"]},10]}]}"#,
    r#"{"or":[{"inList":[{"var":"product"},{"objectList":[{"lookup":["product","1","Standing"]},{"lookup":["product",2,""]}]}]},{"!":[{"==":[{"var":"entry_status"},"present"]}]}]}"#,
    r#"{"isBefore":[{"var":"now"},{"buildTime":["custom","2026-11-21T22:00:00+01:00"]},null]}"#,
    r#"{"<=":[1,{"var":"now_isoweekday"},5]}"#,
    r#"{"in":[{"var":"gate"},["Gate A","Gate B"]]}"#,
    r#"{">=":[{"var":"minutes_since_last_entry"},90]}"#,
    r#"{"!=":[{"entries_since":[{"buildTime":["customtime","18:00"]}]},{"var":"entries_today"}]}"#,
    r#"{"!!":[{"and":[{">":[{"entries_days_before":[{"buildTime":["date_to"]}]},0]},{"inList":[{"var":"variation"},{"objectList":[]}]},true]}]}"#,
];

libfuzzer_sys::fuzz_target!(init: write_and_end(), |_bytes: &[u8]| {});

fn write_and_end() {
    let written = write();
    if let Err(error) = &written {
        eprintln!("✖ the seeds could not be written: {error}");
    }
    std::process::exit(written.is_err().into())
}

fn write() -> std::io::Result<()> {
    let to = Path::new("fuzz/seeds");
    let all = [
        ("code", codes()),
        ("batch", batches()),
        ("feed", feeds()),
        ("rule", rules()),
        ("picture", pictures()?),
        ("eye", eyes()),
        ("stream", streams()),
    ];
    for (target, seeds) in all {
        let folder = to.join(target);
        std::fs::create_dir_all(&folder).map_err(|e| of(&folder, &e))?;
        for (name, seed) in seeds {
            let file = folder.join(name.replace(' ', "-"));
            std::fs::write(&file, seed).map_err(|e| of(&file, &e))?;
        }
    }
    Ok(())
}

/// An error, and what it is about.
fn of(path: &Path, error: &std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

type Seeds = Vec<(String, Vec<u8>)>;

/// A seed: its name, the numbers in front, the rest.
fn seed(name: impl Into<String>, front: &[u8], rest: impl AsRef<[u8]>) -> (String, Vec<u8>) {
    (name.into(), [front, rest.as_ref()].concat())
}

fn sample() -> SigningKey {
    SigningKey::from_bytes(b"a sample key, known to everybody")
}

fn cbor<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).unwrap_or_default()
}

fn tickets() -> Vec<(&'static str, Ticket)> {
    let id = TicketId::from_bytes([1, 0x23, 0x45, 0x67, 0x89, 0xab]);
    let (window, credits) = (Window::default(), Vec::new());
    let bare = Ticket { id, product: ProductId(7), counter: 0, date: None, window, credits };
    let credit = |product, units| Credit { product: ProductId(product), units };
    let window = Window { from: Some(DOORS), until: Some(DOORS.plus_secs(36_000)) };
    let full = Ticket {
        counter: 300,
        date: Some(DateId(2)),
        window,
        credits: vec![credit(3, 10), credit(4, 300), credit(5, 2)],
        ..bare.clone()
    };
    let credited = Ticket { credits: vec![credit(3, 10)], ..bare.clone() };
    vec![("bare", bare), ("full", full), ("credited", credited)]
}

fn codes() -> Seeds {
    let mut seeds = Vec::new();
    for (name, ticket) in tickets() {
        let text = issue(&sample(), EVENT, &ticket).unwrap_or_default();
        let bytes = data_encoding::BASE32_NOPAD.decode(text.as_bytes()).unwrap_or_default();
        let content = &bytes[..bytes.len().saturating_sub(64)];
        let mut forged = bytes.clone();
        forged[1..4].copy_from_slice(&KEYS.number.0.to_be_bytes()[1..]);
        seeds.push(seed(format!("{name} text"), &[0], format!(" {}\r\n", text.to_lowercase())));
        seeds.push(seed(format!("{name} bytes"), &[3], &bytes));
        seeds.push(seed(format!("{name} forged"), &[3], forged));
        seeds.push(seed(format!("{name} content"), &[5, 0, 9], content));
        let spoken = Spoken::of(EVENT, &bytes).to_string();
        seeds.push(seed(format!("{name} spoken"), &[6], spoken));
    }
    let typed = [
        ("one-time", OneTimeCode::new([7; 10], &KEYS.public).to_string()),
        ("event", EVENT.to_string()),
        ("journal", JOURNAL.to_string()),
        ("ticket", TicketId::from_bytes([1, 2, 3, 4, 5, 6]).to_string()),
        ("instant", "2026-11-21T20:00:00+01:00".to_owned()),
    ];
    seeds.extend(typed.into_iter().map(|(name, text)| seed(name, &[7], text)));
    seeds.push(seed("link", &[0], "https://example.org/t/1"));
    seeds
}

fn entries() -> Vec<Entry> {
    let (ticket, list, product) = (TicketId::from_bytes([9; 6]), ListId(1), ProductId(3));
    let of = Resource::Product(product);
    let target = EntryRef { journal: JOURNAL, sequence: 1, hash: Hash([4; 32]) };
    let overridden = Some(Override { supervisor: "ana".into(), reason: "known".into() });
    let answers = vec![Answered { question: "q1".into(), text: "yes".into() }];
    let by_hand = Some(ByHand::Typed);
    let code = Some(vec![7; 76].into());
    let gate = Some("Gate A".into());
    let admission =
        Admission { gate: gate.clone(), overridden: overridden.clone(), answers, ..Admission::new(ticket, list) };
    let kinds = [
        Kind::Admission(admission),
        Kind::Exit(Exit { by_hand, ..Exit::new(ticket, list, vec![target]) }),
        Kind::Refusal(Refusal { ticket: None, list: Some(list), gate, code: "forged".into() }),
        Kind::Serving(Serving {
            code,
            by_hand,
            overridden: overridden.clone(),
            ..Serving::new(ticket, product, 2)
        }),
        Kind::Annul(Undo { ticket, target }),
        Kind::Void(Undo { ticket, target }),
        Kind::Restock(Restock::new(Resource::Zone(ZoneId(1)), 500)),
        Kind::Waste(Waste::new(of, 3, Some("a tray fell".into()))),
        Kind::Stocktake(Stocktake::new(of, 40, 41, Hash([5; 32]))),
        Kind::Transfer(Transfer { want: Some(WantId([6; 16])), ..Transfer::share(of, 5, JOURNAL) }),
        Kind::Accepted(Accepted { transfer: target }),
        Kind::Clock(ClockSet { since: 3, shift_us: -5_000_000 }),
        Kind::Retire(Retire { journal: JOURNAL, last: 9 }),
        Kind::Began(Began { after: Some(target) }),
        Kind::Unknown { tag: 99, body: vec![1, 2] },
    ];
    let entry = |(after, kind)| Entry {
        clock: DOORS.plus_secs(after),
        at: (after % 2 == 0).then_some(DOORS),
        quality: Quality::Trusted,
        uncertain_ms: (after % 3 == 0).then_some(3),
        staff: (after % 4 == 0).then(|| "ana".to_owned()),
        kind,
    };
    (1..).zip(kinds).map(entry).collect()
}

fn identity() -> Identity {
    let key = PublicKey::from(sample().verifying_key());
    let (rights, name) = (Rights::RESTOCK, "gate-1".to_owned());
    let (issued, expires) = (DOORS, DOORS.plus_secs(86_400));
    Identity { event: EVENT, device: JOURNAL.device, key, role: Role::Gate, rights, name, issued, expires }
}

fn run(of: &[Entry]) -> Run {
    let entries: Vec<Vec<u8>> = of.iter().map(Entry::to_bytes).collect();
    let hash = entries.iter().fold(genesis(EVENT, JOURNAL), |hash, entry| chain(&hash, entry));
    let head = EntryRef { journal: JOURNAL, sequence: entries.len() as u64, hash };
    Run {
        journal: JOURNAL,
        first: 1,
        entries: entries.into_iter().map(Into::into).collect(),
        signature: sign_head(&sample(), EVENT, &head),
        certificate: Certificate::issue(&sample(), &identity()),
        previous: None,
    }
}

fn vector(sequences: &[u64]) -> Vector {
    let journal = |place| JournalId { device: DeviceId([place; 16]), incarnation: 1 };
    let heads = |sequence| Heads::of(vec![head(sequence)]);
    Vector((1..).zip(sequences).map(|(place, sequence)| (journal(place), heads(*sequence))).collect())
}

fn head(sequence: u64) -> Head {
    Head { sequence, hash: Hash([3; 32]) }
}

fn page(rows: Vec<Change>) -> Page {
    let rows = rows.iter().map(Change::to_row).collect();
    Page { event: EVENT, epoch: Epoch([0xe0; 16]), from: 4, to: 6, newest: 9, cloud_time: DOORS, rows }
}

fn batches() -> Seeds {
    let all = entries();
    let pages = vec![SignedPage::sign(&sample(), &page(vec![Change::StaffGone("bo".into())]))];
    let (digest, ours) = (Hash([1; 32]), vector(&[5, 3, 9]));
    let (vector_of_ours, feed) = (Some(ours.clone()), Some(page(Vec::new()).cursor()));
    let runs = vec![run(&all[..2])];
    let want = Want { id: WantId([6; 16]), of: Resource::Product(ProductId(3)), units: 5, used: 7, left: 1 };
    let trace = Trace { journal: JOURNAL, points: vec![head(9), head(7), head(1)] };
    let request = Request {
        version: 1,
        event: EVENT,
        digest,
        vector: vector_of_ours,
        runs,
        feed,
        now: DOORS,
        wants: vec![want],
        traces: vec![trace.clone()],
        journal: Some(JOURNAL),
        quality: Some(Quality::Unsure),
        start: Some(Asked {
            gathered: Some(vec![Gathered { contents: Hash([8; 32]), next: 2 }]),
            rows: Some(start::Place {
                epoch: Epoch([0xe0; 16]),
                since: 3,
                after: Some(TicketId::from_bytes([9; 6])),
            }),
        }),
        leave: vec![JOURNAL],
    };
    let rejected = vec![Rejected { journal: JOURNAL, first: 1, code: "journal_gap".into() }];
    let response = Response {
        digest,
        vector: Some(ours.clone()),
        runs: vec![Run { previous: Some(Hash([7; 32])), ..run(&all[2..3]) }],
        pages,
        rejected,
        more: true,
        now: DOORS,
        device: Some(JOURNAL.device),
        traces: vec![trace.clone()],
        lease_s: Some(3_600),
        quality: Some(Quality::Trusted),
        start: parts().into_iter().map(|part| SignedPart::sign(&sample(), &part)).collect(),
        shelves: vec![SignedShelf::sign(&sample(), &shelf())],
    };
    let mut seeds = vec![
        seed("request", &[0], cbor(&request)),
        seed("response", &[7], cbor(&response)),
        seed("run", &[28], cbor(&run(&all[..1]))),
        seed("body", &[30], packed::pack(&cbor(&request))),
        seed("body of zeros", &[30], packed::pack(&[0; 70_000])),
        seed("packed", &[31], cbor(&response)),
    ];
    let pieces: Vec<u8> =
        all[..3].iter().flat_map(|e| [vec![e.to_bytes().len() as u8], e.to_bytes()].concat()).collect();
    seeds.push(seed("written", &[29, 0, 77, 0], pieces));
    seeds.push(seed("written long", &[29, 0, 77, 128], [&[128; 129][..], &[129; 130]].concat()));
    let one = cbor(&ours);
    let two = [vec![one.len() as u8], one, cbor(&vector(&[2, 8]))].concat();
    seeds.push(seed("vectors", &[23], two));
    let forked = Heads::of(vec![head(9), Head { sequence: 7, hash: Hash([4; 32]) }]);
    let (trace, forked) = (cbor(&trace), cbor(&forked));
    let lacking = [&[9, 1, 0, 4, 3, trace.len() as u8][..], &trace, &forked].concat();
    seeds.push(seed("lacking", &[25], lacking));
    seeds.push(seed("lent", &[22], [&[0; 48][..], &cbor(&want)].concat()));
    let moved = all.iter().filter(|entry| entry.kind.moves_rights()).map(Entry::to_bytes);
    let moved: Vec<u8> = moved.flat_map(|bytes| [vec![bytes.len() as u8], bytes].concat()).collect();
    seeds.push(seed("several", &[21], moved));
    seeds.extend(all.iter().map(|e| seed(format!("entry {}", e.kind.name()), &[14], e.to_bytes())));
    seeds
}

fn changes() -> Vec<Change> {
    let (product, list, date) = (ProductId(3), ListId(1), DateId(2));
    let event = Event {
        id: EVENT,
        name: "Autumn Ball".into(),
        timezone: "Europe/Berlin".into(),
        starts_at: Some(DOORS),
        doors_at: Some(DOORS),
        ends_at: Some(DOORS.plus_secs(36_000)),
        dates: vec![EventDate { id: date, starts_at: DOORS, doors_at: None, ends_at: None }],
        questions: vec![Question {
            id: "q1".into(),
            text: "Over 18?".into(),
            required: true,
            at_checkin: true,
            products: Some(vec![product]),
        }],
    };
    let variations = vec![Variation { id: VariationId(1), name: "child".into() }];
    let listed = CheckInList {
        name: "Entrance".into(),
        products: Some(vec![product]),
        date: Some(date),
        auto_exit_at: Some(DOORS),
        rules: Some(Rules::new(RULES[0])),
        zone: Some(ZoneId(1)),
        ..CheckInList::unnamed(list)
    };
    let device = DeviceRow {
        id: JOURNAL.device,
        name: "gate-1".into(),
        role: Role::Gate,
        certificate: Some(Certificate::issue(&sample(), &identity())),
        revoked_at: Some(DOORS),
        counts_until: vec![Counts { incarnation: 1, sequence: 9 }],
    };
    let key =
        TicketKey { public: sample().verifying_key().into(), event: EVENT, event_name: "Autumn Ball".into() };
    let ticket = TicketRow {
        holder: Some("Maria".into()),
        credits: vec![Credit { product, units: 10 }],
        spoken: Some(Spoken::of(EVENT, b"x")),
        window: Window { from: Some(DOORS), until: None },
        ..TicketRow::new(TicketId::from_bytes([1; 6]), product)
    };
    vec![
        Change::Event(event),
        Change::Product(Product { id: product, name: "Beer".into(), consumption: true, variations }),
        Change::List(listed),
        Change::KeyGone(key.number()),
        Change::Key(key),
        Change::Device(device),
        Change::Staff(Staff {
            name: "ana".into(),
            pin_hash: "$argon2id$…".into(),
            may_override: true,
            badge_counter: 2,
        }),
        Change::StaffGone("bo".into()),
        Change::Ticket(Box::new(ticket)),
        Change::Zone(Zone { id: ZoneId(1), name: "Hall".into(), capacity: 500 }),
        Change::Policy(Policy {
            oldest_update_s: Some(600),
            unverified_hard: Some(50),
            share_percent: Some(50),
            ..Policy::unlimited(Role::Gate)
        }),
    ]
}

/// A start's parts, with who was used.
fn parts() -> Vec<Part> {
    let draft = Draft {
        event: EVENT,
        epoch: Epoch([0xe0; 16]),
        revision: 9,
        cloud_time: DOORS,
        told: Marks::ALWAYS,
        rows: changes().iter().map(Change::to_row).collect(),
        frontier: vector(&[5, 3, 9]),
        uses: Uses::of((0..40).map(|n| Use::Passage(ListId(1)).key(TicketId::from_bytes([n; 6]))).collect()),
        codes: vec![vec![1, 2, 3]],
    };
    let signed = draft.sign(&sample()).1;
    signed.iter().map(|part| start::reopen(part).expect("it was just signed")).collect()
}

fn shelf() -> Shelf {
    let rows = changes().iter().map(Change::to_row).collect();
    Shelf {
        event: EVENT,
        epoch: Epoch([0xe0; 16]),
        revision: 9,
        cloud_time: DOORS,
        after: None,
        until: Some(TicketId::from_bytes([9; 6])),
        rows,
    }
}

fn feeds() -> Seeds {
    let small = page(vec![Change::StaffGone("bo".into())]);
    let signed = SignedPage::sign(&sample(), &small);
    let mut seeds = vec![
        seed("foreign page", &[0], cbor(&signed)),
        seed("page", &[4], cbor(&page(changes()))),
        seed("signed", &[28, 0xe0, 5], cbor(&small)),
        seed("many rows", &[29, 0xe0, 5, 1], cbor(&small)),
        seed("identity", &[27], cbor(&identity())),
        seed("signed identity", &[30], cbor(&identity())),
        seed("certificate", &[31], Certificate::issue(&sample(), &identity()).to_bytes()),
    ];
    for (place, part) in (0..).zip(parts()) {
        seeds.push(seed(format!("part {place}"), &[32], cbor(&part)));
    }
    seeds.push(seed("shelf", &[33], cbor(&shelf())));
    for (place, change) in (0..).zip(changes()) {
        let row = change.to_row();
        let key = [&[row.key.len() as u8], &row.key[..]].concat();
        let at = DOORS.plus_secs(90_000).0.to_be_bytes();
        let input = match &row.body {
            Some(body) => [&[8, row.kind][..], &at, &key, body].concat(),
            None => [&[8, 0][..], &at, &key, &[row.kind]].concat(),
        };
        seeds.push(seed(format!("row {place}"), &[], input));
    }
    seeds
}

fn rules() -> Seeds {
    let facts = |flags: u8| [&[flags, 0, 1, 1][..], &[0; 28]].concat();
    let rules = (0_u8..).zip(RULES).map(|(place, rule)| seed(format!("rule {place}"), &facts(place * 31), rule));
    let odd = [("empty", "{}"), ("unknown", r#"{"nosuchop":[1]}"#), ("half", r#"{"and":[tru"#)];
    rules.chain(odd.map(|(name, text)| seed(name, &facts(0), text))).collect()
}

fn pictures() -> std::io::Result<Seeds> {
    let pixels: Vec<u8> = (0..8 * 8 * 4_u32).map(|i| (i * 37 % 251) as u8).collect();
    let formats = [
        ("grey", ExtendedColorType::L8, 1),
        ("grey-alpha", ExtendedColorType::La8, 2),
        ("colour", ExtendedColorType::Rgb8, 3),
        ("colour-alpha", ExtendedColorType::Rgba8, 4),
    ];
    let mut seeds = Vec::new();
    for (format, name) in [(ImageFormat::Png, "png"), (ImageFormat::Jpeg, "jpeg"), (ImageFormat::Pnm, "pnm")] {
        for (colours, of, samples) in formats {
            let mut file = std::io::Cursor::new(Vec::new());
            let drawn = image::write_buffer_with_format(&mut file, &pixels[..64 * samples], 8, 8, of, format);
            if drawn.is_ok() {
                seeds.push(seed(format!("{name} {colours}"), &[0], file.into_inner()));
            }
        }
    }
    let plain = ["P1 3 2 1 0 1 0 1 0", "P2 2 2 255 0 80 160 255", "P3 1 1 255 1 2 3", "P4 9 2 \x01\x02\x03\x04"];
    let plain = plain.into_iter().chain(["P5 2 1 255 \x10\x20", "P6 1 1 255 abc", "P5 2 1 65535 abcd"]);
    seeds.extend((0..).zip(plain).map(|(place, text)| seed(format!("plain {place}"), &[0], text)));
    for (name, colour, bytes) in
        [("mono", "mono", 0), ("420", "420jpeg", 4), ("422", "422", 8), ("444", "444", 12)]
    {
        let frame = "x".repeat(6 + bytes);
        let header = format!("YUV4MPEG2 W3 H2 F30:1 Ip A1:1 C{colour}\n");
        seeds.push(seed(format!("y4m {name}"), &[6], format!("{header}FRAME\n{frame}FRAME Ix\n{frame}")));
    }
    seeds.push(seed("luma", &[7, 4, 2], [7; 20]));
    Ok(seeds)
}

fn eyes() -> Seeds {
    let codes = [("one", "TIDEGATE".to_owned()), ("digits", "0123456789".to_owned())];
    let ticket = tickets().into_iter().next().and_then(|(_, t)| issue(&sample(), EVENT, &t).ok());
    let codes = codes.into_iter().chain([("bytes", "caf\u{e9} \u{1f39f}".to_owned())]);
    let codes = codes.chain(ticket.map(|text| ("ticket", text)));
    let mut seeds = Vec::new();
    for (name, text) in codes {
        let Ok(code) = fast_qr::QRBuilder::new(text).ecl(fast_qr::ECL::M).build() else { continue };
        let mut bits = vec![0_u8; (code.size * code.size).div_ceil(8)];
        for place in 0..code.size * code.size {
            let dark = code[place / code.size][place % code.size].value();
            bits[place / 8] |= u8::from(dark) << (7 - place % 8);
        }
        let how = (code.size - 21) as u8 / 4 * 16;
        for (look, shades) in [("dark", [230, 20]), ("light", [30, 220])] {
            seeds.push(seed(
                format!("{name} {look}"),
                &[1, how + u8::from(look == "light"), shades[0], shades[1]],
                &bits,
            ));
        }
    }
    seeds.push(seed("pixels", &[0, 31], (0..32 * 32_u32).map(|i| (i * 7 % 251) as u8).collect::<Vec<_>>()));
    seeds
}

fn streams() -> Seeds {
    let text = "\u{feff}: hello\r\nevent: status\r\ndata: {\"a\":\r\ndata: 1}\r\nid: 7\r\n\r\nevent:same\ndata:{}\n\ndata: only\r\r";
    let long = format!("data: {}\n", "x".repeat(600));
    // The target repeats what adds up to nothing.
    let rest = long.bytes().fold(0_u8, u8::wrapping_sub);
    vec![seed("events", &[0, 20], text), seed("long event", &[0, rest], long)]
}
