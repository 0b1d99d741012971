//! Rules of lists: what is wrong with them is said with its place, and what they would
//! answer is tried without recording anything.

use crate::common::{Venue, new_event};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

struct Office {
    venue: Venue,
    /// A product with a variation: its id, its number and the variation's.
    shirt: (String, u64, u64),
}

impl Office {
    async fn new() -> Self {
        let venue = Venue::new().await;
        let shirt = json!({"event": venue.event, "name": "Workshop", "kind": "ticket", "price_minor": 0,
            "variations": ["child", "adult"]});
        let made = venue.cloud.post(&venue.organizer, "/v1/products", shirt).await.ok();
        assert_eq!(made["variations"][1], json!({"number": 2, "name": "adult"}));
        let shirt = (
            made["id"].as_str().unwrap().to_owned(),
            made["number"].as_u64().unwrap(),
            made["variations"][0]["number"].as_u64().unwrap(),
        );
        Self { venue, shirt }
    }

    async fn patch(&self, rules: Value) -> crate::common::Answer {
        let path = format!("/v1/lists/{}", self.venue.list);
        self.venue.cloud.patch(&self.venue.organizer, &path, json!({ "rules": rules })).await
    }

    async fn test(&self, body: Value) -> crate::common::Answer {
        let path = format!("/v1/lists/{}/test", self.venue.list);
        self.venue.cloud.post(&self.venue.organizer, &path, body).await
    }
}

fn lookup(kind: &str, number: u64) -> Value {
    json!({ "inList": [{ "var": kind }, { "objectList": [{ "lookup": [kind, number.to_string(), "x"] }] }] })
}

both!(bad_rules_are_refused_with_the_place_and_the_fault);
async fn bad_rules_are_refused_with_the_place_and_the_fault() {
    let office = Office::new().await;
    let check = async |rules: Value, at: &str, code: &str| {
        let problem = office.patch(rules).await.refused(422, "bad_rule");
        assert_eq!((problem["rule"]["at"].as_str(), problem["rule"]["code"].as_str()), (Some(at), Some(code)));
        let (detail, what) = (problem["detail"].as_str().unwrap(), problem["rule"]["what"].as_str().unwrap());
        assert!(detail.contains(code) && detail.contains(what) && detail.contains(at), "{problem}");
    };
    check(json!({"and": [true, {"entriesToday": 1}]}), "/and/1/entriesToday", "rule_operator").await;
    check(json!({"<": [{"var": "wether"}, 1]}), "/</0/var", "rule_variable").await;
    check(json!("true"), "", "rule_type").await;
    check(
        json!({"isAfter": [{"var": "now"}, {"buildTime": ["custom", "noon"]}]}),
        "/isAfter/1/buildTime/1",
        "rule_time",
    )
    .await;
    check(lookup("product", 77), "/inList/1/objectList/0/lookup/1", "rule_unknown_product").await;
    check(
        json!({"or": [lookup("variation", 9)]}),
        "/or/0/inList/1/objectList/0/lookup/1",
        "rule_unknown_variation",
    )
    .await;
    check(json!({"!=": [{"var": "product"}, 77]}), "/!=/1", "rule_unknown_product").await;
    let list = json!({"event": office.venue.event, "name": "L", "rules": {"nosuchop": []}});
    office.venue.cloud.post(&office.venue.organizer, "/v1/lists", list).await.refused(422, "bad_rule");
}

both!(good_rules_are_kept_shown_and_taken_away);
async fn good_rules_are_kept_shown_and_taken_away() {
    let office = Office::new().await;
    let rules = json!({"and": [lookup("product", office.shirt.1), lookup("variation", office.shirt.2)]});
    assert_eq!(office.patch(rules.clone()).await.ok()["rules"], rules);
    let path = format!("/v1/lists/{}", office.venue.list);
    let cloud = &office.venue.cloud;
    let renamed = cloud.patch(&office.venue.organizer, &path, json!({"name": "Door"})).await.ok();
    assert_eq!(renamed["rules"], rules, "what is not named stays");
    assert!(office.patch(Value::Null).await.ok()["rules"].is_null());
    let list = json!({"event": office.venue.event, "name": "L", "addon_match": true,
        "auto_exit_at": "2026-11-20T05:00:00+01:00", "rules": {}});
    let made = cloud.post(&office.venue.organizer, "/v1/lists", list).await.ok();
    assert_eq!((made["addon_match"].as_bool(), made["rules"].clone()), (Some(true), json!({})));
    assert_eq!(made["auto_exit_at"], "2026-11-20T04:00:00Z");
}

