//! Trying a list out: what an entry would be answered, by the law itself.
//!
//! The ticket is a real one with its history, or an imagined one without any.
//! Nothing is recorded.

use super::rules;
use crate::api::lists::date_of;
use crate::api::orders::create::variation_of;
use crate::api::{Answer, By, Shared};
use crate::app::App;
use crate::auth::Caller;
use crate::desk::{Attendant, Desk};
use crate::fault::Fault;
use crate::json::{Body, Instant, Line, Path, maybe_text};
use crate::scope;
use crate::store::Tx;
use crate::store::events::EventRecord;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_core::api::{AskedQuestion, Explanation, Verdict};
use tidegate_core::catalogue::{CheckInList, TicketRow};
use tidegate_core::decide::{Scan, Shown};
use tidegate_core::id::TicketId;
use tidegate_core::language::Language;
use tidegate_link::language::Preferred;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// What is to be tried: a ticket, or a product.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestRequest {
    /// A ticket with its history, `tkt_…`.
    pub ticket: Option<String>,
    /// Instead of a ticket: the product of an imagined one, `prd_…`.
    pub product: Option<String>,
    /// The variation of the imagined ticket.
    pub variation: Option<u16>,
    /// The date of the imagined ticket.
    pub date: Option<u16>,
    /// When; now if absent.
    pub at: Option<Instant>,
    /// The gate's name.
    #[schema(value_type = Option<Line>)]
    pub gate: Option<String>,
    /// Other rules than the list's, to try them before they are saved; null for none.
    #[serde(default, deserialize_with = "crate::json::present")]
    #[schema(value_type = Option<Value>)]
    pub rules: Option<Option<Value>>,
}

/// What an entry would be answered.
#[derive(Serialize, ToSchema)]
pub struct TestView {
    /// What it means.
    verdict: Verdict,
    /// Stable code: `ok`, `rule`, `used`, …
    code: String,
    /// Why, what to do, what to say.
    explain: Explanation,
    /// When it would be.
    at: String,
    /// Everything that the rules have against it, what is hardest to mend first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Explanation>,
    /// What the guest would be asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    questions: Vec<AskedQuestion>,
}

/// Says what an entry on this list would be answered; nothing is recorded.
#[utoipa::path(post, path = "/v1/lists/{id}/test", tag = "catalogue", request_body = TestRequest,
    params(Preferred), responses((status = 200, body = TestView), (status = "default", body = Problem)))]
pub async fn test(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Preferred(language): Preferred,
    Body(request): Body<TestRequest>,
) -> Answer<TestView> {
    let language = language.unwrap_or_default();
    app.read(move |tx, app| Box::pin(tried(tx, app, (caller, language), id, request))).await.map(Json)
}

/// The same without HTTP.
pub async fn tried(
    tx: &mut Tx,
    app: &App,
    (caller, language): (Caller, Language),
    id: String,
    request: TestRequest,
) -> Result<TestView, Fault> {
    let (list, event) = scope::list(tx, &caller, &id).await?;
    let list = match &request.rules {
        Some(Some(given)) => CheckInList { rules: Some(rules::checked(tx, event.id, given).await?), ..list.row },
        Some(None) => CheckInList { rules: None, ..list.row },
        None => list.row,
    };
    let (id, imagined) = ticket(tx, (&caller, &event), &request).await?;
    let gate = maybe_text("gate", request.gate.as_ref())?;
    let scan = Scan { at: request.at.map(|at| at.0), gate, ..Scan::of(Shown::Found(id)) };
    let mut desk = Desk::open(tx, app, event.id).await?;
    desk.turn_to(Attendant { language, ..Attendant::default() });
    let (answer, reasons) = desk.imagine(tx, (&scan, &list), imagined).await?;
    let (verdict, code, explain, at) = (answer.verdict, answer.code, answer.explain, answer.at);
    Ok(TestView { verdict, code, explain, at, reasons, questions: answer.questions })
}

/// Which ticket is tried, and its row where it was imagined.
async fn ticket(
    tx: &mut Tx,
    (caller, event): (&Caller, &EventRecord),
    request: &TestRequest,
) -> Result<(TicketId, Option<TicketRow>), Fault> {
    match (&request.ticket, &request.product) {
        (Some(id), None) if request.variation.is_none() && request.date.is_none() => {
            let (ticket, of) = scope::ticket(tx, caller, id).await?;
            if of.id == event.id { Ok((ticket.row.id, None)) } else { Err(Fault::missing("ticket")) }
        }
        (None, Some(product)) => {
            let product = scope::product_of(tx, event.id, product).await?;
            let nobody = TicketId::from_bytes([0; TicketId::BYTES]);
            let variation = variation_of(&product.variations, request.variation)?;
            let date = date_of(event, request.date)?;
            Ok((nobody, Some(TicketRow { variation, date, ..TicketRow::new(nobody, product.number) })))
        }
        _ => Err(Fault::invalid("Give either ticket, or product with the variation and date of an imagined one")),
    }
}
