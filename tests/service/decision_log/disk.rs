//! A disk that does not take records: the folder of the log is moved away before its first segment, and comes back.

use std::fs;

use serde_json::{Value, json};

use callsign_tests::service::{Server, folder};

use super::{decide, found, ids, message, metric, recording, until_recorded};

/// The stores that do not answer, as `/readyz` says it, with its status.
fn away(server: &Server) -> (u16, Vec<String>) {
    let reply = server.get("/readyz");
    let away = reply.json()["away"].as_array().cloned().unwrap_or_default();
    (reply.status, away.iter().map(|away| away["store"].as_str().unwrap().to_owned()).collect())
}

#[test]
fn a_log_that_keeps_refuses_what_it_cannot_record_says_so_and_goes_on_when_the_disk_does() {
    let data = folder("keep-disk");
    let server = recording(&data, "promise = \"keep\"");
    let key = server.key().to_owned();
    fs::rename(data.join("log"), data.join("away")).unwrap();
    for messages in
        [vec![message("shop", "one")], (0..60).map(|number| message("shop", &format!("b{number}"))).collect()]
    {
        for decision in decide(&server, &key, &messages) {
            assert_eq!(decision["refusal"]["code"], "LOG_UNAVAILABLE", "{decision}");
        }
    }
    assert_eq!(away(&server), (503, vec!["log".to_owned()]));
    let health = server.get("/healthz").expect(503).json();
    assert_eq!(health["decides"], false, "{health}");
    assert_eq!(metric(&server, "callsign_log_up"), 0);
    assert_eq!(metric(&server, "callsign_refusals_total{code=\"LOG_UNAVAILABLE\"}"), 61);
    server.until_logged("messages are refused with LOG_UNAVAILABLE");
    // Changes go on.
    server.post("/provisioning/1/applications", &json!({ "applicationId": "more" })).expect(201);

    fs::rename(data.join("away"), data.join("log")).unwrap();
    // Without a message: a load balancer sends none before.
    server.until("messages are decided again", || server.get("/healthz").status == 200);
    server.until_logged("the decision log is written again");
    assert_eq!(away(&server), (200, vec![]));
    let again = decide(&server, &key, &[message("shop", "again")]);
    assert!(again[0].get("senderId").is_some(), "{again:?}");
    assert_eq!(ids(&found(&server, &key, "", 10)), ["again"]);
    drop(server);
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_log_that_drops_decides_on_while_the_disk_fails_and_counts_what_is_missing() {
    let data = folder("drop-disk");
    let server = recording(&data, "");
    let key = server.key().to_owned();
    fs::rename(data.join("log"), data.join("away")).unwrap();
    let decisions =
        decide(&server, &key, &(0..60).map(|number| message("shop", &format!("b{number}"))).collect::<Vec<_>>());
    assert!(decisions.iter().all(|decision| decision.get("senderId").is_some()), "{decisions:?}");
    server.until("the disk fails", || away(&server) == (200, vec!["log".to_owned()]));
    server.get("/healthz").expect(200);
    server.until("they are counted", || metric(&server, "callsign_log_dropped_total") == 60);
    server.until_logged("decisions go on and are not recorded");
    fs::rename(data.join("away"), data.join("log")).unwrap();
    server.until("the log is written again", || {
        decide(&server, &key, &[message("shop", "again")]);
        away(&server) == (200, vec![])
    });
    decide(&server, &key, &[message("shop", "last")]);
    until_recorded(&server, 1);
    server.until("the last one is there", || !found(&server, &key, "&messageId=last", 1).is_empty());
    assert_eq!(found(&server, &key, "&messageId=b7", 1), Vec::<Value>::new());
    drop(server);
    fs::remove_dir_all(data).unwrap();
}
