//! Who a device is and what it may do: certificates and one-time codes.
//!
//! A [`Certificate`] binds a device's key to an event, a role and rights, signed by
//! the installation's CA. It is the one proof of identity: the TLS handshake
//! carries it, and so does every journal. A [`OneTimeCode`] enrols a device once;
//! it holds a hash of the CA's key, so that a false cloud cannot enrol it.
//! Nothing here asks for names or addresses: they are not identity.

use crate::id::{DeviceId, EventId, IdError};
use crate::seal::{Domain, Hash, PublicKey, Sig};
use crate::time::Timestamp;
use data_encoding::BASE32_NOPAD;
use ed25519_dalek::SigningKey;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Role {
    /// Admits, lets out, takes back its own.
    #[n(0)]
    Gate,
    /// Serves, takes back its own.
    #[n(1)]
    Bar,
    /// Does both and may take back what others wrote.
    #[n(2)]
    Supervisor,
    /// An unattended gate.
    #[n(3)]
    Kiosk,
    /// A server of the cloud.
    #[n(4)]
    Cloud,
}

impl Role {
    /// Its name in APIs and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Bar => "bar",
            Self::Supervisor => "supervisor",
            Self::Kiosk => "kiosk",
            Self::Cloud => "cloud",
        }
    }
}

/// Rights beyond the role's own, as a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Rights(#[n(0)] pub u32);

impl Rights {
    /// May admit and let out.
    pub const ADMIT: Self = Self(1);
    /// May serve.
    pub const SERVE: Self = Self(2);
    /// May bring in stock.
    pub const RESTOCK: Self = Self(4);
    /// May take back what other devices wrote.
    pub const UNDO_OTHERS: Self = Self(8);
    /// May block tickets.
    pub const BLOCK: Self = Self(16);
    /// May end the journals of lost devices and take what they held: the cloud, or one device at most.
    pub const RECLAIM: Self = Self(32);

    /// Whether all of `other` are in this set.
    pub fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Identity {
    /// The event it works for; all zero for a cloud server's TLS certificate.
    #[n(0)]
    pub event: EventId,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// Its own key, made by it.
    #[n(2)]
    pub key: PublicKey,
    /// Its role.
    #[n(3)]
    pub role: Role,
    /// Rights beyond the role's.
    #[n(4)]
    pub rights: Rights,
    /// What people call it.
    #[n(5)]
    pub name: String,
    /// When it was signed.
    #[n(6)]
    pub issued: Timestamp,
    /// When connections with it end; entries never do.
    #[n(7)]
    pub expires: Timestamp,
}

impl Identity {
    /// The role's rights and those beyond.
    pub fn all_rights(&self) -> Rights {
        let own = match self.role {
            Role::Gate | Role::Kiosk => Rights::ADMIT,
            Role::Bar => Rights::SERVE,
            Role::Supervisor => Rights::ADMIT
                .with(Rights::SERVE)
                .with(Rights::RESTOCK)
                .with(Rights::UNDO_OTHERS)
                .with(Rights::BLOCK),
            Role::Cloud => Rights(u32::MAX),
        };
        own.with(self.rights)
    }
}

/// A signed [`Identity`]; what it says is out of reach until [`Certificate::open`] has verified it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Certificate {
    #[n(0)]
    body: ByteVec,
    #[n(1)]
    signature: Sig,
}

/// Why a certificate does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustFault {
    /// Not signed by the CA this device was enrolled with.
    #[error("not signed by this installation")]
    Signature,
    /// Its content cannot be read.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// For another event.
    #[error("enrolled for another event")]
    Event,
    /// Not the role that was asked for.
    #[error("not the role that belongs here")]
    Role,
    /// Another device than the one that was asked for.
    #[error("another device than the one that was asked for")]
    Device,
    /// Past its expiry.
    #[error("expired")]
    Expired,
    /// Withdrawn by the office.
    #[error("withdrawn by the office")]
    Revoked,
}

impl TrustFault {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Signature => "untrusted_device",
            Self::Unreadable => "bad_certificate",
            Self::Event => "wrong_event",
            Self::Role => "wrong_role",
            Self::Device => "wrong_device",
            Self::Expired => "certificate_expired",
            Self::Revoked => "device_revoked",
        }
    }
}

impl Certificate {
    /// Signs an identity with the CA's key.
    pub fn issue(ca: &SigningKey, identity: &Identity) -> Self {
        let body = to_cbor(identity);
        let signature = Domain::Certificate.sign(ca, &[&body]);
        Self { body: body.into(), signature }
    }

