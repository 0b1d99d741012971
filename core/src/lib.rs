//! The law of Tidegate, written once.
//!
//! Absent here, and kept absent by CI: I/O, async, clocks, randomness, SQL.
//! Time, ids and keys enter as arguments; everything is a value.
//!
//! - [`ticket`]: what a code grants, its layout, its signature.
//! - [`catalogue`]: the event as a door sees it.
//! - [`decide`]: `decide(facts, scan) -> Decision`, the admission law; [`mod@serve`] is the bar's.
//! - [`journal`]: entries, hash chains, signed runs, and who may write what.
//! - [`fold`]: entries into state, the same in whatever order they came.
//! - [`allotment`]: the share of stock a device may use up alone.
//! - [`feed`] and [`sync`]: what travels between cloud and agents.
//! - [`trust`]: device certificates and one-time codes.
//! - [`clock`], [`time`], [`id`], [`money`]: the small types under all of it.
//! - [`api`]: the JSON shapes of answers.

pub mod allotment;
pub mod api;
pub mod catalogue;
pub mod clock;
pub mod decide;
pub mod feed;
pub mod fold;
pub mod id;
pub mod journal;
pub mod money;
pub mod seal;
pub mod serve;
pub mod sync;
pub mod ticket;
pub mod time;
pub mod trust;
