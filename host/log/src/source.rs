//! A file that is read in large pieces, and looked through where bytes are damaged.

use std::io::{self, Read, Seek, SeekFrom};

use crate::frame::MARK;

/// The bytes that are read at once.
const READ_BYTES: usize = 256 << 10;

/// A file that is read from its beginning.
#[derive(Debug)]
pub(crate) struct Source<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Where in the buffer the bytes begin that follow.
    start: usize,
    /// Where in the file they do.
    pub(crate) offset: u64,
}

impl<R: Read + Seek> Source<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), start: 0, offset: 0 }
    }

    /// Reads until so many bytes are there, or the file ends; how many of them are.
    pub(crate) fn fill(&mut self, wanted: usize) -> io::Result<usize> {
        if self.buffer.len() - self.start < wanted {
            self.buffer.drain(..self.start);
            self.start = 0;
            let missing = wanted.max(READ_BYTES) - self.buffer.len();
            (&mut self.reader).take(missing as u64).read_to_end(&mut self.buffer)?;
        }
        Ok(wanted.min(self.buffer.len() - self.start))
    }

    /// The bytes that follow, as far as they are there.
    pub(crate) fn head(&self, length: usize) -> &[u8] {
        let head = &self.buffer[self.start..];
        &head[..length.min(head.len())]
    }

    /// Leaves bytes out; how many there were.
    pub(crate) fn skip(&mut self, length: u64) -> io::Result<u64> {
        let there = (self.buffer.len() - self.start) as u64;
        if length <= there {
            self.start += length as usize;
            self.offset += length;
            return Ok(length);
        }
        self.buffer.clear();
        self.start = 0;
        let end = self.reader.seek(SeekFrom::End(0))?;
        let skipped = length.min(end.saturating_sub(self.offset));
        self.offset += skipped;
        self.reader.seek(SeekFrom::Start(self.offset))?;
        Ok(skipped)
    }

    /// Leaves bytes out up to the next that a frame may begin with, and one at least.
    pub(crate) fn skip_to_mark(&mut self) -> io::Result<()> {
        let bytes = &self.buffer[self.start..];
        let next = bytes.windows(MARK.len()).skip(1).position(|window| window == MARK);
        // The last bytes may be a part of a mark.
        let skipped = next.map_or(bytes.len().saturating_sub(MARK.len() - 1).max(1), |next| next + 1);
        self.skip(skipped as u64).map(drop)
    }

    /// How many bytes the file has from here on.
    pub(crate) fn length_from(&mut self, offset: u64) -> u64 {
        self.reader.seek(SeekFrom::End(0)).map_or(0, |end| end.saturating_sub(offset))
    }
}
