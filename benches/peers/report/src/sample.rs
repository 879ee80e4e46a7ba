//! Results of all benches, as criterion and the benches leave them.

use serde::de::DeserializeOwned;

use crate::estimates::Estimates;
use crate::input::{Facts, Inputs};

fn read<T: DeserializeOwned>(json: &str) -> Option<T> {
    Some(serde_json::from_str(json).expect(json))
}

/// Benchmarks, elements of an iteration, nanoseconds of an iteration.
const MEDIANS: [(&str, u64, f64); 43] = [
    ("decision/native/10", 1, 100.0),
    ("decision/native/1000", 1, 105.0),
    ("decision/native/100000", 1, 115.0),
    ("decision/resolve/warm/10", 1, 200.0),
    ("decision/resolve/warm/1000", 1, 210.0),
    ("decision/resolve/warm/100000", 1, 220.0),
    ("decision/sticky/resolve/warm/1000", 1, 400.0),
    ("decision/sticky/native/1000", 1, 160.0),
    ("decision/resolve/recorded/1000", 1, 300.0),
    ("decision/resolve_batch/64/10", 64, 64.0 * 140.0),
    ("decision/resolve_batch/256/10", 256, 256.0 * 115.0),
    ("decision/resolve_batch/64/100000", 64, 64.0 * 120.0),
    ("decision/resolve/fresh/10", 1, 6_000.0),
    ("decision/resolve/fresh/100000", 1, 7_000.0),
    ("policy/selection/single/10", 1, 200.0),
    ("policy/selection/single/1000", 1, 210.0),
    ("policy/selection/batch64/10", 64, 64.0 * 80.0),
    ("policy/selection/batch64/1000", 64, 64.0 * 90.5),
    // Of a run with another policy, which is not in the facts.
    ("policy/own/single/10", 1, 1.0),
    ("peers/luajit/indexed/10", 1, 100.0),
    ("peers/luajit/indexed/1000", 1, 105.0),
    ("peers/luajit-limited/indexed/10", 1, 1_000.0),
    ("peers/luajit-limited/indexed/1000", 1, 1_050.0),
    ("peers/luajit/scanning/1000", 1, 5_000.0),
    ("peers/extism/indexed/1000", 1, 9_000.0),
    ("change/load/1000000", 1, 4.2e9),
    ("change/decision/native/small", 4_096, 4_096.0 * 200.0),
    ("change/decision/native/large", 4_096, 4_096.0 * 400.0),
    ("change/decision/gateway/small", 4_096, 4_096.0 * 300.0),
    ("change/decision/gateway/large", 4_096, 4_096.0 * 720.0),
    ("change/edit/suspend/no-bindings", 1, 0.4e6),
    ("change/edit/add/50-bindings", 1, 1.2e6),
    ("change/edit/take-out/no-bindings", 1, 2e6),
    ("threads/gateway/1", 100_000, 100_000.0 * 1e9 / 4e6),
    ("threads/gateway/2", 100_000, 100_000.0 * 1e9 / 7.8e6),
    ("threads/shared-line/1", 100_000, 100_000.0 * 1e9 / 3.9e6),
    ("threads/shared-line/2", 100_000, 100_000.0 * 1e9 / 4.1e6),
    ("command/explain/cached", 1, 41e6),
    ("command/explain/first", 1, 380e6),
    ("languages/rust/warm", 1, 2_000.0),
    ("languages/rust/first", 1, 50_000.0),
    ("languages/javascript/warm", 1, 25_000.0),
    ("command/resolve/10000000", 10_000_000, 10_000_000.0 * 1e9 / 850_000.0),
];

/// A report of everything, with figures that are easy to reckon with.
pub(crate) fn inputs() -> Inputs {
    let mut estimates = Estimates::default();
    MEDIANS.into_iter().for_each(|(name, elements, nanoseconds)| estimates.insert(name, elements, nanoseconds));
    let facts = Facts {
        machine: read(
            r#"{"cpu":"AMD EPYC","cores":2,"memory_gib":7.6,"os":"Linux 6.1","rustc":"1.95.0","wasmtime":"48.0.8",
                "callsign":"0.1.0","commit":"abc1234","dirty":false,"date":"2026-11-24","quick":false}"#,
        ),
        policies: read(
            r#"[{"id":"selection","name":"Callsign, selection policy",
                 "promises":{"deadline":"yes","memory":"yes","isolation":"yes","answers":"yes"}}]"#,
        ),
        peers: read(
            r#"[{"id":"luajit","name":"LuaJIT (mlua)","version":"0.12.2","limits":"no limits",
                 "promises":{"deadline":"no","memory":"no","isolation":"no","answers":"no"}},
                {"id":"luajit-limited","name":"LuaJIT (mlua)","version":"0.12.2","limits":"a deadline",
                 "promises":{"deadline":"yes","memory":"yes","isolation":"in part","answers":"no"}},
                {"id":"extism","name":"Extism","version":"1.30.0","limits":"a timeout"}]"#,
        ),
        change: read(
            r#"{"senders":1000000,"bytes_a_sender":350,"rows":[{"id":"suspend/no-bindings","p99_ms":0.6},
                {"id":"add/50-bindings","p99_ms":2.0},{"id":"take-out/no-bindings","p99_ms":3.0}]}"#,
        ),
        storm: read(
            r#"[{"kind":"quiet","percentiles":[[50.0,410],[90.0,500],[99.0,600],[99.9,1000]]},
                {"kind":"100 changes and a swap a second","percentiles":[[50.0,500],[90.0,600],[99.0,900],[99.9,5000],[99.99,90000]]}]"#,
        ),
        lines: read(r#"{"lines":10000000,"peak_mib":120.5}"#),
        instructions: read(r#"[{"what":"native single","instructions":1234}]"#),
        languages: read(
            r#"[{"id":"rust","name":"Rust","bytes":200000,"compile_ms":900,"memory":196608},
                {"id":"javascript","name":"JavaScript","bytes":1800000,"compile_ms":3000,"memory":1700000}]"#,
        ),
    };
    Inputs::new(&estimates, facts, Some("The batch is bound by *memory*.".into()))
}
