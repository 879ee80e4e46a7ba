//! Characters that make a text look like another one: they are not seen, or they change the order in which others are.

/// The ranges of them, in order.
const HIDDEN: [(char, char); 19] = [
    // The soft hyphen.
    ('\u{ad}', '\u{ad}'),
    // The combining grapheme joiner.
    ('\u{34f}', '\u{34f}'),
    // The Arabic letter mark.
    ('\u{61c}', '\u{61c}'),
    // Fillers and inherent vowels without a shape: Hangul, Khmer.
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    // Mongolian selectors and the vowel separator.
    ('\u{180b}', '\u{180f}'),
    // Characters without a width, and the marks of direction.
    ('\u{200b}', '\u{200f}'),
    // Separators of lines and paragraphs, and embeddings and overrides of direction.
    ('\u{2028}', '\u{202e}'),
    // The word joiner, invisible operators, and isolates of direction.
    ('\u{2060}', '\u{206f}'),
    // The blank of Braille, and a Hangul filler.
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    // Selectors of variants.
    ('\u{fe00}', '\u{fe0f}'),
    // The byte order mark, and another filler.
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff9}', '\u{fffb}'),
    // Controls of shorthand.
    ('\u{1bca0}', '\u{1bca3}'),
    // Musical format characters.
    ('\u{1d173}', '\u{1d17a}'),
    // Tags.
    ('\u{e0000}', '\u{e007f}'),
    // More selectors of variants.
    ('\u{e0100}', '\u{e01ef}'),
];

/// Whether a character is not seen, or reorders others: a format character of Unicode, a filler or a selector that text can do without.
///
/// Control characters are not among them; [`char::is_control`] knows those.
pub fn is_hidden(character: char) -> bool {
    // Most texts have none of these characters, and most characters are before the first.
    character >= HIDDEN[0].0 && HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_are_the_characters_that_hide_or_reorder_text() {
        for named in [
            0x61c, 0x200b, 0x200d, 0x200e, 0x200f, 0x202a, 0x202e, 0x2060, 0x2066, 0x2069, 0xfeff, 0xe0000, 0xe0041,
            0xe007f, 0x34f, 0x3164, 0xfe0f, 0x2800, 0xe0100,
        ] {
            assert!(is_hidden(char::from_u32(named).expect("a character")), "{named:x}");
        }
        for visible in ['a', ' ', '\u{ac}', 'é', '漢', '\u{200a}', '\u{2010}', '\u{2070}', '😀', '\u{e0080}'] {
            assert!(!is_hidden(visible), "{visible:?}");
        }
        assert!(HIDDEN.is_sorted(), "a look-up begins at the first");
    }
}
