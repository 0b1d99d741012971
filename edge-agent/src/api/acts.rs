//! Acts over HTTP: scan, serve, undo.

use super::input::{self, bad};
use super::problem;
use crate::agent::Agent;
use crate::store::Fault;
use crate::store::acts::{self, Key, Mode, Which};
use crate::store::recent::Seen;
use crate::store::tx::Tx;
use crate::store::typed::Put;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_core::api::{Answer, Direction};
use tidegate_core::decide::key::Operation;
use tidegate_core::decide::{Scan, Shown};
use tidegate_core::id::ListId;
use tidegate_core::journal::kind::{Answered, Override};
use tidegate_core::serve::{MAX_QUANTITY, Order};
use tidegate_link::language::Preferred;
use tidegate_link::problem::{Body, Problem};
use utoipa::ToSchema;

/// A supervisor's decision, by an open session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideRequest {
    /// From `POST /v1/sessions`.
    session: String,
    /// Why.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// A code that was read, a ticket that was found, or a scan again: exactly one of `code`, `ticket`, `again`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    /// The text of the code, or the short code under it.
    #[schema(max_length = 4096)]
    code: Option<String>,
    /// Instead of a code: a ticket found by search, `tkt_…`. Somebody without a code comes in for a `reason`.
    ticket: Option<String>,
    /// Instead of a code: the `entry` of an answer of this device that refused or asked. The same scan is
    /// decided again, by the very code that was shown, on its list, its way and at its gate where none are
    /// given here: with `answers`, `confirm_unpaid` or `override`, also for a scan that came by a camera.
    /// The agent holds the last 256 scans that it did not let in, for ten minutes and until it is
    /// restarted; otherwise the answer is 404 `scan_again`.
    #[schema(max_length = 100)]
    again: Option<String>,
    /// Why somebody without a code is let in.
    #[schema(min_length = 1, max_length = 200)]
    reason: Option<String>,
    /// What the guest answered, by the question's id.
    #[serde(default)]
    answers: BTreeMap<String, String>,
    /// Name of the check-in list; this device's own if absent.
    list: Option<String>,
    /// Which way; `entry` if absent.
    direction: Option<Direction>,
    /// The scan's own trusted time, RFC 3339.
    at: Option<String>,
    /// The gate's name.
    gate: Option<String>,
    /// Idempotency key.
    #[schema(min_length = 1, max_length = 100)]
    key: Option<String>,
    /// An unpaid ticket was settled.
    #[serde(default)]
    confirm_unpaid: bool,
    /// A supervisor decides.
    #[serde(rename = "override")]
    overriding: Option<OverrideRequest>,
    /// What would happen; nothing is recorded.
    #[serde(default)]
    dry_run: bool,
}

/// What a request asks for.
enum Given {
    /// A code or a ticket, and where.
    Put { put: Put, list: ListId, direction: Direction, gate: Option<String>, reason: Option<String> },
    /// A scan that was refused, by its entry, and what is said otherwise this time.
    Again {
        entry: String,
        list: Option<ListId>,
        direction: Option<Direction>,
        gate: Option<String>,
        reason: Option<String>,
    },
}

impl Given {
    fn of(agent: &Agent, request: &ScanRequest) -> Result<Self, Problem> {
        let reason = input::name("reason", request.reason.clone())?;
        let gate = input::name("gate", request.gate.clone())?;
        let (name, direction) = (request.list.as_deref(), request.direction);
        match (&request.again, &request.code, &request.ticket) {
            (Some(entry), None, None) => {
                let list = name.map(|name| input::list(agent, Some(name))).transpose()?;
                Ok(Self::Again { entry: entry.clone(), list, direction, gate, reason })
            }
            (Some(_), _, _) => Err(bad("code_or_ticket", "Give exactly one of code, ticket and again")),
            (None, code, ticket) => {
                let put = input::put(agent, code.as_deref(), ticket.as_deref())?;
                if matches!(put, Put::Shown(Shown::Found(_))) && reason.is_none() && !request.dry_run {
                    return Err(bad("reason_needed", "Somebody without a code comes in for a reason")
                        .action("Give reason, such as \"ID seen, phone empty\""));
                }
                let list = input::list(agent, name)?;
                let gate = gate.or_else(|| agent.config.gate.clone());
                Ok(Self::Put { put, list, direction: direction.unwrap_or_default(), gate, reason })
            }
        }
    }

