//! Area codes: those of the release, and those that an operator gives.

use callsign_destination::area_codes::AreaCodeOrigin;
use callsign_destination::{AreaCodes, Destination, DestinationError, MAX_AREA_CODES_BYTES, Number, TableError};

const HEADER: &str = "npa,country,regions,overlays,time_zone\n";

fn with(rows: &str) -> Result<AreaCodes, TableError> {
    AreaCodes::standard().with_csv(format!("{HEADER}{rows}").as_bytes())
}

fn faults(csv: &str) -> Vec<String> {
    match AreaCodes::standard().with_csv(csv.as_bytes()) {
        Err(TableError::Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{csv}: {other:?}"),
    }
}

#[test]
fn the_standard_table_has_every_code_in_service_and_overlays_are_mutual() {
    let codes = AreaCodes::standard();
    assert_eq!(codes.iter().count(), 454);
    assert_eq!(codes.own().count(), 0);
    for known in codes.iter() {
        for &other in known.overlays {
            assert!(codes.overlays(other).contains(&known.code.get()), "{} and {other}", known.code);
            assert_eq!(codes.country(other), Some(known.country), "{} and {other}", known.code);
        }
        assert_eq!(known.regions.is_empty(), codes.same_region(known.code.get()).is_empty(), "{}", known.code);
    }
    assert_eq!(codes.overlays(465), [347, 718, 917, 929]);
    assert_eq!(codes.same_region(902), [782, 902]);
    assert_eq!(codes.same_region(787), [0; 0], "Puerto Rico is neither a state nor a province");
    assert_eq!((AreaCodes::same(200), AreaCodes::same(999)), (&[200][..], &[999][..]));
    for none in [0, 199, 1000, u16::MAX] {
        assert_eq!(AreaCodes::same(none), [0; 0], "{none}");
    }
    for none in [0, 199, 800, 1000, u16::MAX] {
        assert_eq!((codes.overlays(none), codes.same_region(none), codes.country(none)), (&[][..], &[][..], None));
    }
}

#[test]
fn a_code_that_an_operator_adds_has_its_country_overlays_region_and_time_zone() {
    let text = "+1 (988) 555-0123";
    assert_eq!(Destination::parse(text), Err(DestinationError::NoCountry { calling_code: 1 }));
    let codes = with("988,US,NY,212 646,\n").expect("sound");
    let found = codes.parse(text).expect("in service");
    assert_eq!((found.country.as_str(), found.number.to_string().as_str()), ("US", "+19885550123"));
    assert_eq!(found.area_code.map(|code| code.get()), Some(988));
    assert_eq!(codes.overlays(988), [212, 646]);
    assert_eq!(codes.overlays(212), [332, 646, 917, 988], "the other way round too");
    assert!(codes.same_region(988).contains(&716) && codes.same_region(716).contains(&988));
    let zones: Vec<_> = codes.zones(found.number).iter().map(|zone| zone.name()).collect();
    assert_eq!(zones, ["America/New_York"]);
    let own: Vec<_> = codes.own().map(|own| (own.code.get(), own.origin)).collect();
    let corrected = AreaCodeOrigin::Corrected;
    assert_eq!(own, [(212, corrected), (646, corrected), (988, AreaCodeOrigin::Added)]);
    // Numbers that are not in use stay invalid, and other numbers what they were.
    for text in ["+19881550123", "+19880550123", "+19895550123x", "+15555550123"] {
        assert_eq!(codes.parse(text), Destination::parse(text), "{text}");
    }
    assert!(matches!(codes.parse("+1988555012"), Err(DestinationError::Length { .. })));
    assert_eq!(codes.parse("+14155550123"), Destination::parse("+14155550123"));
    assert_eq!(codes.parse("+1 1 988 555 0123"), codes.parse(text), "with a national prefix");
    let number = |text: &str| Number::parse(text).expect("a number");
    assert_eq!(codes.zones(number("+14155550123")), number("+14155550123").zones());
    assert_eq!(codes.zones(number("+442079460123")), number("+442079460123").zones());
}

#[test]
fn a_row_for_a_known_code_replaces_what_was_known_of_it() {
    let codes = with("212,US,NY,917,E\n").expect("sound");
    assert_eq!(codes.overlays(212), [917]);
    assert!(!codes.overlays(646).contains(&212) && codes.overlays(917).contains(&212));
    let codes = with("415,CA,BC,604,\n").expect("sound");
    assert_eq!(codes.parse("+14155550123").map(|found| found.country.as_str()), Ok("CA"));
    assert!(codes.same_region(604).contains(&415) && !codes.same_region(510).contains(&415));
    assert!(codes.overlays(628).is_empty(), "415 does not overlay it any more");
}

#[test]
fn an_overlay_that_is_given_on_one_side_is_made_mutual() {
    let codes = with("988,US,NY,987,E\n987,US,NY,,E\n").expect("sound");
    assert_eq!((codes.overlays(988), codes.overlays(987)), (&[987][..], &[988][..]));
}

#[test]
fn the_table_of_the_release_given_as_a_file_changes_nothing() {
    let csv = include_bytes!("../data/nanp.csv");
    let codes = AreaCodes::standard().with_csv(csv).expect("sound");
    assert_eq!(codes.own().count(), 0);
    assert_eq!(codes, **AreaCodes::standard());
}

#[test]
fn a_code_has_the_time_zones_of_its_row_or_of_what_it_overlays_or_of_its_country() {
    let zones = |row: &str, code: u16| {
        let codes = with(row).expect(row);
        let number = Number::parse(&format!("+1{code}5550123")).expect("a number");
        codes.zones(number).iter().map(|zone| zone.name()).collect::<Vec<_>>()
    };
    assert_eq!(zones("988,US,TN,,EC\n", 988), ["America/Chicago", "America/New_York"]);
    assert_eq!(zones("988,US,AK,,AK\n", 988), ["America/Anchorage"]);
    assert_eq!(zones("988,US,HI,,Pacific/Honolulu\n", 988), ["Pacific/Honolulu"]);
    assert_eq!(zones("988,US,CA,415,\n", 988), ["America/Los_Angeles"]);
    assert_eq!(zones("988,PR,,,\n", 988), ["America/Puerto_Rico"]);
    assert_eq!(zones("988,JM,,,E\n", 988), ["America/Jamaica"], "where clocks stand still in summer");
    let anywhere = zones("988,US,NY,,\n", 988);
    assert!(anywhere.contains(&"Pacific/Honolulu") && anywhere.contains(&"America/New_York"), "{anywhere:?}");
    assert!(!anywhere.contains(&"America/Toronto"), "{anywhere:?}");
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_line_and_column() {
    for (row, expected) in [
        ("98,US,NY,,E", "line 2, npa: \"98\" is no area code; expected three digits, from 200 to 999"),
        ("199,US,NY,,E", "line 2, npa: \"199\" is no area code; expected three digits, from 200 to 999"),
        ("+98,US,NY,,E", "line 2, npa: \"+98\" is no area code; expected three digits, from 200 to 999"),
        ("800,US,NY,,E", "line 2, npa: 800 is toll-free and serves no area; take the line out"),
        (
            "988,XX,NY,,E",
            "line 2, country: \"XX\" is no country; expected two upper-case letters of ISO 3166-1, such as US or CA",
        ),
        (
            "988,GB,,,E",
            "line 2, country: GB does not have calling code 1; expected a country that has, such as US or CA",
        ),
        (
            "988,US,,,E",
            "line 2, regions: is empty; expected the states or provinces of US that the code serves, such as NY",
        ),
        ("988,US,ON,,E", "line 2, regions: \"ON\" is no state or province of US; expected two letters such as NY"),
        ("988,JM,NY,,E", "line 2, regions: JM has no states or provinces here; leave the column empty"),
        ("988,US,NY,989,E", "line 2, overlays: 989 serves no state or province of 988"),
        ("988,US,NY,999,E", "line 2, overlays: 999 is not listed; add a line for it, or take it out"),
        ("988,US,NY,416,E", "line 2, overlays: 416 is in CA, not in US; a code overlays one of its country"),
        ("988,US,NY,988,E", "line 2, overlays: 988 overlays itself; take it out"),
        ("988,US,NY,21,E", "line 2, overlays: \"21\" is no area code; expected three digits, from 200 to 999"),
        ("988,US,NY,,Q", "line 2, time_zone: \"Q\" is no time zone; expected A, E, C, M, P, N, AK or H"),
        ("988,US,NY,,E\n\n988,US,NY,,E", "line 4, npa: 988 is on line 2 too; keep one of them"),
        ("988,US,NY", "line 2: has 3 fields; the header has 5"),
    ] {
        let found = faults(&format!("{HEADER}{row}\n"));
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{row}: {found:?}");
    }
    for (csv, expected) in [
        ("", "line 1: the column npa is missing; expected npa,country,regions,overlays,time_zone"),
        ("npa;country\n", "line 1: there is no column \"npa;country\""),
        ("npa,country,zone\n", "line 1: there is no column \"zone\"; expected npa,country,regions,overlays,time_zone"),
        ("npa,npa\n", "line 1: the column npa is there twice"),
        ("country\nUS\n", "line 1: the column npa is missing"),
    ] {
        let found = faults(csv);
        assert!(found[0].starts_with(expected), "{csv}: {found:?}");
    }
    let both = faults(&format!("{HEADER}98,XX,NY,1,\n988,US,NY,999,\n"));
    assert_eq!(both.len(), 3, "{both:?}");
}

#[test]
fn columns_may_come_in_any_order_and_case_and_windows_files_are_read() {
    let csv = "\u{feff}Country,NPA,Regions\r\nUS,988,NY\r\n\r\n";
    let codes = AreaCodes::standard().with_csv(csv.as_bytes()).expect("sound");
    assert_eq!(codes.country(988).map(|country| country.as_str()), Some("US"));
}

#[test]
fn a_file_is_bounded_in_bytes_and_faults() {
    let most = MAX_AREA_CODES_BYTES as usize;
    let blank = |bytes: usize| format!("{HEADER}{}", "\n".repeat(bytes - HEADER.len()));
    assert!(AreaCodes::standard().with_csv(blank(most).as_bytes()).is_ok());
    let error = AreaCodes::standard().with_csv(blank(most + 1).as_bytes()).expect_err("too long");
    assert!(error.to_string().contains(&most.to_string()), "{error}");
    let wrong = format!("{HEADER}{}", "1,US,NY,,\n".repeat(500));
    assert_eq!(faults(&wrong).len(), 100);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = std::env::temp_dir().join("callsign-no-such-file.csv");
    let error = AreaCodes::load(missing).expect_err("it is not there");
    assert!(error.to_string().contains("callsign-no-such-file.csv"), "{error}");
}

#[test]
fn a_damaged_file_is_read_or_refused() {
    // xorshift: the same files in every run.
    let mut state = 0x9043_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below
    };
    let sound = include_bytes!("../data/nanp.csv");
    let pieces: [&[u8]; 8] = [b",", b"\n", b"\"", b"9", b" 212", b"\xff", b"\0", b"CA"];
    let (mut read, mut refused) = (0, 0);
    for _ in 0..500 {
        let mut csv = sound.to_vec();
        for _ in 0..=next(3) {
            let (at, piece) = (next(csv.len()), pieces[next(pieces.len())]);
            csv.splice(at..at + next(2), piece.iter().copied());
        }
        match AreaCodes::standard().with_csv(&csv) {
            Ok(codes) => {
                let mutual = |code: u16, other: &u16| codes.overlays(*other).contains(&code);
                assert!(codes.iter().all(|known| known.overlays.iter().all(|other| mutual(known.code.get(), other))));
                read += 1;
            }
            Err(TableError::Faults(faults)) => {
                assert!(!faults.is_empty() && faults.len() <= 100);
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(read > 10 && refused > 100, "{read} read, {refused} refused");
}
