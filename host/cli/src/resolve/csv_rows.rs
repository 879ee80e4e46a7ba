//! Messages as rows of a CSV file.

use std::borrow::Cow;

use callsign::{check_attributes, input};
use csv::{ByteRecord, Reader, ReaderBuilder};

use super::batch::{Batch, too_long};
use super::chunks::{MAX_LINE, count_lines};
use super::fields::{FIELDS, Fields, Pairs, Text, shorten};

/// What stands between the channels of a cell.
const CHANNEL_SEPARATOR: char = '|';

/// The column of the channels in order of preference.
const CHANNELS: &str = "channels";

/// What the columns of attributes begin with; the name of the attribute follows.
const ATTRIBUTE: &str = "attribute.";

/// The header: which column has which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    /// What stands between cells.
    delimiter: u8,
    width: usize,
    /// The column of each field, in the order of [`FIELDS`].
    places: [Option<usize>; FIELDS.len()],
    /// The column of the channels.
    channels: Option<usize>,
    /// The column of each attribute.
    attributes: Vec<(Box<str>, usize)>,
}

/// The rows of a chunk, whose memory is used again for the next one.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: Vec<Row>,
}

#[derive(Debug, Default)]
struct Row {
    record: ByteRecord,
    line: u64,
    is_too_long: bool,
}

// === impl Columns ===

impl Columns {
    /// Reads the header, which is the first row of the first chunk. Also returns its length in bytes.
    ///
    /// # Errors
    /// Everything that is wrong with the header.
    pub(super) fn read(bytes: &[u8], delimiter: u8) -> Result<(Self, usize), String> {
        let begin = input::after_separator_line(bytes);
        let mut reader = reader(&bytes[begin..], delimiter);
        let mut header = ByteRecord::new();
        match reader.read_byte_record(&mut header) {
            Ok(true) => {}
            Ok(false) => return Err("there is no header row".into()),
            Err(error) => return Err(format!("the header row cannot be read: {error}")),
        }
        let mut columns = Self {
            delimiter,
            width: header.len(),
            places: [None; FIELDS.len()],
            channels: None,
            attributes: Vec::new(),
        };
        let mut faults = Vec::new();
        for (index, name) in header.iter().enumerate() {
            match FIELDS.iter().position(|field| input::is_called(name, field)) {
                Some(field) if columns.places[field].is_some() => {
                    faults.push(format!("column `{}` is there twice", FIELDS[field]));
                }
                Some(field) => columns.places[field] = Some(index),
                None if input::is_called(name, CHANNELS) && columns.channels.is_none() => {
                    columns.channels = Some(index)
                }
                None => match attribute(name) {
                    Some(attribute) => columns.attributes.push((attribute.into(), index)),
                    None => faults.push(format!("unknown column {:?}", String::from_utf8_lossy(name))),
                },
            }
        }
        let names = columns.attributes.iter().map(|(name, _)| (&**name, ""));
        if let Err(error) = check_attributes(names) {
            let name = error.name().unwrap_or_default();
            faults.push(format!("column `{ATTRIBUTE}{}`: {error}", shorten(name, 64)));
        }
        for (field, place) in FIELDS.iter().zip(columns.places) {
            let is_missing = match *field {
                "channel" => place.is_none() && columns.channels.is_none(),
                "to" => place.is_none(),
                _ => false,
            };
            if is_missing {
                faults.push(format!("column `{field}` is missing"));
            }
        }
        match faults.is_empty() {
            true => Ok((columns, begin + reader.position().byte() as usize)),
            false => Err(faults.join("; ")),
        }
    }

