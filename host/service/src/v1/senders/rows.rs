//! Senders as rows of CSV, with the coverage written as `SMS:US|CA;MMS:*`.

use callsign::{Channel, Countries, Coverage, Sender};
use serde_json::{Map, Value, json};

use crate::fault::Violation;
use crate::http::quoted;

/// The columns, in the order of an export. An import may have them in any order.
const COLUMNS: [&str; 5] = ["senderId", "sender", "senderType", "status", "coverage"];

/// The media type.
pub(super) const TYPE: &str = "text/csv";

/// The first line.
pub(super) fn header() -> String {
    format!("{}\n", COLUMNS.join(","))
}

/// Adds the line of a sender.
pub(super) fn write(lines: &mut csv::Writer<Vec<u8>>, sender: &Sender) {
    let status = if sender.suspended { "SUSPENDED" } else { "ACTIVE" };
    let coverage = coverage_text(&sender.coverage);
    // Writing to memory does not fail.
    let _ = lines.write_record([&*sender.id, &*sender.address, sender.kind.as_str(), status, &*coverage]);
}

fn coverage_text(coverage: &Coverage) -> String {
    let entries = Channel::ALL.into_iter().filter_map(|channel| {
        let countries = match coverage.countries(channel)? {
            Countries::All => "*".to_owned(),
            Countries::Only(list) => list.iter().map(|country| country.as_str()).collect::<Vec<_>>().join("|"),
        };
        Some(format!("{}:{countries}", channel.as_str()))
    });
    entries.collect::<Vec<_>>().join(";")
}

/// The coverage in the words of a catalog file. The catalog checks channels and countries.
fn coverage(text: &str) -> Result<Value, String> {
    let entries = text.split(';').map(str::trim).filter(|entry| !entry.is_empty());
    let entries = entries.map(|entry| {
        let Some((channel, countries)) = entry.split_once(':') else {
            return Err(format!(
                "{} is not a channel and its countries, such as SMS:US|CA or MMS:*, with ; between several",
                quoted(entry)
            ));
        };
        let countries = match countries.trim() {
            "*" => json!("*"),
            list => list.split('|').map(str::trim).filter(|country| !country.is_empty()).collect(),
        };
        Ok(json!({ "channel": channel.trim(), "countries": countries }))
    });
    entries.collect::<Result<Vec<Value>, String>>().map(Value::Array)
}

/// Reads rows: `row` gets each sender in the words of a catalog file, `fault` each violation, both with the line.
pub(super) fn read(text: &str, mut row: impl FnMut(u64, Value), mut fault: impl FnMut(u64, Violation)) {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut columns: Option<Vec<&'static str>> = None;
    loop {
        let line = |record: &csv::StringRecord| record.position().map_or(1, csv::Position::line);
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                return fault(line, Violation::new("", format!("is not CSV: {error}")));
            }
        }
        let line = line(&record);
        let Some(columns) = &columns else {
            match self::columns(&record) {
                Ok(found) => columns = Some(found),
                Err(wrong) => return wrong.into_iter().for_each(|wrong| fault(line, wrong)),
            }
            continue;
        };
        if record.len() != columns.len() {
            let text = format!("has {} values; the first line has {} columns", record.len(), columns.len());
            fault(line, Violation::new("", text));
            continue;
        }
        let mut sender = Map::new();
        let mut is_sound = true;
        for (column, value) in columns.iter().zip(&record) {
            let value = match *column {
                "coverage" => match coverage(value) {
                    Ok(coverage) => coverage,
                    Err(wrong) => {
                        fault(line, Violation::new("coverage", wrong));
                        is_sound = false;
                        continue;
                    }
                },
                // An empty status says nothing, as if the column were left out.
                "status" if value.is_empty() => continue,
                _ => value.into(),
            };
            sender.insert((*column).to_owned(), value);
        }
        if is_sound {
            row(line, Value::Object(sender));
        }
    }
}

/// The columns of the first line.
fn columns(header: &csv::StringRecord) -> Result<Vec<&'static str>, Vec<Violation>> {
    let mut columns = Vec::new();
    let mut wrong = Vec::new();
    for name in header.iter().map(str::trim) {
        match COLUMNS.into_iter().find(|column| *column == name) {
            None => {
                let text = format!("is not a column here; the columns are {}", COLUMNS.join(", "));
                wrong.push(Violation::new(quoted(name), text));
            }
            Some(column) if columns.contains(&column) => {
                wrong.push(Violation::new(column, "is a column twice; keep one of them"));
            }
            Some(column) => columns.push(column),
        }
    }
    // What a new sender lacks is reported with its line.
    if !columns.contains(&"senderId") {
        wrong.push(Violation::new("senderId", "is not among the columns of the first line"));
    }
    if wrong.is_empty() { Ok(columns) } else { Err(wrong) }
}
