//! The time zones of numbers, against libphonenumber's answers, and their offsets.

use callsign_destination::{Destination, Number, Zone};

const ZONES: &str = include_str!("data/zones.csv");
const AREA_CODES: &str = include_str!("../data/nanp.csv");

/// 2026-11-27T17:00Z, in seconds.
const NOVEMBER: i64 = 1_795_798_800;
/// 2026-07-01T12:00Z, in seconds.
const JULY: i64 = 1_782_907_200;

fn names(text: &str) -> Vec<&'static str> {
    let number = Number::parse(text).expect("a number");
    number.zones().iter().map(|zone| zone.name()).collect()
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap_or_else(|| panic!("{name} is the zone of some number"))
}

#[test]
fn every_number_of_the_test_data_has_the_zones_that_libphonenumber_gives() {
    let mut count = 0;
    for line in ZONES.lines().skip(1) {
        let (zones, numbers) = line.split_once(',').expect("two columns");
        let zones = Vec::from_iter(zones.split(' '));
        for number in numbers.split(' ') {
            assert_eq!(names(number), zones, "{number}");
            count += 1;
        }
    }
    assert_eq!(count, 4526);
}

const ON_UTC: [&str; 13] = [
    "Africa/Abidjan",
    "Africa/Accra",
    "Africa/Bamako",
    "Africa/Banjul",
    "Africa/Conakry",
    "Africa/Dakar",
    "Africa/Freetown",
    "Africa/Lome",
    "Africa/Nouakchott",
    "Africa/Ouagadougou",
    "Africa/Sao_Tome",
    "Atlantic/Reykjavik",
    "Atlantic/St_Helena",
];

#[test]
fn every_zone_has_rules_and_its_name_leads_back() {
    let mut on_utc = Vec::new();
    for zone in Zone::all() {
        assert_eq!((Zone::new(zone.get()), Zone::parse(zone.name())), (Some(zone), Some(zone)));
        let (july, november) = (zone.minutes_from_utc(JULY), zone.minutes_from_utc(NOVEMBER));
        assert!((-12 * 60..=14 * 60).contains(&july) && (july - november).abs() <= 60, "{zone}: {july}, {november}");
        if (july, november) == (0, 0) {
            on_utc.push(zone.name());
        }
    }
    // A zone without rules would be among these, which are at UTC all year.
    assert_eq!(on_utc, ON_UTC);
    assert_eq!(Zone::new(Zone::all().len() as u16), None);
    assert_eq!((Zone::parse("Etc/Unknown"), Zone::parse(""), Zone::parse("america/new_york")), (None, None, None));
}

#[test]
fn every_number_of_a_country_has_a_zone_and_no_global_network_has_one() {
    for text in ["+80012345678", "+883510012345678", "+870773111632", "+979123456789"] {
        assert_eq!(names(text), [""; 0], "{text}");
    }
    // xorshift: the same numbers in every run.
    let mut state = 0x9043_u64;
    for _ in 0..200_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let text = format!("+{}", state % 10_u64.pow(7 + (state >> 60) as u32 % 8));
        if let Ok(found) = Destination::parse(&text) {
            assert!(!found.number.zones().is_empty(), "{text}");
        }
    }
}

#[test]
fn every_area_code_of_the_us_and_canada_has_a_zone_of_the_letter_that_the_nanpa_reports() {
    for row in AREA_CODES.lines().skip(1) {
        let columns = Vec::from_iter(row.split(','));
        let [area_code, country, _, _, letters] = columns[..] else { panic!("five columns: {row}") };
        let found = names(&format!("+1{area_code}5550123"));
        assert!(found.len() <= 5, "{row}: {found:?}");
        if area_code == "689" {
            // Orlando, like 321 and 407, is in the Eastern zone; libphonenumber 9.0.43 is wrong here.
            assert_eq!(found, ["America/Chicago"]);
            continue;
        }
        if !["US", "CA"].contains(&country) {
            continue;
        }
        let standard = match letters {
            "A" => -240,
            "E" => -300,
            "C" => -360,
            "M" => -420,
            "P" => -480,
            "AK" => -540,
            "N" => -210,
            _ => continue,
        };
        // In January 2026, before British Columbia and Alberta settled on one time.
        let matches = |name: &&&str| zone(name).minutes_from_utc(1_768_000_000) == standard;
        assert!(found.iter().any(|name| matches(&name)), "{row}: {found:?}");
    }
}

