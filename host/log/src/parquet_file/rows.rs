//! Rows of a Parquet file, as records.

use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_typed_column_reader};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::RowGroupReader;
use callsign_destination::{AreaCode, Channel, Country};

use super::columns::{ATTRIBUTE_NAME, ATTRIBUTE_VALUE, COLUMNS, Field, Kind};
use super::contexts::Contexts;
use crate::context::SignalsId;
use crate::names::{self, from_hex};
use crate::record::{Answer, AttributesRead, Record};

/// The values of a column for some rows; none where there is no value.
pub(super) enum Cells {
    Texts(Vec<Option<ByteArray>>),
    Integers(Vec<Option<i64>>),
    Flags(Vec<Option<bool>>),
}

/// A column of a row group that is read from its beginning.
pub(super) enum Leaf {
    Texts(Source<ByteArrayType>),
    Integers(Source<Int64Type>),
    Flags(Source<BoolType>),
}

pub(super) struct Source<T: DataType> {
    reader: ColumnReaderImpl<T>,
    is_optional: bool,
}

/// The attributes of some rows.
pub(super) struct AttributeLeaves {
    names: ColumnReaderImpl<ByteArrayType>,
    values: ColumnReaderImpl<ByteArrayType>,
}

/// Names and values of attributes, and where those of each row end.
#[derive(Default)]
struct AttributeCells {
    names: Vec<ByteArray>,
    values: Vec<ByteArray>,
    ends: Vec<usize>,
}

/// All columns of a row group.
pub(super) struct Leaves {
    columns: Vec<Leaf>,
    attributes: AttributeLeaves,
}

/// Some rows, whole.
pub(super) struct Rows {
    columns: Vec<Cells>,
    attributes: AttributeCells,
}

fn wrong(reason: &str) -> ParquetError {
    ParquetError::General(reason.to_owned())
}

impl<T: DataType> Source<T> {
    fn read(&mut self, rows: usize, cells: &mut Vec<Option<T::T>>) -> Result<(), ParquetError> {
        let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::new());
        let levels_wanted = self.is_optional.then_some(&mut levels);
        let (records, ..) = self.reader.read_records(rows, levels_wanted, None, &mut values)?;
        if records != rows {
            return Err(wrong("a column has fewer values than its row group has rows"));
        }
        if self.is_optional {
            let mut values = values.into_iter();
            cells.extend(levels.iter().map(|&level| if level > 0 { values.next() } else { None }));
        } else {
            cells.extend(values.into_iter().map(Some));
        }
        Ok(())
    }

    fn skip(&mut self, rows: usize) -> Result<(), ParquetError> {
        if self.reader.skip_records(rows)? == rows { Ok(()) } else { Err(wrong("a column ends before its row group")) }
    }
}

impl Leaf {
    pub(super) fn open(group: &dyn RowGroupReader, field: Field) -> Result<Self, ParquetError> {
        Self::open_place(group, field as usize)
    }

    fn open_place(group: &dyn RowGroupReader, place: usize) -> Result<Self, ParquetError> {
        let column = &COLUMNS[place];
        let is_optional = column.is_optional;
        // The file's columns were compared with these when it was opened.
        Ok(match (column.kind, group.get_column_reader(place)?) {
            (Kind::Text, ColumnReader::ByteArrayColumnReader(reader)) => Self::Texts(Source { reader, is_optional }),
            (Kind::Integer | Kind::Time, ColumnReader::Int64ColumnReader(reader)) => {
                Self::Integers(Source { reader, is_optional })
            }
            (Kind::Flag, ColumnReader::BoolColumnReader(reader)) => Self::Flags(Source { reader, is_optional }),
            _ => return Err(wrong("a column has another type")),
        })
    }

    fn cells(&self) -> Cells {
        match self {
            Self::Texts(_) => Cells::Texts(Vec::new()),
            Self::Integers(_) => Cells::Integers(Vec::new()),
            Self::Flags(_) => Cells::Flags(Vec::new()),
        }
    }

    /// Reads the next rows, after those in `cells`.
    pub(super) fn read(&mut self, rows: usize, cells: &mut Cells) -> Result<(), ParquetError> {
        match (self, cells) {
            (Self::Texts(source), Cells::Texts(cells)) => source.read(rows, cells),
            (Self::Integers(source), Cells::Integers(cells)) => source.read(rows, cells),
            (Self::Flags(source), Cells::Flags(cells)) => source.read(rows, cells),
            _ => Err(wrong("a column has another type")),
        }
    }

    /// The next rows.
    pub(super) fn next(&mut self, rows: usize) -> Result<Cells, ParquetError> {
        let mut cells = self.cells();
        self.read(rows, &mut cells)?;
        Ok(cells)
    }

