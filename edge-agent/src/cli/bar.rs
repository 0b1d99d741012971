//! `edge-agent bar`: stock, servings and the books of this device, by the running agent.
//!
//! Every change prints what it changed. What the device may not do by itself a supervisor decides, with
//! `--supervisor NAME --why TEXT`. A command that was lost on its way is repeated under the same `--key`.

use super::client::Client;
use super::pin::Supervisor;
use super::scan::exit_code;
use clap::Subcommand;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::ExitCode;
use tidegate_core::api::{Answer, Held, Status, StockAnswer, StockLine};
use tidegate_core::decide::Code;

const EXAMPLES: &str = "Examples:
  edge-agent bar menu                                    what is served, and how much of it is left where
  edge-agent bar serve CODE \"Beer 0.5\" 2                 two beers from that ticket's credit
  edge-agent bar void                                    take this device's last serving back
  edge-agent bar restock \"Beer 0.5\" 48                   a crate came
  edge-agent bar restock \"Beer 0.5\" 48 --supervisor ana --why \"crate from the cellar\"
  edge-agent bar waste \"Beer 0.5\" 2 --reason \"broken\"    two bottles fell
  edge-agent bar stocktake \"Beer 0.5\" 31                 31 are left in the whole venue
  edge-agent bar report                                  what was served, taken back, given and received here";

/// What `bar` takes.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What is served, and how much of it is left here and elsewhere.
    Menu(Plain),
    /// What each device has, and who is short.
    Stock(Plain),
    /// Serve from a ticket's credit.
    Serve(Serve),
    /// Take a serving back: the last one, or the one that is named.
    Void(Void),
    /// A crate came, or places were opened.
    Restock(Units),
    /// Units that will not be used: broken, spilt, closed.
    Waste(Waste),
    /// All units in the venue were counted.
    Stocktake(Stocktake),
    /// The books of this device.
    Report(Plain),
}

#[derive(clap::Args)]
struct Plain {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Serve {
    /// The code of a ticket, its short code, or a ticket's id, tkt_…; - reads it from standard input.
    code: String,
    /// Name of the product.
    product: String,
    /// How many units.
    #[arg(default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=500))]
    quantity: u16,
    /// What would happen; nothing is recorded.
    #[arg(long)]
    dry_run: bool,
    /// Idempotency key: the same key serves once.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    supervisor: Supervisor,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Void {
    /// The serving's entry, dev_…:incarnation:sequence; this device's last serving if absent.
    entry: Option<String>,
    /// Instead: the idempotency key of the serving.
    #[arg(long, conflicts_with = "entry")]
    key: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What is changed, and under which key.
#[derive(clap::Args)]
struct Of {
    /// Name of the product; of the zone, with --zone.
    name: String,
    /// Places of a zone are meant.
    #[arg(long)]
    zone: bool,
    /// Idempotency key: the same key changes something once.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    supervisor: Supervisor,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Units {
    #[command(flatten)]
    of: Of,
    /// How many units.
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    quantity: u32,
}

#[derive(clap::Args)]
struct Waste {
    #[command(flatten)]
    of: Of,
    /// How many units.
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    quantity: u32,
    /// Why, where it is worth a word.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(clap::Args)]
struct Stocktake {
    #[command(flatten)]
    of: Of,
    /// Units that are left in the whole venue, at every bar together.
    #[arg(value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    counted: u32,
    /// It stands although a bar is not heard; count again once it is.
    #[arg(long)]
    anyway: bool,
}

/// Runs it.
pub async fn run(folder: &Path, args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::of(folder)?;
    match args.command {
        Command::Menu(plain) => menu(&client, plain.json).await,
        Command::Stock(plain) => stock(&client, plain.json).await,
        Command::Report(plain) => report(&client, plain.json).await,
        Command::Serve(serve) => self::serve(&client, &serve).await,
        Command::Void(void) => self::void(&client, void).await,
        Command::Restock(Units { of, quantity }) => {
            change(&client, "restock", of, [("quantity", json!(quantity))]).await
        }
        Command::Waste(Waste { of, quantity, reason }) => {
            change(&client, "waste", of, [("quantity", json!(quantity)), ("reason", json!(reason))]).await
        }
        Command::Stocktake(Stocktake { of, counted, anyway }) => {
            change(&client, "stocktake", of, [("counted", json!(counted)), ("anyway", json!(anyway))]).await
        }
    }
}

async fn menu(client: &Client, json: bool) -> anyhow::Result<ExitCode> {
    let Status { stock, .. } = client.get("/v1/status").await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&stock)?);
        return Ok(ExitCode::SUCCESS);
    }
    for item in &stock {
        let elsewhere = item.elsewhere.as_ref().map(|Held { device, units }| format!(", {units} at {device}"));
        let left = if item.here > 0 { format!("{} left here", item.here) } else { "SOLD OUT here".into() };
        println!("{}: {left}{}", item.product, elsewhere.unwrap_or_default());
    }
    if stock.is_empty() {
        eprintln!("Nothing is served at this event, as far as this device knows");
    }
    Ok(ExitCode::SUCCESS)
}

