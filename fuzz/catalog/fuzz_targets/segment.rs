//! Any bytes as the payloads of frames of a decision log, with right checksums: they are read, or refused in words, and their size bounds the
//! memory that this takes. The input is a list of frames, each a byte for its kind, two for its length, and the payload.

#![no_main]

use std::io::Cursor;
use std::path::Path;

use callsign_log::{Part, SegmentReader};
use libfuzzer_sys::fuzz_target;

/// Appends the checksum of what was written since `start`.
fn seal(bytes: &mut Vec<u8>, start: usize) {
    let checksum = crc32fast::hash(&bytes[start..]);
    bytes.extend_from_slice(&checksum.to_le_bytes());
}

/// A segment as `docs/decision-log.md` describes it.
fn segment(mut input: &[u8]) -> Vec<u8> {
    let mut bytes = b"CALLSIGNLOG\n\x01\x00".to_vec();
    bytes.resize(60, 0);
    seal(&mut bytes, 0);
    let mut number = 0_u32;
    while let Some((&[kind, low, high], rest)) = input.split_first_chunk() {
        let (payload, rest) = rest.split_at(rest.len().min(usize::from(u16::from_le_bytes([low, high]))));
        input = rest;
        let start = bytes.len();
        bytes.extend_from_slice(b"CsF\x01");
        // Half of them say that they are compressed.
        let is_compressed = kind >> 7;
        bytes.extend_from_slice(&[kind & 7, is_compressed, 0, 0]);
        let length = payload.len() as u32;
        let raw = if is_compressed == 0 { length } else { 4096 };
        // A block begins with the number of its records.
        let records = payload.first().map_or(0, |first| u32::from(*first));
        for field in [length, raw, records, crc32fast::hash(payload)] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        bytes.extend_from_slice(&0_u64.to_le_bytes());
        bytes.extend_from_slice(&u64::MAX.to_le_bytes());
        bytes.extend_from_slice(&number.to_le_bytes());
        seal(&mut bytes, start);
        bytes.extend_from_slice(payload);
        number += 1;
    }
    bytes
}

fuzz_target!(|input: &[u8]| {
    let reader = SegmentReader::open(Cursor::new(segment(input)), Path::new("segment")).expect("the header is right");
    let mut memory = Vec::new();
    for part in reader {
        match part {
            Ok(Part::Block(block)) => match block.records(&mut memory) {
                Ok(records) => {
                    for (index, record) in records.iter().enumerate() {
                        assert_eq!(format!("{record:?}"), format!("{:?}", records.get(index).expect("it is there")));
                    }
                }
                Err(fault) => assert!(!fault.to_string().is_empty()),
            },
            Ok(_) => {}
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
