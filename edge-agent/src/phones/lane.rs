//! One phone as a lane: its eye, what is the same in front of it, and what it was told.
//!
//! Keeps true: one frame is read at a time. What was answered to a frame is kept under the name that the phone gave
//! it, so that a phone that lost the answer on the way is told the same again, and nobody who was let in is called
//! used; acts are kept under it in the store too, for the case that the agent was restarted between. What was taken
//! back, or was not decided, is forgotten: the same code is a scan again.

use super::pace::Pace;
use crate::agent::Agent;
use crate::api::problem;
use crate::config::{LaneConfig, LaneGiven};
use crate::eye::{Eye, EyeSettings, Seen};
use crate::frames::{FrameError, Same, picture_within, several};
use crate::lanes::{self, Counts, Undecided};
use crate::store::acts::{self, Which};
use crate::store::phones::{Phone, Purpose};
use axum::body::Bytes;
use axum::http::StatusCode;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tidegate_core::api::{Answer, Direction, Verdict};
use tidegate_core::decide::key::Operation;
use tidegate_core::language::Language;
use tidegate_core::time::Timestamp;
use tidegate_link::problem::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most pixels of a frame: what the page sends has 1280 on its long side.
pub const MAX_FRAME_PIXELS: u64 = 1_920 * 1_080;
/// Most pixels of a photograph: those of usual phones, decoded in 50 MB.
pub const MAX_PHOTO_PIXELS: u64 = 16_800_000;
/// A phone that was not heard for so long is not there: it asks every two seconds.
const HEARD: Duration = Duration::from_secs(5);
/// How long a photograph may be looked at: nobody walks by, and it was taken for this.
const PHOTO_BUDGET: Duration = Duration::from_millis(500);
/// How long a frame waits for an eye: an answer that comes later is to somebody else.
const EYE_WAIT: Duration = Duration::from_millis(1_500);
/// Frames of one phone that are here at once: one that is read, and the same one sent again meanwhile.
const PLACES: usize = 2;
/// Answers kept for whoever lost them: as many as a minute at a fast gate has.
const MAX_KEPT: usize = 32;
/// How long a phone takes its last act back. A longer memory has the device's own screen.
pub const UNDO_WITHIN: Duration = Duration::from_secs(120);

/// A phone that is paired.
pub struct PhoneLane {
    id: i64,
    token: [u8; 32],
    purpose: Mutex<Purpose>,
    revoked: AtomicBool,
    frames: AtomicU64,
    reads: AtomicU64,
    steps: Mutex<BTreeMap<&'static str, u64>>,
    heard: Mutex<Option<Instant>>,
    /// How often it may send what.
    pub paces: Paces,
    places: Arc<Semaphore>,
    desk: tokio::sync::Mutex<Desk>,
}

/// How often a phone may send what.
pub struct Paces {
    /// Frames: a camera's fifteen a second.
    pub frames: Mutex<Pace>,
    /// Photographs: nobody takes more than one a second.
    pub photos: Mutex<Pace>,
    /// Searches: one with every letter that is typed.
    pub finds: Mutex<Pace>,
    /// Everything else.
    pub rest: Mutex<Pace>,
}

impl Default for Paces {
    fn default() -> Self {
        let pace = |per_second, most| Mutex::new(Pace::new(per_second, most));
        Self { frames: pace(15.0, 15.0), photos: pace(1.0, 3.0), finds: pace(5.0, 10.0), rest: pace(5.0, 20.0) }
    }
}

/// What is being done on a lane.
#[derive(Default)]
struct Desk {
    eye: Option<Eye>,
    same: Same,
    way: Direction,
    /// Newest last.
    kept: VecDeque<Kept>,
}

/// What became of a code.
struct Kept {
    /// The name that the phone gave the frame.
    frame: String,
    text: String,
    answer: Answer,
    at: Instant,
}

/// A picture from a phone.
pub struct Shot {
    /// The name that the phone gave it.
    pub frame: String,
    /// Which way people go.
    pub way: Direction,
    /// JPEG or PNG.
    pub picture: Bytes,
    /// Whether it was taken by hand.
    pub photo: bool,
    /// Whether a code is a new scan also where it is the same: somebody asked for that.
    pub anew: bool,
}

/// What became of a picture.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Outcome {
    /// No code was read.
    Nothing,
    /// A code was read and decided.
    Answer {
        /// What the agent says.
        answer: Box<Answer>,
        /// How long ago it said so.
        ms_ago: u64,
    },
    /// The code that was here is here still.
    Same {
        /// What the agent said of it.
        answer: Box<Answer>,
        /// How long ago.
        ms_ago: u64,
    },
    /// A code was read and nothing was decided.
    Trouble {
        /// Stable code.
        code: String,
        /// What and what to do.
        what: String,
    },
}