#[test]
fn a_toll_free_number_may_be_anywhere_in_north_america_with_alaska_and_hawaii() {
    for area_code in [800, 833, 844, 855, 866, 877, 888] {
        let found = names(&format!("+1{area_code}5550123"));
        for name in [
            "America/New_York",
            "America/Chicago",
            "America/Denver",
            "America/Phoenix",
            "America/Los_Angeles",
            "America/Anchorage",
            "America/Adak",
            "Pacific/Honolulu",
            "America/St_Johns",
            "America/Vancouver",
        ] {
            assert!(found.contains(&name), "{area_code}: {name}");
        }
    }
}

#[test]
fn a_number_tied_to_a_place_has_its_zone_and_any_other_those_of_its_calling_code() {
    for (text, expected) in [
        ("+14155550123", &["America/Los_Angeles"][..]),
        ("+18085550123", &["Pacific/Honolulu"]),
        ("+19075550123", &["America/Adak", "America/Anchorage"]),
        ("+16045550123", &["America/Vancouver"]),
        ("+17805550123", &["America/Edmonton"]),
        ("+17875550123", &["America/Puerto_Rico"]),
        ("+442079460123", &["Europe/London"]),
        ("+4930555012345", &["Europe/Berlin"]),
        ("+5491123456789", &["America/Buenos_Aires"]),
        ("+61731012345", &["Australia/Brisbane"]),
        // Mobile numbers in Australia have no place.
        (
            "+61412345678",
            &[
                "Australia/Adelaide",
                "Australia/Brisbane",
                "Australia/Eucla",
                "Australia/Lord_Howe",
                "Australia/Perth",
                "Australia/Sydney",
                "Indian/Christmas",
                "Indian/Cocos",
            ],
        ),
        // A country that a prefix tells apart keeps its own zones, for mobile numbers too.
        ("+18765550123", &["America/Jamaica"]),
        ("+77011234567", &["Asia/Almaty", "Asia/Aqtobe"]),
        // Area codes later than libphonenumber have the zones of those that they overlay.
        ("+14655550123", &["America/New_York"]),
        ("+14715550123", &["America/Chicago"]),
        ("+14835550123", &["America/Chicago"]),
    ] {
        assert_eq!(names(text), expected, "{text}");
    }
}

#[test]
fn british_columbia_is_at_utc_minus_7_and_alberta_at_utc_minus_6_all_year_since_november_2026() {
    let hours = |name: &str, seconds: i64| zone(name).minutes_from_utc(seconds) / 60;
    // 2026-11-02, 2027-01-15 and 2027-07-15, each at 12:00Z.
    for seconds in [1_793_620_800, 1_800_014_400, 1_815_652_800] {
        assert_eq!((hours("America/Vancouver", seconds), hours("America/Edmonton", seconds)), (-7, -6), "{seconds}");
    }
    // The United States went on changing their clocks; Alaska and Hawaii are further west.
    assert_eq!((hours("America/Los_Angeles", NOVEMBER), hours("America/Los_Angeles", JULY)), (-8, -7));
    assert_eq!((hours("America/Anchorage", NOVEMBER), hours("America/Anchorage", JULY)), (-9, -8));
    assert_eq!((hours("Pacific/Honolulu", NOVEMBER), hours("Pacific/Honolulu", JULY)), (-10, -10));
    // A year before, British Columbia was at UTC-8 in winter.
    assert_eq!(hours("America/Vancouver", NOVEMBER - 365 * 86_400), -8);
}

#[test]
fn offsets_change_at_their_second_and_every_time_has_one() {
    let new_york = zone("America/New_York");
    // 2026-03-08T07:00Z and 2026-11-01T06:00Z.
    for (change, before, after) in [(1_772_953_200, -300, -240), (1_793_512_800, -240, -300)] {
        assert_eq!((new_york.minutes_from_utc(change - 1), new_york.minutes_from_utc(change)), (before, after));
    }
    assert_eq!(zone("Asia/Calcutta").minutes_from_utc(JULY), 330);
    assert_eq!(zone("Pacific/Apia").minutes_from_utc(JULY), 13 * 60);
    // Local mean time in 1800, -4:56:02, rounded to a minute.
    assert_eq!(new_york.minutes_from_utc(-5_364_662_400), -296);
    for seconds in [i64::MIN, i64::MAX] {
        let minutes = new_york.minutes_from_utc(seconds);
        assert!((-300..=-240).contains(&minutes), "{minutes}");
    }
}
