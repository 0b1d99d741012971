//! `scanner-tui`: reads the command line and starts a screen, lines, or one status.
//!
//! Wiring only. Messages go to stderr, what was asked for to stdout, and the exit code
//! says how it went. Without a terminal the line mode is chosen, never a screen.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use scanner_tui::cli::{Args, EXIT_FAILED, EXIT_NOT_REACHED, EXIT_OK, EXIT_USAGE};
use scanner_tui::link::fault::Fault;
use scanner_tui::link::{self, Agent, NEWS_WAITING};
use scanner_tui::plain::{self, End};
use scanner_tui::screen;
use scanner_tui::terminal::Palette;
use tidegate_core::api::Status;
use tokio::sync::mpsc;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(fault) = args.fault() {
        eprintln!("{fault}");
        return ExitCode::from(EXIT_USAGE);
    }
    ExitCode::from(start(&args).unwrap_or_else(|error| {
        eprintln!("The screen cannot go on: {error:#}\n  Do: try scanner-tui --plain");
        EXIT_FAILED
    }))
}

fn start(args: &Args) -> anyhow::Result<u8> {
    // reqwest panics when a client is built before a provider is there
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let agent = Agent::new(args.agent.clone(), args.token_file.clone())?;
    let lines = args.plain || args.once || !io::stdout().is_terminal();
    if lines {
        log_to_stderr();
    }
    let code = runtime.block_on(async {
        match (args.once, lines) {
            (true, _) => once(args, &agent).await,
            (false, true) => Ok(speak(args, agent).await),
            (false, false) => show(args, agent).await,
        }
    });
    runtime.shutdown_background(); // a thread that reads the keyboard cannot be woken
    code
}

async fn show(args: &Args, agent: Agent) -> anyhow::Result<u8> {
    let var = |name: &str| std::env::var(name).ok();
    let options = args.options(var);
    let palette = Palette::of(options.theme, var);
    screen::run(agent, options, args.frames(var), palette).await?;
    Ok(EXIT_OK)
}

async fn speak(args: &Args, agent: Agent) -> u8 {
    let (tell, news) = mpsc::channel(NEWS_WAITING);
    tokio::spawn(link::follow(agent, tell));
    match plain::speak(news, &mut io::stdout().lock()).await {
        End::Unread => EXIT_OK,
        End::NeverReached(fault) => not_reached(args, &fault),
    }
}

async fn once(args: &Args, agent: &Agent) -> anyhow::Result<u8> {
    match agent.status().await {
        Ok(status) => print(args, &status).map(|()| EXIT_OK),
        Err(fault) => Ok(not_reached(args, &fault)),
    }
}

fn print(args: &Args, status: &Status) -> anyhow::Result<()> {
    let text = match args.json {
        true => serde_json::to_string(status)?,
        false => plain::status_lines(status).join("\n"),
    };
    Ok(writeln!(io::stdout(), "{text}")?)
}

fn not_reached(args: &Args, fault: &Fault) -> u8 {
    eprintln!("Agent not reached ({})", fault.code());
    eprintln!("  {}: {fault}.\n  Do: {}", args.agent, fault.remedy());
    EXIT_NOT_REACHED
}

/// Silent unless `RUST_LOG` asks; a screen has no place for a log.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).try_init();
}
