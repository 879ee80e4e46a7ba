//! A Parquet file of a log that is read.

use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ::parquet::data_type::ByteArray;
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, RowGroupReader};
use ::parquet::file::serialized_reader::SerializedFileReader;
use ::parquet::file::statistics::Statistics;

use super::columns::{self, Field};
use super::contexts::{Contexts, Marks, marks_of_text};
use super::rows::{Cells, Leaf, Leaves};
use super::source::Source;
use super::{CONTEXTS_KEY, HOLES_KEY, SEGMENT_KEY, SIGNALS_KEY, VERSION_KEY, bloom, parquet_kind};
use crate::block::BlockBuilder;
use crate::error::{Fault, FaultKind, LogError};
use crate::hole::Hole;
use crate::record::Record;
use crate::segment::{FORMAT_VERSION, SegmentHeader};

/// How many rows are read at a time: of all columns they are some MB.
const BATCH_ROWS: usize = 4096;

/// A Parquet file of a log.
pub(crate) struct ParquetFile {
    path: PathBuf,
    source: Source,
    reader: SerializedFileReader<Source>,
    contexts: Contexts,
    header: SegmentHeader,
    signals: Marks,
    holes: Vec<(u64, Hole)>,
    /// The first row of each row group, and the number of rows.
    starts: Vec<u64>,
}

/// What a column must have.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// One of these texts.
    Texts(Vec<Box<str>>),
    /// One of these texts, or no value.
    TextsOrNone(Vec<Box<str>>),
    /// An integer within these bounds, both included.
    Between(i64, i64),
}

/// What rows must have to be found: all of these.
pub(crate) struct Filter(pub(crate) Vec<(Field, Wanted)>);

impl ParquetFile {
    /// Opens a file and reads its metadata.
    ///
    /// # Errors
    /// It cannot be read, is no Parquet file of a decision log, or is one of a newer version.
    pub(crate) fn open(path: &Path) -> Result<Self, LogError> {
        let fault = |kind| LogError::from(Fault { path: path.to_owned(), offset: 0, kind });
        let broken = |error: ParquetError| fault(parquet_kind(&error));
        let file = File::open(path).map_err(LogError::io(path))?;
        let source = Source::new(file).map_err(LogError::io(path))?;
        let reader = SerializedFileReader::new(source.clone()).map_err(broken)?;
        let metadata = reader.metadata();
        let texts = metadata.file_metadata().key_value_metadata().map_or(&[][..], Vec::as_slice);
        let text = |key: &str| texts.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_deref());
        let version: u16 =
            text(VERSION_KEY).and_then(|version| version.parse().ok()).ok_or_else(|| fault(FaultKind::Foreign))?;
        if version > FORMAT_VERSION {
            return Err(fault(FaultKind::Newer { found: version, known: FORMAT_VERSION }));
        }
        if !columns::is_ours(metadata.file_metadata().schema_descr()) {
            return Err(broken(ParquetError::General("its columns are not those of a decision log".into())));
        }
        let contexts = Contexts::read(text(CONTEXTS_KEY).unwrap_or_default()).map_err(broken)?;
        let header = text(SEGMENT_KEY).and_then(crate::names::from_hex::<{ crate::segment::SEGMENT_HEADER_BYTES }>);
        let header = header.ok_or_else(|| fault(FaultKind::Header))?;
        let header = SegmentHeader::from_bytes(&header).map_err(|(_, kind)| fault(kind))?;
        let marks = |key| {
            let wrong = || broken(ParquetError::General(format!("its {key} cannot be read")));
            marks_of_text(text(key).unwrap_or_default()).ok_or_else(wrong)
        };
        let (signals, holes) = (marks(SIGNALS_KEY)?, marks(HOLES_KEY)?);
        let holes = holes.into_iter().filter_map(|(row, hole)| Some((row, Hole::from_bytes(&hole)?))).collect();
        let mut starts = vec![0];
        for group in metadata.row_groups() {
            let rows = u64::try_from(group.num_rows()).map_err(|_| fault(FaultKind::Header))?;
            starts.push(starts.last().copied().unwrap_or_default() + rows);
        }
        Ok(Self { path: path.to_owned(), source, reader, contexts, header, signals, holes, starts })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn header(&self) -> &SegmentHeader {
        &self.header
    }

    pub(crate) fn contexts(&self) -> &Contexts {
        &self.contexts
    }

