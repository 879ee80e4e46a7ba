//! Which countries take alphanumeric senders.

use callsign_destination::{AlphanumericCountries, Channel, Country, MAX_ALPHANUMERIC_BYTES, TableError};

fn country(code: &str) -> Country {
    Country::parse(code).expect("a country")
}

#[test]
fn the_standard_table_has_the_countries_of_which_the_sources_agree() {
    let standard = AlphanumericCountries::standard();
    assert_eq!(standard.none().len(), 24);
    assert_eq!(standard.own().count(), 0);
    for code in ["US", "CA", "PR", "BR", "MX", "ZA", "NZ"] {
        assert!(standard.none().contains(&country(code)), "{code}");
        assert!(standard.take(Channel::Sms, country(code)), "{code}: it only warns");
    }
    for code in ["GB", "DE", "FR", "IN", "JM"] {
        assert!(!standard.none().contains(&country(code)), "{code}");
    }
    // With a file, if only its first line, decisions follow it.
    let own = standard.with_csv(b"country,alphanumeric\n").expect("sound");
    for code in ["US", "CA", "PR", "BR", "MX", "ZA", "NZ"] {
        assert!(!own.take(Channel::Sms, country(code)) && !own.take(Channel::Mms, country(code)), "{code}");
        assert!(own.take(Channel::Rcs, country(code)), "an agent has a name anywhere");
    }
}

#[test]
fn an_operator_overrides_single_countries() {
    let own = AlphanumericCountries::standard().with_csv(b"country,alphanumeric,source\nUS,Yes,ours\nBE,no,\nCA,no,\n");
    let own = own.expect("sound");
    assert!(own.take(Channel::Sms, Country::US) && !own.take(Channel::Sms, country("BE")));
    assert!(!own.take(Channel::Sms, Country::CA) && !own.take(Channel::Sms, country("MX")));
    assert_eq!(own.own().collect::<Vec<_>>(), [(country("BE"), false), (Country::US, true)]);
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_line_and_column() {
    for (csv, expected) in [
        ("country,alphanumeric\nUSA,no\n", "line 2, country: \"USA\" is no country"),
        ("country,alphanumeric\nUS,maybe\n", "line 2, alphanumeric: \"maybe\" is neither yes nor no"),
        ("country,alphanumeric\nUS,no\nUS,yes\n", "line 3, country: US is on line 2 too"),
        ("country\nUS\n", "line 2, alphanumeric: \"\" is neither yes nor no"),
        ("alphanumeric\nno\n", "line 1: the column country is missing"),
    ] {
        match AlphanumericCountries::standard().with_csv(csv.as_bytes()) {
            Err(TableError::Faults(faults)) => {
                assert!(faults[0].to_string().starts_with(expected), "{csv}: {faults:?}")
            }
            other => panic!("{csv}: {other:?}"),
        }
    }
    let long = vec![b'\n'; MAX_ALPHANUMERIC_BYTES as usize + 1];
    assert!(matches!(AlphanumericCountries::standard().with_csv(&long), Err(TableError::TooLong { .. })));
}
