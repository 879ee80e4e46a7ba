//! What is acknowledged is there, after a kill at any moment; and what is there is a whole revision.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use callsign_tests::reference::Rng;
use callsign_tests::service::{Server, folder};

const KILLS: usize = 20;
const CALLS: usize = 100;

/// Who call at the same time: what waits while a change is committed is committed together.
const CALLERS: usize = 4;
const SEED: u64 = 17;

/// Every element that the API lists, as one text.
fn everything(server: &Server, key: &str) -> Value {
    let get = |path: &str| server.ask(key, "GET", path, None).expect(200).json()["results"].clone();
    json!({
        "applications": get("/provisioning/1/applications?size=1000"),
        "entities": get("/provisioning/1/entities?size=1000"),
        "associations": get("/provisioning/1/associations?size=1000"),
        "strategies": get("/provisioning/2/sending-strategies?size=1000"),
    })
}

/// An application with an entity-level and an application-level strategy, and associations of domains: removing it takes all of that
/// along in one revision.
fn calls(turn: usize) -> Vec<(&'static str, String, Value)> {
    let id = format!("app-{turn}");
    let association = json!({ "resourceType": "DOMAIN", "channel": "EMAIL", "applicationId": id, "entityId": null,
                              "resourceId": format!("{turn}.example.org") });
    vec![
        ("POST", "/provisioning/1/applications".into(), json!({ "applicationId": id })),
        ("POST", "/provisioning/1/associations".into(), association),
        ("POST", "/provisioning/2/sending-strategies".into(), json!({ "platform": { "applicationId": id } })),
        ("PUT", format!("/provisioning/1/applications/{id}"), json!({ "applicationName": format!("name {turn}") })),
    ]
}

/// A catalog is whole where whatever is removed took along all that belongs to it, and nothing else is gone.
fn check(state: &Value, acknowledged: &[(String, String)]) {
    let applications: Vec<&str> =
        state["applications"].as_array().unwrap().iter().map(|one| one["applicationId"].as_str().unwrap()).collect();
    for strategy in state["strategies"].as_array().unwrap() {
        let of = strategy["platform"]["applicationId"].as_str().unwrap();
        assert!(applications.contains(&of), "half of a removal: {strategy}");
    }
    for association in state["associations"].as_array().unwrap() {
        let of = association["applicationId"].as_str().unwrap();
        assert!(applications.contains(&of), "half of a removal: {association}");
    }
    for (what, id) in acknowledged {
        let there = match &**what {
            "application" => applications.contains(&&**id),
            "gone" => !applications.contains(&&**id),
            "named" => state["applications"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["applicationId"] == **id && one["applicationName"].as_str().is_some()),
            "strategy" => {
                state["strategies"].as_array().unwrap().iter().any(|one| one["platform"]["applicationId"] == **id)
            }
            _ => state["associations"].as_array().unwrap().iter().any(|one| one["resourceId"] == **id),
        };
        assert!(there, "acknowledged, and not there: {what} {id}");
    }
}

#[test]
fn after_a_kill_at_any_point_of_a_hundred_calls_everything_acknowledged_is_there_and_nothing_is_half() {
    let data = folder("killed");
    let mut rng = Rng::new(SEED);
    let mut server = Server::at(&data, "", &[]);
    let key = server.key().to_owned();
    let acknowledged: Mutex<Vec<(String, String)>> = Mutex::default();
    let turns = AtomicUsize::new(1);
    for kill in 0..KILLS {
        let (done, end) = (AtomicUsize::new(0), AtomicBool::new(false));
        let last = turns.load(Ordering::Relaxed) + CALLS / 4;
        let pause = Duration::from_micros(rng.below(60_000) as u64);
        let process = rustix::process::Pid::from_raw(server.process().cast_signed()).unwrap();
        // `None` once nobody answers any more.
        let ask = |method: &str, path: &str, body: Option<&Value>| {
            let (header, text) = (format!("App {key}"), body.map(Value::to_string));
            let body = text.as_deref().map(str::as_bytes);
            let reply = server.try_send(&[("authorization", &header)], method, path, body).ok()?;
            assert!((200..300).contains(&reply.status), "seed {SEED}, kill {kill}: {reply:?}");
            Some(())
        };
        let make_a_turn = |turn: usize| {
            let id = format!("app-{turn}");
            for (index, (method, path, body)) in calls(turn).into_iter().enumerate() {
                ask(method, &path, Some(&body))?;
                let what = ["application", "association", "strategy", "named"][index];
                let subject = if index == 1 { format!("{turn}.example.org") } else { id.clone() };
                acknowledged.lock().unwrap().push((what.into(), subject));
                done.fetch_add(1, Ordering::Relaxed);
            }
            // Every third goes again, with all that belongs to it.
            if turn.is_multiple_of(3) {
                // Whether it went is not known without an answer, so nothing is expected of it from here on.
                acknowledged.lock().unwrap().retain(|(what, subject)| *subject != id || what == "association");
                ask("DELETE", &format!("/provisioning/1/applications/{id}"), None)?;
                acknowledged.lock().unwrap().push(("gone".into(), id));
            }
            Some(())
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // On a busy machine most kills would come before any call is done, so only every fourth may.
                while !kill.is_multiple_of(4) && done.load(Ordering::Relaxed) < 2 {
                    std::thread::yield_now();
                }
                // The moment of the kill is what this test is about, and it may be any.
                std::thread::sleep(pause);
                rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
                end.store(true, Ordering::Relaxed);
            });
            let calling: Vec<_> = (0..CALLERS)
                .map(|_| {
                    scope.spawn(|| {
                        let next = || Some(turns.fetch_add(1, Ordering::Relaxed)).filter(|turn| *turn < last);
                        while next().and_then(make_a_turn).is_some() {}
                    })
                })
                .collect();
            for caller in calling {
                caller.join().expect("no call is refused");
            }
            done.store(2, Ordering::Relaxed);
            while !end.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        });
        server.kill();
        server = Server::at(&data, "", &[]);
        check(&everything(&server, &key), &acknowledged.lock().unwrap());
    }
    assert!(acknowledged.lock().unwrap().len() > KILLS, "the kills came before anything was done");
    assert_eq!(server.end(), Some(0));
    let _ = std::fs::remove_dir_all(data);
}
