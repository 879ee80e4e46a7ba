//! Changes: elements that are put and removed together, as they are stored and sent to other nodes.

use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The kind of an element. Elements of the catalog are stored as a catalog file writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    Application,
    Entity,
    Sender,
    Association,
    Strategy,
    DefaultSender,
    /// The entity of one maker, an application or the platform, with the name that the maker gave it.
    Owner,
    Module,
    Binding,
    Key,
    /// A public key that signatures of modules are verified with.
    ModuleKey,
    /// The generation that the next application with an id has, because one was removed.
    Generation,
}

impl Kind {
    /// All kinds, in an order in which elements come before those that refer to them.
    pub(crate) const ALL: [Self; 12] = [
        Self::Application,
        Self::Entity,
        Self::Sender,
        Self::Association,
        Self::Strategy,
        Self::DefaultSender,
        Self::Owner,
        Self::ModuleKey,
        Self::Module,
        Self::Binding,
        Self::Key,
        Self::Generation,
    ];

    /// The name in stores.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Entity => "entity",
            Self::Sender => "sender",
            Self::Association => "association",
            Self::Strategy => "strategy",
            Self::DefaultSender => "defaultSender",
            Self::Owner => "owner",
            Self::Module => "module",
            Self::Binding => "binding",
            Self::Key => "key",
            Self::ModuleKey => "moduleKey",
            Self::Generation => "generation",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One element that is put, whether it is new or replaces the one with its key, or removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    /// What identifies the element among those of its kind: an id, or a JSON list of several parts.
    pub(crate) key: String,
    /// The element; `None` removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Box<RawValue>>,
}

impl Change {
    /// Puts an element.
    pub(crate) fn put(kind: Kind, key: impl Into<String>, body: &impl Serialize) -> Self {
        Self { kind, key: key.into(), body: Some(raw(body)) }
    }

    /// Removes an element.
    pub(crate) fn remove(kind: Kind, key: impl Into<String>) -> Self {
        Self { kind, key: key.into(), body: None }
    }
}

/// The JSON of a value. Every value that the service writes has one.
pub(crate) fn raw(body: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(body).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The key of an element that several parts identify.
pub(crate) fn key_of(parts: &[Option<&str>]) -> String {
    serde_json::to_string(parts).unwrap_or_default()
}

/// A new id: 32 upper-case letters and digits, from random numbers.
///
/// # Errors
/// The system has no random numbers.
pub(crate) fn new_id() -> Result<String, getrandom::Error> {
    const SIGNS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect())
}

/// A change as the log of revisions has it: with what was there before, for people who read it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoggedChange {
    /// Of the first of several: how many changes the revision has, so that nobody reads all of them to know. Revisions of
    /// earlier versions do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    kind: Kind,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Box<RawValue>>,
    /// Where the element stood in its list, [`NOWHERE`] if it was not there. Of several changes of an element in one revision
    /// the first has it; revisions of earlier versions have nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stood: Option<u64>,
}

/// The position of an element that is not there.
pub(crate) const NOWHERE: u64 = 0;

impl LoggedChange {
    /// See the field.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total
    }
}

impl Entry {
    /// Sets the changes of a revision from those of the log.
    pub(crate) fn with(mut self, logged: Vec<LoggedChange>) -> Self {
        for LoggedChange { kind, key, body, before, stood, .. } in logged {
            self.changes.push(Change { kind, key, body });
            self.before.push(before);
            self.stood.push(stood);
        }
        self
    }
}

/// A revision: changes that took effect together, with who made them, when and by what action.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    /// Its number; 0 is the empty platform.
    pub(crate) revision: u64,
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    /// The key that was used, as `id name`; `console` for the command; `callsign` for the service itself.
    pub(crate) who: String,
    /// What was done, such as `PUT /provisioning/1/applications/shop`.
    pub(crate) action: String,
    pub(crate) changes: Vec<Change>,
    /// What was before each of the changes, as the audit log shows it. Revisions of earlier versions have nothing of it.
    pub(crate) before: Vec<Option<Box<RawValue>>>,
    /// Where the element of each change stood before this revision, see [`LoggedChange`].
    pub(crate) stood: Vec<Option<u64>>,
}

/// A revision that is not committed yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    pub(crate) who: String,
    pub(crate) action: String,
    pub(crate) changes: Vec<Change>,
    /// What is before each of the changes, as the audit log shows it; empty if nothing is known of it.
    pub(crate) before: Vec<Option<Box<RawValue>>>,
    /// Components of modules and settings of policies, by their digests.
    pub(crate) components: Vec<(String, Vec<u8>)>,
    /// Digests of those that nothing refers to any more.
    pub(crate) unreferenced: Vec<String>,
}

impl Draft {
    /// The changes as the log has them, as JSON. `positions` says where each element stands that they change and that is
    /// there.
    ///
    /// # Errors
    /// None that is known of: every value has a JSON.
    pub(crate) fn log(&self, positions: &HashMap<(Kind, &str), u64>) -> Result<String, serde_json::Error> {
        let before = self.before.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        let mut told: HashSet<(Kind, &str)> = HashSet::with_capacity(self.changes.len());
        let total = self.changes.len() as u64;
        let logged = self.changes.iter().zip(before).enumerate().map(|(index, (change, before))| {
            let element = (change.kind, &*change.key);
            let is_first = told.insert(element);
            LoggedChange {
                total: (index == 0 && total > 1).then_some(total),
                kind: change.kind,
                key: change.key.clone(),
                body: change.body.clone(),
                before: before.cloned(),
                stood: is_first.then(|| positions.get(&element).copied().unwrap_or(NOWHERE)),
            }
        });
        serde_json::to_string(&logged.collect::<Vec<_>>())
    }

    /// How many bytes of bodies and components it has.
    pub(crate) fn bytes(&self) -> usize {
        let bodies = self.changes.iter().filter_map(|change| change.body.as_ref()).map(|body| body.get().len());
        bodies.chain(self.components.iter().map(|(_, bytes)| bytes.len())).sum()
    }

    /// The last change of each element, and whether the draft also removes it: such an element moves to the end of its
    /// list.
    pub(crate) fn last_of_each(&self) -> Vec<(&Change, bool)> {
        let mut last: HashMap<(Kind, &str), (usize, bool)> = HashMap::new();
        for (index, change) in self.changes.iter().enumerate() {
            let entry = last.entry((change.kind, &change.key)).or_insert((index, false));
            entry.0 = index;
            entry.1 |= change.body.is_none();
        }
        let mut last: Vec<(usize, bool)> = last.into_values().collect();
        last.sort_unstable();
        last.into_iter().map(|(index, moved)| (&self.changes[index], moved)).collect()
    }

    /// The ids of the senders that do not exist any more.
    pub(crate) fn removed_senders(&self) -> Vec<&str> {
        let senders = self.last_of_each().into_iter().map(|(change, _)| change);
        let removed = senders.filter(|change| change.kind == Kind::Sender && change.body.is_none());
        removed.map(|change| &*change.key).collect()
    }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    jiff::Timestamp::now().as_millisecond().try_into().unwrap_or(0)
}

/// A time in milliseconds since 1970, in the format of RFC 3339.
pub(crate) fn time(at: u64) -> String {
    let at = i64::try_from(at).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    at.map_or_else(String::new, |at| at.to_string())
}
