//! The catalogs and policies that records name, found once and kept while they are used.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use callsign::{Catalog, Policy, Revision};
use callsign_log::PolicyContext;

use crate::instead::Instead;
use crate::sources::{Gone, Sources};

/// How many revisions are kept. A log has few at a time, and one of a million senders takes a gigabyte.
const REVISIONS: usize = 3;
/// How many policies are kept.
const POLICIES: usize = 64;
/// How many things that are not there are named.
const NAMED: usize = 20;
/// How long a call may take. It is longer than the default of a gateway, since a replay shares its machine, and short enough to
/// be cancelled.
const DEADLINE: Duration = Duration::from_secs(2);

/// Finds what records name, or what is to be used instead.
pub(crate) struct Finder<'s> {
    sources: &'s dyn Sources,
    instead: &'s Instead,
    revisions: Kept<Box<str>, Revision>,
    policies: Kept<[u8; 64], Policy>,
    missing: Mutex<Vec<String>>,
    /// For messages that no policy is asked about.
    standard: Arc<Policy>,
}

/// Things by their keys; the one that was used last is the last. None is kept of what is not there.
struct Kept<K, T> {
    most: usize,
    entries: Mutex<Vec<(K, Entry<T>)>>,
}

/// Something that is found by whoever asks first; the others wait for it.
type Entry<T> = Arc<OnceLock<Option<Arc<T>>>>;

impl<K: PartialEq, T> Kept<K, T> {
    fn of_at_most(most: usize) -> Self {
        Self { most, entries: Mutex::default() }
    }

    fn entry(&self, key: K) -> Entry<T> {
        let mut entries = lock(&self.entries);
        let kept = match entries.iter().position(|(one, _)| *one == key) {
            Some(at) => entries.remove(at),
            None => (key, Entry::default()),
        };
        let entry = Arc::clone(&kept.1);
        entries.push(kept);
        if entries.len() > self.most {
            entries.remove(0);
        }
        entry
    }

    /// The one that was used last.
    fn newest(&self) -> Option<Arc<T>> {
        lock(&self.entries).iter().rev().find_map(|(_, entry)| entry.get()?.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'s> Finder<'s> {
    pub(crate) fn new(sources: &'s dyn Sources, instead: &'s Instead, standard: Arc<Policy>) -> Self {
        Self {
            sources,
            instead,
            revisions: Kept::of_at_most(REVISIONS),
            policies: Kept::of_at_most(POLICIES),
            missing: Mutex::default(),
            standard,
        }
    }

    /// Whether it finds what records name, and nothing else.
    pub(crate) fn is_exact(&self) -> bool {
        self.instead.is_nothing()
    }

    /// The standard policy, for messages that no policy is asked about.
    pub(crate) fn standard(&self) -> &Arc<Policy> {
        &self.standard
    }

    /// What was not there, with the reasons.
    pub(crate) fn missing(&self) -> Vec<String> {
        lock(&self.missing).clone()
    }

    /// The catalog that was decided on last.
    pub(crate) fn newest(&self) -> Option<Arc<Revision>> {
        self.revisions.newest()
    }

    fn note(&self, gone: &Gone) {
        let (mut missing, text) = (lock(&self.missing), gone.to_string());
        if missing.len() < NAMED && !missing.contains(&text) {
            missing.push(text);
        }
    }

    /// The catalog to decide on in place of the one with a name.
    pub(crate) fn revision(&self, name: &str) -> Option<Arc<Revision>> {
        if let Some(revision) = self.instead.revision() {
            return Some(Arc::clone(revision));
        }
        // What comes next is mostly like what came before, and is indexed in time with what differs.
        let before = self.revisions.newest();
        let entry = self.revisions.entry(name.into());
        let found = entry.get_or_init(|| {
            let indexed = self.sources.catalog(name).and_then(|catalog| self.indexed(before.as_deref(), catalog, name));
            indexed.map_err(|gone| self.note(&gone)).ok()
        });
        found.clone()
    }

    fn indexed(&self, before: Option<&Revision>, catalog: Catalog, name: &str) -> Result<Arc<Revision>, Gone> {
        let gone = |error: &dyn std::fmt::Display| Gone::new(format!("{name}: {error}"));
        let catalog = self.instead.edited(catalog).map_err(|error| gone(&error))?;
        let revision = match before {
            Some(before) => Revision::after(before, catalog),
            None => Revision::new(catalog),
        };
        revision.map(Arc::new).map_err(|error| gone(&error))
    }

    /// The policy to decide by in place of a recorded one.
    pub(crate) fn policy(&self, recorded: &PolicyContext) -> Option<Arc<Policy>> {
        if let Some(policy) = self.instead.policy() {
            return Some(Arc::clone(policy));
        }
        let mut key = [0; 64];
        key[..32].copy_from_slice(&recorded.module);
        key[32..].copy_from_slice(&recorded.settings_digest);
        let entry = self.policies.entry(key);
        let found = entry.get_or_init(|| {
            let found = match self.instead.settings() {
                Some(settings) => {
                    let context = PolicyContext { settings: settings.into(), ..recorded.clone() };
                    self.sources.policy(&context)
                }
                None => self.sources.policy(recorded),
            };
            found.map(|policy| Arc::new(patient(policy))).map_err(|gone| self.note(&gone)).ok()
        });
        found.clone()
    }
}

/// A policy whose calls may take longer than those of a gateway.
pub(crate) fn patient(policy: Policy) -> Policy {
    let mut limits = policy.limits().clone();
    limits.deadline = limits.deadline.max(DEADLINE);
    policy.with_limits(limits)
}
