//! What a phone asks: to be paired, what is in a picture, what became of one, an undo, a search, the state.
//!
//! A picture that has come is decided about also where its sender goes away meanwhile: the answer waits under its
//! name. Handlers take in, ask once, and answer.

use super::NotIn;
use super::lane::{MAX_FRAME_PIXELS, Outcome, PhoneLane, Shot, UNDO_WITHIN, lock, not_paired};
use super::pace::Pace;
use super::pairing::{GOOD_FOR, NotPaired};
use super::site::{drop_body, whole};
use crate::agent::Agent;
use crate::api::{input::bad, look, problem};
use crate::config::LaneConfig;
use crate::store::phones::{MAX_PHONES, NotKept};
use axum::Json;
use axum::body::{Body as Stream, Bytes};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tidegate_core::api::{Answer, Direction, FoundTicket};
use tidegate_core::language::Language;
use tidegate_link::language::Preferred;
use tidegate_link::problem::{Body, Path, Problem, Query};
use tokio::sync::OwnedSemaphorePermit;

/// The largest frame: what the page sends has 40 to 150 KiB.
pub const MAX_FRAME_BYTES: usize = 512 << 10;
/// The largest photograph: a phone's own, where the page could not make it smaller.
pub const MAX_PHOTO_BYTES: usize = 8 << 20;
/// The longest name of a frame: a UUID has 36 characters.
const MAX_NAME_CHARS: usize = 64;
/// How long a browser keeps the token of a phone that nobody revokes: the longest festival, with its building days.
const COOKIE_DAYS: u64 = 30;
/// The cookie's name: the prefix makes browsers refuse it where it is not ours alone.
const COOKIE: &str = "__Host-tidegate";

/// The phone that asks, by its cookie.
pub struct Asking(Arc<PhoneLane>);

impl FromRequestParts<Arc<Agent>> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, agent: &Arc<Agent>) -> Result<Self, Problem> {
        let lane = of_cookie(agent, &parts.headers).ok_or_else(not_paired)?;
        lane.hear(Instant::now());
        Ok(Self(lane))
    }
}

fn of_cookie(agent: &Agent, headers: &HeaderMap) -> Option<Arc<PhoneLane>> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let token = pairs.find(|(name, _)| *name == COOKIE)?.1;
    agent.phones.of_token(token)
}

/// A one-time code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairRequest {
    code: String,
}

/// What a lane is, as its page shows it.
#[derive(Serialize)]
pub struct Lane {
    name: String,
    list: Option<String>,
    gate: Option<String>,
    direction: Direction,
    serves: Option<String>,
    undo_within_s: u64,
}

impl Lane {
    fn of(agent: &Agent, lane: &PhoneLane) -> Self {
        let LaneConfig { source: _, list, gate, direction, serves } = lane.config(agent);
        Self { name: lane.name(), list, gate, direction, serves, undo_within_s: UNDO_WITHIN.as_secs() }
    }
}

/// Makes whoever shows a one-time code a lane. A phone is one lane: what it was before is revoked.
pub async fn pair(
    State(agent): State<Arc<Agent>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(request): Body<PairRequest>,
) -> Result<Response, Problem> {
    let before = of_cookie(&agent, &headers);
    let paired = agent.phones.pair(&agent.store, &request.code, from.ip()).await;
    let (lane, token) = paired.map_err(|why| refused(&why))?;
    if let Some(before) = before {
        agent.phones.revoke(&agent.store, before.name()).await.map_err(|why| refused(&why))?;
    }
    let age = COOKIE_DAYS * 86_400;
    let cookie = format!("{COOKIE}={token}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Strict");
    Ok(([(header::SET_COOKIE, cookie)], Json(Lane::of(&agent, &lane))).into_response())
}

