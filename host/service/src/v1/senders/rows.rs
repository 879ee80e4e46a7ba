//! Senders as rows of CSV, with the coverage written as `SMS:US|CA;SMS:SG:PENDING;MMS:*`.

use std::collections::BTreeSet;

use callsign::{Channel, Countries, Coverage, Registration, Sender};
use serde_json::{Map, Value, json};

use crate::fault::{Fault, Violation};
use crate::http::quoted;

/// The columns, in the order of an export; those of attributes follow. An import may have them in any order.
const COLUMNS: [&str; 7] = ["senderId", "sender", "senderType", "status", "coverage", "messageTypes", "weight"];

/// What the column of an attribute begins with; its name follows.
const ATTRIBUTE: &str = "attribute.";

/// The most columns of attributes of an export: each sender has a cell for each.
const MOST_ATTRIBUTES: usize = 256;

/// The media type.
pub(super) const TYPE: &str = "text/csv";

/// The columns of an export.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// The names of the attributes that any sender has.
    attributes: Vec<String>,
}

impl Table {
    /// The columns for some senders.
    ///
    /// # Errors
    /// 409: together they have too many different attributes for a table.
    pub(super) fn of<'s>(senders: impl Iterator<Item = &'s Sender>) -> Result<Self, Fault> {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for sender in senders.filter(|sender| !sender.attributes.is_empty()) {
            names.extend(sender.attributes.iter().map(|(name, _)| name));
            if names.len() > MOST_ATTRIBUTES {
                return Err(Fault::conflict(format!(
                    "the senders have more than {MOST_ATTRIBUTES} different attributes, too many for the columns of a \
                     table: export them with format=jsonl"
                )));
            }
        }
        Ok(Self { attributes: names.into_iter().map(str::to_owned).collect() })
    }

    /// The first line.
    pub(super) fn header(&self) -> String {
        let attributes: String = self.attributes.iter().map(|name| format!(",{ATTRIBUTE}{name}")).collect();
        format!("{}{attributes}\n", COLUMNS.join(","))
    }

    /// Adds the line of a sender.
    pub(super) fn write(&self, lines: &mut csv::Writer<Vec<u8>>, sender: &Sender) {
        let status = if sender.suspended { "SUSPENDED" } else { "ACTIVE" };
        let coverage = coverage_text(&sender.coverage);
        let types = sender.message_types.iter().collect::<Vec<_>>().join("|");
        let weight = sender.weight.to_string();
        let own = [&*sender.id, &*sender.address, sender.kind.as_str(), status, &*coverage, &*types, &*weight];
        let attributes = self.attributes.iter().map(|name| sender.attributes.get(name).unwrap_or_default());
        // Writing to memory does not fail.
        let _ = lines.write_record(own.into_iter().chain(attributes));
    }
}

fn coverage_text(coverage: &Coverage) -> String {
    let entries = Channel::ALL.into_iter().flat_map(|channel| {
        coverage.entries(channel).map(move |(registration, countries)| {
            let countries = match countries {
                Countries::All => "*".to_owned(),
                Countries::Only(list) => list.iter().map(|country| country.as_str()).collect::<Vec<_>>().join("|"),
            };
            match registration {
                Registration::Active => format!("{}:{countries}", channel.as_str()),
                other => format!("{}:{countries}:{other}", channel.as_str()),
            }
        })
    });
    entries.collect::<Vec<_>>().join(";")
}

/// The coverage in the words of a catalog file. The catalog checks channels, countries and registrations.
fn coverage(text: &str) -> Result<Value, String> {
    let entries = text.split(';').map(str::trim).filter(|entry| !entry.is_empty());
    let entries = entries.map(|entry| {
        let Some((channel, rest)) = entry.split_once(':') else {
            return Err(format!(
                "{} is not a channel and its countries, such as SMS:US|CA, SMS:SG:PENDING or MMS:*, with ; between several",
                quoted(entry)
            ));
        };
        let (countries, status) = match rest.split_once(':') {
            Some((countries, status)) => (countries, Some(status.trim())),
            None => (rest, None),
        };
        let countries = match countries.trim() {
            "*" => json!("*"),
            list => list.split('|').map(str::trim).filter(|country| !country.is_empty()).collect(),
        };
        let mut entry = json!({ "channel": channel.trim(), "countries": countries });
        if let Some(status) = status {
            entry["status"] = status.into();
        }
        Ok(entry)
    });
    entries.collect::<Result<Vec<Value>, String>>().map(Value::Array)
}

