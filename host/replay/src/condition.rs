//! Conditions under which a comparison fails: `changed>1%`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A condition on a report, such as `changed>1%` or `new-refusals>0`: a measure, `>` or `<`, and a number or a share.
///
/// A share is of the decisions that were compared; that of `not-compared` is of the records.
///
/// ```
/// use callsign_replay::Condition;
///
/// assert!("changed>1%".parse::<Condition>().is_ok());
/// let error = "changes>1%".parse::<Condition>().expect_err("no measure");
/// assert!(error.to_string().contains("changed"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    measure: Measure,
    is_above: bool,
    bound: Bound,
}

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Measure {
    /// Decisions that change: another sender, newly refused, no longer refused, or refused for another reason.
    Changed,
    /// Decisions with another sender.
    OtherSenders,
    /// Decisions that would be refused, and were not.
    NewRefusals,
    /// Decisions that were refused, and would not be.
    RefusalsGone,
    /// Decisions that are refused for another reason.
    OtherRefusals,
    /// Decisions with the same sender by another step or strategy.
    OtherWays,
    /// Decisions whose recipient is pinned, and would be pinned to another sender.
    PinsMoved,
    /// Decisions that were compared.
    Compared,
    /// Records that could not be compared.
    NotCompared,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    Number(u64),
    Percent(f64),
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Changed,
        Self::OtherSenders,
        Self::NewRefusals,
        Self::RefusalsGone,
        Self::OtherRefusals,
        Self::OtherWays,
        Self::PinsMoved,
        Self::Compared,
        Self::NotCompared,
    ];

    /// The word of a condition.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::OtherSenders => "other-senders",
            Self::NewRefusals => "new-refusals",
            Self::RefusalsGone => "refusals-gone",
            Self::OtherRefusals => "other-refusals",
            Self::OtherWays => "other-ways",
            Self::PinsMoved => "pins-moved",
            Self::Compared => "compared",
            Self::NotCompared => "not-compared",
        }
    }
}

impl Condition {
    /// What it is about.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// Whether it is met by a count among so many.
    pub fn is_met(&self, count: u64, of: u64) -> bool {
        let (count, bound) = match self.bound {
            Bound::Number(bound) => (count as f64, bound as f64),
            Bound::Percent(bound) => (count as f64 * 100.0, bound * of as f64),
        };
        if self.is_above { count > bound } else { count < bound }
    }
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// It has no `>` and no `<`.
    #[error("is no condition: write a measure, `>` or `<`, and a number or a share, such as changed>1%")]
    Shape,
    /// It begins with something else than a measure.
    #[error("has no measure {found:?}; there are {}", measures())]
    Measure {
        /// What was found.
        found: String,
    },
    /// It ends with something else than a number or a share.
    #[error("has no number or share {found:?}; write one such as 100 or 0.5%")]
    Bound {
        /// What was found.
        found: String,
    },
}

fn measures() -> String {
    Measure::ALL.map(Measure::as_str).join(", ")
}

/// The longest part of a condition that an error repeats.
const MOST_REPEATED: usize = 40;

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let at = text.find(['>', '<']).ok_or(ConditionError::Shape)?;
        let (measure, rest) = text.split_at(at);
        let is_above = rest.starts_with('>');
        let (measure, bound) = (measure.trim(), rest[1..].trim());
        let found = |text: &str| text.chars().take(MOST_REPEATED).collect::<String>();
        let measure = Measure::ALL.into_iter().find(|one| one.as_str() == measure);
        let measure = measure.ok_or_else(|| ConditionError::Measure { found: found(text[..at].trim()) })?;
        let wrong = || ConditionError::Bound { found: found(bound) };
        let bound = match bound.strip_suffix('%') {
            Some(share) => {
                let share = share.trim().parse().ok().filter(|share| (0.0..=100.0).contains(share));
                Bound::Percent(share.ok_or_else(wrong)?)
            }
            None => Bound::Number(bound.parse().map_err(|_| wrong())?),
        };
        Ok(Self { measure, is_above, bound })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_above { '>' } else { '<' };
        match self.bound {
            Bound::Number(bound) => write!(f, "{}{sign}{bound}", self.measure.as_str()),
            Bound::Percent(bound) => write!(f, "{}{sign}{bound}%", self.measure.as_str()),
        }
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(text: &str) -> Condition {
        text.parse().unwrap_or_else(|error| panic!("{text} {error}"))
    }

    #[test]
    fn a_condition_is_met_beyond_its_bound_and_not_at_it() {
        for (text, count, of, met) in [
            ("changed>1%", 10, 1_000, false),
            ("changed>1%", 11, 1_000, true),
            ("changed > 0.5 %", 6, 1_000, true),
            ("new-refusals>0", 0, 0, false),
            ("new-refusals>0", 1, 0, true),
            ("compared<1000", 999, 5_000, true),
            ("compared<1000", 1_000, 5_000, false),
            ("not-compared>50%", 0, 0, false),
        ] {
            assert_eq!(condition(text).is_met(count, of), met, "{text}: {count} of {of}");
        }
    }

    #[test]
    fn every_measure_is_written_as_it_is_read() {
        for measure in Measure::ALL {
            for bound in [">0", "<7", ">0.25%"] {
                let text = format!("{}{bound}", measure.as_str());
                assert_eq!((condition(&text).measure(), condition(&text).to_string()), (measure, text));
            }
        }
    }

    #[test]
    fn what_is_no_condition_is_told_what_would_be() {
        let error = |text: &str| text.parse::<Condition>().expect_err(text);
        assert_eq!(error("changed"), ConditionError::Shape);
        assert_eq!(error("load>3"), ConditionError::Measure { found: "load".into() });
        for bound in ["", "x", "-1", "1.5", "101%", "-1%", "NaN%", "%"] {
            assert_eq!(error(&format!("changed>{bound}")), ConditionError::Bound { found: bound.into() }, "{bound}");
        }
        assert_eq!(error(&format!("{}>1", "x".repeat(1_000))), ConditionError::Measure { found: "x".repeat(40) });
    }
}
