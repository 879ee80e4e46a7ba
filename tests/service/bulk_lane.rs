//! Which threads work on a request: short decisions have their own, and everything else has threads of lower priority.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;

use serde_json::{Value, json};

use crate::contract::world;
use callsign_tests::service::Server;

/// How long the service's threads worked meanwhile, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Worked {
    short: u64,
    bulk: u64,
}

/// How long each thread has worked so far, with its name. Threads come and go.
fn so_far(server: &Server) -> HashMap<OsString, (String, u64)> {
    let threads = fs::read_dir(format!("/proc/{}/task", server.process())).unwrap().map_while(Result::ok);
    let times = threads.map(|thread| {
        let read = |name: &str| fs::read_to_string(thread.path().join(name)).unwrap_or_default();
        let time = read("schedstat").split(' ').next().and_then(|time| time.parse().ok()).unwrap_or_default();
        (thread.file_name(), (read("comm").trim().to_owned(), time))
    });
    times.collect()
}

impl Worked {
    /// What the threads worked during some requests, once it is as it should be. What the service does beside them takes the more
    /// time the longer a busy machine takes, so they are made several times.
    fn as_it_should_be(server: &Server, work: impl Fn(), is_so: impl Fn(&Self) -> bool) -> Result<Self, Vec<Self>> {
        let mut all = Vec::new();
        let found = (0..5).map(|_| Self::during(server, &work)).inspect(|worked| all.push(*worked)).find(is_so);
        found.ok_or(all)
    }

    fn during(server: &Server, work: impl FnOnce()) -> Self {
        let before = so_far(server);
        work();
        let mut worked = Self { short: 0, bulk: 0 };
        for (thread, (name, time)) in so_far(server) {
            let time = time.saturating_sub(before.get(&thread).map_or(0, |(_, before)| *before));
            match &*name {
                "tokio-rt-worker" => worked.short += time,
                "callsign-bulk" => worked.bulk += time,
                _ => {}
            }
        }
        worked
    }
}

fn message(number: usize) -> Value {
    json!({ "applicationId": "shop", "channel": "SMS", "to": format!("+1415555{number:04}") })
}

/// How nice the threads with a name are.
fn niceness(server: &Server, name: &str) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{}/task", server.process())).unwrap().map_while(Result::ok);
    let stats = threads.filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok());
    let own = stats.filter(|stat| stat.contains(&format!("({name})")));
    own.map(|stat| stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap().parse().unwrap()).collect()
}

#[test]
fn batches_changes_and_lists_are_worked_on_by_threads_of_lower_priority() {
    let server = world::with("");
    let batch = json!({ "messages": (0..1_000).map(message).collect::<Vec<_>>() });
    let in_bulk = |worked: &Worked| worked.bulk > worked.short;
    let batches = || {
        for _ in 0..20 {
            server.post("/v1/decisions", &batch).expect(200);
        }
    };
    Worked::as_it_should_be(&server, batches, in_bulk).unwrap();
    let changes = || {
        for at in 0..50 {
            let name = json!({ "applicationName": format!("name {at}") });
            server.put("/provisioning/1/applications/shop", &name).expect(204);
        }
    };
    Worked::as_it_should_be(&server, changes, in_bulk).unwrap();
    let bulk = niceness(&server, "callsign-bulk");
    assert!(!bulk.is_empty() && bulk.iter().all(|nice| *nice >= 15), "{bulk:?}");
}

#[test]
fn short_decisions_are_made_by_the_others() {
    let server = world::with("");
    let by_others = |worked: &Worked| worked.short > 4 * worked.bulk;
    let singles = || {
        for at in 0..500 {
            server.post("/v1/decisions", &message(at)).expect(200);
        }
    };
    Worked::as_it_should_be(&server, singles, by_others).unwrap();
    let few = json!({ "messages": (0..20).map(message).collect::<Vec<_>>() });
    let batches = || {
        for _ in 0..100 {
            server.post("/v1/decisions", &few).expect(200);
        }
    };
    Worked::as_it_should_be(&server, batches, by_others).unwrap();
    let others = niceness(&server, "tokio-rt-worker");
    assert!(!others.is_empty() && others.iter().all(|nice| *nice < 10), "{others:?}");
}