/// Why a phone is not invited, let in, named or revoked, as a problem.
pub fn refused(why: &NotIn) -> Problem {
    match why {
        NotIn::Off => Problem::new(StatusCode::CONFLICT, "phones_off", "This agent listens to no phones")
            .why("Its settings do not say where: without that, nothing of it can be reached by them")
            .action("Start it with --phones 0.0.0.0:7422, or set phones in edge.toml"),
        NotIn::Code(NotPaired::WrongCode) => {
            let minutes = GOOD_FOR.as_secs() / 60;
            Problem::new(StatusCode::FORBIDDEN, "bad_code", "This code pairs no phone")
                .why(format!("A code is good once and for {minutes} minutes"))
                .action("Run edge-agent lane add on the device, and scan what it shows")
        }
        NotIn::Code(NotPaired::Wait(wait)) => {
            too_often("Too many codes were tried", *wait).action("Wait, then scan the code again")
        }
        NotIn::Kept(NotKept::TooMany) => {
            Problem::new(StatusCode::CONFLICT, "too_many_lanes", format!("{MAX_PHONES} phones are paired already"))
                .action("Revoke one: edge-agent lane revoke NAME")
        }
        NotIn::Kept(NotKept::NameTaken) => {
            Problem::new(StatusCode::CONFLICT, "name_taken", "Another phone has that name")
                .action("Give another name, or revoke that phone: edge-agent lane revoke NAME")
        }
        NotIn::Kept(NotKept::Unknown) => {
            Problem::new(StatusCode::NOT_FOUND, "unknown_lane", "No phone of that name is paired")
                .action("Look at edge-agent lane list")
        }
        NotIn::Failed(fault) => problem(fault),
    }
}

fn too_often(what: &str, wait: Duration) -> Problem {
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "slow_down", what).retry_after(seconds)
}

fn paced(pace: &Mutex<Pace>) -> Result<(), Problem> {
    lock(pace).take(Instant::now()).map_err(|wait| too_often("This phone asks too often", wait))
}

/// A picture's name and what it is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The phone's own name for it.
    id: String,
    /// Which way people go; the lane's own if absent.
    way: Option<Direction>,
    /// Whether a code that is the same is scanned again.
    #[serde(default)]
    anew: bool,
}

/// Looks at a frame of a phone's camera.
pub async fn frame(State(agent): State<Arc<Agent>>, request: Request) -> Result<Json<Outcome>, Problem> {
    taken(agent, request, false).await
}

/// Looks at a photograph.
pub async fn photo(State(agent): State<Arc<Agent>>, request: Request) -> Result<Json<Outcome>, Problem> {
    taken(agent, request, true).await
}

async fn taken(agent: Arc<Agent>, request: Request, photo: bool) -> Result<Json<Outcome>, Problem> {
    let (mut parts, body) = request.into_parts();
    let coming = match Coming::of(&agent, &mut parts, photo).await {
        Ok(coming) => coming,
        Err(problem) => {
            drop_body(body).await;
            return Err(problem);
        }
    };
    let picture = picture(body, if photo { MAX_PHOTO_BYTES } else { MAX_FRAME_BYTES }).await?;
    let Coming { lane, frame, way, anew, language, places } = coming;
    let shot = Shot { frame, way, picture, photo, anew };
    // Whoever sent it may go away while it is decided; what was decided is kept for them.
    let looking = tokio::spawn(async move {
        let outcome = lane.look(&agent, shot, language).await;
        drop(places);
        outcome
    });
    looking.await.map_err(|e| Problem::internal(&e))?.map(Json)
}

/// A picture that may come, before any of it is read.
struct Coming {
    lane: Arc<PhoneLane>,
    frame: String,
    way: Direction,
    anew: bool,
    language: Language,
    places: (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
}

impl Coming {
    async fn of(agent: &Arc<Agent>, parts: &mut Parts, photo: bool) -> Result<Self, Problem> {
        let Asking(lane) = Asking::from_request_parts(parts, agent).await?;
        paced(if photo { &lane.paces.photos } else { &lane.paces.frames })?;
        let Query(About { id, way, anew }) = Query::from_request_parts(parts, agent).await?;
        let Ok(Preferred(preferred)) = Preferred::from_request_parts(parts, agent).await;
        let frame = named(id)?;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !matches!(kind, Some("image/jpeg" | "image/png")) {
            return Err(not_a_picture());
        }
        let wait = || too_often("Other pictures are being looked at", Duration::ZERO);
        let place = lane.place().ok_or_else(wait)?;
        let room = photo.then(|| agent.phones.photos.clone().try_acquire_owned()).transpose();
        let places = (place, room.map_err(|_| wait())?);
        let way = way.unwrap_or_else(|| lane.config(agent).direction);
        let language = preferred.unwrap_or(agent.config.language);
        Ok(Self { lane, frame, way, anew, language, places })
    }
}

fn named(id: String) -> Result<String, Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    match (1..=MAX_NAME_CHARS).contains(&id.len()) && id.chars().all(plain) {
        true => Ok(id),
        false => Err(bad("bad_frame", format!("id takes 1 to {MAX_NAME_CHARS} letters, digits and hyphens"))),
    }
}

