//! Modules from OCI registries: pulled when they are named, and followed by bindings.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use callsign_registry::{Client, Credentials, Described, Digest, MANIFEST, Manifest, Options, Reference};
use callsign_tests::servers::hostile_registry::{Answer, HostileRegistry, Request};
use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::servers::registry::Registry;
use callsign_tests::service::{Reply, Server, folder};
use serde_json::{Value, json};

use crate::events::Listener;
use crate::policies::{TO, always, catalog, decide};

const SHOP: &str = "/v1/binding?applicationId=shop";

/// A service that takes modules from parts of a registry on loopback.
fn server(host: &str, more: &str) -> Server {
    let config = format!(
        "[registry]\nallow = \"{host}/acme\"\nallow_tenants = \"{host}/tenants/{{application}}\"\nplain_http = true\n\
         follow_seconds = 1\nretries = 0\n{more}"
    );
    Server::with_arguments(&config, &["--catalog", catalog().to_str().unwrap()])
}

fn push(host: &str, repository: &str, tag: &str, component: &[u8], signatures: &[String]) -> Digest {
    let mut options = Options::default();
    options.plain_http = true;
    options.credentials = Credentials::Nowhere;
    let reference: Reference = format!("{host}/{repository}:{tag}").parse().unwrap();
    Client::new(options).unwrap().push(&reference, component, &Described::default(), signatures).unwrap()
}

fn pull(server: &Server, key: &str, reference: &str) -> Reply {
    server.ask(key, "POST", "/v1/modules", Some(&json!({ "reference": reference })))
}

fn modules(server: &Server) -> Vec<Value> {
    server.get("/v1/modules").expect(200).json()["results"].as_array().unwrap().clone()
}

#[test]
fn a_module_is_pulled_by_its_reference_and_says_where_it_came_from() {
    let registry = Registry::start();
    let server = server(&registry.host(), "");
    let component = always("acme", "1.0.0", 1);
    let digest = push(&registry.host(), "acme/policy", "1.0.0", &component, &[]);
    let reference = format!("{}/acme/policy:1.0.0", registry.host());
    let pulled = pull(&server, server.key(), &reference).expect(201);
    let module = pulled.json();
    assert_eq!((&module["name"], &module["version"]), (&json!("acme"), &json!("1.0.0")));
    assert_eq!(module["source"], json!({ "reference": reference, "digest": digest.to_string() }));
    let place = pulled.header("location").unwrap().to_owned();
    assert_eq!(server.get(&place).expect(200).json()["source"], module["source"]);
    assert_eq!(pull(&server, server.key(), &reference).expect(200).json(), module, "the same again");
    // By its digest it is the same module.
    let by_digest = format!("{}/acme/policy@{digest}", registry.host());
    assert_eq!(pull(&server, server.key(), &by_digest).expect(200).json(), module);
    let audit = server.get("/v1/audit?size=5").expect(200).text;
    assert!(audit.contains(&format!("POST /v1/modules {reference}, {digest}")), "{audit}");
    server.put(SHOP, &json!({ "module": "acme@1.0.0" })).expect(200);
    assert_eq!(decide(&server, server.key(), "shop", TO), "S1 acme@1.0.0");
}

