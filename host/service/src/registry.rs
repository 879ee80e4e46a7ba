//! OCI registries that modules come from. What is asked of them blocks, so it has threads of its own, and turns.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use callsign_registry::{Client, Pulled, Reference, RegistryError, Repository, Tag};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::{Config, RegistryConfig};
use crate::fault::Fault;
use crate::registry_turns::RegistryTurns;
use crate::service::{PullRoom, Service};
use crate::tenant::{Full, Tenant};

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
    turns: RegistryTurns,
}

impl Registry {
    /// # Errors
    /// The authorities that are trusted cannot be read; in words.
    pub(crate) fn open(config: &Config) -> Result<Self, String> {
        let client = config.registry.is_used().then(|| config.registry.client(&config.limits)).transpose();
        let client = client.map_err(|error| format!("registry: {error}"))?.map(Arc::new);
        Ok(Self { config: config.registry.clone(), client, turns: RegistryTurns::default() })
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

    /// Pulls a module for an owner, once it is the owner's turn; whoever waits for that at a door has so much patience. What
    /// arrives takes room of `room`, which comes back with what the component has of it.
    ///
    /// # Errors
    /// See [`NotPulled`] and [`Client::pull`].
    pub(crate) async fn pull(
        &self,
        owner: Option<&str>,
        reference: Reference,
        room: PullRoom,
        patience: Option<Duration>,
    ) -> Result<(Pulled, PullRoom), NotPulled> {
        let registry = reference.repository().registry().to_owned();
        let pull = move |client: &Client, room: &dyn Fn(u64) -> bool| client.pull_within(&reference, room);
        self.ask(owner, &registry, room, patience, pull).await
    }

    /// The tags of a repository, once it is the owner's turn, with what they have of the room.
    ///
    /// # Errors
    /// See [`NotPulled`] and [`Client::tags`].
    pub(crate) async fn tags(
        &self,
        owner: Option<&str>,
        repository: Repository,
        room: PullRoom,
    ) -> Result<(Vec<Tag>, PullRoom), NotPulled> {
        let registry = repository.registry().to_owned();
        let tags = move |client: &Client, room: &dyn Fn(u64) -> bool| client.tags_within(&repository, room);
        self.ask(owner, &registry, room, None, tags).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        owner: Option<&str>,
        registry: &str,
        room: PullRoom,
        patience: Option<Duration>,
        work: impl FnOnce(&Client, &dyn Fn(u64) -> bool) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<(T, PullRoom), NotPulled> {
        // What is not allowed does not come here.
        let client = self.client.clone().ok_or_else(|| RegistryError::Options("no registry is allowed".into()))?;
        let turn = self.turns.turn(owner, registry, patience).await.ok_or(NotPulled::NoTurn)?;
        let work = tokio::task::spawn_blocking(move || {
            // Held here, since the work goes on if the caller goes away.
            let _turn = turn;
            let (room, full) = (RefCell::new(room), Cell::new(None));
            let done = work(&client, &|bytes| {
                let taken = room.borrow_mut().set(usize::try_from(bytes).unwrap_or(usize::MAX));
                full.set(taken.err());
                taken.is_ok()
            });
            match (done, full.get()) {
                (Ok(done), _) => Ok((done, room.into_inner())),
                (Err(_), Some(full)) => Err(NotPulled::NoRoom(full)),
                (Err(error), None) => Err(error.into()),
            }
        });
        work.await.map_err(|error| RegistryError::Options(error.to_string()))?
    }
}

/// Why a registry was not asked, or did not give what it was asked for.
#[derive(Debug)]
pub(crate) enum NotPulled {
    /// It did not come to the turn in time.
    NoTurn,
    /// There is no room for the bytes.
    NoRoom(Full),
    Registry(RegistryError),
}

impl From<RegistryError> for NotPulled {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl NotPulled {
    /// What a request is told, whose bytes count as those of `tenant`, or of the platform.
    pub(crate) fn fault(&self, service: &Service, tenant: Option<&Arc<Tenant>>) -> Fault {
        match self {
            Self::NoTurn => service.shed("registries are asked by as many as may ask them at a time"),
            Self::NoRoom(full) => service.no_room(*full, tenant),
            Self::Registry(error @ RegistryError::Options(_)) => Fault::internal(error),
            Self::Registry(error) if error.is_of_registry() => Fault::unavailable(error.to_string(), PAUSE),
            Self::Registry(error) => Fault::property("reference", error.to_string()),
        }
    }
}