    /// Hash of all that is asked, for its key.
    fn key(&self, request: &ScanRequest, answers: &[Answered]) -> Result<Option<Key>, Problem> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let way = |way: Direction| if way == Direction::Exit { "exit" } else { "entry" };
        let mut parts = match self {
            Self::Put { list, direction, gate, .. } => {
                let (code, ticket) = (text(&request.code), text(&request.ticket));
                vec![code, ticket, list.to_string(), way(*direction).into(), text(gate)]
            }
            // No request has both a code and a ticket: these parts are no other request's.
            Self::Again { entry, list, direction, gate, .. } => {
                let list = list.map(|list| list.to_string()).unwrap_or_default();
                vec!["again".into(), entry.clone(), list, direction.map_or("", way).into(), text(gate)]
            }
        };
        parts.push(if request.confirm_unpaid { "confirmed".into() } else { String::new() });
        // Not who decided: a repeat is answered after their session ended.
        parts.push(request.overriding.as_ref().map(|by| by.reason.clone()).unwrap_or_default());
        parts.extend(answers.iter().flat_map(|a| [a.question.clone(), a.text.clone()]));
        // One part after pairs; without it, the parts are those of earlier versions.
        parts.extend(self.reason().map(str::to_owned));
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        input::key(request.key.clone(), &parts)
    }

    /// Why somebody without a code is let in.
    fn reason(&self) -> Option<&str> {
        match self {
            Self::Put { reason, .. } | Self::Again { reason, .. } => reason.as_deref(),
        }
    }

    /// What is decided about, looked up where it is decided.
    fn seen(self, tx: &mut Tx<'_>) -> Result<Result<Seen, Problem>, Fault> {
        Ok(match self {
            Self::Put { put, list, direction, gate, reason } => {
                let shown = put.shown(tx)?.map_err(input::slow_down);
                shown.map(|shown| Seen { shown, list, direction, gate, reason })
            }
            Self::Again { entry, list, direction, gate, reason } => {
                let held = acts::held(tx, &entry).ok_or_else(scan_again);
                held.map(|held| Seen {
                    list: list.unwrap_or(held.list),
                    direction: direction.unwrap_or(held.direction),
                    gate: gate.or(held.gate),
                    reason: reason.or(held.reason),
                    shown: held.shown,
                })
            }
        })
    }
}

/// Decides a scan and records it.
#[utoipa::path(post, path = "/v1/scans", tag = "acts", request_body = ScanRequest,
    params(Preferred), responses(
    (status = 200, body = Answer, description = "The verdict; a refusal is one too"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing was recorded"),
))]
pub async fn scan(
    State(agent): State<Arc<Agent>>,
    Preferred(preferred): Preferred,
    Body(mut request): Body<ScanRequest>,
) -> Result<Json<Answer>, Problem> {
    let given = Given::of(&agent, &request)?;
    let answers = input::answers(std::mem::take(&mut request.answers))?;
    let key = given.key(&request, &answers)?;
    let at = input::instant(request.at.as_deref())?;
    let overriding = request.overriding.map(OverrideRequest::read).transpose()?;
    let mode = if request.dry_run { Mode::DryRun } else { Mode::Record };
    let confirm_unpaid = request.confirm_unpaid;
    let language = preferred.unwrap_or(agent.config.language);
    let deciding = agent.clone();
    let decided = agent.store.write(move |tx| {
        // A repeat needs nobody's right; an act needs it as it stands when it is decided.
        if let Some(recorded) = acts::recorded(tx, Operation::Scan, key.as_ref(), language)? {
            return Ok(Ok(recorded));
        }
        let overriding = match overriding.map(|by| by.decides(&deciding, tx)).transpose() {
            Ok(overriding) => overriding,
            Err(problem) => return Ok(Err(problem)),
        };
        let Seen { shown, list, direction, gate, reason } = match given.seen(tx)? {
            Ok(seen) => seen,
            Err(problem) => return Ok(Err(problem)),
        };
        let scan = Scan { shown, direction, at, gate, confirm_unpaid, answers, reason, overriding };
        acts::scan(tx, &scan, list, key.as_ref(), mode, language).map(Ok)
    });
    decided.await.map_err(|fault| problem(&fault))?.map(Json)
}

fn scan_again() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "scan_again", "That scan is no longer held")
        .why("It was not refused by this device, or too long ago, or the agent was restarted since")
        .action("Scan the code again")
}

impl OverrideRequest {
    /// With a reason that an entry may hold.
    pub(super) fn read(self) -> Result<Self, Problem> {
        let reason = input::name("reason", Some(self.reason))?.unwrap_or_default();
        Ok(Self { reason, ..self })
    }

    /// Why.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// The decision, where its session is open in the transaction that acts on it.
    pub(super) fn decides(self, agent: &Agent, tx: &Tx<'_>) -> Result<Override, Problem> {
        let supervisor = agent.sessions.supervisor(&self.session, &tx.memory.catalogue);
        supervisor.map(|supervisor| Override { supervisor, reason: self.reason }).ok_or_else(no_session)
    }
}

fn no_session() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "no_session", "No supervisor is signed in with that session")
        .action("Sign in again: a session lasts two minutes")
}

