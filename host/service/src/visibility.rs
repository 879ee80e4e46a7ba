//! What a key may see: the one check, whose result is the only way to name an application, an entity, a sender or a
//! strategy in a change.
//!
//! A key of the platform sees everything, but as its own it has only the entities that the platform made. A tenant's key
//! sees its application, the senders that the application or its entities are associated with, the entities that its
//! application made, and those of the platform that an element of its application names. Anything else is answered as
//! if it did not exist.

use callsign::{Application, Catalog, Sender, Strategy};
use serde_json::{Map, Value};

use crate::binding::Target;
use crate::change::key_of;
use crate::entity::{EntityRecord, Maker};
use crate::fault::{Fault, Violation};
use crate::http::{Caller, quoted};
use crate::service::View;

/// What one key sees of a revision.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'v> {
    view: &'v View,
    tenant: Option<&'v str>,
}

/// An application that the key sees.
#[derive(Clone, Copy)]
pub(crate) struct VisibleApplication<'v> {
    index: u32,
    application: &'v Application,
}

/// An application that the key sees, or an entity that may be named in it.
pub(crate) struct VisibleScope<'v> {
    application: VisibleApplication<'v>,
    entity: Option<&'v str>,
}

/// A sender that the key sees.
#[derive(Clone, Copy)]
pub(crate) struct VisibleSender<'v>(&'v Sender);

/// A strategy that the key sees.
#[derive(Clone, Copy)]
pub(crate) struct VisibleStrategy<'v>(&'v Strategy);

/// What does not exist, or not for this key. Both are told alike.
#[derive(Debug)]
pub(crate) struct Hidden {
    what: &'static str,
    id: String,
}

impl Hidden {
    fn new(what: &'static str, id: &str) -> Self {
        Self { what, id: quoted(id) }
    }

    /// 400, for the property that names it.
    pub(crate) fn at(&self, property: impl AsRef<str>) -> Fault {
        Fault::property(property, format!("{} {} does not exist", self.what, self.id))
    }
}

impl From<Hidden> for Fault {
    /// 404.
    fn from(hidden: Hidden) -> Self {
        Self::not_found(format!("the {} {}", hidden.what, hidden.id))
    }
}

impl View {
    /// What a key sees.
    pub(crate) fn sight<'v>(&'v self, caller: &'v Caller) -> Sight<'v> {
        Sight { view: self, tenant: caller.tenant() }
    }
}

