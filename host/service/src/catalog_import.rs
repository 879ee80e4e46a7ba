//! Imports a catalog file into an empty platform.

use std::path::Path;
use std::sync::Arc;

use callsign::{Catalog, CatalogError};

use crate::association::NamedAssociation;
use crate::change::{Change, Kind, key_of};
use crate::entity;
use crate::service::{Author, Plan, Service, StartError, View};

/// Imports a catalog file. A platform that has elements already is left as it is, so the same command works for the
/// first start of a service and for every later one.
pub(crate) async fn import(service: &Arc<Service>, path: &Path) -> Result<(), StartError> {
    let file = path.to_owned();
    let read = tokio::task::spawn_blocking(move || Catalog::load(&file)).await;
    let refused = |reason: String| StartError::Refused(format!("the catalog {}: {reason}", path.display()));
    let catalog = read.map_err(|error| refused(error.to_string()))?;
    let catalog = catalog.map_err(|error: CatalogError| refused(error.to_string()))?;
    let catalog = Arc::new(catalog);
    let author = Author { who: "console".into(), action: format!("import of {}", path.display()), tenant: None };
    let plan = move |view: &View| {
        let there = view.catalog();
        let is_empty = there.senders().is_empty() && there.strategies().is_empty() && there.entities().is_empty();
        let changes = if is_empty { changes(&catalog) } else { Vec::new() };
        let imported = !changes.is_empty();
        Ok(Plan::new(changes, imported))
    };
    let imported = service.change(author, plan).await.map_err(|fault| refused(fault.text))?;
    if imported {
        tracing::info!("imported the catalog {}", path.display());
    } else {
        tracing::warn!("the catalog {} is not imported: the platform has one already", path.display());
    }
    Ok(())
}

/// The changes that put every element of a catalog.
fn changes(catalog: &Catalog) -> Vec<Change> {
    let application = |index: u32| &*catalog.applications()[index as usize].id;
    let entity = |index: Option<u32>| index.map(|index| &*catalog.entities()[index as usize].id);
    let applications = catalog.applications().iter();
    let mut changes: Vec<Change> = applications
        .map(|element| Change::put(Kind::Application, &*element.id, &catalog.application_json(element)))
        .collect();
    for element in catalog.entities() {
        changes.push(Change::put(Kind::Entity, &*element.id, &catalog.entity_json(element)));
        changes.push(entity::record(None, &element.id, element.name.as_deref()));
    }
    let senders = catalog.senders().iter();
    changes.extend(senders.map(|element| Change::put(Kind::Sender, &*element.id, &catalog.sender_json(element))));
    changes
        .extend(NamedAssociation::all(catalog).map(|named| Change::put(Kind::Association, named.key(), &named.body())));
    let strategies = catalog.strategies().iter();
    changes
        .extend(strategies.map(|element| Change::put(Kind::Strategy, &*element.id, &catalog.strategy_json(element))));
    changes.extend(catalog.default_senders().iter().map(|element| {
        let key = key_of(&[Some(application(element.application)), entity(element.entity)]);
        Change::put(Kind::DefaultSender, key, &catalog.default_sender_json(element))
    }));
    changes
}
