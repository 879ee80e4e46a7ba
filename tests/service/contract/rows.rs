//! The rows of the contract's table, each with a request that the small platform grants.

use serde_json::{Value, json};

use super::world::association;
use callsign_tests::service::{Reply, Server};

pub(crate) const MANAGE: &str = "application-entity:manage";
pub(crate) const STRATEGIES: &str = "sending-strategy:manage";
pub(crate) const NUMBERS: &str = "numbers:manage";

pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: Option<Value>,
    pub(crate) success: u16,
    /// Whether the success has no body.
    pub(crate) is_empty: bool,
    pub(crate) scope: &'static str,
}

impl Row {
    pub(crate) fn ask(&self, server: &Server, key: &str) -> Reply {
        server.ask(key, self.method, self.path, self.body.as_ref())
    }

    pub(crate) fn writes(&self) -> bool {
        self.method != "GET"
    }
}

/// All of them. In this order each is granted once.
pub(crate) fn all() -> Vec<Row> {
    let row = |method, path, body: Option<Value>, success, is_empty, scope| Row {
        method,
        path,
        body,
        success,
        is_empty,
        scope,
    };
    vec![
        row("GET", "/provisioning/1/applications", None, 200, false, MANAGE),
        row("POST", "/provisioning/1/applications", Some(json!({ "applicationId": "new" })), 201, true, MANAGE),
        row("GET", "/provisioning/1/applications/new", None, 200, false, MANAGE),
        row("PUT", "/provisioning/1/applications/new", Some(json!({ "applicationName": "New" })), 204, true, MANAGE),
        row("DELETE", "/provisioning/1/applications/new", None, 200, true, MANAGE),
        row("GET", "/provisioning/1/entities", None, 200, false, MANAGE),
        row("POST", "/provisioning/1/entities", Some(json!({ "entityId": "new" })), 201, true, MANAGE),
        row("GET", "/provisioning/1/entities/new", None, 200, false, MANAGE),
        row("PUT", "/provisioning/1/entities/new", Some(json!({ "entityName": "New" })), 204, true, MANAGE),
        row("DELETE", "/provisioning/1/entities/new", None, 200, true, MANAGE),
        row("GET", "/provisioning/1/associations", None, 200, false, MANAGE),
        row("POST", "/provisioning/1/associations", Some(association(&json!(null), "FREE")), 201, true, MANAGE),
        row(
            "GET",
            "/provisioning/1/associations/single?resourceType=NUMBER&channel=SMS&applicationId=shop&resourceId=FREE",
            None,
            200,
            false,
            MANAGE,
        ),
        row("DELETE", "/provisioning/1/associations", Some(association(&json!(null), "FREE")), 204, true, MANAGE),
        row("GET", "/provisioning/2/sending-strategies", None, 200, false, STRATEGIES),
        row("POST", "/provisioning/2/sending-strategies", Some(json!({})), 201, false, STRATEGIES),
        row("DELETE", "/provisioning/2/sending-strategies/SHOPS", None, 204, true, STRATEGIES),
        row("GET", "/numbers/1/numbers", None, 200, false, NUMBERS),
    ]
}
