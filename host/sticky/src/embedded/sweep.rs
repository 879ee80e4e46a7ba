//! The end of pins: those whose time to live is over are taken off in the background, a few at a time.

use super::Shared;
use super::group::Group;
use super::layout::{day, failed};
use crate::bytes::KEY;
use crate::error::StickyError;

/// How many are looked at before others may commit.
const AT_ONCE: usize = 1_000;

/// Takes ended pins off; tells whether there may be more.
pub(super) fn sweep(shared: &Shared) -> Result<bool, StickyError> {
    let today = day(shared.now());
    let mut group = Group::new(shared);
    let mut looked_at = 0;
    for entry in shared.tables.due.range(..(today + 1).to_be_bytes()).take(AT_ONCE) {
        let entry = entry.key().map_err(failed)?;
        let entry: [u8; 4 + KEY] =
            entry[..].try_into().map_err(|_| StickyError::new("an entry of a day that cannot be read"))?;
        let mut key = [0; KEY];
        key.copy_from_slice(&entry[4..]);
        group.look_at(entry, &key)?;
        looked_at += 1;
    }
    if looked_at > 0 {
        group.commit()?;
    }
    Ok(looked_at == AT_ONCE)
}
