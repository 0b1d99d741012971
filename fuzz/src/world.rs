//! The keys, the event and the journal that every target works with.
//!
//! No seed is signed by these keys, and nobody forges a signature by chance: whatever counts as
//! genuine under them without having been signed by the target itself is a finding.

use ed25519_dalek::SigningKey;
use std::sync::LazyLock;
use tidegate_core::id::{DeviceId, EventId, JournalId};
use tidegate_core::seal::PublicKey;
use tidegate_core::ticket::{KeyNumber, Keyring, TicketKey};

/// The event at whose door everything is shown.
pub const EVENT: EventId = EventId([0x45; 16]);
/// A journal of this event.
pub const JOURNAL: JournalId = JournalId { device: DeviceId([0xd1; 16]), incarnation: 1 };

/// A key pair, both halves made once.
pub struct Keys {
    /// Signs.
    pub own: SigningKey,
    /// Verifies.
    pub public: PublicKey,
    /// Its number in ticket codes.
    pub number: KeyNumber,
}

impl Keys {
    fn new(seed: u8) -> Self {
        let own = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey::from(own.verifying_key());
        Self { number: KeyNumber::of(&public), own, public }
    }
}

/// Signs what the target wants to be genuine.
pub static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::new(0x77));
/// Signs nothing: what opens under it was never verified.
pub static STRANGER: LazyLock<Keys> = LazyLock::new(|| Keys::new(0x78));
/// The ring of the door.
pub static RING: LazyLock<Keyring> = LazyLock::new(|| {
    let mut ring = Keyring::default();
    ring.insert(TicketKey { public: KEYS.public, event: EVENT, event_name: "Autumn Ball".into() });
    ring
});
