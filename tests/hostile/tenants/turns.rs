//! Quiet and attacked by turns, in one run: what differs between them is the attack.
//!
//! In the quiet turns the attackers' clients do the same against a server that does nothing. They take processor time as well,
//! and what is measured is the service, not its clients.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::attacker::Attacker;
use super::null_target::NullTarget;
use super::process::Process;
use super::victim::{self, Heard};
use super::world::{World, is_late};

/// A mebibyte.
pub const MIB: u64 = 1 << 20;

/// What the allocator and the system may keep beyond what is accounted for.
const SLACK: u64 = 64 * MIB;

/// The most bytes that are logged in a second of an attack: no tenant fills the disk.
const LOG: f64 = 131_072.0;

/// How often longer an answer may take beside an attack, in the long form.
const FACTOR: f64 = 1.5;

/// What 99 of 100 answers may take in the short form.
const SHORT_BOUND: Duration = Duration::from_millis(50);

/// How often longer than in the quiet turns of the same run something may take in the short form, where that is more than its
/// bound: the machine does other things too.
const SHORT_FACTOR: u32 = 4;

/// How often the short form measures until nothing took too long: what the service does is in every measurement, what else the
/// machine does is not.
const SHORT_MEASUREMENTS: usize = 5;

/// How long one turn is in the long form.
const TURN: Duration = Duration::from_secs(2);

/// How long each attack goes on, in all its turns.
fn attacked_for() -> Option<Duration> {
    let seconds = std::env::var("CALLSIGN_TENANTS_SECONDS").ok()?;
    Some(Duration::from_secs_f64(seconds.parse().expect("CALLSIGN_TENANTS_SECONDS is a number of seconds")))
}

type Step<'w> = Box<dyn Fn(&mut Attacker<'_>) + Sync + 'w>;

struct Attack<'w> {
    key: &'w str,
    connections: usize,
    /// Repeated until the turn ends.
    step: Step<'w>,
}

/// What somebody else does meanwhile.
struct Beside<'w> {
    what: &'w str,
    bound: Duration,
    act: Box<dyn Fn() + Sync + 'w>,
}

/// An attack by turns.
pub struct Turns<'w> {
    world: &'w World,
    name: &'w str,
    attacks: Vec<Attack<'w>>,
    beside: Vec<Beside<'w>>,
    memory: u64,
}

/// What one turn was.
#[derive(Default)]
struct Turn {
    victim: Heard,
    /// Of each [`Beside`].
    beside: Vec<Heard>,
    answers: BTreeMap<u16, u64>,
}

impl<'w> Turns<'w> {
    pub fn of(world: &'w World, name: &'w str) -> Self {
        Self { world, name, attacks: Vec::new(), beside: Vec::new(), memory: 0 }
    }

    /// Somebody with a key attacks on so many connections: `step` is done again and again.
    pub fn attacked_by(
        mut self,
        key: &'w str,
        connections: usize,
        step: impl Fn(&mut Attacker<'_>) + Sync + 'w,
    ) -> Self {
        self.attacks.push(Attack { key, connections, step: Box::new(step) });
        self
    }

    /// The service may take so many bytes more than before, besides a slack.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory += bytes;
        self
    }

    /// Somebody else does something meanwhile, ten times a second: it succeeds, and within a bound.
    pub fn beside(mut self, what: &'w str, bound: Duration, act: impl Fn() + Sync + 'w) -> Self {
        self.beside.push(Beside { what, bound, act: Box::new(act) });
        self
    }

