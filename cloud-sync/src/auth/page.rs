//! The table of roles as a page of the documentation, made from what is enforced.

use super::{Role, TABLE, may};
use std::fmt::Write;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, PathItem};

const HEAD: &str = "# Who may do what

Made by `cloud-sync roles` from the table that the cloud enforces (`cloud-sync/src/auth.rs`) and from its OpenAPI
document; a test compares. Another test asks every route as every role, with its own and with others' ids.

- A **token** has a role. Without a token, or with one that is not known, the answer is `401 unauthorized`; many
  failed attempts from one address are answered `429 too_many_attempts`.
- **admin** runs the installation, and sees every organizer's things.
- **organizer** and **employee** belong to one organizer, and see its things.
- **customer** belongs to one organizer too, sees its events and products, and its own orders and tickets alone.
- A route that a role may not use is answered `403 not_allowed`, whatever it was asked about.
- What belongs to another organizer does not exist: `404 not_found`, in addresses, queries and bodies alike, with the
  same words as for an id that nobody has. At the desk an unknown ticket or product is not a fault but a verdict,
  and another organizer's is as unknown as nobody's.

| | admin | organizer | employee | customer | |
|---|---|---|---|---|---|
";

const TAIL: &str = "
`all`: whatever there is. `its`: what belongs to its organizer. `own`: its own orders and their tickets.
`—`: `403 not_allowed`.

Customers pay their orders with the test provider alone, and only where `serve --test-payments` lets them: elsewhere
`403 test_payments_off`.

Without a token: `GET /healthz`, `GET /readyz`, `GET /openapi.json`, `GET /docs`.

Devices have no tokens. They prove themselves by their certificates on the device link, another address with mutual
TLS: `POST /v1/enrol` gives a certificate for a one-time code, `POST /v1/exchange` exchanges journals and feed.
";

/// The page.
pub fn roles(document: &OpenApi) -> String {
    let mut page = HEAD.to_owned();
    for (method, path, _) in TABLE {
        let cells: Vec<String> = Role::ALL.into_iter().map(|role| cell(role, method, path).to_owned()).collect();
        let summary = summary(document, method, path);
        let _ = writeln!(page, "| `{method} {path}` | {} | {summary} |", cells.join(" | "));
    }
    page.push_str(TAIL);
    page
}

/// What of it a role reaches by a route.
fn cell(role: Role, method: &str, path: &str) -> &'static str {
    let bought = path.starts_with("/v1/orders") || path.starts_with("/v1/tickets");
    match role {
        role if !may(role, method, path) => "—",
        Role::Admin => "all",
        Role::Customer if bought => "own",
        Role::Organizer | Role::Employee | Role::Customer => "its",
    }
}

fn summary<'d>(document: &'d OpenApi, method: &str, path: &str) -> &'d str {
    let item = document.paths.paths.get(path);
    let found = item.and_then(|item| operations(item).find(|(m, _)| *m == method));
    found.and_then(|(_, operation)| operation.summary.as_deref()).unwrap_or_default()
}

fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let all = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}
