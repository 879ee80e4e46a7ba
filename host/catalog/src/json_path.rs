//! JSON values with their paths, read one level at a time.
//!
//! The whole text is parsed by `serde_json` first. After that a value is known to be valid, so its parts are found by their
//! delimiters alone: this is what most of the time for a large file goes into. Nothing here goes deeper than the level that
//! is asked for, so deep nesting takes no stack.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::rule::quoted;

/// A value as its text, which is valid JSON without white space around it.
#[derive(Clone, Copy)]
pub(super) struct Json<'a> {
    text: &'a str,
    /// Whether it is a string with escapes.
    has_escapes: bool,
}

/// Where a value is, as a chain of steps up to the root. It is written out only for a fault.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    Key { of: &'p Path<'p>, key: &'p str },
    Index { of: &'p Path<'p>, index: usize },
}

/// A value and where it is.
#[derive(Clone, Copy)]
pub(super) struct ValueAt<'a, 'p> {
    pub(super) json: Json<'a>,
    pub(super) path: Path<'p>,
}

/// Goes through the parts of a value.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

// === impl Json ===

impl<'a> From<&'a RawValue> for Json<'a> {
    fn from(raw: &'a RawValue) -> Self {
        let text = raw.get();
        Json { text, has_escapes: text.starts_with('"') && text.contains('\\') }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Json::from)
    }
}

impl<'a> Json<'a> {
    pub(super) fn as_str(self) -> &'a str {
        self.text
    }

    /// The text of a string or a key; nothing if it is no string, or if its escapes are no characters.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        match self.has_escapes {
            false => self.plain_text().map(Cow::Borrowed),
            true => serde_json::from_str(self.text).ok().map(Cow::Owned),
        }
    }

    /// The text of a string without escapes.
    pub(super) fn plain_text(self) -> Option<&'a str> {
        let quoted = self.text.strip_prefix('"')?.strip_suffix('"')?;
        (!self.has_escapes).then_some(quoted)
    }

    /// The keys and values of an object in order, including repeated keys; none for any other value.
    pub(super) fn members(self) -> impl Iterator<Item = (Json<'a>, Json<'a>)> {
        let mut scanner = Scanner::inside(self, '{');
        std::iter::from_fn(move || Some((scanner.next_value()?, scanner.next_value()?)))
    }

    /// The elements of a list; none for any other value.
    pub(super) fn items(self) -> impl Iterator<Item = Json<'a>> {
        let mut scanner = Scanner::inside(self, '[');
        std::iter::from_fn(move || scanner.next_value())
    }

    /// The value of the first member with this key.
    pub(super) fn member(self, key: &str) -> Option<Json<'a>> {
        let found = self.members().find(|(name, _)| name.text().as_deref() == Some(key));
        found.map(|(_, value)| value)
    }

    pub(super) fn is_null(self) -> bool {
        self.text == "null"
    }

    pub(super) fn is_object(self) -> bool {
        self.text.starts_with('{')
    }

    pub(super) fn is_list(self) -> bool {
        self.text.starts_with('[')
    }

    pub(super) fn is_string(self) -> bool {
        self.text.starts_with('"')
    }

    pub(super) fn is_number(self) -> bool {
        self.text.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    }

    /// What the value is, in words, for messages.
    pub(super) fn type_name(self) -> &'static str {
        match self.text.as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "true or false",
            Some(b'n') => "null",
            _ => "a number",
        }
    }
}

// === impl Scanner ===

impl<'a> Scanner<'a> {
    /// A scanner of an object or a list that starts with this character; it has no parts if the value does not.
    fn inside(json: Json<'a>, start: char) -> Self {
        Scanner { text: json.text.strip_prefix(start).unwrap_or_default(), at: 0 }
    }

    /// The next key or value of the level.
    #[inline]
    fn next_value(&mut self) -> Option<Json<'a>> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at)?, b' ' | b'\n' | b'\r' | b'\t' | b',' | b':') {
            self.at += 1;
        }
        let start = self.at;
        let mut has_escapes = false;
        match bytes[start] {
            b'}' | b']' => return None,
            b'"' => (self.at, has_escapes) = end_of_string(bytes, start),
            b'{' | b'[' => self.at = end_of_nested(bytes, start),
            _ => {
                let is_end = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b'}' | b']');
                self.at += bytes[start..].iter().position(is_end).unwrap_or(bytes.len() - start);
            }
        }
        let text = self.text.get(start..self.at)?;
        Some(Json { text, has_escapes })
    }
}

