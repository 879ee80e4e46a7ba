//! Takes a module in: one that was uploaded, or that comes from elsewhere with the signatures that were found with it.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use callsign::{Inspection, ModuleDigest, PolicyError, StoreError};
use callsign_signature::{Signature, Statement};

use super::Service;
use super::plan::{Author, Plan, View};
use crate::binding::Target;
use crate::change::{Change, Kind, now};
use crate::config::SignatureRule;
use crate::fault::Fault;
use crate::module::ModuleRecord;
use crate::module_cache::FetchError;
use crate::module_trust::Untrusted;
use crate::registry::ModuleSource;

/// The header that signatures of an uploaded module come in.
pub(crate) const SIGNATURE_HEADER: &str = "callsign-signature";

/// A module to take in.
#[derive(Debug)]
pub(crate) struct NewModule {
    /// The application that it is to belong to; `None` is the platform.
    pub(crate) owner: Option<String>,
    pub(crate) component: Bytes,
    /// What came with it. They count only where signatures are required, and are kept in any case.
    pub(crate) signatures: Vec<Signature>,
    /// Where it was pulled from; `None` if it was uploaded.
    pub(crate) source: Option<ModuleSource>,
}

/// A module that was taken in.
#[derive(Debug)]
pub(crate) struct TakenModule {
    pub(crate) module: Arc<ModuleRecord>,
    /// Whether it was not there already.
    pub(crate) is_new: bool,
}

impl Service {
    /// Takes a module in: its signatures are verified, then it is checked and compiled, then stored. Bindings that follow its
    /// versions move to it. `may` is asked again on each revision that the change is planned on.
    ///
    /// # Errors
    /// 400: it is no module, or its signatures are not enough. 409: its version is there with other bytes.
    pub(crate) async fn take_module(
        self: &Arc<Self>,
        author: Author,
        new: NewModule,
        may: impl Fn(&View) -> Result<(), Fault> + Send + Sync + 'static,
    ) -> Result<TakenModule, Fault> {
        let NewModule { owner, component, signatures, source } = new;
        if component.is_empty() {
            return Err(Fault::property("", "the body is empty; it is a component"));
        }
        let rule = self.config.modules.signatures;
        if rule == SignatureRule::Required {
            // Before it is compiled, so that what nobody has signed costs nothing.
            let bytes = component.clone();
            let stated = tokio::task::spawn_blocking(move || stated(&bytes)).await.map_err(Fault::internal)?;
            let statement = stated.map_err(|error| refused(FetchError::Module(error)))?;
            let verified = statement
                .and_then(|statement| self.state().take_in(rule, owner.as_deref(), &statement, &signatures, now()));
            verified.map_err(|error| untrusted(&error))?;
        }
        let record = Arc::new(ModuleRecord { source, ..self.add_module(owner, component.clone()).await? });
        let planned = Arc::clone(&record);
        let plan = move |view: &View| {
            may(view)?;
            let owner = planned.application_id.as_deref();
            // Keys may have been revoked meanwhile.
            let all = planned.statement().map_err(Untrusted::from);
            let all = all.and_then(|statement| view.state.take_in(rule, owner, &statement, &signatures, now()));
            let all = all.map_err(|error| untrusted(&error))?;
            let texts: Vec<String> = all.iter().map(|signature| signature.text().to_owned()).collect();
            if let Some(there) = view.state.modules.get(&planned.key()) {
                if there.signatures == texts {
                    return Ok(Plan::new(Vec::new(), (Arc::clone(there), false, false)));
                }
                let next = Arc::new(ModuleRecord { signatures: texts, ..(**there).clone() });
                let change = Change::put(Kind::Module, next.key(), &*next);
                return Ok(Plan::new(vec![change], (next, false, true)));
            }
            // Another node may have got the same version, which the folder of this node does not know.
            if let Some(other) = view.state.modules_of(owner).find(|other| other.is_same_version(&planned)) {
                return Err(Fault::conflict(format!(
                    "{} is there already, with other bytes: {}; give the component another version",
                    other.label(),
                    other.digest
                )));
            }
            let next = Arc::new(ModuleRecord { signatures: texts, ..(*planned).clone() });
            let change = Change::put(Kind::Module, next.key(), &*next);
            let components = vec![(next.digest.clone(), component.to_vec())];
            Ok(Plan { components, ..Plan::new(vec![change], (next, true, true)) })
        };
        let (module, is_new, is_changed) = self.change(author, plan).await?;
        if is_changed {
            self.follow_module(&module).await?;
        }
        if is_changed && !is_new {
            // What had no valid signature may have one now.
            self.serve_later(self.users_of(&module));
        }
        Ok(TakenModule { module, is_new })
    }

