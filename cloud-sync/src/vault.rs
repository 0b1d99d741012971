//! The lock on private keys: AES-256-GCM under a master key that is not in the database.
//!
//! The name of a key is part of what is authenticated, so that a sealed key moved
//! to another name does not open. The master key comes from the environment, from
//! a file, or is made beside the data on the first start, with a warning.

use crate::lots;
use ed25519_dalek::SigningKey;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// The environment variable with the master key, 64 hex digits.
pub const MASTER_KEY_VAR: &str = "TIDEGATE_MASTER_KEY";
const KEY_BYTES: usize = 32;

/// Why a private key is out of reach.
#[derive(Debug, thiserror::Error)]
pub enum VaultFault {
    /// Not 64 hex digits.
    #[error("the master key is not 64 hex digits")]
    Malformed,
    /// Sealed under another master key, or altered.
    #[error(
        "the master key does not open the key {0}: it belongs to another installation, or the key was altered"
    )]
    Wrong(String),
    /// The file cannot be read or made.
    #[error("the master key file {0}: {1}")]
    File(String, std::io::Error),
}

/// Seals and opens private keys.
pub struct Vault {
    key: LessSafeKey,
}

impl Vault {
    /// A vault under this master key.
    pub fn new(master: &[u8; KEY_BYTES]) -> Self {
        // 32 bytes are what AES-256 takes: this cannot fail.
        let unbound = UnboundKey::new(&AES_256_GCM, master).expect("a key of 32 bytes");
        Self { key: LessSafeKey::new(unbound) }
    }

    /// Seals a private key under its name: a random nonce, then the ciphertext.
    pub fn seal(&self, name: &str, key: &SigningKey) -> Vec<u8> {
        // 96 random bits do not repeat within the few thousand keys of an installation.
        let nonce: [u8; NONCE_LEN] = lots::draw();
        let mut secret = Zeroizing::new(key.to_bytes());
        let sealed = self.key.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(name.as_bytes()),
            &mut secret[..],
        );
        let tag = sealed.expect("32 bytes are far below what one key may seal");
        [&nonce[..], &secret[..], tag.as_ref()].concat()
    }

    /// Opens a private key that was sealed under this name.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<SigningKey, VaultFault> {
        let wrong = || VaultFault::Wrong(name.to_owned());
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(wrong)?;
        let mut secret = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened =
            self.key.open_in_place(nonce, Aad::from(name.as_bytes()), &mut secret[..]).map_err(|_| wrong())?;
        let secret: &[u8; KEY_BYTES] = (&*opened).try_into().map_err(|_| wrong())?;
        Ok(SigningKey::from_bytes(secret))
    }
}

/// The master key: from its text, else from the file.
pub fn known_master_key(text: Option<&str>, file: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, VaultFault> {
    match text {
        Some(text) => parse(text),
        None => {
            std::fs::read_to_string(file).map_err(|error| unreadable(file, error)).and_then(|text| parse(&text))
        }
    }
}

fn unreadable(file: &Path, error: std::io::Error) -> VaultFault {
    VaultFault::File(file.display().to_string(), error)
}

/// The same; the file is made where it is missing.
pub fn master_key(text: Option<&str>, file: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, VaultFault> {
    match known_master_key(text, file) {
        Err(VaultFault::File(_, error)) if error.kind() == std::io::ErrorKind::NotFound => {
            let made = Zeroizing::new(lots::draw::<[u8; KEY_BYTES]>());
            let text = Zeroizing::new(data_encoding::HEXLOWER.encode(&made[..]));
            write_secret(file, &text).map_err(|error| unreadable(file, error))?;
            tracing::warn!(
                file = %file.display(),
                "made a master key beside the data: keep a copy elsewhere, or give {MASTER_KEY_VAR}"
            );
            Ok(made)
        }
        known => known,
    }
}

/// Writes a secret that only this user may read; an existing file is left alone.
pub fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn parse(text: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, VaultFault> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| VaultFault::Malformed)?;
    bytes[..].try_into().map(Zeroizing::new).map_err(|_| VaultFault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_key_opens_under_its_name_and_master_key_only() {
        let (vault, key) = (Vault::new(&[1; 32]), SigningKey::from_bytes(&[7; 32]));
        let sealed = vault.seal("ca", &key);
        assert_eq!(vault.open("ca", &sealed).unwrap().to_bytes(), key.to_bytes());
        assert!(vault.open("tls", &sealed).is_err());
        assert!(Vault::new(&[2; 32]).open("ca", &sealed).is_err());
        assert!(vault.open("ca", &sealed[..20]).is_err());
        assert!(!sealed.windows(8).any(|part| part == &key.to_bytes()[..8]));
    }

    #[test]
    fn a_master_key_is_made_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        assert!(known_master_key(None, &file).is_err() && !file.exists(), "whoever only reads makes none");
        let made = master_key(None, &file).unwrap();
        assert_eq!(*master_key(None, &file).unwrap(), *made);
        assert_ne!(*master_key(Some(&"ab".repeat(32)), &file).unwrap(), *made);
        assert!(master_key(Some("short"), &file).is_err());
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