    /// What it says, if the CA signed it.
    pub fn open(&self, ca: &PublicKey) -> Result<Identity, TrustFault> {
        let key = ca.verifying().ok_or(TrustFault::Signature)?;
        if !Domain::Certificate.verify(&key, &[&self.body], &self.signature) {
            return Err(TrustFault::Signature);
        }
        minicbor::decode(&self.body).map_err(|_| TrustFault::Unreadable)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// The certificate in these bytes; not verified.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TrustFault> {
        minicbor::decode(bytes).map_err(|_| TrustFault::Unreadable)
    }
}

/// CBOR of a value of our own types; writing to a vector cannot fail.
pub(crate) fn to_cbor<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).unwrap_or_default() // Infallible for Vec, and our types encode always
}

/// Bytes of the secret: 80 bits, far out of reach of guessing at a few tries a minute.
pub const SECRET_BYTES: usize = 10;
const PIN_BYTES: usize = 16;
/// How long a one-time code may be used, seconds: long enough to walk to the gate.
pub const CODE_LIFETIME_S: i64 = 15 * 60;

/// The code typed or scanned once to enrol a device.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode {
    /// What the cloud knows a hash of.
    pub secret: [u8; SECRET_BYTES],
    /// The first half of the CA key's hash.
    pub pin: [u8; PIN_BYTES],
}

impl OneTimeCode {
    /// The code for this secret at the installation with this CA.
    pub fn new(secret: [u8; SECRET_BYTES], ca: &PublicKey) -> Self {
        Self { secret, pin: pin(ca) }
    }

    /// Whether `ca` is the one the code was made for.
    pub fn pins(&self, ca: &PublicKey) -> bool {
        self.pin == pin(ca)
    }
}

fn pin(ca: &PublicKey) -> [u8; PIN_BYTES] {
    let Hash(hash) = Domain::CaPin.hash(&[&ca.0]);
    let mut pin = [0; PIN_BYTES];
    pin.copy_from_slice(&hash[..PIN_BYTES]);
    pin
}

impl fmt::Display for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = BASE32_NOPAD.encode(&[&self.secret[..], &self.pin[..]].concat());
        for (place, letter) in text.chars().enumerate() {
            if place > 0 && place % 6 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(…)") // never in a log
    }
}

impl FromStr for OneTimeCode {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let letters: String = text.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let parsed = BASE32_NOPAD.decode(letters.to_ascii_uppercase().as_bytes()).ok().and_then(|bytes| {
            let (secret, pin) = bytes.split_first_chunk::<SECRET_BYTES>()?;
            Some(Self { secret: *secret, pin: pin.try_into().ok()? })
        });
        parsed.ok_or_else(|| IdError { text: "the code".into(), form: "seven groups of six characters A-Z2-7" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            event: EventId([1; 16]),
            device: DeviceId([2; 16]),
            key: SigningKey::from_bytes(&[5; 32]).verifying_key().into(),
            role: Role::Gate,
            rights: Rights::default(),
            name: "gate-1".into(),
            issued: Timestamp(1),
            expires: Timestamp(2),
        }
    }

    #[test]
    fn a_certificate_opens_under_its_own_ca_only() {
        let ca = SigningKey::from_bytes(&[1; 32]);
        let certificate = Certificate::issue(&ca, &identity());
        assert_eq!(certificate.open(&ca.verifying_key().into()), Ok(identity()));
        let stranger = SigningKey::from_bytes(&[2; 32]).verifying_key().into();
        assert_eq!(certificate.open(&stranger), Err(TrustFault::Signature));
        let mut bytes = certificate.to_bytes();
        bytes[20] ^= 1;
        let altered = Certificate::from_bytes(&bytes).unwrap();
        assert_eq!(altered.open(&ca.verifying_key().into()), Err(TrustFault::Signature));
    }

    #[test]
    fn a_one_time_code_survives_typing_and_knows_its_ca() {
        let ca = SigningKey::from_bytes(&[1; 32]).verifying_key().into();
        let code = OneTimeCode::new([7; SECRET_BYTES], &ca);
        let typed = code.to_string().to_lowercase().replace('-', " ");
        assert_eq!(typed.parse(), Ok(code.clone()));
        assert!(code.pins(&ca) && !code.pins(&SigningKey::from_bytes(&[2; 32]).verifying_key().into()));
        assert!("AAAA".parse::<OneTimeCode>().is_err());
    }
}
