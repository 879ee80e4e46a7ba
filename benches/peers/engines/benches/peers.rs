//! What a decision costs in each engine, warm and on one thread, after its answers were checked. All engines and forms of
//! one world take their samples in turns.
//!
//! `make peers`; `ONLY=rhai` checks and measures only the engines whose name has this in it.

#![allow(missing_docs, reason = "a benchmark")]

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use callsign_turns::Turns;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use peers::engine::{ENGINES, Peer};
use peers::{POOLS, check, folder, plugin, read_world, version};
use peers_world::{Message, World};
use serde_json::json;

fn compare(criterion: &mut Criterion) {
    if let Err(error) = checked(criterion) {
        eprintln!("peers: {error:#}");
        std::process::exit(1);
    }
}

fn checked(criterion: &mut Criterion) -> anyhow::Result<()> {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let engines = engines()?;
    let worlds = POOLS.map(|pool| read_world(&folder(), pool)).into_iter().collect::<Result<Vec<_>, _>>()?;

    // Nothing is measured before everything is right.
    let mut checked = usize::MAX;
    for world in &worlds {
        eprintln!("checking, {} senders", world.senders_in_pool);
        for engine in engines.iter().filter(|engine| engine.selects) {
            for &form in engine.forms() {
                let built = engine.build(world, form, &plugin())?;
                checked = checked.min(check::answers(built, engine.name, form, world)?);
            }
        }
    }
    for world in &worlds {
        measure(criterion, &engines, world)?;
    }
    if has("--bench") && !has("--test") && !has("--list") {
        let named = |engine: &&Peer| -> anyhow::Result<_> {
            Ok(json!({"id": engine.id, "name": engine.name, "version": version::of(engine.package)?,
                      "limits": engine.limits, "promises": engine.promises}))
        };
        let rows = engines.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        let path = folder().join("peers.json");
        fs::write(&path, json!({"rows": rows, "checked": checked}).to_string() + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The engines that are wanted.
fn engines() -> anyhow::Result<Vec<&'static Peer>> {
    let only = std::env::var("ONLY").unwrap_or_default().to_lowercase();
    let engines: Vec<_> = ENGINES.iter().filter(|engine| engine.name.to_lowercase().contains(&only)).collect();
    if engines.is_empty() {
        let names: Vec<&str> = ENGINES.iter().map(|engine| engine.name).collect();
        bail!("no engine has {only:?} in its name: there are {}", names.join(", "));
    }
    Ok(engines)
}

fn measure(criterion: &mut Criterion, engines: &[&Peer], world: &World) -> anyhow::Result<()> {
    let messages: Vec<Message> = world.requests.iter().map(|request| request.message).collect();
    let mut turns = Turns::new();
    for engine in engines {
        for &form in engine.forms() {
            let mut built = engine.build(world, form, &plugin())?;
            let (messages, name) = (&messages, engine.name);
            let id = BenchmarkId::new(format!("{}/{form}", engine.id), world.senders_in_pool);
            turns.add_timed(id, 1, move |iterations| {
                let begin = Instant::now();
                built.decide_all(messages, iterations as usize).unwrap_or_else(|error| panic!("{name}: {error:#}"));
                begin.elapsed()
            });
        }
    }
    turns.measure(&mut criterion.benchmark_group("peers"));
    Ok(())
}

/// Fifteen samples of 40 ms.
fn config() -> Criterion {
    callsign_turns::criterion().sample_size(15).measurement_time(Duration::from_millis(600))
}

criterion_group! { name = benches; config = config(); targets = compare }
criterion_main!(benches);
