//! Loads everything from the catalog store, at the start or when revisions are missing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arc_swap::ArcSwap;
use callsign::{Catalog, DEFAULT_APPLICATION, Gateway, LaneOptions, StickyStore};
use callsign_log::LogError;
use callsign_private::FileError;
use tokio::sync::{Mutex, watch};

use super::bodies::Bodies;
use super::commit::WaitingChanges;
use super::distrust::Distrust;
use super::entity_autocreate::EntityAutocreate;
use super::fleet::Node;
use super::follow_repositories::FollowedRepositories;
use super::reconcile::AppliedBindings;
use super::{SenderHealth, Service, upgrade};
use crate::bulk_lane::BulkLane;
use crate::change::{Draft, Kind};
use crate::config::Config;
use crate::data_folder;
use crate::decision_log::DecisionLog;
use crate::events::Events;
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::module_cache::ModuleCache;
use crate::outage::Outage;
use crate::past_catalogs::revision_name;
use crate::pins;
use crate::refused_traffic::RefusedTraffic;
use crate::registry::Registry;
use crate::reused_ids::ReusedIds;
use crate::session::SessionKey;
use crate::state::State;
use crate::store::{Element, Store, StoreError};
use crate::tenant::Tenants;
use crate::tenant_turns::TenantTurns;
use crate::timed_store::TimedStore;
use crate::what_if_jobs::WhatIfJobs;

/// How many tenants have their policies tried and started at a time: it takes a processor.
const STARTS: usize = 3;

/// How many tenants have their coverage audited at a time, for the same reason.
const AUDITS: usize = 1;

