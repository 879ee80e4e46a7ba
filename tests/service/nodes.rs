//! Bindings on two nodes that share a catalog store, each with a data folder of its own.

use callsign_tests::servers::postgres::Server as Database;
use serde_json::{Value, json};

use crate::policies::{TO, always, catalog, decide, failing, until_started, upload};
use callsign_tests::service::{Server, folder};

const SHOP: &str = "/v1/binding?applicationId=shop";

fn step(what: &str) -> String {
    format!("/v1/binding/{what}?applicationId=shop")
}

/// Two nodes, and the first key of their platform.
fn two() -> (Server, Server, String) {
    let shared = folder("shared").join("catalog.sqlite");
    let config = format!("[catalog]\nstore = {:?}", shared.to_str().unwrap());
    let file = catalog();
    let first = Server::with_arguments(&config, &["--catalog", file.to_str().unwrap()]);
    let key = first.key().to_owned();
    let second = folder("second");
    let second = Server::at(&second, &config, &[]);
    (first, second, key)
}

#[test]
fn what_one_node_does_the_other_does_too() {
    let (first, second, key) = two();
    let both = |what: &str| {
        assert_eq!(decide(&first, &key, "shop", TO), what, "where it was done");
        second.until(what, || decide(&second, &key, "shop", TO) == what);
    };
    upload(&first, &key, &always("acme", "1.0.0", 1));
    let digest = upload(&first, &key, &always("acme", "2.0.0", 2));
    for (module, what) in [("acme@1.0.0", "S1 acme@1.0.0"), ("acme@2.0.0", "S2 acme@2.0.0")] {
        first.put(SHOP, &json!({ "module": module })).expect(200);
        both(what);
    }
    first.post(&step("rollback"), &json!({})).expect(200);
    both("S1 acme@1.0.0");
    second.until_logged("rolled back from acme@2.0.0 to acme@1.0.0");
    first.post(&step("shadow"), &json!({ "module": "acme@2.0.0" })).expect(200);
    second.until_logged("acme@2.0.0 decides in the shadow");
    first.post(&step("promote"), &json!({})).expect(200);
    both("S2 acme@2.0.0");
    first.post(&step("rollback"), &json!({})).expect(200);
    both("S1 acme@1.0.0");
    first.delete(SHOP).expect(204);
    let standard = |server: &Server| decide(server, &key, "shop", TO).ends_with("callsign-standard@1.0.0");
    assert!(standard(&first));
    second.until("unbound", || standard(&second));
    // A name that is free again is free on every node, whatever its folder has.
    first.delete(&format!("/v1/modules/{digest}")).expect(204);
    let other = upload(&first, &key, &always("acme", "2.0.0", 0));
    assert_ne!(other, digest);
    first.put(SHOP, &json!({ "module": "acme@2.0.0" })).expect(200);
    both("S0 acme@2.0.0");
}

#[test]
fn a_canary_that_one_node_recalls_is_gone_from_both() {
    let (first, second, key) = two();
    upload(&first, &key, &always("acme", "1.0.0", 1));
    upload(&first, &key, &failing("acme", "1.1.0"));
    first.put(SHOP, &json!({ "module": "acme@1.0.0" })).expect(200);
    let canary = json!({ "module": "acme@1.1.0", "perMille": 1000, "recall": { "answers": 5 } });
    first.post(&step("canary"), &canary).expect(200);
    second.until("the canary serves", || decide(&second, &key, "shop", TO) == "POLICY_FAILED");
    second.until("it is recalled", || decide(&second, &key, "shop", TO) == "S1 acme@1.0.0");
    // The other node has not decided anything.
    first.until("it is withdrawn", || first.get(SHOP).expect(200).json().get("canary").is_none());
    first.until("it does not serve there", || decide(&first, &key, "shop", TO) == "S1 acme@1.0.0");
}

#[test]
fn a_node_that_was_away_serves_what_it_missed() {
    let (first, second, key) = two();
    upload(&first, &key, &always("acme", "1.0.0", 1));
    first.put(SHOP, &json!({ "module": "acme@1.0.0" })).expect(200);
    second.until("bound", || decide(&second, &key, "shop", TO) == "S1 acme@1.0.0");
    let (data, config) = (second.data.clone(), std::fs::read_to_string(second.data.with_extension("toml")).unwrap());
    second.kill();
    upload(&first, &key, &always("acme", "2.0.0", 2));
    first.put(SHOP, &json!({ "module": "acme@2.0.0" })).expect(200);
    let second = Server::at(&data, &config, &[]);
    until_started(&second);
    assert_eq!(decide(&second, &key, "shop", TO), "S2 acme@2.0.0");
    // Its gateway has no history; the record has.
    second.ask(&key, "POST", &step("rollback"), None).expect(200);
    assert_eq!(decide(&second, &key, "shop", TO), "S1 acme@1.0.0");
    first.until("rolled back", || decide(&first, &key, "shop", TO) == "S1 acme@1.0.0");
}

/// What a node says of all nodes, for a target, by their names: what each serves, and whether that is what is stored.
fn on_every_node(server: &Server, key: &str, path: &str) -> Vec<(Value, Value, Value)> {
    let body = server.ask(key, "GET", path, None).expect(200).json();
    let nodes = body["results"].as_array().unwrap().iter();
    let told = nodes.map(|node| {
        let serving = &node["serving"];
        (node["isHere"].clone(), serving["policy"].clone(), serving["isAsStored"].clone())
    });
    told.collect()
}