    /// The fields that the row has, or what is wrong with it. An empty cell is a field that is absent.
    fn fields<'r>(&'r self, record: &'r ByteRecord) -> Result<Fields<'r>, String> {
        if record.len() != self.width {
            let ending = if record.len() == 1 { "" } else { "s" };
            return Err(format!("{} cell{ending}, but the header has {} columns", record.len(), self.width));
        }
        let mut texts: [Option<Text<'r>>; FIELDS.len()] = std::array::from_fn(|_| None);
        for ((text, place), field) in texts.iter_mut().zip(self.places).zip(FIELDS) {
            *text = cell(record, place, || field.to_owned())?;
        }
        let [message_id, application_id, entity_id, channel, to, from, message_type, sent_at] = texts;
        // Words of a fixed choice; what else is in a cell is taken as it is.
        let [channel, message_type, sent_at] = [channel, message_type, sent_at].map(|text| text.map(trimmed));
        let channels = cell(record, self.channels, || CHANNELS.to_owned())?.map(|Text(text)| {
            let words = text.split(CHANNEL_SEPARATOR);
            words.map(|word| Text(Cow::Owned(word.trim().to_owned()))).collect()
        });
        let mut attributes = Pairs::default();
        for (name, place) in &self.attributes {
            if let Some(value) = cell(record, Some(*place), || format!("{ATTRIBUTE}{name}"))? {
                attributes.0.push((Text(Cow::Borrowed(name)), value));
            }
        }
        let attributes = Some(attributes);
        Ok(Fields {
            message_id,
            application_id,
            entity_id,
            channel,
            to,
            from,
            message_type,
            sent_at,
            channels,
            attributes,
        })
    }

    /// The `messageId` of a row that is not a message, if it can be read.
    fn message_id(&self, record: &ByteRecord) -> Option<String> {
        let cell = record.get(self.places[0]?)?;
        std::str::from_utf8(cell).ok().map(str::to_owned)
    }
}

// === impl Rows ===

impl Rows {
    /// Reads the rows of a chunk into an empty batch.
    pub(super) fn read<'r>(
        &'r mut self,
        mut batch: Batch<'r>,
        bytes: &[u8],
        first_line: u64,
        columns: &'r Columns,
    ) -> Batch<'r> {
        let count = self.split(bytes, first_line, columns.delimiter);
        for Row { record, line, is_too_long } in &self.rows[..count] {
            if *is_too_long {
                batch.fault(*line, columns.message_id(record), too_long());
                continue;
            }
            match columns.fields(record) {
                Ok(fields) => batch.add(*line, fields),
                Err(_) if is_blank(record) => {}
                Err(fault) => batch.fault(*line, columns.message_id(record), fault),
            }
        }
        batch
    }

    /// Splits a chunk into rows and returns their number.
    fn split(&mut self, bytes: &[u8], first_line: u64, delimiter: u8) -> usize {
        let mut reader = reader(bytes, delimiter);
        let (mut count, mut counted, mut line) = (0, 0, first_line);
        loop {
            if self.rows.len() == count {
                self.rows.push(Row::default());
            }
            let row = &mut self.rows[count];
            let from = reader.position().byte() as usize;
            // Reading rows of any width from memory cannot fail.
            if !reader.read_byte_record(&mut row.record).unwrap_or(false) {
                return count;
            }
            // The reader stands before blank lines, and before the line feed of a CRLF.
            let blank = bytes[from..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            line += count_lines(&bytes[counted..from + blank]);
            counted = from + blank;
            let end = reader.position().byte() as usize;
            row.line = line;
            row.is_too_long = bytes[counted..end].trim_ascii_end().len() > MAX_LINE;
            count += 1;
        }
    }
}

/// The text of a cell; none if the column is not there or the cell is empty.
fn cell<'r>(
    record: &'r ByteRecord,
    place: Option<usize>,
    name: impl FnOnce() -> String,
) -> Result<Option<Text<'r>>, String> {
    let Some(cell) = place.and_then(|place| record.get(place)) else { return Ok(None) };
    match std::str::from_utf8(cell) {
        Ok("") => Ok(None),
        Ok(text) => Ok(Some(Text(Cow::Borrowed(text)))),
        Err(_) => Err(format!("`{}` is not UTF-8", name())),
    }
}

/// A cell without the blanks around it, which people put after separators.
fn trimmed(Text(text): Text<'_>) -> Text<'_> {
    Text(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    })
}

/// The name of the attribute that a column has, with its letters as they are.
fn attribute(name: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(name).ok()?.trim();
    let (prefix, attribute) = name.split_at_checked(ATTRIBUTE.len())?;
    prefix.eq_ignore_ascii_case(ATTRIBUTE).then_some(attribute)
}

/// Whether the row is a line of white space.
fn is_blank(record: &ByteRecord) -> bool {
    record.len() == 1 && record[0].iter().all(u8::is_ascii_whitespace)
}

fn reader(bytes: &[u8], delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_over_blank_lines_and_quoted_line_ends() {
        let header = "to,channel,messageId\n";
        let (columns, length) = Columns::read(header.as_bytes(), b',').expect("a header");
        assert_eq!(length, header.len());
        for end in ["\n", "\r\n"] {
            let text = ["", "1,SMS,a", "", "2,\"SMS\",\"b\nb\"", "3,sms,c", "", "4", "5,,e", "6,SMS"].join(end);
            let mut rows = Rows::default();
            let batch = rows.read(Batch::default(), text.as_bytes(), 2, &columns);
            let ids: Vec<_> = batch.messages.iter().map(|line| line.message(None, &[]).id).collect();
            assert_eq!(ids, [Some("a"), Some("b\nb")]);
            let faults: Vec<_> = batch.faults.iter().map(|fault| (fault.line, fault.message_id.as_deref())).collect();
            assert_eq!(faults, [(7, Some("c")), (9, None), (10, Some("e")), (11, None)], "{end:?}");
        }
    }

    #[test]
    fn columns_are_found_whatever_people_make_of_their_names() {
        let (columns, _) =
            Columns::read(b"To,Channel,Application ID,ENTITY_ID,message-id,Message Type\n", b',').expect("a header");
        assert_eq!(columns.places, [Some(4), Some(2), Some(3), Some(1), Some(0), None, Some(5), None]);
        let text = b"\xef\xbb\xbfsep=;\r\nto;channel\n";
        let (columns, length) = Columns::read(text, b';').expect("a header after a line `sep=`");
        assert_eq!((columns.width, length), (2, text.len()));
    }

    #[test]
    fn a_header_is_refused_with_all_that_is_wrong() {
        let fault = Columns::read(b"to,to,channe,from\n", b',').expect_err("three faults");
        assert_eq!(fault, "column `to` is there twice; unknown column \"channe\"; column `channel` is missing");
        assert!(Columns::read(b"", b',').is_err());
        assert!(Columns::read(b"\n\n", b',').is_err());
    }
}
