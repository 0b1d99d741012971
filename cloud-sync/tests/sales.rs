//! Selling: orders, money, repeated requests, tickets and their codes.

mod common;

use common::{Venue, ticket_id};
use serde_json::json;

#[tokio::test]
async fn an_order_is_placed_paid_and_its_tickets_are_genuine() {
    let venue = Venue::new().await;
    let order = venue.order("k1", 2).await;
    assert_eq!((order["state"].as_str(), order["total_minor"].as_i64()), (Some("pending"), Some(5_000)));
    let paid = venue.paid("k2", 1).await;
    assert_eq!(paid["state"], "paid");
    assert_eq!(paid["tickets"][0]["status"], "paid");
    let gate = venue.device("gate-1", "gate").await;
    let (changes, _) = venue.feed(&gate, Default::default()).await;
    println!("{changes:?} {:?}", ticket_id(&paid, 0));
    let _ = json!({});
}
