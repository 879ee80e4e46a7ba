//! Comparisons of recorded traffic with what it would come to on something else: jobs in the bulk lane, one tenant's at a
//! time, whose reports are kept for a while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use callsign_log::LogError;
use callsign_replay::{PassProgress, WhatIfReport};
use tokio::sync::Notify;

use crate::change::now;
use crate::tenant_turns::TenantTurns;

/// How many jobs and reports of a tenant are kept, and of the platform.
const OF_ONE: usize = 4;

/// How many of all tenants are kept; the platform's come on top. A report has at most about 3 MB.
const OF_TENANTS: usize = 32;

/// How many of those are for tenants that have no other one that waits or runs, so that a few tenants do not take them all.
const FIRST_ONES: usize = 16;

/// How many tenants' jobs run at a time, beside one of the platform.
const RUNNING: usize = 1;

/// A comparison.
pub(crate) struct Job {
    pub(crate) id: String,
    /// Whose it is; `None` is the platform.
    pub(crate) tenant: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) made_at: u64,
    pub(crate) progress: PassProgress,
    state: Mutex<JobState>,
    cancelled: Notify,
}

/// How far a job has come.
#[derive(Debug, Clone)]
pub(crate) enum JobState {
    /// Another one runs.
    Waiting,
    Running,
    Done(Arc<WhatIfReport>),
    /// Why there is no report.
    Failed(Arc<str>),
}

/// Why a job is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// So many of its own wait or run.
    Own(usize),
    /// Those of tenants together have the places that it could have.
    Tenants,
}

impl Job {
    pub(crate) fn new(id: String, tenant: Option<&str>) -> Self {
        Self {
            id,
            tenant: tenant.map(str::to_owned),
            made_at: now(),
            progress: PassProgress::new(),
            state: Mutex::new(JobState::Waiting),
            cancelled: Notify::new(),
        }
    }

    pub(crate) fn state(&self) -> JobState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: JobState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Ends it, also while it waits for its turn.
    fn cancel(&self) {
        self.progress.cancel();
        self.cancelled.notify_one();
    }

    fn is_over(&self) -> bool {
        matches!(self.state(), JobState::Done(_) | JobState::Failed(_))
    }
}

/// The jobs of this node, and their reports.
pub(crate) struct WhatIfJobs {
    /// The oldest first.
    jobs: Mutex<VecDeque<Arc<Job>>>,
    turns: TenantTurns,
}

impl Default for WhatIfJobs {
    fn default() -> Self {
        Self { jobs: Mutex::default(), turns: TenantTurns::new(RUNNING).with_rests() }
    }
}

impl WhatIfJobs {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The jobs that a tenant has, or the platform; the oldest first.
    pub(crate) fn of(&self, tenant: Option<&str>) -> Vec<Arc<Job>> {
        self.lock().iter().filter(|job| job.tenant.as_deref() == tenant).cloned().collect()
    }

    pub(crate) fn find(&self, tenant: Option<&str>, id: &str) -> Option<Arc<Job>> {
        self.lock().iter().find(|job| job.tenant.as_deref() == tenant && job.id == id).cloned()
    }

    /// Whether there is room for one job more of a tenant, or of the platform.
    ///
    /// # Errors
    /// Too many wait or run.
    pub(crate) fn has_room(&self, tenant: Option<&str>) -> Result<(), NoRoom> {
        room(&self.lock(), tenant)
    }

    /// Takes a job in, in place of an older one that is over if there are too many.
    ///
    /// # Errors
    /// Too many wait or run.
    pub(crate) fn add(&self, job: &Arc<Job>) -> Result<(), NoRoom> {
        let mut jobs = self.lock();
        let owner = job.tenant.as_deref();
        room(&jobs, owner)?;
        if jobs.iter().filter(|job| job.tenant.as_deref() == owner).count() >= OF_ONE {
            remove_over(&mut jobs, &|job| job.tenant.as_deref() == owner);
        }
        if owner.is_some() && jobs.iter().filter(|job| job.tenant.is_some()).count() >= OF_TENANTS {
            remove_over(&mut jobs, &|job| job.tenant.is_some());
        }
        jobs.push_back(Arc::clone(job));
        Ok(())
    }

    /// Ends a job, and forgets it with its report. Whether there was one.
    pub(crate) fn remove(&self, tenant: Option<&str>, id: &str) -> bool {
        let mut jobs = self.lock();
        let found = jobs.iter().position(|job| job.tenant.as_deref() == tenant && job.id == id);
        let Some(job) = found.and_then(|at| jobs.remove(at)) else { return false };
        job.cancel();
        true
    }

    /// Ends all jobs.
    pub(crate) fn cancel_all(&self) {
        self.lock().iter().for_each(|job| job.cancel());
    }

    /// Runs a job when it is its turn. To be spawned in the bulk lane: the thread that decides then has a lower priority.
    pub(crate) async fn run(
        &self,
        job: Arc<Job>,
        compare: impl FnOnce(&PassProgress) -> Result<WhatIfReport, LogError> + Send + 'static,
    ) {
        let turn = tokio::select! {
            turn = self.turns.turn(job.tenant.as_deref()) => turn,
            () = job.cancelled.notified() => None,
        };
        if job.progress.is_cancelled() {
            return job.set(JobState::Failed("it was cancelled".into()));
        }
        job.set(JobState::Running);
        let running = Arc::clone(&job);
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            compare(&running.progress)
        });
        job.set(match work.await {
            Ok(Ok(mut report)) => {
                if job.tenant.is_some() {
                    // Of the log itself, which has the decisions of others too, the operator is told.
                    report.faults.clear();
                    report.dropped = 0;
                }
                JobState::Done(Arc::new(report))
            }
            Ok(Err(error)) => {
                tracing::warn!("a comparison has no log: {error}");
                JobState::Failed("the decision log cannot be read; the log of the service has more".into())
            }
            Err(error) => {
                tracing::error!("a comparison failed: {error}");
                JobState::Failed("something went wrong on this side; the log of the service has more".into())
            }
        });
    }
}

