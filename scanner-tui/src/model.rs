//! Everything the screen knows, and what follows from it at a given moment.
//!
//! State only: [`crate::update`] changes it, [`crate::view`] draws it, and both are told
//! the time. Kept true here: a frame is never passed off as live once the agent is
//! silent, and every number can say its age. There is no clock, no terminal and no
//! network in this file; times are milliseconds since the screen began.

pub mod attention;
pub mod books;
pub mod card;
pub mod dialog;
pub mod field;
pub mod find;
pub mod journal;
pub mod log;
pub mod place;
pub mod request;
pub mod typed;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tidegate_core::api::{Answer, LinkStatus, Status};

use crate::link::fault::Fault;
use crate::theme::Theme;
use attention::Notice;
use books::Books;
use card::Card;
use dialog::{Dialog, Refused, Session};
use find::Find;
use journal::Journal;
use log::Log;
use request::Requests;
use typed::{Scanned, Typed};

/// Milliseconds since the screen began; never a wall clock, so never set back.
pub type Millis = u64;

/// The agent speaks once a second; after three missed statuses nothing shown is live.
pub const SILENCE_MS: Millis = 3_000;
/// The peer links are in good order while heard within this.
pub const PEER_FRESH_MS: u64 = 15_000;
/// The link called so is the cloud; the others are peers.
pub const CLOUD: &str = "cloud";

/// What was chosen on the command line.
#[derive(Clone, Debug)]
pub struct Options {
    /// The agent's address, as shown.
    pub agent: String,
    /// Never change anything: keys that would are absent.
    pub readonly: bool,
    /// Ring the terminal's bell.
    pub sound: bool,
    /// How to draw.
    pub theme: Theme,
}

/// The screens that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// The verdict and the state of the door.
    Door,
    /// Guests by name, order or e-mail.
    Find,
    /// What the journals say.
    Log,
    /// Who is heard, and what may have gone wrong.
    Sync,
}

impl Screen {
    /// The screens in the order Tab goes through them.
    pub const ALL: [Self; 4] = [Self::Door, Self::Find, Self::Log, Self::Sync];

    /// The screen so many further, around the corner too.
    pub fn turned(self, by: isize) -> Self {
        let at = Self::ALL.iter().position(|screen| *screen == self).unwrap_or(0);
        let rows = Self::ALL.len();
        Self::ALL[at.wrapping_add(rows).wrapping_add_signed(by) % rows]
    }
}

/// The connection to the agent, as the link last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Not reached yet.
    Starting,
    /// Connected.
    Up,
    /// Lost, or never reached.
    Down(Fault),
}

/// What may be shown of the agent at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// The first attempt is under way.
    Starting,
    /// Heard recently: what is shown is live.
    Live,
    /// Not reached: what is known is old.
    Lost {
        /// Milliseconds since it was last heard, or since the screen began.
        for_ms: Millis,
        /// What went wrong.
        fault: Fault,
    },
}

/// A value and when it was heard.
#[derive(Clone, Debug)]
pub struct Heard<T> {
    /// The value.
    pub value: T,
    /// When it was heard.
    pub at: Millis,
}

/// The state of the screen.
#[derive(Clone, Debug)]
pub struct Model {
    /// What was chosen on the command line.
    pub options: Options,
    /// Which screen is shown.
    pub screen: Screen,
    /// Whether the help is shown instead.
    pub help: bool,
    /// Whether the verdict is shown over the screen or the dialog that was there.
    pub covered: bool,
    /// What a person is asked.
    pub dialog: Option<Dialog>,
    /// A verdict that came while a question was open.
    pub banner: Option<Answer>,
    /// The Find screen.
    pub find: Find,
    /// The Log screen.
    pub journal: Journal,
    /// The Sync screen.
    pub books: Books,
    /// What is asked of the agent.
    pub requests: Requests,
    /// Answers to our own requests that the stream will tell too.
    pub told: Vec<Answer>,
    /// The last guest who was not let in.
    pub refused: Option<Refused>,
    /// The supervisor who is signed in.
    pub session: Option<Session>,
    /// The connection.
    pub link: Link,
    /// When the agent was last heard, whatever it said.
    pub heard_at: Option<Millis>,
    /// The newest status.
    pub status: Option<Heard<Status>>,
    /// The venue's zone; UTC until it is known.
    pub zone: TimeZone,
    /// The verdict in front of the guest.
    pub card: Option<Card>,
    /// When the colour of the card last changed.
    pub colour_changed_at: Option<Millis>,
    /// The answer last shown, which a SAME refers to.
    pub last_answer: Option<Heard<Answer>>,
    /// The last answers, newest first.
    pub log: Log,
    /// Things said once, shown until read or old.
    pub notices: Vec<Notice>,
    /// Sources that do not deliver, and since when this screen knows.
    pub lost_sources: BTreeMap<String, Millis>,
    /// When F4 was last pressed.
    pub undo_pressed_at: Option<Millis>,
    /// When Ctrl-Q was pressed once.
    pub quit_armed_at: Option<Millis>,
    /// Characters typed into the screen.
    pub typed: Typed,
    /// The code a scanner typed last, once it was answered.
    pub scanned: Option<Scanned>,
}

