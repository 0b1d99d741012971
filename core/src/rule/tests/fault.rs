//! What is no rule, where, and what is said about it.

use super::*;

fn check(text: &str, at: &str, code: &str, says: &str) {
    let json = long(text);
    let fault = Rule::parse(&json).expect_err(&json);
    assert_eq!((fault.at.as_str(), fault.code), (at, code), "{json}: {fault}");
    assert!(fault.what.contains(says), "{json}: {}", fault.what);
}

#[test]
fn faults_name_their_place_and_what_was_probably_meant() {
    let custom = |text: &str| format!(r#"{{"isAfter": [@now, @t({text})]}}"#);
    for (text, at, code, says) in [
        ("", "", "rule_json", "not the JSON"),
        ("{", "", "rule_json", "not the JSON"),
        ("true true", "", "rule_json", "not the JSON"),
        (r#"{"nosuchop": [1]}"#, "/nosuchop", "rule_operator", "no operator \"nosuchop\""),
        (r#"{"and": [true, {"isbefore": []}]}"#, "/and/1/isbefore", "rule_operator", "isBefore?"),
        (r#"{"a/b~": []}"#, "/a~1b~0", "rule_operator", "no operator"),
        (r#"{"if": [true, true, false]}"#, "/if", "rule_operator", "no operator"),
        (r#"{"and": [{}]}"#, "/and/0", "rule_operator", "exactly one"),
        (r#"{"and": [true], "or": [true]}"#, "", "rule_operator", "exactly one"),
        (r#"{"objectList": []}"#, "/objectList", "rule_operator", "inside inList"),
        ("null", "", "rule_type", "null"),
        ("3", "", "rule_type", "a number"),
        ("\"true\"", "", "rule_type", "a text"),
        ("[true]", "", "rule_type", "an array"),
        ("@now", "", "rule_type", "a time"),
        ("@gate", "", "rule_type", "a gate"),
        (r#"{"and": [true, 1]}"#, "/and/1", "rule_type", "a number"),
        (r#"{"or": ["x"]}"#, "/or/0", "rule_type", "a text"),
        (r#"{"!": 5}"#, "/!", "rule_type", "a number"),
        (r#"{"!!": [@entries_today]}"#, "/!!/0", "rule_type", "a number"),
        (r#"{"and": [true, {"<": [@now, 3]}]}"#, "/and/1/<", "rule_type", "a time with a number"),
        (r#"{"<": [@entries_today, "3"]}"#, "/<", "rule_type", "a number with a text"),
        (r#"{"<": [@product, 3]}"#, "/<", "rule_type", "a product with a number"),
        (r#"{"==": [@now, @now]}"#, "/==", "rule_type", "Use isBefore"),
        (r#"{"==": [@gate, @gate]}"#, "/==", "rule_type", "a gate with a gate"),
        (r#"{"==": [@entry_status, 1]}"#, "/==", "rule_type", "the entry status"),
        (r#"{"==": [@entry_status, "presnt"]}"#, "/==", "rule_type", "present?"),
        (r#"{"<": [@entry_status, "present"]}"#, "/<", "rule_type", "by size"),
        (r#"{"==": [null, null]}"#, "/==", "rule_type", "null"),
        (r#"{"isBefore": [@now, 3]}"#, "/isBefore/1", "rule_type", "has to be a time"),
        (r#"{"isBefore": [true, @now]}"#, "/isBefore/0", "rule_type", "a truth value"),
        (r#"{"isBefore": [@now, @now, "soon"]}"#, "/isBefore/2", "rule_type", "tolerance"),
        (r#"{"isBefore": [@now, @now, @now]}"#, "/isBefore/2", "rule_type", "tolerance"),
        (r#"{"isBefore": [@now, @now, "NaN"]}"#, "/isBefore/2", "rule_time", "at most"),
        (r#"{"isBefore": [@now, @now, 1e12]}"#, "/isBefore/2", "rule_time", "at most"),
        (r#"{"<": [{"entries_since": [3]}, 1]}"#, "/</0/entries_since/0", "rule_type", "a time"),
        (r#"{"inList": [@now, {"objectList": []}]}"#, "/inList/0", "rule_type", "a time"),
        (r#"{"inList": [@gate, 3]}"#, "/inList/1", "rule_type", "objectList"),
        (r#"{"inList": [@gate, {"list": []}]}"#, "/inList/1/list", "rule_type", "objectList"),
        (r#"{"<": [@entriesToday, 3]}"#, "/</0/var", "rule_variable", "entries_today?"),
        (r#"{"<": [{"var": ["entries_numbr"]}, 3]}"#, "/</0/var", "rule_variable", "entries_number?"),
        (r#"{"<": [@weather, 3]}"#, "/</0/var", "rule_variable", "no variable"),
        (r#"{"<": [{"var": 3}, 3]}"#, "/</0/var", "rule_type", "is a text"),
        (r#"{"<": [{"var": ["now", 1]}, 3]}"#, "/</0/var", "rule_arguments", "takes one"),
        (r#"{"<": [@entries_since, 3]}"#, "/</0/var", "rule_arguments", "takes a time"),
        (r#"{"<": [1]}"#, "/<", "rule_arguments", "takes 2 to 3 operands, not 1."),
        (r#"{">": [1, 2, 3]}"#, "/>", "rule_arguments", "2 operands, not 3"),
        (r#"{"!": []}"#, "/!", "rule_arguments", "takes one operand, not 0"),
        (r#"{"!": [true, true]}"#, "/!", "rule_arguments", "not 2"),
        (r#"{"isAfter": [@now]}"#, "/isAfter", "rule_arguments", "2 to 3"),
        (r#"{"inList": [@gate]}"#, "/inList", "rule_arguments", "2 operands"),
        (r#"{"<": [{"entries_since": []}, 1]}"#, "/</0/entries_since", "rule_arguments", "not 0"),
        (r#"{"isAfter": [@now, @e(date_too)]}"#, "/isAfter/1/buildTime/0", "rule_time", "date_to?"),
        (
            r#"{"isAfter": [@now, {"buildTime": ["date_to", 3]}]}"#,
            "/isAfter/1/buildTime/1",
            "rule_arguments",
            "more",
        ),
        (r#"{"isAfter": [@now, {"buildTime": ["custom"]}]}"#, "/isAfter/1/buildTime/1", "rule_type", "moment"),
        (r#"{"isAfter": [@now, {"buildTime": []}]}"#, "/isAfter/1/buildTime", "rule_arguments", "not 0"),
        (r#"{"isAfter": [@now, @d(25:00)]}"#, "/isAfter/1/buildTime/1", "rule_time", "time of day"),
        (&custom("tomorrow"), "/isAfter/1/buildTime/1", "rule_time", "no moment"),
        (&custom("2500-01-01T00:00:00Z"), "/isAfter/1/buildTime/1", "rule_time", "no moment"),
        (&custom("2020-01-01T10:00:00[Asia/Tokyo]"), "/isAfter/1/buildTime/1", "rule_time", "no moment"),
        ("@p(A)", "/inList/1/objectList/0/lookup/1", "rule_lookup", "its number"),
        ("@p(1,70000)", "/inList/1/objectList/1/lookup/1", "rule_lookup", "its number"),
        ("@p(-1)", "/inList/1/objectList/0/lookup/1", "rule_lookup", "its number"),
        (r#"{"==": [@product, 1.5]}"#, "/==", "rule_lookup", "its number"),
        (r#"{"in": [@gate, [null]]}"#, "/in/1", "rule_lookup", "its name"),
        (r#"{"inList": [@gate, {"objectList": [3]}]}"#, "/inList/1/objectList/0", "rule_lookup", "lookup"),
        (
            r#"{"inList": [@gate, {"objectList": [{"lookup": ["product", 1, ""]}]}]}"#,
            "/inList/1/objectList/0/lookup/0",
            "rule_lookup",
            "\"gate\"",
        ),
        (
            r#"{"inList": [@gate, {"objectList": [{"lookup": ["gate"]}]}]}"#,
            "/inList/1/objectList/0/lookup",
            "rule_arguments",
            "2 to 3",
        ),
    ] {
        check(text, at, code, says);
    }
}

#[test]
fn size_and_depth_have_limits() {
    let nested = |depth: usize| format!("{}true{}", r#"{"!":["#.repeat(depth), "]}".repeat(depth));
    assert!(Rule::parse(&nested(MAX_RULE_DEPTH)).is_ok());
    let code = |json: &str| Rule::parse(json).map(|_| "ok").unwrap_or_else(|fault| fault.code);
    assert_eq!(code(&nested(MAX_RULE_DEPTH + 1)), "rule_depth");
    assert_eq!(code(&nested(8_000)), "rule_depth");
    assert_eq!(code(&"[".repeat(60_000)), "rule_depth");
    let wide = |members: usize| format!(r#"{{"and":[{}true]}}"#, r#"{"!":[true]},"#.repeat(members));
    assert_eq!(code(&wide(MAX_RULE_NODES - 1)), "ok");
    assert_eq!(code(&wide(MAX_RULE_NODES)), "rule_size");
    assert_eq!(code(&" ".repeat(MAX_RULE_BYTES + 1)), "rule_size");
}
