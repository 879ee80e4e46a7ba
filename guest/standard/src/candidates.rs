//! Step 4: the candidates, in the policy's memory or with the host.
//!
//! Reading a pool costs about 50 ns a sender and pays off if many decisions use it. Asking the host costs a few imports
//! a decision, whatever the size of the pool. Both index the pool with the same code, so both give the same answers.

use callsign_policy::pool::Pool;
use callsign_policy::reads::Reads;
use callsign_policy::senders::{Group, Near, Pool as PoolName, SenderTypes};
use callsign_policy::spread::Spread;
use callsign_policy::types::Sender;

/// What a decision asks about a pool.
pub trait Candidates {
    /// How many senders a group has.
    fn count(&self, group: Group) -> u32;
    /// Whether a sender is a candidate.
    fn contains(&self, sender: Sender) -> bool;
}

impl Candidates for Pool {
    fn count(&self, group: Group) -> u32 {
        Pool::count(self, &group)
    }
    fn contains(&self, sender: Sender) -> bool {
        Pool::contains(self, sender)
    }
}

/// A pool that stays with the host.
#[derive(Debug)]
pub struct HostPool<'a, R> {
    /// The imports.
    pub reads: &'a R,
    /// The pool.
    pub pool: PoolName,
}

impl<R: Reads> Candidates for HostPool<'_, R> {
    fn count(&self, group: Group) -> u32 {
        self.reads.count(self.pool, group)
    }
    fn contains(&self, sender: Sender) -> bool {
        self.reads.contains(self.pool, sender)
    }
}

/// A pool in the policy's memory, with the parts of it that recipients were spread over.
#[derive(Debug, Default)]
pub struct LocalPool {
    /// The pool.
    pub pool: Pool,
    /// The parts, laid out for spreading. Groups of the same senders share one.
    parts: Vec<Part>,
    /// For each area code, how near its group is and which part that is. Row 0 is for recipients without an area code;
    /// the rows after it exist only if the strategy is geolocated.
    by_area_code: Vec<Option<(Near, u16)>>,
    /// The number of senders of all parts together.
    laid_out: usize,
}

#[derive(Debug)]
struct Part {
    types: SenderTypes,
    /// The area codes that it is limited to; empty if it is not limited.
    area_codes: Vec<u16>,
    spread: Spread,
}

/// The most senders of all parts, as a multiple of the senders of the pool. A sender is usually in the part of its own
/// area code, of one or two overlays, and of one or two regions. Beyond it all parts are dropped and laid out anew.
const MAX_LAYOUT_RATIO: usize = 4;

impl LocalPool {
    /// A pool without parts.
    pub fn new(pool: Pool) -> Self {
        Self { pool, ..Self::default() }
    }

    /// Lays out the part of a group, which [`laid_out_for`](Self::laid_out_for) finds from now on.
    #[cold]
    pub(crate) fn lay_out(&mut self, area_code: u16, group: Group) -> &Spread {
        let row = usize::from(area_code);
        let size = self.pool.count(&group) as usize;
        if self.laid_out + size > MAX_LAYOUT_RATIO * self.pool.candidates().len().max(size) {
            *self = Self::new(core::mem::take(&mut self.pool));
        }
        let area_codes = self.pool.area_codes(&group);
        let same = |part: &Part| part.types == group.types && part.area_codes == area_codes;
        let index = self.parts.iter().position(same).unwrap_or_else(|| {
            self.laid_out += size;
            let spread = self.pool.spread(&group);
            self.parts.push(Part { types: group.types, area_codes, spread });
            self.parts.len() - 1
        });
        if row >= self.by_area_code.len() {
            // All rows at once: there are 800 area codes, and growing row by row would copy them again and again.
            self.by_area_code.resize(if row == 0 { 1 } else { 1000.max(row + 1) }, None);
        }
        self.by_area_code[row] = Some((group.near, index as u16));
        &self.parts[index].spread
    }

    /// How near the group of an area code is, and its part, if it was laid out already.
    #[inline]
    pub(crate) fn laid_out_for(&self, area_code: u16) -> Option<(Near, &Spread)> {
        let (near, part) = (*self.by_area_code.get(usize::from(area_code))?)?;
        Some((near, &self.parts.get(usize::from(part))?.spread))
    }
}