impl PhoneLane {
    /// A phone that was kept.
    pub fn new(phone: Phone) -> Self {
        Self {
            id: phone.id,
            token: phone.token,
            purpose: Mutex::new(phone.purpose),
            revoked: AtomicBool::new(false),
            frames: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            steps: Mutex::default(),
            heard: Mutex::default(),
            paces: Paces::default(),
            places: Arc::new(Semaphore::new(PLACES)),
            desk: tokio::sync::Mutex::default(),
        }
    }

    /// Its number.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// SHA-256 of its token.
    pub fn token(&self) -> &[u8; 32] {
        &self.token
    }

    /// What people call it.
    pub fn name(&self) -> String {
        lock(&self.purpose).name.clone()
    }

    pub(super) fn rename(&self, to: &str) {
        to.clone_into(&mut lock(&self.purpose).name);
    }

    pub(super) fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
    }

    /// It said something.
    pub fn hear(&self, now: Instant) {
        *lock(&self.heard) = Some(now);
    }

    /// What its codes are for.
    pub fn config(&self, agent: &Agent) -> LaneConfig {
        let Purpose { name, list, gate, direction, serves } = lock(&self.purpose).clone();
        let given = LaneGiven { source: format!("phone:{name}"), list, gate, direction, serves };
        given.resolve(agent.config.gate.as_ref(), agent.config.serves.as_ref())
    }

    /// What it has done so far.
    pub fn counts(&self, now: Instant) -> Counts {
        let heard = *lock(&self.heard);
        Counts {
            up: heard.is_some_and(|heard| now.saturating_duration_since(heard) < HEARD),
            frames: self.frames.load(Ordering::Relaxed),
            reads: self.reads.load(Ordering::Relaxed),
            steps: lock(&self.steps).clone(),
        }
    }

    /// A place for one more frame, if there is one.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().try_acquire_owned().ok()
    }

    /// The key of an act that a frame led to.
    fn key(&self, frame: &str) -> String {
        format!("phone/{}/{frame}", self.id)
    }

    /// Looks at a picture, and decides about the code in it.
    pub async fn look(&self, agent: &Agent, shot: Shot, language: Language) -> Result<Outcome, Problem> {
        let mut desk = self.desk.lock().await;
        if let Some(outcome) = desk.kept(&shot.frame) {
            return Ok(outcome);
        }
        let (seen, size) = desk.see(&agent.phones.eyes, shot.picture, shot.photo).await?;
        self.frames.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        if desk.way != shot.way {
            (desk.way, desk.same) = (shot.way, Same::default());
        }
        let several = several(&seen, size, &desk.same, |text| lanes::is_ticket(agent, text), now);
        if several > 1 {
            return Ok(Undecided::several(several).into());
        }
        // Of several codes the one nearest the centre counts, as on every lane.
        let Some(Seen { text, step, .. }) = seen.into_iter().next() else { return Ok(Outcome::Nothing) };
        if shot.anew {
            desk.same.forget(&text);
        }
        let same = desk.same.sight(&text, now).and_then(|_| desk.told(&text));
        if let Some(outcome) = same {
            return Ok(outcome);
        }
        if self.revoked.load(Ordering::Acquire) {
            return Err(not_paired());
        }
        self.reads.fetch_add(1, Ordering::Relaxed);
        *lock(&self.steps).entry(step).or_default() += 1;
        let lane = LaneConfig { direction: shot.way, ..self.config(agent) };
        match lanes::decide(agent, &lane, &text, Some(self.key(&shot.frame)), language).await {
            Ok(answer) => {
                desk.keep(Kept { frame: shot.frame, text, answer: answer.clone(), at: now });
                Ok(Outcome::Answer { answer: Box::new(answer), ms_ago: 0 })
            }
            Err(undecided) => {
                desk.same.forget(&text);
                agent.trouble(undecided.code, undecided.what.clone());
                Ok(undecided.into())
            }
        }
    }

    /// What became of a frame whose answer was lost; nothing where nothing came of it.
    pub async fn recall(
        &self,
        agent: &Agent,
        frame: &str,
        language: Language,
    ) -> Result<Option<Outcome>, Problem> {
        let mut desk = self.desk.lock().await;
        if let Some(kept) = desk.kept.iter().find(|kept| kept.frame == frame) {
            // It is the same still, once it is known what became of it.
            let (outcome, text) = (kept.outcome(), kept.text.clone());
            desk.same.sight(&text, Instant::now());
            return Ok(Some(outcome));
        }
        let (key, operation) = (self.key(frame), self.operation(agent));
        let kept = agent.store.write(move |tx| acts::answered(tx, operation, &key, language)).await;
        let answer = kept.map_err(|fault| problem(&fault))?;
        let now = agent.store.time().read().now;
        Ok(answer.map(|answer| {
            let at = Timestamp::parse(&answer.at).unwrap_or(now);
            let ms_ago = (now.since_us(at).max(0) / 1_000) as u64;
            Outcome::Answer { answer: Box::new(answer), ms_ago }
        }))
    }

    /// Takes back what this phone did last, if that is this entry and was a moment ago.
    pub async fn undo(&self, agent: &Agent, entry: &str, language: Language) -> Result<Answer, Problem> {
        let mut desk = self.desk.lock().await;
        let last = desk.kept.iter().rev().find(|kept| kept.acted());
        let last = last.filter(|kept| kept.answer.entry.as_deref() == Some(entry));
        let Some(text) = last.filter(|kept| kept.at.elapsed() < UNDO_WITHIN).map(|kept| kept.text.clone()) else {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "not_the_last",
                "This is not what this phone did last",
            )
            .why(format!("A phone takes back its last act, within {} s", UNDO_WITHIN.as_secs()))
            .action("Take it back on the device's own screen"));
        };
        let which = Which::Entry(entry.to_owned());
        let undone = agent.store.write(move |tx| acts::take_back(tx, &which, None, language)).await;
        let answer = undone.map_err(|fault| problem(&fault))?;
        if answer.verdict != Verdict::Refuse {
            // Kept on, so that asking once more says the same; what it says is no yes any more.
            let of_entry = |kept: &&mut Kept| kept.answer.entry.as_deref() == Some(entry);
            desk.kept.iter_mut().filter(of_entry).for_each(|kept| {
                kept.answer = Answer { entry: Some(entry.to_owned()), ..answer.clone() };
            });
            desk.same.forget(&text);
        }
        Ok(answer)
    }

    fn operation(&self, agent: &Agent) -> Operation {
        if self.config(agent).serves.is_some() { Operation::Serving } else { Operation::Scan }
    }
}