    /// Runs the turns, prints what was measured, and holds it against what is promised.
    pub fn run(self) {
        let process = Process(self.world.server.process());
        let null = NullTarget::start();
        let is_long = attacked_for();
        let all = is_long.unwrap_or(Duration::from_secs(1));
        let pairs = (all.as_secs_f64() / TURN.as_secs_f64()).ceil().max(2.0) as u32;
        let time = all / pairs;
        // Instances are made and code is paged in before anything is measured.
        self.turn(null.address, (time / 2).max(Duration::from_millis(300)));
        process.until_idle();
        let before = process.memory();
        process.forget_peak();
        let mut slow = Vec::new();
        for _ in 0..is_long.map_or(SHORT_MEASUREMENTS, |_| 1) {
            let log = self.world.server.log().len();
            let (mut quiet, mut attacked, mut took) = (Vec::new(), Vec::new(), Duration::ZERO);
            for _ in 0..pairs {
                quiet.push(self.turn(null.address, time));
                let began = Instant::now();
                attacked.push(self.turn(self.world.address(), time));
                took += began.elapsed();
                process.until_idle();
            }
            let peak = process.peak();
            let log = self.world.server.log().len() - log;
            let verdict = Verdict { quiet: &quiet, attacked: &attacked };
            verdict.print(self.name, before, peak, log, took);

            let most = before + self.memory + SLACK;
            assert!(peak <= most, "{}: {} MiB of memory, at most {}", self.name, peak / MIB, most / MIB);
            let logged = log as f64 / took.as_secs_f64();
            assert!(logged <= LOG, "{}: {logged:.0} bytes of log a second, at most {LOG}", self.name);
            assert!(!self.world.server.log().contains("panicked"), "{}", self.world.server.log());
            match self.too_slow(&verdict, is_long.is_some()) {
                Some(what) => slow.push(what),
                None => return,
            }
        }
        panic!("{}: {}", self.name, slow.join("; "));
    }

    /// Nothing failed; what took too long, or failed for want of time.
    fn too_slow(&self, verdict: &Verdict<'_>, is_long: bool) -> Option<String> {
        let (quiet, attacked) = (verdict.quiet, verdict.attacked);
        let failures = quiet.iter().chain(attacked).flat_map(|turn| &turn.victim.failures);
        let mut late = self.failed_in_time("the victim's requests", failures.collect());
        for (at, beside) in self.beside.iter().enumerate() {
            let heard = all_of(attacked, |turn| &turn.beside[at]);
            late = late.or(self.failed_in_time(beside.what, heard.failures.iter().collect()));
            assert!(late.is_some() || heard.count() > 0, "{}: {} was not done once", self.name, beside.what);
            let longest = heard.within(1_000);
            let quietly = all_of(quiet, |turn| &turn.beside[at]).within(1_000);
            let bound = if is_long { beside.bound } else { (beside.bound * 4).max(quietly * SHORT_FACTOR) };
            if longest > bound {
                late = late.or(Some(format!("{} took {longest:?}, at most {bound:?}", beside.what)));
            }
        }
        if late.is_some() {
            return late;
        }
        if is_long {
            let factor = verdict.factor();
            return (factor > FACTOR)
                .then(|| format!("99 of 100 answers took {factor:.2} times as long, at most {FACTOR}"));
        }
        let p99 = |turns| all_of(turns, |turn| &turn.victim).within(990);
        let (took, bound) = (p99(attacked), SHORT_BOUND.max(p99(quiet) * SHORT_FACTOR));
        (took > bound).then(|| format!("99 of 100 answers took up to {took:?}, at most {bound:?}"))
    }

    /// Of what failed, nothing failed for another reason than the time that a policy may take; what did fail for that.
    fn failed_in_time(&self, what: &str, failures: Vec<&String>) -> Option<String> {
        let (late, failed): (Vec<&String>, Vec<&String>) = failures.into_iter().partition(|text| is_late(text));
        let (all, first) = (failed.len(), &failed[..failed.len().min(3)]);
        assert!(failed.is_empty(), "{}: {all} of {what} failed: {first:?}", self.name);
        late.first().map(|first| format!("{} of {what} had too little time: {first}", late.len()))
    }

