//! Step 4: the candidates, in the policy's memory or with the host, and the default senders.
//!
//! Reading a pool costs about 50 ns a sender and pays off if many decisions use it. Asking the host costs a few imports
//! a decision, whatever the size of the pool. Both index the pool with the same code, so both give the same answers.

use callsign_policy::pool::{Part, Pool};
use callsign_policy::reads::Reads;
use callsign_policy::senders::{Candidate, DefaultSender, Group, Near, Pool as PoolName, SenderTypes};
use callsign_policy::spread::Spread;
use callsign_policy::types::{AreaCode, Sender};
use callsign_policy::words::{near, sender_type, standing};

/// What a decision asks about a pool.
pub trait Candidates {
    /// How many senders a group has.
    fn count(&self, group: Group) -> u32;
}

/// The area codes of a group that is near to one. Those of `same` need no import.
pub fn area_codes<R: Reads + ?Sized>(reads: &R, group: Group) -> Vec<AreaCode> {
    match group.near {
        near::SAME if group.area_code != 0 => vec![group.area_code],
        _ => reads.near_codes(group.near, group.area_code),
    }
}

/// Looks at a group as a part of a pool.
pub fn with_part<R: Reads + ?Sized, T>(reads: &R, group: Group, look: impl FnOnce(Part<'_>) -> T) -> T {
    match group.near {
        near::ANYWHERE => look(Part::of(group.types)),
        _ => look(Part::near(group.types, &area_codes(reads, group))),
    }
}

/// A pool that stays with the host, with or without some of its senders.
#[derive(Debug)]
pub struct HostPool<'a, R> {
    /// The imports.
    pub reads: &'a R,
    /// The pool.
    pub pool: PoolName,
    /// Senders of the pool that do not count: the recipient itself.
    pub without: &'a [Candidate],
}

impl<R: Reads> HostPool<'_, R> {
    /// Whether a sender is a candidate.
    pub fn contains(&self, sender: Sender) -> bool {
        self.reads.contains(self.pool, sender) && self.without.iter().all(|without| without.sender != sender)
    }
}

impl<R: Reads> Candidates for HostPool<'_, R> {
    fn count(&self, group: Group) -> u32 {
        let count = self.reads.count(self.pool, group);
        if self.without.is_empty() || count == 0 {
            return count;
        }
        let of_group = with_part(self.reads, group, |part| {
            self.without.iter().filter(|without| part.has(without.sender_type, without.area_code)).count()
        });
        count.saturating_sub(of_group as u32)
    }
}

/// A pool in the policy's memory; the host knows which area codes are near.
#[derive(Debug)]
pub struct OwnPool<'a, R> {
    /// The imports.
    pub reads: &'a R,
    /// The pool.
    pub pool: &'a Pool,
}

impl<R: Reads> Candidates for OwnPool<'_, R> {
    fn count(&self, group: Group) -> u32 {
        with_part(self.reads, group, |part| self.pool.count(part))
    }
}

/// A pool in the policy's memory, with the parts of it that recipients were spread over.
#[derive(Debug, Default)]
pub struct LocalPool {
    /// The pool that recipients are spread over.
    pub pool: Pool,
    /// Every candidate, if the policy prefers some of them: a recipient may be pinned to any.
    pub all: Option<Box<Pool>>,
    /// The weights of all senders of the pool together, see [`load`].
    pub load: usize,
    /// The parts, laid out for spreading. Groups of the same senders share one.
    parts: Vec<LaidOut>,
    /// For each area code, how near its group is and which part that is. Row 0 is for recipients without an area code;
    /// the rows after it exist only if the strategy is geolocated.
    by_area_code: Vec<Option<(Near, u16)>>,
    /// The load of all parts together.
    laid_out: usize,
}

#[derive(Debug)]
struct LaidOut {
    types: SenderTypes,
    /// The area codes that it is limited to; empty if it is not limited.
    area_codes: Vec<AreaCode>,
    spread: Spread,
}

/// The most load of all parts, as a multiple of that of the pool. A sender is usually in the part of its own
/// area code, of one or two overlays, and of one or two regions. Beyond it all parts are dropped and laid out anew.
const MAX_LAYOUT_RATIO: usize = 4;

/// The most load that weights add to a pool: layouts have no more slots for it.
const MAX_LOAD_OF_WEIGHTS: usize = 1 << 19;

