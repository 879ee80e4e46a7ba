//! Reads numbers from standard input, one a line, and prints what the crate answers as `country,E.164,error,zones`: the
//! other half of `metadata/compare.py`.

use std::io::{self, BufRead, Write};

use callsign_destination::{Destination, DestinationError, TextError};

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        match Destination::parse(&line?) {
            Ok(found) => {
                let zones = Vec::from_iter(found.number.zones().iter().map(|zone| zone.name())).join(" ");
                writeln!(out, "{},{},,{zones}", found.country, found.number)?;
            }
            Err(error) => writeln!(out, ",,{},", name(error))?,
        }
    }
    out.flush()
}

fn name(error: DestinationError) -> &'static str {
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
