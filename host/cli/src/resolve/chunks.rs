//! Cuts the input into chunks of whole lines, or of whole CSV records.

use std::io::{self, Read};

/// The size of a chunk in bytes: large enough that passing chunks between threads costs nothing, small enough for the
/// second-level cache.
const CHUNK_SIZE: usize = 256 << 10;

/// The longest line or CSV row, in bytes without its line end. A message has six short fields.
pub(super) const MAX_LINE: usize = 64 << 10;

/// Where the input can be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// After every line feed.
    Lines,
    /// After every line end that is not inside quotes, where this byte stands between cells.
    Records(u8),
}

/// The position in a CSV record. The rules are those of the `csv` crate, which parses the chunks afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Start,
    Plain,
    Quoted,
    /// After a quote inside quotes: either the quoting ended, or a second quote follows and both stand for one.
    Quote,
}

/// Cuts an input into chunks.
pub(super) struct Chunks<R> {
    input: R,
    framing: Framing,
    size: usize,
    /// What was read after the last line end of the chunk before.
    rest: Vec<u8>,
    cell: Cell,
    /// Inside a line that is too long, whose end was not seen yet.
    skipping: bool,
    ended: bool,
    /// The number of the next chunk.
    number: u64,
    /// The number of its first line.
    line: u64,
}

/// Some whole lines of the input.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The position of the chunk among the others, from 0.
    pub(super) number: u64,
    /// The number of its first line, from 1.
    pub(super) line: u64,
    /// The chunk stands for one line that is too long to be read, and has no bytes.
    pub(super) is_too_long: bool,
}

// === impl Chunk ===

impl Chunk {
    /// The lines, each with its end; the last line of an input may have none.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Skips the first bytes, which were parsed already.
    pub(super) fn advance(&mut self, bytes: usize) {
        let start = (self.start + bytes).min(self.end);
        self.line += count_lines(&self.buffer[self.start..start]);
        self.start = start;
    }
}

// === impl Chunks ===

impl<R: Read> Chunks<R> {
    pub(super) fn new(input: R, framing: Framing) -> Self {
        Self::with_size(input, framing, CHUNK_SIZE)
    }

    fn with_size(input: R, framing: Framing, size: usize) -> Self {
        Self {
            input,
            framing,
            size,
            rest: Vec::new(),
            cell: Cell::Start,
            skipping: false,
            ended: false,
            number: 0,
            line: 1,
        }
    }

    /// Reads the next chunk into `chunk`; false at the end of the input. Does not wait for a full chunk, so slow input
    /// is passed on as it arrives.
    ///
    /// # Errors
    /// The input cannot be read.
    pub(super) fn next(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        chunk.buffer.resize(self.size, 0);
        chunk.buffer[..self.rest.len()].copy_from_slice(&self.rest);
        let mut filled = self.rest.len();
        self.rest.clear();
        (chunk.start, chunk.is_too_long) = (0, false);
        loop {
            if filled == self.size {
                // No line end in a whole chunk, so the line is longer than allowed.
                self.skipping = true;
                chunk.is_too_long = true;
                self.hand_out(chunk, 0);
                self.line += count_lines(&chunk.buffer);
                return Ok(true);
            }
            let read = match self.ended {
                true => 0,
                false => read(&mut self.input, &mut chunk.buffer[filled..])?,
            };
            if read == 0 {
                self.ended = true;
                self.strip_mark(chunk, filled);
                self.hand_out(chunk, filled);
                return Ok(chunk.start < filled);
            }
            let mut fresh = filled..filled + read;
            filled += read;
            if self.skipping {
                // The buffer has only fresh bytes here.
                let skipped = self.first_end(&chunk.buffer[fresh.clone()]);
                self.skipping = skipped.is_none();
                let skipped = skipped.unwrap_or(read);
                self.line += count_lines(&chunk.buffer[..skipped]);
                chunk.buffer.copy_within(skipped..filled, 0);
                filled -= skipped;
                fresh = 0..filled;
            }
            if let Some(end) = self.last_end(&chunk.buffer[fresh.clone()]) {
                let end = fresh.start + end;
                self.rest.extend_from_slice(&chunk.buffer[end..filled]);
                self.strip_mark(chunk, end);
                self.hand_out(chunk, end);
                return Ok(true);
            }
        }
    }

    /// Skips a byte order mark at the start of the input.
    fn strip_mark(&self, chunk: &mut Chunk, end: usize) {
        if self.number == 0 && chunk.buffer[..end].starts_with(b"\xef\xbb\xbf") {
            chunk.start = 3;
        }
    }

    fn hand_out(&mut self, chunk: &mut Chunk, end: usize) {
        chunk.end = end;
        (chunk.number, chunk.line) = (self.number, self.line);
        self.number += 1;
        self.line += count_lines(&chunk.buffer[..end]);
    }

    /// The end of the first line in `bytes`. For records the position is kept between calls, so each byte must be given
    /// to this function or to `last_end` exactly once.
    fn first_end(&mut self, bytes: &[u8]) -> Option<usize> {
        match self.framing {
            Framing::Lines => bytes.iter().position(|&byte| byte == b'\n').map(|at| at + 1),
            Framing::Records(delimiter) => {
                for (at, &byte) in bytes.iter().enumerate() {
                    if self.cell.pass(byte, delimiter) {
                        return Some(at + 1);
                    }
                }
                None
            }
        }
    }

