//! The report as CSV (RFC 4180): its rows, or one number a row.
//!
//! Texts that a spreadsheet would take for a formula get an apostrophe in front.

use super::rows::{Grouping, Row};
use super::{Attendance, Refusals};
use std::io::Write;
use tidegate_core::time::{Timestamp, Zone};

/// Codes of refusals with a column of their own: twice as many as the law has. Devices write them, and a
/// table must not grow sideways without end; the rarest ones beyond share `refused_other`.
const MAX_CODES: usize = 48;

/// The rows of a report, one a line.
pub fn rows(report: &Attendance, by: Grouping, out: impl Write) -> csv::Result<()> {
    let keeps = |one| by == Grouping::All || by == one;
    let mut out = writer(out);
    let codes = columns(&report.refusals);
    let mut header = vec!["from_local".to_owned(), "from_utc".to_owned()];
    for (kept, name) in [(Grouping::List, "list"), (Grouping::Gate, "gate"), (Grouping::Product, "product")] {
        header.extend(keeps(kept).then(|| name.to_owned()));
    }
    header.extend(["entries", "exits", "overridden", "refused"].map(str::to_owned));
    header.extend(codes.iter().map(|code| format!("refused_{code}")));
    let other = report.refusals.len() > codes.len();
    header.extend(other.then(|| "refused_other".to_owned()));
    out.write_record(&header)?;
    let zone = Zone::parse(&report.timezone).unwrap_or_else(Zone::utc);
    for row in &report.rows {
        let mut line = vec![Timestamp::from_secs(row.from_s).local_date_time(&zone), row.from.clone()];
        for (kept, name) in
            [(Grouping::List, &row.list), (Grouping::Gate, &row.gate), (Grouping::Product, &row.product)]
        {
            line.extend(keeps(kept).then(|| plain(name.as_deref().unwrap_or_default())));
        }
        line.extend(numbers(row, &codes, other));
        out.write_record(&line)?;
    }
    Ok(out.flush()?)
}

fn numbers(row: &Row, codes: &[&str], other: bool) -> Vec<String> {
    let tally = row.tally;
    let of = |code: &&str| row.codes.get(*code).copied().unwrap_or_default();
    let named: Vec<u64> = codes.iter().map(of).collect();
    let rest = tally.refused - named.iter().sum::<u64>();
    let all = [tally.entries, tally.exits, tally.overridden, tally.refused].into_iter().chain(named);
    all.chain(other.then_some(rest)).map(|number| number.to_string()).collect()
}

/// The codes with columns: the most frequent ones, by name.
fn columns(refusals: &[Refusals]) -> Vec<&str> {
    let mut codes: Vec<&Refusals> = refusals.iter().collect();
    codes.sort_by_key(|refusal| std::cmp::Reverse(refusal.count));
    let mut codes: Vec<&str> = codes.into_iter().take(MAX_CODES).map(|refusal| refusal.code.as_str()).collect();
    codes.sort_unstable();
    codes
}

/// The whole evening, one number a line.
pub fn totals(report: &Attendance, out: impl Write) -> csv::Result<()> {
    let mut out = writer(out);
    out.write_record(["what", "name", "detail", "amount"])?;
    let mut line = |what: &str, name: &str, detail: &str, amount: i64| {
        out.write_record([what, &plain(name), &plain(detail), &amount.to_string()])
    };
    for list in &report.lists {
        let tally = list.tally;
        let inside = [("entries", tally.entries), ("exits", tally.exits), ("inside", list.inside)];
        for (what, amount) in inside.into_iter().chain([("overridden", tally.overridden)]) {
            line(what, &list.list, "", amount as i64)?;
        }
    }
    for came in &report.arrivals {
        line("arrivals", &came.gate, &came.from, came.count as i64)?;
    }
    for refusal in &report.refusals {
        line("refusals", &refusal.code, "", refusal.count as i64)?;
    }
    for served in &report.servings {
        line("servings", &served.product, &served.device, served.units)?;
    }
    for stock in &report.stock {
        line("restocked", &stock.product, "", stock.restocked)?;
        line("left", &stock.product, "", stock.left)?;
    }
    line("undone", "", "", report.totals.undone as i64)?;
    line("conflicts", "", "", report.conflicts as i64)?;
    Ok(out.flush()?)
}

/// Lines end as RFC 4180 has it.
pub fn writer<W: Write>(out: W) -> csv::Writer<W> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out)
}

/// A text that no spreadsheet computes.
pub fn plain(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_and_formulas_defused() {
        let check = |text: &str, expect: &str| {
            let mut out = writer(Vec::new());
            out.write_record([&plain(text), "1"]).unwrap();
            let line = String::from_utf8(out.into_inner().unwrap()).unwrap();
            assert_eq!(line, format!("{expect},1\r\n"));
        };
        check("plain", "plain");
        check("a, \"b\"", "\"a, \"\"b\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        for formula in ["=1+1", "+1", "-1", "@sum", "\t=1", "＝1"] {
            check(formula, &format!("'{formula}"));
        }
    }

    #[test]
    fn codes_beyond_the_columns_share_the_last() {
        let refusals: Vec<Refusals> =
            (0..60).map(|n| Refusals { code: format!("code{n:02}"), count: 100 - n }).collect();
        let codes = columns(&refusals);
        assert_eq!((codes.len(), codes[0], codes[MAX_CODES - 1]), (MAX_CODES, "code00", "code47"));
    }
}