    /// One turn. Its attackers' target is the service, or what stands for it.
    fn turn(&self, target: SocketAddr, time: Duration) -> Turn {
        let ends = AtomicBool::new(false);
        let until = || ends.load(Ordering::Relaxed);
        std::thread::scope(|scope| {
            let mut attackers = Vec::new();
            for (at, attack) in self.attacks.iter().enumerate() {
                // Each comes from an address of its own.
                let from = Ipv4Addr::new(127, 0, 1, u8::try_from(at).unwrap());
                for _ in 0..attack.connections {
                    let until = &until;
                    attackers.push(scope.spawn(move || {
                        // Attackers are on other machines: on this one they take the time that the service leaves.
                        let _ = callsign_priority::lower(callsign_priority::LAST);
                        let mut attacker = Attacker::new(attack.key, target, from, until);
                        while attacker.goes_on() {
                            (attack.step)(&mut attacker);
                        }
                        attacker.answers
                    }));
                }
            }
            // It takes a moment until an attack has its full force.
            std::thread::sleep(time / 10);
            let others: Vec<_> =
                self.beside.iter().map(|beside| scope.spawn(|| beside.again_and_again(&ends))).collect();
            let (service, key, ends) = (self.world.address(), &self.world.victim, &ends);
            let victim = scope.spawn(move || victim::asks(service, key, ends));
            std::thread::sleep(time - time / 10);
            ends.store(true, Ordering::Relaxed);
            let mut turn = Turn { victim: victim.join().unwrap(), ..Turn::default() };
            turn.beside = others.into_iter().map(|other| other.join().unwrap()).collect();
            for attacker in attackers {
                for (status, count) in attacker.join().unwrap() {
                    *turn.answers.entry(status).or_default() += count;
                }
            }
            turn
        })
    }
}

impl Beside<'_> {
    fn again_and_again(&self, ends: &AtomicBool) -> Heard {
        let mut heard = Heard::default();
        loop {
            let began = Instant::now();
            match catch_unwind(AssertUnwindSafe(&self.act)) {
                Ok(()) => heard.note(began.elapsed()),
                Err(panic) => {
                    let text = panic.downcast_ref::<String>().cloned();
                    heard.failures.push(text.unwrap_or_else(|| "it panicked".into()));
                }
            }
            if ends.load(Ordering::Relaxed) {
                return heard;
            }
            std::thread::sleep(Duration::from_millis(100).saturating_sub(began.elapsed()));
        }
    }
}

fn all_of<'t>(turns: &'t [Turn], part: impl Fn(&'t Turn) -> &'t Heard) -> Heard {
    let mut all = Heard::default();
    turns.iter().for_each(|turn| all.add(part(turn)));
    all
}

struct Verdict<'t> {
    quiet: &'t [Turn],
    attacked: &'t [Turn],
}

impl Verdict<'_> {
    /// By how much 99 of 100 answers took longer, in the middle one of all pairs of turns: what else the machine does in one
    /// of them does not count.
    fn factor(&self) -> f64 {
        let p99 = |turn: &Turn| turn.victim.within(990).as_secs_f64();
        let mut factors: Vec<f64> =
            self.quiet.iter().zip(self.attacked).map(|(quiet, attacked)| p99(attacked) / p99(quiet)).collect();
        factors.sort_by(f64::total_cmp);
        let middle = factors.len() / 2;
        if factors.len().is_multiple_of(2) {
            f64::midpoint(factors[middle - 1], factors[middle])
        } else {
            factors[middle]
        }
    }

    fn print(&self, name: &str, before: u64, peak: u64, log: usize, time: Duration) {
        let line = |heard: &Heard| {
            let at = |thousandths| heard.within(thousandths).as_secs_f64() * 1e3;
            format!("{:>7} answers, {:.2} / {:.2} / {:.2} ms", heard.count(), at(500), at(990), at(1_000))
        };
        let (quiet, attacked) = (all_of(self.quiet, |turn| &turn.victim), all_of(self.attacked, |turn| &turn.victim));
        println!("{name}: attacked for {time:?}; p50 / p99 / longest of the victim");
        println!("  quiet    {}", line(&quiet));
        println!("  attacked {}, p99 {:.2} times (middle of the turns)", line(&attacked), self.factor());
        for at in 0..self.quiet.first().map_or(0, |turn| turn.beside.len()) {
            let (quiet, attacked) =
                (all_of(self.quiet, |turn| &turn.beside[at]), all_of(self.attacked, |turn| &turn.beside[at]));
            println!("  beside   {}; quiet {}", line(&attacked), line(&quiet));
        }
        let mut answers = BTreeMap::new();
        for (status, count) in self.attacked.iter().flat_map(|turn| &turn.answers) {
            *answers.entry(status).or_insert(0) += count;
        }
        println!(
            "  memory {} -> {} MiB; log {} KiB; the attackers were answered {answers:?}",
            before / MIB,
            peak / MIB,
            log >> 10
        );
    }
}
