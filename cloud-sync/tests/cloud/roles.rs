//! Every route as every role, over real sockets: what the table allows works, what it
//! does not allow is forbidden, and what belongs to somebody else does not exist.

use crate::tenancy::requests::{request, requests, routes};
use crate::tenancy::{Answer, Ids, Tenant, World};
use cloud_sync::auth::{Role, TABLE, may, page};
use cloud_sync::router;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Said where the state of things is against it: the caller was let in and found the thing.
const CONFLICTS: [&str; 3] = ["order_state", "key_signs", "already_refunded"];

/// What is done to orders that were not paid yet, or to things that are gone afterwards.
const MOVES: [&str; 5] = [
    "/v1/orders/{id}/pay",
    "/v1/orders/{id}/cancel",
    "/v1/orders/{id}/expire",
    "/v1/orders/{id}/approve",
    "/v1/staff/{event}/{name}",
];

/// Ids that the desk's law judges, where the event itself is the caller's: unknown ones are verdicts.
const JUDGED: [(&str, &[&str]); 3] = [
    ("/v1/events/{id}/scans", &["ticket"]),
    ("/v1/events/{id}/servings", &["ticket", "beer"]),
    ("/v1/events/{id}/undo", &["act"]),
];

fn token<'t>(world: &'t World, tenant: &'t Tenant, role: Role) -> &'t str {
    match role {
        Role::Admin => &world.admin,
        Role::Organizer => &tenant.organizer,
        Role::Employee => &tenant.employee,
        Role::Customer => &tenant.customer,
    }
}

const ROLES: [Role; 4] = [Role::Admin, Role::Organizer, Role::Employee, Role::Customer];

#[test]
fn the_table_and_the_document_name_the_same_routes() {
    let documented: BTreeSet<_> = routes().into_iter().collect();
    let table: BTreeSet<_> = TABLE.iter().map(|(m, p, _)| ((*m).to_owned(), (*p).to_owned())).collect();
    assert_eq!(documented, table);
    assert_eq!(TABLE.len(), table.len(), "no route stands twice");
}

#[test]
fn the_page_of_roles_is_what_is_enforced() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/roles.md");
    let page = page::roles(&router::document());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(file, &page).unwrap();
    }
    let found = std::fs::read_to_string(file).unwrap_or_default();
    assert!(found == page, "docs/roles.md is out of date: cargo run -p cloud-sync -- roles > docs/roles.md");
}

both!(every_role_does_what_the_table_allows_and_nothing_else);
async fn every_role_does_what_the_table_allows_and_nothing_else() {
    let world = World::new().await;
    let tenant = world.tenant("Club").await;
    for role in ROLES {
        let token = token(&world, &tenant, role);
        let buyer = if role == Role::Customer { token } else { &tenant.organizer };
        let paid = world.things(&tenant, buyer).await;
        for (method, path) in routes() {
            let unpaid = match MOVES.contains(&path.as_str()) {
                true => Some(world.unpaid(&tenant, buyer).await),
                false => None,
            };
            let mut worked = 0;
            for (place, body) in requests(&method, &path, unpaid.as_ref().unwrap_or(&paid)) {
                let answer = world.ask(token, &method, &place, body.as_ref()).await;
                let said = format!("{role:?} {method} {place} {body:?}: {answer:?}");
                let done = answer.status < 300;
                match may(role, &method, &path) {
                    true => {
                        assert!(done || (answer.status == 409 && CONFLICTS.contains(&answer.code())), "{said}")
                    }
                    false => assert_eq!((answer.status, answer.code()), (403, "not_allowed"), "{said}"),
                }
                worked += u32::from(done);
            }
            assert_eq!(worked > 0, may(role, &method, &path), "{role:?} {method} {path} never worked");
        }
    }
}

both!(nobody_does_anything_without_a_token_that_is_known);
async fn nobody_does_anything_without_a_token_that_is_known() {
    let world = World::new().await;
    let tenant = world.tenant("Club").await;
    let ids = world.things(&tenant, &tenant.organizer).await;
    let before = view(&world, &tenant, &ids).await;
    let forged = format!("tg_{}", "a".repeat(52));
    for token in ["", "garbage", &forged, &tenant.organizer.to_uppercase()] {
        for (method, path) in routes() {
            for (place, body) in requests(&method, &path, &ids) {
                world.pass(60);
                let answer = world.ask(token, &method, &place, body.as_ref()).await;
                assert_eq!((answer.status, answer.code()), (401, "unauthorized"), "{token} {method} {place}");
            }
        }
    }
    assert_eq!(view(&world, &tenant, &ids).await, before);
}

both!(what_belongs_to_another_organizer_does_not_exist_wherever_it_is_named);
async fn what_belongs_to_another_organizer_does_not_exist_wherever_it_is_named() {
    let world = World::new().await;
    let (ours, theirs) = (world.tenant("Club").await, world.tenant("Rival").await);
    for role in [Role::Organizer, Role::Employee, Role::Customer] {
        let token = token(&world, &theirs, role);
        let buyer = if role == Role::Customer { token } else { &theirs.organizer };
        let (own, foreign) = (world.things(&theirs, buyer).await, world.things(&ours, &ours.organizer).await);
        let before = view(&world, &ours, &foreign).await;
        let mut tried = 0;
        for (method, path) in routes().into_iter().filter(|(method, path)| may(role, method, path)) {
            tried += slip(&world, token, (&method, &path), (&own, &foreign)).await;
        }
        println!("{role:?}: {tried} requests with another organizer's ids");
        assert_eq!(view(&world, &ours, &foreign).await, before, "{role:?} changed another organizer's things");
    }
    let events = world.ask(&theirs.organizer, "GET", "/v1/events", None).await;
    assert!(!events.body.to_string().contains(&ours.id), "{events:?}");
}

