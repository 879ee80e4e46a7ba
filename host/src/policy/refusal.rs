//! Refusals in a policy's own words, fetched when somebody reads them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::failure::{Failure, LONGEST_TEXT, plain};
use super::module::Policy;
use crate::route::Member;

/// The longest code that a policy may give, in bytes.
const LONGEST_CODE: usize = 64;

/// What only the host says: no policy may pass for it.
const OF_THE_HOST: [&str; 6] = [
    "INVALID_DESTINATION",
    "POLICY_FAILED",
    "POLICY_REFUSED",
    "SENDER_NOT_CAPABLE",
    "SENDER_NOT_REGISTERED",
    "STICKY_UNAVAILABLE",
];

/// Who gave an answer: a policy in its binding, where its failures count, or one by itself.
#[derive(Clone, Copy)]
pub(crate) enum Author<'a> {
    Member(&'a Arc<Member>),
    Policy(&'a Arc<Policy>),
}

/// A refusal of a policy's own.
pub struct OwnRefusal {
    by: By,
    number: u32,
    detail: u64,
    wording: OnceLock<(String, String)>,
}

/// An [`Author`] to keep, with one count for each: other threads keep it too.
enum By {
    Member(Arc<Member>),
    Policy(Arc<Policy>),
}

/// The same refusal of the same policy.
impl PartialEq for OwnRefusal {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.policy(), other.policy()) && (self.number, self.detail) == (other.number, other.detail)
    }
}

impl Eq for OwnRefusal {}

impl OwnRefusal {
    pub(crate) fn new(author: Author<'_>, number: u32, detail: u64) -> Self {
        let by = match author {
            Author::Member(member) => By::Member(Arc::clone(member)),
            Author::Policy(policy) => By::Policy(Arc::clone(policy)),
        };
        Self { by, number, detail, wording: OnceLock::new() }
    }

    /// The policy's code, such as `QUIET_HOURS`; `POLICY_REFUSED` where it has none that programs could use.
    ///
    /// The policy is asked when this or the message is first read, within the limits of a call. That it fails is counted
    /// and reported as of any call; while it is left alone for its failures it is not asked.
    pub fn code(&self) -> &str {
        &self.wording().0
    }

    /// In words.
    pub fn message(&self) -> &str {
        &self.wording().1
    }

    fn policy(&self) -> &Arc<Policy> {
        match &self.by {
            By::Member(member) => &member.binding.policy,
            By::Policy(policy) => policy,
        }
    }

    fn wording(&self) -> &(String, String) {
        let mut failed = None;
        let wording = self.wording.get_or_init(|| {
            self.ask().unwrap_or_else(|failure| {
                let text = format!("refusal {} of {}, not worded: {failure}", self.number, self.policy().label());
                failed = Some(failure);
                ("POLICY_REFUSED".into(), text)
            })
        });
        // Not before it is there: who listens to the event may read this refusal.
        if let (Some(failure), By::Member(member)) = (failed, &self.by) {
            member.failed(&failure);
        }
        wording
    }

    fn ask(&self) -> Result<(String, String), Failure> {
        if let By::Member(member) = &self.by
            && member.is_resting()
        {
            return Err(Failure::Resting);
        }
        let mut instance = self.policy().instance()?;
        let wording = instance.refusal_text(self.number, self.detail)?;
        self.policy().put_back(instance);
        if !is_code(&wording.code) {
            let code = plain(&wording.code, LONGEST_CODE);
            return Err(Failure::Answer(format!(
                "the code {code:?} of its refusal {} is not 1 to {LONGEST_CODE} capital letters, digits or `_`, or it is \
                 one of the host's",
                self.number
            )));
        }
        Ok((wording.code, plain(&wording.message, LONGEST_TEXT)))
    }
}

impl fmt::Debug for OwnRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnRefusal")
            .field("policy", &self.policy().label())
            .field("number", &self.number)
            .field("detail", &self.detail)
            .finish_non_exhaustive()
    }
}

fn is_code(code: &str) -> bool {
    (1..=LONGEST_CODE).contains(&code.len())
        && !OF_THE_HOST.contains(&code)
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
