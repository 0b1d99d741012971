//! Giving a device up as lost: what it held comes back to the cloud.
//!
//! Its journals end where they are known here; what it does with its rights later is
//! counted, and nobody's right any more. A device that may still use them does, until it
//! hears of this: that much may be used twice, so it is done with somebody's consent
//! alone, or once its lease has run out. The answer says what it had left, and was offered. What
//! becomes free of it meanwhile, because somebody leaves or a serving is taken back, comes on top.

use crate::api::products::Products;
use crate::api::{Answer, By, Shared, in_turn};
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::{Body, Instant, Path};
use crate::ledger::{Books, lend};
use crate::scope::{self, Named};
use crate::store::devices::DeviceRecord;
use crate::store::journals::JournalRecord;
use crate::store::{Tx, parts, zones};
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_core::catalogue::Catalogue;
use tidegate_core::id::JournalId;
use tidegate_core::journal::kind::Resource;
use tidegate_core::time::Timestamp;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// How a device is given up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retirement {
    /// Also while the device may still use what it held: what it uses until it hears of this may be used twice, and so
    /// may what becomes free of it meanwhile.
    #[serde(default)]
    accept_exposure: bool,
}

/// What a device that was given up may have done without anybody knowing.
#[derive(Serialize, ToSchema)]
pub struct Exposure {
    /// `dev_…`.
    device: String,
    /// Until when it may use what it held, as it was told; absent where it was told nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_until: Option<Instant>,
    /// Its journals, as far as they are here; none where it was given nothing and wrote nothing that came here.
    journals: Vec<Ended>,
}

/// A journal that has ended.
#[derive(Serialize, ToSchema)]
pub struct Ended {
    /// `dev_…:incarnation`.
    journal: String,
    /// Its last entry that came here, after which it moves no rights; 0 where nothing came.
    last: u64,
    /// When the newest of it that is here was written, by its own clock. What was done later is only at the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_at: Option<Instant>,
    /// What it had left then, and what it was given and is not known to have taken: so much it may have used, and
    /// what became free of it since.
    held: Vec<Holding>,
}

/// Units of a product, or places in a zone.
#[derive(Serialize, ToSchema)]
pub struct Holding {
    /// `prd_…`, where it is units.
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<String>,
    /// `zon_…`, where it is places.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// How many; below zero where it is known to have used more than it held.
    units: i64,
}

/// Gives a device up as lost: what it held comes back to the cloud.
///
/// While its lease runs the device may use that too, so it takes `accept_exposure`. Repeating it is harmless.
#[utoipa::path(post, path = "/v1/devices/{id}/retire", tag = "devices", request_body = Retirement,
    responses((status = 200, body = Exposure), (status = "default", body = Problem)))]
pub async fn retire(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Body(how): Body<Retirement>,
) -> Answer<Exposure> {
    let of = (caller.clone(), Some(Named::Device(id.clone())));
    let exposure = in_turn(&app, of, move |tx, app| Box::pin(give_up(tx, app, caller, id, how))).await?;
    tracing::info!(device.id = %exposure.device, "device retired");
    Ok(Json(exposure))
}

async fn give_up(tx: &mut Tx, app: &App, caller: Caller, id: String, how: Retirement) -> Result<Exposure, Fault> {
    let (device, _) = scope::device_to_change(tx, &caller, &id).await?;
    let found = Found::of(tx, app, &device).await?;
    if !how.accept_exposure && !found.is_over() && !found.may_use_nothing(&device, app.now()) {
        return Err(found.refused(&device));
    }
    end(tx, app, &device, found).await
}

/// Ends whatever a device writes, whether or not it may still use what it held.
pub async fn end_anyway(tx: &mut Tx, app: &App, device: &DeviceRecord) -> Result<Exposure, Fault> {
    let found = Found::of(tx, app, device).await?;
    end(tx, app, device, found).await
}

/// A device's journal, as it is when somebody wants to end it.
struct Known {
    id: JournalId,
    last: u64,
    last_at: Option<Timestamp>,
    over: bool,
    held: BTreeMap<Resource, i64>,
}

/// All of a device's, in an event as its agents read it.
struct Found {
    journals: Vec<Known>,
    catalogue: Arc<Catalogue>,
}