/// An order at a bar.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServingRequest {
    /// The text of the code, or the short code under it.
    #[schema(max_length = 4096)]
    code: Option<String>,
    /// Instead of a code: a ticket found by search, `tkt_…`.
    ticket: Option<String>,
    /// Name of the product.
    product: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 500)]
    quantity: u16,
    /// The order's own trusted time, RFC 3339.
    at: Option<String>,
    /// Idempotency key.
    #[schema(min_length = 1, max_length = 100)]
    key: Option<String>,
    /// What would happen; nothing is recorded.
    #[serde(default)]
    dry_run: bool,
    /// A supervisor decides to serve what this device has no right to: another crate is coming.
    #[serde(rename = "override")]
    overriding: Option<OverrideRequest>,
}

/// Decides an order at a bar; takes credit and stock together, or neither.
#[utoipa::path(post, path = "/v1/servings", tag = "acts", request_body = ServingRequest,
    params(Preferred), responses(
    (status = 200, body = Answer, description = "The verdict; a refusal is one too"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing was recorded"),
))]
pub async fn serve(
    State(agent): State<Arc<Agent>>,
    Preferred(preferred): Preferred,
    Body(request): Body<ServingRequest>,
) -> Result<Json<Answer>, Problem> {
    let put = input::put(&agent, request.code.as_deref(), request.ticket.as_deref())?;
    if !(1..=MAX_QUANTITY).contains(&request.quantity) {
        return Err(bad("bad_quantity", format!("quantity is 1 to {MAX_QUANTITY}")));
    }
    let parts = [
        request.code.as_deref().unwrap_or(""),
        request.ticket.as_deref().unwrap_or(""),
        &request.product,
        &request.quantity.to_string(),
        // Not who decided: a repeat is answered after their session ended.
        request.overriding.as_ref().map_or("", |by| &by.reason),
    ];
    let key = input::key(request.key, &parts[..if request.overriding.is_some() { 5 } else { 4 }])?;
    let overriding = request.overriding.map(OverrideRequest::read).transpose()?;
    let (product, quantity) = (input::product(&agent, &request.product)?, request.quantity);
    let at = input::instant(request.at.as_deref())?;
    let mode = if request.dry_run { Mode::DryRun } else { Mode::Record };
    let language = preferred.unwrap_or(agent.config.language);
    let deciding = agent.clone();
    let decided = agent.store.write(move |tx| {
        if let Some(recorded) = acts::recorded(tx, Operation::Serving, key.as_ref(), language)? {
            return Ok(Ok(recorded));
        }
        let shown = match put.shown(tx)? {
            Ok(shown) => shown,
            Err(wait) => return Ok(Err(input::slow_down(wait))),
        };
        let overriding = match overriding.map(|by| by.decides(&deciding, tx)).transpose() {
            Ok(overriding) => overriding,
            Err(problem) => return Ok(Err(problem)),
        };
        let order = Order { shown, product, quantity, at, overriding };
        acts::serving(tx, &order, key.as_ref(), mode, language).map(Ok)
    });
    decided.await.map_err(|fault| problem(&fault))?.map(Json)
}

/// Which operation a key belongs to.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyOf {
    /// A scan.
    Scan,
    /// A serving.
    Serving,
}

/// What is to be taken back: exactly one of `key`, `entry`, `last`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoRequest {
    /// The idempotency key of the act.
    key: Option<String>,
    /// Which operation the key belongs to, a scan if absent; with `last`, of which operation the last act is
    /// meant, of any if absent.
    operation: Option<KeyOf>,
    /// The act's entry, `dev_…:incarnation:sequence`.
    entry: Option<String>,
    /// This device's last act that stands: for a person who sees the answer. Whoever may have to ask again names
    /// the key or the entry, which are taken back once however often that is asked.
    #[serde(default)]
    last: bool,
    /// The undo's own trusted time, RFC 3339.
    at: Option<String>,
}

/// Takes an act of this device back.
#[utoipa::path(post, path = "/v1/undo", tag = "acts", request_body = UndoRequest,
    params(Preferred), responses(
    (status = 200, body = Answer, description = "`annulled`, `voided`, or a refusal with its code"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing was recorded"),
))]
pub async fn undo(
    State(agent): State<Arc<Agent>>,
    Preferred(preferred): Preferred,
    Body(request): Body<UndoRequest>,
) -> Result<Json<Answer>, Problem> {
    let operation = request.operation.map(|of| match of {
        KeyOf::Scan => Operation::Scan,
        KeyOf::Serving => Operation::Serving,
    });
    let which = match (request.key, request.entry, request.last) {
        (Some(key), None, false) => Which::Key(operation.unwrap_or(Operation::Scan), key),
        (None, Some(entry), false) => Which::Entry(entry),
        (None, None, true) => Which::Last(operation),
        _ => return Err(bad("one_of", "Give exactly one of key, entry or last")),
    };
    let at = input::instant(request.at.as_deref())?;
    let language = preferred.unwrap_or(agent.config.language);
    let undone = agent.store.write(move |tx| acts::take_back(tx, &which, at, language)).await;
    undone.map(Json).map_err(|fault| problem(&fault))
}
