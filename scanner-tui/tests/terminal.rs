//! The real screen on a real terminal, made by `script`: keys in, and the terminal given back.
//!
//! After each end, `stty` says whether the line is cooked again, and the bytes say whether
//! the screen and the cursor are back. Where `script` is missing these tests say so and pass,
//! but not where `CI` is set.

mod support;

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use scanner_tui::terminal::{Palette, Taken};
use support::agent::{Agent, PATIENCE, Script};
use support::*;
use tidegate_core::api::StreamMessage;

const LEAVE_SCREEN: &str = "\x1b[?1049l";
const SHOW_CURSOR: &str = "\x1b[?25h";

/// A shell on a pseudo-terminal of 80×24.
struct Pty {
    child: Child,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    seen: String,
}

impl Pty {
    /// Runs a command there, then tells its exit code and the state of the line.
    fn run(command: &str) -> Option<Self> {
        let shell = format!("stty cols 80 rows 24; sh -c '{command}'; echo exit=$?; stty -a; echo done=1");
        let mut child = Command::new("script")
            .args(["-qfec", &shell, "/dev/null"])
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("NO_COLOR")
            .env_remove("COLORTERM")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .inspect_err(|error| {
                assert!(
                    std::env::var_os("CI").is_none(),
                    "nothing is left out here, but script is missing: {error}"
                );
                eprintln!("not tested, script is missing: {error}");
            })
            .ok()?;
        let keys = child.stdin.take().expect("piped");
        let mut stdout = child.stdout.take().expect("piped");
        let (tell, output) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = stdout.read(&mut chunk) {
                if tell.send(chunk[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Some(Self { child, keys, output, seen: String::new() })
    }

    /// Only cells that changed are written: what is waited for must not cross a cell that stays.
    fn wait_for(&mut self, what: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.seen.contains(what) {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(chunk) => self.seen.push_str(&String::from_utf8_lossy(&chunk)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("never saw {what:?} in {:?}", self.seen)
                }
            }
        }
    }

    fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).expect("the terminal is open");
        self.keys.flush().expect("the terminal is open");
    }

