//! What is announced, and what is taken of others' announcements: translations, and no I/O.
//!
//! What goes out is the device's id, its port, the version of the exchange and a tag
//! of the event: no names, nothing of any person, not the machine's host name. What
//! comes in is taken for the same event and version only, with a few addresses that
//! somebody can be reached at.

use super::candidates::MAX_ADDRESSES;
use data_encoding::HEXLOWER;
use mdns_sd::{IfKind, ResolvedService, ScopedIp, ServiceInfo};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use tidegate_core::id::{DeviceId, EventId};
use tidegate_core::seal::Domain;
use tidegate_core::sync::VERSION;

/// The service's name in DNS-SD.
pub const SERVICE: &str = "_tidegate._tcp.local.";
/// Keys of its TXT record.
const VERSION_KEY: &str = "v";
const EVENT_KEY: &str = "e";
/// Bytes of an event's tag: enough that strangers' events differ, too few to be taken for the event.
const TAG_BYTES: usize = 8;

/// What goes out.
#[derive(Clone, Debug, clap::Args)]
pub struct Announced {
    /// The device.
    #[arg(long)]
    pub device: DeviceId,
    /// The tag of its event.
    #[arg(long)]
    pub event: String,
    /// Where its link listens.
    #[arg(long)]
    pub link: SocketAddr,
}

/// A line to the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "snake_case")]
pub enum Said {
    /// The network has heard of us, at these addresses of ours.
    Announced {
        /// Which.
        at: Vec<IpAddr>,
    },
    /// No network has, so far.
    Nowhere,
    /// A device of our event is announced at these addresses, and no others.
    Found {
        /// Which, it is said.
        device: String,
        /// A few.
        at: Vec<SocketAddr>,
    },
    /// It is announced no more.
    Gone {
        /// Which.
        device: String,
    },
    /// There is more than can be listened to; this is the last line.
    Flooded,
    /// Nobody listens at the moment; what was found is not followed.
    Silent,
}

/// What tells an event from others on a network, without naming it.
pub fn tag(event: EventId) -> String {
    HEXLOWER.encode(&Domain::EventTag.hash(&[&event.0]).0[..TAG_BYTES])
}

/// The announcement as `mdns-sd` takes it.
pub fn service(announced: &Announced) -> anyhow::Result<ServiceInfo> {
    let device = announced.device;
    let host = format!("tidegate-{}.local.", HEXLOWER.encode(&device.0));
    let texts = [(VERSION_KEY, VERSION.to_string()), (EVENT_KEY, announced.event.clone())];
    let port = announced.link.port();
    let mut service =
        ServiceInfo::new(SERVICE, &device.to_string(), &host, "", port, &texts[..])?.enable_addr_auto();
    // Where the link answers: at one address, at all of one family, or (`::`) at all.
    service.set_interfaces(vec![match announced.link.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IfKind::IPv4,
        IpAddr::V6(ip) if ip.is_unspecified() => IfKind::All,
        ip => IfKind::Addr(ip),
    }]);
    // An id is nobody else's: there is nothing to probe for, and no other name to take.
    service.set_requires_probe(false);
    Ok(service)
}

/// Whether a link that listens there answers others at an address of ours. On itself a machine hears itself
/// without any network.
pub fn answers_at(link: IpAddr, ip: IpAddr) -> bool {
    let same_family = link.is_ipv6() || ip.is_ipv4();
    link == ip || (link.is_unspecified() && same_family && !ip.is_loopback())
}

/// A device of this event that speaks our version, and where it may be.
pub fn found(service: &ResolvedService, event: &str) -> Option<Said> {
    let says = |key| service.get_property_val_str(key);
    if says(VERSION_KEY)?.parse() != Ok(VERSION) || says(EVENT_KEY)? != event || service.port == 0 {
        return None;
    }
    let mut at: Vec<IpAddr> = service.addresses.iter().filter_map(usable).collect();
    // On this machine first, then IPv4, which every venue's network carries.
    at.sort_by_key(|ip| (!ip.is_loopback(), *ip));
    at.truncate(MAX_ADDRESSES);
    let at = at.into_iter().map(|ip| SocketAddr::new(ip, service.port)).collect();
    Some(Said::Found { device: instance(&service.fullname)?, at })
}

/// The device that a service's name is.
pub fn instance(name: &str) -> Option<String> {
    let instance = name.strip_suffix(SERVICE)?.strip_suffix('.')?;
    instance.parse::<DeviceId>().ok().map(|device| device.to_string())
}

/// An address that somebody can be reached at. Nobody out there is on our loopback; and the address of one
/// link only (`fe80::`) says nothing without its interface.
fn usable(ip: &ScopedIp) -> Option<IpAddr> {
    let here = |name: &str| name == "lo" || name == "lo0";
    match ip {
        ScopedIp::V4(v4) => {
            let (ip, on) = (*v4.addr(), v4.interface_ids());
            let strange = ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast();
            let fits = !ip.is_loopback() || on.iter().any(|interface| here(&interface.name));
            (fits && !strange).then_some(IpAddr::V4(ip))
        }
        ScopedIp::V6(v6) => {
            let (ip, on) = (*v6.addr(), v6.scope_id());
            let strange = ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local();
            let fits = !ip.is_loopback() || here(&on.name);
            (fits && !strange).then_some(IpAddr::V6(ip))
        }
        _ => None, // there are no others
    }
}

#[cfg(test)]
mod tests;
