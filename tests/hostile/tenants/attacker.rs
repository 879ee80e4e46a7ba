//! A tenant with an ordinary key that does what it can.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::wire::{Answer, Wire};

/// The least time between two requests of a connection. A client takes processor time too, and this machine has two cores:
/// an attack that needs more requests than 250 a second and connection would measure its own clients.
const PACE: Duration = Duration::from_millis(4);

/// How long an attacker that was refused waits before it tries again.
const REFUSED: Duration = Duration::from_millis(10);

pub struct Attacker<'a> {
    pub key: &'a str,
    /// The service, or what stands for it.
    pub target: SocketAddr,
    pub from: Ipv4Addr,
    pub until: &'a (dyn Fn() -> bool + Sync),
    /// How often each status was answered; 0 for a connection that ended.
    pub answers: BTreeMap<u16, u64>,
    wire: Option<Wire>,
    last: Option<Instant>,
}

impl<'a> Attacker<'a> {
    pub fn new(key: &'a str, target: SocketAddr, from: Ipv4Addr, until: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self { key, target, from, until, answers: BTreeMap::new(), wire: None, last: None }
    }

    /// Whether the turn goes on.
    pub fn goes_on(&self) -> bool {
        !(self.until)()
    }

    /// A number that no attacker has had before.
    pub fn number() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// The head of a request with the attacker's key.
    pub fn head(&self, method: &str, path: &str, more: &str) -> String {
        format!("{method} {path} HTTP/1.1\r\nhost: callsign\r\nauthorization: App {}\r\n{more}\r\n", self.key)
    }

    /// Asks, and waits for the answer; none where the turn or the connection ended first.
    pub fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> Option<Answer> {
        let early = self.last.map_or(Duration::ZERO, |last| PACE.saturating_sub(last.elapsed()));
        std::thread::sleep(early);
        self.last = Some(Instant::now());
        // As clients do that do not care what they send.
        let more = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        let mut request = self.head(method, path, &more).into_bytes();
        request.extend_from_slice(body);
        let until = self.until;
        let goes_on = || !until();
        let wire = match self.wire.take() {
            Some(wire) => Ok(wire),
            None => Wire::open(self.target, self.from),
        };
        let answer = wire.and_then(|mut wire| {
            // Who is refused early reads why, though the rest was not taken.
            let written = wire.write(&request, goes_on);
            let answer = wire.answer(goes_on).or_else(|error| written.and(Err(error)))?;
            Ok((wire, answer))
        });
        match answer {
            Ok((wire, answer)) => {
                *self.answers.entry(answer.status).or_default() += 1;
                if !answer.is_last {
                    self.wire = Some(wire);
                }
                if matches!(answer.status, 413 | 429 | 503) {
                    self.wait(REFUSED);
                }
                Some(answer)
            }
            Err(_) => {
                if self.goes_on() {
                    self.ended();
                }
                None
            }
        }
    }

    /// A connection of its own; none where there is none to be had now.
    pub fn open(&mut self) -> Option<Wire> {
        let wire = Wire::open(self.target, self.from).ok();
        if wire.is_none() {
            self.ended();
        }
        wire
    }

    /// Notes that a connection ended, and waits a little.
    pub fn ended(&mut self) {
        *self.answers.entry(0).or_default() += 1;
        self.wait(REFUSED);
    }

    /// Waits, no longer than the turn.
    pub fn wait(&self, time: Duration) {
        let began = Instant::now();
        while self.goes_on() && began.elapsed() < time {
            std::thread::sleep(Duration::from_millis(2).min(time));
        }
    }
}
