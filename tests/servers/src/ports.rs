//! Ports of servers that are told theirs before they listen.
//!
//! The system gives ports of a range to whoever connects without one. Such a port may be taken between the moment at which
//! it was found to be free and the one at which a server listens, and while a server is down that is to come back. A client
//! that tries again and again to reach a server that is down may even be given its port, and be connected to itself. So these
//! ports are below that range, and nobody else of the tests has one of them.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// The first of these ports; those below are often of services of the machine.
const FIRST: u16 = 10_000;

/// How many there are. The range of the system begins at 32,768 (`net.ipv4.ip_local_port_range`).
const NUMBER: u16 = 22_000;

/// A port of loopback that nobody else has as long as this is there, whether a server listens on it or not.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// Bound to the name of the port, which one socket of the machine can be. The system ends it with the process.
    _mine: UnixListener,
}

impl Port {
    pub fn take() -> Self {
        // Processes that run beside each other begin at other places.
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let begin = (std::process::id() % u32::from(NUMBER)) as u16;
        (0..NUMBER)
            .find_map(|_| {
                let next = NEXT.fetch_add(1, Ordering::Relaxed) % NUMBER;
                let number = FIRST + ((u32::from(begin) * 97 + u32::from(next)) % u32::from(NUMBER)) as u16;
                let name = SocketAddr::from_abstract_name(format!("callsign-test-port-{number}")).unwrap();
                let mine = UnixListener::bind_addr(&name).ok()?;
                // Somebody who has nothing to do with the tests may be there.
                TcpListener::bind(("127.0.0.1", number)).ok()?;
                Some(Self { number, _mine: mine })
            })
            .expect("a free port")
    }

    pub fn number(&self) -> u16 {
        self.number
    }
}
