//! What comes along with the service fits it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use callsign_tests::service::Server;

const DASHBOARD: &str = include_str!("../../packaging/grafana.json");

/// The names of metrics in an expression.
fn metrics(expression: &str) -> impl Iterator<Item = String> {
    let words = expression.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
    words.filter(|word| word.starts_with("callsign_")).map(str::to_owned)
}

#[test]
fn every_metric_of_the_dashboard_is_one_that_the_service_has() {
    let server = Server::start();
    server.post("/v1/decisions", &json!({ "channel": "SMS", "to": "+14155550123" })).expect(200);
    let text = server.send(&[], "GET", "/metrics", None).expect(200).text;
    assert!(text.ends_with("# EOF\n"), "{text}");
    let known: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut looked_at = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            for metric in metrics(target["expr"].as_str().unwrap()) {
                let name = metric.strip_suffix("_total").or(metric.strip_suffix("_bucket")).unwrap_or(&metric);
                assert!(known.contains(name), "{metric} is in the dashboard and not in:\n{text}");
                looked_at.insert(name.to_owned());
            }
        }
    }
    // And the other way round: nothing is measured that nobody sees.
    for name in known {
        assert!(looked_at.contains(name), "{name} is in no panel");
    }
}

const ALERTS: &str = include_str!("../../packaging/alerts.yaml");
const OPERATIONS: &str = include_str!("../../docs/operations.md");

#[test]
fn every_alert_is_about_a_metric_that_there_is_and_has_a_line_in_the_runbook() {
    let server = Server::start();
    let text = server.send(&[], "GET", "/metrics", None).expect(200).text;
    let known: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for metric in metrics(ALERTS) {
        let name = metric.strip_suffix("_total").or(metric.strip_suffix("_bucket")).unwrap_or(&metric);
        assert!(known.contains(name), "{metric} is in an alert and not in:\n{text}");
    }
    let alerts: Vec<&str> = ALERTS.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 8);
    for alert in &alerts {
        assert!(OPERATIONS.contains(&format!("\n### {alert}\n")), "{alert} is not in docs/operations.md");
        assert!(ALERTS.contains(&format!("docs/operations.md#{}\n", alert.to_lowercase())), "{alert} has no runbook");
    }
    let told = OPERATIONS.lines().filter_map(|line| line.strip_prefix("### Callsign")).count();
    assert_eq!(told, alerts.len(), "the runbook has lines of alerts that there are not");
}
