//! Reads the tables that an operator gives as files: CSV with a header.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::table_error::{TableError, TableFault};

/// The bytes of a file, if it has at most so many.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, TableError> {
    let failed = |source| TableError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Whether a table has at most so many bytes.
pub(crate) fn check_length(csv: &[u8], most: u64) -> Result<(), TableError> {
    if csv.len() as u64 > most { Err(TableError::TooLong { most }) } else { Ok(()) }
}

/// A line that is not blank.
pub(crate) struct Line {
    /// From 1, which is the header.
    pub(crate) number: u64,
    /// In the order of the wanted columns.
    fields: Vec<String>,
    columns: &'static [&'static str],
}

impl Line {
    /// The field of a column, without outer blanks; empty where the file lacks the column.
    pub(crate) fn field(&self, column: &str) -> &str {
        let place = self.columns.iter().position(|known| *known == column);
        place.and_then(|place| self.fields.get(place)).map_or("", |field| field.trim())
    }
}

/// The lines of a CSV file with these columns in any order, of which only the first must be there.
pub(crate) fn lines(csv: &[u8], columns: &'static [&'static str]) -> Result<Vec<Line>, TableError> {
    let fault = |line: u64, message: String| TableError::Faults(vec![TableFault { line, column: None, message }]);
    let wrong = |error: csv::Error| {
        fault(error.position().map_or(1, csv::Position::line), format!("not CSV in UTF-8: {error}"))
    };
    let csv = csv.strip_prefix(b"\xef\xbb\xbf").unwrap_or(csv);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
    let header = reader.headers().map_err(wrong)?.clone();
    let expected = columns.join(",");
    let mut places = Vec::new();
    for name in &header {
        let name = name.trim();
        match columns.iter().position(|column| column.eq_ignore_ascii_case(name)) {
            Some(place) if places.contains(&place) => {
                return Err(fault(1, format!("the column {name} is there twice")));
            }
            Some(place) => places.push(place),
            None => return Err(fault(1, format!("there is no column {name:?}; expected {expected}"))),
        }
    }
    if !places.contains(&0) {
        return Err(fault(1, format!("the column {} is missing; expected {expected}", columns[0])));
    }
    let mut lines = Vec::new();
    for record in reader.into_records() {
        let record = record.map_err(wrong)?;
        let number = record.position().map_or(0, |start| start.line() + blank_lines(csv, start.byte()));
        if record.len() != header.len() {
            return Err(fault(number, format!("has {} fields; the header has {}", record.len(), header.len())));
        }
        let mut fields = vec![String::new(); columns.len()];
        for (&place, field) in places.iter().zip(&record) {
            field.clone_into(&mut fields[place]);
        }
        lines.push(Line { number, fields, columns });
    }
    Ok(lines)
}

/// How many blank lines there are from a place on: the reader passes over them after it has noted where a record begins.
fn blank_lines(csv: &[u8], from: u64) -> u64 {
    let rest = usize::try_from(from).ok().and_then(|from| csv.get(from..)).unwrap_or(&[]);
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    blank.filter(|byte| **byte == b'\n').count() as u64
}
