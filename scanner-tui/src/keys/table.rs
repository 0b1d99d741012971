//! The rows of the table of keys.
//!
//! In the order of the help bar: what the place is for comes first, because a narrow bar
//! is cut at its end. A row without a label is on no bar; a row without a sentence shares
//! another's.

use crossterm::event::{KeyCode, KeyModifiers};

use super::{Action, Binding, Reach};
use crate::model::place::Place;

/// Where no dialog is open.
const SCREENS: &[Place] =
    &[Place::Door, Place::Search, Place::Order, Place::Party, Place::Log, Place::History, Place::Sync];
/// The same without the one that F7 goes to.
const ELSEWHERE: &[Place] = &[Place::Door, Place::Search, Place::Order, Place::Party, Place::Log, Place::History];
const EVERYWHERE: &[Place] = &[
    Place::Door,
    Place::Search,
    Place::Order,
    Place::Party,
    Place::Reason,
    Place::Log,
    Place::History,
    Place::Sync,
    Place::Questions,
    Place::Unpaid,
    Place::Choice,
    Place::SignIn,
    Place::Duty,
];
/// Everywhere but at the door.
const BELOW: &[Place] = &[
    Place::Search,
    Place::Order,
    Place::Party,
    Place::Reason,
    Place::Log,
    Place::History,
    Place::Sync,
    Place::Questions,
    Place::Unpaid,
    Place::Choice,
    Place::SignIn,
    Place::Duty,
];
/// Where there is something to choose with the arrows.
const ROWS: &[Place] =
    &[Place::Search, Place::Order, Place::Reason, Place::Log, Place::History, Place::Sync, Place::Choice];
/// Where there is more than a page.
const PAGES: &[Place] = &[Place::Search, Place::Order, Place::Log, Place::History, Place::Sync];
/// Where there is one field below another.
const FORMS: &[Place] = &[Place::Questions, Place::SignIn, Place::Duty];
/// Where something is typed.
const FIELDS: &[Place] = &[Place::Search, Place::Reason, Place::Log, Place::Questions, Place::SignIn, Place::Duty];

const fn screen(code: KeyCode, places: &'static [Place], action: Action) -> Binding {
    Binding {
        code,
        modifiers: KeyModifiers::NONE,
        places,
        action,
        reach: Reach::Screen,
        key: "",
        label: "",
        help: "",
    }
}

const fn agent(code: KeyCode, places: &'static [Place], action: Action) -> Binding {
    Binding { reach: Reach::Agent, ..screen(code, places, action) }
}

impl Binding {
    const fn with(self, modifiers: KeyModifiers) -> Self {
        Self { modifiers, ..self }
    }

    const fn named(self, key: &'static str, label: &'static str, help: &'static str) -> Self {
        Self { key, label, help, ..self }
    }
}

