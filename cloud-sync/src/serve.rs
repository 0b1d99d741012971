//! Running the cloud: two listeners over one data folder, until told to stop.
//!
//! REST is plain HTTP and stays on this machine unless somebody says that a proxy
//! with TLS stands in front; the device link brings its own TLS. The addresses that
//! were bound are written beside the data, for whoever started us on port 0.

use crate::app::{App, DATABASE_FILE, Life, machine_clock};
use crate::keys;
use crate::router;
use crate::store::{Schema, Store, StoreError};
use crate::vault::{MASTER_KEY_VAR, Vault, known_master_key, master_key};
use anyhow::{Context, bail};
use std::env::VarError;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidegate_core::trust::{Identity, Role, TrustFault};
use tidegate_link::tls::{Gate, Own, server_config};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What `serve` is told.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// The folder with the keys, and with the database unless TIDEGATE_DATABASE_URL names one.
    #[arg(long, default_value = "data", env = "TIDEGATE_DATA")]
    pub data: PathBuf,
    /// Where REST listens, in plain HTTP.
    #[arg(long, default_value = "127.0.0.1:7400")]
    pub listen: SocketAddr,
    /// Where devices connect, in mutual TLS.
    #[arg(long, default_value = "127.0.0.1:7443")]
    pub link: SocketAddr,
    /// A proxy with TLS stands in front of REST, which may then listen beyond this machine.
    #[arg(long)]
    pub behind_tls_proxy: bool,
    /// The file with the master key, where TIDEGATE_MASTER_KEY does not hold it; else master.key in the folder.
    #[arg(long)]
    pub master_key_file: Option<PathBuf>,
    /// The database was restored from a copy: agents begin their feed anew, and the cloud its journals.
    #[arg(long)]
    pub restored: bool,
    /// Customers may pay by the test provider, which moves no money: for trying out.
    #[arg(long)]
    pub test_payments: bool,
    /// Logs as JSON lines.
    #[arg(long)]
    pub log_json: bool,
}

/// The PostgreSQL database, if there is one. Only from the environment: it holds a password.
pub const DATABASE_URL_VAR: &str = "TIDEGATE_DATABASE_URL";

/// Opens the database that the environment names, else the file in the data folder.
pub async fn open_store(data: &Path, schema: Schema) -> Result<Store, StoreError> {
    match std::env::var(DATABASE_URL_VAR) {
        Ok(url) => Store::postgres_with(&url, schema).await,
        Err(VarError::NotPresent) => Store::sqlite_with(&data.join(DATABASE_FILE), schema),
        Err(VarError::NotUnicode(_)) => Err(StoreError::Address(format!("{DATABASE_URL_VAR} is no text"))),
    }
}

/// Opens the data folder.
pub async fn open(options: &Options) -> anyhow::Result<Arc<App>> {
    let life = if options.restored { Life::Restored } else { Life::Same };
    let mut app = open_folder(&options.data, options.master_key_file.as_deref(), life).await?;
    app.test_payments = options.test_payments;
    Ok(Arc::new(app))
}

/// Opens a data folder, and makes what an installation needs where it is missing.
pub async fn open_folder(data: &Path, master_key_file: Option<&Path>, life: Life) -> anyhow::Result<App> {
    let folder = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    folder.context("the data folder cannot be made")?;
    let (file, given) = (key_file(data, master_key_file), std::env::var(MASTER_KEY_VAR).ok());
    let store = open_store(data, Schema::Migrate).await?;
    if given.is_none() && !file.exists() && keys::exist(&store).await? {
        bail!(
            "the database has keys, and {} is missing: give the installation's master key in {MASTER_KEY_VAR}, or its \
             file with --master-key-file",
            file.display()
        );
    }
    let master = master_key(given.as_deref(), &file)?;
    App::open(store, data, Vault::new(&master), machine_clock(), life).await
}

/// Opens an installation to read from it, whether or not it is being served: nothing is made,
/// migrated or written.
pub async fn open_to_read(data: &Path, master_key_file: Option<&Path>) -> anyhow::Result<App> {
    if std::env::var_os(DATABASE_URL_VAR).is_none() && !data.join(DATABASE_FILE).is_file() {
        let folder = data.display();
        bail!("there is no database in {folder}: name its folder with --data, or its URL in {DATABASE_URL_VAR}");
    }
    let file = key_file(data, master_key_file);
    let master = known_master_key(std::env::var(MASTER_KEY_VAR).ok().as_deref(), &file)?;
    let store = open_store(data, Schema::Keep).await?;
    App::existing(store, Vault::new(&master), machine_clock()).await
}

fn key_file(data: &Path, named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| data.join("master.key"), Path::to_owned)
}

/// Serves until a signal.
pub async fn serve(options: Options) -> anyhow::Result<()> {
    if !options.listen.ip().is_loopback() && !options.behind_tls_proxy {
        bail!(
            "REST is plain HTTP: listen on 127.0.0.1, or say --behind-tls-proxy where a proxy with TLS stands in front"
        );
    }
    let app = open(&options).await?;
    println!("database: {}", app.store.place());
    let listener =
        TcpListener::bind(options.listen).await.with_context(|| format!("listen on {}", options.listen))?;
    let link = TcpListener::bind(options.link).await.with_context(|| format!("listen on {}", options.link))?;
    say(&options.data, "listen.addr", "REST", listener.local_addr()?)?;
    say(&options.data, "link.addr", "device link", link.local_addr()?)?;
    let (certificate, key) = app.link_identity().await?;
    let own = Own { certificate, ca: app.ca, key };
    let tls = server_config(&own, Arc::new(Devices { app: app.clone() }), true)?;
    let stop = CancellationToken::new();
    let linked = tokio::spawn(tidegate_link::server::serve(
        link,
        tls,
        router::link(app.clone()),
        stop.clone().cancelled_owned(),
    ));
    let signal = {
        let stop = stop.clone();
        async move {
            signalled().await;
            stop.cancel();
        }
    };
    let rest = router::rest(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, rest).with_graceful_shutdown(signal).await?;
    stop.cancel();
    linked.await.context("the device link ended badly")
}

fn say(data: &Path, file: &str, what: &str, address: SocketAddr) -> anyhow::Result<()> {
    let (place, partial) = (data.join(file), data.join(format!("{file}.new")));
    std::fs::write(&partial, format!("{address}\n")).and_then(|()| std::fs::rename(&partial, &place))?;
    println!("{what} on {address}");
    Ok(())
}

async fn signalled() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Who may connect to the device link: devices of this installation until their
/// certificates end. Revoked ones too, because they are still owed their evidence;
/// the exchange gives them nothing.
struct Devices {
    app: Arc<App>,
}

impl Gate for Devices {
    fn admit(&self, identity: &Identity) -> Result<(), TrustFault> {
        match identity.role {
            Role::Cloud => Err(TrustFault::Role),
            Role::Gate | Role::Bar | Role::Supervisor | Role::Kiosk if identity.expires <= self.app.now() => {
                Err(TrustFault::Expired)
            }
            Role::Gate | Role::Bar | Role::Supervisor | Role::Kiosk => Ok(()),
        }
    }
}
