//! The names behind the hashes of scopes and the keys of senders, in memory.

use hashbrown::DefaultHashBuilder;
use papaya::HashMap;

use crate::pin::{PinScope, PinnedSender, SenderKey};

/// The application and the entity of a scope.
pub(crate) type ScopeName = (Box<str>, Option<Box<str>>);

/// Names by hash. Reading takes no lock.
#[derive(Debug, Default)]
pub(crate) struct NameCache {
    scopes: HashMap<u128, ScopeName, DefaultHashBuilder>,
    senders: HashMap<SenderKey, Box<str>, DefaultHashBuilder>,
}

/// The names of a scope, owned.
pub(crate) fn owned_name(scope: &PinScope<'_>) -> ScopeName {
    (scope.application.into(), scope.entity.map(Into::into))
}

impl NameCache {
    pub(crate) fn has_scope(&self, hash: u128) -> bool {
        self.scopes.pin().contains_key(&hash)
    }

    pub(crate) fn has_sender(&self, key: SenderKey) -> bool {
        self.senders.pin().contains_key(&key)
    }

    pub(crate) fn learn_scope(&self, hash: u128, name: ScopeName) {
        self.scopes.pin().insert(hash, name);
    }

    pub(crate) fn learn_sender(&self, key: SenderKey, id: Box<str>) {
        self.senders.pin().insert(key, id);
    }

    /// Adds the names of a pin's scope and sender, if they are new.
    pub(crate) fn learn(&self, scope: &PinScope<'_>, sender: &PinnedSender<'_>) {
        if !self.has_scope(scope.hash()) {
            self.learn_scope(scope.hash(), owned_name(scope));
        }
        if !self.has_sender(sender.key) {
            self.learn_sender(sender.key, sender.id.into());
        }
    }

    /// Keeps only the names for which the functions say yes.
    #[cfg(feature = "redis")]
    pub(crate) fn retain(&self, scope: impl Fn(u128) -> bool, sender: impl Fn(SenderKey) -> bool) {
        self.scopes.pin().retain(|hash, _| scope(*hash));
        self.senders.pin().retain(|key, _| sender(*key));
    }

    pub(crate) fn scope(&self, hash: u128) -> Option<ScopeName> {
        self.scopes.pin().get(&hash).cloned()
    }

    pub(crate) fn sender(&self, key: SenderKey) -> Option<Box<str>> {
        self.senders.pin().get(&key).cloned()
    }

    /// The hashes of all scopes, in order.
    pub(crate) fn scopes(&self) -> Vec<u128> {
        let mut hashes: Vec<u128> = self.scopes.pin().keys().copied().collect();
        hashes.sort_unstable();
        hashes
    }
}
