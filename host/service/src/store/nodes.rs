//! The nodes of a fleet in the catalog store: a row for each node, and one for each binding that it serves. Nodes that end take their
//! rows with them, and those that are not heard of any more are forgotten by the others.

use super::{Store, StoreError};

/// How long a node that is not heard of is told of, in milliseconds: an hour.
pub(super) const TOLD: i64 = 60 * 60 * 1_000;

/// The most nodes that are told of.
pub(super) const MOST: i64 = 100;

/// What a node tells of itself.
#[derive(Debug, Clone)]
pub(crate) struct NodeReport {
    /// Its id, as long as its process lasts.
    pub(crate) node: String,
    /// For people: its host and address.
    pub(crate) name: String,
    /// Of the program.
    pub(crate) version: &'static str,
    /// The revision that it decides on.
    pub(crate) revision: u64,
    /// When it began, in milliseconds since 1970.
    pub(crate) began: u64,
    /// What changed for a target, by its key: what it serves now, as JSON.
    pub(crate) serving: Vec<(String, Option<String>)>,
    /// Whether it tells everything, and is new to the others.
    pub(crate) is_first: bool,
}

/// A node as others know it.
#[derive(Debug)]
pub(crate) struct NodeRow {
    pub(crate) node: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) revision: u64,
    pub(crate) began: u64,
    /// How long it was not heard of, in milliseconds.
    pub(crate) age: u64,
    /// What it serves for the target that was asked about.
    pub(crate) serving: Option<String>,
}

impl Store {
    /// Takes a report of a node, and forgets nodes that were not heard of for an hour. `false`: this node was forgotten itself, so
    /// it must tell everything.
    pub(crate) async fn tell_node(&self, report: NodeReport) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(store) => store.tell_node(report).await,
            Self::Postgres(store) => store.tell_node(report).await,
        }
    }

    /// The nodes with what they serve for a target, those that were heard of last first, at most [`MOST`].
    pub(crate) async fn nodes(&self, target: &str) -> Result<Vec<NodeRow>, StoreError> {
        match self {
            Self::Sqlite(store) => store.nodes(target).await,
            Self::Postgres(store) => store.nodes(target).await,
        }
    }

    /// Forgets a node that ends.
    pub(crate) async fn forget_node(&self, node: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.forget_node(node).await,
            Self::Postgres(store) => store.forget_node(node).await,
        }
    }
}