async fn stock(client: &Client, json: bool) -> anyhow::Result<ExitCode> {
    let lines: Vec<StockLine> = client.get("/v1/stock").await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
        return Ok(ExitCode::SUCCESS);
    }
    for line in &lines {
        println!("{}: {} here, {} everywhere", line.name, line.here, line.everywhere);
        line.elsewhere.iter().for_each(|held| println!("  {} at {}", held.units, held.device));
        if line.on_the_way > 0 {
            println!("  {} on the way, not accepted yet", line.on_the_way);
        }
        line.deficits.iter().for_each(|held| println!("  ! {} short of {}", held.device, held.units));
    }
    Ok(ExitCode::SUCCESS)
}

async fn report(client: &Client, json: bool) -> anyhow::Result<ExitCode> {
    let lines: Vec<StockLine> = client.get("/v1/stock").await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
        return Ok(ExitCode::SUCCESS);
    }
    for line in lines.iter().filter(|line| line.kind == "product") {
        println!("{}", line.name);
        println!(
            "  served {}, of it taken back {}, by a supervisor {}",
            line.used, line.returned, line.overridden
        );
        println!("  brought in {}, received {}, given {}", line.restocked, line.received, line.given);
        println!("  wasted {}, corrected by counting {}", line.wasted, line.corrected);
        println!("  left here {}, everywhere {}", line.here, line.everywhere);
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(client: &Client, args: &Serve) -> anyhow::Result<ExitCode> {
    let code = match args.code.as_str() {
        "-" => std::io::read_to_string(std::io::stdin())?.trim().to_owned(),
        code => code.to_owned(),
    };
    let subject = if code.starts_with("tkt_") { "ticket" } else { "code" };
    let overriding = args.supervisor.decide(client).await?;
    let mut body = json!({
        "product": args.product, "quantity": args.quantity, "dry_run": args.dry_run,
        "key": args.key, "override": overriding,
    });
    body[subject] = json!(code);
    let answer: Answer = client.post("/v1/servings", &body).await?;
    let code = told(&answer, args.json)?;
    if answer.code == Code::UnknownProduct.as_str() {
        let Status { stock, .. } = client.get("/v1/status").await?;
        let served: Vec<&str> = stock.iter().map(|item| item.product.as_str()).collect();
        eprintln!("Nothing is called {:?} here; served are: {}", args.product, served.join(", "));
    }
    Ok(code)
}

async fn void(client: &Client, args: Void) -> anyhow::Result<ExitCode> {
    let body = match (args.entry, args.key) {
        (Some(entry), _) => json!({ "entry": entry }),
        (None, Some(key)) => json!({ "key": key, "operation": "serving" }),
        (None, None) => json!({ "last": true, "operation": "serving" }),
    };
    let answer: Answer = client.post("/v1/undo", &body).await?;
    told(&answer, args.json)
}

fn told(answer: &Answer, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string_pretty(answer)?);
    } else {
        let verdict = serde_json::to_value(answer.verdict)?;
        let credits: Vec<String> =
            answer.credits.iter().map(|c| format!("{} {} → {}", c.product, c.before, c.after)).collect();
        let parts = [answer.explain.line.clone(), credits.join(", "), answer.entry.clone().unwrap_or_default()];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        println!("{}/{} {}", verdict.as_str().unwrap_or_default(), answer.code, parts.join("  "));
    }
    Ok(ExitCode::from(exit_code(answer)))
}

