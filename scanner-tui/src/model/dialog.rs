//! What a person is asked before anything else: a question, a sign-in, a supervisor's reason.
//!
//! Kept true: what a dialog is about is held by the dialog, so that a verdict arriving
//! meanwhile cannot change whom it decides about.

use tidegate_core::api::{Answer, Verdict};

use super::Millis;
use super::field::{Field, Secret};
use super::find::Reason;
use super::request::Scan;

/// The longest answer to a question, in bytes.
pub const ANSWER_MOST: usize = 200;
/// The longest name an agent takes, in bytes.
pub const NAME_MOST: usize = 200;
/// The longest PIN an agent takes.
pub const PIN_MOST: usize = 64;
/// Why a supervisor decides against the rule; the last row is typed.
pub const OVERRIDE_REASONS: [&str; 4] =
    ["ID matches the ticket", "Went out without a scan", "The organizer vouches", "Door's mistake"];

/// What has to be said before somebody can go in.
#[derive(Clone, Debug)]
pub enum About {
    /// Answers to questions.
    Questions {
        /// One for each question.
        answers: Vec<Field>,
        /// The one that is typed.
        at: usize,
    },
    /// That it is paid.
    Unpaid,
    /// Which of several tickets.
    Choice {
        /// The one that is chosen.
        at: usize,
    },
}

/// A verdict that asks.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The scan, as it will be sent again.
    pub scan: Scan,
    /// The verdict.
    pub answer: Answer,
    /// What has to be said.
    pub about: About,
    /// What went wrong last.
    pub fault: Option<String>,
}

impl Ask {
    /// The dialog for a verdict, where there is something to say.
    pub fn of(answer: &Answer, scan: Scan) -> Option<Self> {
        let about = match (answer.verdict, answer.code.as_str()) {
            (Verdict::Ask, "question") if !answer.questions.is_empty() => {
                About::Questions { answers: vec![Field::default(); answer.questions.len()], at: 0 }
            }
            (Verdict::Ask, "unpaid") => About::Unpaid,
            (Verdict::Ask, "ambiguous") if !answer.choices.is_empty() => About::Choice { at: 0 },
            _ => return None,
        };
        Some(Self { scan, answer: answer.clone(), about, fault: None })
    }
}

/// What somebody signs in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To decide against the rule.
    Supervisor,
    /// To be on duty.
    Duty,
}

/// Somebody signs in.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// What for.
    pub purpose: Purpose,
    /// Their name.
    pub name: Field,
    /// Their PIN.
    pub pin: Secret,
    /// Whether the PIN is typed now, not the name.
    pub on_pin: bool,
    /// What went wrong last.
    pub fault: Option<String>,
}

impl SignIn {
    /// Nothing typed yet.
    pub fn new(purpose: Purpose) -> Self {
        Self { purpose, name: Field::default(), pin: Secret::default(), on_pin: false, fault: None }
    }
}

/// A guest who was not let in.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The scan.
    pub scan: Scan,
    /// The verdict.
    pub answer: Answer,
}

/// A supervisor decides against the rule.
#[derive(Clone, Debug)]
pub struct Overruling {
    /// About whom.
    pub refused: Refused,
    /// Why.
    pub reason: Reason,
    /// What went wrong last.
    pub fault: Option<String>,
}

/// What a person is asked.
#[derive(Clone, Debug)]
pub enum Dialog {
    /// By a verdict.
    Ask(Box<Ask>),
    /// To sign in.
    SignIn(Box<SignIn>),
    /// For a supervisor's reason.
    Overrule(Box<Overruling>),
}

/// A supervisor who is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Shown with an override.
    pub token: Secret,
    /// Their name.
    pub name: String,
    /// When it ends.
    pub until: Millis,
}

impl Session {
    /// Seconds left, or `None` once it is over.
    pub fn seconds_left(&self, now: Millis) -> Option<u64> {
        let left = self.until.saturating_sub(now).div_ceil(1_000);
        (left > 0).then_some(left)
    }
}
