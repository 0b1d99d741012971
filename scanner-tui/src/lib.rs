//! The supervisor's terminal screen: a client of an agent's API, never the thing that admits.
//!
//! A state machine with a thin shell: [`model`] is the state, [`update`] turns messages and
//! time into state and commands, [`view`] draws it, [`screen`] performs. [`link`] speaks with
//! the agent, [`keys`] is the one table of keys, [`face`] and [`theme`] are how verdicts look.
//! [`plain`] is the same in lines. Absent: any database, any decision about a ticket, and any
//! clock below [`screen`]: time is an argument.

pub mod cli;
pub mod face;
pub mod keys;
pub mod link;
pub mod model;
pub mod plain;
pub mod screen;
pub mod sound;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
pub mod words;
