//! Who is connected: open connections are counted in all and per peer, and failed accepts are answered with patience.
//!
//! An IPv6 peer is its /64, which is what one customer gets. Loopback peers are not counted one by one: the front proxy
//! of all readers is one.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Open connections by peer.
#[derive(Clone, Debug)]
pub struct Peers {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    all: usize,
    each: usize,
}

/// One open connection; dropping it frees its place.
#[derive(Debug)]
pub struct Place {
    peers: Peers,
    peer: IpAddr,
}

impl Peers {
    /// At most `all` connections, `each` per peer.
    pub fn new(all: usize, each: usize) -> Peers {
        Peers { open: Arc::default(), all, each }
    }

    /// A place for one more connection of `peer`, or `None` where there is none.
    pub fn admit(&self, peer: IpAddr) -> Option<Place> {
        let peer = network(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // at most `all` peers, so the sum is short; it is taken once per connection, not per request
        if open.values().sum::<usize>() >= self.all {
            return None;
        }
        let count = open.entry(peer).or_default();
        if *count >= self.each && !peer.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Place { peers: self.clone(), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.peers.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        other => other,
    }
}

/// The pauses after failed accepts: doubling to a ceiling, from the start again after a success.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Patience {
    /// From `first` to `longest`.
    pub fn new((first, longest): (Duration, Duration)) -> Patience {
        Patience { first, longest, next: first }
    }

    /// An accept failed: wait so long.
    pub fn failed(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause
    }

    /// An accept succeeded.
    pub fn succeeded(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn places_are_bounded_per_peer_and_in_all_and_come_back() {
        let peers = Peers::new(3, 2);
        let first = peers.admit(address("192.0.2.1")).unwrap();
        let _second = peers.admit(address("::ffff:192.0.2.1")).unwrap();
        assert!(peers.admit(address("192.0.2.1")).is_none());
        let _third = peers.admit(address("192.0.2.2")).unwrap();
        assert!(peers.admit(address("192.0.2.3")).is_none());
        drop(first);
        assert!(peers.admit(address("192.0.2.1")).is_some());
    }

    #[test]
    fn an_ipv6_network_is_one_peer_and_this_machine_is_none() {
        let peers = Peers::new(10, 1);
        let _one = peers.admit(address("2001:db8::1")).unwrap();
        assert!(peers.admit(address("2001:db8::2")).is_none());
        assert!(peers.admit(address("2001:db8:0:1::2")).is_some());
        let local: Vec<_> = (0..5).map(|_| peers.admit(address("127.0.0.1"))).collect();
        assert!(local.iter().all(Option::is_some));
    }

    #[test]
    fn pauses_double_to_their_ceiling_and_start_again() {
        let mut patience = Patience::new((limits::ACCEPT_PAUSE, limits::ACCEPT_PAUSE_LONGEST));
        let pauses: Vec<_> = (0..9).map(|_| patience.failed().as_millis()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 500, 500]);
        patience.succeeded();
        assert_eq!(patience.failed(), limits::ACCEPT_PAUSE);
    }
}
