//! The agent at a door or a bar.
//!
//! Codes come in through [`frames`], [`eye`] and [`lanes`], from [`phones`], or by the [`api`]; the
//! [`store`] decides with the law of `tidegate-core` and records in one transaction;
//! [`links`] carry entries to peers and the cloud, and bring the feed; a [`courier`]
//! carries both on a stick. [`agent`] holds them together; [`cli`] is what a person
//! types, and [`audit`] checks afterwards what the journals say.

pub mod agent;
pub mod api;
pub mod audit;
pub mod cli;
pub mod config;
pub mod courier;
pub mod eye;
pub mod frames;
pub mod lanes;
pub mod links;
pub mod phones;
pub mod scanners;
pub mod sessions;
pub mod store;
pub mod time;
