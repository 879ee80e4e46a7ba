//! A frame: a part of a segment that is read as a whole or not at all.

use std::cell::RefCell;
use std::io;

use zstd::bulk::Decompressor;

thread_local! {
    /// What this thread decompresses with. To make one takes as long as to look through a block.
    static ZSTD: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// What every frame begins with. It is looked for where bytes are damaged.
pub(crate) const MARK: [u8; 4] = *b"CsF\x01";

/// The bytes of a frame before its payload.
pub(crate) const HEADER_BYTES: usize = 48;

/// The most bytes of a frame of records, before and after it is compressed: 4 MiB.
pub(crate) const MAX_BLOCK_BYTES: u32 = 4 << 20;

/// The most bytes of a frame of contexts, before and after it is compressed: 64 MiB.
pub(crate) const MAX_CONTEXT_BYTES: u32 = 64 << 20;

/// What is in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Contexts,
    Records,
    Hole,
    End,
    /// Of a later version: it is left out.
    Unknown(u8),
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Kind::Contexts => 1,
            Kind::Records => 2,
            Kind::Hole => 3,
            Kind::End => 4,
            Kind::Unknown(number) => number,
        }
    }

    fn of(number: u8) -> Self {
        match number {
            1 => Kind::Contexts,
            2 => Kind::Records,
            3 => Kind::Hole,
            4 => Kind::End,
            other => Kind::Unknown(other),
        }
    }

    /// The most bytes that a payload of this kind has.
    fn limit(self) -> u32 {
        match self {
            Kind::Records => MAX_BLOCK_BYTES,
            _ => MAX_CONTEXT_BYTES,
        }
    }
}

/// What stands before the payload of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) kind: Kind,
    /// Whether the payload is compressed with zstd.
    pub(crate) is_compressed: bool,
    /// The bytes of the payload in the file.
    pub(crate) stored: u32,
    /// The bytes of the payload before it was compressed.
    pub(crate) raw: u32,
    /// How many records it has.
    pub(crate) records: u32,
    /// CRC-32 (ISO-HDLC) of the payload in the file.
    pub(crate) checksum: u32,
    /// The time of its oldest record, in microseconds since 1970-01-01 UTC.
    pub(crate) first: u64,
    /// The time of its newest record.
    pub(crate) last: u64,
    /// Its number in the segment, from 0.
    pub(crate) number: u32,
}

impl FrameHeader {
    pub(crate) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &MARK);
        put(4, &[self.kind.number(), u8::from(self.is_compressed)]);
        put(8, &self.stored.to_le_bytes());
        put(12, &self.raw.to_le_bytes());
        put(16, &self.records.to_le_bytes());
        put(20, &self.checksum.to_le_bytes());
        put(24, &self.first.to_le_bytes());
        put(32, &self.last.to_le_bytes());
        put(40, &self.number.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[..HEADER_BYTES - 4]);
        bytes[HEADER_BYTES - 4..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// `None` if these bytes are no header of a frame.
    pub(crate) fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        if !bytes.starts_with(&MARK) || u32_at(HEADER_BYTES - 4) != crc32fast::hash(&bytes[..HEADER_BYTES - 4]) {
            return None;
        }
        let kind = Kind::of(bytes[4]);
        let is_compressed = match bytes[5] {
            0 => false,
            1 => true,
            _ => return None,
        };
        let header = Self {
            kind,
            is_compressed,
            stored: u32_at(8),
            raw: u32_at(12),
            records: u32_at(16),
            checksum: u32_at(20),
            first: u64_at(24),
            last: u64_at(32),
            number: u32_at(40),
        };
        (header.stored <= kind.limit() && header.raw <= kind.limit()).then_some(header)
    }

    /// Decompresses a payload into `raw`, over what it had.
    pub(crate) fn decompress(&self, stored: &[u8], raw: &mut Vec<u8>) -> Result<(), &'static str> {
        raw.clear();
        if self.is_compressed {
            // No larger than the header says, which was checked.
            raw.reserve_exact(self.raw as usize);
            decompress(stored, raw).map_err(|_| "it cannot be decompressed")?;
        } else {
            raw.extend_from_slice(stored);
        }
        if raw.len() == self.raw as usize { Ok(()) } else { Err("its length") }
    }
}

/// Decompresses into the capacity of `raw`, which is empty.
fn decompress(stored: &[u8], raw: &mut Vec<u8>) -> io::Result<()> {
    let decompressed = ZSTD.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        let zstd = match &mut *kept {
            Some(zstd) => zstd,
            none => none.insert(Decompressor::new()?),
        };
        zstd.decompress_to_buffer(stored, raw)
    });
    // While the thread ends there is none.
    decompressed.map_err(io::Error::other)?.map(|_| ())
}
