//! The feed under several writers: no row is skipped, and nobody who sits on an open
//! transaction keeps revocations from the doors.

use crate::common::{Device, Venue, ticket_id};
use serde_json::json;
use std::time::Duration;
use tidegate_core::feed::{Change, Cursor};
use tokio::sync::oneshot;

fn tickets(changes: &[Change]) -> Vec<String> {
    changes.iter().filter_map(Change::ticket).map(|ticket| ticket.to_string()).collect()
}

async fn next(venue: &Venue, device: &Device, cursor: &mut Cursor) -> Vec<String> {
    let (changes, reached) = venue.feed(device, *cursor).await;
    *cursor = reached;
    tickets(&changes)
}

servers!(a_row_that_was_published_first_and_committed_last_is_not_skipped);
async fn a_row_that_was_published_first_and_committed_last_is_not_skipped() {
    let venue = Venue::new().await;
    let gate = venue.device("gate", "gate").await;
    let order = venue.paid("k", 2).await;
    let (first, second) = (ticket_id(&order, 0), ticket_id(&order, 1));
    let mut cursor = Cursor::default();
    assert_eq!(next(&venue, &gate, &mut cursor).await.len(), 2);
    let (published, waits) = oneshot::channel();
    let (go, told) = oneshot::channel::<()>();
    let other = venue.cloud.beside().await;
    let slow = tokio::spawn(async move {
        let work = other.app.write(move |tx, _| {
            Box::pin(async move {
                let ticket = cloud_sync::store::tickets::get(tx, first).await?.unwrap();
                tx.publish(ticket.event, Change::Ticket(Box::new(ticket.row)));
                published.send(()).unwrap();
                told.await.unwrap();
                Ok(())
            })
        });
        work.await.unwrap();
    });
    waits.await.unwrap();
    let block = format!("/v1/tickets/{second}/block");
    venue.cloud.post(&venue.organizer, &block, json!({"reason": "lost"})).await.ok();
    assert_eq!(next(&venue, &gate, &mut cursor).await, [second.to_string()]);
    go.send(()).unwrap();
    slow.await.unwrap();
    assert_eq!(next(&venue, &gate, &mut cursor).await, [first.to_string()], "published first, committed last");
    assert!(next(&venue, &gate, &mut cursor).await.is_empty());
}

servers!(a_later_revision_waits_for_an_earlier_one_to_commit);
async fn a_later_revision_waits_for_an_earlier_one_to_commit() {
    let venue = Venue::new().await;
    let gate = venue.device("gate", "gate").await;
    let order = venue.paid("k", 2).await;
    let (first, second) = (ticket_id(&order, 0), ticket_id(&order, 1));
    let mut cursor = Cursor::default();
    next(&venue, &gate, &mut cursor).await;
    let slow = venue.cloud.database.session().await;
    // What a server does between taking a revision and its commit, by hand.
    let taken = "BEGIN; UPDATE feeds SET revision = revision + 1;
        UPDATE feed_rows SET revision = (SELECT revision FROM feeds WHERE feeds.event = feed_rows.event)";
    let this = format!("WHERE kind = 7 AND row_key = '\\x{}'", data_encoding::HEXLOWER.encode(&first.to_bytes()));
    slow.batch_execute(&format!("{taken} {this}")).await.unwrap();
    let (server, token) = (venue.cloud.beside().await, venue.organizer.clone());
    let later = tokio::spawn(async move {
        server.post(&token, &format!("/v1/tickets/{second}/block"), json!({"reason": "lost"})).await.ok()
    });
    // It comes to the counter and stands there.
    venue.cloud.database.blocks(&later, "UPDATE feeds%").await;
    assert!(next(&venue, &gate, &mut cursor).await.is_empty(), "neither is committed");
    slow.batch_execute("COMMIT").await.unwrap();
    later.await.unwrap();
    let (changes, _) = venue.feed(&gate, cursor).await;
    assert_eq!(tickets(&changes), [first.to_string(), second.to_string()]);
}

servers!(an_idle_open_transaction_does_not_freeze_revocations);
async fn an_idle_open_transaction_does_not_freeze_revocations() {
    let venue = Venue::new().await;
    let (gate, lost) = (venue.device("gate", "gate").await, venue.device("lost", "gate").await);
    let order = venue.paid("k", 1).await;
    let mut cursor = Cursor::default();
    next(&venue, &gate, &mut cursor).await;
    let idle = venue.cloud.database.session().await;
    let open =
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM feeds; SELECT * FROM tickets; SELECT * FROM devices;
        INSERT INTO organizers (id, name, created_at) VALUES ('org_idle', 'idle', 0)";
    idle.batch_execute(open).await.unwrap();
    let other = venue.cloud.beside().await;
    let ticket = ticket_id(&order, 0).to_string();
    other.post(&venue.organizer, &format!("/v1/tickets/{ticket}/cancel"), json!({})).await.ok();
    other.post(&venue.organizer, &format!("/v1/devices/{}/revoke", lost.identity.device), json!({})).await.ok();
    let (changes, _) = venue.feed(&gate, cursor).await;
    assert_eq!(tickets(&changes), [ticket]);
    let revoked = changes.iter().any(|change| {
        matches!(change, Change::Device(device) if device.id == lost.identity.device && device.revoked_at.is_some())
    });
    assert!(revoked);
    idle.batch_execute("ROLLBACK").await.unwrap();
}

servers!(who_waits_too_long_for_somebody_elses_lock_is_told_to_come_again);
async fn who_waits_too_long_for_somebody_elses_lock_is_told_to_come_again() {
    let venue = Venue::new().await;
    let order = venue.order("k", 1).await;
    let stuck = venue.cloud.database.session().await;
    stuck.batch_execute("BEGIN; UPDATE feeds SET revision = revision").await.unwrap();
    let pay = format!("/v1/orders/{}/pay", order["id"].as_str().unwrap());
    let answer = venue.cloud.post(&venue.organizer, &pay, json!({"provider": "test"})).await;
    assert!(
        answer.retry_after.is_some_and(|seconds| Duration::from_secs(seconds.into()) <= Duration::from_secs(5))
    );
    answer.refused(503, "database_busy");
    stuck.batch_execute("ROLLBACK").await.unwrap();
    venue.cloud.post(&venue.organizer, &pay, json!({"provider": "test"})).await.ok();
}
