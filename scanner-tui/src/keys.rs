//! One table of keys: what is pressed, where, what it does, how it is called.
//!
//! The help bar, the help screen and the dispatch read the same rows, so no key can be
//! shown that does nothing or work without being shown. No printable key has a row: a hand
//! scanner may type into this terminal; and Enter, its usual last key, has none at the door.
//! Keys of functions that are not built are not here.

mod table;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::model::place::Place;

pub use table::TABLE;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Show the help, or leave it.
    Help,
    /// The Find screen.
    Find,
    /// Choose how many of an order come in.
    Party,
    /// Take the last act back.
    Undo,
    /// A supervisor decides.
    Supervisor,
    /// Who is on duty.
    Duty,
    /// The Sync screen.
    Sync,
    /// Ask everybody now.
    SyncNow,
    /// Nobody is on duty any more.
    SignOff,
    /// The next screen.
    NextScreen,
    /// The screen before.
    PreviousScreen,
    /// A row or a field down.
    Down,
    /// A row or a field up.
    Up,
    /// The next kind; yes.
    Right,
    /// The kind before; no.
    Left,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// On with what is chosen or typed.
    Enter,
    /// Take a letter back.
    Erase,
    /// Back, or past what is shown.
    Back,
    /// Draw everything anew.
    Redraw,
    /// Leave, the second time.
    Quit,
}

/// Whether a key changes anything at the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This screen only.
    Screen,
    /// The agent, or the way there: absent in `--readonly`.
    Agent,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The key.
    pub code: KeyCode,
    /// With which modifiers.
    pub modifiers: KeyModifiers,
    /// Where.
    pub places: &'static [Place],
    /// What it does.
    pub action: Action,
    /// What it reaches.
    pub reach: Reach,
    /// The key's name.
    pub key: &'static str,
    /// One word in the help bar; empty where it is not on the bar.
    pub label: &'static str,
    /// One sentence on the help screen.
    pub help: &'static str,
}

/// What a key event is to the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// A key with an action.
    Action(Action),
    /// A character: perhaps a person's, perhaps a scanner's, never an action.
    Printable(char),
    /// Nothing of ours.
    Nothing,
}

/// The keys that work at a place, in the order they are shown; rows without a name share another's.
pub fn live(place: Place, readonly: bool) -> impl Iterator<Item = &'static Binding> {
    TABLE.iter().filter(move |row| is_live(row, place, readonly) && !row.key.is_empty())
}

/// What a key event is to the screen.
pub fn read(event: &KeyEvent, place: Place, readonly: bool) -> Press {
    if event.kind == KeyEventKind::Release {
        return Press::Nothing;
    }
    let is_it = |row: &&Binding| row.code == event.code && row.modifiers == event.modifiers;
    let row = TABLE.iter().find(|row| is_it(row) && is_live(row, place, readonly));
    match (row, event.code) {
        (Some(row), _) => Press::Action(row.action),
        (None, KeyCode::Char(c)) if !event.modifiers.contains(KeyModifiers::CONTROL) => Press::Printable(c),
        (None, _) => Press::Nothing,
    }
}

fn is_live(row: &Binding, place: Place, readonly: bool) -> bool {
    let reaches = match row.reach {
        Reach::Screen => true,
        Reach::Agent => !readonly,
    };
    reaches && row.places.contains(&place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [Place; 13] = [
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

    fn press(code: KeyCode, modifiers: KeyModifiers, place: Place) -> Press {
        read(&KeyEvent::new(code, modifiers), place, false)
    }

    #[test]
    fn no_printable_byte_does_anything_anywhere() {
        for byte in 0x20..=0x7e_u8 {
            for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::ALT] {
                for place in PLACES {
                    let c = char::from(byte);
                    let pressed = press(KeyCode::Char(c), modifiers, place);
                    assert_eq!(pressed, Press::Printable(c), "{byte:#x} at {place:?}");
                }
            }
        }
    }

    #[test]
    fn the_last_key_of_a_scanner_does_nothing_at_the_door() {
        assert_eq!(press(KeyCode::Enter, KeyModifiers::NONE, Place::Door), Press::Nothing);
        for place in PLACES {
            assert_eq!(press(KeyCode::Char('j'), KeyModifiers::CONTROL, place), Press::Nothing);
            assert_eq!(press(KeyCode::Char('m'), KeyModifiers::CONTROL, place), Press::Nothing);
        }
    }

    #[test]
    fn a_readonly_screen_has_no_key_that_changes_anything() {
        let undo = KeyEvent::new(KeyCode::F(4), KeyModifiers::NONE);
        assert_eq!(read(&undo, Place::Door, false), Press::Action(Action::Undo));
        assert_eq!(read(&undo, Place::Door, true), Press::Nothing);
        let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        assert_eq!(read(&enter, Place::Search, true), Press::Action(Action::Enter), "looking goes on");
        for place in [Place::Order, Place::Party, Place::Reason, Place::Unpaid] {
            assert_eq!(read(&enter, place, true), Press::Nothing, "{place:?}");
        }
        assert!(PLACES.iter().all(|place| live(*place, true).all(|row| row.reach == Reach::Screen)));
    }

    #[test]
    fn every_place_is_left_by_esc_and_every_key_says_what_it_does() {
        for place in PLACES {
            assert_eq!(press(KeyCode::Esc, KeyModifiers::NONE, place), Press::Action(Action::Back), "{place:?}");
            for row in live(place, false) {
                assert!(row.help.ends_with('.'), "{} at {place:?}", row.key);
            }
        }
    }

    #[test]
    fn no_two_rows_share_a_key_at_a_place() {
        for (i, a) in TABLE.iter().enumerate() {
            for b in &TABLE[i + 1..] {
                let same = (a.code, a.modifiers) == (b.code, b.modifiers);
                let shared = a.places.iter().find(|place| b.places.contains(place));
                assert!(!(same && shared.is_some()), "{:?} at {shared:?}", a.code);
            }
        }
    }
}
