//! The cloud, asked from outside as people, browsers and devices ask it, on SQLite and on PostgreSQL.
//!
//! One program for all of it: what they share is compiled and linked once, and one PostgreSQL runs for all.

#[macro_use]
mod common;

mod access;
mod attendance;
mod away;
mod desk;
mod devices;
mod feed;
mod guests;
mod histories;
mod lending;
mod loss;
mod model;
mod pace;
mod recount;
mod roles;
mod rules;
mod sales;
mod schema;
mod servers;
mod staff;
mod start;
mod tenancy;
mod tls;
mod upgrade;
mod wire;
mod zones;