    /// Waits for the end and checks that the terminal is as it was.
    fn given_back(&mut self, exit: &str) {
        self.wait_for("done=1");
        let (_, after) = self.seen.split_once(LEAVE_SCREEN).expect("the screen is left");
        assert!(after.contains(SHOW_CURSOR), "{after:?}");
        assert!(after.contains(exit), "{after:?}");
        let line: Vec<&str> = after.split_whitespace().collect();
        for cooked in ["icanon", "echo", "isig", "icrnl", "opost"] {
            assert!(line.contains(&cooked), "{cooked} in {after:?}");
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> Agent {
    Agent::start(Script { status: status(), undo: annulled(), token: None })
}

fn screen_of(agent: &Agent, pid_file: &str) -> Option<Pty> {
    let binary = env!("CARGO_BIN_EXE_scanner-tui");
    Pty::run(&format!("echo $$ > {pid_file}; exec {binary} --agent {}", agent.url()))
}

fn terminate(pid_file: &str) {
    let pid = std::fs::read_to_string(pid_file).expect("written before the screen began");
    let sent = Command::new("kill").args(["-TERM", pid.trim()]).status().expect("kill is there");
    assert!(sent.success());
}

#[test]
fn a_terminated_screen_gives_the_terminal_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pid_file = folder.path().join("pid").display().to_string();
    let agent = agent();
    let Some(mut pty) = screen_of(&agent, &pid_file) else { return };
    let mut stream = agent.stream();
    pty.wait_for("Ready");
    stream.say(&StreamMessage::Answer(Box::new(used())));
    pty.wait_for("Already inside");
    terminate(&pid_file);
    pty.given_back("exit=0");
}

#[test]
fn ctrl_q_twice_leaves_and_gives_the_terminal_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let agent = agent();
    let Some(mut pty) = screen_of(&agent, &folder.path().join("pid").display().to_string()) else { return };
    let _stream = agent.stream();
    pty.wait_for("Ready");
    pty.press(b"\x11");
    pty.wait_for("again leaves this screen");
    pty.press(b"\x11");
    pty.given_back("exit=0");
}

#[test]
fn f4_asks_the_agent_for_one_undo_and_shows_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pid_file = folder.path().join("pid").display().to_string();
    let agent = agent();
    let Some(mut pty) = screen_of(&agent, &pid_file) else { return };
    let _stream = agent.stream();
    pty.wait_for("Ready");
    pty.press(b"\x1bOS");
    let request = agent.request("POST");
    assert_eq!((request.path.as_str(), request.body.as_str()), ("/v1/undo", r#"{"last":true}"#));
    pty.wait_for("Taken back");
    terminate(&pid_file);
    pty.given_back("exit=0");
}

#[test]
fn a_scanner_typing_every_printable_byte_is_one_scan_and_no_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pid_file = folder.path().join("pid").display().to_string();
    let agent = agent();
    let Some(mut pty) = screen_of(&agent, &pid_file) else { return };
    let _stream = agent.stream();
    pty.wait_for("Ready");
    let printable: Vec<u8> = (0x20..=0x7e).chain(*b"\r\n\t").collect();
    pty.press(&printable);
    let request = agent.request("POST");
    assert_eq!(request.path, "/v1/scans");
    let body: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
    let typed = String::from_utf8((0x21..=0x7e).collect()).expect("ASCII");
    assert_eq!(body["code"], typed.as_str(), "all of it, in order, without the space before");
    pty.wait_for("Let in"); // the desk knows no code that is wrong
    terminate(&pid_file);
    pty.given_back("exit=0");
    assert!(agent.asked().iter().all(|request| request.method == "GET"), "nothing else was asked");
    assert!(!pty.seen.contains("This page."), "the help did not open");
}

#[test]
fn a_guest_is_found_and_let_in_by_hand_with_keys_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pid_file = folder.path().join("pid").display().to_string();
    let agent = agent();
    let Some(mut pty) = screen_of(&agent, &pid_file) else { return };
    let mut stream = agent.stream();
    pty.wait_for("Ready");
    pty.press(b"\x1bOQ"); // F2
    pty.wait_for("Search:");
    for (letter, shown) in [("v", "v_"), ("o", "o_"), ("g", "g_")] {
        pty.press(letter.as_bytes());
        pty.wait_for(shown);
    }
    pty.wait_for("Vogt");
    for (key, shown) in [("\r", "ORDER"), ("\r", "Phone"), ("\x1b[B", "empty")] {
        stream.say(&StreamMessage::Status(Box::new(status()))); // an agent that is silent is asked nothing
        pty.press(key.as_bytes());
        pty.wait_for(shown);
    }
    stream.say(&StreamMessage::Status(Box::new(status())));
    pty.press(b"\r");
    let request = agent.request("POST");
    assert_eq!(request.path, "/v1/scans");
    let body: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!((&body["ticket"], &body["reason"]), (&"tkt_3".into(), &"Phone empty".into()));
    assert!(body["key"].as_str().is_some_and(|key| key.starts_with("tui-")));
    pty.wait_for("Let in");
    terminate(&pid_file);
    pty.given_back("exit=0");
}

#[test]
fn a_panic_in_a_widget_gives_the_terminal_back_before_it_is_told() {
    let exe = std::env::current_exe().expect("this test");
    let exe = exe.display();
    let Some(mut pty) = Pty::run(&format!("{exe} --exact --ignored --nocapture a_widget_panics")) else { return };
    pty.given_back("exit=101");
    let left = pty.seen.find(LEAVE_SCREEN).expect("checked above");
    let told = pty.seen.find("a broken widget").expect("the panic is told");
    assert!(left < told);
    assert!(pty.seen.contains("the agent keeps admitting"));
}

struct Broken;

impl Widget for Broken {
    fn render(self, _: Rect, _: &mut Buffer) {
        panic!("a broken widget");
    }
}

#[test]
#[ignore = "run by the test above, on a terminal of its own"]
fn a_widget_panics() {
    let _taken = Taken::take(Palette::Left).expect("a terminal");
    let mut terminal = Terminal::new(CrosstermBackend::new(std::io::stdout())).expect("a terminal");
    let _ = terminal.draw(|frame| frame.render_widget(Broken, frame.area()));
}
