//! A fleet whose nodes reach their database through a pooler that lends connections for one transaction at a time.

use serde_json::json;

use callsign_tests::servers::{pgbouncer::Pooler, postgres};
use callsign_tests::service::{Server, folder};

use crate::policies::{TO, always, catalog, decide, once_pins_answer, upload};

#[test]
fn nodes_behind_a_pooler_of_transactions_share_changes_policies_pins_and_health() {
    let database = postgres::Server::start();
    // Fewer connections than there are tasks of two nodes.
    let pooler = Pooler::start(&database, 2);
    let address = pooler.address();
    let config = format!("[catalog]\nstore = {address:?}\n[sticky]\nstore = {address:?}\n");
    let first = Server::with_arguments(&config, &["--catalog", catalog().to_str().unwrap()]);
    let key = first.key().to_owned();
    let data = folder("pooled");
    let second = Server::at(&data, &config, &[]);

    upload(&first, &key, &always("acme", "1.0.0", 1));
    upload(&second, &key, &always("acme", "2.0.0", 2));
    for round in 0..20 {
        let (module, sender) = if round % 2 == 0 { ("acme@1.0.0", "S1") } else { ("acme@2.0.0", "S2") };
        let (from, to) = if round % 4 < 2 { (&first, &second) } else { (&second, &first) };
        let swap = json!({ "module": module });
        from.ask(&key, "PUT", "/v1/binding?applicationId=shop", Some(&swap)).expect(200);
        to.until(module, || decide(to, &key, "shop", TO) == format!("{sender} {module}"));
    }
    first.delete("/v1/binding?applicationId=shop").expect(204);

    for number in 0..10 {
        let to = format!("+1415555012{number}");
        let pin = json!({ "applicationId": "shop", "channel": "SMS", "to": to, "senderId": "S1" });
        once_pins_answer(&first, || first.put("/v1/pins", &pin)).expect(200);
        let path = format!("/v1/pins?applicationId=shop&channel=SMS&to=%2B{}", &to[1..]);
        let found = once_pins_answer(&second, || second.ask(&key, "GET", &path, None));
        assert_eq!(found.expect(200).json()["senderId"], "S1");
    }
    let report = json!({ "status": "UNHEALTHY", "channel": "SMS" });
    first.put("/v1/senders/S1/health", &report).expect(200);
    second.until("the other node knows it", || {
        second.ask(&key, "GET", "/v1/health", None).expect(200).text.contains("\"S1\"")
    });
    assert_eq!(database.sql("SELECT count(*) FROM pg_prepared_statements"), "0");
}
