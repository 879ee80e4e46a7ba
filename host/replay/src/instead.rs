//! What recorded traffic is decided on instead.

use std::sync::Arc;

use callsign::{Catalog, Edit, EditError, List, Policy, Revision, SenderKeyCollision};
use serde_json::value::RawValue;

use crate::finder::patient;

/// What is used in place of what records name; nothing by default.
#[derive(Debug, Default)]
pub struct Instead {
    policy: Option<Arc<Policy>>,
    settings: Option<Box<str>>,
    revision: Option<Arc<Revision>>,
    /// Put into every catalog that is recorded.
    strategies: Vec<Box<RawValue>>,
    words: Vec<String>,
}

/// Why something cannot be used instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InsteadError {
    /// A strategy cannot be put into the catalog.
    #[error("the strategy does not fit the catalog: {0}")]
    Strategy(#[from] EditError),
    /// The catalog cannot be indexed.
    #[error(transparent)]
    Catalog(#[from] SenderKeyCollision),
}

impl Instead {
    /// What is recorded.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Decides every message by a policy, which has its settings. `words` say which it is.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy, words: impl Into<String>) -> Self {
        self.policy = Some(Arc::new(patient(policy)));
        self.words.push(words.into());
        self
    }

    /// Decides by the recorded modules with other settings. A policy given with [`Instead::with_policy`] keeps its own.
    #[must_use]
    pub fn with_settings(mut self, settings: impl Into<Box<str>>, words: impl Into<String>) -> Self {
        self.settings = Some(settings.into());
        self.words.push(words.into());
        self
    }

    /// Decides on a catalog. Call it before [`Instead::with_strategy`].
    ///
    /// # Errors
    /// The catalog cannot be indexed.
    pub fn with_catalog(mut self, catalog: Catalog, words: impl Into<String>) -> Result<Self, InsteadError> {
        self.revision = Some(Arc::new(Revision::new(catalog)?));
        self.words.push(words.into());
        Ok(self)
    }

    /// Puts a strategy, as a catalog file has it, into the catalog: it replaces the one with its id, or is added.
    ///
    /// # Errors
    /// It does not fit the catalog that was given. Where none was given, that is found out with each recorded catalog.
    pub fn with_strategy(mut self, strategy: Box<RawValue>, words: impl Into<String>) -> Result<Self, InsteadError> {
        if let Some(revision) = &self.revision {
            let catalog = revision.catalog().edit(&[Edit::put(List::Strategies, &strategy)])?;
            self.revision = Some(Arc::new(Revision::after(revision, catalog)?));
        } else {
            self.strategies.push(strategy);
        }
        self.words.push(words.into());
        Ok(self)
    }

    /// Whether it is nothing.
    pub fn is_nothing(&self) -> bool {
        self.words.is_empty()
    }

    /// What it is, in words: a line for each thing.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    pub(crate) fn policy(&self) -> Option<&Arc<Policy>> {
        self.policy.as_ref()
    }

    pub(crate) fn settings(&self) -> Option<&str> {
        self.settings.as_deref()
    }

    pub(crate) fn revision(&self) -> Option<&Arc<Revision>> {
        self.revision.as_ref()
    }

    /// A recorded catalog with the strategies in it.
    pub(crate) fn edited(&self, catalog: Catalog) -> Result<Catalog, EditError> {
        if self.strategies.is_empty() {
            return Ok(catalog);
        }
        let edits: Vec<Edit<'_>> = self.strategies.iter().map(|one| Edit::put(List::Strategies, one)).collect();
        catalog.edit(&edits)
    }
}
