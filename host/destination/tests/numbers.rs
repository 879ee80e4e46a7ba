//! Numbers and area codes on their own.

use callsign_destination::{AreaCode, AreaCodes, Destination, Number, NumberError, TextError};

#[test]
fn a_sender_number_has_the_shape_of_e164_and_nothing_is_taken_off() {
    for (text, value) in [
        ("+14155550123", 14_155_550_123),
        ("14155550123", 14_155_550_123),
        ("+1 (415) 555-0123", 14_155_550_123),
        ("+44 0 7911 123456", 4_407_911_123_456),
        ("1234567", 1_234_567),
        ("123456789012345", 123_456_789_012_345),
        ("+9999999", 9_999_999),
    ] {
        assert_eq!(Number::parse_e164(text).map(Number::get), Ok(value), "{text}");
    }
}

#[test]
fn a_number_of_a_sender_is_read_as_a_destination_is() {
    for (text, number) in [
        ("+44 (0)7400 123456", "+447400123456"),
        ("+1 (415) 555-0123", "+14155550123"),
        ("+54 11 15 1234 5678", "+5491112345678"),
        // Of no country, so its digits are taken as they are.
        ("+883 510 012 345 678", "+883510012345678"),
        ("1234567", "+1234567"),
    ] {
        assert_eq!(Number::parse(text).map(|number| number.to_string()).as_deref(), Ok(number), "{text}");
    }
    let meant = Number::parse("+442079460123").ok();
    assert_eq!(Number::parse("0044 20 7946 0123"), Err(NumberError::Prefix { prefix: "00", meant }));
    assert_eq!(Number::parse("1.41556E+10"), Err(NumberError::Text(TextError::Exponent)));
    assert_eq!(Number::parse("14155550123.0"), Err(NumberError::Text(TextError::Fraction)));
    assert_eq!(Number::parse("0123456789"), Err(NumberError::LeadingZero));
}

#[test]
fn forms_of_one_mobile_number_are_one_recipient() {
    let recipient = |text: &str| Destination::parse(text).map(|found| found.number.recipient().to_string());
    for (one, other) in [
        ("+54 9 11 2345 6789", "+54 11 2345 6789"),
        ("+54 9 11 2345 6789", "+54 11 15 2345 6789"),
        ("+52 1 55 1234 5678", "+52 55 1234 5678"),
        ("+55 11 8765 4321", "+55 11 98765 4321"),
        ("+55 21 6765 4321", "+55 21 96765 4321"),
    ] {
        assert_eq!(recipient(one), recipient(other), "{one} and {other}");
        assert!(recipient(one).is_ok());
    }
    // Fixed lines in Brazil, other countries, and numbers that are in their one form.
    for text in ["+551132345678", "+5511987654321", "+525512345678", "+541123456789", "+14155550123", "+5491123456"] {
        let number = Number::parse_e164(text).expect("a number");
        assert_eq!(number.recipient(), number, "{text}");
    }
    assert_ne!(recipient("+55 11 8765 4321"), recipient("+55 21 8765 4321"));
}

#[test]
fn what_is_not_the_shape_of_e164_is_refused() {
    for (text, error) in [
        ("", NumberError::Empty),
        ("+", NumberError::Empty),
        ("+0123456789", NumberError::LeadingZero),
        ("123456", NumberError::Digits { digits: 6 }),
        ("1234567890123456", NumberError::Digits { digits: 16 }),
        ("Callsign", NumberError::Text(TextError::Character { character: 'C', at: 0 })),
        ("+1415555012x", NumberError::Text(TextError::Character { character: 'x', at: 11 })),
    ] {
        assert_eq!(Number::parse_e164(text), Err(error), "{text}");
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(Number::parse_e164(&"1".repeat(129)), Err(NumberError::Text(TextError::TooLong { bytes: 129 })));
}

#[test]
fn a_number_prints_its_digits_after_a_plus_and_is_read_back_from_them() {
    let number = Number::parse_e164("390212345678").expect("a number");
    assert_eq!(number.to_string(), "+390212345678");
    assert_eq!(Number::from_digits(number.get()), Some(number));
    for value in [0, 99, 10_000_000_000_000_000_000, u64::MAX] {
        assert_eq!(Number::from_digits(value), None, "{value}");
    }
    for value in [100, 9_999_999_999_999_999_999] {
        assert_eq!(Number::from_digits(value).map(Number::get), Some(value));
    }
}

#[test]
fn the_area_code_is_the_three_digits_after_calling_code_1() {
    for (value, code) in [
        (14_155_550_123, Some(415)),
        (1_999, Some(999)),
        (1_200, Some(200)),
        (1_199, None),
        (100, None),
        (999, None),
        (442_079_460_123, None),
        (9_999_999_999_999_999_999, None),
    ] {
        let number = Number::from_digits(value).expect("a number");
        assert_eq!(number.area_code().map(AreaCode::get), code, "{value}");
    }
}

#[test]
fn an_area_code_is_from_200_to_999() {
    for code in 0..=u16::MAX {
        let found = AreaCode::new(code);
        assert_eq!(found.is_some(), (200..=999).contains(&code), "{code}");
        assert_eq!(AreaCode::try_from(code), found.ok_or(code));
        assert_eq!(found.map_or(code, u16::from), code);
    }
    assert_eq!(AreaCode::new(415).map(|code| code.to_string()).as_deref(), Some("415"));
}

#[test]
fn a_number_that_was_read_has_the_same_destination_without_its_text() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut destinations, mut read_otherwise) = (0, 0);
    for _ in 0..400_000 {
        // SplitMix64, so that every run reads the same numbers.
        random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (random ^ random >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let digits = mixed ^ mixed >> 27;
        let text = format!("+{}", digits % 10_u64.pow(7 + (digits >> 60) as u32 % 9));
        let Ok(destination) = Destination::parse(&text) else { continue };
        destinations += 1;
        assert_eq!(AreaCodes::standard().destination(destination.number), Some(destination), "{text}");
        // A text of its digits can lose one more prefix.
        read_otherwise += u32::from(Destination::parse(&destination.number.to_string()) != Ok(destination));
    }
    assert!(destinations > 40_000 && read_otherwise > 0, "{destinations}, {read_otherwise}");
}

#[test]
fn a_number_of_no_country_has_no_destination() {
    for digits in [9_999_999, 883_510_012_345_678, 123_456_789_012_345] {
        let number = Number::from_digits(digits).expect("digits");
        assert_eq!(AreaCodes::standard().destination(number), Destination::parse(&digits.to_string()).ok(), "{digits}");
    }
}
