//! `cloud-sync`: serves, reports, tries out rules, prints its OpenAPI document and its table of roles, migrates its
//! database.

use clap::{Parser, Subcommand};
use cloud_sync::{auth, report, router, rule, serve, store};
use std::process::ExitCode;

const ENVIRONMENT: &str = "Environment:
  TIDEGATE_DATABASE_URL  A PostgreSQL database instead of SQLite in the data folder, such as
                         postgresql://tidegate:…@db1.example.org,db2.example.org/tidegate?sslmode=require
  SSL_CERT_FILE          The CA of its certificate in PEM, where the system's roots do not vouch for it
  TIDEGATE_MASTER_KEY    The master key, 64 hex digits, instead of a file
  RUST_LOG               What is logged, such as debug";

/// The cloud of Tidegate.
#[derive(Parser)]
#[command(version, about, after_help = ENVIRONMENT)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves REST and the device link.
    #[command(after_help = ENVIRONMENT)]
    Serve(serve::Options),
    /// Writes a report of an event, from the database, whether or not it is being served.
    #[command(subcommand)]
    Report(report::command::Report),
    /// Checks and tries out the rules of lists.
    #[command(subcommand)]
    Rule(rule::Command),
    /// Prints the OpenAPI document.
    Openapi,
    /// Prints who may use which route: docs/roles.md.
    Roles,
    /// Brings the database to this program's schema, and prints the version.
    Migrate {
        /// The folder with the database, unless TIDEGATE_DATABASE_URL names one.
        #[arg(long, default_value = "data", env = "TIDEGATE_DATA")]
        data: std::path::PathBuf,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Serve(options) => {
            tidegate_link::telemetry::init(options.log_json);
            serve::serve(options).await?;
        }
        Command::Report(report) => report.run().await?,
        Command::Roles => print!("{}", auth::page::roles(&router::document())),
        Command::Rule(command) => return rule::run(command).await,
        Command::Openapi => println!("{}", serde_json::to_string_pretty(&router::described())?),
        Command::Migrate { data } => {
            serve::open_store(&data, store::Schema::Migrate).await?;
            println!("schema version {}", store::Store::schema_version());
        }
    }
    Ok(ExitCode::SUCCESS)
}
