//! The share of an address in the connections.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// How many connections each address has.
#[derive(Debug)]
pub(super) struct AddressShare {
    /// 0 is no limit.
    most: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection that counts, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    share: Arc<AddressShare>,
    address: IpAddr,
}

impl AddressShare {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// Counts a connection; `None` if its address has as many as it may have.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let address = network(address);
        if self.most > 0 {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.entry(address).or_default();
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
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

/// The address that counts: of an IPv6 address its network of 64 bits, since whoever has one address there has them all.
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
        let share = AddressShare::new(2);
        let address = |text: &str| text.parse::<IpAddr>().unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        let held = (share.enter(one), share.enter(one));
        assert!(held.0.is_some() && held.1.is_some() && share.enter(one).is_none() && share.enter(other).is_some());
        assert!(share.enter(address("::ffff:192.0.2.1")).is_none());
        drop(held);
        assert!(share.enter(one).is_some());
        assert!(share.open.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
        let network = [address("2001:db8::1"), address("2001:db8::2"), address("2001:db8::3")].map(|a| share.enter(a));
        assert_eq!(network.iter().filter(|entered| entered.is_some()).count(), 2);
        assert!(share.enter(address("2001:db8:0:1::1")).is_some());
        let free = AddressShare::new(0);
        let held: Vec<_> = (0..100).map_while(|_| free.enter(one)).collect();
        assert_eq!(held.len(), 100);
    }
}
