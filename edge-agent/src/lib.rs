//! Being built.
pub mod eye;
pub mod frames;
