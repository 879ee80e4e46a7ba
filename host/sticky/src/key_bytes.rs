//! Pin keys as bytes: the hash of the scope, the channel, the recipient. They sort in that order.

use crate::pin::PinKey;
use crate::recipient::Recipient;
use callsign_destination::Channel;

/// The length of a key: scope, channel, recipient.
pub(crate) const KEY_LEN: usize = 16 + 1 + 16;

/// The bytes of a key. The recipient is taken as it is, number or hash.
#[inline]
pub(crate) fn key_bytes(key: &PinKey<'_>) -> [u8; KEY_LEN] {
    let mut bytes = [0; KEY_LEN];
    bytes[..16].copy_from_slice(&key.scope.hash().to_be_bytes());
    bytes[16] = key.channel as u8;
    bytes[17..].copy_from_slice(&key.recipient.to_bytes());
    bytes
}

/// The scope, channel and recipient of a key; `None` if the bytes are not a key.
pub(crate) fn key_parts(bytes: &[u8; KEY_LEN]) -> Option<(u128, Channel, Recipient)> {
    let scope = u128::from_be_bytes(bytes[..16].try_into().ok()?);
    let recipient = Recipient::from_bytes(bytes[17..].try_into().ok()?)?;
    Some((scope, Channel::from_number(bytes[16])?, recipient))
}
