//! `edge-agent`: the commands of one device. Each verb is a file under `cli`.

use clap::{Parser, Subcommand};
use edge_agent::cli;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "edge-agent", version, about = "One device at a door or a bar", after_help = EXAMPLES)]
struct Cli {
    /// The folder that holds this device: database, key, certificate, token.
    #[arg(long, global = true, env = "TIDEGATE_DATA", default_value = "/var/lib/tidegate", value_name = "DIR")]
    data: PathBuf,
    /// Logs as JSON lines.
    #[arg(long, global = true, env = "TIDEGATE_LOG_JSON")]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  edge-agent join --cloud tickets.example.org:7443 ABCDEF-GHIJKL-…   pair this device with an event
  edge-agent run --list Main --peer 10.0.0.12:7421                   the daemon
  edge-agent scan photo.jpg                                          what would happen with that ticket
  edge-agent scan --admit photo.jpg && echo welcome                  let it in
  edge-agent find garcia lopez                                       who is that, and are they inside
  edge-agent log -f                                                  what happens, as it happens
  edge-agent status                                                  state, with the age of everything
  edge-agent lane add --name 'Gate A left'                           a phone becomes a lane
  edge-agent sync now                                                ask everybody at once; sticks with export-usb
  edge-agent camera list                                             cameras, and what each offers
  edge-agent scanner list                                            hand scanners, and the line for edge.toml
  edge-agent bar restock \"Beer 0.5\" 48                              a crate came
  edge-agent journal verify night.tidegate                           whether what happened can be trusted

Exit codes:
  0 done, let in       1 failed, no code read   2 wrong command line
  3 refused            4 used already           5 somebody has to be asked
  6 nothing found      7 not reached            8 wrong settings
  9 not permitted; of several pictures the highest counts";

#[derive(Subcommand)]
enum Command {
    /// Pair this device with an event, by a one-time code.
    Join(cli::join::Args),
    /// Run the agent.
    Run(Box<cli::run::Args>),
    /// Read pictures of tickets and say what would happen, or admit.
    Scan(cli::scan::Args),
    /// Say how the running agent is.
    Status(cli::status::Args),
    /// Find people by name, order or e-mail.
    Find(cli::find::Args),
    /// What happened here and on the devices known, the newest last.
    Log(cli::log::Args),
    /// Cameras: list them, see what one sees.
    Camera(cli::camera::Args),
    /// Hand scanners: list them, see what one sends, set one up.
    Scanner(cli::scanner::Args),
    /// Sources of codes, and phones that become some: list, add, name, revoke.
    Lane(cli::lane::Args),
    /// How this device stands with the others: exchange, conflicts, findings, sticks.
    Sync(cli::sync::Args),
    /// Stock and servings: menu, serve, void, restock, waste, stocktake, report.
    Bar(cli::bar::Args),
    /// A device's entries, whether its agent runs or not: show, export, verify.
    Journal(cli::journal::Args),
    /// Announce an agent on the network and say whom it hears; the agent starts this itself.
    #[command(hide = true)]
    Mdns(cli::mdns::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    tidegate_link::telemetry::init(cli.log_json);
    cli::end_with_the_output();
    let result = tokio::runtime::Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        runtime.block_on(async {
            match cli.command {
                Command::Join(args) => cli::join::run(&cli.data, args).await,
                Command::Run(args) => cli::run::run(cli.data, *args).await,
                Command::Scan(args) => cli::scan::run(&cli.data, args).await,
                Command::Status(args) => cli::status::run(&cli.data, args).await,
                Command::Find(args) => cli::find::run(&cli.data, args).await,
                Command::Log(args) => cli::log::run(&cli.data, args).await,
                Command::Camera(args) => cli::camera::run(args),
                Command::Scanner(args) => cli::scanner::run(args),
                Command::Lane(args) => cli::lane::run(&cli.data, args).await,
                Command::Sync(args) => cli::sync::run(&cli.data, args).await,
                Command::Bar(args) => cli::bar::run(&cli.data, args).await,
                Command::Journal(args) => cli::journal::run(&cli.data, &args),
                Command::Mdns(args) => cli::mdns::run(&args),
            }
        })
    });
    result.unwrap_or_else(|error| cli::failed(&error))
}
