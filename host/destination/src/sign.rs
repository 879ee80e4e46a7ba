//! What a character is in a number: a digit of any script, a plus sign, or a separator.

/// A character of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// A digit, as the ASCII digit of its value.
    Digit(u8),
    Plus,
    Separator,
}

/// The zero of each script's decimal digits (general category Nd of Unicode 14); the other nine follow it.
static ZEROS: [char; 66] = [
    '0',
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{b66}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{d66}',
    '\u{de6}',
    '\u{e50}',
    '\u{ed0}',
    '\u{f20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17e0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19d0}',
    '\u{1a80}',
    '\u{1a90}',
    '\u{1b50}',
    '\u{1bb0}',
    '\u{1c40}',
    '\u{1c50}',
    '\u{a620}',
    '\u{a8d0}',
    '\u{a900}',
    '\u{a9d0}',
    '\u{a9f0}',
    '\u{aa50}',
    '\u{abf0}',
    '\u{ff10}',
    '\u{104a0}',
    '\u{10d30}',
    '\u{11066}',
    '\u{110f0}',
    '\u{11136}',
    '\u{111d0}',
    '\u{112f0}',
    '\u{11450}',
    '\u{114d0}',
    '\u{11650}',
    '\u{116c0}',
    '\u{11730}',
    '\u{118e0}',
    '\u{11950}',
    '\u{11c50}',
    '\u{11d50}',
    '\u{11da0}',
    '\u{16a60}',
    '\u{16ac0}',
    '\u{16b50}',
    '\u{1d7ce}',
    '\u{1d7d8}',
    '\u{1d7e2}',
    '\u{1d7ec}',
    '\u{1d7f6}',
    '\u{1e140}',
    '\u{1e2f0}',
    '\u{1e950}',
    '\u{1fbf0}',
];

impl Sign {
    /// What a character is; `None` for one that no number has.
    pub(crate) fn of(character: char) -> Option<Self> {
        match character {
            '+' | '\u{ff0b}' | '\u{fe62}' => Some(Self::Plus),
            // The separators of ASCII, and their full-width forms.
            ' ' | '-' | '.' | '/' | '(' | ')' | '[' | ']' => Some(Self::Separator),
            '\u{ff08}' | '\u{ff09}' | '\u{ff0d}'..='\u{ff0f}' | '\u{ff3b}' | '\u{ff3d}' => Some(Self::Separator),
            // Dashes, and the minus sign.
            '\u{2010}'..='\u{2015}' | '\u{2212}' => Some(Self::Separator),
            blank if blank.is_whitespace() => Some(Self::Separator),
            format if is_format(format) => Some(Self::Separator),
            other => Self::digit(other),
        }
    }

    fn digit(character: char) -> Option<Self> {
        let script = ZEROS.partition_point(|zero| *zero <= character).checked_sub(1)?;
        let value = u32::from(character) - u32::from(*ZEROS.get(script)?);
        (value < 10).then(|| Self::Digit(b'0' + value as u8))
    }
}

/// Whether a character is one that pasted text contains and nobody sees: marks of direction and of joining, the soft hyphen,
/// the byte order mark, and all others of Unicode's category Cf; selectors of variants and the grapheme joiner, which are as invisible.
pub(crate) fn is_format(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}'
        | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'
        | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zeros_are_in_order_and_their_digits_do_not_meet() {
        assert!(ZEROS.windows(2).all(|pair| u32::from(pair[0]) + 10 <= u32::from(pair[1])));
    }

    #[test]
    fn what_nobody_sees_is_a_separator() {
        for code in
            [0xad, 0x34f, 0x61c, 0x200b, 0x200e, 0x202a, 0x2060, 0x2068, 0xfe0f, 0xfeff, 0xfffa, 0xe0020, 0xe007f]
        {
            let character = char::from_u32(code).expect("a character");
            assert_eq!(Sign::of(character), Some(Sign::Separator), "{code:x}");
        }
        for blank in
            ['\t', '\u{a0}', '\u{1680}', '\u{2007}', '\u{2009}', '\u{202f}', '\u{205f}', '\u{3000}', '\u{2028}']
        {
            assert_eq!(Sign::of(blank), Some(Sign::Separator), "{blank:?}");
        }
    }

    #[test]
    fn digits_of_any_script_have_their_value() {
        for (text, value) in [("٣", b'3'), ("۹", b'9'), ("९", b'9'), ("０", b'0'), ("𝟗", b'9'), ("7", b'7')] {
            assert_eq!(text.chars().map(Sign::of).next(), Some(Some(Sign::Digit(value))), "{text}");
        }
        // Above 9, and numbers that are no digits.
        for text in ["①", "²", "½", "٪", "Ⅷ", "a", "é", ":", "\0", "\u{7f}", "\u{e000}"] {
            assert_eq!(text.chars().map(Sign::of).next(), Some(None), "{text}");
        }
    }
}
