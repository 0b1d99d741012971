//! Tickets: read, drawn as pictures, changed one by one.

pub mod change;
pub mod picture;
pub mod read;
pub mod shape;
