//! Which addresses may be dialled. The decision is on the numeric address, never on a URL's text.
//!
//! Promises: an address is public only where the registries of IANA make it globally reachable unicast; everything
//! else (private, loopback, link-local, cloud metadata, multicast, reserved, documentation, and every IPv6 form that
//! carries an IPv4 address inside) is refused, unless `fetch.allow` names it. Pure functions over a fixed table: no
//! lookups, no I/O. Called by `connect.rs` on each address about to be dialled, and by `target.rs` for ports.
//!
//! One hole cannot be seen from here: an IPv6 network that translates to its own IPv4 hosts under a prefix of its own
//! choice (RFC 6052 §2.2) looks like any public prefix.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::base::limits;
use crate::config::fields::Allow;

/// IPv4 ranges that are not public: IANA's special-purpose registry (RFC 6890), multicast and the reserved block, and
/// the address under which one cloud serves its hosts' metadata outside the private ranges.
const V4_REFUSED: [Ipv4Net; 19] = [
    v4(0, 0, 0, 0, 8),        // this network, RFC 791 §3.2
    v4(10, 0, 0, 0, 8),       // private, RFC 1918
    v4(100, 64, 0, 0, 10),    // carrier NAT, RFC 6598; 100.100.100.200 is cloud metadata
    v4(127, 0, 0, 0, 8),      // loopback
    v4(168, 63, 129, 16, 32), // Azure's host, reachable from every machine there
    v4(169, 254, 0, 0, 16),   // link-local, RFC 3927; 169.254.169.254 is cloud metadata
    v4(172, 16, 0, 0, 12),    // private, RFC 1918
    v4(192, 0, 0, 0, 24),     // protocol assignments, RFC 6890
    v4(192, 0, 2, 0, 24),     // documentation, RFC 5737
    v4(192, 31, 196, 0, 24),  // AS112, RFC 7535
    v4(192, 52, 193, 0, 24),  // AMT, RFC 7450
    v4(192, 88, 99, 0, 24),   // 6to4 relays, RFC 7526
    v4(192, 168, 0, 0, 16),   // private, RFC 1918
    v4(192, 175, 48, 0, 24),  // AS112, RFC 7534
    v4(198, 18, 0, 0, 15),    // benchmarks, RFC 2544
    v4(198, 51, 100, 0, 24),  // documentation, RFC 5737
    v4(203, 0, 113, 0, 24),   // documentation, RFC 5737
    v4(224, 0, 0, 0, 4),      // multicast, RFC 5771
    v4(240, 0, 0, 0, 4),      // reserved and broadcast, RFC 1112 §4
];

/// Global unicast, RFC 4291 §2.4: all that IANA hands out. NAT64 (`64:ff9b::`), mapped, compatible, unique local,
/// link-local and multicast addresses lie outside it.
const V6_GLOBAL: Ipv6Net = v6([0x2000, 0, 0, 0], 3);

/// What is not public inside [`V6_GLOBAL`].
const V6_REFUSED: [Ipv6Net; 5] = [
    v6([0x2001, 0, 0, 0], 23),         // protocol assignments, RFC 2928: Teredo, ORCHID, benchmarks
    v6([0x2001, 0xdb8, 0, 0], 32),     // documentation, RFC 3849
    v6([0x2002, 0, 0, 0], 16),         // 6to4, RFC 3056: an IPv4 address inside
    v6([0x2620, 0x4f, 0x8000, 0], 48), // AS112, RFC 7534
    v6([0x3fff, 0, 0, 0], 20),         // documentation, RFC 9637
];

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(s: [u16; 4], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0), prefix)
}

/// True where `address` is globally reachable unicast. An IPv4-mapped address is judged as the IPv4 address it is;
/// other forms that embed one (compatible, NAT64, 6to4, Teredo, ISATAP) are never public.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(ip) => !V4_REFUSED.iter().any(|range| range.contains(&ip)),
        IpAddr::V6(ip) => {
            V6_GLOBAL.contains(&ip) && !V6_REFUSED.iter().any(|range| range.contains(&ip)) && !is_isatap(ip)
        }
    }
}

/// RFC 5214 §6.1: an interface identifier of `0000:5efe` or `0200:5efe` carries an IPv4 address.
fn is_isatap(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    s[4] & !0x0200 == 0 && s[5] == 0x5efe
}

/// What the guard says of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Dial it.
    Dial,
    /// Not public, and not allowed.
    Private,
    /// A port that is not the web's, and not allowed for this address.
    Port,
    /// An address this process itself listens on.
    Own,
}

/// The guard: the table above, what `fetch.allow` adds to it, and the addresses this process listens on.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allow: Vec<Allow>,
    own: Vec<SocketAddr>,
}

impl Guard {
    /// A guard that lets `allow` through, and never `own`.
    pub fn new(allow: Vec<Allow>, own: Vec<SocketAddr>) -> Guard {
        Guard { allow, own }
    }

    /// Judges an address about to be dialled.
    pub fn judge(&self, address: SocketAddr) -> Verdict {
        if self.is_own(address) {
            Verdict::Own
        } else if self.allow.iter().any(|entry| entry.admits(address)) {
            Verdict::Dial
        } else if !is_public(address.ip()) {
            Verdict::Private
        } else if !limits::WEB_PORTS.contains(&address.port()) {
            Verdict::Port
        } else {
            Verdict::Dial
        }
    }

    /// True where some address could be dialled on this port: asked before a name is resolved, so that
    /// `http://host:25/` costs no lookup.
    pub fn knows_port(&self, port: u16) -> bool {
        limits::WEB_PORTS.contains(&port)
            || self.allow.iter().any(|entry| entry.port.is_none_or(|allowed| allowed == port))
    }

    /// A socket bound to the unspecified address also answers on every loopback address.
    fn is_own(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        self.own.iter().any(|own| {
            let bound = own.ip().to_canonical();
            own.port() == address.port() && (bound == ip || bound.is_unspecified() && local(ip))
        })
    }
}

fn local(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_on_all_addresses_is_recognised_on_loopback() {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()], vec!["0.0.0.0:4600".parse().unwrap()]);
        assert_eq!(guard.judge("127.0.0.1:4600".parse().unwrap()), Verdict::Own);
        assert_eq!(guard.judge("127.0.0.1:4601".parse().unwrap()), Verdict::Dial);
    }

    proptest::proptest! {
        #[test]
        fn a_mapped_address_is_judged_as_its_ipv4(bits: u32) {
            let ip = Ipv4Addr::from(bits);
            proptest::prop_assert_eq!(is_public(IpAddr::V4(ip)), is_public(IpAddr::V6(ip.to_ipv6_mapped())));
        }
    }
}
