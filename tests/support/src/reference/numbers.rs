//! The numbers that worlds are made of, with what is true of them. The model and the worlds parse no number.
//!
//! The countries are those that libphonenumber 9.0.43 answers for exactly these numbers, but for 837, an area code
//! newer than that release.

use super::message::Destination;

/// Families of area codes that overlay each other or share a state or province, and such that look as if they did.
///
/// New York: 917 overlays 212 and 718, which do not overlay each other; 585 overlays none of them. California: 213 is
/// far from the others. British Columbia: 604 and 250 meet in the other codes only. Nova Scotia and Prince Edward
/// Island share both codes. Alberta: 403 and 780 meet in 368, 587 and 825 only. The last has codes without a region,
/// which are not of the US to libphonenumber (PR), and a pair of which one is newer than libphonenumber.
pub(super) const FAMILIES: [&[u16]; 6] = [
    &[212, 917, 718, 646, 332, 585],
    &[415, 628, 510, 341, 213],
    &[604, 250, 778, 236, 672],
    &[902, 782],
    &[403, 780, 368, 587],
    &[787, 939, 530, 837],
];

/// The country of an area code of a family.
pub(super) fn country_of(npa: u16) -> &'static str {
    match npa {
        604 | 250 | 778 | 236 | 672 | 902 | 782 | 403 | 780 | 368 | 587 => "CA",
        787 | 939 => "PR",
        _ => "US",
    }
}

/// Destinations outside of the families: digits, country, area code (with calling code 1).
const ELSEWHERE: [(&str, &str, Option<u16>); 21] = [
    ("18765550101", "JM", Some(876)),
    // Registered as a sender too.
    ("18005550199", "US", Some(800)),
    // A fixed line, which has no ninth digit that could be left out.
    ("551131234567", "BR", None),
    // Not geographic, but of a country all the same: toll-free and personal numbers.
    ("18005550101", "US", Some(800)),
    ("18335550101", "US", Some(833)),
    ("16005550101", "CA", Some(600)),
    ("442079460018", "GB", None),
    ("447781123456", "GG", None),
    ("33628550123", "FR", None),
    ("4930123456", "DE", None),
    ("77015550123", "KZ", None),
    ("79161234567", "RU", None),
    ("390612345678", "IT", None),
    ("390669812345", "VA", None),
    ("61891641234", "CX", None),
    ("5511912345678", "BR", None),
    ("27711234567", "ZA", None),
    ("4779123456", "SJ", None),
    // National digits that begin like an area code of a family.
    ("49212550123", "DE", None),
    ("61415555012", "AU", None),
    ("358401234567", "FI", None),
];

/// Mobile numbers that networks take in two forms: the digits of both, and the country. With and without the 9 of
/// Argentina, the old 1 of Mexico, the ninth digit of Brazil.
const TWO_FORMS: [(&str, &str, &str); 3] = [
    ("5491123456789", "541123456789", "AR"),
    ("5215512345678", "525512345678", "MX"),
    ("5511961234567", "551161234567", "BR"),
];

/// Texts that are no destination: junk, too short, too long, no such calling or area code, global networks, short codes,
/// what spreadsheets make of numbers, letters, prefixes.
pub(super) const INVALID: [&str; 26] = [
    "45100",
    "12345",
    "1.41556E+10",
    "49305550123.0",
    "+1212555O101",
    "tel:+12125550101",
    "0012125550101",
    "011442079460018",
    "hello",
    "+",
    "----",
    "12",
    "+1",
    "+4",
    "+1212",
    "+1212555",
    "+12121555010",
    "+1212555010199",
    "+12005550100",
    "+15555550100",
    "+49123456789012345678",
    "+0012125550101",
    "+999123456789",
    "+883510012345",
    "+80012345678",
    "+870301234567",
];

/// Long numbers outside of calling code 1. Several have national digits that begin with an area code of a family.
/// Three are one form of a recipient that may be written in another.
pub(super) const LONG_NUMBERS_ELSEWHERE: [&str; 11] = [
    "541123456789",
    "5215512345678",
    "551161234567",
    "442079460018",
    "442079460019",
    "33628550123",
    "33628550124",
    "49212550123",
    "61415555012",
    "77015550123",
    "77015550124",
];

pub(super) const TOLL_FREE_NUMBERS: [&str; 4] = ["18005550199", "18335550199", "18885550199", "448081570000"];

/// The second begins like an area code of a family, the third like one behind calling code 1.
pub(super) const SHORT_CODES: [&str; 4] = ["54321", "21255", "141562", "732873"];

/// Two that differ in case only, and one that differs from another by a separator.
pub(super) const ALPHANUMERICS: [&str; 5] = ["ACME", "Acme", "AC-ME", "Shop 24", "NOTICE"];