    /// Signals, by the row that they stand before.
    pub(super) fn signals(&self) -> &[(u64, Vec<u8>)] {
        &self.signals
    }

    /// Holes, by the row that they stand before.
    pub(crate) fn holes(&self) -> &[(u64, Hole)] {
        &self.holes
    }

    pub(crate) fn groups(&self) -> usize {
        self.starts.len() - 1
    }

    /// The first row of a row group, and the first of the next one.
    pub(crate) fn rows_of(&self, group: usize) -> Range<u64> {
        self.starts[group]..self.starts[group + 1]
    }

    /// An error of a row group, with its place.
    fn fault(&self, group: usize, error: &ParquetError) -> Fault {
        Fault { path: self.path.clone(), offset: self.offset(group), kind: parquet_kind(error) }
    }

    /// Where a row group begins in the file.
    pub(super) fn offset(&self, group: usize) -> u64 {
        self.reader.metadata().row_group(group).column(0).byte_range().0
    }

    /// Some rows of a row group as the bytes of a block; contexts have the ids of the file.
    pub(super) fn block(&self, group: usize, rows: &Range<usize>, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        let mut builder = BlockBuilder::default();
        self.in_group::<(), Fault>(group, |reader| {
            let mut leaves = Leaves::open(reader)?;
            leaves.skip(rows.start)?;
            leaves.next(rows.len())?.for_each(&self.contexts, |_, record| {
                builder.push(record, None);
                Ok::<_, ParquetError>(())
            })
        })?;
        bytes.clear();
        builder.finish(bytes);
        Ok(())
    }

    /// The least and greatest time of a row group, in microseconds; everything if it does not say.
    pub(crate) fn times(&self, group: usize) -> (u64, u64) {
        let statistics = self.reader.metadata().row_group(group).column(Field::Time as usize).statistics();
        let bound = |bound: Option<&i64>| bound.and_then(|&time| u64::try_from(time).ok());
        match statistics {
            Some(Statistics::Int64(times)) => {
                (bound(times.min_opt()).unwrap_or(0), bound(times.max_opt()).unwrap_or(u64::MAX))
            }
            _ => (0, u64::MAX),
        }
    }