/// A JPEG or a PNG: nothing else is handed to a decoder.
async fn picture(body: Stream, most: usize) -> Result<Bytes, Problem> {
    let picture = whole(body, most).await.ok_or_else(|| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The picture is too large, or did not come whole")
            .why(format!("{most} bytes are taken, and {MAX_FRAME_PIXELS} pixels of a frame"))
    })?;
    let is_one = picture.starts_with(b"\xff\xd8\xff") || picture.starts_with(b"\x89PNG\r\n\x1a\n");
    if is_one { Ok(picture) } else { Err(not_a_picture()) }
}

fn not_a_picture() -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", "A picture is image/jpeg or image/png")
}

/// What became of a frame whose answer was lost on the way. Nothing is decided here.
pub async fn recall(
    State(agent): State<Arc<Agent>>,
    Asking(lane): Asking,
    Preferred(preferred): Preferred,
    Path(frame): Path<String>,
) -> Result<Json<Outcome>, Problem> {
    paced(&lane.paces.rest)?;
    let (frame, language) = (named(frame)?, preferred.unwrap_or(agent.config.language));
    let outcome = lane.recall(&agent, &frame, language).await?;
    outcome.map(Json).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "unknown_frame", "Nothing came of that picture")
            .why("No code was read in it, or it never came")
    })
}

/// What is to be taken back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndoRequest {
    entry: String,
}

/// Takes back what this phone did last.
pub async fn undo(
    State(agent): State<Arc<Agent>>,
    Asking(lane): Asking,
    Preferred(preferred): Preferred,
    Body(request): Body<UndoRequest>,
) -> Result<Json<Answer>, Problem> {
    paced(&lane.paces.rest)?;
    let language = preferred.unwrap_or(agent.config.language);
    lane.undo(&agent, &request.entry, language).await.map(Json)
}

/// Finds people, as the agent's own API does.
pub async fn find(
    State(agent): State<Arc<Agent>>,
    Asking(lane): Asking,
    query: Query<look::Find>,
) -> Result<Json<Vec<FoundTicket>>, Problem> {
    paced(&lane.paces.finds)?;
    look::find(State(agent), query).await
}

/// What a phone shows of its gate.
#[derive(Serialize)]
pub struct PhoneState {
    lane: Lane,
    event: String,
    device: String,
    timezone: String,
    /// `ready`, `starting`, `revoked`, `read_only`.
    state: String,
    /// Tickets inside, where this lane lets into the device's own list.
    inside: Option<i64>,
    capacity: Option<i64>,
    occupied: Option<i64>,
    /// Milliseconds since the newest time of the cloud; absent if never.
    cloud_ms: Option<u64>,
    cloud_up: bool,
    peers: usize,
    peers_up: usize,
    to_upload: u64,
}

/// The state of the gate.
pub async fn state(State(agent): State<Arc<Agent>>, Asking(lane): Asking) -> Result<Json<PhoneState>, Problem> {
    paced(&lane.paces.rest)?;
    let status = agent.phones.seen(&agent).await.map_err(|fault| problem(&fault))?;
    let lane = Lane::of(&agent, &lane);
    let own = lane.serves.is_none() && lane.list.as_ref().is_none_or(|list| *list == status.list);
    let (cloud, peers) = (status.links.first(), status.links.get(1..).unwrap_or_default());
    Ok(Json(PhoneState {
        event: status.event.clone(),
        device: status.device.clone(),
        timezone: status.timezone.clone(),
        state: status.state.clone(),
        inside: own.then_some(status.inside),
        capacity: status.capacity.filter(|_| own),
        occupied: status.occupied.filter(|_| own),
        cloud_ms: status.replica_age_ms,
        cloud_up: cloud.is_some_and(|cloud| cloud.up),
        peers: peers.len(),
        peers_up: peers.iter().filter(|peer| peer.up).count(),
        to_upload: status.to_upload,
        lane,
    }))
}
