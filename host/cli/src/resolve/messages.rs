//! The messages of a run: opens the input and reads it in chunks.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::chunks::{Chunk, Chunks, Framing};
use super::csv_rows::Columns;
use super::fields::FIELDS;
use super::head::Head;
use super::{Format, ResolveArguments};
use crate::exit::{Stop, say};
use crate::gateway::unreadable;

/// The open input.
pub(super) struct Messages {
    /// How to parse chunks.
    pub(super) reading: Reading,
    /// The size of the input in bytes, if it is known.
    pub(super) size: Option<u64>,
    /// When all of them go out, in seconds since 1970.
    pub(super) sent_at: Option<u64>,
    source: Mutex<Source>,
}

/// How to parse chunks.
#[derive(Debug)]
pub(super) enum Reading {
    Json,
    Csv(Columns),
}

pub(super) type Input = Box<dyn Read + Send>;

struct Source {
    chunks: Chunks<Input>,
    /// The first chunk, which was read for its CSV header.
    first: Option<Chunk>,
    failure: Option<io::Error>,
}

impl Messages {
    /// Opens the input, and reads the header of a CSV.
    ///
    /// # Errors
    /// The input cannot be read, or its header is not valid.
    pub(super) fn open(arguments: &ResolveArguments) -> Result<Self, Stop> {
        let path = &*arguments.messages;
        let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let format = arguments.format.or_else(|| is_csv.then_some(Format::Csv));
        let (input, size) = open(path).map_err(|error| {
            unreadable("the messages", path, error)
                .hint("Give the path of a .jsonl or .csv file, or - for standard input.")
        })?;
        Ok(Self { sent_at: arguments.deciding.sent_at, ..Self::new(path, input, size, format)? })
    }

    /// Messages of an input that is open. Without a format, a table is one that begins with a header; all else are lines of JSON.
    ///
    /// # Errors
    /// The input cannot be read, is no text or no lines, or its header is not valid.
    pub(super) fn new(path: &Path, input: Input, size: Option<u64>, format: Option<Format>) -> Result<Self, Stop> {
        let (head, input) = Head::read(input).map_err(|error| unreadable("the messages", path, error))?;
        if let Some((what, advice)) = head.is_not_text() {
            return Err(Stop::refused(anyhow::anyhow!("the messages {} are {what}", path.display())).hint(advice));
        }
        let format = format.unwrap_or_else(|| if head.is_table() { Format::Csv } else { Format::Jsonl });
        if let (Format::Jsonl, Some(command)) = (format, head.is_one_document()) {
            let what = "are one JSON document, and not a message a line";
            return Err(Stop::refused(anyhow::anyhow!("the messages {} {what}", path.display()))
                .hint(format!("Make lines of it on the way: {command} FILE | callsign resolve ... -")));
        }
        let delimiter = head.delimiter();
        let framing = match format {
            Format::Jsonl => Framing::Lines,
            Format::Csv => Framing::Records(delimiter),
        };
        let mut source = Source { chunks: Chunks::new(input, framing), first: None, failure: None };
        let reading = match format {
            Format::Jsonl => Reading::Json,
            Format::Csv => Reading::Csv(source.header(path, delimiter)?),
        };
        Ok(Self { reading, size, sent_at: None, source: Mutex::new(source) })
    }

    /// Reads the next chunk into `chunk`; false at the end, or if the input failed.
    pub(super) fn next(&self, chunk: &mut Chunk) -> bool {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = source.first.take() {
            *chunk = first;
            return true;
        }
        if source.failure.is_some() {
            return false;
        }
        match source.chunks.next(chunk) {
            Ok(more) => more,
            Err(error) => {
                source.failure = Some(error);
                false
            }
        }
    }

    /// Why the input ended early, if it did.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).failure.take()
    }
}

impl Source {
    fn header(&mut self, path: &Path, delimiter: u8) -> Result<Columns, Stop> {
        let mut chunk = Chunk::default();
        self.chunks.next(&mut chunk).map_err(|error| unreadable("the messages", path, error))?;
        let header = match chunk.is_too_long {
            true => Err("the header row is too long".to_owned()),
            false => Columns::read(chunk.bytes(), delimiter),
        };
        let (columns, length) = header.map_err(|fault| {
            let refused = anyhow::anyhow!("the messages {}: {fault}", path.display());
            Stop::refused(refused).hint(format!(
                "A CSV starts with a row of column names: {}, channels (such as RCS|SMS), attribute.NAME, in any order, at \
                 least channel (or channels) and to.",
                FIELDS.join(", ")
            ))
        })?;
        chunk.advance(length);
        self.first = Some(chunk);
        Ok(columns)
    }
}

fn open(path: &Path) -> io::Result<(Input, Option<u64>)> {
    if path.as_os_str() == "-" {
        if io::stdin().is_terminal() {
            say("callsign: reading messages from the terminal, one a line; end with Ctrl-D\n");
        }
        // Reads as large as ours bypass its buffer.
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let size = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), size))
}
