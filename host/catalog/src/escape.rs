//! Text from outside, made fit for a terminal, a log and a message to people.
//!
//! A control or format character can forge a line of a log, move the cursor of a terminal, or make a name look like
//! another one. Every text that somebody else wrote passes through this module before it is printed: [`line()`] and
//! [`quoted`] where it becomes part of a message, and [`lines()`] where whole messages leave the process.

use std::borrow::Cow;
use std::fmt::Write;

use super::text::is_hidden;

/// The most characters that [`quoted`] repeats.
pub const QUOTED_CHARACTERS: usize = 64;

/// Whether a character is escaped: a control character (C0, DEL, C1), or one that is hidden, see [`is_hidden`].
pub fn is_escaped(c: char) -> bool {
    c.is_control() || is_hidden(c)
}

/// A text as one line of at most `max_chars` characters, with hidden characters as `\n` or `\u{202e}`. A longer one is cut
/// and ends with `…`.
pub fn line(text: &str, max_chars: usize) -> String {
    let mut escaped = String::with_capacity(text.len().min(max_chars));
    for (at, c) in text.chars().enumerate() {
        if at == max_chars {
            escaped.push('…');
            break;
        }
        push(&mut escaped, c);
    }
    escaped
}

/// A value as a message repeats it: in quotes, with hidden characters, quotes and backslashes escaped, and cut after
/// [`QUOTED_CHARACTERS`].
pub fn quoted(text: &str) -> String {
    let mut escaped = String::from("\"");
    let mut end = "\"";
    for (at, c) in text.chars().enumerate() {
        if at == QUOTED_CHARACTERS {
            end = "\"...";
            break;
        }
        if matches!(c, '"' | '\\') {
            escaped.push('\\');
        }
        push(&mut escaped, c);
    }
    escaped.push_str(end);
    escaped
}

fn push(escaped: &mut String, c: char) {
    // Writing to a string does not fail. What nobody sees is written by its number: the other way knows some of it only.
    if is_hidden(c) {
        let _ = write!(escaped, "{}", c.escape_unicode());
    } else if is_escaped(c) {
        let _ = write!(escaped, "{}", c.escape_debug());
    } else {
        escaped.push(c);
    }
}

/// Lines of output or of a log, with hidden characters as JSON escapes, such as `\u202e`: JSON stays JSON with the same
/// meaning, and other text is readable. Line feeds and tabs stay. The last border before a terminal or a log: what
/// [`line()`] and [`quoted`] have escaped passes unchanged.
pub fn lines(text: &str) -> Cow<'_, str> {
    let is_kept = |c: char| matches!(c, '\n' | '\t') || !is_escaped(c);
    let Some(first) = text.find(|c| !is_kept(c)) else { return Cow::Borrowed(text) };
    let mut escaped = String::with_capacity(text.len() + 16);
    escaped.push_str(&text[..first]);
    for c in text[first..].chars() {
        if is_kept(c) {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: &str = "\0\u{1b}\u{7f}\u{9b}\u{ad}\u{61c}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\
                          \u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{e0001}\u{e0041}\u{e007f}\r\u{8}";

    #[test]
    fn what_is_escaped_is_escaped_and_what_is_seen_is_not() {
        for c in HIDDEN.chars() {
            assert!(is_escaped(c), "{c:?}");
            let text = format!("a{c}b");
            for escaped in [line(&text, 10), quoted(&text), lines(&text).into_owned()] {
                assert!(escaped.contains('\\') && !escaped.contains(c), "{escaped:?}");
            }
        }
        for seen in ["plain", "naïve Ω 東京 عربى עברית 🎉", "a-b_c. ~!"] {
            assert_eq!((&*line(seen, 100), &*lines(seen)), (seen, seen));
            assert_eq!(quoted(seen), format!("\"{seen}\""));
        }
    }

    #[test]
    fn a_line_is_one_line_and_no_longer_than_it_may_be() {
        assert_eq!(line("a\nb\u{202e}c", 10), "a\\nb\\u{202e}c");
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(line("abc", 3), "abc");
    }

    #[test]
    fn a_quoted_value_ends_where_its_quotes_do() {
        assert_eq!(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\n\"");
        assert_eq!(quoted(&"x".repeat(65)), format!("\"{}\"...", "x".repeat(64)));
    }

    #[test]
    fn json_stays_json_with_the_same_meaning() {
        let value = serde_json::json!({ "name": HIDDEN, "list": ["a\nb", "\u{202e}gpj.exe"] });
        let text = format!("{value}\n");
        let escaped = lines(&text);
        assert!(!escaped.trim_end().contains(is_escaped), "{escaped:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).expect("JSON"), value);
        assert_eq!(lines("two\nlines\tand a tab\n"), "two\nlines\tand a tab\n");
    }
}