/// Asks a route with every choice of foreign ids among its own; gives how many there were.
async fn slip(world: &World, token: &str, (method, path): (&str, &str), (own, foreign): (&Ids, &Ids)) -> usize {
    let mut tried = 0;
    for way in 0..requests(method, path, own).len() {
        request(method, path, way, own);
        let slots = own.used();
        for choice in 1..1_usize << slots.len() {
            let slipped: Vec<&'static str> =
                slots.iter().enumerate().filter(|(n, _)| choice >> n & 1 == 1).map(|(_, slot)| *slot).collect();
            let ask = async |ids: &Ids| {
                let (place, body) = request(method, path, way, ids);
                world.ask(token, method, &place, body.as_ref()).await
            };
            let answer = ask(&own.with(&slipped, foreign)).await;
            let nobodys = foreign.of_nobody();
            let unknown = ask(&own.with(&slipped, &nobodys)).await;
            let said = format!("{method} {path} (way {way}) with another's {slipped:?}: {answer:?}");
            let only = |some: &[&str]| slipped.iter().all(|slot| some.contains(slot));
            let judged = JUDGED.iter().any(|(of, judged)| *of == path && only(judged));
            if judged {
                assert_eq!((answer.status, answer.body["verdict"].as_str()), (200, Some("refuse")), "{said}");
            } else if only(&["staff", "ticket"]) && path.ends_with("/scans") {
                // Whoever is no supervisor here has no PIN here; the ticket is not looked at any more.
                assert_eq!((answer.status, answer.code()), (403, "wrong_pin"), "{said}");
            } else {
                assert_eq!((answer.status, answer.code()), (404, "not_found"), "{said}");
            }
            assert_eq!(plain(answer, foreign), plain(unknown, &nobodys), "{said}: told apart from nobody's");
            tried += 1;
        }
    }
    tried
}

/// An answer without the ids that were asked about.
fn plain(mut answer: Answer, ids: &Ids) -> (u16, String) {
    if let Some(card) = answer.body.as_object_mut() {
        card.remove("entry");
    }
    let mut text = answer.body.to_string();
    for (slot, id) in &ids.all {
        text = text.replace(id, slot);
    }
    (answer.status, text)
}

/// Everything that an organizer sees of an event.
async fn view(world: &World, tenant: &Tenant, ids: &Ids) -> Vec<Value> {
    let mut seen = Vec::new();
    for (method, path) in routes() {
        if method == "GET" && path != "/v1/organizers" && !path.contains("qr.") && !path.contains("badge.") {
            let (place, _) = request(&method, &path, 0, ids);
            let mut answer = world.ask(&tenant.organizer, "GET", &place, None).await;
            assert_eq!(answer.status, 200, "{place} {answer:?}");
            answer.body.as_object_mut().unwrap().remove("at"); // when a report was counted
            seen.push(answer.body);
        }
    }
    seen
}

both!(a_customer_sees_nobody_elses_orders_and_tickets);
async fn a_customer_sees_nobody_elses_orders_and_tickets() {
    let world = World::new().await;
    let tenant = world.tenant("Club").await;
    let ids = world.things(&tenant, &tenant.customer).await;
    for (method, path) in routes().into_iter().filter(|(method, path)| may(Role::Customer, method, path)) {
        for way in 0..requests(&method, &path, &ids).len() {
            let (place, body) = request(&method, &path, way, &ids);
            let used = ids.used();
            let answer = world.ask(&tenant.other_customer, &method, &place, body.as_ref()).await;
            if used.contains(&"order") || used.contains(&"ticket") {
                assert_eq!((answer.status, answer.code()), (404, "not_found"), "{method} {place} {answer:?}");
            } else if method == "GET" && (path == "/v1/orders" || path == "/v1/tickets") {
                // All they find are orders that they placed in this very loop.
                assert!(!answer.body.to_string().contains(&ids.all["order"]), "{method} {place} {answer:?}");
            }
        }
    }
}

both!(nobody_makes_tokens_above_or_beside_their_own);
async fn nobody_makes_tokens_above_or_beside_their_own() {
    let world = World::new().await;
    let (ours, theirs) = (world.tenant("Club").await, world.tenant("Rival").await);
    let make = async |token: &str, body: Value| world.ask(token, "POST", "/v1/tokens", Some(&body)).await;
    let admin = make(&ours.organizer, json!({"role": "admin", "name": "spy"})).await;
    assert_eq!((admin.status, admin.code()), (422, "invalid"));
    let beside = make(&ours.organizer, json!({"role": "organizer", "name": "spy", "organizer": theirs.id})).await;
    assert_eq!((beside.status, beside.code()), (404, "not_found"));
    for token in [&ours.employee, &ours.customer] {
        let answer = make(token, json!({"role": "customer", "name": "spy"})).await;
        assert_eq!((answer.status, answer.code()), (403, "not_allowed"));
    }
}
