//! A shadow: a candidate that decides beside the policy that serves, and whose answers are only compared.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::health::BoundPolicy;
use super::tally::Tally;

/// A candidate that decides beside the policy that serves; its answers are compared and thrown away.
pub(crate) struct Shadow {
    pub(crate) bound: Arc<BoundPolicy>,
    compared: Tally,
    different: AtomicU64,
    dropped: AtomicU64,
    samples: Mutex<VecDeque<Difference>>,
}

/// How many differences of a shadow are kept: the last ones.
const SAMPLES: usize = 100;

/// A message that a candidate decides otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// `applicationId` of the message.
    pub application: Box<str>,
    /// `entityId` of the message.
    pub entity: Option<Box<str>>,
    /// `to` of the message.
    pub to: Box<str>,
    /// What the policy that serves made of it: `senderId STEP`, or the code of a refusal.
    pub serving: String,
    /// What the candidate made of it.
    pub candidate: String,
}

/// What a shadow has found so far.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// The candidate, as `name@version`.
    pub candidate: Arc<str>,
    /// How many messages both decided.
    pub compared: u64,
    /// How many of them the candidate decided otherwise.
    pub different: u64,
    /// How many messages were not given to the candidate, because decisions needed the time.
    pub dropped: u64,
    /// The last of those that were different.
    pub samples: Vec<Difference>,
}

impl Shadow {
    pub(crate) fn new(bound: Arc<BoundPolicy>) -> Self {
        Self {
            bound,
            compared: Tally::default(),
            different: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            samples: Mutex::default(),
        }
    }

    /// Counts a comparison; `difference` tells what was different.
    pub(crate) fn compared(&self, difference: Option<Difference>) {
        if let Some(difference) = difference {
            self.different.fetch_add(1, Ordering::Relaxed);
            let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
            if samples.len() == SAMPLES {
                samples.pop_front();
            }
            samples.push_back(difference);
        }
        // The last: whoever sees it counted sees the difference too.
        self.compared.add();
    }

    /// Counts a message that the candidate was not asked about.
    pub(crate) fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn comparison(&self) -> Comparison {
        let compared = self.compared.sum();
        Comparison {
            candidate: self.bound.binding.policy.label().into(),
            compared,
            // Some may have been found since.
            different: self.different.load(Ordering::Relaxed).min(compared),
            dropped: self.dropped.load(Ordering::Relaxed),
            samples: self.samples.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect(),
        }
    }
}
