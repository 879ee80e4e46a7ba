//! The senders that are left after step 7, for a choice of the policy's own.

use core::cell::OnceCell;
use core::ops::Deref;

use callsign_policy::pool;
use callsign_policy::reads::Reads;
use callsign_policy::senders::{Candidate, Group, Pool};
use callsign_policy::types::{Request, Sender};

use super::columns::Columns;
use super::{Name, SenderFacts};
use crate::candidates::with_part;

/// Up to so many senders are asked about one by one, which is an import for each read. Of more, the whole pool is read.
const ONE_BY_ONE: usize = 16;

/// The senders that are left for a message. Nothing is read before [`contenders`](Self::contenders) is called, which looks
/// at every sender left, for each message.
pub struct Left<'a> {
    request: &'a Request,
    reads: &'a dyn Reads,
    /// The pool that all of them are in, whether the rules left some out or not.
    pool: Pool,
    senders: Senders<'a>,
    group: Group,
    candidates: OnceCell<Vec<Candidate>>,
    columns: OnceCell<Vec<Columns<'a>>>,
    positions: OnceCell<Vec<usize>>,
}

#[derive(Clone, Copy)]
enum Senders<'a> {
    /// Those that the policy has in its memory.
    Own(&'a pool::Pool),
    /// The pool, without the recipient.
    Host(&'a [Candidate]),
}

/// One of the senders that are left.
#[derive(Debug, Clone, Copy)]
pub struct Contender<'a> {
    facts: SenderFacts<'a>,
}

/// A sender that the policy chose among those that were left.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    pub(crate) sender: Sender,
    pub(crate) reason: &'static str,
}

impl core::fmt::Debug for Left<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Left").field("group", &self.group).finish_non_exhaustive()
    }
}

impl<'a> Left<'a> {
    #[inline]
    pub(crate) fn own(
        (request, pool): (&'a Request, Pool),
        reads: &'a dyn Reads,
        own: &'a pool::Pool,
        group: Group,
    ) -> Self {
        Self::new(request, pool, reads, Senders::Own(own), group)
    }

    #[inline]
    pub(crate) fn with_host(
        (request, pool): (&'a Request, Pool),
        reads: &'a dyn Reads,
        without: &'a [Candidate],
        group: Group,
    ) -> Self {
        Self::new(request, pool, reads, Senders::Host(without), group)
    }

    #[inline]
    fn new(request: &'a Request, pool: Pool, reads: &'a dyn Reads, senders: Senders<'a>, group: Group) -> Self {
        let (candidates, columns, positions) = Default::default();
        Self { request, reads, pool, senders, group, candidates, columns, positions }
    }

    /// The senders that are left, in the order of the pool. There is at least one.
    pub fn contenders(&self) -> impl Iterator<Item = Contender<'_>> {
        let candidates = self.candidates();
        let columns = self.columns.get_or_init(|| self.columns_of(candidates));
        let alone = columns.len() == candidates.len();
        let positions = self.positions.get_or_init(|| if alone { Vec::new() } else { self.positions_of(candidates) });
        candidates.iter().enumerate().filter_map(move |(index, &candidate)| {
            let (columns, index) =
                if alone { (columns.get(index)?, 0) } else { (columns.first()?, *positions.get(index)?) };
            Some(Contender { facts: columns.facts(index, candidate) })
        })
    }

    fn candidates(&self) -> &[Candidate] {
        self.candidates.get_or_init(|| {
            with_part(self.reads, self.group, |part| match self.senders {
                Senders::Own(pool) => pool.part(part).copied().collect(),
                Senders::Host(without) => {
                    let all = self.reads.candidates(self.pool).into_iter();
                    let stays = |candidate: &Candidate| {
                        part.has(candidate.sender_type, candidate.area_code) && !without.contains(candidate)
                    };
                    all.filter(stays).collect()
                }
            })
        })
    }

    fn columns_of(&self, candidates: &[Candidate]) -> Vec<Columns<'a>> {
        let scope = self.request.scope;
        match candidates.len() {
            ..=ONE_BY_ONE => {
                candidates.iter().map(|candidate| Columns::of_sender(self.reads, scope, candidate.sender)).collect()
            }
            _ => vec![Columns::of_pool(self.reads, self.pool)],
        }
    }

    /// Where the senders are among all candidates of the pool.
    fn positions_of(&self, candidates: &[Candidate]) -> Vec<usize> {
        let whole = pool::Pool::new(self.reads.candidates(self.pool));
        let position = |candidate: &Candidate| {
            whole.position(candidate.sender_type, candidate.area_code, candidate.key).unwrap_or(usize::MAX)
        };
        candidates.iter().map(position).collect()
    }
}

impl Contender<'_> {
    /// What the platform reports of the sender under a name, such as its load. It may be another number for the next
    /// message.
    pub fn signal(&self, name: &Name) -> Option<f64> {
        self.facts.signal(name)
    }

    /// Chooses this sender. `reason` says what is better about it: `the least loaded`.
    pub fn pick(&self, reason: &'static str) -> Choice {
        Choice { sender: self.facts.sender(), reason }
    }
}

impl<'a> Deref for Contender<'a> {
    type Target = SenderFacts<'a>;

    fn deref(&self) -> &SenderFacts<'a> {
        &self.facts
    }
}
