//! Refusals of a policy's own.

use callsign_policy::exports::policy::Wording;
use callsign_policy::types::Answer;
use callsign_policy::wording;

/// A kind of refusal of a policy's own, with its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnRefusal {
    code: u32,
    name: &'static str,
    text: &'static str,
}

/// A refusal of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Refused {
    code: u32,
    detail: u64,
}

impl OwnRefusal {
    /// A kind with a number that means the same in every instance of this version of the policy, a code for programs
    /// (upper case with underscores) and a sentence for people.
    pub const fn new(code: u32, name: &'static str, text: &'static str) -> Self {
        Self { code, name, text }
    }

    /// The number.
    pub const fn code(&self) -> u32 {
        self.code
    }

    /// Refuses a message.
    pub const fn refused(&self) -> Refused {
        self.refused_with(0)
    }

    /// Refuses a message with a number that [`Rules::refusal_text`](super::Rules::refusal_text) can put in words.
    pub const fn refused_with(&self, detail: u64) -> Refused {
        Refused { code: self.code, detail }
    }

    /// The words of the refusal with this number.
    pub fn wording_of(refusals: &[Self], code: u32) -> Wording {
        match refusals.iter().find(|refusal| refusal.code == code) {
            Some(refusal) => wording(refusal.name, refusal.text),
            None => wording("UNKNOWN", format!("the policy has no refusal of its own numbered {code}")),
        }
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        Self::refuse(refused.code, refused.detail)
    }
}
