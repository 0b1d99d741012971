//! The cloud's scan API: the same questions and answers as an agent's.

pub mod scan;
pub mod serving;
pub mod undo;
