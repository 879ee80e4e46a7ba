//! What a change is to be: planned on one revision, checked, and ready to be stored.

use std::sync::Arc;

use callsign::{Catalog, Edit, EditError, List, Revision};
use serde_json::json;
use serde_json::value::RawValue;

use super::Service;
use crate::audit_element;
use crate::change::{Change, Draft, Kind, raw};
use crate::fault::{Fault, Violation};
use crate::module::ModuleRecord;
use crate::past_catalogs::revision_name;
use crate::state::State;
use crate::store::settings;
use crate::tenant::{self, Tenant};

/// The revision that a change is planned on.
pub(crate) struct View {
    pub(crate) revision: Arc<Revision>,
    pub(crate) state: Arc<State>,
}

impl View {
    pub(crate) fn catalog(&self) -> &Catalog {
        self.revision.catalog()
    }
}

/// A planned change.
pub(crate) struct Plan<T> {
    /// Each is valid after those before it. Empty if there is nothing to do.
    pub(crate) changes: Vec<Change>,
    /// Components of modules, by their digest.
    pub(crate) components: Vec<(String, Vec<u8>)>,
    /// The answer once the change is applied.
    pub(crate) answer: T,
}

impl<T> Plan<T> {
    pub(crate) fn new(changes: Vec<Change>, answer: T) -> Self {
        Self { changes, components: Vec::new(), answer }
    }
}

/// Who makes a change, and by what action, for the audit log.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub(crate) who: String,
    pub(crate) action: String,
    /// Whose budgets the change must keep; `None` for the platform.
    pub(crate) tenant: Option<Arc<Tenant>>,
    /// Whether it stands for messages, which tenants send too.
    pub(crate) is_for_messages: bool,
    /// Whether it shares its commit with no other change: it may take long to plan, or is planned with what is counted as stored.
    pub(crate) is_alone: bool,
}

impl Author {
    /// The service itself.
    pub(crate) fn itself(action: impl Into<String>) -> Self {
        Self { who: "callsign".into(), action: action.into(), tenant: None, is_for_messages: false, is_alone: false }
    }

    /// The service, for messages that named something first.
    pub(crate) fn messages(action: impl Into<String>) -> Self {
        Self { is_for_messages: true, ..Self::itself(action).alone() }
    }

    /// The same, sharing its commit with no other change.
    pub(crate) fn alone(self) -> Self {
        Self { is_alone: true, ..self }
    }

    /// Whether the platform's reserve is closed to it.
    fn is_of_tenants(&self) -> bool {
        self.tenant.is_some() || self.is_for_messages
    }
}

/// A planned change that is ready to be stored, and what is there after it.
pub(super) struct Step {
    pub(super) draft: Draft,
    /// As they are applied: with the settings that are stored apart.
    pub(super) changes: Arc<[Change]>,
    pub(super) after: View,
}

impl Service {
    /// Checks a planned change of `author`. It comes after those of `before`, which began with `first`.
    ///
    /// # Errors
    /// The changes would make the catalog invalid, or a budget or the limit of elements would be exceeded.
    pub(super) fn step(
        &self,
        author: &Author,
        Plan { changes, components, answer: () }: Plan<()>,
        first: &View,
        before: &[Step],
    ) -> Result<Step, Box<Fault>> {
        let view = before.last().map_or(first, |step| &step.after);
        let catalog = edited(view.catalog(), &changes).map_err(|error| fault_of(&error))?;
        if let Some(tenant) = author.tenant.as_deref() {
            let after = catalog.as_ref().unwrap_or(view.catalog());
            let more = tenant::changed(view.catalog(), &view.state, after, changes.iter());
            // What is counted as stored is what was there before the first.
            let earlier = before.iter().flat_map(|step| step.changes.iter());
            let earlier = tenant::changed(first.catalog(), &first.state, view.catalog(), earlier);
            if let Some(more) = more.get(tenant.application()) {
                tenant.may_store(earlier.get(tenant.application()), more)?;
            }
        }
        if let Some(catalog) = &catalog {
            self.must_have_room(author, view.catalog(), catalog)?;
        }
        let number = view.state.revision + 1;
        // Two ids with the same hash cannot be served, so they are refused before they are stored.
        let revision = match catalog {
            Some(catalog) => {
                let next = Revision::after(&view.revision, catalog.named(revision_name(number)));
                Arc::new(next.map_err(|error| Fault::conflict(error.to_string()))?)
            }
            None => Arc::clone(&view.revision),
        };
        let state = Arc::new(view.state.after(number, &changes).map_err(Fault::from)?);
        let mut draft = draft(author, &view.state, &state, &changes, components);
        draft.before = audit_element::before_each(view.catalog(), &view.state, &changes);
        Ok(Step { draft, changes: changes.into(), after: View { revision, state } })
    }

