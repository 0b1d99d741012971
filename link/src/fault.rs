//! Why a link failed: the one error of the asking side and of its TLS.

use crate::problem::Problem;

/// Why the other side was not asked, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Nobody there, or the line broke.
    #[error("not reached: {0}")]
    Unreachable(String),
    /// It answered with a problem.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// It answered something that cannot be read.
    #[error("garbled answer: {0}")]
    Garbled(String),
    /// Our own side could not be set up.
    #[error("TLS could not be set up: {0}")]
    Setup(String),
}
