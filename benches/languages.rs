//! What one policy costs in each language that there is an SDK for: `campaigns` of the examples, in Rust, JavaScript and Python.
//!
//! `make bench-languages` builds the components into `target/languages` and runs this; those that are not there are left out, and
//! named. What is no median, the size, the time to compile and the memory of an instance, is in `target/bench/languages.json`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod record;

use std::sync::Arc;
use std::time::{Duration, Instant};

use callsign::{Catalog, Channel, Gateway, MemoryStore, Message, MessageAttributes, Policy};
use callsign_turns::{Turns, time};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

const LANGUAGES: [(&str, &str); 3] = [("rust", "Rust"), ("javascript", "JavaScript"), ("python", "Python")];

/// Recipients, who are pinned once they were decided for.
const RECIPIENTS: usize = 1_000;

fn languages(criterion: &mut Criterion) {
    let cases = record::folder().join("../../guest/examples/campaigns/cases.json");
    let cases: Value = serde_json::from_str(&std::fs::read_to_string(cases).unwrap()).unwrap();
    let recipients: Vec<String> = (0..RECIPIENTS).map(|index| format!("+1212555{index:04}")).collect();
    let attributes = MessageAttributes::new(&[("campaign", "C1")]).unwrap();
    let message = |to| Message::new(Channel::Sms, to).application("shop").attributes(attributes);
    let messages: Vec<Message<'_>> = recipients.iter().map(|to| message(to)).collect();

    let (mut rows, mut made) = (Vec::new(), Vec::new());
    for (id, name) in LANGUAGES {
        let file = record::folder().join(format!("../languages/campaigns-{id}.wasm"));
        let Ok(bytes) = std::fs::read(&file) else {
            eprintln!("languages: {} is not there: `make bench-languages` builds it", file.display());
            continue;
        };
        let begin = Instant::now();
        let policy = Policy::from_bytes(&bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let compiled = begin.elapsed();
        let policy = Arc::new(policy.with_settings(&cases["settings"].to_string()).unwrap());
        let catalog = Catalog::from_json(&cases["catalog"].to_string()).unwrap();
        let gateway = Gateway::with(catalog, Arc::clone(&policy), Arc::new(MemoryStore::new())).unwrap();
        for message in &messages {
            let decision = gateway.resolve(message);
            assert_eq!(decision.get().sender().map(|sender| &*sender.id), Some("B"), "{name}: {:?}", decision.get());
        }
        rows.push(json!({"id": id, "name": name, "bytes": bytes.len(), "compile_ms": compiled.as_secs_f64() * 1e3,
                         "memory": policy.peak_memory()}));
        made.push((id, policy, gateway));
    }
    let mut turns = Turns::new();
    for (id, policy, gateway) in &made {
        let mut warm = messages.iter().cycle();
        turns.add(BenchmarkId::new(*id, "warm"), 1, move || gateway.resolve(warm.next().unwrap()));
        let mut first = messages.iter().cycle();
        turns.add_timed(BenchmarkId::new(*id, "first"), 1, move |iterations| {
            let decide = |_| {
                policy.forget_idle();
                time(1, || gateway.resolve(first.next().unwrap()))
            };
            (0..iterations).map(decide).sum::<Duration>()
        });
    }
    turns.measure(&mut criterion.benchmark_group("languages"));
    record::write("languages.json", &json!({ "rows": rows }));
}

criterion_group! { name = benches; config = callsign_turns::criterion().sample_size(20); targets = languages }
criterion_main!(benches);