both!(rules_of_a_later_version_refuse_everybody_until_they_are_mended);
async fn rules_of_a_later_version_refuse_everybody_until_they_are_mended() {
    let office = Office::new().await;
    let (cloud, token) = (&office.venue.cloud, &office.venue.organizer);
    let list =
        json!({"event": office.venue.event, "name": "L", "rules": {"weather": ["sun"]}, "unchecked_rules": true});
    let made = cloud.post(token, "/v1/lists", list).await.ok();
    assert_eq!(made["rules"], json!({"weather": ["sun"]}));
    let code = office.venue.paid("k", 1).await["tickets"][0]["code"].clone();
    let scan = json!({"code": code, "list": made["id"]});
    let scans = format!("/v1/events/{}/scans", office.venue.event);
    let refused = cloud.post(token, &scans, scan.clone()).await.ok();
    assert_eq!((refused["verdict"].as_str(), refused["code"].as_str()), (Some("refuse"), Some("rule")));
    let path = format!("/v1/lists/{}", made["id"].as_str().unwrap());
    let again = json!({"rules": {"weather": []}, "unchecked_rules": true});
    cloud.patch(token, &path, again).await.refused(422, "bad_request");
    cloud.patch(token, &path, json!({"rules": null})).await.ok();
    assert_eq!(cloud.post(token, &scans, scan).await.ok()["verdict"], "admit");
    let long =
        json!({"event": office.venue.event, "name": "M", "rules": "x".repeat(70_000), "unchecked_rules": true});
    cloud.post(token, "/v1/lists", long).await.refused(422, "invalid");
}

both!(a_list_is_tried_out_without_recording_anything);
async fn a_list_is_tried_out_without_recording_anything() {
    let office = Office::new().await;
    let order = office.venue.paid("k", 1).await;
    let ticket = order["tickets"][0]["id"].clone();
    let check = async |body: Value, verdict: &str, code: &str, reasons: usize| {
        let got = office.test(body).await.ok();
        assert_eq!((got["verdict"].as_str(), got["code"].as_str()), (Some(verdict), Some(code)), "{got}");
        assert_eq!(got["reasons"].as_array().map_or(0, Vec::len), reasons, "{got}");
        got
    };
    check(json!({ "ticket": ticket }), "admit", "ok", 0).await;
    let doors = json!({"and": [
        {"isAfter": [{"var": "now"}, {"buildTime": ["custom", "2026-11-19T19:00:00Z"]}]},
        {"inList": [{"var": "gate"}, {"objectList": [{"lookup": ["gate", "North", "North"]}]}]},
    ]});
    check(json!({"ticket": ticket, "rules": doors}), "refuse", "rule", 2).await;
    let late = "2026-11-19T19:30:00Z";
    let got = check(json!({"ticket": ticket, "rules": doors, "at": late}), "refuse", "rule", 1).await;
    assert_eq!(got["at"], late);
    check(json!({"ticket": ticket, "rules": doors, "at": late, "gate": "North"}), "admit", "ok", 0).await;
    office.patch(lookup("variation", office.shirt.2)).await.ok();
    check(json!({ "ticket": ticket }), "refuse", "rule", 1).await;
    check(json!({"ticket": ticket, "rules": null}), "admit", "ok", 0).await;
    let imagined = json!({"product": office.shirt.0, "variation": office.shirt.2});
    check(imagined, "admit", "ok", 0).await;
    check(json!({"product": office.shirt.0}), "refuse", "rule", 1).await;
    // A real ticket has its history.
    office.patch(Value::Null).await.ok();
    let scans = format!("/v1/events/{}/scans", office.venue.event);
    let scan = json!({"code": order["tickets"][0]["code"], "list": office.venue.list});
    office.venue.cloud.post(&office.venue.organizer, &scans, scan).await.ok();
    check(json!({ "ticket": ticket }), "refuse", "used", 0).await;
    let entries = format!("/v1/events/{}/entries", office.venue.event);
    let entries = office.venue.cloud.get(&office.venue.organizer, &entries).await.ok();
    let acts = entries["items"].as_array().unwrap().iter().filter(|e| e["kind"] != "restock").count();
    assert_eq!(acts, 1, "{entries}");
}

