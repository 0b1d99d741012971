//! The rules of a list as they are saved and sent: the text, and what it says.

use super::{Rule, RuleFault};
use std::fmt;
use std::sync::Arc;

/// A list's rules. They travel as their text; a text that makes no sense travels
/// like any other and is a fault wherever it is asked. It is read once.
#[derive(Clone)]
pub struct Rules(Arc<Read>);

struct Read {
    text: String,
    rule: Result<Rule, RuleFault>,
}

impl Rules {
    /// The rules with this text.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let rule = Rule::parse(&text);
        Self(Arc::new(Read { text, rule }))
    }

    /// The text as it was saved.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// What it says.
    pub fn rule(&self) -> Result<&Rule, &RuleFault> {
        self.0.rule.as_ref()
    }
}

impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Rules {}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rules").field(&self.text()).finish()
    }
}

impl<C> minicbor::Encode<C> for Rules {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(self.text())?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Rules {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.str().map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::to_cbor;

    #[test]
    fn rules_travel_as_their_text_whether_they_make_sense_or_not() {
        let check = |text: &str, sensible: bool| {
            let rules = Rules::new(text);
            let bytes = to_cbor(&rules);
            assert_eq!(minicbor::decode::<String>(&bytes).unwrap(), text);
            let back: Rules = minicbor::decode(&bytes).unwrap();
            assert_eq!((&back, back.text()), (&rules, text));
            assert_eq!(back.rule().is_ok(), sensible, "{text}");
            assert_eq!(back.rule(), rules.rule());
        };
        check(r#"{"<": [{"var": "entries_number"}, 3]}"#, true);
        check(r#"{"nosuchop": [1]}"#, false);
        check("", false);
        check("not JSON", false);
        assert_ne!(Rules::new("true"), Rules::new(" true"));
    }
}
