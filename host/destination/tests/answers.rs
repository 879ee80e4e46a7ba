//! What texts answer: libphonenumber's answers from the test data, the area codes, and the rules of what text is read.

use callsign_destination::{AreaCode, Country, Destination, DestinationError, MAX_TEXT_BYTES, TextError};

const NUMBERS: &str = include_str!("data/numbers.csv");
const AREA_CODES: &str = include_str!("../data/nanp.csv");
const LATER_US_AREA_CODES: [u16; 13] = [357, 436, 457, 465, 471, 483, 621, 624, 679, 729, 837, 861, 924];

fn country(text: &str) -> Result<&'static str, DestinationError> {
    Destination::parse(text).map(|found| found.country.as_str())
}

fn printed(text: &str) -> Result<String, DestinationError> {
    Destination::parse(text).map(|found| found.number.to_string())
}

fn error_name(error: DestinationError) -> &'static str {
    match error {
        DestinationError::Empty => "empty",
        DestinationError::Text(TextError::TooLong { .. }) => "text_too_long",
        DestinationError::Text(TextError::Character { .. }) => "character",
        DestinationError::UnknownCallingCode => "calling_code",
        DestinationError::Text(TextError::Exponent) => "exponent",
        DestinationError::Text(TextError::Fraction) => "fraction",
        DestinationError::Prefix { .. } => "prefix",
        DestinationError::Length { .. } => "length",
        DestinationError::TooShort => "too_short",
        DestinationError::TooLong => "too_long",
        DestinationError::NoCountry { .. } => "no_country",
        _ => "other",
    }
}

#[test]
fn every_number_of_the_test_data_answers_as_libphonenumber_does() {
    let mut count = 0;
    let mut countries = std::collections::BTreeSet::new();
    for line in NUMBERS.lines().skip(1) {
        let [text, country, e164, error] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("four columns: {line}");
        };
        match Destination::parse(text) {
            Ok(found) => {
                assert_eq!(
                    (found.country.as_str(), found.number.to_string().as_str(), ""),
                    (country, e164, error),
                    "{text}"
                );
                assert_eq!(Country::parse(country), Some(found.country));
                assert_eq!(found.area_code, found.number.area_code(), "{text}");
                assert_eq!(found.area_code.is_some(), e164.starts_with("+1"), "{text}");
                countries.insert(found.country);
            }
            Err(found) => assert_eq!(("", "", error_name(found)), (country, e164, error), "{text}"),
        }
        count += 1;
    }
    assert_eq!(count, 4500);
    // Morocco's leading digits cover all numbers of Western Sahara (EH).
    assert_eq!(countries.len(), 244, "every region that libphonenumber answers");
}

#[test]
fn every_area_code_in_service_answers_its_country() {
    let mut count = 0;
    for row in AREA_CODES.lines().skip(1) {
        let mut columns = row.split(',');
        let (npa, expected) = (columns.next().expect("npa"), columns.next().expect("country"));
        for exchange in ["200", "555", "999"] {
            let found = Destination::parse(&format!("+1{npa}{exchange}0123"));
            let found = found.unwrap_or_else(|error| panic!("{row}: {error}"));
            assert_eq!(found.country.as_str(), expected, "{row}");
            assert_eq!(found.area_code.map(|code| code.to_string()).as_deref(), Some(npa));
        }
        count += 1;
    }
    assert_eq!(count, 454);
}

#[test]
fn later_us_area_codes_are_us_with_ten_digits_and_an_exchange_from_2_to_9() {
    for code in LATER_US_AREA_CODES {
        for exchange in 2..=9 {
            let found = Destination::parse(&format!("+1{code}{exchange}000000")).expect("in service");
            assert_eq!((found.country, found.area_code), (Country::US, AreaCode::new(code)));
        }
        for rest in ["0000000", "1999999"] {
            assert_eq!(country(&format!("+1{code}{rest}")), Err(DestinationError::NoCountry { calling_code: 1 }));
        }
        for rest in ["212345", "21234567"] {
            assert_eq!(country(&format!("+1{code}{rest}")).map_err(error_name), Err("length"));
        }
    }
}

