//! Both ends of an exchange over HTTP: asking over a link, and answering a peer.
//!
//! What is asked, answered and taken in is said in [`crate::store::exchange`]; here it
//! is carried, and waited for. What comes in is on disk before it is acknowledged, by
//! the vector that goes back.

use super::{Far, Link};
use crate::agent::Agent;
pub use crate::store::exchange::{Depth, Done};
use crate::store::memory::Memory;
use crate::store::start::rows::{self, Opened};
use crate::store::tx::Tx;
use crate::store::{Connection, Fault, contact, exchange};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response as HttpResponse};
use std::sync::Arc;
use std::time::Instant;
use tidegate_core::start::{Place, SignedShelf};
use tidegate_core::sync::{Misdirected, Rejected, Request, Response, VERSION};
use tidegate_core::trust::{Identity, TrustFault};
use tidegate_link::body;
use tidegate_link::client::LinkError;
use tidegate_link::problem::Problem;
use tidegate_link::tls::Peer;

/// Asks the other side once.
pub async fn ask(agent: &Agent, link: &Link, depth: Depth) -> Result<Done, LinkError> {
    let setup = |fault: Fault| LinkError::Setup(fault.to_string());
    let before = agent.store.memory();
    let (memory, theirs, reading) = (before.clone(), link.theirs(), agent.store.time().read());
    let rights = agent.enrolment.identity.all_rights();
    let event = agent.enrolment.event();
    let part = (depth, agent.links.part(link, depth, &before));
    let ask = move |c: &Connection| {
        exchange::part_of_request(c, &memory, (event, rights), theirs.as_ref(), part, reading)
    };
    let (request, more_runs) = agent.store.read(ask).await.map_err(setup)?;
    let started = Instant::now();
    let answered = link.client.exchange(&request).await;
    if link.far == Far::Cloud {
        note_withdrawn(agent, &before, answered.as_ref().map(drop)).await.map_err(setup)?;
    }
    let (response, ..) = answered?;
    link.answered();
    if link.far == Far::Cloud {
        agent.store.time().trust(response.now, started.elapsed());
    }
    response.rejected.iter().for_each(|rejected| tell(link, rejected));
    let (source, asked, then) = (link.address.clone(), reading.uptime, before.clone());
    let take =
        move |tx: &mut Tx<'_>| exchange::take_response(tx, &source, &response, &then, asked).map(|()| response);
    let response = agent.store.write(take).await.map_err(setup)?;
    if let Some(place) = request.start.as_ref().and_then(|asked| asked.rows) {
        shelve(agent, link, response.shelves.clone(), place).await.map_err(setup)?;
    }
    Ok(exchange::done(&request, more_runs, &response, &before, &agent.store.memory()))
}

/// Notes that the cloud has withdrawn this device, where it says so, or answers it again.
async fn note_withdrawn(agent: &Agent, before: &Memory, answered: Result<(), &LinkError>) -> Result<(), Fault> {
    let withdrawn = match answered {
        Ok(()) => false,
        Err(LinkError::Refused(problem)) if problem.code == TrustFault::Revoked.code() => true,
        Err(_) => return Ok(()), // says nothing of us
    };
    match before.contact.withdrawn == withdrawn {
        true => Ok(()),
        false => agent.store.write(move |tx| contact::withdraw(tx, withdrawn)).await,
    }
}

/// Takes shelves in, some rows at a time: whoever stands at the door comes between.
async fn shelve(agent: &Agent, link: &Link, shelves: Vec<SignedShelf>, mut place: Place) -> Result<(), Fault> {
    for shelf in shelves {
        let (key, event) = (agent.enrolment.feed_key, agent.enrolment.event());
        let opened = tokio::task::spawn_blocking(move || Opened::of(&shelf, (&key, event), place)).await;
        let opened = match opened.map_err(|_| Fault::Stopping)? {
            Ok(opened) => Arc::new(opened),
            Err(fault) => {
                tracing::warn!(link = %link.address, code = fault.code(), "shelf of tickets refused");
                return Ok(());
            }
        };
        let mut from = Some(0);
        while let Some(at) = from {
            let opened = opened.clone();
            from = agent.store.write(move |tx| rows::put(tx, &opened, at)).await?;
        }
        match opened.place(place.since) {
            Some(next) => place = next,
            None => return Ok(()),
        }
    }
    Ok(())
}

fn tell(link: &Link, rejected: &Rejected) {
    tracing::warn!(link = %link.address, journal = %rejected.journal, code = rejected.code, "run not taken there");
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
    let response = respond(&agent, &identity, request).await.map_err(|fault| {
        tracing::error!(error = %fault, "exchange failed");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, fault.code(), "Nothing was taken")
            .why(fault.to_string())
            .action(fault.action())
    })?;
    Ok(([("content-type", body::CONTENT_TYPE)], body::encode(&response)).into_response())
}

fn check(agent: &Agent, request: &Request) -> Result<(), Problem> {
    request.is_for(agent.enrolment.event()).map_err(|misdirected| match misdirected {
        Misdirected::Version => {
            let why = format!("it speaks version {}, this agent {VERSION}", request.version);
            Problem::new(StatusCode::BAD_REQUEST, "wrong_version", "Another version of the exchange").why(why)
        }
        Misdirected::Event => {
            Problem::new(StatusCode::FORBIDDEN, "wrong_event", "This device works for another event")
        }
    })
}

async fn respond(agent: &Agent, peer: &Identity, request: Request) -> Result<Response, Fault> {
    let (source, device) = (peer.name.clone(), peer.device);
    let take = move |tx: &mut Tx<'_>| {
        exchange::take_request(tx, &source, device, &request).map(|rejected| (rejected, request))
    };
    let (rejected, request) = agent.store.write(take).await?;
    let (memory, reading) = (agent.store.memory(), agent.store.time().read());
    let (own, then) = (agent.enrolment.identity.device, memory.clone());
    let answer = move |c: &Connection| {
        exchange::respond(c, &memory, &request, rejected, reading, own).map(|response| (request, response))
    };
    let (request, response) = agent.store.read(answer).await?;
    agent.links.asked(device, &request, &response, &then);
    Ok(response)
}