    /// Whether a row group may have rows that pass.
    pub(crate) fn may_have(&self, group: usize, filter: &Filter) -> Result<bool, LogError> {
        let group = self.reader.metadata().row_group(group);
        for (field, wanted) in &filter.0 {
            let column = group.column(*field as usize);
            let may = match (wanted, column.statistics()) {
                (Wanted::Between(from, to), Some(Statistics::Int64(values))) => {
                    values.max_opt().is_none_or(|max| max >= from) && values.min_opt().is_none_or(|min| min <= to)
                }
                (Wanted::TextsOrNone(_) | Wanted::Between(..), _) => true,
                (Wanted::Texts(texts), statistics) => {
                    let mut may = false;
                    for text in texts {
                        let within = statistics
                            .is_none_or(|statistics| is_within(statistics, text.as_bytes(), group.num_rows()));
                        may |= within
                            && bloom::may_have(self.source.file(), column, text.as_bytes())
                                .map_err(LogError::io(&self.path))?;
                    }
                    may
                }
            };
            if !may {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The rows of a row group that pass and are before `end`, newest first, at most so many.
    pub(crate) fn find(&self, group: usize, filter: &Filter, end: usize, most: usize) -> Result<Vec<usize>, LogError> {
        self.in_group(group, |reader| {
            let total = usize::try_from(reader.metadata().num_rows()).unwrap_or_default();
            let rows = end.min(total);
            let mut passes = vec![true; rows];
            for (field, wanted) in &filter.0 {
                let mut leaf = Leaf::open(reader, *field)?;
                let mut start = 0;
                while start < rows {
                    let count = BATCH_ROWS.min(rows - start);
                    let cells = leaf.next(count)?;
                    for (row, passes) in passes[start..start + count].iter_mut().enumerate() {
                        *passes = *passes && wanted.passes(&cells, row);
                    }
                    start += count;
                }
                if !passes.contains(&true) {
                    break;
                }
            }
            let passing = passes.iter().enumerate().rev().filter(|(_, passes)| **passes);
            Ok(passing.map(|(row, _)| row).take(most).collect())
        })
    }

    /// The first and last time of some rows of a row group, ascending or not; none if there are none.
    pub(crate) fn times_of(&self, group: usize, rows: &[usize]) -> Result<Option<(u64, u64)>, LogError> {
        if rows.len() as u64 == self.rows_of(group).end - self.rows_of(group).start && !rows.is_empty() {
            return Ok(Some(self.times(group)));
        }
        let mut times: Option<(u64, u64)> = None;
        self.cells(group, Field::Time, rows, |cells, row| {
            if let Cells::Integers(cells) = cells
                && let Some(time) = cells[row].and_then(|time| u64::try_from(time).ok())
            {
                let (first, last) = times.unwrap_or((time, time));
                times = Some((first.min(time), last.max(time)));
            }
            Ok(())
        })?;
        Ok(times)
    }

    /// Gives the texts that some rows of a row group have in a column, in any order.
    pub(crate) fn texts(
        &self,
        group: usize,
        field: Field,
        rows: &[usize],
        mut take: impl FnMut(&str),
    ) -> Result<(), LogError> {
        self.cells(group, field, rows, |cells, row| {
            if let Cells::Texts(cells) = cells
                && let Some(text) = &cells[row]
            {
                take(text.as_utf8()?);
            }
            Ok(())
        })
    }

    /// Gives the cells of a column for some rows of a row group, descending as [`find`](Self::find) gives them.
    fn cells(
        &self,
        group: usize,
        field: Field,
        rows: &[usize],
        mut take: impl FnMut(&Cells, usize) -> Result<(), ParquetError>,
    ) -> Result<(), LogError> {
        self.in_group(group, |reader| {
            let mut leaf = Leaf::open(reader, field)?;
            let mut wanted = rows.iter().rev().copied().peekable();
            let total = rows.first().map_or(0, |last| last + 1);
            for start in (0..total).step_by(BATCH_ROWS) {
                let end = total.min(start + BATCH_ROWS);
                let cells = leaf.next(end - start)?;
                while let Some(row) = wanted.next_if(|row| *row < end) {
                    take(&cells, row - start)?;
                }
            }
            Ok(())
        })
    }

    /// Gives the records of some rows of a row group, ascending.
    pub(crate) fn pick(
        &self,
        group: usize,
        rows: &[usize],
        mut take: impl FnMut(usize, &Record<'_>),
    ) -> Result<(), LogError> {
        self.in_group(group, |reader| {
            let found = Leaves::open(reader)?.pick(rows)?;
            found.for_each(&self.contexts, |place, record| {
                take(rows[place], record);
                Ok::<_, ParquetError>(())
            })
        })
    }

    fn in_group<T, E: From<Fault>>(
        &self,
        group: usize,
        work: impl FnOnce(&dyn RowGroupReader) -> Result<T, ParquetError>,
    ) -> Result<T, E> {
        let reader = self.reader.get_row_group(group).map_err(|error| self.fault(group, &error))?;
        work(&*reader).map_err(|error| self.fault(group, &error).into())
    }
}

impl Wanted {
    fn passes(&self, cells: &Cells, row: usize) -> bool {
        let is_one = |texts: &[Box<str>], value: &ByteArray| texts.iter().any(|text| text.as_bytes() == value.data());
        match (self, cells) {
            (Self::Texts(texts), Cells::Texts(cells)) => cells[row].as_ref().is_some_and(|value| is_one(texts, value)),
            (Self::TextsOrNone(texts), Cells::Texts(cells)) => {
                cells[row].as_ref().is_none_or(|value| is_one(texts, value))
            }
            (Self::Between(from, to), Cells::Integers(cells)) => {
                cells[row].is_some_and(|value| (*from..=*to).contains(&value))
            }
            _ => false,
        }
    }
}

/// Whether a text is within what the statistics of a column say; long bounds are cut, so that they are wider.
fn is_within(statistics: &Statistics, text: &[u8], rows: i64) -> bool {
    if statistics.null_count_opt().is_some_and(|nulls| i64::try_from(nulls).is_ok_and(|nulls| nulls >= rows)) {
        return false;
    }
    let Statistics::ByteArray(values) = statistics else { return true };
    values.min_opt().is_none_or(|min| min.data() <= text) && values.max_opt().is_none_or(|max| max.data() >= text)
}

impl fmt::Debug for ParquetFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetFile").field("path", &self.path).finish_non_exhaustive()
    }
}
