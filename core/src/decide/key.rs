//! Idempotency: one key, one act, one answer.
//!
//! Keys belong to (device, operation) and are stored with a hash of the request's
//! content in the transaction that records the act. The same key and content
//! repeats the answer; another content is `key_reused`; the key of an act that
//! was taken back answers `annulled` or `voided`, never green.

use super::{Code, Why};
use crate::api::{Answer, Verdict};
use crate::catalogue::Catalogue;
use crate::seal::{Domain, Hash};

/// The longest key: a UUID or a ULID with a prefix fits.
pub const MAX_KEY_BYTES: usize = 100;

/// Which operation a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A scan at a gate.
    Scan,
    /// A serving at a bar.
    Serving,
}

impl Operation {
    /// Its name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Serving => "serving",
        }
    }
}

/// What is stored under a key.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Hash of the request's content.
    pub content: Hash,
    /// The answer that was given.
    pub answer: Answer,
    /// Whether the act was taken back since.
    pub undone: bool,
}

/// The hash of a request's content; parts are kept apart by their lengths.
pub fn content(parts: &[&str]) -> Hash {
    let framed: Vec<Vec<u8>> =
        parts.iter().map(|part| [&(part.len() as u64).to_be_bytes()[..], part.as_bytes()].concat()).collect();
    let framed: Vec<&[u8]> = framed.iter().map(Vec::as_slice).collect();
    Domain::Request.hash(&framed)
}

/// The answer to a request whose key is stored already.
pub fn repeat(recorded: Recorded, content: Hash, catalogue: &Catalogue) -> Answer {
    let verdict = match recorded.answer.verdict {
        Verdict::Serve => Verdict::Voided,
        Verdict::Admit | Verdict::Exit | Verdict::Ask | Verdict::Refuse | Verdict::Annulled | Verdict::Voided => {
            Verdict::Annulled
        }
    };
    let base = Answer { repeated: true, ..recorded.answer };
    if recorded.content != content {
        let explain = Why::KeyReused.explain(catalogue);
        return Answer {
            verdict: Verdict::Refuse,
            code: Code::KeyReused.to_string(),
            explain,
            entry: None,
            ticket: None,
            admitted_ticket: None,
            used: None,
            credits: Vec::new(),
            overridden: false,
            ..base
        };
    }
    match recorded.undone {
        true => Answer { verdict, code: Code::Ok.to_string(), explain: Why::Undone.explain(catalogue), ..base },
        false => base,
    }
}
