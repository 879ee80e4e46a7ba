//! The names behind the hashes: of scopes and of senders, all of them in memory.

use hashbrown::DefaultHashBuilder;
use papaya::HashMap;

use super::layout::{Tables, failed};
use crate::error::StickyError;
use crate::pin::{PinScope, PinnedSender, SenderKey};

/// Application and entity.
pub(super) type ScopeNames = (Box<str>, Option<Box<str>>);

/// What is known.
#[derive(Default)]
pub(super) struct Names {
    scopes: HashMap<u128, ScopeNames, DefaultHashBuilder>,
    senders: HashMap<SenderKey, Box<str>, DefaultHashBuilder>,
}

/// Names that come with a write and were not known when it was asked for.
#[derive(Debug, Clone)]
pub(super) struct New {
    scope: u128,
    names: ScopeNames,
    sender: SenderKey,
    id: Box<str>,
}

impl New {
    /// Tells pairs of names apart.
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
                    names.scopes.pin().insert(u128::from_be_bytes(hash), scope);
                }),
                Some((&SENDER, hash)) => hash.try_into().ok().zip(text(&value)).map(|(hash, id)| {
                    names.senders.pin().insert(SenderKey(u64::from_be_bytes(hash)), id);
                }),
                _ => None,
            };
            known.ok_or_else(|| StickyError::new("a name on the disk that cannot be read"))?;
        }
        Ok(names)
    }

    /// The names, where one of them is not known yet.
    pub(super) fn unknown(&self, scope: &PinScope<'_>, sender: &PinnedSender<'_>) -> Option<Box<New>> {
        if self.scopes.pin().contains_key(&scope.hash()) && self.senders.pin().contains_key(&sender.key) {
            return None;
        }
        Some(Box::new(New {
            scope: scope.hash(),
            names: (scope.application.into(), scope.entity.map(Into::into)),
            sender: sender.key,
            id: sender.id.into(),
        }))
    }

    /// Puts names into a batch that has a pin of them.
    pub(super) fn write(&self, new: &New, tables: &Tables, batch: &mut fjall::OwnedWriteBatch) {
        let mut value = new.names.0.as_bytes().to_vec();
        if let Some(entity) = &new.names.1 {
            // No id has a control character.
            value.push(0);
            value.extend(entity.as_bytes());
        }
        batch.insert(&tables.names, [&[SCOPE][..], &new.scope.to_be_bytes()].concat(), value);
        batch.insert(&tables.names, [&[SENDER][..], &new.sender.0.to_be_bytes()].concat(), new.id.as_bytes());
    }

    /// They are on their way to the disk, with the first pin that needs them.
    pub(super) fn written(&self, new: &New) {
        self.scopes.pin().insert(new.scope, new.names.clone());
        self.senders.pin().insert(new.sender, new.id.clone());
    }

    pub(super) fn scope(&self, hash: u128) -> Option<ScopeNames> {
        self.scopes.pin().get(&hash).cloned()
    }

    pub(super) fn sender(&self, key: SenderKey) -> Option<Box<str>> {
        self.senders.pin().get(&key).cloned()
    }

    /// The hashes of all scopes, in order.
    pub(super) fn scopes(&self) -> Vec<u128> {
        let mut hashes: Vec<u128> = self.scopes.pin().keys().copied().collect();
        hashes.sort_unstable();
        hashes
    }
}

fn scope_of(value: &[u8]) -> Option<ScopeNames> {
    let text = std::str::from_utf8(value).ok()?;
    Some(match text.split_once('\0') {
        Some((application, entity)) => (application.into(), Some(entity.into())),
        None => (text.into(), None),
    })
}
