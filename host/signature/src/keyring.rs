//! All keys of a platform, and whether the signatures of a module are enough.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::key::ModuleKey;
use crate::key_id::KeyId;
use crate::signature::Signature;
use crate::statement::Statement;
use crate::time;

/// The most keys of a platform, those of its applications and revoked ones included.
pub const MAX_KEYS: usize = 1_000;

/// The keys of a platform, by their ids. An id has one key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keyring(BTreeMap<KeyId, Arc<ModuleKey>>);

/// Why a key is not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// Another key has its id.
    #[error("another key has the id {id}: make a new pair of keys")]
    Taken {
        /// The id.
        id: KeyId,
    },
    /// There are enough.
    #[error("there are {MAX_KEYS} keys, which is the most")]
    Full,
}

/// What is wrong with one signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// No key has its id.
    #[error("no key has the id {id}")]
    UnknownKey {
        /// The id.
        id: KeyId,
    },
    /// Its key is of another application.
    #[error("the key {id} is of an application, and the module is not of that one")]
    OtherOwner {
        /// The id of the key.
        id: KeyId,
    },
    /// It is of other bytes, another name or another version, or was changed, or another key has made it.
    #[error("the signature with the key id {id} is not of this key over these bytes with this name and version")]
    Wrong {
        /// The id of the key.
        id: KeyId,
    },
    /// Its key is revoked.
    #[error("the key {id} is revoked since {since}")]
    Revoked {
        /// The id of the key.
        id: KeyId,
        /// Since when.
        since: String,
    },
    /// Its key is not valid yet.
    #[error("the key {id} is valid from {from} on")]
    NotYetValid {
        /// The id of the key.
        id: KeyId,
        /// From when.
        from: String,
    },
    /// Its key is not valid any more.
    #[error("the key {id} was valid until {until}")]
    Expired {
        /// The id of the key.
        id: KeyId,
        /// Until when.
        until: String,
    },
}

/// Why the signatures of a module are not enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotTrusted {
    /// It has none.
    #[error("{label} has no signature, and signatures are required")]
    Unsigned {
        /// `name@version`.
        label: String,
    },
    /// None counts, or one is wrong.
    #[error("{label} is not trusted: {fault}")]
    Refused {
        /// `name@version`.
        label: String,
        /// What is wrong with the first signature that has a fault.
        fault: Fault,
    },
}

impl Keyring {
    /// Adds a key. A key that is there already is left as it is.
    ///
    /// # Errors
    /// Another key has its id, or there are [`MAX_KEYS`].
    pub fn add(&mut self, key: ModuleKey) -> Result<(), KeyringError> {
        match self.0.get(&key.id()) {
            Some(there) if there.public_key == key.public_key => Ok(()),
            Some(_) => Err(KeyringError::Taken { id: key.id() }),
            None if self.0.len() >= MAX_KEYS => Err(KeyringError::Full),
            None => {
                self.0.insert(key.id(), Arc::new(key));
                Ok(())
            }
        }
    }

    /// Puts a key in the place of the one with its id, if there is one.
    pub fn put(&mut self, key: ModuleKey) {
        self.0.insert(key.id(), Arc::new(key));
    }

    /// Removes a key.
    pub fn remove(&mut self, id: KeyId) {
        self.0.remove(&id);
    }

    /// The key with an id.
    pub fn get(&self, id: KeyId) -> Option<&Arc<ModuleKey>> {
        self.0.get(&id)
    }

    /// All keys, by their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ModuleKey>> {
        self.0.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next moment after `now` at which a key begins or ceases to count.
    pub fn next_turn(&self, now: u64) -> Option<u64> {
        let counting = self.iter().filter(|key| key.revoked_at.is_none());
        counting.filter_map(|key| key.next_turn(now)).min()
    }

    /// Whether a signature counts for a module of an owner (`None` is the platform) at a moment.
    ///
    /// # Errors
    /// It does not: why.
    pub fn check(
        &self,
        statement: &Statement,
        owner: Option<&str>,
        signature: &Signature,
        now: u64,
    ) -> Result<&Arc<ModuleKey>, Fault> {
        let id = signature.key_id();
        let key = self.get(id).ok_or(Fault::UnknownKey { id })?;
        if !key.is_for(owner) {
            return Err(Fault::OtherOwner { id });
        }
        if !key.public_key.has_signed(statement, signature) {
            return Err(Fault::Wrong { id });
        }
        if let Some(since) = key.revoked_at {
            return Err(Fault::Revoked { id, since: time(since) });
        }
        if let Some(from) = key.valid_from.filter(|from| now < *from) {
            return Err(Fault::NotYetValid { id, from: time(from) });
        }
        match key.valid_until {
            Some(until) if now >= until => Err(Fault::Expired { id, until: time(until) }),
            _ => Ok(key),
        }
    }

    /// Whether a module may be taken in: it has signatures, and each of them counts. Returns the ids of their keys.
    ///
    /// # Errors
    /// It may not: why.
    pub fn accept(
        &self,
        statement: &Statement,
        owner: Option<&str>,
        signatures: &[Signature],
        now: u64,
    ) -> Result<Vec<KeyId>, NotTrusted> {
        if signatures.is_empty() {
            return Err(NotTrusted::Unsigned { label: label(statement) });
        }
        let checked = signatures.iter().map(|signature| self.check(statement, owner, signature, now));
        checked.map(|key| key.map(|key| key.id()).map_err(|fault| refused(statement, fault))).collect()
    }

    /// Whether a module that was taken in may run: at least one of its signatures counts, and none is wrong. Those of keys that
    /// were revoked or have expired since count no more, and do no harm beside one that does. Returns the ids of the keys that
    /// count.
    ///
    /// # Errors
    /// It may not: why.
    pub fn trust(
        &self,
        statement: &Statement,
        owner: Option<&str>,
        signatures: &[Signature],
        now: u64,
    ) -> Result<Vec<KeyId>, NotTrusted> {
        let (mut keys, mut first) = (Vec::new(), None);
        for signature in signatures {
            match self.check(statement, owner, signature, now) {
                Ok(key) => keys.push(key.id()),
                Err(fault @ Fault::Wrong { .. }) => return Err(refused(statement, fault)),
                Err(fault) => first = first.or(Some(fault)),
            }
        }
        match (keys.is_empty(), first) {
            (false, _) => Ok(keys),
            (true, Some(fault)) => Err(refused(statement, fault)),
            (true, None) => Err(NotTrusted::Unsigned { label: label(statement) }),
        }
    }
}

fn label(statement: &Statement) -> String {
    format!("{}@{}", statement.name(), statement.version())
}

fn refused(statement: &Statement, fault: Fault) -> NotTrusted {
    NotTrusted::Refused { label: label(statement), fault }
}
