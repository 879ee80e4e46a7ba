//! The share of an address in the connections.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// How many connections each address has.
#[derive(Debug)]
pub(super) struct AddressShare {
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection that counts, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    share: Arc<AddressShare>,
    address: IpAddr,
}

impl AddressShare {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { open: Mutex::default() })
    }

    /// Counts a connection; `None` if its address has as many as it may have. 0 is no limit.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Counted> {
        let address = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if most > 0 && *count >= most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Counted { share: Arc::clone(self), address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.share.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

/// The address that counts: of an IPv6 address its network of 64 bits, since whoever has one address there has them
/// all.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_gives_it_back() {
        let share = AddressShare::new();
        let address = |text: &str| text.parse::<IpAddr>().unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        let held = (share.enter(one, 2), share.enter(one, 2));
        assert!(
            held.0.is_some() && held.1.is_some() && share.enter(one, 2).is_none() && share.enter(other, 2).is_some()
        );
        assert!(share.enter(address("::ffff:192.0.2.1"), 2).is_none());
        drop(held);
        assert!(share.enter(one, 2).is_some());
        assert!(share.open.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
        let network =
            [address("2001:db8::1"), address("2001:db8::2"), address("2001:db8::3")].map(|a| share.enter(a, 2));
        assert_eq!(network.iter().filter(|entered| entered.is_some()).count(), 2);
        assert!(share.enter(address("2001:db8:0:1::1"), 2).is_some());
        // 0 is no limit, and what there is counts when there is one again.
        let held: Vec<_> = (0..100).map_while(|_| share.enter(one, 0)).collect();
        assert_eq!(held.len(), 100);
        assert!(share.enter(one, 100).is_none());
    }
}
