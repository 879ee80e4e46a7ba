//! Who is attacked: asks without pause, and notes how long each answer took.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::wire::Wire;

/// How long an answer may take before it counts as a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// The address that the victim's connections come from. Attackers have others.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// How long the answers of one turn took, and what failed.
#[derive(Debug, Default, Clone)]
pub struct Heard {
    /// In microseconds.
    times: Vec<u32>,
    pub failures: Vec<String>,
}

impl Heard {
    pub fn add(&mut self, other: &Self) {
        self.times.extend_from_slice(&other.times);
        self.failures.extend_from_slice(&other.failures);
    }

    pub fn note(&mut self, time: Duration) {
        self.times.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn count(&self) -> usize {
        self.times.len()
    }

    /// The time that so many thousandths of the answers were within; zero where there was no answer.
    pub fn within(&self, thousandths: usize) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = (times.len() * thousandths).div_ceil(1_000).saturating_sub(1);
        times.get(at).map_or(Duration::ZERO, |time| Duration::from_micros(u64::from(*time)))
    }
}

/// Asks for one decision after the other until it is told to end. Each must find a sender.
pub fn asks(service: SocketAddr, key: &str, ends: &AtomicBool) -> Heard {
    let mut heard = Heard::default();
    let mut wire = None;
    let mut number = 0u32;
    while !ends.load(Ordering::Relaxed) {
        number = (number + 1) % 10_000;
        let body = format!(r#"{{"channel":"SMS","to":"+1415555{number:04}"}}"#);
        let request = format!(
            "POST /v1/decisions HTTP/1.1\r\nhost: callsign\r\nauthorization: App {key}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let began = Instant::now();
        let goes_on = || began.elapsed() < PATIENCE;
        let answer = wire.take().map_or_else(|| Wire::open(service, ADDRESS), Ok).and_then(|mut wire: Wire| {
            wire.write(request.as_bytes(), goes_on)?;
            Ok((wire.answer(goes_on)?, wire))
        });
        match answer {
            Ok((answer, same)) => {
                heard.note(began.elapsed());
                let text = String::from_utf8_lossy(&answer.body);
                if answer.status != 200 || !text.contains("\"senderId\"") {
                    heard.failures.push(format!("{} {text}", answer.status));
                }
                wire = (!answer.is_last).then_some(same);
            }
            Err(error) => heard.failures.push(format!("no answer after {:?}: {error}", began.elapsed())),
        }
    }
    heard
}