impl Model {
    /// A screen that has heard nothing yet.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            screen: Screen::Door,
            help: false,
            covered: false,
            dialog: None,
            banner: None,
            find: Find::default(),
            journal: Journal::default(),
            books: Books::default(),
            requests: Requests::default(),
            told: Vec::new(),
            refused: None,
            session: None,
            link: Link::Starting,
            heard_at: None,
            status: None,
            zone: TimeZone::UTC,
            card: None,
            colour_changed_at: None,
            last_answer: None,
            log: Log::default(),
            notices: Vec::new(),
            lost_sources: BTreeMap::new(),
            undo_pressed_at: None,
            quit_armed_at: None,
            typed: Typed::default(),
            scanned: None,
        }
    }

    /// What may be shown of the agent now.
    pub fn contact(&self, now: Millis) -> Contact {
        let for_ms = now.saturating_sub(self.heard_at.unwrap_or(0));
        match (&self.link, self.heard_at) {
            (Link::Down(fault), _) => Contact::Lost { for_ms, fault: fault.clone() },
            (Link::Starting | Link::Up, _) if for_ms > SILENCE_MS => {
                Contact::Lost { for_ms, fault: Fault::Silent }
            }
            (Link::Starting, _) | (Link::Up, None) => Contact::Starting,
            (Link::Up, Some(_)) => Contact::Live,
        }
    }

    /// Whether what is shown is live.
    pub fn is_live(&self, now: Millis) -> bool {
        self.contact(now) == Contact::Live
    }

    /// The newest status, live or not.
    pub fn known(&self) -> Option<&Status> {
        self.status.as_ref().map(|heard| &heard.value)
    }

    /// Milliseconds since the newest status.
    pub fn status_age(&self, now: Millis) -> Option<Millis> {
        let heard = self.status.as_ref()?;
        Some(now.saturating_sub(heard.at))
    }

    /// The agent's clock now, carried on from its newest status.
    pub fn agent_now(&self, now: Millis) -> Option<Timestamp> {
        let heard = self.status.as_ref()?;
        let then: Timestamp = heard.value.now.parse().ok()?;
        let passed = i64::try_from(now.saturating_sub(heard.at)).ok()?;
        then.checked_add(jiff::SignedDuration::from_millis(passed)).ok()
    }

    /// Milliseconds since a link was heard, or `None` if never.
    pub fn heard_ago(&self, link: &LinkStatus, now: Millis) -> Option<u64> {
        let then = link.heard_ms_ago?;
        Some(then.saturating_add(self.status_age(now).unwrap_or(0)))
    }

    /// Whether a peer counts as heard.
    pub fn is_fresh(&self, link: &LinkStatus, now: Millis) -> bool {
        link.up && self.heard_ago(link, now).is_some_and(|ms| ms < PEER_FRESH_MS)
    }
}

/// The link to the cloud, if the agent has one.
pub fn cloud(status: &Status) -> Option<&LinkStatus> {
    status.links.iter().find(|link| link.name == CLOUD)
}

/// The links to other agents.
pub fn peers(status: &Status) -> impl Iterator<Item = &LinkStatus> {
    status.links.iter().filter(|link| link.name != CLOUD)
}

/// Milliseconds since anybody was heard, when the status was told.
pub fn heard_last(status: &Status) -> Option<u64> {
    status.links.iter().filter_map(|link| link.heard_ms_ago).min()
}
