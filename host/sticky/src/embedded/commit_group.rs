//! Group commit: the changes of many callers reach the disk together.

use fjall::PersistMode;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::Shared;
use super::names::NewNames;
use super::tables::{due_day, due_entry, failed, sender_entry, value_of};
use super::writer::{Op, OpKind};
use crate::error::StickyError;
use crate::key_bytes::KEY_LEN;
use crate::pin::Pin;

/// The changes of a commit.
pub(super) struct CommitGroup<'a> {
    shared: &'a Shared,
    now: u64,
    keys: HashMap<[u8; KEY_LEN], Change>,
    names: HashMap<(u128, u64), Box<NewNames>>,
    /// Entries of the table `due` that were handled and are removed.
    looked_at: Vec<[u8; 4 + KEY_LEN]>,
    /// Whether a caller waits for a change to be on the disk.
    waited_for: bool,
}

/// The pin of a key before and after the commit.
struct Change {
    before: Option<Pin>,
    after: Option<Pin>,
    /// Its entry in `due` was removed, so it needs a new one for the day on which it ends.
    look_again: bool,
}

impl<'a> CommitGroup<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            now: shared.now(),
            keys: HashMap::new(),
            names: HashMap::new(),
            looked_at: Vec::new(),
            waited_for: false,
        }
    }

    fn change(&mut self, key: &[u8; KEY_LEN]) -> Result<&mut Change, StickyError> {
        match self.keys.entry(*key) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(vacant) => {
                let pin = match self.shared.hot.peek(key) {
                    Some(pin) => Some(pin),
                    None => self.shared.tables.pin(key)?,
                };
                Ok(vacant.insert(Change { before: pin, after: pin, look_again: false }))
            }
        }
    }

    /// Applies an operation. The answer counts once the commit is on the disk.
    pub(super) fn apply(&mut self, op: Op) -> Result<Option<Pin>, StickyError> {
        let now = self.now;
        let change = self.change(&op.key)?;
        match op.kind {
            OpKind::Write(wanted) => match wanted.apply_to(change.after, now) {
                Ok(pin) => {
                    change.after = Some(pin);
                    self.waited_for = true;
                    if let Some(new) = op.names {
                        self.names.insert(new.key(), new);
                    }
                    Ok(None)
                }
                Err(stays) => Ok(Some(stays)),
            },
            OpKind::Release { expected } => match change.after {
                Some(pin) if expected.is_none_or(|sender| sender == pin.sender) => {
                    change.after = None;
                    self.waited_for = true;
                    Ok((!pin.has_ended(now)).then_some(pin))
                }
                _ => Ok(None),
            },
            OpKind::Touch { sender, idle_days } => {
                if let Some(pin) = change.after.filter(|pin| pin.sender == sender && !pin.has_ended(now)) {
                    change.after = Some(Pin { last_used: now, idle_days, ..pin });
                }
                Ok(None)
            }
        }
    }

    /// Removes a pin if it has ended; otherwise it is looked at again later.
    pub(super) fn look_at(&mut self, entry: [u8; 4 + KEY_LEN], key: &[u8; KEY_LEN]) -> Result<(), StickyError> {
        let now = self.now;
        let change = self.change(key)?;
        match change.after {
            Some(pin) if pin.has_ended(now) => change.after = None,
            Some(_) => change.look_again = true,
            None => {}
        }
        self.looked_at.push(entry);
        Ok(())
    }

    /// Writes the changes to the disk, then makes them visible to readers.
    pub(super) fn commit(self) -> Result<(), StickyError> {
        let Shared { tables, names, hot, .. } = self.shared;
        let mut batch = tables.database.batch();
        if self.waited_for {
            batch = batch.durability(Some(PersistMode::SyncData));
        }
        for entry in &self.looked_at {
            batch.remove(&tables.due, &entry[..]);
        }
        for (key, Change { before, after, look_again }) in &self.keys {
            if before != after {
                match after {
                    Some(pin) => batch.insert(&tables.pins, &key[..], &value_of(pin)[..]),
                    None => batch.remove(&tables.pins, &key[..]),
                }
                let (old, new) = (before.map(|pin| pin.sender), after.map(|pin| pin.sender));
                if old != new {
                    if let Some(old) = old {
                        batch.remove(&tables.by_sender, &sender_entry(old, key)[..]);
                    }
                    if let Some(new) = new {
                        batch.insert(&tables.by_sender, &sender_entry(new, key)[..], []);
                    }
                }
            }
            // An existing entry is no later than the day on which the pin before the change ends.
            if let Some(day) = after.as_ref().and_then(due_day)
                && (*look_again || before.as_ref().and_then(due_day).is_none_or(|known| day < known))
            {
                batch.insert(&tables.due, &due_entry(day, key)[..], []);
            }
        }
        for new in self.names.values() {
            names.write(new, tables, &mut batch);
        }
        // The names come first: a listing needs the names of every pin that it sees. If the commit fails, the engine
        // takes no other pin either.
        for new in self.names.values() {
            names.written(new);
        }
        batch.commit().map_err(failed)?;
        for (key, Change { before, after, .. }) in self.keys {
            match after {
                _ if before == after => {}
                Some(pin) => hot.insert(key, pin),
                None => drop(hot.remove(&key)),
            }
        }
        Ok(())
    }
}
