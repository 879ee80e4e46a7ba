//! What a change costs on a platform of a million senders, how long such a platform takes to load, what memory it takes,
//! and what a decision costs on it beside one on a small platform.
//!
//! `cargo bench -p callsign --bench change`; with `-- change/load`, `-- change/decision` or `-- change/edit` only these are
//! measured. What is no mean or median is in `target/bench/change.json`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that fails here says where")]

mod edits;
mod heap;
mod platform;
mod record;

use std::cell::LazyCell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callsign::{Binding, BindingTarget, Catalog, Channel, Gateway, Message, Policy};
use callsign_turns::{Turns, time};
use criterion::{BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use serde_json::json;

use edits::Senders;
use platform::{APPLICATIONS, Numbers, Size};

const LARGE: Size = Size { senders: 1_000_000, associations: 1_000_000, entities: 100_000, strategies: 50_000 };
const SMALL: Size = Size { senders: 1_000, associations: 1_000, entities: 100, strategies: 100 };

const MESSAGES: usize = 4_096;

fn changes(criterion: &mut Criterion) {
    let text = LazyCell::new(|| platform::text(LARGE));
    let bytes = load(criterion, &text);
    let large = LazyCell::new(move || Gateway::new(Catalog::from_json(&text).unwrap()).unwrap());
    decisions(criterion, &|| &*large);
    let senders = Senders::new(LARGE);
    let mut rows = edits::measure(criterion, "no-bindings", &senders, || &*large);
    let bound = LazyCell::new(|| {
        // With bindings every scope has a route.
        let policy = Arc::new(Policy::standard().unwrap());
        for application in 0..APPLICATIONS {
            let target = BindingTarget::application(&format!("APP{application:02}"));
            large.swap(&target, Binding::new(Arc::clone(&policy))).unwrap();
        }
        &*large
    });
    rows.extend(edits::measure(criterion, "50-bindings", &senders, || *bound));
    record::write("change.json", &json!({"senders": LARGE.senders, "bytes_a_sender": bytes, "rows": rows}));
}

/// How long the large platform takes from text to a gateway. Gives the bytes of heap that each of its senders takes then,
/// unless a filter left it out.
fn load(criterion: &mut Criterion, text: &LazyCell<String, impl FnOnce() -> String>) -> Option<f64> {
    let mut bytes = None;
    let mut group = criterion.benchmark_group("change");
    // A load takes seconds: one is a sample.
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(1));
    group.bench_function(BenchmarkId::new("load", LARGE.senders), |bencher| {
        LazyCell::force(text);
        bencher.iter_custom(|iterations| {
            let mut took = Duration::ZERO;
            for _ in 0..iterations {
                let before = heap::held();
                let begin = Instant::now();
                let gateway = Gateway::new(Catalog::from_json(text).unwrap()).unwrap();
                took += begin.elapsed();
                bytes = Some(((heap::held() - before) as f64 / LARGE.senders as f64).round());
                drop(black_box(gateway));
            }
            took
        });
    });
    if let Some(bytes) = bytes {
        println!("{bytes} bytes of heap a sender");
    }
    bytes
}

/// What a decision costs natively and by the gateway: on a small platform, on the large one for as many scopes as the small
/// one has, and on the large one for all of its scopes.
fn decisions<'a>(criterion: &mut Criterion, large: &impl Fn() -> &'a Gateway) {
    let small = Gateway::new(Catalog::from_json(&platform::text(SMALL)).unwrap()).unwrap();
    let names = [
        ("small", names(SMALL, SMALL.entities)),
        ("large-same-scopes", names(LARGE, SMALL.entities)),
        ("large", names(LARGE, LARGE.entities)),
    ];
    let mut turns = Turns::new();
    for (platform, names) in &names {
        let messages: Vec<Message<'_>> = names
            .iter()
            .map(|(application, entity, to)| Message::new(Channel::Sms, to).application(application).entity(entity))
            .collect();
        let messages = Arc::new(messages);
        let (small, platform) = (&small, *platform);
        for kind in ["native", "gateway"] {
            let messages = Arc::clone(&messages);
            turns.add_made(BenchmarkId::new(kind, platform), MESSAGES as u64, move || {
                let gateway = if platform == "small" { small } else { large() };
                let mut native = gateway.native();
                let mut decide = move || match kind {
                    "native" => messages.iter().for_each(|message| {
                        black_box(native.resolve(message));
                    }),
                    _ => messages.iter().for_each(|message| drop(black_box(gateway.resolve(message)))),
                };
                // Everything that is kept is in place before anything is measured.
                (0..3).for_each(|_| decide());
                Box::new(move |iterations| time(iterations, &mut decide))
            });
        }
    }
    turns.measure(&mut criterion.benchmark_group("change/decision"));
}

/// Application, entity and recipient of each message, of so many scopes.
fn names(size: Size, scopes: usize) -> Vec<(String, String, String)> {
    let mut numbers = Numbers::of(7);
    (0..MESSAGES)
        .map(|index| {
            let entity = numbers.below(scopes) * (size.entities / scopes);
            let to = format!("+1{}{:07}", [212, 213, 415, 646][index % 4], 2_345_678 + index * 97 % 7_000_000);
            (platform::application(entity), platform::entity(entity), to)
        })
        .collect()
}

criterion_group! { name = benches; config = callsign_turns::criterion(); targets = changes }
criterion_main!(benches);
