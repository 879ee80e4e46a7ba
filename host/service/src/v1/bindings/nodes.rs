//! What really serves on every node.

use serde::Serialize;
use utoipa::ToSchema;

use super::target::BindingRequest;
use crate::change::{now, time};
use crate::fault::Fault;
use crate::service::{AWAY, Serving};
use crate::store::nodes::NodeRow;

/// A node, and what it serves.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeBody {
    /// Another one after each start.
    node_id: String,
    /// Its host and address, for keys of the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The version of the program, for keys of the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Whether it is the node that answers.
    is_here: bool,
    /// The revision that it decides on.
    revision: u64,
    began_at: String,
    /// When it was heard of last. A node tells of itself every 10 s, and within about 2 s when something changed.
    seen_at: String,
    /// Whether it was not heard of for 30 s. After an hour it is left out.
    is_away: bool,
    /// What it has in use for the target; left out if nothing is: what is bound for a wider target decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    serving: Option<Serving>,
}

/// The nodes of the fleet.
#[derive(Serialize, ToSchema)]
pub(super) struct NodesBody {
    /// The node that answers comes first, at most 100.
    results: Vec<NodeBody>,
}

pub(super) async fn nodes(request: &BindingRequest) -> Result<NodesBody, Fault> {
    let BindingRequest { service, caller, target, .. } = request;
    let rows = service.stored("nodes", service.store.nodes(&target.key())).await?;
    let is_platform = caller.tenant().is_none();
    let told = |row: NodeRow| {
        let is_here = row.node == service.node.id;
        let serving = row.serving.and_then(|body| serde_json::from_str(&body).ok());
        NodeBody {
            // Of itself a node knows it better than the store.
            serving: if is_here { service.serving_of(target) } else { serving },
            revision: if is_here { service.state().revision } else { row.revision },
            is_here,
            node_id: row.node,
            name: is_platform.then_some(row.name),
            version: is_platform.then_some(row.version),
            began_at: time(row.began),
            seen_at: time(now().saturating_sub(row.age)),
            is_away: row.age > AWAY,
        }
    };
    let mut results: Vec<NodeBody> = rows.into_iter().map(told).collect();
    results.sort_by_key(|node| (!node.is_here, node.is_away));
    Ok(NodesBody { results })
}
