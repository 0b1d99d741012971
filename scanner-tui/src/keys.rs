//! One table of keys: what is pressed, what it does, how it is called.
//!
//! The help bar, the help screen and the dispatch read the same rows, so no key can be
//! shown that does nothing or work without being shown. No printable key has a row: a hand
//! scanner may type into this terminal, and Enter, its usual last key, has none either.
//! Keys of functions that are not built are not here.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Show the help.
    Help,
    /// Take the last act back.
    Undo,
    /// The next screen.
    NextScreen,
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
    /// The agent: absent in `--readonly`.
    Agent,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The key.
    pub code: KeyCode,
    /// With which modifiers.
    pub modifiers: KeyModifiers,
    /// What it does.
    pub action: Action,
    /// What it reaches.
    pub reach: Reach,
    /// The key's name in the help bar.
    pub key: &'static str,
    /// One word in the help bar.
    pub label: &'static str,
    /// One sentence on the help screen.
    pub help: &'static str,
}

/// What a key event is to the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// A key with an action.
    Action(Action),
    /// A character: noticed, never acted on.
    Printable,
    /// Nothing of ours.
    Nothing,
}

/// Every key there is.
pub const TABLE: [Binding; 7] = [
    Binding {
        code: KeyCode::F(1),
        modifiers: KeyModifiers::NONE,
        action: Action::Help,
        reach: Reach::Screen,
        key: "F1",
        label: "Help",
        help: "This page.",
    },
    Binding {
        code: KeyCode::F(4),
        modifiers: KeyModifiers::NONE,
        action: Action::Undo,
        reach: Reach::Agent,
        key: "F4",
        label: "Undo",
        help: "Take the last act of this device back; again for the one before.",
    },
    Binding {
        code: KeyCode::Tab,
        modifiers: KeyModifiers::NONE,
        action: Action::NextScreen,
        reach: Reach::Screen,
        key: "Tab",
        label: "Screen",
        help: "The next screen. The next scan brings the door back.",
    },
    Binding {
        code: KeyCode::BackTab,
        modifiers: KeyModifiers::SHIFT,
        action: Action::NextScreen,
        reach: Reach::Screen,
        key: "",
        label: "",
        help: "",
    },
    Binding {
        code: KeyCode::Esc,
        modifiers: KeyModifiers::NONE,
        action: Action::Back,
        reach: Reach::Screen,
        key: "Esc",
        label: "Clear",
        help: "Back; at the door past the verdict, then past the newest notice.",
    },
    Binding {
        code: KeyCode::Char('l'),
        modifiers: KeyModifiers::CONTROL,
        action: Action::Redraw,
        reach: Reach::Screen,
        key: "Ctrl-L",
        label: "Redraw",
        help: "Draw the screen anew.",
    },
    Binding {
        code: KeyCode::Char('q'),
        modifiers: KeyModifiers::CONTROL,
        action: Action::Quit,
        reach: Reach::Screen,
        key: "Ctrl-Q Ctrl-Q",
        label: "Quit",
        help: "Leave this screen. The agent keeps admitting.",
    },
];

/// The keys that work, in the order they are shown; rows without a name share another's.
pub fn live(readonly: bool) -> impl Iterator<Item = &'static Binding> {
    TABLE.iter().filter(move |row| is_live(row, readonly) && !row.key.is_empty())
}

/// What a key event is to the screen.
pub fn read(event: &KeyEvent, readonly: bool) -> Press {
    if event.kind == KeyEventKind::Release {
        return Press::Nothing;
    }
    let row = TABLE
        .iter()
        .find(|row| row.code == event.code && row.modifiers == event.modifiers && is_live(row, readonly));
    match (row, event.code) {
        (Some(row), _) => Press::Action(row.action),
        (None, KeyCode::Char(_)) if !event.modifiers.contains(KeyModifiers::CONTROL) => Press::Printable,
        (None, _) => Press::Nothing,
    }
}

fn is_live(row: &Binding, readonly: bool) -> bool {
    match row.reach {
        Reach::Screen => true,
        Reach::Agent => !readonly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> Press {
        read(&KeyEvent::new(code, modifiers), false)
    }

    #[test]
    fn no_printable_byte_does_anything() {
        for byte in 0x20..=0x7e_u8 {
            for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::ALT] {
                let code = KeyCode::Char(char::from(byte));
                assert_eq!(press(code, modifiers), Press::Printable, "{byte:#x}");
            }
        }
    }

    #[test]
    fn the_last_key_of_a_scanner_does_nothing() {
        assert_eq!(press(KeyCode::Enter, KeyModifiers::NONE), Press::Nothing);
        assert_eq!(press(KeyCode::Char('j'), KeyModifiers::CONTROL), Press::Nothing);
        assert_eq!(press(KeyCode::Char('m'), KeyModifiers::CONTROL), Press::Nothing);
    }

    #[test]
    fn a_readonly_screen_has_no_key_that_changes_anything() {
        let undo = KeyEvent::new(KeyCode::F(4), KeyModifiers::NONE);
        assert_eq!(read(&undo, false), Press::Action(Action::Undo));
        assert_eq!(read(&undo, true), Press::Nothing);
        assert!(live(true).all(|row| row.reach == Reach::Screen));
    }

    #[test]
    fn every_shown_key_says_what_it_does() {
        for row in live(false) {
            assert!(!row.label.is_empty() && row.help.ends_with('.'), "{}", row.key);
        }
    }

    #[test]
    fn no_two_rows_share_a_key() {
        for (i, a) in TABLE.iter().enumerate() {
            let twin = TABLE[i + 1..].iter().find(|b| (a.code, a.modifiers) == (b.code, b.modifiers));
            assert!(twin.is_none(), "{:?}", a.code);
        }
    }
}