    fn skip(&mut self, rows: usize) -> Result<(), ParquetError> {
        match self {
            Self::Texts(source) => source.skip(rows),
            Self::Integers(source) => source.skip(rows),
            Self::Flags(source) => source.skip(rows),
        }
    }
}

impl AttributeLeaves {
    fn open(group: &dyn RowGroupReader) -> Result<Self, ParquetError> {
        let open = |place| match group.get_column_reader(place)? {
            reader @ ColumnReader::ByteArrayColumnReader(_) => Ok(get_typed_column_reader::<ByteArrayType>(reader)),
            _ => Err(wrong("attributes have another type")),
        };
        Ok(Self { names: open(ATTRIBUTE_NAME)?, values: open(ATTRIBUTE_VALUE)? })
    }

    fn read(&mut self, rows: usize, cells: &mut AttributeCells) -> Result<(), ParquetError> {
        let (mut levels, mut repeats) = (Vec::new(), Vec::new());
        let read = self.names.read_records(rows, Some(&mut levels), Some(&mut repeats), &mut cells.names)?;
        let (mut levels_again, mut repeats_again) = (Vec::new(), Vec::new());
        self.values.read_records(rows, Some(&mut levels_again), Some(&mut repeats_again), &mut cells.values)?;
        if read.0 != rows || repeats != repeats_again || cells.names.len() != cells.values.len() {
            return Err(wrong("names and values of attributes do not belong together"));
        }
        let mut end = cells.ends.last().copied().unwrap_or_default();
        for (level, repeat) in levels.iter().zip(&repeats) {
            end += usize::from(*level > 0);
            match cells.ends.last_mut() {
                Some(last) if *repeat > 0 => *last = end,
                _ => cells.ends.push(end),
            }
        }
        Ok(())
    }

    fn skip(&mut self, rows: usize) -> Result<(), ParquetError> {
        let skipped = (self.names.skip_records(rows)?, self.values.skip_records(rows)?);
        if skipped == (rows, rows) { Ok(()) } else { Err(wrong("attributes end before their row group")) }
    }
}

impl Leaves {
    pub(super) fn open(group: &dyn RowGroupReader) -> Result<Self, ParquetError> {
        let columns = (0..COLUMNS.len()).map(|place| Leaf::open_place(group, place)).collect::<Result<_, _>>()?;
        Ok(Self { columns, attributes: AttributeLeaves::open(group)? })
    }

    fn empty(&self) -> Rows {
        Rows { columns: self.columns.iter().map(Leaf::cells).collect(), attributes: AttributeCells::default() }
    }

    /// Leaves the next rows out.
    pub(super) fn skip(&mut self, rows: usize) -> Result<(), ParquetError> {
        if rows == 0 {
            return Ok(());
        }
        self.columns.iter_mut().try_for_each(|column| column.skip(rows))?;
        self.attributes.skip(rows)
    }

    /// The next rows.
    pub(super) fn next(&mut self, rows: usize) -> Result<Rows, ParquetError> {
        let mut found = self.empty();
        for (column, cells) in self.columns.iter_mut().zip(&mut found.columns) {
            column.read(rows, cells)?;
        }
        self.attributes.read(rows, &mut found.attributes)?;
        Ok(found)
    }

    /// These rows of the row group, ascending, from a reader that has read none.
    pub(super) fn pick(&mut self, rows: &[usize]) -> Result<Rows, ParquetError> {
        let mut found = self.empty();
        for (column, cells) in self.columns.iter_mut().zip(&mut found.columns) {
            let mut next = 0;
            for &row in rows {
                column.skip(row - next)?;
                column.read(1, cells)?;
                next = row + 1;
            }
        }
        let mut next = 0;
        for &row in rows {
            self.attributes.skip(row - next)?;
            self.attributes.read(1, &mut found.attributes)?;
            next = row + 1;
        }
        Ok(found)
    }
}

impl Rows {
    fn text(&self, field: Field, row: usize) -> Result<Option<&str>, ParquetError> {
        let Cells::Texts(cells) = &self.columns[field as usize] else { return Err(wrong("a column has another type")) };
        cells.get(row).and_then(Option::as_ref).map(ByteArray::as_utf8).transpose()
    }

    fn word(&self, field: Field, row: usize) -> Result<&str, ParquetError> {
        self.text(field, row)?.ok_or_else(|| missing(field))
    }

    fn integer(&self, field: Field, row: usize) -> Option<i64> {
        let Cells::Integers(cells) = &self.columns[field as usize] else { return None };
        cells.get(row).copied().flatten()
    }

    /// An integer that fits, and must be there.
    fn number<T: TryFrom<i64>>(&self, field: Field, row: usize) -> Result<T, ParquetError> {
        self.integer(field, row).and_then(|value| value.try_into().ok()).ok_or_else(|| missing(field))
    }

