//! The budgets of a tenant: each of them is reached here, while another tenant and the platform go on.

mod at_a_time;
mod log;
mod pulls;
mod rates;
mod stored;
mod usage;

use serde_json::{Value, json};

use crate::contract::{fault, world};
use callsign_tests::service::{Reply, Server};

const ENTITIES: &str = "/provisioning/1/entities";
const STRATEGIES: &str = "/provisioning/2/sending-strategies";
const DECISIONS: &str = "/v1/decisions";

/// A service with the applications `shop` and `bank`, and these lines in `[tenant]`.
fn server(tenant: &str) -> Server {
    world::with(&format!("[tenant]\n{tenant}"))
}

fn message() -> Value {
    json!({ "channel": "SMS", "to": "+14155550123" })
}

/// A request with so many messages.
fn messages(count: usize) -> Value {
    json!({ "messages": vec![message(); count] })
}

fn decide(server: &Server, key: &str, body: &Value) -> Reply {
    server.ask(key, "POST", DECISIONS, Some(body))
}

/// The refusal of a tenant that is over a budget, in the form of its path and with the name of the budget.
#[track_caller]
fn is_over(path: &str, reply: &Reply, status: u16, budget: &str) {
    if path.starts_with("/v1") {
        assert_eq!(reply.status, status, "{reply:?}");
        let code = if status == 429 { "TOO_MANY_REQUESTS" } else { "TOO_LARGE" };
        assert_eq!(reply.json()["code"], code);
    } else {
        fault::check(path, reply, status);
    }
    assert!(reply.text.contains(&format!("tenant.{budget}")), "{reply:?}");
    if status == 429 {
        let after: u64 = reply.header("retry-after").expect("when to try again").parse().unwrap();
        assert!((1..=60).contains(&after), "{after}");
    }
}

/// Another tenant and the platform are answered as ever.
#[track_caller]
fn others_go_on(server: &Server, bank: &str) {
    for key in [bank, server.key()] {
        decide(server, key, &message()).expect(200);
        server.ask(key, "GET", ENTITIES, None).expect(200);
    }
}

/// What a tenant uses of a budget, as the platform sees it, and how often it was over it.
#[track_caller]
fn used(server: &Server, application: &str, budget: &str) -> (u64, u64) {
    let usage = server.get(&format!("/v1/usage?applicationId={application}")).expect(200).json();
    let budgets = usage["budgets"].as_array().unwrap();
    let found = budgets.iter().find(|used| used["name"] == budget).unwrap_or_else(|| panic!("no {budget}: {usage}"));
    (found["used"].as_u64().unwrap(), found["refused"].as_u64().unwrap())
}

/// How often a tenant was over a budget, of the metrics.
fn over_budget(server: &Server, budget: &str) -> f64 {
    let name = format!("callsign_tenant_over_budget_total{{budget=\"{budget}\"}} ");
    let metrics = server.send(&[], "GET", "/metrics", None).text;
    let line = metrics.lines().find_map(|line| line.strip_prefix(&*name));
    line.unwrap_or_else(|| panic!("no {name}: {metrics}")).parse().unwrap()
}
