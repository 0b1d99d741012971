//! `cloud-sync`: serves, prints its OpenAPI document, migrates its database.

use clap::{Parser, Subcommand};
use cloud_sync::{router, serve, store};

/// The cloud of Tidegate.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves REST and the device link.
    Serve(serve::Options),
    /// Prints the OpenAPI document.
    Openapi,
    /// Brings the database to this program's schema, and prints the version.
    Migrate {
        /// The folder with the database.
        #[arg(long, default_value = "data", env = "TIDEGATE_DATA")]
        data: std::path::PathBuf,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Serve(options) => {
            tidegate_link::telemetry::init(options.log_json);
            serve::serve(options).await
        }
        Command::Openapi => {
            println!("{}", router::document().to_pretty_json()?);
            Ok(())
        }
        Command::Migrate { data } => {
            store::Store::open(&data.join(cloud_sync::app::DATABASE_FILE))?;
            println!("schema version {}", store::Store::schema_version());
            Ok(())
        }
    }
}
