//! Keeps the process that speaks mDNS going, and passes on what it says.
//!
//! It is a process because a thread cannot be ended from outside: what it remembers
//! of announcements has no bound, and under a flood it listens to nobody else. So it
//! ends itself when it has grown too large ([`mdns`](super::mdns)), and here it rests for a while
//! and is started anew. The agent's own memory and threads are never part of it.

use super::announcement::{Announced, Said};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The first pause after it ended, doubled up to the longest: a flood gets this little of the machine.
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(300);
/// One that ran this long was well: the next pause is the first again.
const WELL: Duration = Duration::from_secs(60);
/// How long it may take to say goodbye to the network.
const GOODBYE: Duration = Duration::from_millis(300);

/// Runs it again and again until `stop`.
pub async fn run(announced: Announced, saying: mpsc::Sender<Said>, stop: CancellationToken) {
    let mut rest = FIRST_REST;
    while !stop.is_cancelled() {
        let began = Instant::now();
        let ended = once(&announced, &saying, &stop).await;
        if began.elapsed() > WELL {
            rest = FIRST_REST;
        }
        let _ = saying.send(Said::Silent).await; // nobody to hear it: we are being stopped
        if !stop.is_cancelled() {
            let why = ended.map_or_else(|error| error.to_string(), |()| "it ended".to_owned());
            tracing::warn!(rest_s = rest.as_secs(), why, "looking for peers rests; links stay as they are");
        }
        stop.run_until_cancelled(tokio::time::sleep(rest)).await;
        rest = (rest * 2).min(LONGEST_REST);
    }
}

async fn once(
    announced: &Announced,
    saying: &mpsc::Sender<Said>,
    stop: &CancellationToken,
) -> std::io::Result<()> {
    let mut child = spawn(announced)?;
    let held = child.stdin.take(); // when it closes, the process says goodbye and ends
    let Some(said) = child.stdout.take() else { return Ok(()) }; // it was asked for, so it is there
    let mut lines = BufReader::new(said).lines();
    while let Some(line) = stop.run_until_cancelled(lines.next_line()).await {
        let Some(line) = line? else { break };
        let Ok(said) = serde_json::from_str(&line) else { continue }; // ours never says anything else
        if saying.send(said).await.is_err() {
            break;
        }
    }
    drop(held);
    // What takes longer is ended with its handle.
    let _ = tokio::time::timeout(GOODBYE, child.wait()).await;
    Ok(())
}

/// This program once more, as `edge-agent mdns`, in a group of its own: an interrupt from a terminal is for the
/// agent, which then lets it say goodbye.
fn spawn(announced: &Announced) -> std::io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .arg("mdns")
        .args(["--device", &announced.device.to_string()])
        .args(["--event", &announced.event])
        .args(["--link", &announced.link.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}
