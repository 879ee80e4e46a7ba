//! Message types: what a message is for, and what a sender may carry.

use std::{fmt, sync::Arc};

use super::{attributes::is_word, rule::quoted};

/// The type of messages that a recipient asked for, such as passwords and receipts.
pub const TRANSACTIONAL: &str = "TRANSACTIONAL";

/// The type of messages that advertise.
pub const PROMOTIONAL: &str = "PROMOTIONAL";

/// The most types that a sender may be limited to.
pub const MAX_MESSAGE_TYPES: usize = 32;

/// A message type: [`MessageType::TRANSACTIONAL`], [`MessageType::PROMOTIONAL`], or a word of the platform's own.
///
/// ```
/// use callsign_catalog::MessageType;
///
/// assert_eq!(MessageType::parse("TRANSACTIONAL"), Ok(MessageType::TRANSACTIONAL));
/// assert_eq!(MessageType::parse("otp")?.as_str(), "otp");
/// assert!(MessageType::parse("Promotional").is_err() && MessageType::parse("two words").is_err());
/// # Ok::<(), callsign_catalog::MessageTypeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageType<'a>(&'a str);

impl<'a> MessageType<'a> {
    /// What a recipient asked for, such as passwords and receipts.
    pub const TRANSACTIONAL: MessageType<'static> = MessageType(TRANSACTIONAL);

    /// What advertises.
    pub const PROMOTIONAL: MessageType<'static> = MessageType(PROMOTIONAL);

    /// The message type that a text is.
    ///
    /// # Errors
    /// As [`check_message_type`].
    pub fn parse(text: &'a str) -> Result<Self, MessageTypeError> {
        check_message_type(text).map(|()| Self(text))
    }

    /// The word.
    #[inline]
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

/// The only types of messages that a sender may carry; all of them if it is limited to none.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct MessageTypes(
    /// In order, each once, never empty.
    Option<Arc<[Box<str>]>>,
);

/// Why a text is no message type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageTypeError {
    /// It is not a word.
    #[error(
        "{} is no message type; it is TRANSACTIONAL, PROMOTIONAL, or a word of 1 to 64 letters, digits, '_', '.' and '-'",
        quoted(text)
    )]
    NoWord {
        /// The text.
        text: String,
    },
    /// It is one of the known words, but not in upper case. As a word of the platform's own it would match nothing.
    #[error("{} is written \"{meant}\"", quoted(text))]
    Case {
        /// The text.
        text: String,
        /// What was meant.
        meant: &'static str,
    },
    /// They are more than a sender may be limited to.
    #[error("has {count} message types; a sender is limited to {MAX_MESSAGE_TYPES} at most")]
    TooMany {
        /// How many there are.
        count: usize,
    },
}

/// Checks a message type: `TRANSACTIONAL`, `PROMOTIONAL`, or a word of the platform's own.
///
/// # Errors
/// It is no word, or a known one in other letters.
pub fn check_message_type(text: &str) -> Result<(), MessageTypeError> {
    if !is_word(text) {
        return Err(MessageTypeError::NoWord { text: text.to_owned() });
    }
    for meant in [TRANSACTIONAL, PROMOTIONAL] {
        if text.eq_ignore_ascii_case(meant) && text != meant {
            return Err(MessageTypeError::Case { text: text.to_owned(), meant });
        }
    }
    Ok(())
}

// === impl MessageTypes ===

impl MessageTypes {
    /// Messages of these types alone, each once, in any order; of all types if there are none.
    ///
    /// # Errors
    /// They are more than [`MAX_MESSAGE_TYPES`].
    pub fn only<'a>(types: impl IntoIterator<Item = MessageType<'a>>) -> Result<Self, MessageTypeError> {
        let mut types: Vec<Box<str>> = types.into_iter().map(|one| one.as_str().into()).collect();
        types.sort_unstable();
        types.dedup();
        match types.len() {
            count if count > MAX_MESSAGE_TYPES => Err(MessageTypeError::TooMany { count }),
            _ => Ok(Self::of_checked(types)),
        }
    }

    /// Types that keep the rules, each once.
    pub(super) fn of_checked(mut types: Vec<Box<str>>) -> Self {
        types.sort_unstable();
        Self((!types.is_empty()).then(|| types.into()))
    }

    /// Whether a message of a type may be carried. A message without a type may always be.
    #[inline]
    pub fn allow(&self, message_type: Option<&str>) -> bool {
        match (self.0.as_deref(), message_type) {
            (Some(types), Some(wanted)) => types.iter().any(|allowed| **allowed == *wanted),
            _ => true,
        }
    }

    /// Whether every type may be carried.
    #[inline]
    pub fn are_all(&self) -> bool {
        self.0.is_none()
    }

    /// The types in their order; none if all may be carried.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.as_deref().unwrap_or_default().iter().map(|one| &**one)
    }
}

impl fmt::Debug for MessageTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
