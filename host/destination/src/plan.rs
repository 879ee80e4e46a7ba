//! The numbering plans: what libphonenumber does with the digits after a calling code.

use crate::scan::Digits;
use crate::tables::{ENDS, PROGRAM, STATES, TERMINALS};

/// A state with this bit is a terminal: from there on the outcome depends on how many digits are left, not on which.
const TERMINAL: u16 = 0x8000;

/// What is to be known of a calling code. Automata are named by their start state; one that is not needed is a
/// terminal with no outcome.
pub(crate) struct Plan {
    pub(crate) calling_code: u16,
    /// The one country that has the calling code, its two letters; 0 where several share it and for global networks.
    pub(crate) country: u16,
    /// Automaton: which of several countries, an index in `REGIONS`.
    pub(crate) regions: u16,
    /// Automaton: 1 where the national digits may start with a national prefix. Hardly any international number does,
    /// and that is usually known from the first digit.
    pub(crate) prefix: u16,
    /// Automaton: 1 where the digits are a national number of the plan's main country.
    pub(crate) general: u16,
    /// Bit n: the digits without the prefix stand if there are n of them; bit 31 for more, too.
    pub(crate) adopt: u32,
    /// Where the matcher of the national prefix starts in `PROGRAM`.
    pub(crate) program: u16,
    /// How many capture groups it has.
    pub(crate) groups: u8,
    pub(crate) rule: Option<Rule>,
}

/// What takes the place of a national prefix: some digits (ASCII), then those that a group has captured.
pub(crate) struct Rule {
    pub(crate) literal: &'static [u8],
    pub(crate) group: u8,
}

/// An instruction of a national prefix matcher. There is no way back in a program, so that every match ends.
#[derive(Copy, Clone)]
pub(crate) enum Op {
    /// One digit of the set.
    Digit(u16),
    /// The first address, or if that fails the second.
    Split(u16, u16),
    Jump(u16),
    /// Remember the position: an even slot for the start of a group, an odd one for its end.
    Save(u8),
    /// No digits are left.
    End,
    Match,
}

/// Two groups at most, as the generated programs have it.
type Slots = [Option<u8>; 4];

/// The generated table with rows of 16, which the low four bits of a digit cannot leave.
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

/// Runs an automaton over digits; 0 is no match.
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
    /// How many digits the calling code has.
    #[inline]
    pub(crate) fn calling_code_digits(&self) -> usize {
        1 + usize::from(self.calling_code >= 10) + usize::from(self.calling_code >= 100)
    }

    /// The national digits without the national prefix, or rewritten as the plan's rule says; `None` where they stay
    /// as they are.
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
        // A number that is complete as it stands is not cut down to one that is not: what looks like a prefix is part
        // of it.
        if walk(self.general, national) != 0 && walk(self.general, changed.as_slice()) == 0 {
            return None;
        }
        let length = changed.as_slice().len().min(31);
        (self.adopt >> length & 1 == 1).then_some(changed)
    }
}

/// Matches at the start of `digits`, with the preferences of a backtracking regular expression: where the match ends,
/// and its groups. The depth is bounded by the number of splits of a program.
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
