//! What an unenrolled device and the cloud say to each other, once.
//!
//! The device proves that it holds the key it asks a certificate for; the cloud
//! answers with the certificate and the keys to pin. The connection is already
//! pinned to the CA by the one-time code itself.

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use tidegate_core::seal::{Domain, PublicKey, Sig};

/// A device asks for its certificate.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolRequest {
    /// The secret of the one-time code, hex.
    pub secret: String,
    /// The device's public key, hex.
    pub key: String,
    /// The device's signature over the secret and the key, hex.
    pub proof: String,
}

/// The cloud's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolResponse {
    /// The certificate, hex of its bytes.
    pub certificate: String,
    /// The event, `evt_…`.
    pub event: String,
    /// The device, `dev_…`.
    pub device: String,
    /// The feed key to pin, hex.
    pub feed_key: String,
    /// The CA's key to pin, hex.
    pub ca: String,
    /// The cloud's time, RFC 3339 UTC.
    pub cloud_time: String,
}

impl EnrolRequest {
    /// The request of the device with this key.
    pub fn new(secret: &[u8], key: &SigningKey) -> Self {
        let public = PublicKey::from(key.verifying_key());
        let proof = Domain::Enrolment.sign(key, &[secret, &public.0]);
        Self { secret: HEXLOWER.encode(secret), key: HEXLOWER.encode(&public.0), proof: HEXLOWER.encode(&proof.0) }
    }

    /// The secret and the key, if the proof holds.
    pub fn open(&self) -> Option<(Vec<u8>, PublicKey)> {
        let secret = HEXLOWER.decode(self.secret.as_bytes()).ok()?;
        let key = PublicKey(HEXLOWER.decode(self.key.as_bytes()).ok()?.try_into().ok()?);
        let proof = Sig(HEXLOWER.decode(self.proof.as_bytes()).ok()?.try_into().ok()?);
        let holds = Domain::Enrolment.verify(&key.verifying()?, &[&secret, &key.0], &proof);
        holds.then_some((secret, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_holds_for_its_own_secret_and_key_only() {
        let request = EnrolRequest::new(b"secret", &SigningKey::from_bytes(&[1; 32]));
        assert!(request.open().is_some());
        let other = EnrolRequest::new(b"secret", &SigningKey::from_bytes(&[2; 32]));
        assert!(EnrolRequest { key: other.key, ..request.clone() }.open().is_none());
        assert!(EnrolRequest { secret: HEXLOWER.encode(b"other"), ..request }.open().is_none());
    }
}