/// How much memory senders take when they are laid out, in senders of weight 1.
pub fn load<'a>(senders: impl IntoIterator<Item = &'a Candidate>) -> usize {
    let (mut count, mut weight) = (0, 0usize);
    for sender in senders {
        count += 1;
        weight += usize::from(sender.weight.max(1));
    }
    weight.min(count + MAX_LOAD_OF_WEIGHTS)
}

impl LocalPool {
    /// A pool without parts.
    pub fn new(pool: Pool) -> Self {
        Self::preferring(pool, None)
    }

    /// A pool of which the policy prefers some senders. `all` has the others too.
    pub fn preferring(pool: Pool, all: Option<Box<Pool>>) -> Self {
        let load = load(pool.candidates());
        Self { pool, all, load, ..Self::default() }
    }

    /// How many bytes of memory it takes.
    pub fn memory(&self) -> usize {
        let parts = self.parts.iter().map(|part| part.spread.memory()).sum::<usize>();
        let all = self.all.as_ref().map_or(0, |all| all.memory());
        self.pool.memory() + all + parts + size_of_val(&*self.by_area_code)
    }

    /// Whether a sender is a candidate.
    #[inline]
    pub fn contains(&self, sender: Sender) -> bool {
        self.all.as_deref().unwrap_or(&self.pool).contains(sender)
    }

    /// Lays out the part of a group, which [`laid_out_for`](Self::laid_out_for) finds from now on.
    #[cold]
    pub(crate) fn lay_out<R: Reads>(&mut self, area_code: AreaCode, group: Group, reads: &R) {
        let row = usize::from(area_code);
        let near_codes = if group.near == near::ANYWHERE { Vec::new() } else { area_codes(reads, group) };
        let part = match group.near {
            near::ANYWHERE => Part::of(group.types),
            _ => Part::near(group.types, &near_codes),
        };
        let used = self.pool.used_area_codes(&near_codes);
        let size = load(self.pool.part(part));
        if self.laid_out + size > MAX_LAYOUT_RATIO * self.load.max(size) {
            let (pool, all) = (core::mem::take(&mut self.pool), self.all.take());
            *self = Self::preferring(pool, all);
        }
        let same = |laid_out: &LaidOut| laid_out.types == group.types && laid_out.area_codes == used;
        let index = self.parts.iter().position(same).unwrap_or_else(|| {
            self.laid_out += size;
            let spread = self.pool.spread(part);
            self.parts.push(LaidOut { types: group.types, area_codes: used, spread });
            self.parts.len() - 1
        });
        if row >= self.by_area_code.len() {
            // All rows at once: there are 800 area codes, and growing row by row would copy them again and again.
            self.by_area_code.resize(if row == 0 { 1 } else { 1000.max(row + 1) }, None);
        }
        self.by_area_code[row] = Some((group.near, index as u16));
    }

    /// How near the group of an area code is, and its part, if it was laid out already.
    #[inline]
    pub(crate) fn laid_out_for(&self, area_code: AreaCode) -> Option<(Near, &Spread)> {
        let (near, part) = (*self.by_area_code.get(usize::from(area_code))?)?;
        Some((near, &self.parts.get(usize::from(part))?.spread))
    }
}

/// The default senders that can carry messages of a pool, the entity's first. If the entity's is not usable, the
/// application's carries the message: that is what a fallback is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DefaultSenders {
    usable: [Option<Sender>; 2],
}

impl DefaultSenders {
    /// Those that can carry the messages and that `may_carry` them for the policy.
    pub fn new(defaults: &[DefaultSender], mut may_carry: impl FnMut(&DefaultSender) -> bool) -> Self {
        let known = |default: &&DefaultSender| sender_type::ALL & sender_type::only(default.sender_type) != 0;
        let usable = defaults.iter().filter(known).filter(|default| default.standing == standing::CANDIDATE);
        let mut usable = usable.filter(|default| may_carry(default)).map(|default| default.sender);
        Self { usable: [usable.next(), usable.next()] }
    }

    /// The first that is not the recipient.
    #[inline]
    pub fn first(&self, itself: &[Sender]) -> Option<Sender> {
        self.usable.into_iter().flatten().find(|sender| !itself.contains(sender))
    }
}