    /// Whether the platform may have the elements of a catalog.
    fn must_have_room(&self, author: &Author, before: &Catalog, after: &Catalog) -> Result<(), Box<Fault>> {
        let of_lists = |catalog: &Catalog| {
            [
                catalog.senders().len(),
                catalog.associations().len(),
                catalog.ignored_associations(),
                catalog.strategies().len(),
                catalog.entities().len(),
                catalog.applications().len(),
            ]
        };
        // Tenants together leave a part of it to the platform's keys.
        let most = match author.is_of_tenants() {
            true => self.config.tenant.together(self.limits.load().elements),
            false => self.limits.load().elements,
        };
        let (before, after) = (of_lists(before), of_lists(after));
        let grows = before.iter().zip(after).any(|(before, after)| after > *before);
        let elements: usize = after.iter().sum();
        if grows && elements > most {
            return Err(Box::new(Fault::conflict(format!(
                "the platform would have {elements} elements, and may have {most}: limits.elements"
            ))));
        }
        Ok(())
    }
}

/// The changes as they are stored, with what is stored apart from them.
fn draft(
    author: &Author,
    before: &State,
    after: &State,
    changes: &[Change],
    mut components: Vec<(String, Vec<u8>)>,
) -> Draft {
    let stored = settings::apart(before, changes);
    let mut unreferenced = stored.unreferenced;
    let removed = changes.iter().filter(|change| change.kind == Kind::Module && change.body.is_none());
    let removed = removed.filter_map(|change| ModuleRecord::parts(&change.key)).map(|(_, digest)| digest);
    unreferenced.extend(removed.filter(|digest| !after.uses_component(digest)));
    components.extend(stored.texts);
    let Author { who, action, .. } = author.clone();
    Draft { who, action, changes: stored.changes, components, unreferenced, ..Draft::default() }
}

/// The catalog after changes; `None` if they do not change it.
pub(crate) fn edited(catalog: &Catalog, changes: &[Change]) -> Result<Option<Catalog>, EditError> {
    let mut bodies: Vec<(List, bool, std::borrow::Cow<'_, RawValue>)> = Vec::new();
    for change in changes {
        let Some(list) = list_of(change.kind) else { continue };
        match &change.body {
            Some(body) => bodies.push((list, true, std::borrow::Cow::Borrowed(&**body))),
            None => bodies.push((list, false, std::borrow::Cow::Owned(identity(list, &change.key)))),
        }
    }
    if bodies.is_empty() {
        return Ok(None);
    }
    let edits =
        bodies.iter().map(|(list, put, body)| if *put { Edit::put(*list, body) } else { Edit::remove(*list, body) });
    let edits: Vec<Edit<'_>> = edits.collect();
    catalog.edit(&edits).map(Some)
}

fn list_of(kind: Kind) -> Option<List> {
    match kind {
        Kind::Application => Some(List::Applications),
        Kind::Entity => Some(List::Entities),
        Kind::Sender => Some(List::Senders),
        Kind::Association => Some(List::Associations),
        Kind::Strategy => Some(List::Strategies),
        Kind::DefaultSender => Some(List::DefaultSenders),
        Kind::Owner | Kind::Module | Kind::ModuleKey | Kind::Binding | Kind::Key | Kind::Generation => None,
    }
}

/// The fields that identify an element of the catalog, from its key.
fn identity(list: List, key: &str) -> Box<RawValue> {
    let parts = || serde_json::from_str::<Vec<Option<String>>>(key).unwrap_or_default();
    raw(&match list {
        List::Applications => json!({ "applicationId": key }),
        List::Entities => json!({ "entityId": key }),
        List::Senders => json!({ "senderId": key }),
        List::Strategies => json!({ "sendingStrategyId": key }),
        List::Associations => match &parts()[..] {
            [resource_type, channel, application, entity, resource] => json!({
                "resourceType": resource_type, "channel": channel, "applicationId": application, "entityId": entity,
                "resourceId": resource,
            }),
            _ => json!(null),
        },
        List::DefaultSenders => match &parts()[..] {
            [application, None] => json!({ "platform": { "applicationId": application } }),
            [application, entity] => json!({ "platform": { "applicationId": application, "entityId": entity } }),
            _ => json!(null),
        },
    })
}

/// The answer to a change that would make the catalog invalid, by the properties of the element.
pub(crate) fn fault_of(error: &EditError) -> Box<Fault> {
    let faults = error.faults.iter().map(|fault| {
        // The catalog reports a missing field at the object that lacks it; the API names the field itself.
        match fault.missing {
            Some(name) if fault.path.is_empty() => Violation::new(name, &*fault.message),
            Some(name) => Violation::new(format!("{}.{name}", fault.path), &*fault.message),
            None => Violation::new(&*fault.path, &*fault.message),
        }
    });
    Box::new(Fault::invalid(faults.collect()))
}

impl View {
    /// The catalog after changes.
    ///
    /// # Errors
    /// 400, with the properties that are wrong.
    pub(crate) fn after(&self, changes: &[Change]) -> Result<Catalog, Fault> {
        let after = edited(self.catalog(), changes).map_err(|error| *fault_of(&error))?;
        Ok(after.unwrap_or_else(|| self.catalog().clone()))
    }

    /// Checks that an element is valid by itself, whatever it refers to.
    ///
    /// # Errors
    /// 400, with the properties that are wrong.
    pub(crate) fn check(&self, change: &Change) -> Result<(), Fault> {
        match edited(self.catalog(), std::slice::from_ref(change)) {
            Err(error) if error.kind == callsign::EditErrorKind::Unsound => Err(*fault_of(&error)),
            _ => Ok(()),
        }
    }
}