#[test]
fn every_node_says_what_really_serves_on_all_of_them() {
    let (first, second, key) = two();
    let of_shop = |server: &Server| on_every_node(server, &key, "/v1/binding/nodes?applicationId=shop");
    let both = |here: &str, there: &str| {
        vec![(json!(true), json!(here), json!(true)), (json!(false), json!(there), json!(true))]
    };
    let nothing = vec![(json!(true), Value::Null, Value::Null), (json!(false), Value::Null, Value::Null)];
    for server in [&first, &second] {
        server.until("both are told of", || of_shop(server) == nothing);
        let standard = || on_every_node(server, &key, "/v1/binding/nodes");
        let policy = "callsign-standard@1.0.0";
        server.until("the platform has the standard policy", || standard() == both(policy, policy));
    }
    upload(&first, &key, &always("acme", "1.0.0", 1));
    upload(&first, &key, &always("acme", "2.0.0", 2));
    first.put(SHOP, &json!({ "module": "acme@1.0.0" })).expect(200);
    assert_eq!(of_shop(&first)[0].1, "acme@1.0.0", "of itself a node says it at once");
    for server in [&first, &second] {
        server.until("acme@1.0.0 serves on both", || of_shop(server) == both("acme@1.0.0", "acme@1.0.0"));
    }
    first.post(&step("shadow"), &json!({ "module": "acme@2.0.0" })).expect(200);
    let shadow = |node: usize| {
        let body = second.ask(&key, "GET", "/v1/binding/nodes?applicationId=shop", None).expect(200).json();
        body["results"][node]["serving"]["shadow"].clone()
    };
    second.until("the shadow is on both", || shadow(0) == "acme@2.0.0" && shadow(1) == "acme@2.0.0");

    // A tenant is told of its own bindings, and not where the nodes are.
    let tenant = first.ask(
        &key,
        "POST",
        "/v1/keys",
        Some(&json!({ "name": "t", "applicationId": "shop",
        "scopes": ["modules:manage"] })),
    );
    let tenant = tenant.expect(201).json()["key"].as_str().unwrap().to_owned();
    second.until("the key is known", || second.ask(&tenant, "GET", SHOP, None).status == 200);
    let told = second.ask(&tenant, "GET", "/v1/binding/nodes?applicationId=shop", None).expect(200).json();
    assert_eq!(told["results"].as_array().unwrap().len(), 2);
    assert_eq!((told["results"][0].get("name"), told["results"][0].get("version")), (None, None), "{told}");
    second.ask(&tenant, "GET", "/v1/binding/nodes", None).expect(404);
    let told = second.ask(&key, "GET", "/v1/binding/nodes", None).expect(200).json();
    assert!(told["results"][0]["name"].as_str().unwrap().contains("127.0.0.1:"), "{told}");

    // A node that ends in order is not told of any more.
    assert_eq!(first.end(), Some(0));
    second.until("it is alone", || of_shop(&second).len() == 1);
}

#[test]
fn a_node_that_is_not_heard_of_is_away_and_forgotten_after_an_hour() {
    for database in [None, Some(Database::start())] {
        let config = database.as_ref().map(|database| format!("[catalog]\nstore = \"{}\"", database.address()));
        let data = folder("alone");
        let server = Server::at(&data, &config.unwrap_or_default(), &[]);
        let nodes = || server.get("/v1/binding/nodes").expect(200).json()["results"].as_array().unwrap().clone();
        server.until("it is told of", || nodes().len() == 1);
        // Others that were killed, one of them two hours ago. What it served is first, or a report between would leave that.
        let row = |node: &str, at: u64| format!("('{node}', 'killed', '1.0.0', 1, 1, {at})");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
        let rows = format!("VALUES {}, {}", row("a minute", now - 60_000), row("two hours", now - 7_200_000));
        match &database {
            None => {
                let store = rusqlite::Connection::open(data.join("catalog.sqlite")).unwrap();
                store.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
                store.execute("INSERT INTO serving VALUES ('two hours', '[null,null]', '{}')", []).unwrap();
                store.execute(&format!("INSERT INTO nodes {rows}"), []).unwrap();
            }
            Some(database) => {
                database.sql("INSERT INTO callsign_serving VALUES ('two hours', '[null,null]', '{}')");
                database.sql(&format!("INSERT INTO callsign_nodes {rows}"));
            }
        }
        let all = nodes();
        assert_eq!(all.iter().map(|node| node["isAway"].clone()).collect::<Vec<_>>(), [json!(false), json!(true)]);
        assert_eq!((&all[1]["nodeId"], all[1].get("serving")), (&json!("a minute"), None));
        // The next report of this node removes what is older, and a node that was forgotten tells everything again.
        match &database {
            None => {
                let store = rusqlite::Connection::open(data.join("catalog.sqlite")).unwrap();
                store.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
                store.execute("DELETE FROM nodes WHERE name != 'killed'", []).unwrap();
            }
            Some(database) => drop(database.sql("DELETE FROM callsign_nodes WHERE name != 'killed'")),
        }
        server.post("/provisioning/1/applications", &json!({ "applicationId": "makes-a-revision" })).expect(201);
        server.until("it is told of again", || nodes().iter().any(|node| node["serving"]["isAsStored"] == true));
        let left: String = match &database {
            None => {
                let store = rusqlite::Connection::open(data.join("catalog.sqlite")).unwrap();
                let sql = "SELECT cast(count(*) AS text) FROM serving WHERE node = 'two hours'";
                store.query_row(sql, [], |row| row.get(0)).unwrap()
            }
            Some(database) => database.sql("SELECT count(*) FROM callsign_serving WHERE node = 'two hours'"),
        };
        assert_eq!(left.trim(), "0");
    }
}
