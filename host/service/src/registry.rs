//! OCI registries that modules come from. What is asked of them blocks, so it has threads of its own, and turns.

use std::sync::Arc;
use std::time::Duration;

use callsign_registry::{Client, Pulled, Reference, RegistryError, Repository, Tag};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::{Config, RegistryConfig};
use crate::fault::Fault;
use crate::tenant_turns::TenantTurns;

/// How many of all tenants are served by registries at a time. With one of the platform these hold five components in memory.
const PULLS: usize = 4;

/// How long to wait before a registry that does not answer is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// Where a module came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct ModuleSource {
    /// What was asked for.
    #[schema(value_type = String)]
    pub(crate) reference: Reference,
    /// The digest of its manifest, which the reference named at that time.
    #[schema(value_type = String)]
    pub(crate) digest: callsign_registry::Digest,
}

/// The registries.
pub(crate) struct Registry {
    config: RegistryConfig,
    /// `None` if modules may come from nowhere.
    client: Option<Arc<Client>>,
    turns: TenantTurns,
}

impl Registry {
    /// # Errors
    /// The authorities that are trusted cannot be read; in words.
    pub(crate) fn open(config: &Config) -> Result<Self, String> {
        let client = config.registry.is_used().then(|| config.registry.client(&config.limits)).transpose();
        let client = client.map_err(|error| format!("registry: {error}"))?.map(Arc::new);
        Ok(Self { config: config.registry.clone(), client, turns: TenantTurns::new(PULLS) })
    }

    /// # Errors
    /// 403: modules of this owner may not come from there.
    pub(crate) fn may(&self, repository: &Repository, owner: Option<&str>) -> Result<(), Fault> {
        let name = if owner.is_some() { "registry.allow_tenants" } else { "registry.allow" };
        match self.config.allows(repository, owner) {
            true => Ok(()),
            false => {
                Err(Fault::forbidden(format!("modules do not come from {repository} here: {name} does not have it")))
            }
        }
    }

    /// Pulls a module for an owner, once it is the owner's turn.
    ///
    /// # Errors
    /// See [`Client::pull`].
    pub(crate) async fn pull(&self, owner: Option<&str>, reference: Reference) -> Result<Pulled, RegistryError> {
        self.ask(owner, move |client| client.pull(&reference)).await
    }

    /// The tags of a repository, once it is the owner's turn.
    ///
    /// # Errors
    /// See [`Client::tags`].
    pub(crate) async fn tags(&self, owner: Option<&str>, repository: Repository) -> Result<Vec<Tag>, RegistryError> {
        self.ask(owner, move |client| client.tags(&repository)).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        owner: Option<&str>,
        work: impl FnOnce(&Client) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<T, RegistryError> {
        // What is not allowed does not come here.
        let client = self.client.clone().ok_or_else(|| RegistryError::Options("no registry is allowed".into()))?;
        let turn = self.turns.turn(owner).await;
        let work = tokio::task::spawn_blocking(move || {
            // Held here, since the work goes on if the caller goes away.
            let _turn = turn;
            work(&client)
        });
        work.await.map_err(|error| RegistryError::Options(error.to_string()))?
    }
}

/// Why a module cannot be pulled.
pub(crate) fn refused(error: &RegistryError) -> Fault {
    match error {
        RegistryError::Options(_) => Fault::internal(error),
        error if error.is_of_registry() => Fault::unavailable(error.to_string(), PAUSE),
        error => Fault::property("reference", error.to_string()),
    }
}