#[test]
fn modules_come_only_from_where_they_may_and_tenants_have_places_of_their_own() {
    let world = HostileRegistry::start(|_| Answer::new(500, &[], ""));
    let host = world.host();
    // By default from nowhere.
    let closed = crate::policies::server();
    let refused = pull(&closed, closed.key(), &format!("{host}/acme/policy:1.0.0")).expect(403).json();
    assert!(refused["detail"].as_str().unwrap().contains("registry.allow"), "{refused}");
    let server = server(&host, "");
    let shop = server.new_key(Some("shop"), &["modules:manage"]);
    for (key, repository) in [
        (server.key(), "other/policy"),
        (server.key(), "tenants/shop/policy"),
        (server.key(), "acme-evil/policy"),
        (&*shop, "acme/policy"),
        (&shop, "tenants/care/policy"),
        (&shop, "tenants/policy"),
    ] {
        let refused = pull(&server, key, &format!("{host}/{repository}:1.0.0")).expect(403).json();
        assert!(refused["detail"].as_str().unwrap().contains("modules do not come from"), "{refused}");
    }
    pull(&server, server.key(), "registry.example/acme/policy:1.0.0").expect(403);
    for (body, property) in [
        (json!({ "reference": "https://registry.example/acme/policy:1.0.0" }), "reference"),
        (json!({ "reference": format!("{host}/acme/policy") }), "reference"),
        (json!({ "reference": 7 }), "reference"),
        (json!({}), "reference"),
        (json!({ "reference": format!("{host}/acme/policy:1"), "registry": "x" }), "registry"),
    ] {
        let refused = server.ask(server.key(), "POST", "/v1/modules", Some(&body)).expect(400).json();
        assert!(refused.to_string().contains(property), "{refused}");
    }
    let long = json!({ "reference": format!("{host}/acme/policy:1"), "more": "x".repeat(4_096) });
    let refused = server.ask(server.key(), "POST", "/v1/modules", Some(&long)).expect(400);
    assert!(refused.text.contains("more than 4096 bytes"), "{refused:?}");
    assert!(world.requests().is_empty(), "nothing was asked for: {:?}", world.requests());
    // What may be is asked for, and its trouble is told as such.
    pull(&server, &shop, &format!("{host}/tenants/shop/policy:1.0.0")).expect(503);
    assert_eq!(world.requests().len(), 1);
}

/// Answers with a manifest of a component and with something in place of the component.
fn instead(component: &'static [u8], answer: impl Fn() -> Answer + Send + Sync + 'static) -> HostileRegistry {
    HostileRegistry::start(move |request: &Request| {
        let (manifest, config) = Manifest::write(component, &Described::default(), &[]).unwrap();
        match &*request.path {
            path if path.contains("/manifests/") => Answer::new(200, &[("Content-Type", MANIFEST)], manifest),
            path if path.ends_with(&Digest::of(&config).to_string()) => Answer::new(200, &[], config),
            _ => answer(),
        }
    })
}

#[test]
fn what_a_registry_does_is_told_to_who_asked_and_changes_nothing() {
    let index = HostileRegistry::start(|_| {
        Answer::new(200, &[("Content-Type", "application/vnd.oci.image.index.v1+json")], "{}")
    });
    let other = instead(b"component", || Answer::new(200, &[], "COMPONENT"));
    let endless = instead(b"component", || Answer::Endless);
    let elsewhere = instead(b"component", || Answer::new(307, &[("Location", "https://169.254.169.254/x")], ""));
    let no_policy = instead(b"component", || Answer::new(200, &[], "component"));
    let large = HostileRegistry::start(|_| {
        let (manifest, _) = Manifest::write(&[0; 4_097], &Described::default(), &[]).unwrap();
        Answer::new(200, &[("Content-Type", MANIFEST)], manifest)
    });
    let slow = HostileRegistry::start(|_| Answer::Stalls { head: String::new(), body: Vec::new() });
    // Only the slow one is not waited for.
    for (registry, patience, status, words) in [
        (&index, 30, 400, "the manifest is an index"),
        (&other, 30, 400, "the component has the digest"),
        (&endless, 30, 400, "another size than the 9 bytes"),
        (&elsewhere, 30, 400, "is not connected to"),
        (&no_policy, 30, 400, "not a WebAssembly component"),
        (&large, 30, 400, "more than 4096 bytes"),
        (&slow, 1, 503, "is too slow"),
    ] {
        let config = format!("first_byte_seconds = {patience}\n[limits]\nmodule_bytes = 4096\n");
        let server = server(&registry.host(), &config);
        let refused = pull(&server, server.key(), &format!("{}/acme/policy:1.0.0", registry.host())).expect(status);
        assert!(refused.json()["detail"].as_str().unwrap().contains(words), "{words}: {refused:?}");
        assert_eq!(modules(&server), Vec::<Value>::new());
    }
}

