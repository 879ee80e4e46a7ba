//! The table of names: scopes and senders by their hashes. All of them are kept in memory too.

use super::tables::{Tables, failed};
use crate::error::StickyError;
use crate::name_cache::{NameCache, ScopeName, owned_name};
use crate::pin::{PinScope, PinnedSender, SenderKey};

/// The names in memory: all that the table has.
#[derive(Default)]
pub(super) struct Names {
    pub(super) cache: NameCache,
}

/// The names of a write, at least one of them new to the store.
#[derive(Debug, Clone)]
pub(super) struct NewNames {
    scope: u128,
    names: ScopeName,
    sender: SenderKey,
    id: Box<str>,
}

impl NewNames {
    /// Identifies the pair of names.
    pub(super) fn key(&self) -> (u128, u64) {
        (self.scope, self.sender.0)
    }
}

const SCOPE: u8 = b'a';
const SENDER: u8 = b's';

impl Names {
    pub(super) fn load(tables: &Tables) -> Result<Self, StickyError> {
        let names = Self::default();
        for entry in tables.names.iter() {
            let (key, value) = entry.into_inner().map_err(failed)?;
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map(String::into_boxed_str).ok();
            let known = match key.split_first() {
                Some((&SCOPE, hash)) => hash.try_into().ok().zip(scope_of(&value)).map(|(hash, scope)| {
                    names.cache.learn_scope(u128::from_be_bytes(hash), scope);
                }),
                Some((&SENDER, hash)) => hash.try_into().ok().zip(text(&value)).map(|(hash, id)| {
                    names.cache.learn_sender(SenderKey(u64::from_be_bytes(hash)), id);
                }),
                _ => None,
            };
            known.ok_or_else(|| StickyError::new("a name on the disk cannot be read"))?;
        }
        Ok(names)
    }

    /// The names of a write, if one of them is not in the store yet.
    pub(super) fn unknown(&self, scope: &PinScope<'_>, sender: &PinnedSender<'_>) -> Option<Box<NewNames>> {
        if self.cache.has_scope(scope.hash()) && self.cache.has_sender(sender.key) {
            return None;
        }
        Some(Box::new(NewNames {
            scope: scope.hash(),
            names: owned_name(scope),
            sender: sender.key,
            id: sender.id.into(),
        }))
    }

    /// Adds names to the batch that writes the first pin with them.
    pub(super) fn write(&self, new: &NewNames, tables: &Tables, batch: &mut fjall::OwnedWriteBatch) {
        let mut value = new.names.0.as_bytes().to_vec();
        if let Some(entity) = &new.names.1 {
            // Ids have no control characters.
            value.push(0);
            value.extend(entity.as_bytes());
        }
        batch.insert(&tables.names, [&[SCOPE][..], &new.scope.to_be_bytes()].concat(), value);
        batch.insert(&tables.names, [&[SENDER][..], &new.sender.0.to_be_bytes()].concat(), new.id.as_bytes());
    }

    /// Keeps names in memory that are being written with their first pin.
    pub(super) fn written(&self, new: &NewNames) {
        self.cache.learn_scope(new.scope, new.names.clone());
        self.cache.learn_sender(new.sender, new.id.clone());
    }
}

fn scope_of(value: &[u8]) -> Option<ScopeName> {
    let text = std::str::from_utf8(value).ok()?;
    Some(match text.split_once('\0') {
        Some((application, entity)) => (application.into(), Some(entity.into())),
        None => (text.into(), None),
    })
}