/// The position behind the string that starts at a position, and whether it has escapes.
#[inline]
fn end_of_string(bytes: &[u8], start: usize) -> (usize, bool) {
    let mut at = start + 1;
    let mut has_escapes = false;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        at += plain_length(rest);
        match bytes.get(at) {
            // The character behind a backslash is part of the escape, even if it is a quote.
            Some(b'\\') => {
                has_escapes = true;
                at += 2;
            }
            Some(_) => return (at + 1, has_escapes),
            None => return (bytes.len(), has_escapes),
        }
    }
}

/// How many bytes there are before the next quote or backslash.
///
/// It looks at eight bytes at a time, since the strings of a large file are most of what is scanned.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH_BITS: u64 = ONES << 7;
    // The lowest bit of the result is of the first byte that is 0 (Mycroft).
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH_BITS;
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len())
}

/// The position behind the object or list that starts at a position.
fn end_of_nested(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => (at, _) = end_of_string(bytes, at),
            b'{' | b'[' => (at, depth) = (at + 1, depth + 1),
            b'}' | b']' if depth == 1 => return at + 1,
            b'}' | b']' => (at, depth) = (at + 1, depth - 1),
            _ => at += 1,
        }
    }
    at
}

// === impl Path ===

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => f.write_str("$"),
            Path::Index { of, index } => write!(f, "{of}[{index}]"),
            Path::Key { of, key } => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                if (1..=64).contains(&key.len()) && key.bytes().all(plain) {
                    write!(f, "{of}.{key}")
                } else {
                    write!(f, "{of}[{}]", quoted(key))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Asserts that the parts of a value, at every level, are those that a full parser finds.
    fn assert_parts(json: Json<'_>) {
        let parsed: Value = serde_json::from_str(json.as_str()).expect("JSON");
        match parsed {
            Value::Array(elements) => {
                let items: Vec<Json<'_>> = json.items().collect();
                assert_eq!(items.len(), elements.len(), "{}", json.as_str());
                for (item, element) in items.into_iter().zip(elements) {
                    assert_eq!(serde_json::from_str::<Value>(item.as_str()).expect("JSON"), element);
                    assert_parts(item);
                }
            }
            Value::Object(fields) => {
                assert_eq!(json.members().count(), fields.len(), "{}", json.as_str());
                for (key, value) in json.members() {
                    let field = &fields[&*key.text().expect("a key")];
                    assert_eq!(&serde_json::from_str::<Value>(value.as_str()).expect("JSON"), field);
                    assert_parts(value);
                }
            }
            Value::String(text) => assert_eq!(json.text().as_deref(), Some(&*text)),
            _ => assert_eq!((json.items().count(), json.members().count()), (0, 0)),
        }
    }

    #[test]
    fn a_string_ends_at_its_quote_wherever_that_is() {
        for len in 0..40 {
            for character in ["x", "é", "\u{1}", "!", "#", "[", "]"] {
                let text = format!("{}{}", character.repeat(len), "\"\\\"");
                assert_eq!(plain_length(text.as_bytes()), len * character.len());
                let quoted = format!("[{}, 1]", serde_json::to_string(&text).expect("JSON"));
                assert_parts(Json::from(serde_json::from_str::<&RawValue>(&quoted).expect("JSON")));
            }
        }
    }

    #[test]
    fn the_parts_of_a_value_are_those_that_a_parser_finds() {
        for text in [
            "{}",
            "[]",
            "null",
            "-1.5e+3",
            r#""""#,
            "{ \n}",
            "[ [ ] , { } ]",
            r#"[1,-2.5e3,true,false,null,"",[],{}]"#,
            r#"{"a":1,"b" : "x" , "c":[1,{"d":"]}"}],"e":{"f":{"g":"\"}"}}}"#,
            r#"{"quote":"\"","backslash":"\\","both":"\\\"","unicode":"\u00e9\ud83d\ude00é😀","\"key\"":"{[,:]}"}"#,
            "[\t\"a\\\\\",\r\n\"\\\\\\\\\" , \"]\"\n]",
            r#"[["[","]"],{"{":"}"},"\u005d"]"#,
        ] {
            assert_parts(Json::from(serde_json::from_str::<&RawValue>(text).expect("JSON")));
        }
    }
}
