//! Numbering plans: what libphonenumber does with the digits after a calling code.

use core::fmt;

use crate::scan::{Digits, three_digits};
use crate::tables::{CALLING_CODES, ENDS, PLANS, PROGRAM, STATES, TERMINALS};

/// A state with this bit is a terminal: the outcome depends only on how many digits are left.
const TERMINAL: u16 = 0x8000;

/// The plan of a calling code. An automaton is given by its start state; one that is not needed is a terminal without
/// an outcome.
pub(crate) struct Plan {
    pub(crate) calling_code: u16,
    /// The two letters of the country that has the calling code; 0 if several share it, and for global networks.
    pub(crate) country: u16,
    /// How many national digits its numbers have.
    pub(crate) lengths: Lengths,
    /// Automaton: which of several countries has the number, as an index in `REGIONS`.
    pub(crate) regions: u16,
    /// Automaton: 1 if the national digits may start with a national prefix. Few international numbers do, and usually
    /// the first digit already decides it.
    pub(crate) prefix: u16,
    /// Automaton: 1 if the digits are a national number of the plan's main country.
    pub(crate) general: u16,
    /// Bit n: the prefix is removed if n digits are left; bit 31 is also for more digits.
    pub(crate) adopt: u32,
    /// The start of the matcher for the national prefix in `PROGRAM`.
    pub(crate) program: u16,
    /// The number of its capture groups.
    pub(crate) groups: u8,
    pub(crate) rule: Option<Rule>,
    /// Automaton: 1 if the number is tied to a place, so that its time zones are those of its longest prefix.
    pub(crate) place: u16,
    /// The time zones of all numbers, as an index in `LISTS`.
    pub(crate) zones: u16,
}

/// How many digits the national numbers of a calling code have: bit n for n digits.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
pub struct Lengths(pub(crate) u32);

impl Lengths {
    /// Whether some number has so many digits.
    #[inline]
    pub const fn contains(self, digits: usize) -> bool {
        digits < 32 && self.0 >> digits & 1 == 1
    }
}

/// `8`, `7 or 10`, or `6, 7 or 10`.
impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.count_ones();
        for (index, digits) in (0_u32..32).filter(|digits| self.0 >> digits & 1 == 1).enumerate() {
            let before = match index {
                0 => "",
                last if last + 1 == count as usize => " or ",
                _ => ", ",
            };
            write!(f, "{before}{digits}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lengths({self})")
    }
}

/// The replacement of a national prefix: digits (ASCII), then those that a group has captured.
pub(crate) struct Rule {
    pub(crate) literal: &'static [u8],
    pub(crate) group: u8,
}

/// An instruction of a matcher for national prefixes. Programs have no backward jumps, so every match ends.
#[derive(Copy, Clone)]
pub(crate) enum Op {
    /// One digit of the set.
    Digit(u16),
    /// Continue at the first address, and if that fails at the second.
    Split(u16, u16),
    Jump(u16),
    /// Save the position: an even slot is the start of a group, an odd one its end.
    Save(u8),
    /// No digits are left.
    End,
    Match,
}

/// Start and end of two groups; no generated program has more.
type Slots = [Option<u8>; 4];

/// The generated table with rows of 16: an index of four bits needs no bounds check.
static ROWS: [[u16; 16]; STATES.len()] = {
    let mut rows = [[TERMINAL; 16]; STATES.len()];
    let mut state = 0;
    while state < STATES.len() {
        let mut digit = 0;
        while digit < 10 {
            rows[state][digit] = STATES[state][digit];
            digit += 1;
        }
        state += 1;
    }
    rows
};

/// Runs an automaton over digits; 0 means no match.
#[inline]
pub(crate) fn walk(start: u16, digits: &[u8]) -> u8 {
    let mut state = start;
    let mut rest = digits;
    loop {
        if state & TERMINAL != 0 {
            let outcomes = &TERMINALS[usize::from(state & !TERMINAL)];
            return outcomes[rest.len().min(outcomes.len() - 1)];
        }
        match rest {
            [] => return ENDS[usize::from(state)],
            [digit, tail @ ..] => {
                state = ROWS[usize::from(state)][usize::from(digit & 15)];
                rest = tail;
            }
        }
    }
}

impl Plan {
    /// The plan of a number, and its digits after the calling code; `None` if no calling code starts so, and for fewer than
    /// three digits.
    #[inline]
    pub(crate) fn of(digits: &[u8]) -> Option<(&'static Plan, &[u8])> {
        let &[first, second, third, ..] = digits else { return None };
        let number = CALLING_CODES.get(usize::from(three_digits(first, second, third)))?;
        let plan = PLANS.get(usize::from(*number).checked_sub(1)?)?;
        Some((plan, &digits[plan.calling_code_digits()..]))
    }

    /// How many digits the calling code has.
    #[inline]
    pub(crate) fn calling_code_digits(&self) -> usize {
        1 + usize::from(self.calling_code >= 10) + usize::from(self.calling_code >= 100)
    }

    /// The national digits without the national prefix, or rewritten by the plan's rule; `None` if they stay as they
    /// are.
    #[cold]
    pub(crate) fn without_prefix(&self, national: &[u8]) -> Option<Digits> {
        let (end, slots) = run(self.program, 0, national, [None; 4])?;
        let group = |number: u8| {
            let slot = usize::from(number).checked_sub(1)? * 2;
            let (from, to) = ((*slots.get(slot)?)?, (*slots.get(slot + 1)?)?);
            national.get(usize::from(from)..usize::from(to))
        };
        let mut changed = Digits::new();
        if let Some(rule) = &self.rule
            && group(self.groups).is_some()
        {
            changed.extend(rule.literal);
            changed.extend(group(rule.group).unwrap_or(&[]));
        }
        changed.extend(national.get(end..)?);
        // A valid number is not changed to an invalid one: what looks like a prefix is part of the number.
        if walk(self.general, national) != 0 && walk(self.general, changed.as_slice()) == 0 {
            return None;
        }
        let length = changed.as_slice().len().min(31);
        (self.adopt >> length & 1 == 1).then_some(changed)
    }
}

/// Matches at `from`, like a backtracking regular expression. Returns the end of the match, and its groups. The
/// recursion is at most as deep as the program has splits.
fn run(start: u16, from: usize, digits: &[u8], slots: Slots) -> Option<(usize, Slots)> {
    let (mut next, mut at, mut slots) = (usize::from(start), from, slots);
    loop {
        let op = *PROGRAM.get(next)?;
        next += 1;
        match op {
            Op::Digit(set) => {
                let digit = *digits.get(at)?;
                if set & (1 << (digit & 15)) == 0 {
                    return None;
                }
                at += 1;
            }
            Op::Split(first, second) => {
                if let Some(found) = run(first, at, digits, slots) {
                    return Some(found);
                }
                next = usize::from(second);
            }
            Op::Jump(to) => next = usize::from(to),
            Op::Save(slot) => *slots.get_mut(usize::from(slot))? = u8::try_from(at).ok(),
            Op::End => {
                if at != digits.len() {
                    return None;
                }
            }
            Op::Match => return Some((at, slots)),
        }
    }
}
