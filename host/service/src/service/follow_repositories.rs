//! Bindings that follow a repository of an OCI registry: its tags are looked at now and then, and the newest version in the
//! binding's range is taken in like an upload, which moves the binding. What serves goes on until then.
//!
//! The nodes of a fleet share the looks: each pauses as many times longer as there are nodes, at times of its own. Which one is first
//! takes the module in, and the others find it in the store.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use callsign::Inspection;
use callsign_registry::{Reference, Repository, Tag};
use callsign_signature::Signature;
use http::StatusCode;
use semver::Version;

use super::Service;
use super::plan::{Author, View};
use super::take_module::NewModule;
use crate::binding::{BindingRecord, Target};
use crate::events::Event;
use crate::fault::Fault;
use crate::registry::{ModuleSource, NotPulled};
use crate::tenant::Tenant;

/// How often is seen which repositories are to be looked at.
const LOOK: Duration = Duration::from_millis(500);

/// The longest pause after a version was refused: it is likely to be refused again.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// A repository, and whose modules come from it.
type Followed = (Option<String>, Repository);

/// What is known of the repositories that bindings follow, on this node.
#[derive(Default)]
pub(crate) struct FollowedRepositories(Mutex<HashMap<Followed, Look>>);

/// The looks at one repository.
struct Look {
    /// `None` while it is looked at.
    next: Option<Instant>,
    /// Failures since it last succeeded.
    failures: u32,
    /// The module that bindings were last moved to, so that one that they refuse is tried once.
    moved_to: Option<Version>,
}

/// How a look failed.
struct Failure {
    reason: String,
    /// Whether it may end any moment: the registry or the store has trouble, or a budget is used up.
    may_pass: bool,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let is_too_much = fault.is_over_budget || fault.status == StatusCode::TOO_MANY_REQUESTS;
        let may_pass = fault.status.is_server_error() || is_too_much;
        Self { reason: fault.text, may_pass }
    }
}

impl From<callsign_registry::RegistryError> for Failure {
    fn from(error: callsign_registry::RegistryError) -> Self {
        Self { may_pass: error.is_of_registry(), reason: error.to_string() }
    }
}

impl Service {
    /// Follows repositories until the service ends.
    pub(crate) async fn follow_repositories(self: Arc<Self>) {
        if !self.config.registry.is_used() {
            return;
        }
        loop {
            for followed in self.due_repositories() {
                let service = Arc::clone(&self);
                tokio::spawn(async move {
                    tokio::select! {
                        () = service.look_at(followed) => {}
                        () = service.ended() => {}
                    }
                });
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.ended() => return,
            }
        }
    }

