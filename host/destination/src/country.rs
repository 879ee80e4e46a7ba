//! Countries by their two letters.

use core::fmt;

/// The 249 officially assigned codes of ISO 3166-1 alpha-2, and libphonenumber's regions that are not among them:
/// Ascension Island (AC), Tristan da Cunha (TA), Kosovo (XK).
const KNOWN: &str = "\
AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC \
CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE \
GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM \
KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ \
NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH \
SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE \
VG VI VN VU WF WS XK YE YT ZA ZM ZW ";

const PAIRS: usize = 26 * 26;

/// The index of a pair of upper-case letters among all 676.
const fn place(first: u8, second: u8) -> usize {
    (first - b'A') as usize * 26 + (second - b'A') as usize
}

/// One bit for each pair of letters.
static KNOWN_BITS: [u64; PAIRS.div_ceil(64)] = {
    let mut bits = [0; PAIRS.div_ceil(64)];
    let text = KNOWN.as_bytes();
    let mut at = 0;
    while at + 2 < text.len() {
        let place = place(text[at], text[at + 1]);
        bits[place / 64] |= 1 << (place % 64);
        at += 3;
    }
    bits
};

/// "AAABAC...ZZ". A [`Country`] is an integer, so `as_str` borrows its letters from here.
static ALL_PAIRS: &str = {
    const BYTES: [u8; PAIRS * 2] = {
        let mut bytes = [0; PAIRS * 2];
        let mut at = 0;
        while at < PAIRS {
            bytes[at * 2] = b'A' + (at / 26) as u8;
            bytes[at * 2 + 1] = b'A' + (at % 26) as u8;
            at += 1;
        }
        bytes
    };
    match core::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => panic!("the letters are ASCII"),
    }
};

/// A country or territory: two upper-case ASCII letters in 16 bits, the first in the upper byte.
///
/// Usually a code of ISO 3166-1 alpha-2. [`Country::parse`] takes known codes only; [`Country::from_bits`] takes any
/// two letters, so that stored values of a later version can be read.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country(u16);

impl Country {
    /// The United States of America.
    pub const US: Country = Country(0x5553);
    /// Canada.
    pub const CA: Country = Country(0x4341);

    /// The country with these letters, the first in the upper byte; `None` if a byte is not an upper-case ASCII letter.
    /// This does not check whether such a country is known.
    pub const fn from_bits(bits: u16) -> Option<Country> {
        let [first, second] = bits.to_be_bytes();
        if first.is_ascii_uppercase() && second.is_ascii_uppercase() { Some(Country(bits)) } else { None }
    }

    /// The two letters, the first in the upper byte.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The known country with this code of two upper-case letters; `None` for any other text.
    ///
    /// The known codes are the 249 that ISO 3166-1 officially assigns and three more of libphonenumber: AC, TA, XK.
    pub fn parse(code: &str) -> Option<Country> {
        let &[first, second] = code.as_bytes() else {
            return None;
        };
        let country = Country::from_bits(u16::from_be_bytes([first, second]))?;
        let place = place(first, second);
        (KNOWN_BITS[place / 64] >> (place % 64) & 1 == 1).then_some(country)
    }

    /// The two letters.
    pub fn as_str(self) -> &'static str {
        let [first, second] = self.0.to_be_bytes();
        let at = place(first, second) * 2;
        &ALL_PAIRS[at..at + 2]
    }

    /// A country of the generated tables, whose codes are valid; 0 is none.
    pub(crate) const fn from_table(bits: u16) -> Option<Country> {
        if bits == 0 { None } else { Some(Country(bits)) }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_are_the_249_assigned_codes_and_three_regions_of_libphonenumber() {
        let known =
            (0..=u16::MAX).filter_map(Country::from_bits).filter(|country| Country::parse(country.as_str()).is_some());
        assert_eq!(known.count(), 249 + 3);
        for code in ["US", "AQ", "XK", "AC", "TA", "ZW", "AD"] {
            assert_eq!(Country::parse(code).map(Country::as_str), Some(code));
        }
        for code in ["", "U", "USA", "us", "Us", "AA", "ZZ", "UK", "EU", "XX", "1A", "é"] {
            assert_eq!(Country::parse(code), None, "{code:?}");
        }
    }

    #[test]
    fn bits_are_two_upper_case_letters() {
        assert_eq!(Country::from_bits(0x5553), Some(Country::US));
        assert_eq!(Country::CA.as_str(), "CA");
        assert_eq!(Country::from_bits(Country::CA.bits()), Some(Country::CA));
        assert_eq!(Country::from_bits(0x4141).map(Country::as_str), Some("AA"));
        for bits in [0, 0x5500, 0x0053, 0x7573, 0x405a, 0x5b41, u16::MAX] {
            assert_eq!(Country::from_bits(bits), None, "{bits:#x}");
        }
        assert_eq!(format!("{:?} {:>4}", Country::US, Country::CA), "Country(US)   CA");
    }
}
