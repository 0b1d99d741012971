//! The command line, parsed once into what the rest needs.
//!
//! A token is never an argument: arguments are seen by every user of the machine. A token is
//! not sent in the clear over a network either, unless that is asked for by name. What
//! is wrong is said before the terminal is taken. Exit codes are those of all Tidegate commands.

use std::path::PathBuf;

use clap::Parser;
use reqwest::Url;

use crate::model::Options;
use crate::theme::detect::{ColorChoice, GlyphChoice, theme};

/// Everything went well.
pub const EXIT_OK: u8 = 0;
/// Something failed that is none of the others.
pub const EXIT_FAILED: u8 = 1;
/// The command line is wrong.
pub const EXIT_USAGE: u8 = 2;
/// The agent was not reached.
pub const EXIT_NOT_REACHED: u8 = 7;

/// Over ssh fewer frames are enough and spare the line.
const SSH_FPS: u32 = 4;

const EXAMPLES: &str = "\
Examples:
  scanner-tui                                       the door of the agent on this machine
  scanner-tui --agent http://127.0.0.1:7430         another agent
  scanner-tui --readonly --token-file /run/view     look, change nothing
  scanner-tui --plain                               one line a verdict, for screen readers and ssh
  scanner-tui --once                                the state in a few lines; exit 7: not reached";

/// The supervisor's terminal screen. It shows what an agent decides; it never decides.
#[derive(Clone, Debug, Parser)]
#[command(name = "scanner-tui", version, before_help = EXAMPLES)]
pub struct Args {
    /// The agent's address
    #[arg(long, env = "TIDEGATE_AGENT", value_name = "URL", default_value = "http://127.0.0.1:7420", value_parser = agent_url)]
    pub agent: Url,
    /// File that holds the agent's token: api.token in its data folder
    #[arg(long, env = "TIDEGATE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Lines instead of a screen; the default where there is no terminal
    #[arg(long, conflicts_with = "once")]
    pub plain: bool,
    /// Print the state once and exit
    #[arg(long)]
    pub once: bool,
    /// With --once: the state as JSON
    #[arg(long, requires = "once")]
    pub json: bool,
    /// Change nothing: look, find, read
    #[arg(long)]
    pub readonly: bool,
    /// Most frames a second (4 over ssh)
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10))]
    pub fps: u32,
    /// Signs to draw with
    #[arg(long, value_enum, value_name = "SET", default_value_t)]
    pub glyphs: GlyphChoice,
    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub color: ColorChoice,
    /// The same as --color=never
    #[arg(long, conflicts_with = "color")]
    pub no_color: bool,
    /// Ring the bell: 1 come in, 2 used, 3 stop
    #[arg(long)]
    pub sound: bool,
    /// Send the token over http to another machine, readable on the network between
    #[arg(long)]
    pub allow_http: bool,
}

impl Args {
    /// What is wrong with the arguments together, in words with a remedy.
    pub fn fault(&self) -> Option<String> {
        let readable = self.agent.scheme() == "http" && !is_this_machine(&self.agent);
        if readable && self.token_file.is_some() && !self.allow_http {
            return Some(format!(
                "The token would be readable on the network (E-AUT-13)\n  {} is http and not this machine.\n  Do: use an https address, or allow it with --allow-http",
                self.agent
            ));
        }
        let path = self.token_file.as_ref()?;
        let error = std::fs::File::open(path).err()?;
        Some(format!(
            "The token file cannot be read (E-AUT-11)\n  {}: {error}\n  Do: check --token-file and who may read it",
            path.display()
        ))
    }

    /// What the screen needs to know.
    pub fn options(&self, var: impl Fn(&str) -> Option<String>) -> Options {
        let color = if self.no_color { ColorChoice::Never } else { self.color };
        Options {
            agent: self.agent.as_str().trim_end_matches('/').to_owned(),
            readonly: self.readonly,
            sound: self.sound,
            theme: theme(color, self.glyphs, var),
        }
    }

    /// Frames a second.
    pub fn frames(&self, var: impl Fn(&str) -> Option<String>) -> u32 {
        match var("SSH_TTY") {
            Some(_) => self.fps.min(SSH_FPS),
            None => self.fps,
        }
    }
}

/// An http address without a password in it: that would be a secret in an argument.
fn agent_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{error}; write it like http://127.0.0.1:7420"))?;
    let known = matches!(url.scheme(), "http" | "https") && url.has_host();
    if !known {
        return Err("write it like http://127.0.0.1:7420".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("no name or password in the address; use --token-file".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("only scheme, host, port and path".to_owned());
    }
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(args: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once(&"scanner-tui").chain(args))
    }

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn no_flag_takes_a_token() {
        assert!(parse(&["--token", "x"]).is_err());
        assert!(parse(&["--agent", "http://me:secret@127.0.0.1:7420"]).is_err());
        assert!(parse(&["--agent", "http://127.0.0.1:7420/?token=x"]).is_err());
    }

    #[test]
    fn a_token_does_not_cross_a_network_in_the_clear_unless_asked() {
        let fault = |args: &[&str]| parse(args).expect("parses").fault().is_some_and(|f| f.contains("E-AUT-13"));
        let token = "--token-file=/dev/null";
        assert!(fault(&["--agent=http://10.0.0.5:7420", token]));
        assert!(!fault(&["--agent=http://10.0.0.5:7420", token, "--allow-http"]));
        assert!(!fault(&["--agent=http://10.0.0.5:7420"]));
        for here in ["http://127.0.0.1:7420", "http://[::1]:7420", "http://localhost:7420", "https://gate-a.local"]
        {
            assert!(!fault(&["--agent", here, token]), "{here}");
        }
    }

    #[test]
    fn frames_are_capped_and_fewer_over_ssh() {
        assert!(parse(&["--fps", "11"]).is_err());
        assert!(parse(&["--fps", "0"]).is_err());
        let args = parse(&[]).expect("parses");
        assert_eq!(args.frames(|_| None), 10);
        assert_eq!(args.frames(|name| (name == "SSH_TTY").then(|| "/dev/pts/1".to_owned())), 4);
    }
}