#[test]
fn toll_free_area_codes_are_us() {
    for code in [800, 833, 844, 855, 866, 877, 888] {
        assert_eq!(country(&format!("+1{code}5550123")), Ok("US"));
    }
}

#[test]
fn countries_that_share_a_calling_code_are_told_apart() {
    for (text, expected) in [
        ("+17875550123", "PR"),
        ("+16045550123", "CA"),
        ("+77011234567", "KZ"),
        ("+74951234567", "RU"),
        ("+390669812345", "VA"),
        ("+390212345678", "IT"),
        ("+447400123456", "GB"),
        ("+441481256789", "GG"),
        ("+441534456789", "JE"),
        ("+441624756789", "IM"),
        ("+4779123456", "SJ"),
        ("+4721234567", "NO"),
    ] {
        assert_eq!(country(text), Ok(expected), "{text}");
    }
}

#[test]
fn the_number_is_what_libphonenumber_formats() {
    for (text, expected) in [
        ("+44 0 7911 123456", "+447911123456"),
        ("+44 (0)20 7946 0123", "+442079460123"),
        ("+54 11 15 1234 5678", "+5491112345678"),
        ("+54 011 15 1234 5678", "+5491112345678"),
        ("+39 02 1234 5678", "+390212345678"),
        ("+55 0 15 11 91234 5678", "+5511912345678"),
        ("+378 886377", "+3780549886377"),
        ("+1 1 415 555 0123", "+14155550123"),
    ] {
        assert_eq!(printed(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_leading_plus_may_be_missing_or_repeated_and_separators_stand_anywhere() {
    for text in [
        "+14155550123",
        "14155550123",
        "++14155550123",
        "+1 (415) 555-0123",
        "1.415.555.0123",
        "[1] 415/555/0123",
        "(+1) 415 5550123",
        "+1)415((5550123",
        "+-1 415 5550123",
        "  +14155550123  ",
        "\t\r\n+14155550123\r\n",
        "+1\u{a0}415\u{2011}555\u{2013}0123\u{2212}",
        "\u{200b}+1\u{ad}415\u{2060}5550123",
        "\u{202a}+1 415 555 0123\u{202c}",
        "\u{2068}+14155550123\u{2069}",
        "\u{200e}+1\u{202f}415\u{202f}555\u{202f}0123\u{feff}",
        "+1\t415\n555\u{2029}0123",
        "＋１（４１５）５５５－０１２３",
        "+1\u{3000}415\u{3000}5550123",
        "+١٤١٥٥٥٥٠١٢٣",
        "+۱۴۱۵۵۵۵۰۱۲۳",
        "+१४१५५५५०१२३",
        "+𝟏𝟒𝟏𝟓𝟓𝟓𝟓𝟎𝟏𝟐𝟑",
    ] {
        assert_eq!(printed(text).as_deref(), Ok("+14155550123"), "{text:?}");
    }
}

#[test]
fn a_character_that_does_not_belong_is_refused_with_its_place() {
    for (text, character, at) in [
        ("+1415555012x", 'x', 11),
        ("+14155550123;ext=5", ';', 12),
        ("+14155550123 ext 5", 'e', 13),
        (" +1-800-FLOWERS", 'F', 8),
        ("+1\u{a0}415\u{2011}é", 'é', 10),
        ("+1415555①", '①', 8),
        ("+1+4155550123", '+', 2),
        ("+ +14155550123", '+', 2),
        ("+14155550123+", '+', 12),
        ("+1:4155550123", ':', 2),
        ("tel", 't', 0),
        ("+1415~5550123", '~', 5),
        ("*14155550123", '*', 0),
        ("+14155550123#", '#', 12),
        ("+14155550123\0", '\0', 12),
    ] {
        assert_eq!(
            Destination::parse(text),
            Err(DestinationError::Text(TextError::Character { character, at })),
            "{text:?}"
        );
    }
}

#[test]
fn no_digits_are_empty() {
    for text in ["", " ", "+", "++", "()", "- -", "\n", "\u{a0}"] {
        assert_eq!(country(text), Err(DestinationError::Empty), "{text:?}");
    }
}

#[test]
fn a_text_over_the_bound_is_refused_unread() {
    let padded = |bytes: usize| format!("{:>bytes$}", "+14155550123");
    assert_eq!(country(&padded(MAX_TEXT_BYTES)), Ok("US"));
    let bytes = MAX_TEXT_BYTES + 1;
    assert_eq!(country(&padded(bytes)), Err(DestinationError::Text(TextError::TooLong { bytes })));
    let bytes = 100_000;
    assert_eq!(country(&"x".repeat(bytes)), Err(DestinationError::Text(TextError::TooLong { bytes })));
}

#[test]
fn a_prefix_or_tel_is_refused_with_the_number_that_is_probably_meant() {
    for (text, prefix, meant) in [
        ("0044 20 7946 0123", "00", Some("+442079460123")),
        ("+0044 20 7946 0123", "00", Some("+442079460123")),
        ("00 1 (415) 555-0123", "00", Some("+14155550123")),
        ("011 44 20 7946 0123", "011", Some("+442079460123")),
        ("tel:+44-20-7946-0123", "tel:", Some("+442079460123")),
        (" TEL:14155550123", "tel:", Some("+14155550123")),
        ("\u{202a}tel:+14155550123\u{202c}", "tel:", Some("+14155550123")),
        ("tel:+1-415-555-0123;ext=5", "tel:", Some("+14155550123")),
        ("sms:+14155550123?body=hello", "sms:", Some("+14155550123")),
        ("SMSTO:+14155550123", "smsto:", Some("+14155550123")),
        ("sms://+14155550123", "sms:", Some("+14155550123")),
        ("whatsapp:+447400123456", "whatsapp:", Some("+447400123456")),
        ("\u{ff10}\u{ff10}442079460123", "00", Some("+442079460123")),
        ("000", "00", None),
        ("0099 123", "00", None),
        ("tel:nobody", "tel:", None),
    ] {
        let Err(error @ DestinationError::Prefix { prefix: found, meant: number }) = Destination::parse(text) else {
            panic!("{text} is refused for its prefix");
        };
        assert_eq!((found, number.map(|number| number.to_string()).as_deref()), (prefix, meant), "{text}");
        assert!(error.to_string().contains(meant.unwrap_or("E.164")), "{error}");
    }
    for text in ["+999123456789", "210123456", "0123456789"] {
        assert_eq!(country(text), Err(DestinationError::UnknownCallingCode), "{text}");
    }
}

#[test]
fn an_exponent_or_a_decimal_fraction_is_no_number() {
    for text in ["1.41556E+10", "+1.41556e+10", "1,41556E10", "14155550123E0", " 4.93E+11 "] {
        assert_eq!(country(text), Err(DestinationError::Text(TextError::Exponent)), "{text}");
    }
    for text in [
        "49305550123.0",
        "+49 30 555012.3",
        "14155550123.5 ",
        "14155550123.00",
        "1.415.555.0123.0",
        "49305550123.000",
        "49305550123,0",
        "49305550123,00",
        // As pasted, and in other scripts.
        "\u{202a}49305550123.0\u{202c}",
        "49305550123.0\u{feff}",
        "\u{664}\u{669}\u{663}\u{660}\u{665}\u{665}\u{665}\u{660}\u{661}\u{662}\u{663}.\u{660}",
        "49305550123\u{ff0e}\u{ff10}",
    ] {
        assert_eq!(country(text), Err(DestinationError::Text(TextError::Fraction)), "{text}");
    }
    for (text, number) in [
        ("1.415.555.0123", "+14155550123"),
        ("+33 1.23.45.67.89", "+33123456789"),
        ("1415555.0000", "+14155550000"),
        ("+49 30 55501.00", "+49305550100"),
        ("14155550123.", "+14155550123"),
    ] {
        assert_eq!(printed(text).as_deref(), Ok(number));
    }
}

#[test]
fn a_destination_is_as_long_as_a_number_of_its_country_is() {
    for (text, calling_code, digits, lengths) in [
        ("45100", 45, 3, "8"),
        ("+45100", 45, 3, "8"),
        ("12345", 1, 4, "10"),
        ("+1415555012", 1, 9, "10"),
        ("+3312", 33, 2, "9"),
        ("+4412", 44, 2, "7, 9 or 10"),
    ] {
        match Destination::parse(text) {
            Err(error @ DestinationError::Length { calling_code: code, digits: count, lengths: right }) => {
                assert_eq!((code, count, &*right.to_string()), (calling_code, digits, lengths), "{text}");
                assert!(error.to_string().contains("short code"), "{error}");
                assert!(!right.contains(usize::from(count)) && !right.contains(99));
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn national_numbers_have_2_to_17_digits_and_numbers_at_most_19() {
    for text in ["1", "+12", "+44 1", "+212 1", "00"] {
        assert_eq!(country(text), Err(DestinationError::TooShort), "{text}");
    }
    assert_eq!(printed("+6212345678901234567").as_deref(), Ok("+6212345678901234567"));
    assert_eq!(country("+62123456789012345678"), Err(DestinationError::TooLong));
    assert_eq!(country("+21312345678901234567"), Err(DestinationError::TooLong));
    assert_eq!(country(&"1".repeat(MAX_TEXT_BYTES)), Err(DestinationError::TooLong));
}

#[test]
fn global_networks_have_no_country() {
    for (text, calling_code) in [
        ("+80012345678", 800),
        ("+80812345678", 808),
        ("+870773111632", 870),
        ("+878101234567890", 878),
        ("+881612345678", 881),
        ("+8821234567", 882),
        ("+883510012345678", 883),
        ("+88812345678901", 888),
        ("+979123456789", 979),
    ] {
        assert_eq!(country(text), Err(DestinationError::NoCountry { calling_code }), "{text}");
    }
}

#[test]
fn no_text_panics() {
    // xorshift: the same texts in every run.
    let mut state = 0x9043_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below
    };
    let pieces = [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "15",
        "00",
        "+",
        "+",
        " ",
        "-",
        "(",
        ")",
        "\t",
        "\n",
        "\0",
        "x",
        "é",
        "\u{a0}",
        "\u{2011}",
        "\u{2010}",
        "\u{200b}",
        "\u{2060}",
        "\u{2212}",
        "\u{ff10}",
        "\u{10ffff}",
    ];
    for _ in 0..200_000 {
        // Digits mostly in half of the texts, anything in the others.
        let among = if next(2) == 0 { 13 } else { pieces.len() };
        let text: String = (0..next(30)).map(|_| pieces[next(among)]).collect();
        check(&text);
        let bytes: Vec<u8> = (0..next(70)).map(|_| next(256) as u8).collect();
        check(&String::from_utf8_lossy(&bytes));
    }
    for code in 0..1000 {
        for national in 0..4 {
            check(&format!("{code:03}{}", "0123456789012345678".repeat(national)));
        }
    }
}

/// Whatever the text, the answer keeps its word.
fn check(text: &str) {
    match Destination::parse(text) {
        Ok(found) => {
            assert!(Country::parse(found.country.as_str()).is_some(), "{text:?}");
            let again = found.number.to_string();
            assert!((4..=20).contains(&again.len()), "{text:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
