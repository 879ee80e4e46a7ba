//! Expiry: pins whose time to live is over are removed in the background, at most 1,000 in one commit.

use std::ops::Bound;

use super::Shared;
use super::commit_group::CommitGroup;
use super::tables::{day, due_entry, failed};
use crate::error::StickyError;
use crate::key_bytes::KEY_LEN;

/// The number of pins looked at before other callers may commit.
const AT_ONCE: usize = 1_000;

/// Walks the table `due`, and remembers how far it came. Entries that are added before that place wait for the next
/// round: starting at the front each time would read past everything that was just removed.
#[derive(Default)]
pub(super) struct Sweeper {
    after: Option<[u8; 4 + KEY_LEN]>,
}

impl Sweeper {
    /// Removes ended pins; whether there may be more.
    pub(super) fn sweep(&mut self, shared: &Shared) -> Result<bool, StickyError> {
        let last = sweep(shared, self.after)?;
        self.after = last;
        Ok(last.is_some())
    }
}

/// One commit. Returns the last entry that was looked at if there may be more.
fn sweep(shared: &Shared, after: Option<[u8; 4 + KEY_LEN]>) -> Result<Option<[u8; 4 + KEY_LEN]>, StickyError> {
    let tomorrow = due_entry(day(shared.now()).saturating_add(1), &[0; KEY_LEN]);
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut group = CommitGroup::new(shared);
    let (mut looked_at, mut last) = (0, None);
    for entry in shared.tables.due.range((from, Bound::Excluded(tomorrow))).take(AT_ONCE) {
        let entry = entry.key().map_err(failed)?;
        let entry: [u8; 4 + KEY_LEN] =
            entry[..].try_into().map_err(|_| StickyError::new("an entry of the table `due` cannot be read"))?;
        let mut key = [0; KEY_LEN];
        key.copy_from_slice(&entry[4..]);
        group.look_at(entry, &key)?;
        looked_at += 1;
        last = Some(entry);
    }
    if looked_at > 0 {
        group.commit()?;
    }
    Ok(last.filter(|_| looked_at == AT_ONCE))
}
