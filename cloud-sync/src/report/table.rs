//! The report as CSV (RFC 4180): one table, a row for each number.
//!
//! Names that a spreadsheet would take for a formula get an apostrophe in front.

use super::Attendance;

/// The whole report.
pub fn csv(report: &Attendance) -> String {
    let mut out = String::from("what,name,detail,amount\r\n");
    for list in &report.lists {
        row(&mut out, "entries", &list.list, "", list.entries as i64);
        row(&mut out, "exits", &list.list, "", list.exits as i64);
        row(&mut out, "inside", &list.list, "", list.inside as i64);
    }
    report.arrivals.iter().for_each(|a| row(&mut out, "arrivals", &a.gate, &a.from, a.count as i64));
    report.refusals.iter().for_each(|r| row(&mut out, "refusals", &r.code, "", r.count as i64));
    report.servings.iter().for_each(|s| row(&mut out, "servings", &s.product, &s.device, s.units));
    for stock in &report.stock {
        row(&mut out, "restocked", &stock.product, "", stock.restocked);
        row(&mut out, "left", &stock.product, "", stock.left);
    }
    row(&mut out, "conflicts", "", "", report.conflicts as i64);
    out
}

fn row(out: &mut String, what: &str, name: &str, detail: &str, amount: i64) {
    out.push_str(&format!("{what},{},{},{amount}\r\n", field(name), field(detail)));
}

fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_defused() {
        assert_eq!(field("plain"), "plain");
        assert_eq!(field("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(field("=1+1"), "'=1+1");
    }
}