impl Found {
    async fn of(tx: &mut Tx, app: &App, device: &DeviceRecord) -> Result<Self, Fault> {
        let mut books = Books::open(tx, app, device.event).await?;
        let mut journals = Vec::new();
        for id in named(tx, &mut books, device).await? {
            let held = lend::had(tx, &mut books, id).await?;
            let retired_after = books.law(tx).await?.ends(id).retired_after;
            let here = books.journals.get(&id).cloned();
            let last = match (retired_after, &here) {
                (Some(last), _) => last,
                (None, Some(journal)) => end_of(tx, &books, journal).await?,
                (None, None) => 0,
            };
            let last_at = here.map(|journal| journal.clock);
            journals.push(Known { id, last, last_at, over: retired_after.is_some(), held });
        }
        Ok(Self { journals, catalogue: books.catalogue.clone() })
    }

    /// Whether all of them have ended before.
    fn is_over(&self) -> bool {
        self.journals.iter().all(|journal| journal.over)
    }

    /// Whether the device may use nothing any more, or was never told that it may and has nothing.
    fn may_use_nothing(&self, device: &DeviceRecord, now: Timestamp) -> bool {
        match device.leased_until {
            Some(until) => until <= now,
            None => self.journals.iter().all(|journal| journal.held.values().all(|units| *units <= 0)),
        }
    }

    fn refused(&self, device: &DeviceRecord) -> Fault {
        let until =
            device.leased_until.map_or("it was not told until when".to_owned(), |until| format!("until {until}"));
        let last = self.journals.iter().filter_map(|journal| journal.last_at).max();
        let last =
            last.map_or("nothing of it came here".to_owned(), |at| format!("its last entry here is of {at}"));
        let open = self.journals.iter().filter(|journal| !journal.over).flat_map(|journal| &journal.held);
        let name = |(of, units): (&Resource, &i64)| format!("{units} of {}", self.catalogue.resource_name(*of));
        let held: Vec<String> = open.map(name).collect();
        let held = if held.is_empty() { "nothing".to_owned() } else { held.join(", ") };
        Fault::conflict("lease_runs", "The device may still use what it held")
            .why(format!("{until}; {last}; it held {held}"))
            .action("Wait until then, or send accept_exposure: true, and so much may be used twice")
    }
}

/// The journals of a device that are here, or that were given something.
async fn named(tx: &mut Tx, books: &mut Books<'_>, device: &DeviceRecord) -> Result<BTreeSet<JournalId>, Fault> {
    let law = books.law(tx).await?;
    let known = books.journals.keys().copied().chain(law.rights.receivers());
    Ok(known.filter(|journal| journal.device == device.row.id).collect())
}

/// The last entry of a journal that is here, on whichever branch.
async fn end_of(tx: &mut Tx, books: &Books<'_>, journal: &JournalRecord) -> Result<u64, Fault> {
    let parts = parts::of(tx, books.event, journal).await?;
    Ok(parts.iter().map(|part| part.segment.last).max().unwrap_or(0))
}

async fn end(tx: &mut Tx, app: &App, device: &DeviceRecord, found: Found) -> Result<Exposure, Fault> {
    let mut books = Books::open(tx, app, device.event).await?;
    for journal in found.journals.iter().filter(|journal| !journal.over) {
        lend::retire(tx, app, &mut books, (journal.id, journal.last)).await?;
    }
    books.close(tx).await?;
    let (products, zones) = (Products::of(tx, device.event).await?, zones::ids_of(tx, device.event).await?);
    let holding = |(of, units)| match of {
        Resource::Product(product) => Holding { product: Some(products.id(product)), zone: None, units },
        Resource::Zone(zone) => Holding { product: None, zone: zones.get(&zone).cloned(), units },
    };
    let journals = found.journals.into_iter().map(|known| Ended {
        journal: known.id.to_string(),
        last: known.last,
        last_at: known.last_at.map(Instant),
        held: known.held.into_iter().map(holding).collect(),
    });
    Ok(Exposure {
        device: device.row.id.to_string(),
        lease_until: device.leased_until.map(Instant),
        journals: journals.collect(),
    })
}
