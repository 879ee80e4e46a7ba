//! Parsing a destination from text.

use crate::country::Country;
use crate::error::DestinationError;
use crate::number::{AreaCode, Number};
use crate::plan::{Plan, walk};
use crate::scan::{Digits, copy_digits, digits_only, number, three_digits, trimmed};
use crate::tables::REGIONS;

/// libphonenumber's bounds for the digits of a national number (MIN_LENGTH_FOR_NSN, MAX_LENGTH_FOR_NSN).
const NATIONAL_DIGITS: core::ops::RangeInclusive<usize> = 2..=17;
/// Any number of this many digits fits in a `u64`.
const MAX_DIGITS: usize = 19;

/// Where a message goes.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Destination {
    /// The number, without the national prefix if the text has one.
    pub number: Number,
    /// libphonenumber's region of the number. If one country has the calling code, it is that country, whether the
    /// number is in use or not. If several share it, it is the first that has such numbers.
    pub country: Country,
    /// The first three national digits under calling code 1; `None` for other calling codes.
    pub area_code: Option<AreaCode>,
}

impl Destination {
    /// Parses E.164 with or without the leading `+`; separators are allowed. The crate's documentation has the details.
    ///
    /// # Errors
    ///
    /// The text is empty or too long, or has an invalid character; the digits do not start with a calling code, or are
    /// too few or too many; or no country has the number.
    #[inline]
    pub fn parse(text: &str) -> Result<Destination, DestinationError> {
        parse_with(text, |_, _| None)
    }
}

/// [`Destination::parse`], with the country that an operator gave national digits with an area code under calling code 1.
pub(crate) fn parse_with(
    text: &str,
    own_country: impl Fn(AreaCode, &[u8]) -> Option<Country>,
) -> Result<Destination, DestinationError> {
    let mut room;
    let (digits, value) = match digits_only(text) {
        Some(found) => found,
        None => {
            room = Digits::new();
            if let Err(fault) = copy_digits(text, &mut room) {
                return Err(with_scheme_named(text, fault.into()));
            }
            (room.as_slice(), number(0, room.as_slice()).unwrap_or(0))
        }
    };
    if digits.len() < 3 {
        return Err(if digits.is_empty() { DestinationError::Empty } else { DestinationError::TooShort });
    }
    let (plan, national) = Plan::of(digits).ok_or_else(|| with_prefix_named(digits))?;
    if national.len() < *NATIONAL_DIGITS.start() {
        return Err(DestinationError::TooShort);
    }
    if walk(plan.prefix, national) != 0
        && let Some(changed) = plan.without_prefix(national)
    {
        let national = changed.as_slice();
        let value = number(u64::from(plan.calling_code), national).unwrap_or(0);
        return locate(plan, national, value, own_country);
    }
    locate(plan, national, value, own_country)
}

/// The destination of a number that was read before, from which nothing is taken off again.
pub(crate) fn of_number(
    number: Number,
    own_country: impl Fn(AreaCode, &[u8]) -> Option<Country>,
) -> Option<Destination> {
    let mut room = [0; 20];
    let (plan, national) = Plan::of(number.digits(&mut room))?;
    locate(plan, national, number.get(), own_country).ok()
}

/// The destination of national digits without a prefix. `value` is the whole number, valid for up to 19 digits.
#[inline]
fn locate(
    plan: &Plan,
    national: &[u8],
    value: u64,
    own_country: impl Fn(AreaCode, &[u8]) -> Option<Country>,
) -> Result<Destination, DestinationError> {
    if national.len() < *NATIONAL_DIGITS.start() {
        return Err(DestinationError::TooShort);
    }
    if national.len() > *NATIONAL_DIGITS.end() || plan.calling_code_digits() + national.len() > MAX_DIGITS {
        return Err(DestinationError::TooLong);
    }
    if !plan.lengths.contains(national.len()) {
        let (calling_code, digits) = (plan.calling_code, national.len() as u8);
        return Err(DestinationError::Length { calling_code, digits, lengths: plan.lengths });
    }
    let bits = if plan.country != 0 { plan.country } else { REGIONS[usize::from(walk(plan.regions, national))] };
    let area_code = match national {
        &[first, second, third, ..] if plan.calling_code == 1 => AreaCode::new(three_digits(first, second, third)),
        _ => None,
    };
    let own = area_code.and_then(|code| own_country(code, national));
    let country = own.or_else(|| Country::from_table(bits));
    let country = country.ok_or(DestinationError::NoCountry { calling_code: plan.calling_code })?;
    Ok(Destination { number: Number::from_scan(value), country, area_code })
}

/// The error of a text with a character that no number has; where that is the scheme of a link, the number that is probably
/// meant.
#[cold]
fn with_scheme_named(text: &str, error: DestinationError) -> DestinationError {
    let text = trimmed(text);
    let named =
        |scheme: &&'static str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let Some(prefix) = SCHEMES.into_iter().find(named) else { return error };
    let rest = text.get(prefix.len()..).unwrap_or_default();
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    // Parameters, such as an extension or the text of a message.
    let number = rest.split([';', '?']).next().unwrap_or_default();
    DestinationError::Prefix { prefix, meant: meant(number) }
}

/// Schemes of links and what people write like them.
const SCHEMES: [&str; 10] =
    ["tel:", "sms:", "smsto:", "mms:", "mmsto:", "rcs:", "callto:", "whatsapp:", "phone:", "mobile:"];

/// The error of digits that begin with no calling code; where they begin with a prefix of international dialling, the number
/// that is probably meant.
#[cold]
fn with_prefix_named(digits: &[u8]) -> DestinationError {
    let digits = core::str::from_utf8(digits).unwrap_or_default();
    for prefix in ["00", "011"] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return DestinationError::Prefix { prefix, meant: meant(rest) };
        }
    }
    DestinationError::UnknownCallingCode
}

fn meant(rest: &str) -> Option<Number> {
    Destination::parse(rest).ok().map(|meant| meant.number)
}
