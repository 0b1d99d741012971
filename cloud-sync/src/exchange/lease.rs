//! How long a device may use the rights that it holds without being heard.
//!
//! What a device is told is durable before it is told: whoever gives it up as lost can
//! see until when it may go on.

use crate::app::App;
use crate::fault::Fault;
use crate::store::devices::{self, DeviceRecord};
use std::sync::Arc;
use tidegate_core::allotment::lease::seconds;
use tidegate_core::catalogue::{Catalogue, Event, EventDate};
use tidegate_core::time::Timestamp;

/// A lease that grows with every answer is noted this far ahead, seconds: a write an hour and device.
const NOTED_AHEAD_S: i64 = 3_600;

/// The lease of a device that asks now, seconds.
pub async fn of(app: &Arc<App>, catalogue: &Catalogue, device: Option<DeviceRecord>) -> Result<u32, Fault> {
    let (now, ends) = (app.now(), catalogue.event.as_ref().and_then(ends));
    let lease = seconds(ends, now);
    let until = now.plus_secs(lease.into());
    if let Some(device) = device.filter(|device| device.leased_until.is_none_or(|noted| noted < until)) {
        let (id, noted) = (device.row.id, if ends.is_some() { until } else { until.plus_secs(NOTED_AHEAD_S) });
        app.write(move |tx, _| Box::pin(async move { Ok(devices::lease(tx, id, noted).await?) })).await?;
    }
    Ok(lease)
}

/// When an event is over; of a series, when its last date is. Nobody knows where that is not said.
fn ends(event: &Event) -> Option<Timestamp> {
    let spans = || std::iter::once(event.span()).chain(event.dates.iter().map(EventDate::span));
    let last = spans().max_by_key(|span| span.starts)?;
    let ends = spans().filter_map(|span| span.ends).max();
    ends.filter(|_| last.ends.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::id::{DateId, EventId};

    #[test]
    fn a_series_is_over_when_its_last_date_is_and_open_where_that_is_not_said() {
        let at = Timestamp::from_secs;
        let check = |own: (Option<i64>, Option<i64>), dates: &[(i64, Option<i64>)], expect: Option<i64>| {
            let dates = dates.iter().enumerate().map(|(n, (starts, ends))| EventDate {
                id: DateId(n as u16 + 1),
                starts_at: at(*starts),
                doors_at: None,
                ends_at: ends.map(at),
            });
            let event = Event {
                id: EventId::default(),
                name: String::new(),
                timezone: "UTC".into(),
                starts_at: own.0.map(at),
                doors_at: None,
                ends_at: own.1.map(at),
                dates: dates.collect(),
                questions: Vec::new(),
            };
            assert_eq!(ends(&event), expect.map(at), "{event:?}");
        };
        check((None, None), &[], None);
        check((Some(1), Some(5)), &[], Some(5));
        check((Some(1), None), &[], None);
        check((Some(1), None), &[(1, Some(2)), (7, Some(9))], Some(9));
        check((Some(1), Some(2)), &[(1, Some(2)), (7, None)], None);
        check((Some(1), Some(9)), &[(1, Some(2))], Some(9));
    }
}
