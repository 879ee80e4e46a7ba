//! Whose binding is meant, and what it is now.

use std::sync::Arc;

use callsign::Catalog;

use crate::binding::{BindingRecord, PolicySpec, Target};
use crate::fault::Fault;
use crate::http::{Caller, Parameters};
use crate::key::Scope;
use crate::service::Service;
use crate::state::State;
use crate::visibility::application_must_exist;

/// The most characters of an id.
const LONGEST_ID: usize = 255;

/// Whose binding the parameters name. Both left out: the platform's.
///
/// # Errors
/// 403 without the scope; 400 where an id is none; 404 where the application is not there, or not for this key.
pub(super) fn whose(service: &Service, caller: &Caller, parameters: &Parameters) -> Result<Target, Fault> {
    caller.needs(Scope::Modules)?;
    for name in ["applicationId", "entityId"] {
        // An id that got lost on the way must not come to mean everybody.
        if parameters.is_empty(name) {
            return Err(Fault::property(name, "is empty; leave it out to mean all"));
        }
        if let Some(id) = parameters.text(name)
            && (id.chars().count() > LONGEST_ID || id.chars().any(char::is_control))
        {
            return Err(Fault::property(name, "is not 1 to 255 characters, none a control"));
        }
    }
    let target = Target {
        application_id: parameters.text("applicationId").map(str::to_owned),
        entity_id: parameters.text("entityId").map(str::to_owned),
    };
    if target.application_id.is_none() && target.entity_id.is_some() {
        return Err(Fault::property("entityId", "is of an application: give applicationId too"));
    }
    caller.must_see(
        target.application_id.as_deref(),
        match &target.application_id {
            None => "a binding of the platform".to_owned(),
            Some(id) => format!("the application {}", crate::http::quoted(id)),
        },
    )?;
    is_there(service.revision().catalog(), &target)?;
    Ok(target)
}

/// # Errors
/// 404: its application does not exist. Entities may come later: messages make them.
pub(super) fn is_there(catalog: &Catalog, target: &Target) -> Result<(), Fault> {
    target.application_id.as_deref().map_or(Ok(()), |id| application_must_exist(catalog, id, true))
}

/// The binding of somebody. The platform has one before anything was bound: the standard policy serves.
pub(super) fn of(state: &State, target: &Target) -> Option<Arc<BindingRecord>> {
    let record = state.bindings.get(target).cloned();
    let first = || {
        target.application_id.is_none().then(|| Arc::new(BindingRecord::new(target.clone(), PolicySpec::standard())))
    };
    record.or_else(first)
}

pub(super) fn unbound(target: &Target) -> Fault {
    Fault::not_found(format!("a binding of {target}"))
}
