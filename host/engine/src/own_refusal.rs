//! Refusals in a policy's own words, fetched when somebody reads them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::failure::{Failure, LONGEST_TEXT, plain};
use super::policy::Policy;

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

/// Who gave a refusal and words it: a policy by itself, or one in its binding, where its failures count.
pub trait RefusalAuthor: Send + Sync {
    /// The policy.
    fn policy(&self) -> &Policy;

    /// Whether the policy is left alone for its failures. Default: never.
    fn circuit_is_open(&self) -> bool {
        false
    }

    /// Takes note that the policy failed to word a refusal. Default: nobody does.
    fn report_failure(&self, failure: &Failure) {
        let _ = failure;
    }
}

impl RefusalAuthor for Policy {
    fn policy(&self) -> &Policy {
        self
    }
}

/// A refusal of a policy's own.
pub struct OwnRefusal {
    author: Arc<dyn RefusalAuthor>,
    number: u32,
    detail: u64,
    wording: OnceLock<(String, String)>,
}

/// The same refusal of the same policy.
impl PartialEq for OwnRefusal {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.policy(), other.policy()) && (self.number, self.detail) == (other.number, other.detail)
    }
}

impl Eq for OwnRefusal {}

impl OwnRefusal {
    /// A refusal that its author has not worded yet, by the author's own number and detail.
    pub fn new(author: Arc<dyn RefusalAuthor>, number: u32, detail: u64) -> Self {
        Self { author, number, detail, wording: OnceLock::new() }
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

    fn policy(&self) -> &Policy {
        self.author.policy()
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
        if let Some(failure) = failed {
            self.author.report_failure(&failure);
        }
        wording
    }

    fn ask(&self) -> Result<(String, String), Failure> {
        if self.author.circuit_is_open() {
            return Err(Failure::CircuitOpen);
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