/// A column of an import.
enum Column {
    Field(&'static str),
    Attribute(String),
}

/// Reads rows: `row` gets each sender in the words of a catalog file and the attributes that the table has columns for,
/// `fault` each violation, both with the line.
pub(super) fn read(
    text: &str,
    mut row: impl FnMut(u64, Map<String, Value>, &[String]),
    mut fault: impl FnMut(u64, Violation),
) {
    let delimiter = callsign::input::delimiter(text.as_bytes());
    let mut reader = csv::ReaderBuilder::new();
    let table = &text.as_bytes()[callsign::input::after_separator_line(text.as_bytes())..];
    let lines_before = u64::from(table.len() < text.len());
    let mut reader = reader.has_headers(false).flexible(true).delimiter(delimiter).from_reader(table);
    let mut record = csv::StringRecord::new();
    let mut columns: Option<Vec<Column>> = None;
    let mut attributes: Vec<String> = Vec::new();
    loop {
        let line = |record: &csv::StringRecord| lines_before + record.position().map_or(1, csv::Position::line);
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                let line = lines_before + error.position().map_or(1, csv::Position::line);
                return fault(line, Violation::new("", format!("is not CSV: {error}")));
            }
        }
        let line = line(&record);
        let Some(columns) = &columns else {
            match self::columns(&record) {
                Ok(found) => {
                    attributes = found.iter().filter_map(Column::attribute).map(str::to_owned).collect();
                    columns = Some(found);
                }
                Err(wrong) => return wrong.into_iter().for_each(|wrong| fault(line, wrong)),
            }
            continue;
        };
        if record.len() != columns.len() {
            let text = format!("has {} values; the first line has {} columns", record.len(), columns.len());
            fault(line, Violation::new("", text));
            continue;
        }
        match sender(columns, &record) {
            Ok(sender) => row(line, sender, &attributes),
            Err(wrong) => fault(line, wrong),
        }
    }
}

impl Column {
    /// The name of the attribute, if it is of one.
    fn attribute(&self) -> Option<&str> {
        match self {
            Self::Attribute(name) => Some(name),
            Self::Field(_) => None,
        }
    }
}

/// A row as a sender.
fn sender(columns: &[Column], record: &csv::StringRecord) -> Result<Map<String, Value>, Violation> {
    let mut sender = Map::new();
    for (column, cell) in columns.iter().zip(record) {
        let field = match column {
            Column::Attribute(name) => {
                // Also where every cell is empty: the sender has none of these attributes then.
                let attributes = sender.entry("attributes").or_insert_with(|| Value::Object(Map::new()));
                if !cell.is_empty() {
                    attributes[name] = cell.into();
                }
                continue;
            }
            Column::Field(field) => *field,
        };
        let value = match field {
            "coverage" => coverage(cell).map_err(|wrong| Violation::new("coverage", wrong))?,
            // Empty cells of these say nothing, as if the column were left out.
            "status" | "weight" if cell.trim().is_empty() => continue,
            // What is no number is shown as it is written.
            "weight" => cell.trim().parse::<u64>().map_or_else(|_| cell.into(), Value::from),
            "messageTypes" => {
                let types: Vec<&str> = cell.split('|').map(str::trim).filter(|one| !one.is_empty()).collect();
                if types.is_empty() { Value::Null } else { types.into() }
            }
            _ => cell.into(),
        };
        sender.insert(field.to_owned(), value);
    }
    Ok(sender)
}

/// The name of the attribute that a column has, with its letters as they are.
fn attribute(name: &str) -> Option<&str> {
    let (prefix, attribute) = name.split_at_checked(ATTRIBUTE.len())?;
    prefix.eq_ignore_ascii_case(ATTRIBUTE).then_some(attribute)
}

/// The columns of the first line.
fn columns(header: &csv::StringRecord) -> Result<Vec<Column>, Vec<Violation>> {
    let mut columns: Vec<Column> = Vec::new();
    let mut wrong = Vec::new();
    for name in header.iter().map(str::trim) {
        let column = match (
            COLUMNS.into_iter().find(|column| callsign::input::is_called(name.as_bytes(), column)),
            attribute(name),
        ) {
            (Some(field), _) => Column::Field(field),
            (None, Some(attribute)) => {
                if let Err(error) = callsign::check_attribute(attribute, "") {
                    wrong.push(Violation::new(quoted(name), error.to_string()));
                    continue;
                }
                Column::Attribute(attribute.to_owned())
            }
            (None, None) => {
                let text = format!("is not a column here; the columns are {} and {ATTRIBUTE}NAME", COLUMNS.join(", "));
                wrong.push(Violation::new(quoted(name), text));
                continue;
            }
        };
        let is_same = |other: &Column| match (other, &column) {
            (Column::Field(one), Column::Field(other)) => one == other,
            (Column::Attribute(one), Column::Attribute(other)) => one == other,
            _ => false,
        };
        match columns.iter().any(is_same) {
            true => wrong.push(Violation::new(name, "is a column twice; keep one of them")),
            false => columns.push(column),
        }
    }
    // What a new sender lacks is reported with its line.
    if !columns.iter().any(|column| matches!(column, Column::Field("senderId"))) {
        wrong.push(Violation::new("senderId", "is not among the columns of the first line"));
    }
    if wrong.is_empty() { Ok(columns) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use callsign::Catalog;

    use super::*;

    #[test]
    fn a_coverage_is_read_as_it_is_written() {
        let json = r#"{"senders":[{"senderId":"s","sender":"123","senderType":"SHORT_CODE","coverage":[
            {"channel":"SMS","countries":["US","CA"]},{"channel":"SMS","countries":["SG"],"status":"PENDING"},
            {"channel":"RCS","countries":"*","status":"EXPIRED"}]}]}"#;
        let catalog = Catalog::from_json(json).expect("a catalog");
        let text = coverage_text(&catalog.senders()[0].coverage);
        assert_eq!(text, "SMS:CA|US;SMS:SG:PENDING;RCS:*:EXPIRED");
        let read = json!({"senders": [{"senderId": "s", "sender": "123", "senderType": "SHORT_CODE",
            "coverage": coverage(&text).expect("it was written")}]});
        assert_eq!(Catalog::from_json(&read.to_string()).expect("a catalog"), catalog);
    }
}
