//! What is pulled from registries: its bytes count as those of bodies do, and a registry that is slow costs its own tenants alone.

use std::sync::Arc;

use callsign_registry::{Described, Digest, MANIFEST, Manifest};
use callsign_tests::servers::hostile_registry::{Answer, HostileRegistry, Request};
use callsign_tests::service::{Reply, Server};
use serde_json::json;

use super::at_a_time::in_progress;
use super::{is_over, used};
use crate::contract::world;
use crate::policies::{always, try_upload};
use crate::security::connection::Wire;

const MODULES: &str = "/v1/modules";

/// A registry that has a component everywhere, and instead of it this answer where there is one.
fn registry(
    component: &Arc<[u8]>,
    instead: impl Fn(&Request, &[u8]) -> Option<Answer> + Send + Sync + 'static,
) -> HostileRegistry {
    let component = Arc::clone(component);
    HostileRegistry::start(move |request| {
        let (manifest, config) = Manifest::write(&component, &Described::default(), &[]).unwrap();
        match &*request.path {
            path if path.contains("/manifests/") => Answer::new(200, &[("Content-Type", MANIFEST)], manifest),
            path if path.ends_with(&Digest::of(&config).to_string()) => Answer::new(200, &[], config),
            _ => instead(request, &component).unwrap_or_else(|| Answer::new(200, &[], &*component)),
        }
    })
}

/// All of the component but its last byte.
fn nearly(_: &Request, component: &[u8]) -> Option<Answer> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", component.len());
    Some(Answer::Stalls { head, body: component[..component.len() - 1].to_vec() })
}

/// A service that takes modules from two registries, and gives them as much time as there may be.
fn server(slow: &HostileRegistry, quick: &HostileRegistry, more: &str) -> Server {
    let hosts = format!("{}, {}", slow.host(), quick.host());
    world::with(&format!(
        "[registry]\nallow = \"{hosts}\"\nallow_tenants = \"{hosts}\"\nplain_http = true\npull_seconds = 600\n\
         first_byte_seconds = 60\nretries = 0\n{more}"
    ))
}

fn reference(registry: &HostileRegistry, repository: &str) -> String {
    json!({ "reference": format!("{}/{repository}:1.0.0", registry.host()) }).to_string()
}

fn pull(server: &Server, key: &str, registry: &HostileRegistry) -> Reply {
    let headers = [("authorization", &*format!("App {key}"))];
    server.send(&headers, "POST", MODULES, Some(reference(registry, "policy").as_bytes()))
}

/// A pull whose answer is not waited for.
fn begun(server: &Server, key: &str, query: &str, body: &str) -> Wire {
    let head = format!(
        "POST {MODULES}{query} HTTP/1.1\r\nhost: x\r\nauthorization: App {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    Wire::with(server, head + body)
}

/// Room for a component and a few bytes more of each tenant, for one and a half of the pulls of all of them, and for three of
/// their bodies.
fn limits(most: usize, tenant: usize) -> String {
    format!(
        "[limits]\nrequest_seconds = 601\nbody_bytes = {most}\nmodule_bytes = {most}\nimport_bytes = {most}\n\
         bodies_bytes = {}\n[tenant]\ncompiles = 0\nbodies_bytes = {tenant}\n",
        4 * most
    )
}

#[test]
fn bytes_of_a_pull_count_as_they_arrive_like_those_of_a_body() {
    let component: Arc<[u8]> = always("acme", "1.0.0", 1).into();
    let most = component.len();
    let (slow, quick) = (registry(&component, nearly), registry(&component, |_, _| None));
    let server = server(&slow, &quick, &limits(most, most + 400));
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    let body = reference(&slow, "policy");
    let _slow = begun(&server, &shop, "", &body);
    // All that come, and the body of the request: one that came later could find the room taken itself.
    let there = (most - 1 + body.len()) as u64;
    server.until("the bytes are there", || used(&server, "shop", "bodies_bytes").0 >= there);
    is_over(MODULES, &pull(&server, &shop, &quick), 429, "bodies_bytes");
    assert_eq!(used(&server, "shop", "bodies_bytes").1, 1);
    // For pulls tenants together have no more room either; the platform has, and so have bodies of other tenants.
    let refused = pull(&server, &bank, &quick);
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{refused:?}");
    assert!(refused.text.contains("no room"), "{refused:?}");
    assert_eq!(used(&server, "bank", "bodies_bytes"), (0, 0), "what it had is given back");
    pull(&server, server.key(), &quick).expect(201);
    try_upload(&server, &bank, "", &component).expect(201);
}

#[test]
fn a_slow_registry_costs_its_own_tenants_alone() {
    // As many as may ask one registry at a time.
    const SLOW: usize = 32;
    let component: Arc<[u8]> = always("acme", "1.0.0", 1).into();
    let of_slow_tenants = |request: &Request, component: &[u8]| match request.path.contains("/slow/") {
        true => nearly(request, component),
        false => None,
    };
    let (slow, quick) = (registry(&component, of_slow_tenants), registry(&component, |_, _| None));
    let server = server(&slow, &quick, "[limits]\nrequest_seconds = 601\n");
    let (shop, bank) = (server.new_key(Some("shop"), &[]), server.new_key(Some("bank"), &[]));
    let waiting = || slow.requests().iter().filter(|request| request.path.contains("/slow/blobs/")).count();
    let begin = |n: usize| {
        let tenant = format!("slow{n}");
        server.post("/provisioning/1/applications", &json!({ "applicationId": tenant })).expect(201);
        begun(&server, server.key(), &format!("?applicationId={tenant}"), &reference(&slow, "slow"))
    };
    let mut pulls: Vec<Wire> = (1..SLOW).map(begin).collect();
    // Of each, config and component were asked for.
    server.until("they wait for the registry", || waiting() == 2 * (SLOW - 1));
    pull(&server, &shop, &slow).expect(201);
    pulls.push(begin(SLOW));
    server.until("the last one waits, too", || waiting() == 2 * SLOW);
    // Who asks the same registry is told, and asks nothing; another registry and the platform do not feel it.
    let refused = pull(&server, &bank, &slow);
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{refused:?}");
    assert!(refused.text.contains("as many as may ask"), "{refused:?}");
    pull(&server, &bank, &quick).expect(201);
    pull(&server, server.key(), &slow).expect(201);
    assert_eq!(waiting(), 2 * SLOW);
    assert!(in_progress(&server) >= pulls.len() as f64, "none of them has come to an end");
}