    /// The end of the last line in `bytes`.
    fn last_end(&mut self, bytes: &[u8]) -> Option<usize> {
        match self.framing {
            Framing::Lines => bytes.iter().rposition(|&byte| byte == b'\n').map(|at| at + 1),
            Framing::Records(delimiter) => {
                let (mut cell, mut end) = (self.cell, None);
                for (at, &byte) in bytes.iter().enumerate() {
                    if cell.pass(byte, delimiter) {
                        end = Some(at + 1);
                    }
                }
                self.cell = cell;
                end
            }
        }
    }
}

// === impl Cell ===

impl Cell {
    /// Moves on by a byte; true if it ended a record.
    fn pass(&mut self, byte: u8, delimiter: u8) -> bool {
        *self = match (*self, byte) {
            (Cell::Quoted, b'"') => Cell::Quote,
            (Cell::Quoted, _) | (Cell::Start | Cell::Quote, b'"') => Cell::Quoted,
            (_, byte) if byte == delimiter => Cell::Start,
            (_, b'\n' | b'\r') => {
                *self = Cell::Start;
                return true;
            }
            _ => Cell::Plain,
        };
        false
    }
}

fn read(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// Counts the line ends. In blocks of 255 bytes, whose count fits a byte, so that the compiler vectorizes it.
pub(super) fn count_lines(bytes: &[u8]) -> u64 {
    bytes.chunks(255).map(|block| u64::from(block.iter().map(|&byte| u8::from(byte == b'\n')).sum::<u8>())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len()).min(self.0.len());
            let (given, rest) = self.0.split_at(length);
            buffer[..length].copy_from_slice(given);
            self.0 = rest;
            Ok(length)
        }
    }

    /// Each chunk as its first line and its text; a line that is too long as none.
    fn cut(text: &str, framing: Framing, size: usize, step: usize) -> Vec<(u64, Option<String>)> {
        let mut chunks = Chunks::with_size(Dripping(text.as_bytes(), step), framing, size);
        let (mut chunk, mut all) = (Chunk::default(), Vec::new());
        while chunks.next(&mut chunk).expect("a slice can be read") {
            assert_eq!(chunk.number, all.len() as u64);
            let text = String::from_utf8(chunk.bytes().to_vec()).expect("cut at line ends");
            all.push((chunk.line, (!chunk.is_too_long).then_some(text)));
        }
        assert!(!chunks.next(&mut chunk).expect("a slice can be read"), "ended stays ended");
        all
    }

    #[test]
    fn lines_are_whole_and_all_there() {
        let text = "one\ntwo\r\n\n\nthree and more\nfour";
        for size in 16..40 {
            for step in 1..40 {
                let chunks = cut(text, Framing::Lines, size, step);
                let mut line = 1;
                let mut all = String::new();
                for (first, chunk) in chunks {
                    let chunk = chunk.expect("no line is too long");
                    assert_eq!(first, line, "{size} {step}");
                    line += chunk.matches('\n').count() as u64;
                    assert!(chunk.ends_with('\n') || chunk == "four");
                    all += &chunk;
                }
                assert_eq!(all, text);
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_one_chunk_and_the_next_goes_on() {
        let text = format!("one\n{}\nthree\n{}", "2".repeat(100), "4".repeat(50));
        for size in 8..40 {
            for step in 1..40 {
                let chunks = cut(&text, Framing::Lines, size, step);
                let expected = [(1, Some("one\n".into())), (2, None), (3, Some("three\n".into())), (4, None)];
                assert_eq!(chunks, expected, "{size} {step}");
            }
        }
    }

    #[test]
    fn records_are_cut_outside_of_quotes_only() {
        let text = "a,\"1\n\"\"\n2\",b\nc\"d\ne,\"f\"g\nh\"\r\n\"x\n,y\",z\n";
        let records = ["a,\"1\n\"\"\n2\",b\n", "c\"d\n", "e,\"f\"g\n", "h\"\r\n", "\"x\n,y\",z\n"];
        let ends: Vec<usize> = records
            .iter()
            .scan(0, |end, record| {
                *end += record.len();
                Some(*end)
            })
            .collect();
        for size in 15..60 {
            for step in 1..60 {
                let (mut at, mut line) = (0, 1);
                for (first, chunk) in cut(text, Framing::Records(b','), size, step) {
                    let chunk = chunk.expect("no record is too long");
                    assert_eq!(first, line, "{size} {step}");
                    line += chunk.matches('\n').count() as u64;
                    at += chunk.len();
                    // After the carriage return of a line end is a place to cut too.
                    assert!(ends.contains(&at) || ends.contains(&(at + 1)), "{size} {step}: {chunk:?}");
                }
                assert_eq!(at, text.len());
            }
        }
    }

    #[test]
    fn a_record_that_is_too_long_is_skipped_to_its_own_end() {
        let text = format!("a\n\"{}\"\nb\n", "x\n".repeat(50));
        for size in 8..40 {
            for step in 1..40 {
                let chunks = cut(&text, Framing::Records(b','), size, step);
                let expected = [(1, Some("a\n".into())), (2, None), (53, Some("b\n".into()))];
                assert_eq!(chunks, expected, "{size} {step}");
            }
        }
    }

    #[test]
    fn a_byte_order_mark_is_left_out_at_the_start_only() {
        let chunks = cut("\u{feff}one\n\u{feff}two\n", Framing::Lines, 10, 4);
        assert_eq!(chunks, [(1, Some("one\n".into())), (2, Some("\u{feff}two\n".into()))]);
        assert_eq!(cut("\u{feff}", Framing::Lines, 10, 4), []);
    }

    #[test]
    fn lines_are_counted_in_any_length() {
        for length in [0, 1, 254, 255, 256, 1_000] {
            assert_eq!(count_lines(&vec![b'\n'; length]), length as u64);
            assert_eq!(count_lines(&vec![b'x'; length]), 0);
        }
    }
}