impl Desk {
    /// The codes in a picture, nearest to its centre first, and the picture's size.
    async fn see(&mut self, eyes: &Arc<Semaphore>, picture: Bytes, photo: bool) -> Result<Sight, Problem> {
        let working = tokio::time::timeout(EYE_WAIT, eyes.clone().acquire_owned()).await;
        let Ok(Ok(working)) = working else { return Err(busy()) };
        let eye = self.eye.take();
        let looked = tokio::task::spawn_blocking(move || {
            let mut eye = eye.unwrap_or_else(|| Eye::new(EyeSettings::default()));
            let seen = if photo { by_hand(&picture) } else { watched(&mut eye, &picture) };
            drop(working);
            (eye, seen)
        });
        let (eye, seen) = looked.await.map_err(|e| Problem::internal(&e))?;
        self.eye = Some(eye);
        seen.map_err(|error| unusable(&error))
    }

    fn keep(&mut self, kept: Kept) {
        if self.kept.len() == MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(kept);
    }

    fn kept(&self, frame: &str) -> Option<Outcome> {
        self.kept.iter().find(|kept| kept.frame == frame).map(Kept::outcome)
    }

    /// What was said of a code that is still there.
    fn told(&self, text: &str) -> Option<Outcome> {
        self.kept
            .iter()
            .rev()
            .find(|kept| kept.text == text)
            .map(|kept| Outcome::Same { answer: Box::new(kept.answer.clone()), ms_ago: kept.ms_ago() })
    }
}

impl Kept {
    fn ms_ago(&self) -> u64 {
        u64::try_from(self.at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn outcome(&self) -> Outcome {
        Outcome::Answer { answer: Box::new(self.answer.clone()), ms_ago: self.ms_ago() }
    }

    /// Whether somebody went in or out, or got something.
    fn acted(&self) -> bool {
        match self.answer.verdict {
            Verdict::Admit | Verdict::Exit | Verdict::Serve | Verdict::Annulled | Verdict::Voided => true,
            Verdict::Ask | Verdict::Refuse => false,
        }
    }
}

/// The codes in a picture, and its size.
type Sight = (Vec<Seen>, (u32, u32));

fn watched(eye: &mut Eye, picture: &[u8]) -> Result<Sight, FrameError> {
    let grey = picture_within("frame", picture, MAX_FRAME_PIXELS)?;
    Ok((eye.watch(&grey), (grey.width, grey.height)))
}

fn by_hand(picture: &[u8]) -> Result<Sight, FrameError> {
    let grey = picture_within("photograph", picture, MAX_PHOTO_PIXELS)?;
    let mut eye = Eye::new(EyeSettings { budget: PHOTO_BUDGET, ..EyeSettings::default() });
    Ok((eye.read(&grey), (grey.width, grey.height)))
}

fn unusable(error: &FrameError) -> Problem {
    let status = match error {
        FrameError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Problem::new(status, error.code(), error.what()).why(error.why()).action(error.remedy())
}

fn busy() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "eyes_busy", "Too many pictures are being looked at")
        .action("Hold the ticket up again")
        .retry_after(1)
}

/// What is said to whoever shows no token of a phone that is paired.
pub fn not_paired() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "not_paired", "This phone is not paired with this gate")
        .why("It was revoked, or never paired")
        .action("Run edge-agent lane add on the device, and scan what it shows")
}

/// Values behind these locks are whole after every statement.
pub fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
