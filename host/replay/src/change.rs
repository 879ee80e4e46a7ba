//! What becomes of a recorded decision on something else.

use std::fmt;

use serde::{Serialize, Serializer};

/// In which way a decision is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Change {
    /// Another sender.
    OtherSender,
    /// It had a sender, and would be refused.
    NewRefusal,
    /// It was refused, and would have a sender.
    RefusalGone,
    /// It was refused, and would be for another reason.
    OtherRefusal,
    /// The same sender by another step or strategy. The recipient notices nothing: it does not count as changed.
    OtherWay,
}

impl Change {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::OtherSender, Self::NewRefusal, Self::RefusalGone, Self::OtherRefusal, Self::OtherWay];

    /// The change for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherSender => "OTHER_SENDER",
            Self::NewRefusal => "NEW_REFUSAL",
            Self::RefusalGone => "REFUSAL_GONE",
            Self::OtherRefusal => "OTHER_REFUSAL",
            Self::OtherWay => "OTHER_WAY",
        }
    }

    /// The change for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OtherSender => "another sender",
            Self::NewRefusal => "newly refused",
            Self::RefusalGone => "no longer refused",
            Self::OtherRefusal => "refused for another reason",
            Self::OtherWay => "same sender, by another step or strategy",
        }
    }

    /// Whether the message would go out otherwise, or not at all.
    pub const fn is_changed(self) -> bool {
        !matches!(self, Self::OtherWay)
    }

    /// The change between two answers; none if they are the same.
    #[inline]
    pub(crate) fn between(before: &Said<'_>, after: &Said<'_>) -> Option<Self> {
        match (before, after) {
            (Said::Sender { id: before, way }, Said::Sender { id: after, way: other }) => {
                if before != after {
                    Some(Self::OtherSender)
                } else if way != other {
                    Some(Self::OtherWay)
                } else {
                    None
                }
            }
            (Said::Sender { .. }, Said::Refusal(_)) => Some(Self::NewRefusal),
            (Said::Refusal(_), Said::Sender { .. }) => Some(Self::RefusalGone),
            (Said::Refusal(before), Said::Refusal(after)) => (before != after).then_some(Self::OtherRefusal),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An answer, in the words of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// `senderId`, with the step and the strategy.
    Sender { id: &'a str, way: (&'a str, Option<&'a str>) },
    /// The code.
    Refusal(&'a str),
}

impl<'a> Said<'a> {
    /// The step, or the code of the refusal.
    pub(crate) fn step(&self) -> &'a str {
        match self {
            Self::Sender { way: (step, _), .. } => step,
            Self::Refusal(code) => code,
        }
    }

    pub(crate) fn sender(&self) -> Option<&'a str> {
        match self {
            Self::Sender { id, .. } => Some(id),
            Self::Refusal(_) => None,
        }
    }
}

/// An answer, kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AnswerSaid {
    /// `senderId`; none for a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_id: Option<Box<str>>,
    /// The step; none for a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Box<str>>,
    /// The strategy that was followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy_id: Option<Box<str>>,
    /// The code of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Box<str>>,
}

impl From<Said<'_>> for AnswerSaid {
    fn from(said: Said<'_>) -> Self {
        match said {
            Said::Sender { id, way: (step, strategy) } => Self {
                sender_id: Some(id.into()),
                step: Some(step.into()),
                strategy_id: strategy.map(Into::into),
                refusal: None,
            },
            Said::Refusal(code) => Self { sender_id: None, step: None, strategy_id: None, refusal: Some(code.into()) },
        }
    }
}

/// `S1 by AREA_CODE, strategy GEO`, or `refused: NO_STRATEGY`.
impl fmt::Display for AnswerSaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.sender_id, &self.step, &self.refusal) {
            (Some(sender), Some(step), _) => {
                write!(f, "{sender} by {step}")?;
                self.strategy_id.as_ref().map_or(Ok(()), |strategy| write!(f, ", strategy {strategy}"))
            }
            (_, _, Some(code)) => write!(f, "refused: {code}"),
            _ => f.write_str("no answer"),
        }
    }
}
