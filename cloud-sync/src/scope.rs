//! Whose things a caller sees: what belongs to another organizer does not exist.
//!
//! Every handler finds events, products, zones, lists, orders, tickets and devices by
//! these functions, so that no handler can forget to ask whose they are. Those named
//! `…_to_change` take the lock first and give what is true under it.

use crate::app::App;
use crate::auth::{Caller, Role};
use crate::fault::Fault;
use crate::store::devices::{self, DeviceRecord};
use crate::store::events::{self, EventRecord};
use crate::store::lists::{self, ListRecord};
use crate::store::orders::{self, OrderRecord};
use crate::store::products::{self, ProductRecord};
use crate::store::tickets::{self, TicketRecord};
use crate::store::zones::{self, ZoneRecord};
use crate::store::{Lock, Tx};
use std::sync::Arc;
use tidegate_core::id::EventId;

impl Caller {
    /// Whether this organizer's things exist for the caller.
    pub fn sees(&self, organizer: &str) -> bool {
        self.role == Role::Admin || self.organizer.as_deref() == Some(organizer)
    }

    /// Whether an order exists for the caller: customers see their own.
    pub fn sees_order(&self, order: &OrderRecord) -> bool {
        self.role != Role::Customer || order.owner == self.token
    }
}

/// What a request names, and what tells of which event it is.
pub enum Named {
    /// `evt_…`.
    Event(String),
    /// `prd_…`.
    Product(String),
    /// `zon_…`.
    Zone(String),
    /// `lst_…`.
    List(String),
    /// `tkt_…`.
    Ticket(String),
    /// `dev_…`.
    Device(String),
}

impl Named {
    /// Its event, where it exists for the caller.
    pub async fn event(&self, tx: &mut Tx, caller: &Caller) -> Result<EventId, Fault> {
        let event = match self {
            Self::Event(id) => event(tx, caller, id).await?,
            Self::Product(id) => product(tx, caller, id).await?.1,
            Self::Zone(id) => zone(tx, caller, id).await?.1,
            Self::List(id) => list(tx, caller, id).await?.1,
            Self::Ticket(id) => ticket(tx, caller, id).await?.1,
            Self::Device(id) => device(tx, caller, id).await?.1,
        };
        Ok(event.id)
    }
}

/// The event with this id in a request.
pub async fn event(tx: &mut Tx, caller: &Caller, id: &str) -> Result<EventRecord, Fault> {
    let id = id.parse().map_err(|_| Fault::missing("event"))?;
    event_by_id(tx, caller, id).await
}

/// The event at whose desk somebody asks. Whose an event is never changes, so it is read once.
pub async fn desk(app: &Arc<App>, caller: &Caller, id: &str) -> Result<EventId, Fault> {
    let id: EventId = id.parse().map_err(|_| Fault::missing("event"))?;
    let organizer = match app.organizer_of(id) {
        Some(known) => known,
        None => {
            let found = app.read(move |tx, _| Box::pin(async move { Ok(events::get(tx, id).await?) })).await?;
            let event = found.ok_or_else(|| Fault::missing("event"))?;
            app.note_organizer(id, event.organizer.as_str().into())
        }
    };
    if caller.sees(&organizer) { Ok(id) } else { Err(Fault::missing("event")) }
}

/// An event whose catalogue is to be changed: nobody else changes the organizer's meanwhile.
pub async fn event_to_change(tx: &mut Tx, caller: &Caller, id: &str) -> Result<EventRecord, Fault> {
    let before = event(tx, caller, id).await?;
    tx.lock(Lock::Office(&before.organizer)).await?;
    event_by_id(tx, caller, before.id).await
}

/// An event.
pub async fn event_by_id(tx: &mut Tx, caller: &Caller, id: EventId) -> Result<EventRecord, Fault> {
    let found = events::get(tx, id).await?.filter(|event| caller.sees(&event.organizer));
    found.ok_or_else(|| Fault::missing("event"))
}

/// A product and its event.
pub async fn product(tx: &mut Tx, caller: &Caller, id: &str) -> Result<(ProductRecord, EventRecord), Fault> {
    let product = products::get(tx, id).await?.ok_or_else(|| Fault::missing("product"))?;
    let event = event_by_id(tx, caller, product.event).await.map_err(|f| f.about("product"))?;
    Ok((product, event))
}

/// A product that is to be changed, and its event.
pub async fn product_to_change(
    tx: &mut Tx,
    caller: &Caller,
    id: &str,
) -> Result<(ProductRecord, EventRecord), Fault> {
    let (_, event) = product(tx, caller, id).await?;
    tx.lock(Lock::Office(&event.organizer)).await?;
    product(tx, caller, id).await
}

/// A product of this event.
pub async fn product_of(tx: &mut Tx, event: EventId, id: &str) -> Result<ProductRecord, Fault> {
    let found = products::get(tx, id).await?.filter(|product| product.event == event);
    found.ok_or_else(|| Fault::missing("product"))
}

