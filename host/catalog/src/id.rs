//! Ids: the one rule for what names an application, an entity, a sender or a strategy, wherever it comes in.

use std::fmt;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{escape::QUOTED_CHARACTERS, rule::quoted, text::is_hidden};

/// The most characters of an id.
pub(super) const ID_CHARACTERS: usize = 255;

/// An id: 1 to 255 characters in Unicode's form NFC, no control characters, and none that hide or reorder text
/// ([`is_hidden`](crate::text::is_hidden)).
///
/// In NFC, what one sees as `é` is one text and not two. Two ids that look alike to people can still differ, as `O` and `0` do.
/// Nothing is normalized: a text in another form is refused with the id that is meant.
///
/// ```
/// use callsign_catalog::{Id, IdError};
///
/// assert_eq!(Id::parse("acme")?.as_str(), "acme");
/// assert_eq!(Id::parse(""), Err(IdError::Empty));
/// assert!(Id::parse("a\u{9b}").is_err() && Id::parse("a\u{202e}b").is_err());
/// assert!(Id::parse("caf\u{e9}").is_ok() && Id::parse("cafe\u{301}").is_err());
/// # Ok::<(), IdError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id<'a>(&'a str);

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// It is empty.
    #[error("is empty; an id has 1 to {ID_CHARACTERS} characters")]
    Empty,
    /// It has too many characters.
    #[error("has {characters} characters; an id has 1 to {ID_CHARACTERS}")]
    TooLong {
        /// How many it has.
        characters: usize,
    },
    /// It has a control character.
    #[error("{quoted} has a control character; take it out")]
    Control {
        /// The text in quotes, with the character escaped.
        quoted: String,
    },
    /// It has a character that hides or reorders text.
    #[error("{quoted} has the character U+{:04X}, which hides or reorders text; take it out", u32::from(*character))]
    Hidden {
        /// The text in quotes, with the character escaped.
        quoted: String,
        /// The character.
        character: char,
    },
    /// It is not in NFC.
    #[error("{quoted} is not in Unicode's form NFC, in which it has other characters; write {right}")]
    NotNormal {
        /// The text in quotes, with its characters beyond ASCII escaped.
        quoted: String,
        /// What is meant, in quotes.
        right: String,
    },
}

impl<'a> Id<'a> {
    /// The id that a text is. One pass over its bytes where all of them are ASCII.
    ///
    /// # Errors
    /// The text is no id, and why.
    pub fn parse(text: &'a str) -> Result<Self, IdError> {
        let is_plain = |byte: u8| (b' '..=b'~').contains(&byte);
        // No text has more characters than bytes.
        if !text.is_empty() && text.len() <= ID_CHARACTERS && text.bytes().all(is_plain) {
            return Ok(Self(text));
        }
        Self::parse_any(text)
    }

    fn parse_any(text: &'a str) -> Result<Self, IdError> {
        let characters = text.chars().count();
        if characters == 0 {
            return Err(IdError::Empty);
        }
        if characters > ID_CHARACTERS {
            return Err(IdError::TooLong { characters });
        }
        match text.chars().find(|&character| character.is_control() || is_hidden(character)) {
            None if is_nfc(text) => Ok(Self(text)),
            None => {
                let shown: String = text.chars().take(QUOTED_CHARACTERS).flat_map(char::escape_default).collect();
                let quoted = format!("\"{shown}\"");
                Err(IdError::NotNormal { quoted, right: self::quoted(&text.nfc().collect::<String>()) })
            }
            Some(character) if character.is_control() => Err(IdError::Control { quoted: quoted(text) }),
            Some(character) => Err(IdError::Hidden { quoted: quoted(text), character }),
        }
    }

    /// The text.
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_1_to_255_characters() {
        assert_eq!(Id::parse(""), Err(IdError::Empty));
        for sign in ["a", "é", "漢", "😀"] {
            assert!(Id::parse(&sign.repeat(255)).is_ok());
            assert_eq!(Id::parse(&sign.repeat(256)), Err(IdError::TooLong { characters: 256 }));
        }
        assert_eq!(Id::parse(" a ~").map(Id::as_str), Ok(" a ~"));
    }

    #[test]
    fn an_id_is_in_nfc_and_what_is_not_is_told_with_what_it_is_in_nfc() {
        for (text, right) in [
            ("cafe\u{301}", "caf\u{e9}"),
            ("\u{212b}", "\u{c5}"),
            ("\u{1100}\u{1161}", "\u{ac00}"),
            ("q\u{307}\u{323}", "q\u{323}\u{307}"),
        ] {
            let error = Id::parse(text).expect_err("another form");
            assert!(matches!(&error, IdError::NotNormal { .. }), "{text}: {error:?}");
            assert!(error.to_string().ends_with(&format!("write \"{right}\"")), "{error}");
            assert!(Id::parse(right).is_ok(), "{right}");
        }
        // Letters with marks that have no other form.
        for text in ["q\u{323}\u{307}", "\u{915}\u{93f}", "\u{fb01}", "\u{ff21}", "e\u{31b}"] {
            assert!(Id::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn an_id_has_no_control_characters() {
        for control in (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32) {
            let text = format!("a{control}");
            assert!(matches!(Id::parse(&text), Err(IdError::Control { .. })), "{control:?}");
        }
    }

    #[test]
    fn an_id_has_no_characters_that_hide_or_reorder_text() {
        for character in (0..=0x10_ffff).filter_map(char::from_u32).filter(|&character| is_hidden(character)) {
            let text = format!("a{character}b");
            let error = Id::parse(&text).expect_err("it is hidden");
            assert!(matches!(&error, IdError::Hidden { character: found, .. } if *found == character), "{error:?}");
            assert!(!error.to_string().contains(character), "the message does not show it either: {error:?}");
        }
    }
}
