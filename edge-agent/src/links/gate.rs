//! Who may connect to us, and who may answer us: devices of our event in good standing.
//!
//! Asked in every handshake and, on connections that are older than a revocation, at
//! every request. A link to a device that was found expects that very device. What
//! is looked at is the certificate, never a name or an address.

use crate::store::Store;
use crate::store::identity::Enrolment;
use crate::store::memory::Memory;
use std::sync::Arc;
use tidegate_core::id::{DeviceId, EventId};
use tidegate_core::trust::{Identity, Role, TrustFault};
use tidegate_link::tls::Gate;

/// Who may connect to us, or answer us as a peer: our event's devices that are not revoked.
struct EventGate {
    event: EventId,
    store: Store,
    /// The only one, where a link is to one device.
    only: Option<DeviceId>,
}

/// The gate of this agent's event.
pub fn gate(enrolment: &Enrolment, store: &Store) -> Arc<dyn Gate> {
    Arc::new(EventGate { event: enrolment.event(), store: store.clone(), only: None })
}

/// The same for nobody but one device.
pub fn gate_to(device: DeviceId, enrolment: &Enrolment, store: &Store) -> Arc<dyn Gate> {
    Arc::new(EventGate { event: enrolment.event(), store: store.clone(), only: Some(device) })
}

impl Gate for EventGate {
    fn admit(&self, identity: &Identity) -> Result<(), TrustFault> {
        welcome(&self.store.memory(), self.event, identity)?;
        if self.only.is_some_and(|only| only != identity.device) { Err(TrustFault::Device) } else { Ok(()) }
    }
}

/// Whether a device of this certificate may talk with one that knows this much.
pub fn welcome(memory: &Memory, event: EventId, identity: &Identity) -> Result<(), TrustFault> {
    let device = memory.catalogue.devices.get(&identity.device);
    match identity {
        _ if identity.event != event => Err(TrustFault::Event),
        _ if identity.role == Role::Cloud => Err(TrustFault::Role),
        _ if device.is_some_and(|row| row.revoked_at.is_some()) => Err(TrustFault::Revoked),
        _ if identity.expires < memory.floor => Err(TrustFault::Expired),
        _ => Ok(()),
    }
}
