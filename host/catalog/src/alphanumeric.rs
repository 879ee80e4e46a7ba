//! The rule of alphanumeric addresses.
//!
//! A phone shows a name in place of a number where the network carries it as text in the 7-bit alphabet of GSM, of which the
//! address has room for 11 characters (3GPP TS 23.040, section 9.1.2.5: 10 octets; the alphabet is that of TS 23.038, section
//! 6.2.1). Of this alphabet only what is also ASCII passes everywhere: national letters such as `é` depend on the table that a
//! network and a phone have, and `[ ] { } \ ^ ~ |` take two characters.

use super::escape::quoted;

/// The most characters of an alphanumeric sender: what the address field of an SMS has room for.
const CHARACTERS: usize = 11;

/// The characters besides letters, digits and the blank: those of ASCII that the default alphabet of GSM has too.
const SIGNS: &str = "!\"#$%&'()*+,-./:;<=>?@_";

/// Checks the address of an ALPHANUMERIC sender: 1 to 11 characters, letters and digits of ASCII, blanks and [`SIGNS`]; at least
/// one letter, so that it is no number; no blank at its ends, since networks drop it and the name then is another one.
pub(super) fn check(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("is empty; an ALPHANUMERIC sender has 1 to {CHARACTERS} characters"));
    }
    let belongs = |character: char| character.is_ascii_alphanumeric() || character == ' ' || SIGNS.contains(character);
    if let Some(other) = text.chars().find(|&character| !belongs(character)) {
        let (text, other) = (quoted(text), quoted(other.encode_utf8(&mut [0; 4])));
        let rule = format!("an ALPHANUMERIC sender has letters from A to Z, digits, blanks and {SIGNS}");
        return Err(format!("{text} has {other}, which not all networks show; {rule}"));
    }
    // All of ASCII, so bytes are characters.
    if text.len() > CHARACTERS {
        return Err(format!("has {} characters; an ALPHANUMERIC sender has 1 to {CHARACTERS}", text.len()));
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        return Err(format!("{} has a blank at its end; write {}", quoted(text), quoted(text.trim_matches(' '))));
    }
    if !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return Err(format!("{} has no letter; an ALPHANUMERIC sender has at least one", quoted(text)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_11_characters_of_the_gsm_set_and_a_letter() {
        for name in
            ["A", "ACME", "Shop 24", "AC-ME", "Booking.com", "H&M", "1-800-Flwrs", "Yahoo!", "a_b@c", "12345678901a"]
        {
            assert_eq!(check(name).is_ok(), name.len() <= 11, "{name}");
        }
        for (name, message) in [
            ("", "is empty; an ALPHANUMERIC sender has 1 to 11 characters"),
            ("Zeus The Mighty", "has 15 characters; an ALPHANUMERIC sender has 1 to 11"),
            ("ABCDEFGHIJKL", "has 12 characters; an ALPHANUMERIC sender has 1 to 11"),
            ("VERIFY ", "\"VERIFY \" has a blank at its end; write \"VERIFY\""),
            (" Shop", "\" Shop\" has a blank at its end; write \"Shop\""),
            (" ", "\" \" has a blank at its end; write \"\""),
            ("12345", "\"12345\" has no letter; an ALPHANUMERIC sender has at least one"),
            ("1-2 3", "\"1-2 3\" has no letter; an ALPHANUMERIC sender has at least one"),
        ] {
            assert_eq!(check(name), Err(message.to_owned()));
        }
        for name in [
            "Café",
            "Cafe\u{301}",
            "Shop\u{a0}1",
            "Shop\t",
            "[Shop]",
            "a{b",
            "a\\b",
            "a^b",
            "a~b",
            "a|b",
            "a`b",
            "Шоп",
            "😀a",
            "a\u{7f}",
        ] {
            let message = check(name).expect_err(name);
            assert!(message.contains("which not all networks show"), "{message}");
        }
    }

    #[test]
    fn the_signs_are_the_ascii_ones_of_the_default_alphabet() {
        let sound: String = (' '..='~').filter(|sign| check(&format!("a{sign}a")).is_ok()).collect();
        assert_eq!(sound.len(), 26 + 26 + 10 + 1 + SIGNS.len());
        assert_eq!(SIGNS.len(), 23);
    }
}