async fn change<const N: usize>(
    client: &Client,
    verb: &str,
    of: Of,
    more: [(&str, Value); N],
) -> anyhow::Result<ExitCode> {
    let overriding = of.supervisor.decide(client).await?;
    let mut body = Map::from_iter(more.map(|(name, value)| (name.to_owned(), value)));
    body.insert(if of.zone { "zone" } else { "product" }.into(), json!(of.name));
    body.insert("key".into(), json!(of.key));
    body.insert("override".into(), json!(overriding));
    let answer: StockAnswer = client.post(&format!("/v1/stock/{verb}"), &body).await?;
    match of.json {
        true => println!("{}", serde_json::to_string_pretty(&answer)?),
        false => println!("{}", line(&answer)),
    }
    Ok(ExitCode::SUCCESS)
}

/// What was changed, in a sentence.
fn line(answer: &StockAnswer) -> String {
    let StockAnswer { of, change, here, everywhere, .. } = answer;
    let what = match (answer.expected, answer.counted) {
        (Some(expected), Some(counted)) if *change == 0 => {
            format!("{of}: {counted} of {expected}, as it should be")
        }
        (Some(expected), Some(counted)) if *change < 0 => {
            format!("{of}: {counted} of {expected}, {} are missing", -change)
        }
        (Some(expected), Some(counted)) => format!("{of}: {counted} of {expected}, {change} more"),
        (_, _) if *change < 0 => format!("{of}: {} written off", -change),
        (_, _) => format!("{of}: {change} brought in"),
    };
    let pays: Vec<String> = answer.pays.iter().map(|held| format!("{} ({})", held.device, held.units)).collect();
    let pays = match (here, pays.is_empty()) {
        (..0, false) => format!("; {} of it are paid by {}", -here, pays.join(", ")),
        (..0, true) => format!("; {} of it are owed, and nobody known has any", -here),
        (0.., _) => String::new(),
    };
    let by = answer.supervisor.as_ref().map(|name| format!(", by {name}")).unwrap_or_default();
    let again = if answer.repeated { ", as answered before" } else { "" };
    format!("{what}{pays}; {} left here, {everywhere} everywhere{by}{again}  {}", (*here).max(0), answer.entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_says_what_it_changed_and_who_pays() {
        let check = |answer: StockAnswer, expect: &str| {
            let of = "Beer".to_owned();
            assert_eq!(line(&StockAnswer { of, entry: "e".into(), ..answer }), expect);
        };
        let new = StockAnswer::default;
        check(
            StockAnswer { change: 48, here: 60, everywhere: 99, ..new() },
            "Beer: 48 brought in; 60 left here, 99 everywhere  e",
        );
        check(
            StockAnswer { change: -2, here: 3, everywhere: 9, ..new() },
            "Beer: 2 written off; 3 left here, 9 everywhere  e",
        );
        let counted = |counted, change, here| StockAnswer {
            expected: Some(60),
            counted: Some(counted),
            change,
            here,
            everywhere: counted,
            ..new()
        };
        check(counted(60, 0, 12), "Beer: 60 of 60, as it should be; 12 left here, 60 everywhere  e");
        check(counted(55, -5, 7), "Beer: 55 of 60, 5 are missing; 7 left here, 55 everywhere  e");
        let pays = vec![Held { device: "North".into(), units: 40 }];
        let short = StockAnswer { pays, supervisor: Some("ana".into()), ..counted(40, -20, -8) };
        check(
            short,
            "Beer: 40 of 60, 20 are missing; 8 of it are paid by North (40); 0 left here, 40 everywhere, by ana  e",
        );
    }
}
