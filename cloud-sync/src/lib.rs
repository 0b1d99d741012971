//! The cloud of Tidegate: sells and signs tickets and credits, feeds the agents,
//! takes their journals, tells organizers what happened.
//!
//! - [`router`]: every URL, on the REST side and on the device link.
//! - [`auth`]: who may do what, in one table.
//! - [`store`]: the database; the only place that knows one.
//! - [`vault`] and [`keys`]: private keys, encrypted at rest; [`lots`]: what is drawn.
//! - [`orders`] and [`pay`]: the legal moves of an order, and who takes the money.
//! - [`feed`], [`start`] and [`exchange`]: what goes to the agents and what comes from them.
//! - [`rule`]: rules of lists at the command line.
//! - [`ledger`], [`desk`] and [`report`]: entries into the books, the cloud's own
//!   scans, and what organizers read.
//!
//! What counts is decided in `tidegate-core`; nothing here decides it again.

pub mod api;
pub mod app;
pub mod auth;
pub mod desk;
pub mod exchange;
pub mod fault;
pub mod feed;
pub mod json;
pub mod keys;
pub mod ledger;
pub mod lots;
pub mod orders;
pub mod pay;
pub mod qr;
pub mod report;
pub mod router;
pub mod rule;
pub mod scope;
pub mod serve;
pub mod start;
pub mod store;
pub mod tickets;
pub mod turns;
pub mod vault;
