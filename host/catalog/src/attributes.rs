//! Attributes: texts by name that a platform gives to what it registers and to messages, for policies of tenants to read.

use std::{fmt, sync::Arc};

use super::rule::quoted;

/// The most attributes that one sender, entity, application or message has.
pub const MAX_ATTRIBUTES: usize = 32;

/// The most characters of the name of an attribute.
pub const MAX_ATTRIBUTE_NAME: usize = 64;

/// The most characters of the value of an attribute.
pub const MAX_ATTRIBUTE_VALUE: usize = 255;

/// The attributes of a sender, an entity or an application: at most [`MAX_ATTRIBUTES`], each name once.
///
/// ```
/// use callsign_catalog::{AttributeError, Attributes};
///
/// let attributes = Attributes::new([("campaign", "C1"), ("brand", "acme")])?;
/// assert_eq!(attributes.get("campaign"), Some("C1"));
/// assert!(attributes.iter().eq([("brand", "acme"), ("campaign", "C1")]));
///
/// let refused = Attributes::new([("campaign", "C1"), ("campaign", "C2")]);
/// assert_eq!(refused, Err(AttributeError::Repeated { name: "campaign".into() }));
/// # Ok::<(), AttributeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Attributes(
    /// In the order of their names, never empty. Senders share equal ones.
    Option<Arc<[Attribute]>>,
);

/// A name and its value.
type Attribute = (Box<str>, Box<str>);

/// Why attributes were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttributeError {
    /// There are too many.
    #[error("has {count} attributes; there may be {MAX_ATTRIBUTES} at most")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// A name is not one.
    #[error(
        "{} is no name of an attribute; it has 1 to {MAX_ATTRIBUTE_NAME} letters, digits, '_', '.' and '-'",
        quoted(name)
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A value is too long.
    #[error("has {characters} characters; the value of an attribute has up to {MAX_ATTRIBUTE_VALUE}")]
    Value {
        /// The name of the attribute.
        name: String,
        /// How many characters the value has.
        characters: usize,
    },
    /// A name is there twice.
    #[error("is given twice; keep one of them")]
    Repeated {
        /// The name.
        name: String,
    },
}

// === impl Attributes ===

impl Attributes {
    /// Attributes by name, in any order.
    ///
    /// # Errors
    /// They break a rule: the first one that does, and which.
    pub fn new<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, AttributeError>
    where
        N: Into<Box<str>> + AsRef<str>,
        V: Into<Box<str>> + AsRef<str>,
    {
        let pairs: Vec<(N, V)> = pairs.into_iter().collect();
        check_attributes(pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))?;
        Ok(Self::of_checked(pairs))
    }

    /// Attributes that keep the rules.
    pub(super) fn of_checked<N: Into<Box<str>>, V: Into<Box<str>>>(pairs: Vec<(N, V)>) -> Self {
        if pairs.is_empty() {
            return Self::default();
        }
        let mut pairs: Vec<(Box<str>, Box<str>)> =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        pairs.sort_unstable();
        Self(Some(pairs.into()))
    }

    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        let pairs = self.0.as_deref()?;
        let at = pairs.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(&pairs[at].1)
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.as_deref().unwrap_or_default().iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.as_deref().map_or(0, <[_]>::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

// === impl AttributeError ===

impl AttributeError {
    /// The name of the attribute that is wrong; none if there are too many.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::TooMany { .. } => None,
            Self::Name { name } | Self::Value { name, .. } | Self::Repeated { name } => Some(name),
        }
    }
}

/// Checks the attributes of one sender, entity, application or message.
///
/// # Errors
/// They break a rule: the first one that does, and which.
pub fn check_attributes<'a>(
    pairs: impl ExactSizeIterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<(), AttributeError> {
    if pairs.len() > MAX_ATTRIBUTES {
        return Err(AttributeError::TooMany { count: pairs.len() });
    }
    for (index, (name, value)) in pairs.clone().enumerate() {
        check_attribute(name, value)?;
        if pairs.clone().take(index).any(|(earlier, _)| earlier == name) {
            return Err(AttributeError::Repeated { name: name.to_owned() });
        }
    }
    Ok(())
}

/// Checks one attribute by itself.
///
/// # Errors
/// Its name or its value breaks a rule.
pub fn check_attribute(name: &str, value: &str) -> Result<(), AttributeError> {
    if !is_word(name) {
        return Err(AttributeError::Name { name: name.to_owned() });
    }
    // No text has more characters than bytes, so most texts need no counting.
    if value.len() > MAX_ATTRIBUTE_VALUE {
        let characters = value.chars().count();
        if characters > MAX_ATTRIBUTE_VALUE {
            return Err(AttributeError::Value { name: name.to_owned(), characters });
        }
    }
    Ok(())
}

/// Whether a text is 1 to 64 letters, digits, `_`, `.` and `-` of ASCII.
pub(super) fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=MAX_ATTRIBUTE_NAME).contains(&text.len()) && text.bytes().all(is_plain)
}
