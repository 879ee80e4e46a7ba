//! Imports a catalog file into an empty platform.

use std::path::Path;
use std::sync::Arc;

use callsign::{Catalog, CatalogError};

use crate::catalog_file;
use crate::change::Change;
use crate::entity;
use crate::service::{Author, Plan, Service, StartError, View};

/// Imports a catalog file. A platform that has elements already is left as it is, so the same command works for the
/// first start of a service and for every later one.
pub(crate) async fn import(service: &Arc<Service>, path: &Path) -> Result<(), StartError> {
    let file = path.to_owned();
    let read = tokio::task::spawn_blocking(move || Catalog::load(file)).await;
    let refused = |reason: String| StartError::Refused(format!("the catalog {}: {reason}", path.display()));
    let catalog = read.map_err(|error| refused(error.to_string()))?;
    let catalog = catalog.map_err(|error: CatalogError| refused(error.to_string()))?;
    let catalog = Arc::new(catalog);
    let author = Author { who: "console".into(), ..Author::itself(format!("import of {}", path.display())) };
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

/// The changes that put every element of a catalog. The platform has made its entities.
fn changes(catalog: &Catalog) -> Vec<Change> {
    let mut changes = catalog_file::elements(catalog);
    changes.extend(catalog.entities().iter().map(|element| entity::record(None, &element.id, element.name.as_deref())));
    changes
}
