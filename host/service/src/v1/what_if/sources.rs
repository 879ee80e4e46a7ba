//! Where a comparison finds what the log of this node names: catalogs in the catalog store, modules among those that are
//! registered.

use std::sync::{Arc, Mutex, PoisonError};

use callsign::{Catalog, Numbering, Policy, standard_component};
use callsign_log::PolicyContext;
use callsign_replay::{Gone, Sources};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use crate::change::now;
use crate::module::STANDARD;
use crate::past_catalogs::PastCatalogs;
use crate::service::Service;

/// How many times longer than a decision's a call may take: threads of the bulk lane wait for their core, and a comparison must not
/// show that as a policy that fails.
const WAITS: u32 = 5;

/// What a comparison finds. It blocks, so it must not be asked by a thread of a runtime.
pub(in crate::v1) struct ServiceSources {
    service: Arc<Service>,
    past: Mutex<PastCatalogs>,
    runtime: Handle,
    /// Whose memory and log its policies use; `None` is the platform.
    application: Option<String>,
}

impl ServiceSources {
    /// Those of a service, for work in a runtime.
    pub(in crate::v1) fn new(service: &Arc<Service>, runtime: Handle, application: Option<&str>) -> Self {
        let past = PastCatalogs::of(Arc::clone(&service.store), Arc::clone(&service.numbering));
        let application = application.map(str::to_owned);
        Self { service: Arc::clone(service), past: Mutex::new(past), runtime, application }
    }

    /// What is known of the world's numbers.
    pub(in crate::v1) fn numbering(&self) -> Arc<Numbering> {
        Arc::clone(&self.service.numbering)
    }

    /// A policy within the limits of its application.
    pub(in crate::v1) fn bounded(&self, policy: Policy) -> Policy {
        let service = &self.service;
        let mut limits = service.config.policy.limits();
        limits.deadline *= WAITS;
        let policy = policy.with_limits(limits);
        let policy = policy.with_memory_budget(service.tenants.memory(self.application.as_deref()));
        match &self.application {
            Some(application) => policy.with_log_budget(Arc::clone(&service.tenants.of(application).log)),
            None => policy,
        }
    }

    /// The module with a digest, of whoever has it.
    ///
    /// # Errors
    /// Nobody has it any more, or it cannot be fetched.
    pub(in crate::v1) fn module(&self, owner: Option<&str>, digest: &str) -> Result<Policy, Gone> {
        let (service, state) = (&self.service, self.service.state());
        if digest != STANDARD {
            let rule = service.config.modules.signatures;
            state.may_run(rule, owner, digest, now()).map_err(|error| Gone::new(error.to_string()))?;
            let fetched = service.modules.fetch(&service.store, state, owner, digest);
            self.runtime.block_on(fetched).map_err(|error| Gone::new(error.to_string()))?;
        }
        let policy = service.policy(owner, digest).map_err(|error| Gone::new(error.to_string()))?;
        Ok(self.bounded(policy))
    }
}

impl Sources for ServiceSources {
    fn catalog(&self, name: &str) -> Result<Catalog, Gone> {
        let revision = self.service.revision();
        if revision.catalog().name() == Some(name) {
            return Ok(revision.catalog().clone());
        }
        let number = PastCatalogs::revision_of(name).ok_or_else(|| Gone::new(format!("{name} is no revision")))?;
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        self.runtime.block_on(past.at(number)).map_err(|error| Gone::new(error.to_string()))
    }

    fn policy(&self, policy: &PolicyContext) -> Result<Policy, Gone> {
        let digest: String = policy.module.iter().map(|byte| format!("{byte:02x}")).collect();
        let loaded = match policy.module == *Sha256::digest(standard_component()) {
            true => self.module(None, STANDARD)?,
            false => {
                let state = self.service.state();
                let found = state.modules.values().find(|module| module.digest == digest);
                let module = found.ok_or_else(|| Gone::new(format!("no module {digest}")))?;
                self.module(module.application_id.as_deref(), &digest)?
            }
        };
        loaded.with_settings(&policy.settings).map_err(|error| Gone::new(format!("{}: {error}", policy.label)))
    }
}
