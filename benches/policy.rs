//! What the call of a policy costs by itself, handles in and a handle out, and the worlds that other engines are held to:
//! `make bench` gives them to the programs of `benches/peers`.
//!
//! `cargo bench -p callsign --bench policy` measures `target/bench/selection.wasm`, which `make bench-build` makes of
//! `benches/peers/selection`, and the standard policy. `POLICY=file.wasm` adds a policy of yours, `SETTINGS=file.json` its
//! settings.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod record;

use std::path::PathBuf;
use std::sync::Arc;

use callsign::bench::Bare;
use callsign::{Catalog, Channel, Countries, Gateway, MemoryStore, Message, Policy, Registration};
use callsign_turns::{Turns, time};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

const POOLS: [usize; 3] = [10, 100, 1_000];
const REQUESTS: usize = 1_024;
const BATCH: usize = 64;

/// A policy that is measured.
struct Measured {
    /// Its part of the benchmark's name.
    id: &'static str,
    /// Its name in the report.
    name: String,
    policy: Arc<Policy>,
}

fn calls(criterion: &mut Criterion) {
    let policies = policies();
    // `tests/hostile` attacks each of them.
    let promises = json!({"deadline": "yes", "memory": "yes", "isolation": "yes: WebAssembly", "answers": "yes, by the gateway, which is not in this time"});
    let names: Vec<Value> =
        policies.iter().map(|policy| json!({"id": policy.id, "name": policy.name, "promises": promises})).collect();
    record::write("policies.json", &json!({ "rows": names }));
    let mut group = criterion.benchmark_group("policy");
    for pool in POOLS {
        let world = World::new(pool);
        let gateways: Vec<Gateway> =
            policies.iter().map(|measured| world.gateway(Arc::clone(&measured.policy))).collect();
        let mut bares: Vec<Bare<'_>> = gateways.iter().map(|gateway| gateway.bare(&world.messages).unwrap()).collect();
        assert!(bares.iter().all(|bare| bare.len() == REQUESTS));
        record::write(&format!("world-{pool}.json"), &world.describe(&mut bares[0]));
        let mut turns = Turns::new();
        for ((Measured { id, .. }, gateway), mut bare) in policies.iter().zip(&gateways).zip(bares) {
            let chunks = world.messages.chunks(BATCH);
            let mut batches: Vec<Bare<'_>> = chunks.map(|messages| gateway.bare(messages).unwrap()).collect();
            let (mut next, mut batch) = (0, 0);
            turns.add_timed(BenchmarkId::new(format!("{id}/single"), pool), 1, move |iterations| {
                time(iterations, || {
                    let asked = next;
                    next = (next + 1) % REQUESTS;
                    bare.ask(asked).unwrap()
                })
            });
            turns.add_timed(BenchmarkId::new(format!("{id}/batch64"), pool), BATCH as u64, move |iterations| {
                time(iterations, || {
                    let asked = batch;
                    batch = (batch + 1) % batches.len();
                    batches[asked].ask_all().unwrap()
                })
            });
        }
        turns.measure(&mut group);
    }
}

/// The policies, the selection of `benches/peers` first: other engines are held to its answers.
fn policies() -> Vec<Measured> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let selection = record::folder().join("selection.wasm");
    let selection = Policy::load(&selection)
        .unwrap_or_else(|error| panic!("{}: {error}: `make bench-build` makes it", selection.display()));
    let measured =
        |id, name: &str, policy| Measured { id, name: format!("Callsign, {name}"), policy: Arc::new(policy) };
    let mut policies = vec![
        measured("selection", "selection policy", selection),
        measured("standard", "standard policy", Policy::standard().unwrap()),
    ];
    if let Some(file) = named("POLICY") {
        let mut policy = Policy::load(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        if let Some(settings) = named("SETTINGS") {
            let json = std::fs::read_to_string(&settings).unwrap();
            policy = policy.with_settings(&json).unwrap_or_else(|error| panic!("{}: {error}", settings.display()));
        }
        let label = policy.label().to_owned();
        policies.push(measured("own", &label, policy));
    }
    policies
}

/// An application with a pool, four strategies, and recipients of whom one in eight is pinned.
struct World {
    catalog: Catalog,
    sticky: Arc<MemoryStore>,
    messages: Vec<Message<'static>>,
}

/// Area codes of the pool.
const NPAS: [u16; 10] = [212, 213, 305, 312, 404, 415, 512, 617, 702, 206];
/// Area codes of the recipients: some have senders of their own, some do not.
const TO: [u16; 8] = [212, 213, 415, 646, 628, 718, 303, 503];