/// Every key there is.
pub const TABLE: &[Binding] = &[
    screen(KeyCode::Enter, &[Place::Search], Action::Enter).named(
        "Enter",
        "Open",
        "Open the order of the chosen match.",
    ),
    agent(KeyCode::Enter, &[Place::Order], Action::Enter).named(
        "Enter",
        "Let in",
        "Let the chosen ticket in by hand; asks why.",
    ),
    agent(KeyCode::F(3), &[Place::Order], Action::Party).named(
        "F3",
        "Party",
        "Let several of the order in; asks how many.",
    ),
    agent(KeyCode::Enter, &[Place::Party], Action::Enter).named("Enter", "Go on", "So many come in; asks why."),
    agent(KeyCode::Enter, &[Place::Reason], Action::Enter).named(
        "Enter",
        "Let in",
        "Let them in for the chosen reason.",
    ),
    agent(KeyCode::Enter, &[Place::Questions], Action::Enter).named(
        "Enter",
        "Next",
        "The next question; after the last one the ticket is decided again.",
    ),
    agent(KeyCode::Enter, &[Place::Unpaid], Action::Enter).named(
        "Enter",
        "It is paid",
        "It was paid here; decide again.",
    ),
    agent(KeyCode::Enter, &[Place::Choice], Action::Enter).named(
        "Enter",
        "Use it",
        "Decide about the chosen ticket.",
    ),
    agent(KeyCode::Enter, &[Place::SignIn, Place::Duty], Action::Enter).named(
        "Enter",
        "Next",
        "The PIN; after it, sign in.",
    ),
    screen(KeyCode::Enter, &[Place::Log], Action::Enter).named(
        "Enter",
        "History",
        "Everything about the chosen ticket.",
    ),
    agent(KeyCode::F(7), &[Place::Sync], Action::SyncNow).named(
        "F7",
        "Sync now",
        "Ask the cloud and every device at once.",
    ),
    screen(KeyCode::Esc, BELOW, Action::Back).named("Esc", "Back", "A step back."),
    agent(KeyCode::Up, &[Place::Party], Action::Up).named("Up/Down", "How many", "One more or one less comes in."),
    agent(KeyCode::Down, &[Place::Party], Action::Down),
    agent(KeyCode::Right, &[Place::Questions], Action::Right).named("Right", "Yes", "Answer yes."),
    agent(KeyCode::Left, &[Place::Questions], Action::Left).named("Left", "No", "Answer no."),
    agent(KeyCode::Delete, &[Place::Duty], Action::SignOff).named(
        "Del",
        "Sign off",
        "Nobody is on duty any more.",
    ),
    screen(KeyCode::Right, &[Place::Log], Action::Right).named(
        "Left/Right",
        "Kind",
        "All, entries, refusals, undone or overrides.",
    ),
    screen(KeyCode::Left, &[Place::Log], Action::Left),
    screen(KeyCode::Down, ROWS, Action::Down).named(
        "Up/Down",
        "Choose",
        "Choose a row; typed text goes into the line above.",
    ),
    screen(KeyCode::Up, ROWS, Action::Up),
    screen(KeyCode::Down, FORMS, Action::Down).named("Up/Down", "Field", "The field below or above."),
    screen(KeyCode::Up, FORMS, Action::Up),
    screen(KeyCode::PageDown, PAGES, Action::PageDown).named("PgUp/PgDn", "", "A page further down or up."),
    screen(KeyCode::PageUp, PAGES, Action::PageUp),
    screen(KeyCode::Backspace, FIELDS, Action::Erase).named("Backspace", "", "Take the last letter back."),
    screen(KeyCode::F(1), EVERYWHERE, Action::Help).named("F1", "Help", "This page."),
    screen(KeyCode::F(2), SCREENS, Action::Find).named(
        "F2",
        "Find",
        "Find a guest by name, order or e-mail; again for a new search.",
    ),
    agent(KeyCode::F(4), SCREENS, Action::Undo).named(
        "F4",
        "Undo",
        "Take the last act of this device back; again for the one before.",
    ),
    agent(KeyCode::F(9), SCREENS, Action::Supervisor).named(
        "F9",
        "Super",
        "A supervisor signs in, or lets the last refused guest in.",
    ),
    screen(KeyCode::F(7), ELSEWHERE, Action::Sync).named(
        "F7",
        "Sync",
        "Who is heard, what may be double, conflicts and findings.",
    ),
    agent(KeyCode::Char('d'), SCREENS, Action::Duty).with(KeyModifiers::CONTROL).named(
        "Ctrl-D",
        "",
        "Who is on duty: sign in with a PIN or a badge, or sign off.",
    ),
    screen(KeyCode::Tab, SCREENS, Action::NextScreen).named(
        "Tab",
        "Screen",
        "The next screen: Door, Find, Log, Sync.",
    ),
    screen(KeyCode::BackTab, SCREENS, Action::PreviousScreen).with(KeyModifiers::SHIFT).named(
        "Shift-Tab",
        "",
        "The screen before.",
    ),
    screen(KeyCode::Tab, FORMS, Action::Down),
    screen(KeyCode::BackTab, FORMS, Action::Up).with(KeyModifiers::SHIFT),
    screen(KeyCode::Esc, &[Place::Door], Action::Back).named(
        "Esc",
        "Clear",
        "Past the verdict, then past the newest notice.",
    ),
    screen(KeyCode::Char('l'), EVERYWHERE, Action::Redraw).with(KeyModifiers::CONTROL).named(
        "Ctrl-L",
        "",
        "Draw the screen anew.",
    ),
    screen(KeyCode::Char('q'), EVERYWHERE, Action::Quit).with(KeyModifiers::CONTROL).named(
        "Ctrl-Q",
        "Quit",
        "Pressed twice, leave this screen. The agent keeps admitting.",
    ),
];