#[test]
fn a_binding_follows_a_repository_while_its_registry_dies_and_comes_back() {
    let mut registry = Registry::start();
    let host = registry.host();
    let server = server(&host, "");
    let key = server.key();
    push(&host, "acme/policy", "1.0.0", &always("acme", "1.0.0", 1), &[]);
    pull(&server, key, &format!("{host}/acme/policy:1.0.0")).expect(201);
    let follows = json!({ "module": "acme@1.0.0", "versions": "^1", "repository": format!("{host}/acme/policy") });
    let bound = server.put(SHOP, &follows).expect(200).json();
    assert_eq!(bound["active"]["repository"], follows["repository"]);
    let mut listener = Listener::of(&server, key);
    // The newest in the range: others are left where they are.
    push(&host, "acme/policy", "2.0.0", &always("acme", "2.0.0", 2), &[]);
    push(&host, "acme/policy", "latest", &always("acme", "2.0.0", 2), &[]);
    push(&host, "acme/policy", "1.1.0", &always("acme", "1.1.0", 2), &[]);
    server.until("1.1.0 serves", || decide(&server, key, "shop", TO) == "S2 acme@1.1.0");
    let newest = server.get("/v1/modules").expect(200).json()["results"][1].clone();
    assert_eq!(newest["source"]["reference"], format!("{host}/acme/policy:1.1.0"));

    registry.kill();
    let failed = listener.until("followFailed");
    assert_eq!((&failed["for"]["applicationId"], &failed["repository"]), (&json!("shop"), &follows["repository"]));
    server.until_logged("cannot be followed");
    assert_eq!(decide(&server, key, "shop", TO), "S2 acme@1.1.0", "what serves goes on");
    registry.restart();
    listener.until("followRecovered");
    server.until_logged("is followed again");

    push(&host, "acme/policy", "1.2.0", &always("acme", "1.2.0", 1), &[]);
    server.until("1.2.0 serves", || decide(&server, key, "shop", TO) == "S1 acme@1.2.0");
    // A tag is the version of what it names.
    push(&host, "acme/policy", "1.3.0", &always("acme", "1.9.0", 2), &[]);
    let failed = listener.until("followFailed");
    assert!(failed["reason"].as_str().unwrap().contains("is acme@1.9.0, and not acme@1.3.0"), "{failed}");
    assert_eq!(decide(&server, key, "shop", TO), "S1 acme@1.2.0");
    let versions: Vec<_> = modules(&server).iter().map(|module| module["version"].clone()).collect();
    assert_eq!(versions, ["1.0.0", "1.1.0", "1.2.0"]);
}

#[test]
fn a_repository_is_followed_only_where_it_may_be_and_with_versions() {
    let registry = HostileRegistry::start(|_| Answer::new(500, &[], ""));
    let host = registry.host();
    let server = server(&host, "");
    crate::policies::upload(&server, server.key(), &always("acme", "1.0.0", 1));
    let bind = |repository: &str, versions: Option<&str>| {
        let mut body = json!({ "module": "acme@1.0.0", "repository": repository });
        if let Some(versions) = versions {
            body["versions"] = json!(versions);
        }
        server.put(SHOP, &body)
    };
    bind(&format!("{host}/other/policy"), Some("^1")).expect(403);
    bind("elsewhere.example/acme/policy", Some("^1")).expect(403);
    for (reply, words) in [
        (bind(&format!("{host}/acme/policy"), None), "needs `versions`"),
        (bind(&format!("{host}/acme/policy:1.0.0"), Some("^1")), "without a tag or a digest"),
        (bind("policy", Some("^1")), "begins with the host"),
    ] {
        let refused = reply.expect(400);
        assert!(refused.text.contains(words), "{refused:?}");
    }
    assert!(registry.requests().is_empty());
    bind(&format!("{host}/acme/policy"), Some("^1")).expect(200);
    server.until_logged("cannot be followed");
}

