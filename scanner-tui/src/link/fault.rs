//! Why the agent was not reached, in the words of whoever has to act.
//!
//! Each fault says what happened and what to do, and has a stable code. Facts only: no
//! token and no answer's body is ever part of a fault, because faults are printed.

use std::fmt;

/// Why the agent was not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens at the address.
    NoAnswer,
    /// Connected, then nothing for too long.
    Silent,
    /// The agent closed the connection.
    Closed,
    /// The token file cannot be read.
    TokenFile,
    /// The agent does not accept the token.
    Denied(u16),
    /// Another HTTP status.
    Http(u16),
    /// An answer that is not what an agent says.
    NotAnAgent,
}

impl Fault {
    /// What staff do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NoAnswer => "Check that edge-agent runs there: systemctl status edge-agent",
            Self::Silent | Self::Closed => "Wait; if it stays away: systemctl status edge-agent",
            Self::TokenFile => "Check --token-file and who may read it",
            Self::Denied(_) => "Check --token-file: it is api.token in the agent's data folder",
            Self::Http(_) | Self::NotAnAgent => "Check --agent: another program answers there",
        }
    }

    /// The stable code; `E-NET-03` is the one `edge-agent` says when no agent runs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAnswer => "E-NET-03",
            Self::Silent => "E-NET-11",
            Self::Closed => "E-NET-12",
            Self::TokenFile => "E-AUT-11",
            Self::Denied(_) => "E-AUT-12",
            Self::Http(_) | Self::NotAnAgent => "E-NET-13",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer => write!(f, "nobody answers at its address"),
            Self::Silent => write!(f, "it is connected but says nothing"),
            Self::Closed => write!(f, "it closed the connection"),
            Self::TokenFile => write!(f, "the token file cannot be read"),
            Self::Denied(status) => write!(f, "it does not accept the token (HTTP {status})"),
            Self::Http(status) => write!(f, "it answered HTTP {status}"),
            Self::NotAnAgent => write!(f, "what answers is not an agent"),
        }
    }
}

impl std::error::Error for Fault {}