fn room(jobs: &VecDeque<Arc<Job>>, owner: Option<&str>) -> Result<(), NoRoom> {
    let under_way =
        |is_counted: &dyn Fn(&Job) -> bool| jobs.iter().filter(|job| is_counted(job) && !job.is_over()).count();
    let own = under_way(&|job| job.tenant.as_deref() == owner);
    let of_tenants = under_way(&|job| job.tenant.is_some());
    let most = if own == 0 { OF_TENANTS } else { OF_TENANTS - FIRST_ONES };
    if own >= OF_ONE {
        return Err(NoRoom::Own(own));
    }
    if owner.is_some() && of_tenants >= most { Err(NoRoom::Tenants) } else { Ok(()) }
}

/// Removes a job that is over: the oldest one of whoever has most jobs.
fn remove_over(jobs: &mut VecDeque<Arc<Job>>, is_meant: &dyn Fn(&Job) -> bool) {
    let jobs_of = |owner: &Option<String>| jobs.iter().filter(|job| job.tenant == *owner).count();
    let over = jobs.iter().enumerate().filter(|(_, job)| is_meant(job) && job.is_over());
    // The first of several that are equal.
    let over = over.rev().max_by_key(|(_, job)| jobs_of(&job.tenant)).map(|(at, _)| at);
    if let Some(at) = over {
        jobs.remove(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: &str, tenant: Option<&str>) -> Arc<Job> {
        Arc::new(Job::new(id.to_owned(), tenant))
    }

    fn ids(jobs: &WhatIfJobs, tenant: Option<&str>) -> Vec<String> {
        jobs.of(tenant).iter().map(|job| job.id.clone()).collect()
    }

    #[test]
    fn each_tenant_has_four_and_the_oldest_that_is_over_makes_room() {
        let jobs = WhatIfJobs::default();
        let of_shop: Vec<Arc<Job>> = ["1", "2", "3", "4"].map(|id| job(id, Some("shop"))).into();
        of_shop.iter().for_each(|job| assert_eq!(jobs.add(job), Ok(())));
        assert_eq!(jobs.add(&job("5", Some("shop"))), Err(NoRoom::Own(4)));
        assert_eq!(jobs.add(&job("1", Some("care"))), Ok(()));
        assert_eq!(jobs.add(&job("1", None)), Ok(()));
        of_shop[1].set(JobState::Failed("no".into()));
        assert_eq!(jobs.add(&job("5", Some("shop"))), Ok(()));
        assert_eq!(ids(&jobs, Some("shop")), ["1", "3", "4", "5"]);
        assert_eq!((ids(&jobs, Some("care")), ids(&jobs, None)), (vec!["1".to_owned()], vec!["1".to_owned()]));
        // Of others nothing is found or removed.
        assert!(jobs.find(Some("care"), "3").is_none() && !jobs.remove(Some("care"), "3"));
        assert!(jobs.remove(Some("shop"), "3") && of_shop[2].progress.is_cancelled());
        assert_eq!(ids(&jobs, Some("shop")), ["1", "4", "5"]);
    }

    #[test]
    fn eight_tenants_with_four_each_leave_places_for_others_and_the_platform() {
        let jobs = WhatIfJobs::default();
        let mut taken = 0;
        for tenant in 0..8 {
            for number in 0..OF_ONE {
                let added = jobs.add(&job(&number.to_string(), Some(&format!("a{tenant}"))));
                taken += usize::from(added.is_ok());
                assert!(added.is_ok() || added == Err(NoRoom::Tenants));
            }
        }
        // Four tenants have four; the others have one each.
        assert_eq!(taken, OF_TENANTS - FIRST_ONES + 4);
        for tenant in 8..20 {
            assert_eq!(jobs.add(&job("1", Some(&format!("a{tenant}")))), Ok(()));
        }
        assert_eq!(jobs.add(&job("1", Some("late"))), Err(NoRoom::Tenants), "all 32 wait or run");
        // The platform has its own.
        for number in 0..OF_ONE {
            assert_eq!(jobs.add(&job(&number.to_string(), None)), Ok(()));
        }
        assert_eq!(jobs.add(&job("5", None)), Err(NoRoom::Own(OF_ONE)));
        jobs.of(Some("a7"))[0].set(JobState::Failed("no".into()));
        assert_eq!(jobs.add(&job("1", Some("late"))), Ok(()));
        assert!(jobs.of(Some("a7")).is_empty(), "one that is over makes room");
        jobs.cancel_all();
        assert!(jobs.of(None)[0].progress.is_cancelled());
    }

    #[test]
    fn a_report_of_whoever_has_most_makes_room() {
        let jobs = WhatIfJobs::default();
        for tenant in 0..OF_TENANTS - 2 {
            let first = job("1", Some(&format!("a{tenant}")));
            assert_eq!(jobs.add(&first), Ok(()));
            first.set(JobState::Failed("no".into()));
        }
        for id in ["1", "2"] {
            let of_shop = job(id, Some("shop"));
            assert_eq!(jobs.add(&of_shop), Ok(()));
            of_shop.set(JobState::Failed("no".into()));
        }
        assert_eq!(jobs.add(&job("1", Some("care"))), Ok(()));
        assert_eq!(ids(&jobs, Some("shop")), ["2"]);
        assert_eq!(ids(&jobs, Some("a0")), ["1"], "the oldest of all stays");
    }
}
