//! A pool of senders, indexed. Policies in the sandbox and the host use the same code, so both count, order and spread
//! in the same way.

use crate::geography;
use crate::senders::{Candidate, Group, Near, SenderTypes};
use crate::spread::Spread;
use crate::types::SenderType;

/// The candidates of one pool, in the order of the contract: by type, area code and key.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    candidates: Vec<Candidate>,
    /// Where the candidates of each type begin, and the end.
    types: [usize; 5],
    /// Where the long numbers of each area code begin, ascending by code; an end mark follows.
    areas: Vec<(u16, usize)>,
    /// A bit for each sender handle; handles are dense within a scope.
    members: Vec<u64>,
}

/// The set of one type.
pub fn only(sender_type: SenderType) -> SenderTypes {
    match sender_type {
        SenderType::Alphanumeric => SenderTypes::ALPHANUMERIC,
        SenderType::VirtualLongNumber => SenderTypes::VIRTUAL_LONG_NUMBER,
        SenderType::ShortCode => SenderTypes::SHORT_CODE,
        SenderType::TollFreeNumber => SenderTypes::TOLL_FREE_NUMBER,
    }
}

/// Every type, in the order of a pool.
pub const SENDER_TYPES: [SenderType; 4] =
    [SenderType::Alphanumeric, SenderType::VirtualLongNumber, SenderType::ShortCode, SenderType::TollFreeNumber];

impl Group {
    /// The senders of these types, wherever they are.
    pub fn of(types: SenderTypes) -> Self {
        Self { types, near: Near::Anywhere, area_code: 0 }
    }

    /// Whether a sender is of the group.
    pub fn has(&self, sender_type: SenderType, area_code: u16) -> bool {
        if !self.types.contains(only(sender_type)) {
            return false;
        }
        match self.near {
            Near::Anywhere => true,
            _ => sender_type == SenderType::VirtualLongNumber && self.codes().contains(&area_code),
        }
    }

    /// The area codes of a group that is near to one.
    fn codes(&self) -> &[u16] {
        match self.near {
            Near::Anywhere => &[],
            Near::Same => core::slice::from_ref(&self.area_code),
            Near::Overlay => geography::overlays(self.area_code),
            Near::Region => geography::same_region(self.area_code),
        }
    }
}

impl Pool {
    /// Indexes candidates, which may come in any order.
    pub fn new(mut candidates: Vec<Candidate>) -> Self {
        let order = |candidate: &Candidate| (candidate.sender_type as u8, candidate.area_code, candidate.key);
        if !candidates.is_sorted_by_key(order) {
            candidates.sort_unstable_by_key(order);
        }
        let mut types = [candidates.len(); 5];
        for (start, sender_type) in types.iter_mut().zip(SENDER_TYPES) {
            *start = candidates.partition_point(|candidate| (candidate.sender_type as u8) < sender_type as u8);
        }
        let mut areas: Vec<(u16, usize)> = Vec::new();
        for (index, candidate) in candidates.iter().enumerate().take(types[2]).skip(types[1]) {
            if areas.last().is_none_or(|&(code, _)| code != candidate.area_code) {
                areas.push((candidate.area_code, index));
            }
        }
        areas.push((u16::MAX, types[2]));
        let mut members = Vec::new();
        for candidate in &candidates {
            let word = candidate.sender as usize / 64;
            if word >= members.len() {
                members.resize(word + 1, 0u64);
            }
            members[word] |= 1 << (candidate.sender % 64);
        }
        Self { candidates, types, areas, members }
    }

    /// Every candidate, in the order of the pool.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The candidates of a group, in the order of the pool.
    pub fn group<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Candidate> {
        self.runs(group).flatten()
    }

    /// How many candidates a group has.
    pub fn count(&self, group: &Group) -> u32 {
        self.runs(group).map(|run| run.len() as u32).sum()
    }

    /// The candidate at an index of a group.
    pub fn at(&self, group: &Group, index: u32) -> Option<Candidate> {
        let mut left = index as usize;
        for run in self.runs(group) {
            match run.get(left) {
                Some(candidate) => return Some(*candidate),
                None => left -= run.len(),
            }
        }
        None
    }

    /// Whether a sender is in the pool.
    pub fn contains(&self, sender: u32) -> bool {
        self.members.get(sender as usize / 64).is_some_and(|word| word >> (sender % 64) & 1 == 1)
    }

    /// Lays out a group for spreading recipients over it.
    pub fn spread(&self, group: &Group) -> Spread {
        Spread::new(self.group(group).map(|candidate| (candidate.key, candidate.sender)))
    }

    /// The area codes of a near group for which the pool has long numbers, ascending; none for `anywhere`.
    pub fn area_codes(&self, group: &Group) -> Vec<u16> {
        group.codes().iter().copied().filter(|&code| !self.area(code).is_empty()).collect()
    }

    /// The runs of candidates that make up a group, in the order of the pool.
    fn runs<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a [Candidate]> {
        let anywhere = matches!(group.near, Near::Anywhere);
        let by_type = SENDER_TYPES
            .into_iter()
            .zip(self.types.windows(2))
            .filter(move |&(sender_type, _)| anywhere && group.types.contains(only(sender_type)))
            .map(|(_, bounds)| &self.candidates[bounds[0]..bounds[1]]);
        let codes = if group.types.contains(SenderTypes::VIRTUAL_LONG_NUMBER) { group.codes() } else { &[] };
        by_type.chain(codes.iter().map(|&code| self.area(code)))
    }

    /// The long numbers with an area code.
    fn area(&self, code: u16) -> &[Candidate] {
        // 0 means no area code, which is near to nothing.
        match self.areas.binary_search_by_key(&code, |&(code, _)| code) {
            Ok(index) if code != 0 && index + 1 < self.areas.len() => {
                &self.candidates[self.areas[index].1..self.areas[index + 1].1]
            }
            _ => &[],
        }
    }
}
