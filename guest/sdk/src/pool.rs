//! A pool of senders, indexed. Policies in the sandbox and the host use the same code, so both count, order and spread
//! in the same way.

use crate::senders::{Candidate, Group, SenderTypes};
use crate::spread::Spread;
use crate::types::{AreaCode, Sender, SenderType};
use crate::words::{near, sender_type};

/// The number of known types.
const TYPES: usize = sender_type::KNOWN.len();

/// The candidates of one pool, in the order of the contract: by type, area code and key.
///
/// Senders of a type that this version does not know are in the pool, and in no part of it.
#[derive(Debug, Clone)]
pub struct Pool {
    candidates: Vec<Candidate>,
    /// Where the candidates of each known type begin, and the end.
    types: [usize; TYPES + 1],
    /// Where the long numbers of each area code begin, ascending by code; an end mark follows.
    areas: Vec<(AreaCode, usize)>,
    /// A bit for each sender handle; handles are dense within a scope.
    members: Vec<u64>,
}

impl Default for Pool {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// A part of a pool: what the contract calls a group, with the area codes that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    types: SenderTypes,
    /// The area codes that it is limited to, ascending; none if it is not limited.
    area_codes: Option<&'a [AreaCode]>,
}

impl Group {
    /// The senders of these types, wherever they are.
    pub const fn of(types: SenderTypes) -> Self {
        Self { types, near: near::ANYWHERE, area_code: 0 }
    }
}

impl<'a> Part<'a> {
    /// The senders of these types, wherever they are.
    pub const fn of(types: SenderTypes) -> Self {
        Self { types, area_codes: None }
    }

    /// The long numbers with one of these area codes, which are ascending; none if `types` has no long numbers.
    pub const fn near(types: SenderTypes, area_codes: &'a [AreaCode]) -> Self {
        Self { types, area_codes: Some(area_codes) }
    }

    /// The types.
    pub const fn types(&self) -> SenderTypes {
        self.types
    }

    /// Whether a sender is of the part.
    pub fn has(&self, sender_type: SenderType, area_code: AreaCode) -> bool {
        let types = sender_type::ALL & sender_type::only(sender_type);
        let is_near = |codes: &[AreaCode]| {
            sender_type == sender_type::LONG_NUMBER && area_code != 0 && codes.contains(&area_code)
        };
        self.types & types != 0 && self.area_codes.is_none_or(is_near)
    }
}

fn order(candidate: &Candidate) -> (SenderType, AreaCode, u64) {
    (candidate.sender_type, candidate.area_code, candidate.key)
}