    fn flag(&self, field: Field, row: usize) -> Result<bool, ParquetError> {
        let Cells::Flags(cells) = &self.columns[field as usize] else { return Err(missing(field)) };
        cells.get(row).copied().flatten().ok_or_else(|| missing(field))
    }

    /// Gives each row's record, with its place among these rows.
    pub(super) fn for_each<E: From<ParquetError>>(
        &self,
        contexts: &Contexts,
        mut take: impl FnMut(usize, &Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut last = contexts.names();
        for row in 0..self.attributes.ends.len() {
            let start = row.checked_sub(1).map_or(0, |before| self.attributes.ends[before]);
            let places = start..self.attributes.ends[row];
            let attribute = |place: usize| {
                Ok::<_, ParquetError>((
                    self.attributes.names[place].as_utf8()?,
                    self.attributes.values[place].as_utf8()?,
                ))
            };
            let attributes = places.map(attribute).collect::<Result<Vec<_>, _>>()?;
            let record = self.record(row, &attributes, &mut last)?;
            take(row, &record)?;
        }
        Ok(())
    }

    fn record<'a>(
        &'a self,
        row: usize,
        attributes: &'a [(&'a str, &'a str)],
        contexts: &mut super::contexts::Names<'_>,
    ) -> Result<Record<'a>, ParquetError> {
        let country = self.text(Field::Country, row)?.map(|text| {
            let letters = <[u8; 2]>::try_from(text.as_bytes()).ok();
            letters
                .and_then(|letters| Country::from_bits(u16::from_be_bytes(letters)))
                .ok_or_else(|| missing(Field::Country))
        });
        let area_code = self
            .integer(Field::AreaCode, row)
            .map(|code| u16::try_from(code).ok().and_then(AreaCode::new).ok_or_else(|| missing(Field::AreaCode)));
        let trace_id = self
            .text(Field::TraceId, row)?
            .map(|text| from_hex(text).ok_or_else(|| missing(Field::TraceId)))
            .transpose()?;
        let sent_at = self
            .integer(Field::SentAt, row)
            .map(|micros| u64::try_from(micros).map(|micros| micros / 1_000_000).map_err(|_| missing(Field::SentAt)));
        let policy = match self.text(Field::Policy, row)? {
            Some(label) => {
                let (module, settings) = (self.word(Field::Module, row)?, self.word(Field::Settings, row)?);
                Some(contexts.policy(label, module, settings).ok_or_else(|| missing(Field::Policy))?)
            }
            None => None,
        };
        let pin_key = self.text(Field::PinReadKey, row)?;
        Ok(Record {
            time: self.number(Field::Time, row)?,
            took: self.number(Field::TookNs, row)?,
            message_id: self.text(Field::MessageId, row)?,
            trace_id,
            application: self.text(Field::Application, row)?,
            entity: self.text(Field::Entity, row)?,
            channel: Channel::parse(self.word(Field::Channel, row)?).ok_or_else(|| missing(Field::Channel))?,
            is_fallback: self.flag(Field::IsFallback, row)?,
            told_unhealthy: self.flag(Field::ToldUnhealthy, row)?,
            recipient: names::parse_recipient(self.word(Field::RecipientKind, row)?, self.word(Field::Recipient, row)?)
                .ok_or_else(|| missing(Field::Recipient))?,
            country: country.transpose()?,
            area_code: area_code.transpose()?,
            from: self.text(Field::MessageFrom, row)?,
            message_type: self.text(Field::MessageType, row)?,
            sent_at: sent_at.transpose()?,
            attributes: match self.flag(Field::AttributesComplete, row)? {
                true => AttributesRead::All(attributes),
                false => AttributesRead::Some(attributes),
            },
            catalog: contexts.catalog(self.word(Field::Catalog, row)?).ok_or_else(|| missing(Field::Catalog))?,
            policy,
            signals: self.integer(Field::Signals, row).map(|id| SignalsId(id.cast_unsigned())),
            pin_read: names::parse_pin_read(self.word(Field::PinRead, row)?, pin_key)
                .ok_or_else(|| missing(Field::PinRead))?,
            pin_write: names::parse_pin_write(self.word(Field::PinWrite, row)?)
                .ok_or_else(|| missing(Field::PinWrite))?,
            answer: match (self.text(Field::Sender, row)?, self.text(Field::Refusal, row)?) {
                (Some(sender), None) => Answer::Decided {
                    sender,
                    strategy: self.text(Field::Strategy, row)?,
                    step: self.word(Field::Step, row)?,
                },
                (None, Some(code)) => Answer::Refused { code },
                _ => return Err(wrong("a row has not one of a sender and a refusal")),
            },
        })
    }
}

fn missing(field: Field) -> ParquetError {
    ParquetError::General(format!("the column {} has a value that cannot be", field.column().name))
}