pub(super) const RCS_AGENTS: [&str; 3] = ["acme_agent", "Acme_agent", "shop-24-agent"];

/// Senders that no world registers.
pub(super) const UNREGISTERED: [&str; 5] = ["NOBODY", "acme", "+12125550999", "99999", "Shop24"];

/// The long numbers of an area code that worlds register.
pub(super) fn long_numbers(npa: u16) -> [String; 2] {
    [format!("1{npa}5550110"), format!("1{npa}5550111")]
}

/// A number to send to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipient {
    pub digits: String,
    pub destination: Destination,
}

impl Recipient {
    fn new(digits: &str, country: &str, area_code: Option<u16>) -> Self {
        Self { digits: digits.to_owned(), destination: Destination { country: country.to_owned(), area_code } }
    }

    /// The digits that stand for all forms of a number, of those that worlds are made of.
    pub(super) fn key_of(digits: &str) -> &str {
        TWO_FORMS.iter().find(|(_, other, _)| *other == digits).map_or(digits, |(one, ..)| *one)
    }
}

/// Recipients with an area code of a family. Each third is a number that worlds also register as a sender.
pub(super) fn recipients_of(family: &[u16]) -> Vec<Recipient> {
    family
        .iter()
        .flat_map(|npa| [(*npa, 101), (*npa, 102), (*npa, 110)])
        .map(|(npa, line)| Recipient::new(&format!("1{npa}5550{line}"), country_of(npa), Some(npa)))
        .collect()
}

/// Recipients with none of them.
pub(super) fn recipients_elsewhere() -> Vec<Recipient> {
    let others = ELSEWHERE.iter().map(|(digits, country, area_code)| Recipient::new(digits, country, *area_code));
    others.chain(recipients_with_two_forms().into_iter().flatten()).collect()
}

/// Recipients in both forms of their number.
pub(super) fn recipients_with_two_forms() -> [[Recipient; 2]; 3] {
    TWO_FORMS.map(|(one, other, country)| [one, other].map(|digits| Recipient::new(digits, country, None)))
}

/// The ways in which people write a number.
pub(super) const STYLES: usize = 11;

/// Writes the digits of an international number in one of the `STYLES`.
pub(super) fn write(digits: &str, style: usize) -> String {
    let in_script = |zero: char| -> String {
        let digit = |c: char| char::from_u32(u32::from(zero) + c.to_digit(10).unwrap_or_default()).unwrap_or(c);
        digits.chars().map(digit).collect()
    };
    match (style, digits.len()) {
        (0, _) => format!("+{digits}"),
        (1, _) => digits.to_owned(),
        (2, 11) if digits.starts_with('1') => {
            let (npa, line) = (&digits[1..4], &digits[4..]);
            format!("+1 ({npa}) {}-{}", &line[..3], &line[3..])
        }
        (3, 11) if digits.starts_with('1') => {
            let (npa, line) = (&digits[1..4], &digits[4..]);
            format!("1.{npa}.{}.{}", &line[..3], &line[3..])
        }
        // Blanks and format characters of any kind, as they come with a number that is pasted.
        (4, _) => format!("\u{202a}+{}\u{a0}\u{200b}{}\u{202c}", &digits[..2], &digits[2..]),
        (5, _) => format!("\u{200e}+{}\u{202f}{}\u{feff} ", &digits[..4], &digits[4..]),
        // Digits of any script.
        (6, _) => format!("+{}", in_script('\u{ff10}')),
        (7, _) => format!("+{}", in_script('\u{660}')),
        (style, _) => {
            let separator = [" ", "-", "."][style % 3];
            // Where exactly a separator stands means nothing, so "35 840" is as good as "358 40".
            let calling_code = if digits.starts_with(['1', '7']) { 1 } else { 2 };
            let (calling_code, rest) = digits.split_at(calling_code);
            let (area, line) = rest.split_at(3);
            format!("+{calling_code}{separator}{area}{separator}{line}")
        }
    }
}

/// The digits of a number, or `None` where there is more in the text than digits, separators, blanks, format characters
/// and a leading `+`.
pub(super) fn digits(text: &str) -> Option<String> {
    let is_format = |c: char| "\u{200b}\u{200e}\u{202a}\u{202c}\u{feff}".contains(c);
    let visible: String = text.chars().filter(|c| !c.is_whitespace() && !is_format(*c)).collect();
    let number = visible.strip_prefix('+').unwrap_or(&visible);
    let mut digits = String::new();
    for c in number.chars().filter(|c| !"-.()[]".contains(*c)) {
        let value = ['0', '\u{ff10}', '\u{660}']
            .into_iter()
            .filter_map(|zero| u32::from(c).checked_sub(u32::from(zero)))
            .find(|value| *value < 10)?;
        digits.extend(char::from_digit(value, 10));
    }
    (!digits.is_empty()).then_some(digits)
}
