//! The certificate that browsers see: this agent's own, for the addresses it is reached at.
//!
//! It has nothing to do with the device's identity or its link. Browsers take no Ed25519, so its key is ECDSA P-256;
//! it is made on first use, stays in the data folder, readable by its owner alone, and signs nothing but this
//! certificate, which is no authority: whoever trusts it trusts this agent and nobody else. It is made anew where an
//! address is missing in it or its days are nearly over, and then has to be trusted anew.

use crate::store::identity::write_private;
use anyhow::Context;
use data_encoding::HEXUPPER;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SerialNumber};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tidegate_core::time::Timestamp;
use x509_parser::extensions::GeneralName;

const KEY: &str = "phones.key";
const CERTIFICATE: &str = "phones.crt";
const DAY: Duration = Duration::from_secs(86_400);
/// Browsers refuse certificates that are good for longer than 398 days.
const DAYS: u32 = 397;
/// With fewer days left it is made anew: no event is longer.
const DAYS_LEFT: i64 = 30;
/// It begins before it is made: the clock of a board that has seen no line yet is off by weeks.
const DAYS_BEFORE: u32 = 60;

/// The certificate in force.
#[derive(Debug)]
pub struct Certificate {
    folder: PathBuf,
    device: String,
    current: RwLock<Current>,
}

#[derive(Clone, Debug)]
struct Current {
    key: Arc<CertifiedKey>,
    names: BTreeSet<String>,
    /// Seconds since 1970.
    good: (i64, i64),
    fingerprint: String,
}

impl Certificate {
    /// The one in the folder, where it is good for these names; else a new one.
    pub fn open(folder: &Path, device: &str, names: &BTreeSet<String>, now: Timestamp) -> anyhow::Result<Self> {
        let current = match read(folder) {
            Some(current) if current.serves(names, now) => current,
            _ => make(folder, device, names, now)?,
        };
        let (folder, device) = (folder.to_owned(), device.to_owned());
        Ok(Self { folder, device, current: RwLock::new(current) })
    }

    /// Makes it anew if an address came that is not in it, or its days are nearly over; tells whether.
    pub fn keep_good(&self, names: &BTreeSet<String>, now: Timestamp) -> anyhow::Result<bool> {
        if self.current().serves(names, now) {
            return Ok(false);
        }
        let made = make(&self.folder, &self.device, names, now)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = made;
        Ok(true)
    }

    /// SHA-256 of it as browsers show it: `3F:A2:…`.
    pub fn fingerprint(&self) -> String {
        self.current().fingerprint
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current().key)
    }
}

impl Current {
    fn serves(&self, names: &BTreeSet<String>, now: Timestamp) -> bool {
        let (from, until) = self.good;
        let days = (from..until - DAYS_LEFT * DAY.as_secs() as i64).contains(&now.as_secs());
        days && names.is_subset(&self.names)
    }
}

/// The TLS of a server that shows it: 1.3 only, which every phone of the last years speaks.
pub fn server_config(certificate: Arc<Certificate>) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// What this machine is reached at, where it listens on `bound`.
pub fn names(bound: IpAddr) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = addresses(bound).iter().map(IpAddr::to_string).collect();
    names.insert("localhost".to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if let Some(host) = host.split('.').next().filter(|host| !host.is_empty() && host.chars().all(plain)) {
        names.insert(format!("{host}.local"));
    }
    names
}

/// This machine's addresses, where it listens on `bound`: those that a phone can reach first.
pub fn addresses(bound: IpAddr) -> Vec<IpAddr> {
    if !bound.is_unspecified() {
        return vec![bound];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut all: Vec<_> = interfaces
        .iter()
        .filter(|interface| !interface.is_link_local() && (bound.is_ipv6() || interface.ip().is_ipv4()))
        .map(|interface| (interface.is_loopback(), is_inside(&interface.name), interface.ip()))
        .collect();
    // Of the addresses of one kind the IPv4 first: they are shorter to type.
    all.sort();
    all.into_iter().map(|(_, _, ip)| ip).collect()
}

/// Whether an interface leads to machines inside this one: no phone is there.
fn is_inside(name: &str) -> bool {
    ["docker", "br-", "veth", "virbr", "lxc", "podman"].iter().any(|kind| name.starts_with(kind))
}

fn make(folder: &Path, device: &str, names: &BTreeSet<String>, now: Timestamp) -> anyhow::Result<Current> {
    let key = key(folder)?;
    let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("Tidegate {device}"));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // By issuer and number browsers tell certificates apart: one made anew needs another.
    params.serial_number = Some(SerialNumber::from(rand::random::<u64>() >> 1));
    let (year, month, day) = date(now).context("the clock is outside the calendar")?;
    let today = rcgen::date_time_ymd(year, month, day);
    params.not_before = today - DAY * DAYS_BEFORE;
    params.not_after = today + DAY * (DAYS - DAYS_BEFORE);
    let made = params.self_signed(&key)?;
    write_private(&folder.join(CERTIFICATE), made.pem().as_bytes())?;
    read(folder).context("the certificate for phones was made and cannot be read")
}