impl Pool {
    /// Indexes candidates, which may come in any order.
    pub fn new(mut candidates: Vec<Candidate>) -> Self {
        if !candidates.is_sorted_by_key(order) {
            candidates.sort_unstable_by_key(order);
        }
        let begin = |first: SenderType| candidates.partition_point(|candidate| candidate.sender_type < first);
        let mut types = [0; TYPES + 1];
        for (start, first) in types.iter_mut().zip(0..) {
            *start = begin(first);
        }
        let mut areas: Vec<(AreaCode, usize)> = Vec::new();
        let long = usize::from(sender_type::LONG_NUMBER);
        for (index, candidate) in candidates.iter().enumerate().take(types[long + 1]).skip(types[long]) {
            if areas.last().is_none_or(|&(code, _)| code != candidate.area_code) {
                areas.push((candidate.area_code, index));
            }
        }
        areas.push((AreaCode::MAX, types[long + 1]));
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

    /// How many bytes of memory it takes.
    pub fn memory(&self) -> usize {
        let lists = size_of_val(&*self.candidates) + size_of_val(&*self.areas) + size_of_val(&*self.members);
        size_of::<Self>() + lists
    }

    /// The candidates of a part, in the order of the pool.
    pub fn part<'a>(&'a self, part: Part<'a>) -> impl Iterator<Item = &'a Candidate> {
        self.runs(part).flatten()
    }

    /// How many candidates a part has.
    pub fn count(&self, part: Part<'_>) -> u32 {
        self.runs(part).map(|run| run.len() as u32).sum()
    }

    /// The candidate at an index of a part.
    pub fn at(&self, part: Part<'_>, index: u32) -> Option<Candidate> {
        let mut left = index as usize;
        for run in self.runs(part) {
            match run.get(left) {
                Some(candidate) => return Some(*candidate),
                None => left -= run.len(),
            }
        }
        None
    }

    /// Whether a sender is in the pool.
    #[inline]
    pub fn contains(&self, sender: Sender) -> bool {
        self.members.get(sender as usize / 64).is_some_and(|word| word >> (sender % 64) & 1 == 1)
    }

    /// What the pool says of a sender. It looks at every candidate; [`position`](Self::position) is for those who know
    /// more of the sender than its handle.
    pub fn candidate(&self, sender: Sender) -> Option<Candidate> {
        self.contains(sender).then(|| self.candidates.iter().find(|candidate| candidate.sender == sender).copied())?
    }

    /// The index among the candidates of the sender with this type, area code and key.
    pub fn position(&self, sender_type: SenderType, area_code: AreaCode, key: u64) -> Option<usize> {
        self.candidates.binary_search_by_key(&(sender_type, area_code, key), order).ok()
    }

    /// Lays out a part for spreading recipients over it.
    pub fn spread(&self, part: Part<'_>) -> Spread {
        self.spread_without(part, &[])
    }

    /// Lays out a part without some of its senders.
    pub fn spread_without(&self, part: Part<'_>, left_out: &[Sender]) -> Spread {
        let stay = self.part(part).filter(|candidate| !left_out.contains(&candidate.sender));
        Spread::new(stay.map(|candidate| (candidate.key, candidate.weight, candidate.sender)))
    }

    /// Those of the area codes for which the pool has long numbers.
    pub fn used_area_codes(&self, area_codes: &[AreaCode]) -> Vec<AreaCode> {
        area_codes.iter().copied().filter(|&code| !self.area(code).is_empty()).collect()
    }

    /// The runs of candidates that make up a part, in the order of the pool.
    fn runs<'a>(&'a self, part: Part<'a>) -> impl Iterator<Item = &'a [Candidate]> {
        let anywhere = part.area_codes.is_none();
        let by_type = sender_type::KNOWN
            .into_iter()
            .zip(self.types.windows(2))
            .filter(move |&(known, _)| anywhere && part.types & sender_type::only(known) != 0)
            .map(|(_, bounds)| &self.candidates[bounds[0]..bounds[1]]);
        let long = part.types & sender_type::only(sender_type::LONG_NUMBER) != 0;
        let codes = part.area_codes.filter(|_| long).unwrap_or_default();
        by_type.chain(codes.iter().map(|&code| self.area(code)))
    }

    /// The long numbers with an area code.
    fn area(&self, code: AreaCode) -> &[Candidate] {
        // 0 means no area code, which is near to nothing.
        match self.areas.binary_search_by_key(&code, |&(code, _)| code) {
            Ok(index) if code != 0 && index + 1 < self.areas.len() => {
                &self.candidates[self.areas[index].1..self.areas[index + 1].1]
            }
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(sender: Sender, sender_type: SenderType, area_code: AreaCode) -> Candidate {
        Candidate { key: u64::from(sender) * 7 % 5, sender, weight: 1, area_code, sender_type }
    }

    #[test]
    fn parts_are_by_type_or_by_area_code_and_senders_of_an_unknown_type_are_in_none() {
        let long = sender_type::LONG_NUMBER;
        let pool = Pool::new(vec![
            candidate(0, 9, 0),
            candidate(1, sender_type::RCS_AGENT, 0),
            candidate(2, long, 415),
            candidate(3, long, 212),
            candidate(4, long, 0),
            candidate(5, sender_type::ALPHANUMERIC, 0),
        ]);
        let senders = |part| pool.part(part).map(|candidate| candidate.sender).collect::<Vec<_>>();
        assert_eq!(senders(Part::of(sender_type::ALL)), [5, 4, 3, 2, 1]);
        assert_eq!(senders(Part::of(u32::MAX)), [5, 4, 3, 2, 1]);
        assert_eq!(senders(Part::of(sender_type::only(sender_type::RCS_AGENT))), [1]);
        assert_eq!(senders(Part::near(sender_type::ALL, &[212, 415])), [3, 2]);
        assert_eq!(senders(Part::near(sender_type::ALL, &[0, 646])), [0; 0]);
        assert_eq!(senders(Part::near(sender_type::only(sender_type::SHORT_CODE), &[212])), [0; 0]);
        assert!(pool.contains(0) && !pool.contains(6));
        assert_eq!(pool.candidate(0).map(|candidate| candidate.sender_type), Some(9));
        assert_eq!(pool.candidate(6), None);
        for (index, candidate) in pool.candidates().iter().enumerate() {
            assert_eq!(pool.position(candidate.sender_type, candidate.area_code, candidate.key), Some(index));
            let part = Part::of(sender_type::ALL);
            assert_eq!(senders(part).contains(&candidate.sender), part.has(candidate.sender_type, candidate.area_code));
        }
        assert!(Part::near(sender_type::ALL, &[415]).has(long, 415));
        assert!(!Part::near(sender_type::ALL, &[0]).has(long, 0));
        assert_eq!(pool.at(Part::near(sender_type::ALL, &[212, 415]), 1).map(|c| c.sender), Some(2));
        assert_eq!(pool.used_area_codes(&[212, 303]), [212]);
        assert_eq!(Pool::default().count(Part::of(sender_type::ALL)), 0);
    }
}
