//! Which addresses are connected to. Names are looked up once for each connection, here, and the addresses that were checked are
//! the ones that are used: no name can be one thing for the check and another for the connection.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::error::RefusedBy;
use crate::reference::{address_of, host_of};

/// Who can be at an address. Later ones are more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reach {
    /// Nobody should: link-local addresses, where clouds have their metadata, and those that are no host's.
    None,
    /// This machine.
    Loopback,
    /// A network of its own.
    Private,
    /// Everybody.
    Public,
}

impl Reach {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => {
                let [first, second, third, _] = address.octets();
                match (first, second, third) {
                    (127, ..) => Self::Loopback,
                    _ if address.is_private() => Self::Private,
                    // RFC 6598: shared by carriers and clouds.
                    (100, 64..=127, _) => Self::Private,
                    (0 | 224..=255, ..) | (192, 0, 0) | (198, 18..=19, _) => Self::None,
                    _ if address.is_link_local() || address.is_documentation() => Self::None,
                    _ => Self::Public,
                }
            }
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let segments = address.segments();
        match segments {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // An IPv4 address in the words of IPv6: mapped, of NAT64 (RFC 6052), of 6to4 (RFC 3056).
            [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                Self::of(IpAddr::from([a, b, c, d]))
            }
            // RFC 4193.
            [first, ..] if first & 0xfe00 == 0xfc00 => Self::Private,
            // RFC 3849 documents with it, RFC 4380 tunnels.
            [0x2001, 0xdb8 | 0, ..] => Self::None,
            [first, ..] if first & 0xe000 == 0x2000 => Self::Public,
            _ => Self::None,
        }
    }
}

/// Whether the host of a registry is an address of this machine, or `localhost`. Where that is, is checked again when it is
/// connected to.
pub fn is_loopback(registry: &str) -> bool {
    let of_address = |address| Reach::of(address) == Reach::Loopback;
    address_of(registry).map_or(host_of(registry) == "localhost", of_address)
}

/// How far hosts reach that were connected to.
pub(crate) type Reached = Arc<Mutex<HashMap<String, Reach>>>;

/// Looks names up and refuses those whose addresses are not to be connected to.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// What an address must reach at least.
    least: Reach,
    /// Where is noted what was found; `None` for hosts that somebody leads to, who could name any number of them.
    reached: Option<Reached>,
    inner: DefaultResolver,
}

impl Addresses {
    pub(crate) fn new(least: Reach, reached: Option<Reached>) -> Self {
        Self { least, reached, inner: DefaultResolver::default() }
    }
}

impl Resolver for Addresses {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let host = uri.host().unwrap_or_default().to_owned();
        let is_plain = uri.scheme_str() == Some("http");
        let mut widest = Reach::None;
        for address in found.iter().map(std::net::SocketAddr::ip) {
            let reach = Reach::of(address);
            let refused = |reason| Err(other(RefusedBy::Address { host: host.clone(), address, reason }));
            match reach {
                _ if is_plain && reach != Reach::Loopback => return Err(other(RefusedBy::PlainHttp { host })),
                Reach::None => return refused("no registry has such an address"),
                _ if reach < self.least => {
                    return refused("a registry cannot lead into a network that is closer than its own");
                }
                _ => widest = widest.max(reach),
            }
        }
        if let Some(reached) = &self.reached {
            reached.lock().unwrap_or_else(PoisonError::into_inner).insert(host, widest);
        }
        Ok(found)
    }
}

fn other(refused: RefusedBy) -> ureq::Error {
    ureq::Error::Other(Box::new(refused))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_as_near_as_they_are() {
        for (address, reach) in [
            ("127.0.0.1", Reach::Loopback),
            ("127.255.0.9", Reach::Loopback),
            ("::1", Reach::Loopback),
            ("::ffff:127.0.0.1", Reach::Loopback),
            ("64:ff9b::7f00:1", Reach::Loopback),
            ("2002:7f00:1::", Reach::Loopback),
            ("10.1.2.3", Reach::Private),
            ("172.16.0.1", Reach::Private),
            ("192.168.1.1", Reach::Private),
            ("100.64.0.1", Reach::Private),
            ("fd00::1", Reach::Private),
            ("::ffff:10.0.0.1", Reach::Private),
            ("169.254.169.254", Reach::None),
            ("::ffff:169.254.169.254", Reach::None),
            ("fe80::1", Reach::None),
            ("0.0.0.0", Reach::None),
            ("::", Reach::None),
            ("224.0.0.1", Reach::None),
            ("255.255.255.255", Reach::None),
            ("ff02::1", Reach::None),
            ("192.0.2.1", Reach::None),
            ("2001:db8::1", Reach::None),
            ("8.8.8.8", Reach::Public),
            ("172.32.0.1", Reach::Public),
            ("2606:4700::1", Reach::Public),
        ] {
            assert_eq!(Reach::of(address.parse().unwrap()), reach, "{address}");
        }
    }

    #[test]
    fn nobody_is_led_to_addresses_that_are_closer_than_the_one_who_leads() {
        let resolve = |least, uri: &str| {
            let addresses = Addresses::new(least, None);
            addresses.resolve(&uri.parse().unwrap(), &Config::default(), NextTimeout::default()).is_ok()
        };
        for (uri, of_public, of_private, of_loopback) in [
            ("https://8.8.8.8/", true, true, true),
            ("https://10.0.0.1/", false, true, true),
            ("https://127.0.0.1/", false, false, true),
            ("https://[::1]/", false, false, true),
            ("https://localhost/", false, false, true),
            ("https://169.254.169.254/", false, false, false),
            // Plain HTTP is for this machine alone.
            ("http://8.8.8.8/", false, false, false),
            ("http://10.0.0.1/", false, false, false),
            ("http://127.0.0.1/", false, false, true),
        ] {
            let found = [Reach::Public, Reach::Private, Reach::Loopback].map(|least| resolve(least, uri));
            assert_eq!(found, [of_public, of_private, of_loopback], "{uri}");
        }
    }
}
