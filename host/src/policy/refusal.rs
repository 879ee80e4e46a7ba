//! Refusals in a policy's own words, fetched when somebody reads them.

use std::sync::{Arc, OnceLock};

use super::failure::{LONGEST_TEXT, plain};
use super::module::Policy;

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

/// A refusal of a policy's own.
#[derive(Debug)]
pub struct OwnRefusal {
    policy: Arc<Policy>,
    number: u32,
    detail: u64,
    wording: OnceLock<(String, String)>,
}

/// The same refusal of the same policy.
impl PartialEq for OwnRefusal {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.policy, &other.policy) && (self.number, self.detail) == (other.number, other.detail)
    }
}

impl Eq for OwnRefusal {}

impl OwnRefusal {
    pub(crate) fn new(policy: &Arc<Policy>, number: u32, detail: u64) -> Self {
        Self { policy: Arc::clone(policy), number, detail, wording: OnceLock::new() }
    }

    /// The policy's code, such as `QUIET_HOURS`; `POLICY_REFUSED` where it has none that programs could use.
    pub fn code(&self) -> &str {
        &self.wording().0
    }

    /// In words.
    pub fn message(&self) -> &str {
        &self.wording().1
    }

    fn wording(&self) -> &(String, String) {
        self.wording.get_or_init(|| {
            let worded = self.policy.instance().and_then(|mut instance| {
                let wording = instance.refusal_text(self.number, self.detail)?;
                self.policy.put_back(instance);
                Ok(wording)
            });
            match worded {
                Ok(wording) if is_code(&wording.code) => (wording.code, plain(&wording.message, LONGEST_TEXT)),
                Ok(_) => ("POLICY_REFUSED".into(), format!("refusal {} of {}", self.number, self.policy.label())),
                Err(failure) => ("POLICY_REFUSED".into(), format!("refusal {}, not worded: {failure}", self.number)),
            }
        })
    }
}

fn is_code(code: &str) -> bool {
    (1..=LONGEST_CODE).contains(&code.len())
        && !OF_THE_HOST.contains(&code)
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
