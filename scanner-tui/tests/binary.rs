//! The real binary against a scripted agent: line mode, one status, exit codes.
//!
//! What is asserted is what a shell sees: stdout, stderr, exit code, and what went over the
//! wire. Every wait is for something that arrives; none is for time to pass.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use support::agent::{Agent, PATIENCE, Script};
use support::*;
use tidegate_core::api::{Status, StreamMessage, Verdict};

fn script() -> Script {
    Script { status: status(), undo: annulled(), token: None }
}

fn tui() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scanner-tui"));
    for name in ["TIDEGATE_AGENT", "TIDEGATE_TOKEN_FILE", "RUST_LOG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    tui().args(args).output().expect("the binary runs")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// A child that speaks in lines; ended when it goes out of scope.
struct Speaking {
    child: Child,
    lines: Receiver<String>,
}

impl Speaking {
    fn start(args: &[&str]) -> Self {
        let mut child = tui().args(args).stdout(Stdio::piped()).spawn().expect("the binary runs");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn token_file(token: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    writeln!(file, "{token}").expect("written");
    file
}

#[test]
fn line_mode_says_each_verdict_in_one_line() {
    let agent = Agent::start(script());
    let speaking = Speaking::start(&["--plain", "--agent", &agent.url()]);
    let mut stream = agent.stream();
    assert_eq!(speaking.line(), "AGENT REACHED: Gate A, Main hall, Autumn Ball: ready");
    assert_eq!(speaking.line(), "LINK LOST: cloud");
    let mut hostile = go();
    hostile.ticket.as_mut().expect("a ticket").holder = Some("Eve\x1b[2J\r\nGO".to_owned());
    let said = [
        (go(), "21:40:03 GO Maria Santos"),
        (
            go_note(),
            "21:40:03 GO! Maria Santos. Note: Blue wristband. Step-free route: ramp on the right. Say: ¡Bienvenida, María!",
        ),
        (
            used(),
            "21:40:03 USED Maria Santos. Came in at 20:14 by Gate B. Do: Compare name and ID; a supervisor can admit. Say: This ticket came in at 20:14 by the other door",
        ),
        (
            no(),
            "21:40:03 NO Signature wrong: not issued by us. Do: Keep the guest, call a supervisor. Say: Let me get a colleague",
        ),
        (unknown(), "21:40:03 ? That is a web link, not a ticket"),
        (served(), "21:40:03 GO Maria Santos. Beer 0.5 6 to 2, Food 1 to 1"),
        (answer(Verdict::Refuse, "rule", ""), "21:40:03 NO Maria Santos. rule"),
        (hostile, "21:40:03 GO Eve[2J  GO"),
    ];
    for (answer, expect) in said {
        stream.say(&StreamMessage::Answer(Box::new(answer)));
        assert_eq!(speaking.line(), expect);
    }
}

#[test]
fn line_mode_says_troubles_conflicts_and_only_changes_of_the_rest() {
    let agent = Agent::start(script());
    let speaking = Speaking::start(&["--plain", "--agent", &agent.url()]);
    let mut stream = agent.stream();
    speaking.line();
    let mut worse = status();
    worse.sources[0].up = false;
    worse.links[1].up = false;
    for status in [status(), worse.clone(), worse, status()] {
        stream.say(&StreamMessage::Status(Box::new(status)));
    }
    let changed = [
        "LINK LOST: cloud",
        "SOURCE LOST: camera:0",
        "LINK LOST: Gate B",
        "SOURCE BACK: camera:0",
        "LINK BACK: Gate B",
    ];
    for expect in changed {
        assert_eq!(speaking.line(), expect);
    }
    for _ in 0..3 {
        stream.say(&StreamMessage::Trouble { code: "E-DSK-01".to_owned(), what: "The disk is full".to_owned() });
    }
    assert_eq!(speaking.line(), "TROUBLE E-DSK-01: The disk is full");
    stream.say(&StreamMessage::Conflict(Box::new(conflict())));
    assert_eq!(
        speaking.line(),
        "CONFLICT Maria Santos, entry, Main hall: Gate B 21:39:58 after Gate A 21:39:40 (tkt_77)"
    );
    for _ in 0..3 {
        stream.say(&StreamMessage::Same { lane: "camera:0".to_owned() });
    }
    stream.write("event: answer\ndata: {}\n\nevent: radio\ndata: {}\n\n");
    assert_eq!(speaking.line(), "SAME camera:0: answered already. Next, please.");
    assert_eq!(speaking.line(), "UNREADABLE answer: update scanner-tui");
}

#[test]
fn losing_the_agent_is_a_line_and_so_is_its_return() {
    let agent = Agent::start(script());
    let speaking = Speaking::start(&["--plain", "--agent", &agent.url()]);
    let stream = agent.stream();
    assert!(speaking.line().starts_with("AGENT REACHED: "));
    assert_eq!(speaking.line(), "LINK LOST: cloud");
    drop(stream);
    assert!(speaking.line().starts_with("AGENT NOT REACHED: it closed the connection (E-NET-12)."));
    let mut again = agent.stream();
    assert_eq!(speaking.line(), "AGENT REACHED AGAIN: Gate A, Main hall, Autumn Ball: ready");
    again.say(&StreamMessage::Answer(Box::new(no())));
    assert!(speaking.line().starts_with("21:40:03 NO "));
}

#[test]
fn the_token_is_read_from_its_file_and_sent_with_each_request() {
    let agent = Agent::start(Script { token: Some("tok_1".to_owned()), ..script() });
    let file = token_file("tok_1");
    let path = file.path().to_str().expect("plain");
    let output = run(&["--once", "--agent", &agent.url(), "--token-file", path]);
    assert_eq!(code(&output), Some(0));
    assert_eq!(agent.request("GET").authorization.as_deref(), Some("Bearer tok_1"));
    let by_variable = tui()
        .args(["--once", "--agent", &agent.url()])
        .env("TIDEGATE_TOKEN_FILE", path)
        .output()
        .expect("the binary runs");
    assert_eq!(code(&by_variable), Some(0));
}

#[test]
fn a_token_the_agent_does_not_accept_is_exit_7_and_is_never_printed() {
    let agent = Agent::start(Script { token: Some("tok_1".to_owned()), ..script() });
    let file = token_file("tok_wrong");
    let path = file.path().to_str().expect("plain");
    for mode in ["--once", "--plain"] {
        let output = run(&[mode, "--agent", &agent.url(), "--token-file", path]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code(&output), Some(7), "{mode}");
        assert!(told.contains("(E-AUT-12)") && told.contains("Do: "), "{told}");
        assert!(!told.contains("tok_"), "{told}");
    }
}

#[test]
fn one_status_is_printed_in_lines_or_as_the_agents_json() {
    let agent = Agent::start(script());
    let output = run(&["--once", "--agent", &agent.url()]);
    let lines = String::from_utf8(output.stdout).expect("text");
    assert!(
        lines.starts_with("Gate A (gate), Main hall: ready\nAutumn Ball\ninside 769 of 1200, in 812, out 43\n")
    );
    let json = run(&["--once", "--json", "--agent", &agent.url()]);
    let read: Status = serde_json::from_slice(&json.stdout).expect("the agent's shape");
    assert_eq!(read, status());
}

#[test]
fn an_agent_that_is_not_there_is_exit_7() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    for mode in ["--once", "--plain"] {
        let output = run(&[mode, "--agent", &format!("http://{closed}")]);
        assert_eq!(code(&output), Some(7), "{mode}");
        assert!(output.stdout.is_empty());
        assert!(String::from_utf8_lossy(&output.stderr).contains("(E-NET-03)"));
    }
}

#[test]
fn a_wrong_command_line_is_exit_2_and_help_is_exit_0() {
    let missing = ["--once", "--token-file", "/nonexistent/token"];
    let readable = ["--once", "--agent", "http://192.0.2.1:7420", "--token-file", "/dev/null"];
    for args in [&["--token", "x"][..], &["--fps", "60"], &["--agent", "gate-a"], &missing, &readable] {
        assert_eq!(code(&run(args)), Some(2), "{args:?}");
    }
    let help = run(&["--help"]);
    assert_eq!(code(&help), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).starts_with("Examples:"));
}

#[test]
fn without_a_terminal_the_lines_come_by_themselves() {
    let agent = Agent::start(script());
    let speaking = Speaking::start(&["--agent", &agent.url()]);
    let _stream = agent.stream();
    assert!(speaking.line().starts_with("AGENT REACHED"));
}