impl<'v> Sight<'v> {
    fn catalog(self) -> &'v Catalog {
        self.view.catalog()
    }

    /// # Errors
    /// There is no such application, or not for this key.
    pub(crate) fn application(self, id: &str) -> Result<VisibleApplication<'v>, Hidden> {
        let may_see = self.tenant.is_none_or(|tenant| tenant == id);
        let found = self.catalog().application(id).filter(|_| may_see);
        let found = found.map(|(index, application)| VisibleApplication { index, application });
        found.ok_or_else(|| Hidden::new("application", id))
    }

    /// The application of the key, or the one that is asked for; `None` means all. A list of an application that the key
    /// does not see is empty.
    pub(crate) fn applications(self, wanted: Option<&str>) -> Option<Vec<VisibleApplication<'v>>> {
        let id = self.tenant.or(wanted)?;
        let is_wanted = wanted.is_none_or(|wanted| wanted == id);
        Some(self.application(id).into_iter().filter(|_| is_wanted).collect())
    }

    /// An application, or an entity of it that it made or the platform did. The entity of another application is no
    /// different from one that nobody made.
    ///
    /// # Errors
    /// There is no such application or entity, or not for this key.
    pub(crate) fn scope(self, application: &str, entity: Option<&str>) -> Result<VisibleScope<'v>, Hidden> {
        let application = self.application(application)?;
        let entity = match entity {
            None => None,
            Some(id) => {
                let record = self.nameable(application.id(), id).ok_or_else(|| Hidden::new("entity", id))?;
                Some(&*record.id)
            }
        };
        Ok(VisibleScope { application, entity })
    }

    /// The scope that the field `platform` of a body names. What is not as a scope should be is `None`: the catalog says
    /// what is wrong with it, together with all else. To a key of the platform it also says what does not exist.
    ///
    /// # Errors
    /// 400: there is no such application or entity, or not for this key.
    pub(crate) fn scope_of_body(self, body: &Map<String, Value>) -> Result<Option<VisibleScope<'v>>, Fault> {
        let field = |name: &str| body.get("platform").and_then(|platform| platform.get(name)).and_then(Value::as_str);
        let Some(application) = field("applicationId") else { return Ok(None) };
        let catalog = self.catalog();
        let is_unknown = catalog.application(application).is_none()
            || field("entityId").is_some_and(|entity| catalog.entity(entity).is_none());
        if self.tenant.is_none() && is_unknown {
            return Ok(None);
        }
        self.application(application).map_err(|hidden| hidden.at("platform.applicationId"))?;
        let scope = self.scope(application, field("entityId"));
        scope.map(Some).map_err(|hidden| hidden.at("platform.entityId"))
    }

    /// Whether a message of an application that names an entity makes no new one.
    pub(crate) fn knows_entity(self, application: &str, id: &str) -> bool {
        self.nameable(application, id).is_some()
    }

    fn nameable(self, application: &str, id: &str) -> Option<&'v EntityRecord> {
        let entities = &self.view.state.entities;
        entities.get(Some(application), id).or_else(|| {
            let platforms = entities.get(None, id)?;
            (self.tenant.is_none() || self.is_named(application, id)).then_some(platforms)
        })
    }

    /// Whether an element of an application names an entity.
    fn is_named(self, application: &str, entity: &str) -> bool {
        let target = || Target { application_id: Some(application.to_owned()), entity_id: Some(entity.to_owned()) };
        let mut others = self.catalog().other_associations_in(application);
        self.view.revision.has_scope(application, entity)
            || self.view.state.bindings.contains_key(&target())
            || others.any(|other| other.entity.as_deref() == Some(entity))
    }

    /// The maker of what this key makes.
    pub(crate) fn maker(self) -> Maker<'v> {
        self.tenant
    }

    /// The entity of a key: one that it made, or for a tenant one of the platform that its application names.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn entity(self, id: &str) -> Result<&'v EntityRecord, Hidden> {
        let found = match self.tenant {
            None => self.view.state.entities.get(None, id),
            Some(tenant) => self.nameable(tenant, id),
        };
        found.ok_or_else(|| Hidden::new("entity", id))
    }

    /// All of these, those that the key made first.
    pub(crate) fn entities(self) -> Vec<&'v EntityRecord> {
        let records = &self.view.state.entities;
        let mut seen: Vec<&EntityRecord> = records.of(self.tenant).collect();
        let Some(application) = self.tenant.and_then(|tenant| self.application(tenant).ok()) else { return seen };
        let (catalog, id) = (self.catalog(), application.id());
        let entity = |entity: Option<u32>| entity.map(|index| &*catalog.entities()[index as usize].id);
        let strategies = catalog.strategies_in(application.index).into_iter();
        let mut named: Vec<&str> = catalog
            .associations_in(application.index)
            .filter_map(|association| entity(association.entity))
            .chain(strategies.filter_map(|index| entity(catalog.strategies()[index as usize].entity)))
            .chain(catalog.default_senders_in(application.index).filter_map(|default| entity(default.entity)))
            .chain(catalog.other_associations_in(id).filter_map(|other| other.entity.as_deref()))
            .chain(self.view.state.bindings_of(id).filter_map(|binding| binding.target.entity_id.as_deref()))
            .collect();
        named.sort_unstable();
        named.dedup();
        let platforms = named.into_iter().filter(|entity| !records.has(Some(id), entity));
        seen.extend(platforms.filter_map(|entity| records.get(None, entity)));
        seen
    }

    /// # Errors
    /// There is no such sender, or not for this key.
    pub(crate) fn sender(self, id: &str) -> Result<VisibleSender<'v>, Hidden> {
        let found = self.catalog().sender(id).filter(|(index, _)| self.sees_sender(*index));
        found.map(|(_, sender)| VisibleSender(sender)).ok_or_else(|| Hidden::new("sender", id))
    }

    /// Whether the key sees the sender with this index. It takes the same time whatever there is.
    pub(crate) fn sees_sender(self, sender: u32) -> bool {
        let Some(tenant) = self.tenant else { return true };
        self.catalog().application(tenant).is_some_and(|(application, _)| self.catalog().uses(application, sender))
    }

    /// Whether nobody else uses a sender that the key sees: for a tenant, no other application is associated with it or has it
    /// as a default sender. The platform has every sender.
    pub(crate) fn has_sender_alone(self, id: &str) -> bool {
        let Some(tenant) = self.tenant else { return true };
        let catalog = self.catalog();
        let (Some((application, _)), Some((sender, _))) = (catalog.application(tenant), catalog.sender(id)) else {
            return false;
        };
        catalog.associations_of(sender).all(|association| association.application == application)
            && catalog.defaults_of(sender).all(|default| default.application == application)
    }

    /// The senders that the key sees, and if an application is given only those that it uses, in their order; `None` means
    /// all.
    pub(crate) fn senders(self, application: Option<&str>) -> Option<Vec<u32>> {
        let of = |application: &str| -> Vec<u32> {
            let Some((index, _)) = self.catalog().application(application) else { return Vec::new() };
            let mut own: Vec<u32> = self.catalog().associations_in(index).map(|own| own.sender).collect();
            own.sort_unstable();
            own.dedup();
            own
        };
        let mut senders = of(self.tenant.or(application)?);
        if let (Some(tenant), Some(application)) = (self.tenant, application)
            && tenant != application
        {
            // What another application uses of them is that application's.
            senders.clear();
        }
        Some(senders)
    }

    /// # Errors
    /// 400: the field `senderIds` of a body lists senders that do not exist, or not for this key.
    pub(crate) fn listed_senders(self, body: &Map<String, Value>) -> Result<(), Fault> {
        let listed = body.get("senderIds").and_then(Value::as_array).into_iter().flatten().enumerate();
        let hidden = listed.filter_map(|(index, id)| {
            let id = id.as_str().filter(|id| self.sender(id).is_err())?;
            let text = format!("sender {} is not in \"senders\"; add it there, or name one that is", quoted(id));
            Some(Violation::new(format!("senderIds[{index}]"), text))
        });
        let hidden: Vec<Violation> = hidden.collect();
        if hidden.is_empty() { Ok(()) } else { Err(Fault::invalid(hidden)) }
    }

    /// # Errors
    /// There is no such strategy, or not for this key.
    pub(crate) fn strategy(self, id: &str) -> Result<VisibleStrategy<'v>, Hidden> {
        let found = self.catalog().strategy(id).map(|(_, strategy)| strategy);
        let found = found
            .filter(|strategy| self.tenant.is_none_or(|tenant| tenant == application_of(self.catalog(), strategy)));
        found.map(VisibleStrategy).ok_or_else(|| Hidden::new("sending strategy", id))
    }

    /// The strategies of an application, or all that the key sees, in their order.
    pub(crate) fn strategies(self, application: Option<&str>) -> impl Iterator<Item = &'v Strategy> {
        let all = self.catalog().strategies();
        let (some, every) = match self.applications(application) {
            Some(applications) => {
                let own = applications.into_iter().flat_map(move |own| self.catalog().strategies_in(own.index));
                (Some(own.map(|index| &all[index as usize])), None)
            }
            None => (None, Some(all.iter())),
        };
        some.into_iter().flatten().chain(every.into_iter().flatten())
    }
}

impl<'v> VisibleApplication<'v> {
    pub(crate) fn id(self) -> &'v str {
        &self.application.id
    }

    pub(crate) fn index(self) -> u32 {
        self.index
    }

    pub(crate) fn get(self) -> &'v Application {
        self.application
    }
}

impl VisibleScope<'_> {
    pub(crate) fn application(&self) -> VisibleApplication<'_> {
        self.application
    }

    pub(crate) fn entity(&self) -> Option<&str> {
        self.entity
    }

    /// The key of what a scope has one of.
    pub(crate) fn key(&self) -> String {
        key_of(&[Some(self.application.id()), self.entity])
    }
}

impl<'v> VisibleSender<'v> {
    pub(crate) fn id(self) -> &'v str {
        &self.0.id
    }

    pub(crate) fn get(self) -> &'v Sender {
        self.0
    }
}

impl<'v> VisibleStrategy<'v> {
    pub(crate) fn get(self) -> &'v Strategy {
        self.0
    }
}

/// The application of a strategy's scope.
pub(crate) fn application_of<'a>(catalog: &'a Catalog, strategy: &Strategy) -> &'a str {
    &catalog.applications()[strategy.application as usize].id
}
