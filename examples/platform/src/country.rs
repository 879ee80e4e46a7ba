//! The countries of the platform, and what senders may do in each.

use Region::{AsiaPacific, Europe, LatinAmerica, MiddleEastAfrica, NorthAmerica};
use Service::{CrossBorder, Mms, Names, Rcs};

use crate::random::Random;

/// One of the countries of the platform, as its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Country(u8);

/// Neighbours, for senders and clients that work across borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    NorthAmerica,
    LatinAmerica,
    Europe,
    AsiaPacific,
    MiddleEastAfrica,
}

#[derive(Debug)]
struct Facts {
    code: &'static str,
    calling_code: u64,
    /// The digits of a mobile number after the calling code.
    digits: u32,
    /// What mobile numbers begin with after the calling code; empty where states and area codes decide.
    mobile_prefixes: &'static [&'static str],
    region: Region,
    /// How much of the platform's business is there.
    weight: u64,
    services: &'static [Service],
}

/// What operators of a country carry beside SMS from numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    /// SMS from names, without conditions that this example would have to meet.
    Names,
    Mms,
    Rcs,
    /// Long numbers that are sold for messages to other countries.
    CrossBorder,
}

impl Country {
    /// How many there are.
    pub(crate) const COUNT: usize = TABLE.len();

    /// All, in the order of the table, which begins with the largest.
    pub(crate) fn all() -> impl Iterator<Item = Country> + Clone {
        (0..TABLE.len() as u8).map(Country)
    }

    /// The country of an alpha-2 code.
    ///
    /// # Panics
    ///
    /// It is not in the table: names are written in this program, never read.
    pub(crate) fn named(code: &str) -> Country {
        Country::all()
            .find(|country| country.code() == code)
            .unwrap_or_else(|| panic!("{code} is not in the table of countries"))
    }

    /// A country, by weight.
    pub(crate) fn draw(random: &mut Random) -> Country {
        Country::draw_where(random, |_| true)
    }

    /// One of some countries, by weight.
    pub(crate) fn draw_where(random: &mut Random, which: impl Fn(Country) -> bool + Clone) -> Country {
        let weights = Country::all().map(|country| match which(country) {
            true => country.facts().weight,
            false => 0,
        });
        Country(random.weighted_index(weights) as u8)
    }

    /// Its place in the table, below [`Country::COUNT`].
    pub(crate) fn place(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn code(self) -> &'static str {
        self.facts().code
    }

    pub(crate) fn calling_code(self) -> u64 {
        self.facts().calling_code
    }

    pub(crate) fn digits(self) -> u32 {
        self.facts().digits
    }

    pub(crate) fn mobile_prefixes(self) -> &'static [&'static str] {
        self.facts().mobile_prefixes
    }

    pub(crate) fn region(self) -> Region {
        self.facts().region
    }

    /// Whether one operator market serves it together with the United States.
    pub(crate) fn is_north_american(self) -> bool {
        self.region() == Region::NorthAmerica
    }

    /// Whether SMS may come from a name.
    pub(crate) fn has_names(self) -> bool {
        self.has(Service::Names)
    }

    pub(crate) fn has_mms(self) -> bool {
        self.has(Service::Mms)
    }

    pub(crate) fn has_rcs(self) -> bool {
        self.has(Service::Rcs)
    }

    /// Whether its long numbers are sold for messages to other countries.
    pub(crate) fn is_cross_border(self) -> bool {
        self.has(Service::CrossBorder)
    }

    fn has(self, service: Service) -> bool {
        self.facts().services.contains(&service)
    }

    fn facts(self) -> &'static Facts {
        &TABLE[self.place()]
    }
}

#[rustfmt::skip]
const fn row(
    code: &'static str, calling_code: u64, digits: u32, region: Region, weight: u64, services: &'static [Service],
    mobile_prefixes: &'static [&'static str],
) -> Facts {
    Facts { code, calling_code, digits, mobile_prefixes, region, weight, services }
}

