//! Refusals with a policy's own code and text, which are fetched from the policy when they are first read.

use std::fmt;
use std::sync::{Arc, OnceLock};

use callsign_catalog::escape;

use crate::failure::{Failure, MAX_TEXT};
use crate::policy::Policy;
use crate::time::{CallTime, RequestTime, WordingTime};

/// The longest code of a refusal, in bytes.
const MAX_CODE: usize = 64;

/// The codes of the host, which no policy may use.
const HOST_CODES: [&str; 12] = [
    "CHANNEL_NOT_ALLOWED",
    "COUNTRY_NOT_ALLOWED",
    "INVALID_DESTINATION",
    // Of the command, for a line that is no message.
    "INVALID_MESSAGE",
    "LOG_UNAVAILABLE",
    "NO_ELIGIBLE_SENDER",
    "NO_STRATEGY",
    "POLICY_FAILED",
    "POLICY_REFUSED",
    "SENDER_NOT_CAPABLE",
    "SENDER_NOT_REGISTERED",
    "STICKY_UNAVAILABLE",
];

/// The author of a refusal: a policy by itself, or a bound policy, whose failures are counted.
pub trait RefusalAuthor: Send + Sync {
    /// The policy that refused.
    fn policy(&self) -> &Policy;

    /// Whether the policy is not called for a while, because it failed too often. Default: never.
    fn circuit_is_open(&self) -> bool {
        false
    }

    /// Reports that the policy failed to give the text of a refusal. Default: does nothing.
    fn report_failure(&self, failure: &Failure) {
        let _ = failure;
    }
}

impl RefusalAuthor for Policy {
    fn policy(&self) -> &Policy {
        self
    }
}

/// A refusal with a code and a text of the policy's own.
pub struct OwnRefusal {
    author: Arc<dyn RefusalAuthor>,
    number: u32,
    detail: u64,
    wording: OnceLock<(String, String)>,
    /// The time that it shares with the other refusals of its request.
    time: OnceLock<Arc<WordingTime>>,
}

/// Equal if the policy, the number and the detail are the same; the text is not fetched.
impl PartialEq for OwnRefusal {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.policy(), other.policy()) && (self.number, self.detail) == (other.number, other.detail)
    }
}

impl Eq for OwnRefusal {}

impl OwnRefusal {
    /// A refusal by the number and the detail that the policy gave. Its text is not fetched yet.
    pub fn new(author: Arc<dyn RefusalAuthor>, number: u32, detail: u64) -> Self {
        Self { author, number, detail, wording: OnceLock::new(), time: OnceLock::new() }
    }

    /// The policy's code, such as `QUIET_HOURS`; `POLICY_REFUSED` if the policy fails to give a valid one.
    ///
    /// The policy is called when the code or the message is first read, within the limits of a call. A failure is
    /// counted and reported as that of any call. The policy is not called while its circuit is open.
    pub fn code(&self) -> &str {
        &self.wording().0
    }

    /// The policy's text for people, at most 1,000 characters.
    pub fn message(&self) -> &str {
        &self.wording().1
    }

    /// Fetches the code and the message now, unless that was done before.
    ///
    /// # Errors
    /// [`Failure::Stopped`]: the call took longer than this time, and may be tried again. Any other failure is the
    /// message.
    pub fn word_within(&self, time: CallTime) -> Result<(), Failure> {
        if self.is_worded() {
            return Ok(());
        }
        match self.fetch_wording(time) {
            Err(Failure::Stopped) => Err(Failure::Stopped),
            fetched => {
                self.wording_or(|| fetched);
                Ok(())
            }
        }
    }

    /// Gives up the wording, unless there is one: the policy is not called for it.
    pub fn leave_unworded(&self, failure: Failure) {
        self.wording_or(|| Err(failure));
    }

    /// Whether the code and the message are known.
    pub fn is_worded(&self) -> bool {
        self.wording.get().is_some()
    }

    /// Lets the wording take from a time that it shares with others.
    pub fn share_time(&self, time: &Arc<WordingTime>) {
        self.time.get_or_init(|| Arc::clone(time));
    }

    /// Fetches the code and the message within what is left of a request, or gives up the wording.
    pub fn word_in_time(&self, time: &RequestTime) {
        let worded = match time.left(self.policy().limits()) {
            Some(left) => self.word_within(left),
            None => Err(Failure::Stopped),
        };
        if worded.is_err() {
            self.leave_unworded(time.used_up());
        }
    }

    /// Who refused, and the policy's number and detail: refusals that are equal in them have the same words.
    pub fn key(&self) -> (usize, u32, u64) {
        (Arc::as_ptr(&self.author).addr(), self.number, self.detail)
    }

    fn policy(&self) -> &Policy {
        self.author.policy()
    }

    fn wording(&self) -> &(String, String) {
        self.wording_or(|| match self.time.get() {
            Some(time) => time.spend(|left| self.fetch_wording(left)),
            None => self.fetch_wording(CallTime::FULL),
        })
    }

    fn wording_or(&self, fetch: impl FnOnce() -> Result<(String, String), Failure>) -> &(String, String) {
        let mut failed = None;
        let wording = self.wording.get_or_init(|| {
            fetch().unwrap_or_else(|failure| {
                let text = format!("refusal {} of {}, not worded: {failure}", self.number, self.policy().label());
                failed = Some(failure);
                ("POLICY_REFUSED".into(), text)
            })
        });
        // Only after the wording is set: whoever handles the event may read this refusal.
        if let Some(failure) = failed {
            self.author.report_failure(&failure);
        }
        wording
    }

    fn fetch_wording(&self, time: CallTime) -> Result<(String, String), Failure> {
        if self.author.circuit_is_open() {
            return Err(Failure::CircuitOpen);
        }
        let mut instance = self.policy().instance_within(time)?;
        let wording = instance.refusal_text(self.number, self.detail)?;
        self.policy().put_back(instance);
        if !is_code(&wording.code) {
            let code = escape::line(&wording.code, MAX_CODE);
            return Err(Failure::Answer(format!(
                "the code {code:?} of its refusal {} is not 1 to {MAX_CODE} capital letters, digits or `_`, or it is \
                 one of the host's",
                self.number
            )));
        }
        Ok((wording.code, escape::line(&wording.message, MAX_TEXT)))
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
    (1..=MAX_CODE).contains(&code.len())
        && !HOST_CODES.contains(&code)
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