/// A zone and its event.
pub async fn zone(tx: &mut Tx, caller: &Caller, id: &str) -> Result<(ZoneRecord, EventRecord), Fault> {
    let zone = zones::get(tx, id).await?.ok_or_else(|| Fault::missing("zone"))?;
    let event = event_by_id(tx, caller, zone.event).await.map_err(|f| f.about("zone"))?;
    Ok((zone, event))
}

/// A zone that is to be changed, and its event.
pub async fn zone_to_change(tx: &mut Tx, caller: &Caller, id: &str) -> Result<(ZoneRecord, EventRecord), Fault> {
    let (_, event) = zone(tx, caller, id).await?;
    tx.lock(Lock::Office(&event.organizer)).await?;
    zone(tx, caller, id).await
}

/// A zone of this event.
pub async fn zone_of(tx: &mut Tx, event: EventId, id: &str) -> Result<ZoneRecord, Fault> {
    let found = zones::get(tx, id).await?.filter(|zone| zone.event == event);
    found.ok_or_else(|| Fault::missing("zone"))
}

/// A list and its event.
pub async fn list(tx: &mut Tx, caller: &Caller, id: &str) -> Result<(ListRecord, EventRecord), Fault> {
    let list = lists::get(tx, id).await?.ok_or_else(|| Fault::missing("list"))?;
    let event = event_by_id(tx, caller, list.event).await.map_err(|f| f.about("list"))?;
    Ok((list, event))
}

/// A list of this event.
pub async fn list_of(tx: &mut Tx, event: EventId, id: &str) -> Result<ListRecord, Fault> {
    let found = lists::get(tx, id).await?.filter(|list| list.event == event);
    found.ok_or_else(|| Fault::missing("list"))
}

/// A list that is to be changed, and its event.
pub async fn list_to_change(tx: &mut Tx, caller: &Caller, id: &str) -> Result<(ListRecord, EventRecord), Fault> {
    let (_, event) = list(tx, caller, id).await?;
    tx.lock(Lock::Office(&event.organizer)).await?;
    list(tx, caller, id).await
}

/// An order that is to be moved, and its event.
pub async fn order_to_change(tx: &mut Tx, caller: &Caller, id: &str) -> Result<(OrderRecord, EventRecord), Fault> {
    tx.lock(Lock::Order(id)).await?;
    order(tx, caller, id).await
}

/// An order and its event.
pub async fn order(tx: &mut Tx, caller: &Caller, id: &str) -> Result<(OrderRecord, EventRecord), Fault> {
    let found = orders::get(tx, id).await?.filter(|order| caller.sees_order(order));
    let order = found.ok_or_else(|| Fault::missing("order"))?;
    let event = event_by_id(tx, caller, order.event).await.map_err(|f| f.about("order"))?;
    Ok((order, event))
}

/// A ticket and its event.
pub async fn ticket(tx: &mut Tx, caller: &Caller, id: &str) -> Result<(TicketRecord, EventRecord), Fault> {
    let missing = || Fault::missing("ticket");
    let id = id.parse().map_err(|_| missing())?;
    let ticket = tickets::get(tx, id).await?.ok_or_else(missing)?;
    let (_, event) = order(tx, caller, &ticket.order).await.map_err(|f| f.about("ticket"))?;
    Ok((ticket, event))
}

/// A ticket that is to be changed, and its event: its order and all its tickets stand still.
pub async fn ticket_to_change(
    tx: &mut Tx,
    caller: &Caller,
    id: &str,
) -> Result<(TicketRecord, EventRecord), Fault> {
    let (before, _) = ticket(tx, caller, id).await?;
    tx.lock(Lock::Order(&before.order)).await?;
    ticket(tx, caller, id).await
}

/// A device that is to be changed, and its event, whose journals stand still.
pub async fn device_to_change(
    tx: &mut Tx,
    caller: &Caller,
    id: &str,
) -> Result<(DeviceRecord, EventRecord), Fault> {
    let (_, event) = device(tx, caller, id).await?;
    tx.lock(Lock::Books(event.id)).await?;
    device(tx, caller, id).await
}

/// A device and its event; the cloud's own are nobody's to touch.
pub async fn device(tx: &mut Tx, caller: &Caller, id: &str) -> Result<(DeviceRecord, EventRecord), Fault> {
    let missing = || Fault::missing("device");
    let id = id.parse().map_err(|_| missing())?;
    let found = devices::get(tx, id).await?;
    let device = found.filter(|d| d.row.role != tidegate_core::trust::Role::Cloud).ok_or_else(missing)?;
    let event = event_by_id(tx, caller, device.event).await.map_err(|f| f.about("device"))?;
    Ok((device, event))
}
