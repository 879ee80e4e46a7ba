//! One look into a Bloom filter of a Parquet file: 32 bytes are read, not the filter.
//!
//! The filters are Parquet's split block Bloom filters: a header, then blocks of eight words of 32 bits. The upper half of a
//! value's hash names its block, and the lower half one bit in each word of it
//! (<https://github.com/apache/parquet-format/blob/master/BloomFilter.md>).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use ::parquet::file::metadata::ColumnChunkMetaData;
use twox_hash::XxHash64;

const BLOCK_BYTES: u64 = 32;

const SALT: [u32; 8] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// Whether the values of a column of a row group may have this text among them; true where there is no filter.
///
/// # Errors
/// The file cannot be read.
pub(super) fn may_have(file: &File, column: &ColumnChunkMetaData, text: &[u8]) -> io::Result<bool> {
    let offset = column.bloom_filter_offset().and_then(|offset| u64::try_from(offset).ok());
    let length = column.bloom_filter_length().and_then(|length| u64::try_from(length).ok());
    let (Some(offset), Some(length)) = (offset, length) else { return Ok(true) };
    // The length is that of the header, under 32 bytes, and of the blocks, a power of two of at least 32.
    let Some(bits) = length.checked_ilog2() else { return Ok(true) };
    let blocks_bytes = 1_u64 << bits;
    if blocks_bytes < BLOCK_BYTES {
        return Ok(true);
    }
    let hash = XxHash64::oneshot(0, text);
    let block = ((hash >> 32) * (blocks_bytes / BLOCK_BYTES)) >> 32;
    let mut bytes = [0; BLOCK_BYTES as usize];
    file.read_exact_at(&mut bytes, offset + (length - blocks_bytes) + block * BLOCK_BYTES)?;
    let (words, _) = bytes.as_chunks::<4>();
    // The lower half.
    let low = hash as u32;
    Ok(words.iter().zip(SALT).all(|(word, salt)| u32::from_le_bytes(*word) >> (low.wrapping_mul(salt) >> 27) & 1 == 1))
}
