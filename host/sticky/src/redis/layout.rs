//! The data in the cluster: keys, values, and the slot of a key.
//!
//! | key | type | value |
//! | --- | --- | --- |
//! | `callsign{}` and 33 bytes: scope (16), channel (1), recipient (16) | string | a pin, 21 bytes |
//! | `callsign:scopes:0` to `15` | hash | scope in hexadecimal digits: `["application","entity"]` |
//! | `callsign:senders:0` to `15` | hash | sender key in hexadecimal digits: the `senderId` |
//! | `callsign:store` | string | the format, and the fingerprint of the recipient key |
//!
//! A pin with a time to live has its end as `EXAT`, so that the server removes it.

use crate::key_bytes::KEY_LEN;
use crate::pin::{Pin, SenderKey};

/// The format that this version writes, and the newest that it reads.
pub(crate) const FORMAT: u32 = 1;

/// The number of hashes that the names of scopes are spread over, and those of senders, so that no node has them all.
pub(crate) const SHARDS: u64 = 16;

/// The number of slots of a cluster.
pub(crate) const SLOTS: u16 = 16_384;

/// The length of a value: version, sender, first used, last used, idle days.
pub(crate) const VALUE: usize = 1 + 8 + 5 + 5 + 2;

/// The first byte of a value.
const VERSION: u8 = 1;

/// Times have 40 bits: enough for 34,000 years.
const LATEST: u64 = (1 << 40) - 1;

/// A pin as bytes. Scripts read the sender from bytes 2 to 9, and a touch keeps bytes 1 to 14, counted from 1.
pub(crate) fn value_of(pin: &Pin) -> [u8; VALUE] {
    let mut value = [0; VALUE];
    value[0] = VERSION;
    value[1..9].copy_from_slice(&pin.sender.0.to_be_bytes());
    value[9..14].copy_from_slice(&pin.first_used.min(LATEST).to_be_bytes()[3..]);
    value[14..].copy_from_slice(&use_of(pin.last_used, pin.idle_days));
    value
}

/// The part of a value that a touch replaces: last used, idle days.
pub(crate) fn use_of(last_used: u64, idle_days: u16) -> [u8; 7] {
    let mut bytes = [0; 7];
    bytes[..5].copy_from_slice(&last_used.min(LATEST).to_be_bytes()[3..]);
    bytes[5..].copy_from_slice(&idle_days.to_be_bytes());
    bytes
}

/// Reads a value; `None` if it is not a pin.
pub(crate) fn pin_of(value: &[u8]) -> Option<Pin> {
    let value: &[u8; VALUE] = value.try_into().ok()?;
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    (value[0] == VERSION).then(|| {
        let mut pin = Pin::new(SenderKey(number(&value[1..9])), number(&value[9..14]), number(&value[19..]) as u16);
        pin.last_used = number(&value[14..19]);
        pin
    })
}

/// The keys of a store, which all begin with its prefix.
#[derive(Debug)]
pub(crate) struct Keys {
    prefix: Box<str>,
    /// The prefix and `{}`. The empty hash tag makes the slot depend on the whole key. Without it, a scope whose hash
    /// happens to contain `{` and `}` would have all its pins in one slot.
    pins: Box<[u8]>,
    /// The checksum of `pins`.
    checksum: u16,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        let pins: Box<[u8]> = format!("{prefix}{{}}").into_bytes().into();
        Self { prefix: prefix.into(), checksum: checksum(0, &pins), pins }
    }

    /// The whole key of a pin.
    pub(crate) fn pin(&self, key: &[u8; KEY_LEN]) -> Vec<u8> {
        [&self.pins[..], key].concat()
    }

    /// The part of a whole key after the prefix; `None` if it is not the key of a pin of this store.
    pub(crate) fn strip(&self, key: &[u8]) -> Option<[u8; KEY_LEN]> {
        key.strip_prefix(&*self.pins)?.try_into().ok()
    }

    /// The slot of a pin.
    pub(crate) fn slot(&self, key: &[u8; KEY_LEN]) -> u16 {
        checksum(self.checksum, key) % SLOTS
    }

    /// The key of the hash that has the names of one kind and one shard.
    pub(crate) fn names(&self, what: &str, shard: u64) -> String {
        format!("{}:{what}:{shard}", self.prefix)
    }

    /// The key of the string that has the format and the fingerprint of the recipient key.
    pub(crate) fn store(&self) -> String {
        format!("{}:store", self.prefix)
    }
}

/// The slot of a key without a hash tag.
pub(crate) fn slot_of(key: &[u8]) -> u16 {
    checksum(0, key) % SLOTS
}

/// CRC16/XMODEM, by which clusters spread keys over slots.
fn checksum(start: u16, bytes: &[u8]) -> u16 {
    const TABLE: [u16; 256] = table();
    bytes.iter().fold(start, |sum, byte| sum << 8 ^ TABLE[usize::from((sum >> 8) as u8 ^ byte)])
}

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut sum, mut bit) = ((byte as u16) << 8, 0);
        while bit < 8 {
            sum = if sum & 0x8000 != 0 { sum << 1 ^ 0x1021 } else { sum << 1 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails here says where")]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_slot_that_the_servers_give_it() {
        // As `CLUSTER KEYSLOT` answers.
        assert_eq!(checksum(0, b"123456789"), 0x31c3);
        assert_eq!(slot_of(b"foo"), 12_182);
        let keys = Keys::new("callsign");
        let key = [b'{'; KEY_LEN];
        assert_eq!(keys.slot(&key), slot_of(&keys.pin(&key)));
        assert_eq!(keys.strip(&keys.pin(&key)), Some(key));
        assert_eq!(keys.strip(b"callsign:store"), None);
    }

    #[test]
    fn a_pin_comes_back_from_its_bytes() {
        let mut pin = Pin::new(SenderKey(u64::MAX - 5), 1_790_000_000, 365);
        pin.last_used = LATEST;
        assert_eq!(pin_of(&value_of(&pin)), Some(pin));
        pin.last_used = u64::MAX;
        assert_eq!(pin_of(&value_of(&pin)).unwrap().last_used, LATEST);
        assert_eq!(pin_of(b"OK"), None);
        assert_eq!(pin_of(&[9; VALUE]), None);
    }
}
