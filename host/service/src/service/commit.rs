//! Commits a change: it is planned on the newest revision, written in one transaction, then applied.

use std::sync::Arc;
use std::time::Duration;

use callsign::{Catalog, Edit, EditError, List, Revision};
use serde_json::json;
use serde_json::value::RawValue;

use super::Service;
use crate::audit_element;
use crate::binding::Target;
use crate::change::{Change, Draft, Kind, raw};
use crate::fault::{Fault, Violation};
use crate::module::ModuleRecord;
use crate::state::State;
use crate::store::{Committed, settings};
use crate::tenant::{self, Tenant};

/// How many times a change is planned again when another node was first.
const TRIES: usize = 20;

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
}

impl Author {
    /// The service itself.
    pub(crate) fn itself(action: impl Into<String>) -> Self {
        Self { who: "callsign".into(), action: action.into(), tenant: None, is_for_messages: false }
    }

    /// The service, for messages that named something first.
    pub(crate) fn messages(action: impl Into<String>) -> Self {
        Self { is_for_messages: true, ..Self::itself(action) }
    }

    /// Whether the platform's reserve is closed to it.
    fn is_of_tenants(&self) -> bool {
        self.tenant.is_some() || self.is_for_messages
    }
}

impl Service {
    /// Makes a change. The plan runs again if another node was first. When this returns, the change is in the store and
    /// in use on this node. It is completed even if the caller goes away.
    ///
    /// # Errors
    /// The plan fails; the changes would make the catalog invalid; the store does not answer.
    pub(crate) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        author: Author,
        plan: impl Fn(&View) -> Result<Plan<T>, Fault> + Send + Sync + 'static,
    ) -> Result<T, Fault> {
        let service = Arc::clone(self);
        let work = tokio::spawn(async move {
            // One of each tenant waits for the writer, so that the changes of one do not hold up those of others.
            let tenant = author.tenant.clone();
            let _turn = match &tenant {
                Some(tenant) => Some(tenant.changing.lock().await),
                None => None,
            };
            let (answer, targets) = Arc::clone(&service).make(author, Arc::new(plan)).await?;
            // Without the writer: a policy may start slowly, and others should not wait for it.
            service.serve(targets).await;
            Ok(answer)
        });
        work.await.map_err(Fault::internal)?
    }

    /// Makes a change, but for the bindings that it changes: returns their targets.
    async fn make<T: Send + 'static>(
        self: Arc<Self>,
        author: Author,
        plan: Arc<impl Fn(&View) -> Result<Plan<T>, Fault> + Send + Sync + 'static>,
    ) -> Result<(T, Vec<Target>), Fault> {
        let _one_at_a_time = self.writer.lock().await;
        for _ in 0..TRIES {
            let (service, planning, planner) = (Arc::clone(&self), Arc::clone(&plan), author.clone());
            let planned = tokio::task::spawn_blocking(move || service.plan(&*planning, &planner)).await;
            let (plan, next) = planned.map_err(Fault::internal)?.map_err(|refused| *refused)?;
            if plan.changes.is_empty() {
                return Ok((plan.answer, Vec::new()));
            }
            let state = self.state();
            let seen = state.revision;
            let changes: Arc<[Change]> = plan.changes.into();
            let mut draft = draft(&state, &author, &changes, plan.components)?;
            draft.before = audit_element::before_each(self.revision().catalog(), &state, &changes);
            let committed = self.stored("commit", self.store.commit(seen, &Arc::new(draft))).await;
            self.note(&committed);
            match committed? {
                Committed::Done(revision) => {
                    let service = Arc::clone(&self);
                    let targets = service.apply(revision, &author, changes, next).await.map_err(Fault::internal)?;
                    return Ok((plan.answer, targets));
                }
                Committed::Behind(_) => self.catch_up().await?,
            }
        }
        Err(Fault::unavailable("too many others change the platform at this moment", Duration::from_secs(1)))
    }

    fn plan<T>(
        &self,
        plan: &impl Fn(&View) -> Result<Plan<T>, Fault>,
        author: &Author,
    ) -> Result<(Plan<T>, Option<Revision>), Box<Fault>> {
        let tenant = author.tenant.as_deref();
        let view = self.view();
        let plan = plan(&view)?;
        let catalog = edited(view.catalog(), &plan.changes).map_err(|error| fault_of(&error))?;
        if let Some(tenant) = tenant {
            let before = view.catalog();
            let more = tenant::changed(before, &view.state, catalog.as_ref().unwrap_or(before), &plan.changes);
            more.get(tenant.application()).map_or(Ok(()), |more| tenant.may_store(more))?;
        }
        if let Some(catalog) = &catalog {
            let elements = catalog.senders().len()
                + catalog.associations().len()
                + catalog.ignored_associations()
                + catalog.strategies().len()
                + catalog.entities().len()
                + catalog.applications().len();
            // Tenants together leave a part of it to the platform's keys.
            let most = match author.is_of_tenants() {
                true => self.config.tenant.together(self.limits.load().elements),
                false => self.limits.load().elements,
            };
            let before = view.catalog();
            let grows = catalog.senders().len() > before.senders().len()
                || catalog.associations().len() > before.associations().len()
                || catalog.ignored_associations() > before.ignored_associations()
                || catalog.strategies().len() > before.strategies().len()
                || catalog.entities().len() > before.entities().len()
                || catalog.applications().len() > before.applications().len();
            if grows && elements > most {
                return Err(Box::new(Fault::conflict(format!(
                    "the platform would have {elements} elements, and may have {most}: limits.elements"
                ))));
            }
        }
        // Two ids with the same hash cannot be served, so they are refused before they are stored.
        let revision = catalog.map(|catalog| self.gateway.next_revision(catalog)).transpose();
        let revision = revision.map_err(|error| Fault::conflict(error.to_string()))?;
        Ok((plan, revision))
    }
}

/// The changes as they are stored, with what is stored apart from them.
fn draft(
    state: &State,
    author: &Author,
    changes: &[Change],
    mut components: Vec<(String, Vec<u8>)>,
) -> Result<Draft, Fault> {
    let stored = settings::apart(state, changes);
    let mut unreferenced = stored.unreferenced;
    let removed = changes.iter().filter(|change| change.kind == Kind::Module && change.body.is_none());
    let mut removed = removed.filter_map(|change| ModuleRecord::parts(&change.key)).peekable();
    if removed.peek().is_some() {
        let after = state.after(state.revision, changes)?;
        let gone = removed.map(|(_, digest)| digest).filter(|digest| !after.uses_component(digest));
        unreferenced.extend(gone);
    }
    components.extend(stored.texts);
    let Author { who, action, .. } = author.clone();
    Ok(Draft { who, action, changes: stored.changes, components, unreferenced, ..Draft::default() })
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
