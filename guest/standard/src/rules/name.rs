//! Names of attributes and signals.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use callsign_policy::reads::Reads;
use callsign_policy::types::Key;

/// The name of an attribute or of a signal, which asks for its key once and keeps it.
///
/// ```
/// use callsign_standard::rules::Name;
///
/// static CAMPAIGN: Name = Name::new("campaign");
/// ```
#[derive(Debug)]
pub struct Name {
    text: Cow<'static, str>,
    /// 0 until it is known. A key is the same for ever, so whoever stores it first is right.
    key: AtomicU64,
}

impl Name {
    /// A name.
    pub const fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), key: AtomicU64::new(0) }
    }

    /// The name as text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The key of the name.
    #[inline]
    pub fn key(&self, reads: &dyn Reads) -> Key {
        match self.key.load(Ordering::Relaxed) {
            0 => self.ask(reads),
            key => key,
        }
    }

    #[cold]
    fn ask(&self, reads: &dyn Reads) -> Key {
        let key = reads.key_of(&self.text);
        self.key.store(key, Ordering::Relaxed);
        key
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self { text: Cow::Owned(text), key: AtomicU64::new(0) }
    }
}
