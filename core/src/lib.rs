//! The law of Tidegate, written once.
//!
//! Absent here, and kept absent by CI: I/O, async, clocks, randomness, SQL.
//! Time, ids and keys enter as arguments; everything is a value.
//!
//! - [`ticket`]: what a code grants, its layout, its signature.
//! - [`badge`]: who somebody of the staff is, signed.
//! - [`catalogue`]: the event as a door sees it.
//! - [`decide`]: `decide(facts, scan) -> Decision`, the admission law; [`mod@serve`] is the bar's.
//! - [`journal`]: entries, hash chains, signed runs, and who may write what.
//! - [`fold`]: entries into state, the same in whatever order they came.
//! - [`allotment`]: the share of stock, or of places, that a device may use up alone.
//! - [`exposure`]: what may go wrong while devices cannot talk, bounded.
//! - [`feed`] and [`sync`]: what travels between cloud and agents; [`start`]: what a device needs first.
//! - [`rule`]: the rules of check-in lists: read, evaluated, explained.
//! - [`scanned`]: what a hand scanner and a keyboard layout make of a code, and the way back.
//! - [`trust`]: device certificates and one-time codes.
//! - [`clock`], [`time`], [`id`], [`money`]: the small types under all of it.
//! - [`trial`]: deliberate bugs, for a simulator to find; compiled away in what ships.
//! - [`api`]: the JSON shapes of answers; [`language`]: the languages their sentences come in.

pub mod allotment;
pub mod api;
pub mod badge;
pub mod catalogue;
pub mod clock;
pub mod decide;
pub mod exposure;
pub mod feed;
pub mod fold;
pub mod id;
pub mod journal;
pub mod language;
pub mod money;
pub mod rule;
pub mod scanned;
pub mod seal;
pub mod serve;
mod short;
mod sparse;
pub mod start;
pub mod sync;
mod texts;
pub mod ticket;
pub mod time;
pub mod trial;
pub mod trust;
