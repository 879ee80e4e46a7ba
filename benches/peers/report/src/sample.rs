//! Results of all benches, as their files have them.

use serde::de::DeserializeOwned;

use crate::input::Inputs;

fn read<T: DeserializeOwned>(json: &str) -> Option<T> {
    Some(serde_json::from_str(json).expect(json))
}

/// A report of everything, with figures that are easy to reckon with.
pub(crate) fn inputs() -> Inputs {
    Inputs {
        machine: read(
            r#"{"cpu":"AMD EPYC","cores":2,"memory_gib":7.6,"os":"Linux 6.1","rustc":"1.95.0","wasmtime":"48.0.8",
                "callsign":"0.1.0","commit":"abc1234","dirty":false,"date":"2026-11-24","quick":false}"#,
        ),
        decision: read(
            r#"[{"what":"native","sticky":false,"senders":10,"nanoseconds":100,"low":99,"high":101},
                {"what":"native","sticky":false,"senders":1000,"nanoseconds":105},
                {"what":"native","sticky":false,"senders":100000,"nanoseconds":115.0},
                {"what":"single","sticky":false,"senders":10,"nanoseconds":200},
                {"what":"single","sticky":false,"senders":1000,"nanoseconds":210},
                {"what":"single","sticky":false,"senders":100000,"nanoseconds":220},
                {"what":"single","sticky":true,"senders":1000,"nanoseconds":400},
                {"what":"batch64","sticky":false,"senders":10,"nanoseconds":140},
                {"what":"batch64","sticky":false,"senders":100000,"nanoseconds":120},
                {"what":"fresh","sticky":false,"senders":10,"nanoseconds":6000},
                {"what":"fresh","sticky":false,"senders":100000,"nanoseconds":7000}]"#,
        ),
        policy: read(
            r#"[{"engine":"Callsign, selection policy","form":"single","senders":10,"nanoseconds":200.0},
                {"engine":"Callsign, selection policy","form":"single","senders":1000,"nanoseconds":210.0},
                {"engine":"Callsign, selection policy","form":"batch64","senders":10,"nanoseconds":80.0},
                {"engine":"Callsign, selection policy","form":"batch64","senders":1000,"nanoseconds":90.5}]"#,
        ),
        peers: read(
            r#"[{"engine":"LuaJIT (mlua)","version":"0.12.2","form":"indexed","senders":10,"nanoseconds":1000.0},
                {"engine":"LuaJIT (mlua)","version":"0.12.2","form":"indexed","senders":1000,"nanoseconds":1050.0},
                {"engine":"LuaJIT (mlua)","version":"0.12.2","form":"scanning","senders":1000,"nanoseconds":5000.0},
                {"engine":"Extism","version":"1.30.0","form":"indexed","senders":1000,"nanoseconds":9000.0}]"#,
        ),
        change: read(
            r#"{"rows":[{"what":"suspend one sender","senders":1000000,"median_ms":0.4,"p99_ms":0.6},
                        {"what":"add a strategy","senders":1000000,"median_ms":1.2,"p99_ms":2.0}],
                "load_seconds":4.2,"bytes_a_sender":350,"decision_small_ns":200,"decision_large_ns":240}"#,
        ),
        threads: read(
            r#"[{"threads":1,"kind":"as it is","per_second":4000000},{"threads":2,"kind":"as it is","per_second":7800000},
                {"threads":1,"kind":"one line shared on purpose","per_second":3900000},
                {"threads":2,"kind":"one line shared on purpose","per_second":4100000}]"#,
        ),
        storm: read(
            r#"[{"kind":"quiet","percentiles":[[50.0,410],[90.0,500],[99.0,600],[99.9,1000]]},
                {"kind":"100 changes and a swap a second","percentiles":[[50.0,500],[90.0,600],[99.0,900],[99.9,5000],[99.99,90000]]}]"#,
        ),
        start: read(
            r#"[{"what":"explain, compiled code cached","median_ms":41},{"what":"explain, the first ever","median_ms":380}]"#,
        ),
        lines: read(r#"[{"lines":10000000,"per_second":850000,"peak_mib":120.5}]"#),
        instructions: read(r#"[{"what":"native single","instructions":1234}]"#),
        notes: Some("The batch is bound by *memory*.".into()),
        missing: Vec::new(),
    }
}
