//! The columns of a Parquet file, one row for each record. `docs/decision-log.md` explains them; a change of one is a new version.

use std::sync::{Arc, LazyLock};

use ::parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::schema::types::{ColumnPath, SchemaDescriptor, Type, TypePtr};

use crate::block::MAX_BLOCK_RECORDS;

/// The rows of a row group: what is buffered while a file is written, and what a lookup that hits scans. 131,072 rows of the
/// example are 3 MB on disk.
pub(super) const ROW_GROUP_ROWS: usize = 131_072;

/// How often a Bloom filter says yes to a value that is not there.
const BLOOM_FALSE_POSITIVES: f64 = 0.001;

/// The most bytes of a page before it is compressed: what a reader holds of each column.
const PAGE_BYTES: usize = 256 * 1024;

/// The rows of a page: a block of records that is read from a file has as many, so that it reads whole pages.
pub(super) const PAGE_ROWS: usize = MAX_BLOCK_RECORDS;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Time,
    Flag,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_optional: bool,
    /// Whether it has few values, which are then written once.
    has_dictionary: bool,
    /// Whether it can be asked for one value.
    has_bloom_filter: bool,
}

/// The place of a column among [`COLUMNS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Field {
    Time,
    TookNs,
    MessageId,
    TraceId,
    Application,
    Entity,
    Channel,
    IsFallback,
    ToldUnhealthy,
    Recipient,
    RecipientKind,
    Country,
    AreaCode,
    MessageFrom,
    MessageType,
    SentAt,
    Catalog,
    Policy,
    Module,
    Settings,
    Signals,
    PinRead,
    PinReadKey,
    PinWrite,
    Sender,
    Strategy,
    Step,
    Refusal,
    AttributesComplete,
}

const fn required(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, is_optional: false, has_dictionary: false, has_bloom_filter: false }
}

impl Column {
    const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    const fn few(self) -> Self {
        Self { has_dictionary: true, ..self }
    }

    const fn bloom(self) -> Self {
        Self { has_bloom_filter: true, ..self }
    }
}

/// All columns but the map `attributes`, in the order of [`Field`].
pub(super) const COLUMNS: [Column; 29] = [
    required("time", Kind::Time),
    required("took_ns", Kind::Integer),
    required("message_id", Kind::Text).optional().bloom(),
    required("trace_id", Kind::Text).optional(),
    required("application", Kind::Text).optional().few().bloom(),
    required("entity", Kind::Text).optional().few().bloom(),
    required("channel", Kind::Text).few(),
    required("is_fallback", Kind::Flag),
    required("told_unhealthy", Kind::Flag),
    required("recipient", Kind::Text).bloom(),
    required("recipient_kind", Kind::Text).few(),
    required("country", Kind::Text).optional().few(),
    required("area_code", Kind::Integer).optional().few(),
    required("message_from", Kind::Text).optional().few(),
    required("message_type", Kind::Text).optional().few(),
    required("sent_at", Kind::Time).optional().few(),
    required("catalog", Kind::Text).few(),
    required("policy", Kind::Text).optional().few(),
    required("module", Kind::Text).optional().few(),
    required("settings", Kind::Text).optional().few(),
    required("signals", Kind::Integer).optional().few(),
    required("pin_read", Kind::Text).few(),
    required("pin_read_key", Kind::Text).optional().few(),
    required("pin_write", Kind::Text).few(),
    required("sender", Kind::Text).optional().few().bloom(),
    required("strategy", Kind::Text).optional().few(),
    required("step", Kind::Text).optional().few(),
    required("refusal", Kind::Text).optional().few().bloom(),
    required("attributes_complete", Kind::Flag),
];

/// The places of the leaves of `attributes` among all leaves.
pub(super) const ATTRIBUTE_NAME: usize = COLUMNS.len();
pub(super) const ATTRIBUTE_VALUE: usize = COLUMNS.len() + 1;

impl Field {
    pub(super) const fn column(self) -> &'static Column {
        &COLUMNS[self as usize]
    }
}

/// The schema that files of this version have.
pub(super) fn schema() -> Result<TypePtr, ParquetError> {
    static SCHEMA: LazyLock<Result<TypePtr, String>> = LazyLock::new(|| make().map_err(|error| error.to_string()));
    SCHEMA.clone().map_err(ParquetError::General)
}

fn make() -> Result<TypePtr, ParquetError> {
    let mut fields = Vec::with_capacity(COLUMNS.len() + 1);
    for column in &COLUMNS {
        let (physical, logical) = match column.kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Integer => (Physical::INT64, None),
            Kind::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
            Kind::Flag => (Physical::BOOLEAN, None),
        };
        let repetition = if column.is_optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        let builder = Type::primitive_type_builder(column.name, physical);
        fields.push(Arc::new(builder.with_repetition(repetition).with_logical_type(logical).build()?));
    }
    let text = |name| {
        let builder = Type::primitive_type_builder(name, Physical::BYTE_ARRAY);
        builder.with_repetition(Repetition::REQUIRED).with_logical_type(Some(LogicalType::String)).build().map(Arc::new)
    };
    let pair = Type::group_type_builder("key_value")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![text("key")?, text("value")?])
        .build()?;
    let attributes = Type::group_type_builder("attributes")
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::Map))
        .with_fields(vec![Arc::new(pair)])
        .build()?;
    fields.push(Arc::new(attributes));
    Ok(Arc::new(Type::group_type_builder("decisions").with_fields(fields).build()?))
}

/// Whether a file has the columns of this version.
pub(super) fn is_ours(found: &SchemaDescriptor) -> bool {
    let Ok(schema) = schema() else { return false };
    let ours = SchemaDescriptor::new(schema);
    let leaves = ours.columns().iter().zip(found.columns());
    ours.num_columns() == found.num_columns()
        && leaves.into_iter().all(|(ours, found)| {
            ours.path() == found.path()
                && ours.physical_type() == found.physical_type()
                && ours.max_def_level() == found.max_def_level()
                && ours.max_rep_level() == found.max_rep_level()
        })
}

/// How files are written.
pub(super) fn properties() -> Result<WriterProperties, ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_created_by(concat!("callsign ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_data_page_size_limit(PAGE_BYTES)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(PAGE_BYTES)
        // Of each row group; pages have them of the time alone, which ascends.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(None);
    for column in &COLUMNS {
        let path = ColumnPath::from(column.name);
        properties = properties.set_column_dictionary_enabled(path.clone(), column.has_dictionary);
        if column.has_bloom_filter {
            // A row group cannot have more values; the filter is folded to what it has.
            properties = properties
                .set_column_bloom_filter_fpp(path.clone(), BLOOM_FALSE_POSITIVES)
                .set_column_bloom_filter_max_ndv(path.clone(), ROW_GROUP_ROWS as u64);
        }
        if !column.has_dictionary && matches!(column.kind, Kind::Integer | Kind::Time) {
            properties = properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(properties.set_column_statistics_enabled(ColumnPath::from("time"), EnabledStatistics::Page).build())
}
