//! The client against an agent over a real socket: every request, and what comes back.
//!
//! The test agent names every field it does not know, so what is asserted here is the wire.

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use scanner_tui::link::fault::Fault;
use scanner_tui::link::{Agent as Client, Refusal};
use scanner_tui::model::field::Secret;
use scanner_tui::model::journal::Kind;
use scanner_tui::model::request::{Override, Pages, Replied, Reply, Request, Scan, Subject};
use support::agent::{Agent, Script};
use support::desk::{BADGE, STEWARD, SUPERVISOR};
use support::*;
use tidegate_core::api::{Answer, Verdict};

struct Talk {
    agent: Agent,
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl Talk {
    fn start() -> Self {
        Self::with_token(None, None)
    }

    fn with_token(token: Option<&str>, file: Option<PathBuf>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let script = Script { status: status(), undo: annulled(), token: token.map(str::to_owned) };
        let agent = Agent::start(script);
        let client = Client::new(agent.url().parse().expect("an address"), file).expect("a client");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { agent, client, runtime }
    }

    fn ask(&self, request: Request, key: u64) -> Replied {
        self.runtime.block_on(self.client.ask(&request, key))
    }

    fn scan(&self, scan: Scan, key: u64) -> Answer {
        match self.ask(Request::Scan(Box::new(scan)), key) {
            Ok(Reply::Answer(answer)) => *answer,
            other => panic!("{other:?}"),
        }
    }
}

fn code(code: &str) -> Scan {
    Scan::of(Subject::Code(code.to_owned()))
}

fn ticket(id: &str) -> Scan {
    Scan { reason: Some("ID seen".to_owned()), ..Scan::of(Subject::Ticket(id.to_owned())) }
}

fn said_code(replied: Replied) -> String {
    match replied {
        Err(Refusal::Said { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn guests_are_found_and_their_whole_order_comes() {
    let talk = Talk::start();
    let Ok(Reply::Tickets(found)) = talk.ask(Request::Find("vogt".to_owned()), 1) else { panic!("tickets") };
    assert_eq!(found.len(), 1);
    let Ok(Reply::Tickets(order)) = talk.ask(Request::Order("K7Q2M".to_owned()), 2) else { panic!("tickets") };
    assert_eq!(order.len(), 3);
    assert_eq!(said_code(talk.ask(Request::Order("X/..".to_owned()), 3)), "not_found");
    let paths: Vec<String> = talk.agent.asked().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/v1/tickets?find=vogt", "/v1/orders/K7Q2M", "/v1/orders/X%2F.."]);
}

#[test]
fn a_repeated_key_is_the_same_act_and_another_key_is_another() {
    let talk = Talk::start();
    let first = talk.scan(ticket("tkt_1"), 7);
    let again = talk.scan(ticket("tkt_1"), 7);
    let other = talk.scan(ticket("tkt_1"), 8);
    assert_eq!((first.verdict, first.repeated), (Verdict::Admit, false));
    assert_eq!((again.verdict, again.repeated), (Verdict::Admit, true));
    assert_eq!((other.verdict, other.code.as_str()), (Verdict::Refuse, "used"));
}

#[test]
fn what_is_asked_is_answered_and_the_scan_goes_again() {
    let talk = Talk::start();
    let asks = talk.scan(code("QUESTION-CODE"), 1);
    assert_eq!((asks.verdict, asks.questions[0].id.as_str()), (Verdict::Ask, "q1"));
    let answers = BTreeMap::from([("q1".to_owned(), "XL".to_owned())]);
    assert_eq!(talk.scan(Scan { answers, ..code("QUESTION-CODE") }, 2).verdict, Verdict::Admit);
    assert_eq!(talk.scan(code("UNPAID-CODE"), 3).code, "unpaid");
    assert_eq!(talk.scan(Scan { confirm_unpaid: true, ..code("UNPAID-CODE") }, 4).verdict, Verdict::Admit);
    assert_eq!(talk.scan(code("AMBIGUOUS-CODE"), 5).choices.len(), 2);
}

#[test]
fn a_party_comes_in_together() {
    let talk = Talk::start();
    talk.scan(ticket("tkt_1"), 1);
    let request = Request::Party { order: "K7Q2M".to_owned(), count: 1, reason: "ID seen".to_owned() };
    let Ok(Reply::Party(party)) = talk.ask(request, 2) else { panic!("a party") };
    assert_eq!((party.admitted.len(), party.refused.len(), party.inside, party.of), (1, 0, 2, 3));
}

#[test]
fn a_supervisor_signs_in_and_overrules() {
    let talk = Talk::start();
    talk.scan(ticket("tkt_1"), 1);
    let sign_in = |pin: &str| Request::SignIn { name: SUPERVISOR.0.to_owned(), pin: Secret::of(pin) };
    assert_eq!(said_code(talk.ask(sign_in("000000"), 2)), "wrong_pin");
    let Ok(Reply::Opened(opened)) = talk.ask(sign_in(SUPERVISOR.1), 3) else { panic!("a session") };
    assert_eq!((opened.expires_in_s, opened.may_override), (120, true));
    let overriding = |session: Secret| Some(Override { session, reason: "ID matches".to_owned() });
    let old = Scan { overriding: overriding(Secret::of("old")), ..ticket("tkt_1") };
    assert_eq!(said_code(talk.ask(Request::Scan(Box::new(old)), 4)), "no_session");
    let answer = talk.scan(Scan { overriding: overriding(opened.session), ..ticket("tkt_1") }, 5);
    assert_eq!((answer.verdict, answer.overridden), (Verdict::Admit, true));
}

#[test]
fn staff_come_on_duty_by_pin_or_badge_and_go_off() {
    let talk = Talk::start();
    let by_pin = Request::Duty { name: STEWARD.0.to_owned(), pin: Secret::of(STEWARD.1) };
    for request in [by_pin, Request::Badge(Secret::of(BADGE))] {
        let Ok(Reply::OnDuty(Some(name))) = talk.ask(request, 1) else { panic!("on duty") };
        assert_eq!(name, "Bo");
    }
    assert_eq!(said_code(talk.ask(Request::Badge(Secret::of("somebody's")), 2)), "wrong_pin");
    assert!(matches!(talk.ask(Request::OffDuty, 3), Ok(Reply::OnDuty(None))));
}

#[test]
fn the_log_is_read_page_by_page_with_its_filter() {
    let talk = Talk::start();
    let all = Pages { ticket: None, kind: Kind::All, find: String::new(), before: None };
    let Ok(Reply::Log(first)) = talk.ask(Request::Log(all.clone()), 1) else { panic!("a page") };
    let before = first.next.clone();
    let Ok(Reply::Log(second)) = talk.ask(Request::Log(Pages { before, ..all.clone() }), 2) else {
        panic!("a page")
    };
    assert_eq!((first.items.len(), second.items.len(), second.next), (1, 1, None));
    talk.ask(Request::Log(Pages { kind: Kind::Refusals, find: "zoë".to_owned(), ..all.clone() }), 3)
        .expect("a page");
    talk.ask(Request::Log(Pages { ticket: Some("tkt_1".to_owned()), ..all }), 4).expect("a page");
    let paths: Vec<String> = talk.agent.asked().into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths,
        [
            "/v1/log?limit=50",
            "/v1/log?limit=50&before=dev_a%3A1%3A9",
            "/v1/log?limit=50&find=zo%C3%AB&kind=refusals",
            "/v1/tickets/tkt_1/log?limit=50",
        ]
    );
}

#[test]
fn an_undo_is_asked_as_ever() {
    let talk = Talk::start();
    assert!(
        matches!(talk.ask(Request::Undo, 1), Ok(Reply::Answer(answer)) if answer.verdict == Verdict::Annulled)
    );
    assert_eq!(talk.agent.request("POST").body, r#"{"last":true}"#);
}

#[test]
fn a_token_that_is_not_accepted_is_a_fault_and_not_a_no() {
    let talk = Talk::with_token(Some("right"), None);
    let replied = talk.ask(Request::Find("zo".to_owned()), 1);
    assert!(matches!(replied, Err(Refusal::NotReached(Fault::Denied(401)))), "{replied:?}");
}

#[test]
fn an_agent_that_is_not_there_may_have_done_nothing_or_all() {
    let talk = Talk::start();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let client = Client::new(format!("http://{nobody}").parse().expect("an address"), None).expect("a client");
    let replied = talk.runtime.block_on(client.ask(&Request::OffDuty, 1));
    assert!(matches!(replied, Err(Refusal::NotReached(Fault::NoAnswer))), "{replied:?}");
}

#[test]
fn what_was_found_comes_and_everybody_is_asked_at_once() {
    let talk = Talk::start();
    let Ok(Reply::Conflicts(found)) = talk.ask(Request::Conflicts, 1) else { panic!("conflicts") };
    assert_eq!(found, [conflict()]);
    let Ok(Reply::Findings(found)) = talk.ask(Request::Findings, 2) else { panic!("findings") };
    assert_eq!(*found, findings());
    let Ok(Reply::Links(links)) = talk.ask(Request::SyncNow, 3) else { panic!("links") };
    assert_eq!(links, status().links);
    let asked: Vec<String> = talk.agent.asked().into_iter().map(|r| format!("{} {}", r.method, r.path)).collect();
    assert_eq!(asked, ["GET /v1/conflicts", "GET /v1/findings", "POST /v1/sync"]);
}
