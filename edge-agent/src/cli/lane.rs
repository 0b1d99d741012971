//! `edge-agent lane`: sources of codes, and phones that become some.

mod qr;

use super::client::{Client, escaped};
use serde_json::json;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use tidegate_core::api::{Direction, Invitation, SourceStatus};

/// What `lane` takes.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Each source of codes, with its list, its gate and what is wrong with it.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a code that a phone scans to become a lane: good once, for ten minutes.
    Add(Add),
    /// Give a phone another name.
    Name {
        /// The phone's name now.
        lane: String,
        /// The name from now on.
        name: String,
    },
    /// Unpair a phone at once.
    Revoke {
        /// The phone's name.
        lane: String,
    },
}

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
struct Add {
    /// What people call the phone; `phone 1` and so on if not given.
    #[arg(long)]
    name: Option<String>,
    /// The check-in list of its scans, by name; the agent's own if not given.
    #[arg(long, conflicts_with = "serves")]
    list: Option<String>,
    /// The gate in its entries; the agent's own if not given.
    #[arg(long)]
    gate: Option<String>,
    /// Which way its scans go.
    #[arg(long, value_parser = ["entry", "exit"])]
    direction: Option<String>,
    /// At a bar: the product that its codes pay for, by name.
    #[arg(long, value_name = "PRODUCT")]
    serves: Option<String>,
    /// Which of this machine's addresses the phone uses; the first one if not given.
    #[arg(long, value_name = "HOST:PORT")]
    at: Option<String>,
    /// As JSON, with the address to open.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  edge-agent run --phones 0.0.0.0:7422                       let phones reach this agent
  edge-agent lane add --name 'Gate A left'                   a phone more at this gate
  edge-agent lane add --direction exit --name 'Way out'      one that lets people out
  edge-agent lane add --serves Beer --name 'Bar 2'           one at a bar

The code is in the part of the address that browsers send to nobody; it pairs one phone.";

/// Runs it.
pub async fn run(folder: &Path, args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::of(folder)?;
    match args.verb {
        Verb::List { json } => list(&client, json).await?,
        Verb::Add(add) => invite(&client, add).await?,
        Verb::Name { lane, name } => {
            client.patch(&format!("/v1/lanes/{}", escaped(&lane)), &json!({ "name": name })).await?;
            println!("{} is {name} now", super::plain(&lane));
        }
        Verb::Revoke { lane } => {
            client.delete(&format!("/v1/lanes/{}", escaped(&lane))).await?;
            println!("{} is paired no more", super::plain(&lane));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(client: &Client, json: bool) -> anyhow::Result<()> {
    let sources: Vec<SourceStatus> = client.get("/v1/lanes").await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&sources)?);
        return Ok(());
    }
    sources.iter().for_each(|source| println!("{}", line(source)));
    if sources.is_empty() {
        eprintln!(
            "No lanes: edge-agent run --source folder:DIR makes one, edge-agent lane add a phone; \
             without any, scans come by the API"
        );
    }
    Ok(())
}

async fn invite(client: &Client, add: Add) -> anyhow::Result<()> {
    let (name, list, gate, direction, serves) = (add.name, add.list, add.gate, add.direction, add.serves);
    let request = json!({ "name": name, "list": list, "gate": gate, "direction": direction, "serves": serves });
    let invitation: Invitation = client.post("/v1/lanes", &request).await?;
    let at = add.at.as_ref().or(invitation.addresses.first()).cloned().unwrap_or_default();
    let url = format!("https://{at}/#pair={}", invitation.code);
    if add.json {
        let mut said = serde_json::to_value(&invitation)?;
        said["url"] = url.into();
        println!("{}", serde_json::to_string_pretty(&said)?);
        return Ok(());
    }
    println!("{}", qr::drawn(&url, std::io::stdout().is_terminal())?);
    println!("{url}");
    println!(
        "{}: scan it with the phone's camera within {} minutes; it is good once.",
        invitation.name,
        invitation.expires_in / 60
    );
    if let Some(others) = invitation.addresses.get(1..).filter(|rest| !rest.is_empty() && add.at.is_none()) {
        println!("If the phone does not reach {at}: lane add --at {}", others.join(", --at "));
    }
    println!();
    println!(
        "The phone warns that it does not know this device: it is not on the internet, nobody else vouches for it."
    );
    println!("  iPhone: Show Details, visit this website.  Android: Advanced, Proceed.");
    println!("Its certificate's SHA-256 must begin with {}", begins(&invitation.fingerprint));
    Ok(())
}

/// As much of a fingerprint as people compare: 80 bits.
fn begins(fingerprint: &str) -> &str {
    fingerprint.get(..29).unwrap_or(fingerprint)
}

/// One lane in a line.
pub fn line(source: &SourceStatus) -> String {
    let state = source.error.as_deref().unwrap_or(match source.up || !source.name.starts_with("phone:") {
        true => "ok",
        false => "not here",
    });
    let does = match (&source.serves, source.direction, &source.list) {
        (Some(product), _, _) => format!("serves {product}"),
        (None, Direction::Entry, Some(list)) => format!("list {list:?}"),
        (None, Direction::Exit, Some(list)) => format!("exits of list {list:?}"),
        (None, _, None) => "no list".into(),
    };
    let gate = source.gate.as_ref().map(|gate| format!(", {gate}")).unwrap_or_default();
    let line =
        format!("{}: {state}, {does}{gate}, {} frames, {} codes read", source.name, source.frames, source.reads);
    super::plain(&line)
}
