//! Every scan and serving that counts, a line each, as CSV: journal by journal, in
//! the order in which they were written.
//!
//! Lines are written as entries are read. What was taken back stays here, marked;
//! the lines that are not marked add up to what the other tables say.

use super::count::{Reader, undone};
use super::rows::Names;
use super::table::{plain, writer};
use crate::fault::Fault;
use crate::ledger::Books;
use crate::store::Tx;
use crate::store::journals::EntryRecord;
use crate::store::pages::{self, CHUNK};
use std::io::Write;
use tidegate_core::id::{ListId, ProductId, TicketId};
use tidegate_core::journal::kind::{Kind, Override};
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::time::Zone;

/// What stands over the columns.
pub const COLUMNS: [&str; 18] = [
    "scan_id",
    "ticket_short",
    "type",
    "verdict",
    "reason",
    "gate",
    "list",
    "device",
    "staff",
    "scanned_at_local",
    "scanned_at_utc",
    "clock_uncertain_ms",
    "undone",
    "overridden",
    "overridden_by",
    "override_reason",
    "served",
    "units",
];

/// What an entry says of a scan.
#[derive(Default)]
struct Scan<'e> {
    verdict: &'static str,
    reason: &'e str,
    ticket: Option<TicketId>,
    list: Option<ListId>,
    gate: Option<&'e str>,
    by: Option<&'e Override>,
    served: Option<(ProductId, u16)>,
}

/// Writes the scans of an event, or of one of its lists.
pub async fn write(
    tx: &mut Tx,
    books: &Books<'_>,
    only: Option<ListId>,
    out: &mut (impl Write + Send),
) -> Result<(), Fault> {
    let mut reader = Reader::open(tx, books).await?;
    let undone = undone(tx, &mut reader).await?;
    let names = Names::of(&books.catalogue);
    let zone = books.catalogue.zone();
    let mut out = writer(out);
    out.write_record(COLUMNS).map_err(|e| Fault::internal(&e))?;
    let mut place = pages::start();
    loop {
        let records = pages::page(tx, books.event, place, CHUNK).await?;
        let Some(last) = records.last() else { break };
        place = last.place();
        for record in records.iter().filter(|record| record.counts) {
            let Some(entry) = Entry::from_bytes(&record.body) else { continue };
            let Some(scan) = scan(&entry.kind) else { continue };
            if only.is_some() && scan.list != only {
                continue;
            }
            let product = match scan.ticket {
                Some(ticket) => reader.product(tx, ticket).await?,
                None => None,
            };
            let product = product.map(|product| names.product(product)).unwrap_or_default();
            let line = line((&entry, &scan, record), product, undone.contains(&record.id), &reader, &names, &zone);
            out.write_record(line).map_err(|e| Fault::internal(&e))?;
        }
    }
    out.flush().map_err(|e| Fault::internal(&e))
}

fn scan(kind: &Kind) -> Option<Scan<'_>> {
    let ok = Scan { reason: "ok", ..Scan::default() };
    Some(match kind {
        Kind::Admission(a) => Scan {
            verdict: "admit",
            ticket: Some(a.ticket),
            list: Some(a.list),
            gate: a.gate.as_deref(),
            by: a.overridden.as_ref(),
            ..ok
        },
        Kind::Exit(e) => Scan {
            verdict: "exit",
            ticket: Some(e.ticket),
            list: Some(e.list),
            gate: e.gate.as_deref(),
            by: e.overridden.as_ref(),
            ..ok
        },
        Kind::Refusal(r) => Scan {
            verdict: "refuse",
            reason: &r.code,
            ticket: r.ticket,
            list: r.list,
            gate: r.gate.as_deref(),
            ..ok
        },
        Kind::Serving(s) => {
            Scan { verdict: "serve", ticket: Some(s.ticket), served: Some((s.product, s.quantity)), ..ok }
        }
        Kind::Annul(_)
        | Kind::Void(_)
        | Kind::Restock(_)
        | Kind::Waste(_)
        | Kind::Stocktake(_)
        | Kind::Transfer(_)
        | Kind::Accepted(_)
        | Kind::Clock(_)
        | Kind::Retire(_)
        | Kind::Began(_)
        | Kind::Unknown { .. } => return None,
    })
}

fn line(
    (entry, scan, record): (&Entry, &Scan<'_>, &EntryRecord),
    product: String,
    undone: bool,
    reader: &Reader<'_>,
    names: &Names,
    zone: &Zone,
) -> [String; 18] {
    let id: EntryRef = record.id;
    let at = reader.books.happened_at(&id, entry);
    let yes = |is: bool| if is { "true" } else { "false" }.to_owned();
    [
        id.to_string(),
        scan.ticket.map(|ticket| ticket.to_string()).unwrap_or_default(),
        plain(&product),
        scan.verdict.to_owned(),
        plain(scan.reason),
        plain(&reader.gate(scan.gate, &id)),
        scan.list.map(|list| plain(&names.list(list))).unwrap_or_default(),
        plain(&reader.books.catalogue.device_name(id.journal.device)),
        entry.staff.as_deref().map(plain).unwrap_or_default(),
        at.local_date_time(zone),
        at.to_string(),
        entry.uncertain_ms.map(|ms| ms.to_string()).unwrap_or_default(),
        yes(undone),
        yes(scan.by.is_some()),
        scan.by.map(|by| plain(&by.supervisor)).unwrap_or_default(),
        scan.by.map(|by| plain(&by.reason)).unwrap_or_default(),
        scan.served.map(|(product, _)| plain(&names.product(product))).unwrap_or_default(),
        scan.served.map(|(_, units)| units.to_string()).unwrap_or_default(),
    ]
}