impl World {
    fn new(pool: usize) -> Self {
        let senders: Vec<Value> = (0..pool)
            .map(|index| {
                let (kind, address) = match index % 10 {
                    7 => ("SHORT_CODE", format!("{}", 10_000 + index)),
                    8 => ("TOLL_FREE_NUMBER", format!("+1800{:07}", 2_000_000 + index)),
                    _ => (
                        "VIRTUAL_LONG_NUMBER",
                        format!("+1{}{:07}", NPAS[index % 7 + index / 10 % 3], 2_000_000 + index),
                    ),
                };
                let countries = if index % 5 == 4 { json!("*") } else { json!(["US", "CA"]) };
                json!({"senderId": format!("S{index:06}"), "sender": address, "senderType": kind,
                       "coverage": [{"channel": "SMS", "countries": countries}]})
            })
            .collect();
        let associations: Vec<Value> = (0..pool)
            .map(|index| {
                json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": "acme",
                       "resourceId": format!("S{index:06}")})
            })
            .collect();
        let platform = json!({"applicationId": "shop", "entityId": "acme"});
        let catalog = json!({
            "applications": [{"applicationId": "shop"}],
            "entities": [{"entityId": "acme"}],
            "senders": senders,
            "associations": associations,
            "sendingStrategies": [
                {"sendingStrategyId": "APPLICATION", "platform": {"applicationId": "shop"}},
                {"sendingStrategyId": "GENERAL", "platform": platform, "useStickySender": true},
                {"sendingStrategyId": "MMS", "platform": platform, "channel": "MMS"},
                {"sendingStrategyId": "AMERICA", "platform": platform, "channel": "SMS",
                 "destinationCountryCodes": ["US", "CA"], "useStickySender": true, "useGeolocatedSender": true},
            ],
        });
        let recipients = (0..REQUESTS).map(|index| format!("+1{}{:07}", TO[index % TO.len()], 2_345_678 + index * 97));
        // For as long as the program runs.
        let messages =
            recipients.map(|to| Message::new(Channel::Sms, to.leak()).application("shop").entity("acme")).collect();
        let world = Self {
            catalog: Catalog::from_json(&catalog.to_string()).unwrap(),
            sticky: Arc::new(MemoryStore::new()),
            messages,
        };
        // The standard policy pins whom it decides for.
        let standard = world.gateway(Arc::new(Policy::standard().unwrap()));
        for message in world.messages.iter().step_by(8) {
            assert!(standard.resolve(message).get().sender().is_some());
        }
        world
    }

    fn gateway(&self, policy: Arc<Policy>) -> Gateway {
        let gateway = Gateway::with(self.catalog.clone(), policy, Arc::clone(&self.sticky) as _);
        gateway.unwrap_or_else(|error| panic!("{error}: settings of a policy of yours come with SETTINGS=file.json"))
    }

    /// The world as other engines get it, with the answers of the selection policy.
    fn describe(&self, bare: &mut Bare<'_>) -> Value {
        let standard = self.gateway(Arc::new(Policy::standard().unwrap()));
        let strategies: Vec<Value> = (0..)
            .zip([3, 1, 2, 0].map(|index| &self.catalog.strategies()[index]))
            .map(|(handle, strategy): (u32, _)| {
                let countries = strategy
                    .countries
                    .as_ref()
                    .map(|list| list.iter().map(|country| country.as_str().to_owned()).collect::<Vec<_>>());
                json!({"strategy": handle, "level": if strategy.entity.is_some() { "entity" } else { "application" },
                       "channel": strategy.channel.map(|channel| channel.as_str()), "countries": countries,
                       "sticky": strategy.sticky, "geolocated": strategy.geolocated})
            })
            .collect();
        let senders: Vec<Value> = bare
            .senders()
            .iter()
            .map(|sender| {
                let countries = match sender.sender.coverage.countries(Channel::Sms, Registration::Active) {
                    Some(Countries::Only(list)) => {
                        Some(list.iter().map(|country| country.as_str().to_owned()).collect::<Vec<_>>())
                    }
                    _ => None,
                };
                json!({"sender": sender.handle, "type": sender.sender.kind.as_str(), "area_code": sender.area_code,
                       "key": sender.key.to_string(), "channels": ["SMS"], "countries": countries})
            })
            .collect();
        let handles: std::collections::HashMap<String, u32> =
            bare.senders().iter().map(|sender| (sender.sender.id.to_string(), sender.handle)).collect();
        let mut pins = Vec::new();
        let mut requests = Vec::new();
        for (index, message) in self.messages.iter().enumerate() {
            let request = bare.request(index);
            if index % 8 == 0 {
                let decision = standard.resolve(message);
                let sender = decision.get().sender().unwrap().id.to_string();
                pins.push(json!({"recipient": request.recipient.to_string(), "sender": handles[&sender]}));
            }
            requests.push(json!({"channel": "SMS", "country": String::from_utf8_lossy(&request.country),
                "area_code": request.area_code, "recipient": request.recipient.to_string(),
                "sender": bare.ask(index).unwrap()}));
        }
        json!({"senders_in_pool": bare.senders().len(), "strategies": strategies, "senders": senders, "pins": pins,
               "requests": requests})
    }
}

criterion_group! { name = benches; config = callsign_turns::criterion(); targets = calls }
criterion_main!(benches);