    /// The repositories that are to be looked at now. They count as being looked at from here on.
    fn due_repositories(&self) -> Vec<Followed> {
        let Some(pause) = self.follow_pause() else { return Vec::new() };
        let followed = self.followed();
        let mut looks = self.followed_repositories.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|key, look| look.next.is_none() || followed.contains_key(key));
        let now = Instant::now();
        let mut due = Vec::new();
        for key in followed.into_keys() {
            // The nodes of a fleet begin with a new one all over the pause, so that one of them looks at it soon.
            let first = || Look { next: Some(now + pause.mul_f64(chance())), failures: 0, moved_to: None };
            let look = looks.entry(key.clone()).or_insert_with(first);
            if look.next.is_some_and(|next| next <= now) {
                look.next = None;
                due.push(key);
            }
        }
        due
    }

    /// The bindings that follow a repository, by it.
    fn followed(&self) -> BTreeMap<Followed, Vec<Arc<BindingRecord>>> {
        let mut followed: BTreeMap<Followed, Vec<Arc<BindingRecord>>> = BTreeMap::new();
        for record in self.state().bindings.values() {
            if let Some(repository) = &record.active.repository {
                followed.entry((record.active.owner.clone(), repository.clone())).or_default().push(Arc::clone(record));
            }
        }
        followed
    }

    /// How long this node pauses between two looks at a repository, so that all nodes together look as often as a single one would.
    /// `None` while it does not know how many there are.
    fn follow_pause(&self) -> Option<Duration> {
        let nodes = self.node.fleet()?;
        Some(Duration::from_secs(self.config.registry.follow_seconds).saturating_mul(nodes))
    }

    /// Looks at a repository, and says when it began to fail and when that ended.
    async fn look_at(self: &Arc<Self>, followed: Followed) {
        let moved_to = {
            let looks = self.followed_repositories.0.lock().unwrap_or_else(PoisonError::into_inner);
            looks.get(&followed).and_then(|look| look.moved_to.clone())
        };
        let looked = self.take_newest(&followed, moved_to).await;
        let targets = self.followed().remove(&followed).unwrap_or_default();
        let targets = targets.iter().map(|record| record.target.clone());
        let pause = self.follow_pause().unwrap_or_default();
        let (before, after) = {
            let mut looks = self.followed_repositories.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(look) = looks.get_mut(&followed) else { return };
            let before = look.failures;
            let pause = match &looked {
                Ok(moved_to) => {
                    look.moved_to.clone_from(moved_to);
                    look.failures = 0;
                    pause
                }
                Err(failure) => {
                    look.failures = look.failures.saturating_add(1);
                    // What was refused once is pulled less and less often.
                    let doubled = pause.saturating_mul(1 << look.failures.min(12)).min(LONGEST.max(pause));
                    if failure.may_pass { pause } else { doubled }
                }
            };
            look.next = Some(Instant::now() + spread(pause));
            (before, look.failures)
        };
        let repository = &followed.1;
        match &looked {
            Err(Failure { reason, .. }) if before == 0 => {
                tracing::warn!("{repository} cannot be followed: {reason}; what serves goes on");
                targets.for_each(|target| self.events.send(Event::follow_failed(target, repository, reason)));
            }
            Ok(_) if before > 0 => {
                tracing::info!("{repository} is followed again after {before} failures");
                targets.for_each(|target| self.events.send(Event::follow_recovered(target, repository)));
            }
            _ => tracing::debug!("{repository} was looked at: {after} failures"),
        }
    }

    /// Takes the newest version in that bindings of a repository wait for; returns to which module they were moved last.
    async fn take_newest(
        self: &Arc<Self>,
        followed: &Followed,
        mut moved_to: Option<Version>,
    ) -> Result<Option<Version>, Failure> {
        let (owner, repository) = followed;
        self.registry.may(repository, owner.as_deref())?;
        let tenant = owner.as_deref().map(|owner| self.tenants.of(owner));
        let tags = self.registry.tags(owner.as_deref(), repository.clone(), self.room_for_pull(tenant.as_ref())).await;
        let (tags, room) = tags.map_err(|error| self.not_pulled(error, tenant.as_ref()))?;
        let records = self.followed().remove(followed).unwrap_or_default().into_iter();
        let wanted =
            records.filter_map(|record| newest(&record, &tags).map(|(tag, version)| (tag.clone(), version, record)));
        let wanted: Vec<_> = wanted.collect();
        drop((tags, room));
        for (tag, version, record) in wanted {
            let state = self.state();
            let is_it = |module: &crate::module::ModuleRecord| {
                module.name == record.active.name() && module.version.cmp_precedence(&version).is_eq()
            };
            let there = state.modules_of(owner.as_deref()).find(|module| is_it(module)).cloned();
            match there {
                // Taken in before, by this node or by another one, and perhaps refused by the binding.
                Some(_) if moved_to.as_ref() == Some(&version) => {}
                Some(module) => self.follow_module(&module).await?,
                None => self.take_from(followed, &record, &tag, &version).await?,
            }
            moved_to = Some(version);
        }
        Ok(moved_to)
    }

    fn not_pulled(&self, error: NotPulled, tenant: Option<&Arc<Tenant>>) -> Failure {
        match error {
            // Of what a registry does, listeners are told as it is.
            NotPulled::Registry(error) => error.into(),
            error => error.fault(self, tenant).into(),
        }
    }

    async fn take_from(
        self: &Arc<Self>,
        (owner, repository): &Followed,
        record: &BindingRecord,
        tag: &Tag,
        version: &Version,
    ) -> Result<(), Failure> {
        let reference: Reference = repository.tagged(&tag.name).map_err(|error| Fault::internal(error.to_string()))?;
        let tenant = owner.as_deref().map(|owner| self.tenants.of(owner));
        let room = self.room_for_pull(tenant.as_ref());
        let pulled = self.registry.pull(owner.as_deref(), reference.clone(), room, None).await;
        let (pulled, _room) = pulled.map_err(|error| self.not_pulled(error, tenant.as_ref()))?;
        let component = Bytes::from(pulled.component);
        let inspected = component.clone();
        let inspection =
            tokio::task::spawn_blocking(move || Inspection::of(&inspected)).await.map_err(Fault::internal)?;
        let inspection = inspection.map_err(|error| Fault::property("", error.to_string()))?;
        let name = record.active.name();
        let found =
            (inspection.name.as_deref(), inspection.version.as_deref().and_then(|text| text.parse::<Version>().ok()));
        if (found.0, found.1.as_ref()) != (Some(name), Some(version)) {
            let of = |text: Option<String>| text.unwrap_or_else(|| "none".into());
            return Err(Fault::conflict(format!(
                "{reference} is {}@{}, and not {name}@{version}",
                of(inspection.name),
                of(inspection.version)
            ))
            .into());
        }
        let signatures =
            Signature::parse_all(&pulled.signatures).map_err(|error| Fault::property("", error.to_string()))?;
        let action = format!("follows {reference}, {}", pulled.digest);
        let author = Author { tenant: tenant.clone(), ..Author::itself(action) };
        let _compiler = match &tenant {
            Some(tenant) => Some(tenant.compiles().await?),
            None => None,
        };
        let source = ModuleSource { reference, digest: pulled.digest };
        let new = NewModule { owner: owner.clone(), component, signatures, source: Some(source) };
        // The application may have been removed meanwhile, or its binding.
        let (owner, target, followed) = (owner.clone(), record.target.clone(), repository.clone());
        let may = move |view: &View| match is_followed(view, &target, owner.as_deref(), &followed) {
            true => Ok(()),
            false => Err(Fault::conflict(format!("{followed} is not followed any more"))),
        };
        self.take_module(author, new, may).await.map(drop).map_err(Failure::from)
    }
}

