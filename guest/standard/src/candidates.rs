//! Step 4: the candidates, in the policy's own view or in the host's.
//!
//! Reading a pool costs about 50 ns a sender and pays off when many decisions use it; asking the host costs a few
//! imports a decision, whatever the size of the pool. Both index the pool with the same code, so both answer alike.

use callsign_policy::pool::Pool;
use callsign_policy::reads::Reads;
use callsign_policy::senders::{Group, Near, Pool as PoolName, SenderTypes};
use callsign_policy::spread::Spread;
use callsign_policy::types::Sender;

/// A pool that a decision can ask.
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

/// The host's view of a pool.
#[derive(Debug)]
pub struct HostView<'a, R> {
    /// What it is read through.
    pub reads: &'a R,
    /// The pool.
    pub pool: PoolName,
}

impl<R: Reads> Candidates for HostView<'_, R> {
    fn count(&self, group: Group) -> u32 {
        self.reads.count(self.pool, group)
    }
    fn contains(&self, sender: Sender) -> bool {
        self.reads.contains(self.pool, sender)
    }
}

/// The policy's own view: the pool, and the parts of it that recipients were spread over.
#[derive(Debug, Default)]
pub struct OwnView {
    /// The pool.
    pub pool: Pool,
    /// The parts, laid out. Groups of the same senders share one.
    parts: Vec<Part>,
    /// For each area code how near its group is and which part that is; row 0 is for recipients without an area code,
    /// the rows behind it are there only where the strategy is geolocated.
    by_area_code: Vec<Option<(Near, u16)>>,
    /// The senders of all parts together.
    laid_out: usize,
}

#[derive(Debug)]
struct Part {
    types: SenderTypes,
    /// The area codes that it is limited to; none of a part that is anywhere.
    area_codes: Vec<u16>,
    spread: Spread,
}

/// How many times its own size a pool may be laid out in parts. A sender usually is in the part of its own area code,
/// of one or two overlays, and of one or two regions.
const MOST_LAID_OUT: usize = 4;

impl OwnView {
    /// A view of these candidates.
    pub fn new(pool: Pool) -> Self {
        Self { pool, ..Self::default() }
    }

    /// The group's part, found again by `area_code` next time.
    #[cold]
    pub(crate) fn lay_out(&mut self, area_code: u16, group: Group) -> &Spread {
        let row = usize::from(area_code);
        let size = self.pool.count(&group) as usize;
        if self.laid_out + size > MOST_LAID_OUT * self.pool.candidates().len().max(size) {
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
            // All rows at once: there are 800 area codes, and growing row by row would copy over and over.
            self.by_area_code.resize(if row == 0 { 1 } else { 1000.max(row + 1) }, None);
        }
        self.by_area_code[row] = Some((group.near, index as u16));
        &self.parts[index].spread
    }

    /// How near the group of an area code is, and its part, once it was laid out.
    #[inline]
    pub(crate) fn known(&self, area_code: u16) -> Option<(Near, &Spread)> {
        let (near, part) = (*self.by_area_code.get(usize::from(area_code))?)?;
        Some((near, &self.parts.get(usize::from(part))?.spread))
    }
}
