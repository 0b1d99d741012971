//! `edge-agent log`: what the journals here say, the newest last, and on as it happens.

use super::client::{Client, escaped};
use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tidegate_core::api::{LogItem, LogPage};
use tidegate_core::time::Timestamp;

/// Between two looks of `-f`: sooner than somebody reads a line.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Items looked at each time: more than a fast gate and its peers write in between.
const LOOK_AT: usize = 200;

/// What `log` takes.
#[derive(clap::Args)]
pub struct Args {
    /// How many items, the newest.
    #[arg(short = 'n', long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    lines: u16,
    /// Go on as things happen. What a device brings that was away stands at its own time in the log and is
    /// not shown here.
    #[arg(short, long)]
    follow: bool,
    /// Only what has to do with this: a name, an order, a gate, a device.
    #[arg(long, value_name = "TEXT")]
    find: Option<String>,
    /// Only these.
    #[arg(long, value_parser = ["entries", "exits", "refusals", "servings", "undone", "overrides"])]
    kind: Option<String>,
    /// As JSON, a line an item.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(folder: &Path, args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::of(folder)?;
    let first = newest(&client, &args).await?;
    print(&first, &args)?;
    if !args.follow {
        return Ok(ExitCode::SUCCESS);
    }
    let mut told = told(&first, &page(&client, &args, LOOK_AT, None).await?.items);
    loop {
        let mut items = page(&client, &args, LOOK_AT, None).await?.items;
        let now: HashSet<String> = items.iter().map(|item| item.entry.clone()).collect();
        items.retain(|item| !told.contains(&item.entry));
        print(&items, &args)?;
        told = now;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Of the items that are there, those that are not news after the first lines: what came while these were
/// shown is new, what is older than they are is not.
fn told(first: &[LogItem], there: &[LogItem]) -> HashSet<String> {
    let shown: HashSet<&String> = first.iter().map(|item| &item.entry).collect();
    // Texts do not sort like the times they say: fractions of a second end where only zeros follow.
    let newest = first.iter().map(|item| Timestamp::parse(&item.at)).max();
    let old = |item: &&LogItem| shown.contains(&item.entry) || Some(Timestamp::parse(&item.at)) <= newest;
    there.iter().filter(old).map(|item| item.entry.clone()).collect()
}

/// As many items as are asked for, the newest first, however far back they are.
async fn newest(client: &Client, args: &Args) -> anyhow::Result<Vec<LogItem>> {
    let lines = usize::from(args.lines);
    let mut found = page(client, args, lines, None).await?;
    // A page may end early, where much had to be looked through.
    while let Some(next) = found.next.take().filter(|_| found.items.len() < lines) {
        let older = page(client, args, lines - found.items.len(), Some(&next)).await?;
        found.items.extend(older.items);
        found.next = older.next;
    }
    Ok(found.items)
}

async fn page(client: &Client, args: &Args, limit: usize, before: Option<&str>) -> anyhow::Result<LogPage> {
    let mut path = format!("/v1/log?limit={limit}");
    for (name, value) in [("find", args.find.as_deref()), ("kind", args.kind.as_deref()), ("before", before)] {
        path.extend(value.iter().map(|value| format!("&{name}={}", escaped(value))));
    }
    client.get(&path).await
}

fn print(items: &[LogItem], args: &Args) -> anyhow::Result<()> {
    for item in items.iter().rev() {
        match args.json {
            true => println!("{}", serde_json::to_string(item)?),
            false => println!("{}", line(item)),
        }
    }
    Ok(())
}

fn line(item: &LogItem) -> String {
    let ticket = item.ticket.as_ref();
    let units = item.units.map(|units| format!("{units} ×"));
    let place = [item.gate.as_deref(), item.list.as_deref(), Some(item.device.as_str())];
    let place: Vec<&str> = place.into_iter().flatten().collect();
    let parts = [
        Some(item.kind.as_str()),
        Some(item.code.as_str()).filter(|code| *code != "ok"),
        units.as_deref(),
        item.product.as_deref(),
        ticket.map(|ticket| ticket.id.as_str()),
        ticket.and_then(|ticket| ticket.holder.as_deref()),
        item.supervisor.as_deref(),
        item.reason.as_deref(),
        item.undone.then_some("(undone)"),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    let line = format!("{}  {}  [{}]", item.at, parts.join(" "), place.join(" · "));
    super::plain(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(entry: &str, at: &str) -> LogItem {
        let item =
            serde_json::json!({ "entry": entry, "at": at, "kind": "admission", "code": "ok", "device": "gate" });
        serde_json::from_value(item).expect("an item")
    }

    #[test]
    fn what_is_older_than_the_first_lines_is_no_news_whatever_fraction_its_time_has() {
        let check = |at: &str, news: bool| {
            let first = [item("shown", "2026-11-21T19:00:07.5Z"), item("before", "2026-11-21T19:00:06Z")];
            assert_eq!(told(&first, &[item("other", at)]).is_empty(), news, "{at}");
        };
        check("2026-11-21T19:00:07Z", false); // as a text it is greater
        check("2026-11-21T19:00:07.499999Z", false);
        check("2026-11-21T19:00:07.5Z", false);
        check("2026-11-21T19:00:07.500001Z", true);
        check("2026-11-21T19:00:08Z", true);
        assert!(told(&[], &[item("other", "2026-11-21T19:00:08Z")]).is_empty(), "after no lines all is news");
    }
}
