//! Who this agent is: what enrolment gave it, in files beside the database.
//!
//! The device key never enters the database, so that a copied database is not a
//! copied device. Files are written whole and renamed into place, readable by
//! their owner alone.

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;
use tidegate_core::id::{EventId, JournalId};
use tidegate_core::seal::PublicKey;
use tidegate_core::trust::{Certificate, Identity};
use tidegate_link::tls::Own;

/// What enrolment gave this device.
#[derive(Clone)]
pub struct Enrolment {
    /// What the certificate says.
    pub identity: Identity,
    /// The certificate.
    pub certificate: Certificate,
    /// The device's own key.
    pub key: SigningKey,
    /// The CA's key, pinned.
    pub ca: PublicKey,
    /// The feed's key, pinned.
    pub feed_key: PublicKey,
    /// The cloud's device link, `host:port`.
    pub cloud: String,
}

#[derive(Serialize, Deserialize)]
struct OnDisk {
    certificate: String,
    ca: String,
    feed_key: String,
    cloud: String,
}

/// Why the identity could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IdentityFault {
    /// Never enrolled here.
    #[error("this folder has not been enrolled: {0} (E-KEY-03)")]
    Missing(std::path::PathBuf),
    /// A file is not what was written.
    #[error("{0} cannot be read as what enrolment wrote (E-KEY-04)")]
    Damaged(&'static str),
    /// The file system refuses.
    #[error("{0} (E-KEY-05)")]
    Io(#[from] std::io::Error),
}

/// What of an enrolment is no secret: all that somebody needs who only checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicParts {
    /// Its event.
    pub event: EventId,
    /// The CA's key.
    pub ca: PublicKey,
    /// The feed's key.
    pub feed_key: PublicKey,
}

impl PublicParts {
    /// Reads them from `folder`; its device key need not be there.
    pub fn load(folder: &Path) -> Result<Self, IdentityFault> {
        let (disk, identity) = OnDisk::load(folder)?;
        let (ca, feed_key) = (public(&disk.ca)?, public(&disk.feed_key)?);
        Ok(Self { event: identity.event, ca, feed_key })
    }
}

impl OnDisk {
    /// What enrolment left, and what the certificate in it says.
    fn load(folder: &Path) -> Result<(Self, Identity), IdentityFault> {
        let path = folder.join(IDENTITY);
        if !path.try_exists()? {
            return Err(IdentityFault::Missing(folder.to_owned()));
        }
        let disk: Self = serde_json::from_slice(&std::fs::read(path)?).map_err(|_| damaged())?;
        let identity = disk.certificate()?.open(&public(&disk.ca)?).map_err(|_| damaged())?;
        Ok((disk, identity))
    }

    fn certificate(&self) -> Result<Certificate, IdentityFault> {
        let bytes = HEXLOWER.decode(self.certificate.as_bytes()).map_err(|_| damaged())?;
        Certificate::from_bytes(&bytes).map_err(|_| damaged())
    }
}

fn public(hex: &str) -> Result<PublicKey, IdentityFault> {
    let bytes = HEXLOWER.decode(hex.as_bytes()).map_err(|_| damaged())?;
    bytes.try_into().map(PublicKey).map_err(|_| damaged())
}

fn damaged() -> IdentityFault {
    IdentityFault::Damaged(IDENTITY)
}

const IDENTITY: &str = "identity.json";
const KEY: &str = "device.key";

impl Enrolment {
    /// The first journal that this device writes; it may have begun others since.
    pub fn first_journal(&self) -> JournalId {
        JournalId { device: self.identity.device, incarnation: 1 }
    }

    /// Its event.
    pub fn event(&self) -> EventId {
        self.identity.event
    }

    /// Who we are on the link.
    pub fn own(&self) -> Own {
        Own { certificate: self.certificate.clone(), ca: self.ca, key: self.key.clone() }
    }

    /// Reads what enrolment left in `folder`.
    pub fn load(folder: &Path) -> Result<Self, IdentityFault> {
        let (disk, identity) = OnDisk::load(folder)?;
        let (certificate, ca, feed_key) = (disk.certificate()?, public(&disk.ca)?, public(&disk.feed_key)?);
        let secret = std::fs::read(folder.join(KEY))?.try_into();
        let key = SigningKey::from_bytes(&secret.map_err(|_| IdentityFault::Damaged(KEY))?);
        if PublicKey::from(key.verifying_key()) != identity.key {
            return Err(IdentityFault::Damaged(KEY));
        }
        Ok(Self { identity, certificate, key, ca, feed_key, cloud: disk.cloud })
    }

    /// Writes it into `folder`, the identity last: a folder without it is not enrolled.
    pub fn save(&self, folder: &Path) -> Result<(), IdentityFault> {
        write_private(&folder.join(KEY), &self.key.to_bytes())?;
        let disk = OnDisk {
            certificate: HEXLOWER.encode(&self.certificate.to_bytes()),
            ca: HEXLOWER.encode(&self.ca.0),
            feed_key: HEXLOWER.encode(&self.feed_key.0),
            cloud: self.cloud.clone(),
        };
        let json = serde_json::to_vec_pretty(&disk).map_err(std::io::Error::other)?;
        Ok(write_private(&folder.join(IDENTITY), &json)?)
    }
}

/// Writes a file that only its owner reads, whole or not at all.
pub fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let draft = path.with_extension("draft");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
}
