//! What is wrong with a rule, where, and what was probably meant.

/// Why a rule was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (at {place})", place = if .at.is_empty() { "the rule itself" } else { .at.as_str() })]
pub struct RuleFault {
    /// Where, as a JSON pointer into the rule: `/and/1/<`; empty for the whole.
    pub at: String,
    /// Which kind of fault, for ever: `rule_json`, `rule_size`, `rule_depth`, `rule_operator`,
    /// `rule_arguments`, `rule_type`, `rule_variable`, `rule_time` or `rule_lookup`.
    pub code: &'static str,
    /// One sentence.
    pub what: String,
}

/// At most this much of what was given is repeated; it may be anything.
const SHOWN_CHARS: usize = 40;

/// A word of the rule as it is shown.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

/// ` Did you mean …?` where one of the names is near.
pub(super) fn suggestion(given: &str, names: &[&'static str]) -> String {
    let given = shown(given).to_lowercase();
    let nearest = names.iter().map(|name| (distance(&given, &name.to_lowercase()), *name)).min();
    match nearest {
        Some((far, name)) if far <= name.len() / 3 => format!(" Did you mean {name}?"),
        _ => String::new(),
    }
}

/// How many characters have to be added, taken away or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0]; // a row always holds at least one cell
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1]; // the row is one longer than b
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_answered_with_what_was_probably_meant() {
        let names = ["entries_today", "entries_days", "now"];
        let check = |given: &str, expect: &str| assert_eq!(suggestion(given, &names), expect, "{given}");
        check("entriesToday", " Did you mean entries_today?");
        check("entries_tody", " Did you mean entries_today?");
        check("entries_day", " Did you mean entries_days?");
        check("NOW", " Did you mean now?");
        check("weather", "");
        check("", "");
        check(&"x".repeat(10_000), "");
    }
}