/// The key in the folder; made where there is none that can be used.
fn key(folder: &Path) -> anyhow::Result<KeyPair> {
    let path = folder.join(KEY);
    let kept = std::fs::read_to_string(&path).ok();
    if let Some(key) = kept.and_then(|pem| KeyPair::from_pem(&pem).ok()) {
        return Ok(key);
    }
    let key = KeyPair::generate()?;
    write_private(&path, key.serialize_pem().as_bytes())?;
    Ok(key)
}

/// What is in the folder, where certificate and key are there and belong together.
fn read(folder: &Path) -> Option<Current> {
    let der = CertificateDer::from_pem_file(folder.join(CERTIFICATE)).ok()?;
    let key = KeyPair::from_pem(&std::fs::read_to_string(folder.join(KEY)).ok()?).ok()?;
    let (_, x509) = x509_parser::parse_x509_certificate(&der).ok()?;
    let alternative = x509.subject_alternative_name().ok()??;
    let names = alternative.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|ip| ip.to_string()),
        _ => None, // of no kind that is written here
    });
    let names = names.collect();
    let good = (x509.validity().not_before.timestamp(), x509.validity().not_after.timestamp());
    let fingerprint = colons(&Sha256::digest(&der));
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let certified = CertifiedKey::new(vec![der.clone()], any_supported_type(&private).ok()?);
    certified.keys_match().ok()?;
    Some(Current { key: Arc::new(certified), names, good, fingerprint })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// `3F:A2:…`, as browsers show it.
fn colons(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|&byte| HEXUPPER.encode(&[byte])).collect();
    pairs.join(":")
}

/// Year, month and day of a time.
fn date(now: Timestamp) -> Option<(i32, u8, u8)> {
    let text = now.to_string();
    let mut parts = text.get(..10)?.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    fn named(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn it_stays_while_its_names_and_days_last_and_is_made_anew_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let open = |names: &[&str], days: i64| {
            let now = NOW.plus_secs(days * 86_400);
            Certificate::open(folder.path(), "Gate A", &named(names), now).unwrap().fingerprint()
        };
        let first = open(&["10.0.0.5", "::1", "gate.local"], 0);
        let check = |names: &[&str], days, same| assert_eq!(open(names, days) == first, same, "{names:?} {days}");
        check(&["10.0.0.5", "::1", "gate.local"], 0, true);
        check(&["gate.local"], 300, true);
        check(&["gate.local"], 310, false);
        let anew = Certificate::open(folder.path(), "Gate A", &named(&["gate.local"]), NOW).unwrap();
        let before = anew.fingerprint();
        assert!(!anew.keep_good(&named(&["gate.local"]), NOW).unwrap());
        assert!(anew.keep_good(&named(&["gate.local", "10.0.0.6"]), NOW).unwrap());
        assert_ne!(before, anew.fingerprint());
    }

    #[test]
    fn it_is_good_for_no_longer_than_browsers_take_and_is_no_authority() {
        let folder = tempfile::tempdir().unwrap();
        Certificate::open(folder.path(), "Gate A", &named(&["10.0.0.5"]), NOW).unwrap();
        let der = CertificateDer::from_pem_file(folder.path().join(CERTIFICATE)).unwrap();
        let (_, x509) = x509_parser::parse_x509_certificate(&der).unwrap();
        let days = (x509.validity().not_after.timestamp() - x509.validity().not_before.timestamp()) / 86_400;
        assert!(days <= 398, "{days}");
        assert!(!x509.is_ca());
        assert_eq!(x509.signature_algorithm.algorithm.to_id_string(), "1.2.840.10045.4.3.2", "ECDSA with SHA-256");
    }

    #[test]
    fn a_certificate_and_a_key_that_are_not_each_others_are_made_anew() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let names = named(&["10.0.0.5"]);
        let open = |folder: &Path| Certificate::open(folder, "Gate A", &names, NOW).unwrap().fingerprint();
        let first = open(one.path());
        open(two.path());
        std::fs::copy(two.path().join(KEY), one.path().join(KEY)).unwrap();
        assert_ne!(open(one.path()), first);
        std::fs::write(one.path().join(KEY), "no key").unwrap();
        std::fs::write(one.path().join(CERTIFICATE), "no certificate").unwrap();
        assert_eq!(open(one.path()), open(one.path()), "and stays");
    }

    #[cfg(unix)]
    #[test]
    fn its_key_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Certificate::open(folder.path(), "Gate A", &named(&["10.0.0.5"]), NOW).unwrap();
        let mode = std::fs::metadata(folder.path().join(KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
