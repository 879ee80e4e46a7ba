//! Records into a Parquet file.

use std::fs::File;

use ::parquet::basic::Type as Physical;
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use bytes::Bytes;

use super::columns::{COLUMNS, Field, Kind, ROW_GROUP_ROWS, properties, schema};
use crate::context::{CatalogContext, PolicyContext};
use crate::names::{self, hex};
use crate::record::{Answer, AttributesRead, PinRead, Recipient, Record};

/// The bytes of texts after which a row group is written, however few rows it has.
const ROW_GROUP_BYTES: usize = 64 * 1024 * 1024;

/// A file that is being written.
pub(crate) struct ParquetWriter {
    out: SerializedFileWriter<File>,
    columns: Vec<Buffer>,
    attributes: Attributes,
    rows: usize,
}

/// The values of a column in the row group that is next.
struct Buffer {
    values: Values,
    /// For each row 1 if it has a value, else 0; empty if all have.
    levels: Vec<i16>,
    is_optional: bool,
}

enum Values {
    Texts(Texts),
    Integers(Vec<i64>),
    Flags(Vec<bool>),
}

/// Texts, one after another.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// The names and values of attributes.
#[derive(Default)]
struct Attributes {
    names: Texts,
    values: Texts,
    /// 0 for a row without any, else 1.
    levels: Vec<i16>,
    /// 0 for the first of a row.
    repeats: Vec<i16>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len());
    }

    /// All of them; none are left.
    fn take(&mut self) -> Vec<ByteArray> {
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        let mut start = 0;
        self.ends.drain(..).map(|end| ByteArray::from(bytes.slice(std::mem::replace(&mut start, end)..end))).collect()
    }
}

impl Buffer {
    fn new(kind: Kind, is_optional: bool) -> Self {
        let values = match kind {
            Kind::Text => Values::Texts(Texts::default()),
            Kind::Integer | Kind::Time => Values::Integers(Vec::new()),
            Kind::Flag => Values::Flags(Vec::new()),
        };
        Self { values, levels: Vec::new(), is_optional }
    }

    fn is(&mut self, is_there: bool) -> bool {
        if self.is_optional {
            self.levels.push(is_there.into());
        }
        is_there
    }

    fn text(&mut self, text: Option<&str>) {
        self.is(text.is_some());
        if let (Values::Texts(texts), Some(text)) = (&mut self.values, text) {
            texts.push(text);
        }
    }

    fn integer(&mut self, integer: Option<i64>) {
        self.is(integer.is_some());
        if let (Values::Integers(integers), Some(integer)) = (&mut self.values, integer) {
            integers.push(integer);
        }
    }

    fn flag(&mut self, flag: bool) {
        if let Values::Flags(flags) = &mut self.values {
            flags.push(flag);
        }
    }

    fn write(&mut self, group: &mut SerializedRowGroupWriter<'_, File>) -> Result<(), ParquetError> {
        let mut column = group.next_column()?.ok_or_else(|| ParquetError::General("a column too many".into()))?;
        let levels = self.is_optional.then_some(&*self.levels);
        match &mut self.values {
            Values::Texts(texts) => column.typed::<ByteArrayType>().write_batch(&texts.take(), levels, None)?,
            Values::Integers(integers) => {
                column.typed::<Int64Type>().write_batch(&std::mem::take(integers), levels, None)?
            }
            Values::Flags(flags) => column.typed::<BoolType>().write_batch(&std::mem::take(flags), levels, None)?,
        };
        self.levels.clear();
        column.close()
    }
}

impl Attributes {
    fn push(&mut self, attributes: &[(&str, &str)]) {
        if attributes.is_empty() {
            self.levels.push(0);
            self.repeats.push(0);
        }
        for (place, (name, value)) in attributes.iter().enumerate() {
            self.names.push(name);
            self.values.push(value);
            self.levels.push(1);
            self.repeats.push((place > 0).into());
        }
    }

    fn write(&mut self, group: &mut SerializedRowGroupWriter<'_, File>) -> Result<(), ParquetError> {
        for texts in [&mut self.names, &mut self.values] {
            let mut column = group.next_column()?.ok_or_else(|| ParquetError::General("a column too many".into()))?;
            debug_assert_eq!(column.typed::<ByteArrayType>().get_descriptor().physical_type(), Physical::BYTE_ARRAY);
            let texts = texts.take();
            column.typed::<ByteArrayType>().write_batch(&texts, Some(&self.levels), Some(&self.repeats))?;
            column.close()?;
        }
        self.levels.clear();
        self.repeats.clear();
        Ok(())
    }
}

