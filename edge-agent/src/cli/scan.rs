//! `edge-agent scan`: pictures of tickets, one line each.
//!
//! Pictures are read here; the running agent decides. Without `--admit` nothing is
//! recorded. The exit code is the worst answer's: 0 admitted, 3 refused, 4 used,
//! 5 needs a person, 1 a picture that could not be read.

use super::client::Client;
use crate::eye::{Eye, EyeSettings};
use crate::frames::picture_from_file;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tidegate_core::api::{Answer, Verdict};
use tidegate_core::decide::Code;

/// Nobody waits in line behind a file: every step may have its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// What `scan` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Pictures: PNG, JPEG or PGM.
    #[arg(required = true, value_name = "PICTURE")]
    pictures: Vec<PathBuf>,
    /// Record it: let them in.
    #[arg(long)]
    admit: bool,
    /// As JSON, a line a picture.
    #[arg(long)]
    json: bool,
    /// The check-in list, by name.
    #[arg(long)]
    list: Option<String>,
    /// Somebody leaves.
    #[arg(long)]
    exit: bool,
}

/// One picture's outcome.
#[derive(Serialize)]
struct Line {
    picture: String,
    /// `answer`, `no_code`, `unreadable`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Runs it.
pub async fn run(folder: &Path, args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::of(folder)?;
    let mut eye = Eye::new(EyeSettings { budget: PATIENCE, ..EyeSettings::default() });
    let mut worst = 0;
    for picture in &args.pictures {
        let (line, code) = one(&client, &mut eye, picture, &args).await?;
        worst = worst.max(code);
        print(&line, args.json)?;
    }
    Ok(ExitCode::from(worst))
}

async fn one(client: &Client, eye: &mut Eye, picture: &Path, args: &Args) -> anyhow::Result<(Line, u8)> {
    let name = picture.display().to_string();
    let grey = match picture_from_file(picture) {
        Ok(grey) => grey,
        Err(error) => {
            let line = Line {
                picture: name,
                outcome: "unreadable",
                answer: None,
                error: Some(format!("{} ({})", error.what(), error.code())),
            };
            return Ok((line, super::FAILED));
        }
    };
    let Some(seen) = eye.read(&grey).into_iter().next() else {
        return Ok((Line { picture: name, outcome: "no_code", answer: None, error: None }, super::FAILED));
    };
    let request = serde_json::json!({
        "code": seen.text,
        "list": args.list,
        "direction": if args.exit { "exit" } else { "entry" },
        "dry_run": !args.admit,
    });
    let answer: Answer = client.post("/v1/scans", &request).await?;
    let code = exit_code(&answer);
    Ok((Line { picture: name, outcome: "answer", answer: Some(answer), error: None }, code))
}

/// The exit code of an answer.
pub(super) fn exit_code(answer: &Answer) -> u8 {
    let code = Code::ALL.into_iter().find(|code| code.as_str() == answer.code);
    match answer.verdict {
        Verdict::Ask => 5,
        Verdict::Admit | Verdict::Exit | Verdict::Serve | Verdict::Annulled | Verdict::Voided => 0,
        Verdict::Refuse => code.map_or(3, Code::exit_code),
    }
}

fn print(line: &Line, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(line)?);
        return Ok(());
    }
    match &line.answer {
        Some(answer) => {
            let verdict = serde_json::to_value(answer.verdict)?;
            let verdict = verdict.as_str().unwrap_or_default();
            println!("{}: {verdict}/{} {}", line.picture, answer.code, answer.explain.line);
        }
        None => println!("{}: {} {}", line.picture, line.outcome, line.error.as_deref().unwrap_or_default()),
    }
    Ok(())
}