#[test]
fn the_nodes_of_a_fleet_take_a_new_version_in_once() {
    let registry = Registry::start();
    let host = registry.host();
    let database = Database::start();
    let config = format!(
        "[catalog]\nstore = \"{}\"\n[registry]\nallow = \"{host}\"\nplain_http = true\nfollow_seconds = 1\n",
        database.address()
    );
    let first = Server::with_arguments(&config, &["--catalog", catalog().to_str().unwrap()]);
    let key = first.key().to_owned();
    let data = folder("second");
    // The platform has a key already, so this one prints none.
    let second = Server::at(&data, &config, &[]);
    push(&host, "policy", "1.0.0", &always("acme", "1.0.0", 1), &[]);
    pull(&first, &key, &format!("{host}/policy:1.0.0")).expect(201);
    let follows = json!({ "module": "acme@1.0.0", "versions": "^1", "repository": format!("{host}/policy") });
    first.put(SHOP, &follows).expect(200);
    push(&host, "policy", "1.1.0", &always("acme", "1.1.0", 2), &[]);
    for server in [&first, &second] {
        server.until("1.1.0 serves", || decide(server, &key, "shop", TO) == "S2 acme@1.1.0");
    }
    let audit = first.get("/v1/audit?size=50").expect(200).json();
    let actions = audit["results"].as_array().unwrap().iter().filter_map(|entry| entry["action"].as_str());
    let taken: Vec<&str> =
        actions.filter(|action| action.starts_with(&format!("follows {host}/policy:1.1.0"))).collect();
    assert_eq!(taken.len(), 1, "{audit}");
}

#[test]
fn the_nodes_of_a_fleet_look_together_as_often_as_one_would() {
    // What each node asked for, and when: each has a mirror of its own.
    let looks: Arc<Mutex<Vec<(String, Instant)>>> = Arc::default();
    let seen = Arc::clone(&looks);
    let registry = HostileRegistry::start(move |request| {
        if let Some(node) = request.path.split('/').nth(2).filter(|_| request.path.contains("/tags/list")) {
            seen.lock().unwrap().push((node.to_owned(), Instant::now()));
        }
        Answer::new(200, &[], r#"{"tags":[]}"#)
    });
    let host = registry.host();
    let shared = folder("shared").join("catalog.sqlite");
    let config = |node: &str| {
        format!(
            "[catalog]\nstore = {shared:?}\n[registry]\nallow = \"{host}\"\nmirror = \"{host}/{node}\"\nmirror_only = true\n\
             plain_http = true\nfollow_seconds = 1\n"
        )
    };
    let first = Server::with_arguments(&config("first"), &["--catalog", catalog().to_str().unwrap()]);
    let key = first.key().to_owned();
    let data = folder("second");
    let second = Server::at(&data, &config("second"), &[]);
    let nodes = || first.get("/v1/binding/nodes").expect(200).json()["results"].as_array().unwrap().len();
    first.until("the second has told that it is there", || nodes() == 2);
    crate::policies::upload(&first, &key, &always("acme", "1.0.0", 1));
    let follows = json!({ "module": "acme@1.0.0", "versions": "^1", "repository": format!("{host}/policy") });
    first.put(SHOP, &follows).expect(200);
    // Both tell what they serve now, and so learn that there are two. Of itself a node says more than it has told.
    let serving = |server: &Server| {
        let nodes = server.ask(&key, "GET", "/v1/binding/nodes?applicationId=shop", None).expect(200).json();
        let nodes = nodes["results"].as_array().unwrap().iter();
        nodes.filter(|node| node["serving"]["policy"] == "acme@1.0.0").count()
    };
    first.until("both nodes have told what they serve", || serving(&first) == 2 && serving(&second) == 2);
    let from = looks.lock().unwrap().len();
    let gaps = |node: &str| -> Vec<Duration> {
        let looks = looks.lock().unwrap();
        let at: Vec<Instant> = looks[from..].iter().filter(|look| look.0 == node).map(|look| look.1).collect();
        // The first ones may have been planned before, while a node had told what it serves and not counted the other yet.
        at.windows(2).skip(2).map(|pair| pair[1] - pair[0]).collect()
    };
    for node in ["first", "second"] {
        second.until("it has looked", || gaps(node).len() >= 2);
        // Half of a pause, which is 2 s, at least: a single node would pause for 0.5 s to 1.5 s.
        for gap in gaps(node) {
            assert!(gap >= Duration::from_secs(1), "{node} looked after {gap:?}");
        }
    }
}
