//! SIGHUP: what the configuration says now is in use, or nothing of it.

use serde_json::json;

use callsign_tests::service::Server;

fn message() -> serde_json::Value {
    json!({ "channel": "SMS", "to": "+14155550123" })
}

#[test]
fn limits_rates_and_the_log_level_are_exchanged_and_the_rest_is_told() {
    let server = Server::with("[limits]\nmessages = 2\n");
    let three = json!({ "messages": [message(), message(), message()] });
    server.post("/v1/decisions", &three).expect(400);
    let told = server
        .reload("[limits]\nmessages = 3\nlisteners = 7\n[log]\nlevel = \"debug\"\n[catalog]\nstore = \"x.sqlite\"\n");
    assert!(told.contains("limits.messages, log.level changed"), "{told}");
    server.until_logged("other values need a restart: catalog.store, limits.listeners");
    server.post("/v1/decisions", &three).expect(200);

    // The level: a request that fails is a line of `debug` of the library that speaks HTTP, or of our own.
    let told = server.reload("[limits]\nmessages = 3\n[log]\nlevel = \"error\"\n");
    assert!(told.contains("taken over"), "{told}");
}

#[test]
fn a_rate_is_exchanged() {
    let server = Server::with("");
    let many = |server: &Server| (0..20).map(|_| server.get("/v1/keys").status).collect::<Vec<_>>();
    assert!(many(&server).iter().all(|status| *status == 200));
    server.reload("[rate]\nmanagement_per_second = 1\nmanagement_burst = 1\n");
    assert!(many(&server).contains(&429));
    server.reload("");
    assert!(many(&server).iter().all(|status| *status == 200));
}

#[test]
fn a_configuration_with_a_fault_changes_nothing() {
    let server = Server::with("[limits]\nmessages = 2\n");
    for (wrong, reason) in [
        ("[limits]\nmessages = 0\n", "limits.messages is 0"),
        ("[limits]\nmessages = 3\nmesages = 3\n", "line 3"),
        ("[limits]\nmessages = 3\n[log]\nlevel = \"x=y=z\"\n", "log.level"),
        ("messages", "line 1"),
    ] {
        let told = server.reload(wrong);
        assert!(told.contains("nothing is changed") && told.contains(reason), "{told}");
        server.post("/v1/decisions", &json!({ "messages": [message(), message(), message()] })).expect(400);
        server.post("/v1/decisions", &json!({ "messages": [message(), message()] })).expect(200);
    }
    assert_eq!(server.end(), Some(0));
}