/// How many tenants look decisions up at a time: it reads the disk, and takes all processors but one in the bulk lane. Long
/// lookups take turns.
const LOOKUPS: usize = 1;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The catalog store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pin store.
    #[error(transparent)]
    Sticky(#[from] callsign::sticky::OpenError),
    /// The gateway.
    #[error(transparent)]
    Gateway(#[from] callsign::GatewayError),
    /// The module store.
    #[error(transparent)]
    Modules(#[from] callsign::StoreError),
    /// The certificate or its key.
    #[error("TLS cannot be spoken: {reason}")]
    Tls {
        /// Why.
        reason: String,
    },
    /// The address.
    #[error("{address} cannot be listened on: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A file or a folder: it cannot be used, or others can use it too.
    #[error(transparent)]
    File(#[from] FileError),
    /// The key that recipients are hashed with.
    #[error("the key of recipients in {place} cannot be used: {reason}")]
    RecipientKey {
        /// Its file.
        place: String,
        /// Why.
        reason: String,
    },
    /// The decision log.
    #[error("the decision log: {0}")]
    Log(#[from] LogError),
    /// Anything else, such as a catalog that cannot be imported.
    #[error("{0}")]
    Refused(String),
}

impl Service {
    /// A service with everything that the store has.
    pub(crate) async fn load(
        config: Config,
        store: Arc<Store>,
        sticky: Arc<dyn StickyStore>,
        decision_log: Option<DecisionLog>,
    ) -> Result<Arc<Self>, StartError> {
        let session_key = SessionKey::open(&config.data)?;
        let files = config.numbering.clone();
        let numbering = blocking(move || files.load()).await?.map_err(StartError::Refused)?;
        let registries = config.clone();
        let registry = blocking(move || Registry::open(&registries)).await?.map_err(StartError::Refused)?;
        let (revision, elements) = up_to_date(&store).await?;
        let reused_ids = ReusedIds::default();
        reused_ids.load(&store, &elements).await?;
        let (catalog, state) = blocking(move || whole(revision, &elements)).await??;
        let catalog = catalog.with_numbering(Arc::clone(&numbering)).named(revision_name(revision));
        let metrics = Arc::new(Metrics::default());
        let tenants = Tenants::new(&config, Arc::clone(&metrics));
        tenants.count_all(&catalog, &state);
        let place = |what: &str, place: &str| format!("the {what} {place}");
        let catalog_outage = Outage::new(
            place("catalog store", store.place()),
            "decisions go on with the last revision, nothing can be changed",
            Duration::from_secs(60),
            Duration::ZERO,
            metrics.store_failures("catalog"),
        );
        let pin_outage = Arc::new(Outage::new(
            place("store of pins", &pins::address(&config).to_string()),
            "messages that need a pin are decided by the rule of their binding, or refused with STICKY_UNAVAILABLE",
            Duration::from_secs(1),
            Duration::from_secs(1),
            metrics.store_failures("sticky"),
        ));
        let sticky = TimedStore::around(sticky, Arc::clone(&metrics), Arc::clone(&pin_outage));
        let modules = Arc::new(ModuleCache::new(config.data.join(data_folder::MODULES), config.compiler.clone()));
        let standard = Arc::new(modules.standard()?.with_limits(config.policy.limits()));
        let (pins, platform) = (Arc::clone(&sticky), Arc::clone(&standard));
        let mut lanes = LaneOptions::default();
        // More than what is refused at the door: this is for what a single request takes.
        lanes.milliseconds_per_second =
            u32::try_from(config.tenant.policy_milliseconds_per_second).ok().filter(|most| *most > 0);
        let gateway = blocking(move || Gateway::with_lanes(catalog, platform, pins, lanes)).await??;
        let bulk = BulkLane::start()
            .map_err(|error| StartError::Refused(format!("the threads of the bulk lane do not start: {error}")))?;
        let node = Node::new().map_err(|error| StartError::Refused(error.to_string()))?;
        let service = Arc::new(Self {
            node,
            events: Events::new(&config, state.revision),
            limits: ArcSwap::from_pointee(config.limits.clone()),
            bodies: ArcSwap::from_pointee(Bodies::new(&config)),
            tenants,
            config,
            gateway,
            sticky,
            store,
            modules,
            bulk,
            metrics,
            entity_autocreate: EntityAutocreate::default(),
            registry,
            followed_repositories: FollowedRepositories::default(),
            applied: AppliedBindings::default(),
            distrust: Distrust::default(),
            standard: Arc::clone(&standard),
            starts: TenantTurns::new(STARTS),
            audits: TenantTurns::new(AUDITS),
            lookups: TenantTurns::new(LOOKUPS).with_rests(),
            what_ifs: WhatIfJobs::default(),
            session_key,
            numbering,
            decision_log,
            reused_ids,
            refused_traffic: RefusedTraffic::default(),
            sender_health: SenderHealth::default(),
            state: ArcSwap::from_pointee(state),
            writer: Mutex::default(),
            waiting: WaitingChanges::default(),
            renumbering: AtomicBool::default(),
            catalog_outage,
            pin_outage,
            ending: watch::Sender::new(false),
        });
        service.gateway.use_standard(standard);
        service.gateway.use_signals(service.sender_health.board());
        service.look_at_health().await?;
        service.listen_to_gateway();
        if let Some(log) = &service.decision_log {
            let (service, recorder) = (Arc::clone(&service), Arc::clone(log.recorder()));
            blocking(move || service.gateway.record_to(recorder)).await?;
        }
        service.seed_module_keys().await?;
        service.start_bindings().await;
        Ok(service)
    }

    /// Loads everything again, because single revisions could not be taken over.
    pub(super) async fn reload(self: &Arc<Self>) -> Result<(), Fault> {
        let (revision, elements) = self.stored("load", up_to_date(&self.store)).await?;
        self.reused_ids.load(&self.store, &elements).await?;
        let (catalog, state) = blocking(move || whole(revision, &elements)).await??;
        let catalog = catalog.with_numbering(Arc::clone(&self.numbering)).named(revision_name(revision));
        let state = Arc::new(state);
        let (service, next) = (Arc::clone(self), Arc::clone(&state));
        let work = blocking(move || {
            let known = generations(service.revision().catalog());
            service.gateway.replace_catalog(catalog).map_err(|error| StoreError::Damaged(error.to_string()))?;
            let before = service.state.swap(Arc::clone(&next));
            // Which applications were removed meanwhile is not known; one that was made again is there.
            let revision = service.revision();
            service.tenants.count_all(revision.catalog(), &next);
            for refused in service.refused_traffic.applications() {
                let generation =
                    revision.catalog().application(&refused).map(|(_, application)| application.generation);
                if generation != known.get(&*refused).copied() {
                    service.refused_traffic.forget_application(&refused);
                }
            }
            Ok(before)
        });
        let before = work.await?.map_err(|error: StoreError| Fault::internal(error))?;
        let gone = before.bindings.keys().filter(|target| !state.bindings.contains_key(*target));
        self.serve_later(gone.chain(state.bindings.keys()).cloned().collect());
        Ok(())
    }
}

/// The newest revision and all elements, after those that an earlier version wrote are brought up to date.
async fn up_to_date(store: &Store) -> Result<(u64, Vec<Element>), StoreError> {
    loop {
        let (revision, elements) = store.load().await?;
        let changes = upgrade::changes(&elements);
        if changes.is_empty() {
            return Ok((revision, elements));
        }
        tracing::info!("{} elements of an earlier version are brought up to date", changes.len());
        let unreferenced = upgrade::unreferenced(&elements, store.digests().await?);
        let draft =
            Draft { who: "callsign".into(), action: "upgrade".into(), changes, unreferenced, ..Draft::default() };
        // Whether it or another node was first: what is there now decides.
        store.commit(revision, &Arc::from([draft])).await?;
    }
}

fn generations(catalog: &Catalog) -> HashMap<Box<str>, u32> {
    catalog.applications().iter().map(|application| (application.id.clone(), application.generation)).collect()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Damaged(error.to_string()))
}

/// The catalog and the state of all elements.
pub(crate) fn whole(revision: u64, elements: &[Element]) -> Result<(Catalog, State), StoreError> {
    let lists = [
        (Kind::Application, "applications"),
        (Kind::Entity, "entities"),
        (Kind::Sender, "senders"),
        (Kind::Association, "associations"),
        (Kind::Strategy, "sendingStrategies"),
        (Kind::DefaultSender, "defaultSenders"),
    ];
    let mut text = String::from("{");
    for (kind, name) in lists {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&format!("\"{name}\":["));
        let mut bodies: Vec<(&str, &str)> = elements
            .iter()
            .filter(|element| element.kind == kind)
            .map(|element| (&*element.key, &*element.body))
            .collect();
        if kind == Kind::Application {
            // The application `default` always comes first, and is in the store only once it has a name.
            bodies.sort_by_key(|(key, _)| *key != DEFAULT_APPLICATION);
        }
        for (index, (_, body)) in bodies.into_iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(body);
        }
        text.push(']');
    }
    text.push('}');
    let catalog = Catalog::from_json(&text).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let mut state = State { revision, ..State::default() };
    for element in elements {
        state.apply(element.kind, &element.key, Some(&element.body))?;
    }
    Ok((catalog, state))
}
