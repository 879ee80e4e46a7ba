//! The step of the resolution that settles a decision.

use std::fmt;

use callsign_engine::words::step;

/// The step of the resolution that settled a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Step {
    /// The message named its sender.
    Explicit,
    /// No candidate: the default sender of the entity or of the application.
    DefaultSender,
    /// The sender that the recipient is pinned to.
    Sticky,
    /// A long number with the recipient's own area code.
    AreaCode,
    /// A long number whose area code overlays the recipient's.
    Overlay,
    /// A long number of the recipient's state or province.
    Region,
    /// One of the pool.
    Pool,
}

impl Step {
    /// The step as decisions name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "EXPLICIT",
            Self::DefaultSender => "DEFAULT_SENDER",
            Self::Sticky => "STICKY",
            Self::AreaCode => "AREA_CODE",
            Self::Overlay => "OVERLAY",
            Self::Region => "REGION",
            Self::Pool => "POOL",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Step {
    /// The step of a policy's decision by its number in the contract; none if there is no such step.
    #[inline]
    pub(crate) const fn of(step: u8) -> Option<Self> {
        match step {
            step::STICKY => Some(Self::Sticky),
            step::AREA_CODE => Some(Self::AreaCode),
            step::OVERLAY => Some(Self::Overlay),
            step::REGION => Some(Self::Region),
            step::POOL => Some(Self::Pool),
            step::DEFAULT_SENDER => Some(Self::DefaultSender),
            _ => None,
        }
    }
}
