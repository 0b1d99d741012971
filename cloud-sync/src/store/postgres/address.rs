//! Where the database is, and how it is reached: the URL, and TLS.
//!
//! TLS is verified under the system's roots, or those of `SSL_CERT_FILE` alone,
//! whenever it is spoken. Beyond this machine it must be asked for, or declined in so
//! many words.

use super::super::StoreError;
use super::hosts::{HOST, Hosts};
use deadpool_postgres::{ConfigConnectImpl, Connect, Manager, ManagerConfig};
use rustls::CertificateError;
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long sent bytes may stay unacknowledged, and a silent line unprobed: a server that vanished
/// without a word is noticed within this, not after the system's two hours.
const SILENCE: Duration = Duration::from_secs(10);

/// PostgreSQL's own, which nobody needs to be told.
const USUAL_PORT: u16 = 5432;

/// Makes the connections of a pool, and says how long one may take.
pub(super) fn manager(url: &str, settings: ManagerConfig) -> Result<(Manager, Duration), StoreError> {
    let config = config(url)?;
    let way: Box<dyn Connect> = match config.get_ssl_mode() == SslMode::Disable {
        true => Box::new(ConfigConnectImpl { tls: NoTls }),
        false => Box::new(ConfigConnectImpl { tls: tls()? }),
    };
    let hosts = Hosts::new(&config, way);
    let patience = hosts.patience();
    Ok((Manager::from_connect(config, hosts, settings), patience))
}

fn tls() -> Result<MakeRustlsConnect, StoreError> {
    // The provider may have been installed already: the same one, by the device link.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls = MakeRustlsConnect::with_native_certs();
    let (tls, unread) = tls.map_err(|errors| {
        let why = errors.first().map(|error| format!(": {error}")).unwrap_or_default();
        StoreError::Address(format!("TLS needs root certificates, the system's or those in SSL_CERT_FILE{why}"))
    })?;
    for error in unread {
        tracing::warn!(%error, "some root certificates were not read");
    }
    Ok(tls)
}

/// What to do about a certificate that was not accepted.
pub(super) fn advice(why: &(dyn Error + 'static)) -> &'static str {
    let inner = why.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match inner.and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "; if its CA is your own, name the file with it in SSL_CERT_FILE"
        }
        _ => "",
    }
}

/// The database and its hosts, in words for people: what is secret is left out.
pub(super) fn place(url: &str) -> Result<String, StoreError> {
    let config = config(url)?;
    let (hosts, ports) = (config.get_hosts(), config.get_ports());
    let place = |(index, host): (usize, &Host)| {
        let name = match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        };
        // None is the usual one, a single one is of all hosts.
        match ports.get(index).or(ports.first()) {
            None | Some(&USUAL_PORT) => name,
            Some(port) => format!("{name} port {port}"),
        }
    };
    let places: Vec<String> = hosts.iter().enumerate().map(place).collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default(); // the user's own, where none is named
    Ok(format!("PostgreSQL {database} on {}", places.join(" or ")))
}

fn config(url: &str) -> Result<Config, StoreError> {
    if url.contains("sslrootcert=") {
        let why = "sslrootcert is not read from TIDEGATE_DATABASE_URL: name the file with the CA in SSL_CERT_FILE";
        return Err(StoreError::Address(why.into()));
    }
    // The library knows `require`; here that verifies the certificate and the name, as libpq's stronger modes do.
    let url =
        url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        StoreError::Address(format!("TIDEGATE_DATABASE_URL cannot be read: {error}"))
    })?;
    if config.get_ssl_mode() == SslMode::Prefer {
        if !config.get_hosts().iter().all(is_here) || config.get_hosts().is_empty() {
            let why = "TIDEGATE_DATABASE_URL names another machine: add sslmode=require, \
                or sslmode=disable where the network between is your own";
            return Err(StoreError::Address(why.into()));
        }
        config.ssl_mode(SslMode::Disable);
    }
    if config.get_hosts().len() > 1 && config.get_target_session_attrs() == TargetSessionAttrs::Any {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite); // the one that is not a standby
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(HOST);
    }
    if config.get_application_name().is_none() {
        config.application_name("cloud-sync");
    }
    config.keepalives_idle(SILENCE).tcp_user_timeout(SILENCE);
    Ok(config)
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            let address = name.parse().map(|address: std::net::IpAddr| address.is_loopback());
            address.unwrap_or(name == "localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_verified_or_declined_in_so_many_words() {
        let check = |url: &str, expect: Option<SslMode>| {
            let got = config(url).map(|config| config.get_ssl_mode());
            assert_eq!(got.ok(), expect, "{url}");
        };
        check("postgresql://u@db.example/t?sslmode=require", Some(SslMode::Require));
        check("postgresql://u@db.example/t?sslmode=verify-full", Some(SslMode::Require));
        check("postgresql://u@db.example/t?sslmode=verify-ca", Some(SslMode::Require));
        check("postgresql://u@db.example/t?sslmode=disable", Some(SslMode::Disable));
        check("postgresql://u@db.example/t", None);
        check("postgresql://u@10.0.0.7/t?sslmode=prefer", None);
        check("postgresql://u@localhost/t", Some(SslMode::Disable));
        check("postgresql://u@127.0.0.1,[::1]/t", Some(SslMode::Disable));
        check("postgresql://u@127.0.0.1,db.example/t", None);
        check("host=/run/postgresql user=u", Some(SslMode::Disable));
        check("user=u", None);
        check("postgresql://u@db.example/t?sslmode=require&sslrootcert=/etc/ca.pem", None);
    }

    #[test]
    fn the_place_is_told_without_what_is_secret() {
        let check = |url: &str, expect: &str| assert_eq!(place(url).unwrap(), expect);
        check("postgresql://u:secret@localhost/t", "PostgreSQL t on localhost");
        check("postgresql://u:secret@a,b:5433/t?sslmode=require", "PostgreSQL t on a or b port 5433");
        check("host=/run/postgresql user=u password=secret", "PostgreSQL u on /run/postgresql");
    }

    #[test]
    fn an_address_that_cannot_be_read_is_not_repeated() {
        let error = config("postgresql://u:secret@host:port/t").err().unwrap().to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn of_several_servers_the_one_that_can_be_written_is_taken() {
        let several = config("postgresql://u@a,b/t?sslmode=require").unwrap();
        assert_eq!(several.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    }
}