fn is_followed(view: &View, target: &Target, owner: Option<&str>, repository: &Repository) -> bool {
    view.state.bindings.get(target).is_some_and(|record| {
        record.active.owner.as_deref() == owner && record.active.repository.as_ref() == Some(repository)
    })
}

/// The newest tag that a binding would move to. Of two tags of one version the first counts.
fn newest<'a>(record: &BindingRecord, tags: &'a [Tag]) -> Option<(&'a Tag, Version)> {
    let versions = tags.iter().filter_map(|tag| Some((tag, tag.version.clone()?)));
    let mut wanted: Vec<_> = versions.filter(|(_, version)| record.waits_for(version)).collect();
    wanted.sort_by(|(_, one), (_, other)| other.cmp_precedence(one));
    wanted.into_iter().next()
}

/// A half to three halves of a pause, by chance.
fn spread(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + chance())
}

/// A number from 0 to 1.
fn chance() -> f64 {
    let mut bytes = [0; 2];
    // Without random numbers nothing is spread, which is all that they are for.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_and_trouble_may_pass_and_what_is_refused_is_refused_again() {
        let may_pass = |status| Failure::from(Fault::new(status, "")).may_pass;
        assert!(may_pass(StatusCode::TOO_MANY_REQUESTS) && may_pass(StatusCode::SERVICE_UNAVAILABLE));
        assert!(
            Failure::from(Fault { is_over_budget: true, ..Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "") }).may_pass
        );
        assert!(!may_pass(StatusCode::BAD_REQUEST) && !may_pass(StatusCode::CONFLICT));
    }

    #[test]
    fn a_pause_is_spread_by_a_half() {
        for _ in 0..1_000 {
            let pause = spread(Duration::from_secs(2));
            assert!((Duration::from_secs(1)..=Duration::from_secs(3)).contains(&pause), "{pause:?}");
        }
    }
}
