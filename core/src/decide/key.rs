//! Idempotency: one key, one act, one answer.
//!
//! Keys belong to (device, operation) and are stored with a hash of the request's
//! content in the transaction that records the act. The same key and content
//! repeats the answer; another content is `key_reused`; the key of an act that
//! was taken back answers `annulled` or `voided`, never green.

use super::{Code, Why};
use crate::api::{Answer, Verdict};
use crate::catalogue::Catalogue;
use crate::language::Language;
use crate::seal::{Domain, Hash};

/// The longest key, in characters as the APIs' documents count them: a UUID or a ULID with a prefix fits.
pub const MAX_KEY_CHARS: usize = 100;

/// Which operation a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A scan at a gate.
    Scan,
    /// A serving at a bar.
    Serving,
    /// Several tickets of an order at once.
    Party,
    /// Stock that came, went or was counted.
    Stock,
}

impl Operation {
    /// Its name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Serving => "serving",
            Self::Party => "party",
            Self::Stock => "stock",
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

/// The answer to a request whose key is stored already. What was recorded keeps the
/// words it was answered in; what is new about it is said in `language`.
pub fn repeat(recorded: Recorded, content: Hash, catalogue: &Catalogue, language: Language) -> Answer {
    let verdict = match recorded.answer.verdict {
        Verdict::Serve => Verdict::Voided,
        Verdict::Admit | Verdict::Exit | Verdict::Ask | Verdict::Refuse | Verdict::Annulled | Verdict::Voided => {
            Verdict::Annulled
        }
    };
    let base = Answer { repeated: true, ..recorded.answer };
    if recorded.content != content {
        let explain = Why::KeyReused.explain(catalogue, language);
        return Answer {
            verdict: Verdict::Refuse,
            code: Code::KeyReused.to_string(),
            explain,
            entry: None,
            ticket: None,
            admitted_ticket: None,
            used: None,
            questions: Vec::new(),
            choices: Vec::new(),
            credits: Vec::new(),
            overridden: false,
            ..base
        };
    }
    match recorded.undone {
        true => {
            let explain = Why::Undone.explain(catalogue, language);
            Answer { verdict, code: Code::Ok.to_string(), explain, ..base }
        }
        false => base,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Explanation;
    use crate::decide::answer::{Setting, plain};

    #[test]
    fn a_repeated_answer_keeps_its_words_and_what_is_new_is_said_in_the_language_asked() {
        let hash = content(&["a"]);
        let line = "Echt, nach dem letzten Abgleich verkauft";
        let check = |undone, content, expect: (&str, &str)| {
            let explain = Explanation { line: line.into(), ..Explanation::default() };
            let answer = plain(Verdict::Admit, "ok", explain, Setting::default(), None);
            let recorded = Recorded { content: hash, answer, undone };
            let answer = repeat(recorded, content, &Catalogue::default(), Language::Fr);
            assert_eq!((answer.code.as_str(), answer.explain.line.as_str()), expect);
        };
        check(false, hash, ("ok", line));
        check(true, hash, ("ok", "Opération annulée"));
        check(false, content(&["b"]), ("key_reused", "Cette clé de requête désigne déjà autre chose"));
    }
}