#[rustfmt::skip]
const TABLE: &[Facts] = &[
    row("US", 1, 10, NorthAmerica, 400, &[Mms, Rcs], &[]),
    row("GB", 44, 10, Europe, 80, &[Names, Rcs, CrossBorder],
        &["741", "742", "743", "747", "748", "751", "753", "757", "772", "775", "777", "780", "785", "787",
            "789", "794", "798"]),
    row("IN", 91, 10, AsiaPacific, 75, &[Names, Rcs],
        &["70", "72", "74", "84", "90", "91", "93", "94", "95", "96", "97", "98", "99"]),
    row("DE", 49, 11, Europe, 65, &[Names, Rcs], &["151", "152", "155", "157", "159"]),
    row("BR", 55, 11, LatinAmerica, 65, &[Rcs],
        &["119", "219", "319", "419", "519", "619", "719", "819", "859", "629"]),
    row("CA", 1, 10, NorthAmerica, 60, &[Mms, Rcs], &[]),
    row("FR", 33, 9, Europe, 55, &[Names, Rcs],
        &["61", "62", "64", "65", "66", "67", "68", "73", "74", "75", "76", "77", "78"]),
    row("ES", 34, 9, Europe, 22, &[Names, Rcs], &["60", "61", "62", "63", "65", "66", "67", "68", "69", "71"]),
    row("IT", 39, 10, Europe, 22, &[Names, Rcs], &["32", "33", "34", "35", "36", "37", "38", "39"]),
    row("MX", 52, 10, LatinAmerica, 22, &[Rcs], &["33", "55", "56", "22", "44", "77", "81", "99"]),
    row("AU", 61, 9, AsiaPacific, 20, &[Names, Mms],
        &["40", "41", "42", "43", "447", "448", "450", "455", "478", "488", "490"]),
    row("NL", 31, 9, Europe, 14, &[Names, CrossBorder], &["61", "62", "63", "64", "65"]),
    row("PL", 48, 9, Europe, 12, &[Names, CrossBorder],
        &["50", "51", "53", "57", "60", "66", "69", "72", "73", "78", "79", "88"]),
    row("PR", 1, 10, NorthAmerica, 8, &[Mms], &[]),
    row("SE", 46, 9, Europe, 8, &[Names, Rcs, CrossBorder], &["70", "72", "73", "76", "79"]),
    row("CH", 41, 9, Europe, 8, &[Names], &["75", "76", "77", "78", "79"]),
    row("AT", 43, 10, Europe, 7, &[Names], &["650", "660", "664", "676", "680", "681", "699"]),
    row("BE", 32, 9, Europe, 7, &[Names], &["46", "47", "48", "49"]),
    row("IE", 353, 9, Europe, 7, &[Names], &["83", "85", "86", "87", "89"]),
    row("PT", 351, 9, Europe, 6, &[Names], &["91", "92", "93", "96"]),
    row("NO", 47, 8, Europe, 6, &[Names],
        &["40", "41", "46", "47", "48", "90", "91", "92", "93", "95", "97", "98", "99"]),
    row("DK", 45, 8, Europe, 6, &[Names], &["26", "27", "28", "204", "221", "233", "241", "251", "252"]),
    row("FI", 358, 9, Europe, 5, &[Names, CrossBorder], &["40", "41", "44", "45", "46", "50"]),
    row("CZ", 420, 9, Europe, 5, &[Names], &["602", "603", "604", "605", "606", "607", "608", "702", "72", "73", "77"]),
    row("RO", 40, 9, Europe, 5, &[Names], &["72", "73", "74", "75", "76"]),
    row("GR", 30, 10, Europe, 5, &[Names], &["693", "694", "697", "698", "699"]),
    row("HU", 36, 9, Europe, 4, &[Names], &["20", "30", "70"]),
    row("TR", 90, 10, MiddleEastAfrica, 9, &[Names], &["53", "54", "55"]),
    row("AE", 971, 9, MiddleEastAfrica, 9, &[Names], &["50", "52", "54", "55", "56", "58"]),
    row("SA", 966, 9, MiddleEastAfrica, 8, &[Names], &["50", "53", "54", "55", "56", "58", "59"]),
    row("ZA", 27, 9, MiddleEastAfrica, 8, &[],
        &["60", "61", "62", "63", "71", "72", "73", "74", "76", "78", "79", "82", "83", "84"]),
    row("NG", 234, 10, MiddleEastAfrica, 7, &[Names],
        &["703", "706", "803", "805", "806", "807", "810", "813", "814", "816", "903", "906"]),
    row("IL", 972, 9, MiddleEastAfrica, 6, &[Names],
        &["502", "504", "505", "522", "523", "524", "525", "526", "53", "542", "544", "545", "546", "547"]),
    row("KE", 254, 9, MiddleEastAfrica, 5, &[Names], &["11", "70", "71", "72", "74", "79"]),
    row("EG", 20, 10, MiddleEastAfrica, 5, &[Names], &["10", "11", "12", "15"]),
    row("MA", 212, 9, MiddleEastAfrica, 4, &[Names],
        &["60", "61", "62", "63", "64", "65", "66", "67", "70", "76", "77"]),
    row("ID", 62, 11, AsiaPacific, 14, &[Names],
        &["812", "813", "821", "822", "851", "852", "857", "858", "878", "896"]),
    row("PH", 63, 10, AsiaPacific, 10, &[Names],
        &["905", "906", "915", "916", "917", "918", "919", "92", "93", "95", "97"]),
    row("JP", 81, 10, AsiaPacific, 10, &[Names],
        &["702", "704", "708", "802", "803", "805", "808", "901", "903", "905", "908", "909"]),
    row("SG", 65, 8, AsiaPacific, 8, &[Names],
        &["81", "82", "83", "84", "85", "86", "87", "88", "90", "91", "92", "93", "94", "96", "97", "98"]),
    row("TH", 66, 9, AsiaPacific, 7, &[Names],
        &["61", "62", "63", "80", "81", "83", "84", "85", "86", "87", "89", "91", "92", "94", "95"]),
    row("MY", 60, 9, AsiaPacific, 7, &[],
        &["12", "16", "19", "132", "133", "134", "136", "137", "138", "172", "173", "176", "178"]),
    row("HK", 852, 8, AsiaPacific, 6, &[Names], &["61", "62", "63", "64", "65", "69", "94", "96", "97"]),
    row("KR", 82, 10, AsiaPacific, 6, &[], &["102", "103", "104", "105", "106", "107", "108", "109"]),
    row("VN", 84, 9, AsiaPacific, 6, &[Names],
        &["32", "33", "34", "35", "36", "37", "38", "39", "70", "76", "77", "79", "90", "91", "93", "96", "97", "98"]),
    row("NZ", 64, 9, AsiaPacific, 5, &[], &["21", "22", "27"]),
    row("KZ", 7, 10, MiddleEastAfrica, 4, &[Names],
        &["700", "701", "702", "705", "707", "747", "771", "775", "776", "777", "778"]),
    row("CO", 57, 10, LatinAmerica, 9, &[], &["300", "301", "302", "304", "305", "31", "320", "321", "322", "350"]),
    row("AR", 54, 11, LatinAmerica, 8, &[], &["9113", "9114", "9115", "9116"]),
    row("CL", 56, 9, LatinAmerica, 7, &[], &["961", "962", "963", "964", "965", "966", "971", "972", "98"]),
    row("PE", 51, 9, LatinAmerica, 6, &[Names], &["91", "92", "93", "94", "95", "96", "97", "98", "99"]),
    row("DO", 1, 10, LatinAmerica, 4, &[], &[]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_finds_its_country() {
        for country in Country::all() {
            assert_eq!(Country::named(country.code()), country);
        }
        assert!(Country::all().count() >= 48);
    }

    #[test]
    fn names_are_not_allowed_in_north_america() {
        assert!(Country::all().all(|country| !(country.is_north_american() && country.has_names())));
    }
}