    /// Moves the bindings that follow a module, in a task of its own, so that it is completed even if the caller goes away.
    ///
    /// # Errors
    /// 500: the task failed.
    pub(crate) async fn follow_module(self: &Arc<Self>, module: &Arc<ModuleRecord>) -> Result<(), Fault> {
        let (service, module) = (Arc::clone(self), Arc::clone(module));
        let moved = tokio::spawn(async move { service.auto_update(&module).await });
        moved.await.map_err(Fault::internal)
    }

    /// The targets whose binding has a module in use.
    fn users_of(&self, module: &ModuleRecord) -> Vec<Target> {
        let state = self.state();
        let uses =
            |spec: &crate::binding::PolicySpec| spec.module == module.digest && spec.owner == module.application_id;
        let users = state.bindings.iter().filter(|(_, record)| record.specs().any(uses));
        users.map(|(target, _)| target.clone()).collect()
    }

    /// Checks and compiles a component, which can take seconds.
    async fn add_module(self: &Arc<Self>, owner: Option<String>, component: Bytes) -> Result<ModuleRecord, Fault> {
        let module = self.modules.upload(owner.as_deref(), component, self.state()).await.map_err(refused)?;
        let added_at = module.added_at().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(ModuleRecord {
            digest: module.digest().to_string(),
            name: module.name().to_owned(),
            version: module.version().clone(),
            size: module.size(),
            interface: module.interface().clone(),
            added_at: added_at.as_millis() as u64,
            application_id: owner,
            shared: false,
            signatures: Vec::new(),
            source: None,
        })
    }
}

/// What the signatures of a component are over.
fn stated(component: &[u8]) -> Result<Result<Statement, Untrusted>, StoreError> {
    let Inspection { name, version, .. } = Inspection::of(component)?;
    let name = name.ok_or(StoreError::NoName)?;
    let Some(version) = version else { return Err(StoreError::NoVersion { name }) };
    let digest = ModuleDigest::of(component).to_string();
    Ok(Statement::new(&name, &version, &digest).map_err(Untrusted::from))
}

/// 400: the signatures of a module are not enough.
pub(crate) fn untrusted(error: &Untrusted) -> Fault {
    let how = match error {
        Untrusted::Signatures(callsign_signature::NotTrusted::Unsigned { .. }) => {
            "; send it in Base64 in this header, see `callsign module sign`"
        }
        _ => "",
    };
    Fault::property(SIGNATURE_HEADER, format!("{error}{how}"))
}

/// Why a component is not a module here.
fn refused(error: FetchError) -> Fault {
    let error = match error {
        FetchError::Module(error) => error,
        FetchError::Reserved(_) => return Fault::property("", error.to_string()),
        error => return Fault::internal(error),
    };
    match error {
        StoreError::Taken { name, version, digest } => Fault::conflict(format!(
            "{name}@{version} is there already, with other bytes: {digest}; give the component another version"
        )),
        StoreError::Policy(PolicyError::Busy { .. }) => Fault::unavailable(error.to_string(), Duration::from_secs(1)),
        StoreError::Policy(PolicyError::Engine { .. } | PolicyError::Read { .. } | PolicyError::Compiler { .. }) => {
            Fault::internal(error)
        }
        StoreError::Policy(_)
        | StoreError::NoName
        | StoreError::Name { .. }
        | StoreError::NoVersion { .. }
        | StoreError::Version { .. } => Fault::property("", error.to_string()),
        error => Fault::internal(error),
    }
}
