//! Telephone numbers: of people, of senders, as people write them, and what is no number at all.

use crate::{area_code::State, country::Country, random::Random};

/// The area codes of numbers that are free to call.
const TOLL_FREE: [u64; 7] = [800, 833, 844, 855, 866, 877, 888];

/// An E.164 number as an integer: calling code and national digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Number(pub(crate) u64);

impl Number {
    /// A number that a person of the country may have, or a sender; of the state where it has states.
    pub(crate) fn draw(random: &mut Random, country: Country, state: Option<State>) -> Number {
        let state = state.or_else(|| State::draw(random, country));
        if let Some(state) = state {
            let area_code = u64::from(state.area_code(random));
            return Number::north_american(random, area_code);
        }
        let prefix = *random.pick(country.mobile_prefixes());
        let rest = country.digits() - prefix.len() as u32;
        let prefix: u64 = prefix.parse().unwrap_or(0);
        let national = prefix * 10_u64.pow(rest) + random.digits(rest);
        Number(country.calling_code() * 10_u64.pow(country.digits()) + national)
    }

    /// A number that is free to call.
    pub(crate) fn toll_free(random: &mut Random) -> Number {
        let area_code = *random.pick(&TOLL_FREE);
        Number::north_american(random, area_code)
    }

    /// The exchange begins with 2 to 9 and is not one of 211, 311, ... 911.
    fn north_american(random: &mut Random, area_code: u64) -> Number {
        let exchange = 100 * (2 + random.below(8)) + random.digits(2);
        let exchange = if exchange % 100 == 11 { exchange + 1 } else { exchange };
        Number((1000 + area_code) * 10_000_000 + exchange * 10_000 + random.digits(4))
    }

    /// The number as people and systems write it: mostly digits, often with a plus, seldom with separators.
    pub(crate) fn written(self, random: &mut Random, country: Country) -> String {
        match random.below(100) {
            0..68 => self.0.to_string(),
            68..95 => format!("+{}", self.0),
            _ => self.separated(random, country),
        }
    }

    fn separated(self, random: &mut Random, country: Country) -> String {
        let unit = 10_u64.pow(country.digits());
        let (calling, national) = (self.0 / unit, self.0 % unit);
        if calling == 1 {
            let (area, exchange, line) = (national / 10_000_000, national / 10_000 % 1000, national % 10_000);
            return match random.below(4) {
                0 => format!("+1 ({area}) {exchange}-{line:04}"),
                1 => format!("+1-{area}-{exchange}-{line:04}"),
                2 => format!("1.{area}.{exchange}.{line:04}"),
                _ => format!("+1 {area} {exchange} {line:04}"),
            };
        }
        let separator = *random.pick(&[' ', ' ', '-', '.']);
        let digits = national.to_string();
        let mut text = format!("+{calling}");
        for (place, digit) in digits.chars().enumerate() {
            // Groups of three; the last has up to four.
            if place % 3 == 0 && (digits.len() - place > 1 || place == 0) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// A `to` that is a mistake: not a number of any country.
    pub(crate) fn invalid(random: &mut Random) -> String {
        const JUNK: [&str; 10] =
            ["", "n/a", "unknown", "test", "-", "null", "mobile", "customer@mail.example", "see notes", "+"];
        match random.below(10) {
            0..3 => (*random.pick(&JUNK)).to_owned(),
            // Too short for a North American number.
            3..5 => format!("1{}", area_code(random)),
            5..7 => format!("+1{}{:03}", area_code(random), random.digits(3)),
            // The national form, with its leading 0 and without a calling code.
            7 => format!("0{}", 1_000_000_000 + random.digits(9)),
            // Satellites and networks that belong to no country.
            8 => format!("+88351{:010}", random.digits(10)),
            _ => format!("+8816{:08}", random.digits(8)),
        }
    }
}

/// An area code of the United States. Those of the Caribbean tell their country alone, however short the number.
fn area_code(random: &mut Random) -> u16 {
    State::draw(random, Country::named("US")).map_or(212, |state| state.area_code(random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{area_code, random::Purpose};

    fn digits(text: &str) -> String {
        text.chars().filter(char::is_ascii_digit).collect()
    }

    #[test]
    fn numbers_have_their_countrys_digits() {
        let mut random = Random::stream(1, Purpose::Recipients, 0);
        for country in Country::all() {
            for _ in 0..200 {
                let number = Number::draw(&mut random, country, None);
                let text = number.0.to_string();
                let calling = country.calling_code().to_string();
                assert!(text.starts_with(&calling), "{} {text}", country.code());
                assert_eq!(text.len(), calling.len() + country.digits() as usize, "{text}");
                if country.calling_code() == 1 {
                    let area_code = text[1..4].parse().expect("three digits");
                    assert_eq!(area_code::country_of(area_code), Some(country.code()), "{text}");
                    assert!(!text[4..].starts_with(['0', '1']) && &text[5..7] != "11", "{text}");
                }
            }
        }
    }

    #[test]
    fn writing_a_number_keeps_its_digits() {
        let mut random = Random::stream(1, Purpose::Recipients, 1);
        let mut separated = 0;
        for country in Country::all() {
            for _ in 0..200 {
                let number = Number::draw(&mut random, country, None);
                let text = number.written(&mut random, country);
                assert_eq!(digits(&text), number.0.to_string(), "{text}");
                separated += usize::from(text.contains([' ', '-', '.']));
            }
        }
        let share = separated * 100 / (Country::COUNT * 200);
        assert!((3..8).contains(&share), "{share}");
    }
}
