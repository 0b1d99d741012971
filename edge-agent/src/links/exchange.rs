//! Both ends of an exchange: asking over a link, and answering a peer.
//!
//! What comes in is taken in one transaction before it is acknowledged, by the
//! vector that goes back. The asker's runs are cut at signed heads; the answer
//! holds what the asker lacks and pages of the feed, as many as fit.

use super::{Far, Link};
use crate::agent::Agent;
use crate::store::journal::Whose;
use crate::store::{Connection, Fault, acts, journal, replica};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response as HttpResponse};
use std::sync::Arc;
use std::time::Instant;
use tidegate_core::feed::SignedPage;
use tidegate_core::id::DeviceId;
use tidegate_core::journal::Run;
use tidegate_core::sync::{MAX_MESSAGE_ENTRIES, Rejected, Request, Response, VERSION, Vector};
use tidegate_core::trust::Rights;
use tidegate_link::body;
use tidegate_link::client::LinkError;
use tidegate_link::problem::Problem;
use tidegate_link::tls::Peer;

/// How much an exchange asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Our own new entries, at once.
    Push,
    /// Everything: all journals both ways, and the feed.
    Repair,
}

/// How an exchange ended.
pub struct Done {
    /// What the other side has now.
    pub theirs: Vector,
    /// Who it is, if it is a device.
    pub device: Option<DeviceId>,
    /// Whether there is more to do at once.
    pub more: bool,
    /// Whether something we sent was not taken; it is offered again later, not at once.
    pub refused: bool,
}

/// Asks the other side once.
pub async fn ask(agent: &Agent, link: &Link, depth: Depth) -> Result<Done, LinkError> {
    let memory = agent.store.memory();
    let (request, more_runs) = request(agent, link, depth).await.map_err(|f| LinkError::Setup(f.to_string()))?;
    let sent = !request.runs.is_empty();
    let started = Instant::now();
    let (response, ..) = link.client.exchange(&request).await?;
    if link.far == Far::Cloud {
        agent.store.time().trust(response.now, started.elapsed());
    }
    let theirs = response.vector.unwrap_or_else(|| memory.vector.clone());
    response.rejected.iter().for_each(|rejected| tell(link, rejected));
    take(agent, &link.address, response.runs, response.pages)
        .await
        .map_err(|f| LinkError::Setup(f.to_string()))?;
    let (device, refused) = (response.device, !response.rejected.is_empty());
    // What we could not take comes again as it is: asking for it at once would ask for ever.
    let after = agent.store.memory();
    let took = after.vector != memory.vector || after.cursor != memory.cursor;
    let progress = took || (sent && !refused);
    Ok(Done { theirs, device, more: progress && !refused && (response.more || more_runs), refused })
}

fn tell(link: &Link, rejected: &Rejected) {
    tracing::warn!(link = %link.address, journal = %rejected.journal, code = rejected.code, "run not taken there");
}

async fn request(agent: &Agent, link: &Link, depth: Depth) -> Result<(Request, bool), Fault> {
    let memory = agent.store.memory();
    let own = agent.enrolment.journal();
    let whose = if depth == Depth::Push { Whose::Only(own) } else { Whose::All };
    // Nothing is offered before the other side has said once what it has.
    let theirs = link.theirs();
    let (runs, more) = match theirs {
        Some(theirs) => {
            let memory = memory.clone();
            let read = move |c: &Connection| journal::lacking(c, &memory, &theirs, whose, MAX_MESSAGE_ENTRIES);
            agent.store.read(read).await?
        }
        None => (Vec::new(), true),
    };
    let repair = depth == Depth::Repair;
    let request = Request {
        version: VERSION,
        event: agent.enrolment.event(),
        digest: memory.vector.digest(),
        vector: repair.then(|| memory.vector.clone()),
        runs,
        feed: repair.then_some(memory.cursor),
        now: agent.store.time().read().now,
    };
    Ok((request, more))
}

/// Takes entries and pages in one transaction, and accepts what was given to us.
async fn take(
    agent: &Agent,
    source: &str,
    runs: Vec<Run>,
    pages: Vec<SignedPage>,
) -> Result<Vec<Rejected>, Fault> {
    if runs.is_empty() && pages.is_empty() {
        return Ok(Vec::new());
    }
    let source = source.to_owned();
    let serves = agent.enrolment.identity.all_rights().holds(Rights::SERVE);
    let work = move |tx: &mut crate::store::tx::Tx<'_>| {
        replica::take(tx, &source, &pages)?;
        let rejected = journal::take(tx, &source, &runs)?;
        if serves {
            acts::accept_offers(tx)?;
        }
        Ok(rejected)
    };
    agent.store.write(work).await
}

/// Answers another agent.
pub async fn answer(
    State(agent): State<Arc<Agent>>,
    Extension(peer): Extension<Peer>,
    body: Result<Bytes, BytesRejection>,
) -> Result<HttpResponse, Problem> {
    let Some(identity) = peer.0 else {
        let code = StatusCode::UNAUTHORIZED;
        return Err(Problem::new(code, "no_certificate", "Devices show their certificate"));
    };
    // The connection may be older than a revocation.
    super::gate(&agent.enrolment, &agent.store).admit(&identity).map_err(|fault| {
        Problem::new(StatusCode::FORBIDDEN, fault.code(), "This device is not welcome here").why(fault.to_string())
    })?;
    let request: Request = body::decode(&body.map_err(|_| body::too_large())?)?;
    check(&agent, &request)?;
    let response = respond(&agent, &identity.name, request).await.map_err(|fault| {
        tracing::error!(error = %fault, "exchange failed");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, fault.code(), "Nothing was taken")
            .why(fault.to_string())
            .action(fault.action())
    })?;
    Ok(([("content-type", body::CONTENT_TYPE)], body::encode(&response)).into_response())
}

fn check(agent: &Agent, request: &Request) -> Result<(), Problem> {
    if request.version != VERSION {
        let why = format!("it speaks version {}, this agent {VERSION}", request.version);
        return Err(Problem::new(StatusCode::BAD_REQUEST, "version", "Another version of the exchange").why(why));
    }
    if request.event != agent.enrolment.event() {
        return Err(Problem::new(StatusCode::FORBIDDEN, "wrong_event", "This device works for another event"));
    }
    Ok(())
}

async fn respond(agent: &Agent, source: &str, request: Request) -> Result<Response, Fault> {
    let rejected = take(agent, source, request.runs, Vec::new()).await?;
    let memory = agent.store.memory();
    let digest = memory.vector.digest();
    let same = digest == request.digest;
    let wanted = request.vector.filter(|_| !same);
    let (snapshot, feed) = (memory.clone(), request.feed.filter(|theirs| *theirs != memory.cursor));
    let read = move |connection: &Connection| {
        let (runs, more_runs) = match wanted {
            Some(theirs) => journal::lacking(connection, &snapshot, &theirs, Whose::All, MAX_MESSAGE_ENTRIES)?,
            None => (Vec::new(), false),
        };
        let (pages, more_pages) = match feed {
            Some(cursor) => replica::pages_after(connection, cursor)?,
            None => (Vec::new(), false),
        };
        Ok((runs, pages, more_runs || more_pages))
    };
    let (runs, pages, more) = agent.store.read(read).await?;
    let vector = (!same).then(|| memory.vector.clone());
    Ok(Response {
        digest,
        vector,
        runs,
        pages,
        rejected,
        more,
        now: agent.store.time().read().now,
        device: Some(agent.enrolment.identity.device),
    })
}