both!(what_is_tried_has_to_exist_here);
async fn what_is_tried_has_to_exist_here() {
    let office = Office::new().await;
    let ticket = office.venue.paid("k", 1).await["tickets"][0]["id"].clone();
    for body in [
        json!({}),
        json!({"ticket": ticket, "product": office.shirt.0}),
        json!({"ticket": ticket, "variation": 1}),
        json!({"product": office.shirt.0, "variation": 99}),
        json!({"product": office.shirt.0, "date": 1}),
    ] {
        office.test(body).await.refused(422, "invalid");
    }
    let path = format!("/v1/lists/{}/test", office.venue.list);
    let late = json!({"ticket": ticket, "rules": {"<": [{"var": "entries_number"}, 0]}});
    let german = office.venue.cloud.spoken(&office.venue.organizer, &path, "de-AT", late).await.ok();
    assert_eq!(german["explain"]["do"], "Zur Kasse schicken", "{german}");
    office.test(json!({"ticket": ticket, "rules": {"nosuchop": 1}})).await.refused(422, "bad_rule");
    office.test(json!({"ticket": "tkt_none"})).await.refused(404, "not_found");
    office.test(json!({"product": "prd_none"})).await.refused(404, "not_found");
    let matinee = new_event(&office.venue.cloud, &office.venue.organizer, "Matinee").await;
    let list = json!({"event": matinee, "name": "L"});
    let list = office.venue.cloud.post(&office.venue.organizer, "/v1/lists", list).await.ok();
    let path = format!("/v1/lists/{}/test", list["id"].as_str().unwrap());
    let slipped = office.venue.cloud.post(&office.venue.organizer, &path, json!({ "ticket": ticket })).await;
    slipped.refused(404, "not_found");
}

/// The program's exit code and what it printed.
fn run(mut program: Command, arguments: &[&str], input: &str) -> (i32, String) {
    let mut child = program
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

both!(rules_are_checked_and_tried_at_the_command_line);
async fn rules_are_checked_and_tried_at_the_command_line() {
    let office = Office::new().await;
    let command = |arguments: &[&str], input: &str| run(office.venue.cloud.program(), arguments, input);
    assert_eq!(command(&["rule", "check", "-"], r#"{"and": []}"#).0, 0);
    let (code, said) = command(&["rule", "check", "-"], r#"{"and": [{"nosuchop": 1}]}"#);
    assert!(code == 3 && said.contains("/and/0/nosuchop") && said.contains("rule_operator"), "{said}");
    let ticket = office.venue.paid("k", 1).await["tickets"][0]["id"].as_str().unwrap().to_owned();
    let mut arguments = vec!["rule", "test", "--list", &office.venue.list, "--ticket", &ticket];
    arguments.extend(["--at", "2026-11-19T20:00:00+01:00"]);
    let (code, said) = command(&arguments, "");
    assert!(code == 0 && said.contains(r#""verdict": "admit""#), "{said}");
    arguments.extend(["--rules", "-"]);
    let (code, said) = command(&arguments, r#"{"==": [{"var": "gate"}, "North"]}"#);
    assert!(code == 0 && said.contains(r#""code": "rule""#), "{said}");
    assert_ne!(command(&["rule", "test", "--data", "/nonexistent", "--list", "l", "--ticket", "t"], "").0, 0);
}
