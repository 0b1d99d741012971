//! Rules of lists at the command line: whether one makes sense, and what it would answer.

use crate::api::lists::test::{TestRequest, tried};
use crate::auth::{Caller, Role};
use crate::json::Instant;
use crate::serve::open_to_read;
use anyhow::Context;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tidegate_core::language::Language;
use tidegate_core::rule::{MAX_RULE_BYTES, Rule};
use tidegate_core::time::Timestamp;

/// What is done with rules.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Reads a rule, and says what is wrong with it and where. Exit code 0, or 3 where it makes no sense.
    Check {
        /// A file with the rule as JSON; `-` for the standard input.
        file: PathBuf,
    },
    /// Says what an entry would be answered. Nothing is recorded.
    Test(TestOptions),
}

/// What is to be tried.
#[derive(clap::Args, Debug)]
pub struct TestOptions {
    /// The folder with the keys, and with the database unless TIDEGATE_DATABASE_URL names one.
    #[arg(long, default_value = "data", env = "TIDEGATE_DATA")]
    data: PathBuf,
    /// The file with the master key, where TIDEGATE_MASTER_KEY does not hold it; else master.key in the folder.
    #[arg(long)]
    master_key_file: Option<PathBuf>,
    /// The check-in list, `lst_…`.
    #[arg(long)]
    list: String,
    /// A ticket with its history, `tkt_…`.
    #[arg(long, conflicts_with_all = ["product", "variation", "date"], required_unless_present = "product")]
    ticket: Option<String>,
    /// Instead of a ticket: the product of an imagined one, `prd_…`.
    #[arg(long)]
    product: Option<String>,
    /// The number of the imagined ticket's variation.
    #[arg(long)]
    variation: Option<u16>,
    /// The number of the imagined ticket's date.
    #[arg(long)]
    date: Option<u16>,
    /// When, RFC 3339; now if absent.
    #[arg(long)]
    at: Option<String>,
    /// The gate's name.
    #[arg(long)]
    gate: Option<String>,
    /// A file with other rules than the list's; `-` for the standard input.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// What the answer is said in: en, es, pt, de or fr.
    #[arg(long, default_value = "en")]
    language: Language,
}

/// The rule makes no sense.
const BAD_RULE: u8 = 3;

/// Does it; what was found goes to the standard output.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check { file } => {
            let text = read(&file)?;
            match Rule::parse(&text) {
                Ok(_) => {
                    println!("The rule makes sense");
                    Ok(ExitCode::SUCCESS)
                }
                Err(fault) => {
                    println!("{fault}\ncode {}", fault.code);
                    Ok(ExitCode::from(BAD_RULE))
                }
            }
        }
        Command::Test(options) => test(options).await.map(|()| ExitCode::SUCCESS),
    }
}

async fn test(options: TestOptions) -> anyhow::Result<()> {
    let request = TestRequest {
        ticket: options.ticket,
        product: options.product,
        variation: options.variation,
        date: options.date,
        at: options.at.as_deref().map(instant).transpose()?,
        gate: options.gate,
        rules: options.rules.as_deref().map(json).transpose()?.map(Some),
    };
    let app = Arc::new(open_to_read(&options.data, options.master_key_file.as_deref()).await?);
    let caller =
        Caller { token: "command line".into(), name: "command line".into(), role: Role::Admin, organizer: None };
    let view = app
        .read(move |tx, app| Box::pin(tried(tx, app, (caller, options.language), options.list, request)))
        .await?;
    println!("{}", serde_json::to_string_pretty(&view)?);
    Ok(())
}

fn instant(text: &str) -> anyhow::Result<Instant> {
    Timestamp::parse(text)
        .map(Instant)
        .context("--at is RFC 3339 with an offset, such as 2026-06-01T18:00:00+02:00")
}

fn json(file: &Path) -> anyhow::Result<serde_json::Value> {
    serde_json::from_str(&read(file)?).with_context(|| format!("{} is not JSON", file.display()))
}

fn read(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let most = MAX_RULE_BYTES as u64 + 1; // one more than is taken: the rest need not be read
    let done = match file == Path::new("-") {
        true => std::io::stdin().take(most).read_to_string(&mut text),
        false => std::fs::File::open(file).and_then(|opened| opened.take(most).read_to_string(&mut text)),
    };
    done.with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(text)
}
