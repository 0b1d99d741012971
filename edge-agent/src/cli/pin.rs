//! A supervisor's session for one command: name and reason are flags, the PIN is typed, never a flag.

use super::client::Client;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal};
use tidegate_core::api::Session;

/// Who decides, where the device may not by itself.
#[derive(clap::Args)]
pub struct Supervisor {
    /// A supervisor decides: their sign-in name; the PIN is asked for, or read from standard input.
    #[arg(long, value_name = "NAME", requires = "why")]
    supervisor: Option<String>,
    /// Why the supervisor decides so.
    #[arg(long, value_name = "TEXT", requires = "supervisor")]
    why: Option<String>,
}

impl Supervisor {
    /// The override of a request, in a session opened now; nothing where nobody decides.
    pub async fn decide(&self, client: &Client) -> anyhow::Result<Option<Value>> {
        let (Some(name), Some(why)) = (&self.supervisor, &self.why) else { return Ok(None) };
        let pin = read(&format!("PIN of {name}: "))?;
        let session: Session = client.post("/v1/sessions", &json!({ "name": name, "pin": pin })).await?;
        Ok(Some(json!({ "session": session.session, "reason": why })))
    }
}

/// Reads a line that no terminal shows.
fn read(prompt: &str) -> std::io::Result<String> {
    let input = std::io::stdin();
    let shown = if input.is_terminal() { tcgetattr(&input).ok() } else { None };
    if let Some(shown) = &shown {
        eprint!("{prompt}");
        let mut hidden = shown.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Now, &hidden)?;
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    if let Some(shown) = shown {
        tcsetattr(&input, OptionalActions::Now, &shown)?;
        eprintln!();
    }
    read.map(|_| line.trim_end_matches(['\r', '\n']).to_owned())
}