impl ParquetWriter {
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn new(file: File) -> Result<Self, ParquetError> {
        Ok(Self {
            out: SerializedFileWriter::new(file, schema()?, properties()?.into())?,
            columns: COLUMNS.iter().map(|column| Buffer::new(column.kind, column.is_optional)).collect(),
            attributes: Attributes::default(),
            rows: 0,
        })
    }

    /// Adds a record as the next row.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn push(
        &mut self,
        record: &Record<'_>,
        catalog: &CatalogContext,
        policy: Option<&PolicyContext>,
    ) -> Result<(), ParquetError> {
        self.integer(Field::Time, i64::try_from(record.time).ok().or(Some(i64::MAX)));
        self.integer(Field::TookNs, Some(record.took.into()));
        self.text(Field::MessageId, record.message_id);
        self.text(Field::TraceId, record.trace_id.map(|id| hex(&id)).as_deref());
        self.text(Field::Application, record.application);
        self.text(Field::Entity, record.entity);
        self.text(Field::Channel, Some(record.channel.as_str()));
        self.flag(Field::IsFallback, record.is_fallback);
        self.flag(Field::ToldUnhealthy, record.told_unhealthy);
        let (recipient, kind) = match record.recipient {
            Recipient::Number(number) => (&*number.to_string(), names::NUMBER),
            Recipient::Text(text) => (text, names::TEXT),
            Recipient::Sealed(sealed) => (&*hex(&sealed), names::SEALED),
        };
        self.text(Field::Recipient, Some(recipient));
        self.text(Field::RecipientKind, Some(kind));
        self.text(Field::Country, record.country.as_ref().map(|country| country.as_str()));
        self.integer(Field::AreaCode, record.area_code.map(|code| code.get().into()));
        self.text(Field::MessageFrom, record.from);
        self.text(Field::MessageType, record.message_type);
        self.integer(Field::SentAt, record.sent_at.map(names::micros));
        self.text(Field::Catalog, Some(&catalog.name));
        self.text(Field::Policy, policy.map(|policy| &*policy.label));
        self.text(Field::Module, policy.map(|policy| hex(&policy.module)).as_deref());
        self.text(Field::Settings, policy.map(|policy| hex(&policy.settings_digest)).as_deref());
        self.integer(Field::Signals, record.signals.map(|signals| signals.0.cast_signed()));
        self.text(Field::PinRead, Some(names::pin_read(record.pin_read)));
        let key = if let PinRead::Sender(key) = record.pin_read { Some(hex(&key.to_be_bytes())) } else { None };
        self.text(Field::PinReadKey, key.as_deref());
        self.text(Field::PinWrite, Some(names::pin_write(record.pin_write)));
        let (sender, strategy, step, refusal) = match record.answer {
            Answer::Decided { sender, strategy, step } => (Some(sender), strategy, Some(step), None),
            Answer::Refused { code } => (None, None, None, Some(code)),
        };
        self.text(Field::Sender, sender);
        self.text(Field::Strategy, strategy);
        self.text(Field::Step, step);
        self.text(Field::Refusal, refusal);
        let (attributes, are_all) = match record.attributes {
            AttributesRead::All(attributes) => (attributes, true),
            AttributesRead::Some(attributes) => (attributes, false),
        };
        self.flag(Field::AttributesComplete, are_all);
        self.attributes.push(attributes);
        self.rows += 1;
        if self.rows >= ROW_GROUP_ROWS || self.bytes() >= ROW_GROUP_BYTES { self.write_group() } else { Ok(()) }
    }

    /// Writes what is buffered and the end of the file, with these texts in it, and gives the file back.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn finish(mut self, metadata: Vec<(&'static str, String)>) -> Result<File, ParquetError> {
        if self.rows > 0 {
            self.write_group()?;
        }
        for (key, value) in metadata {
            self.out.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        self.out.into_inner()
    }

    fn text(&mut self, field: Field, text: Option<&str>) {
        self.columns[field as usize].text(text);
    }

    fn integer(&mut self, field: Field, integer: Option<i64>) {
        self.columns[field as usize].integer(integer);
    }

    fn flag(&mut self, field: Field, flag: bool) {
        self.columns[field as usize].flag(flag);
    }

    /// The bytes of the texts that are long.
    fn bytes(&self) -> usize {
        let bytes = |buffer: &Buffer| if let Values::Texts(texts) = &buffer.values { texts.bytes.len() } else { 0 };
        self.columns.iter().map(bytes).sum::<usize>()
            + self.attributes.names.bytes.len()
            + self.attributes.values.bytes.len()
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.out.next_row_group()?;
        for column in &mut self.columns {
            column.write(&mut group)?;
        }
        self.attributes.write(&mut group)?;
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}
