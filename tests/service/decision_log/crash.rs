//! What a kill at any moment leaves of the log, and what is removed of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use callsign_tests::service::{Server, folder};

use super::{config, decide, found, ids, message, metric, recording, until_recorded};

/// How often the service is killed.
const KILLS: usize = 3;

/// How many answers there are before a kill.
const ANSWERS: usize = 300;

#[test]
fn of_a_log_that_keeps_nothing_is_missing_that_was_answered_after_kills_at_any_moment() {
    let data = folder("keeps");
    let mut server = recording(&data, "promise = \"keep\"");
    let key = server.key().to_owned();
    let answered: Arc<Mutex<Vec<String>>> = Arc::default();
    for kill in 0..KILLS {
        let (end, before) = (AtomicBool::new(false), answered.lock().unwrap().len());
        std::thread::scope(|scope| {
            for client in 0..3 {
                let (server, key, answered, end) = (&server, &key, &answered, &end);
                scope.spawn(move || {
                    for turn in 0.. {
                        // One by one, and in batches that are decided in the bulk lane.
                        let many = [1, 1, 60][client];
                        let named = |number| format!("k{kill}-{client}-{turn}-{number}");
                        let messages: Vec<Value> = (0..many).map(|number| message("shop", &named(number))).collect();
                        let body = serde_json::json!({ "messages": messages }).to_string();
                        let headers = [("authorization", &*format!("App {key}"))];
                        let reply = server.try_send(&headers, "POST", "/v1/decisions", Some(body.as_bytes()));
                        match reply {
                            Ok(reply) if reply.status == 200 => {
                                assert!(!reply.text.contains("LOG_UNAVAILABLE"), "{}", reply.text);
                                answered.lock().unwrap().extend((0..many).map(named));
                            }
                            _ if end.load(Ordering::SeqCst) => return,
                            other => panic!("not answered before the kill: {other:?}"),
                        }
                    }
                });
            }
            while answered.lock().unwrap().len() < before + ANSWERS {
                std::thread::yield_now();
            }
            end.store(true, Ordering::SeqCst);
            let process = rustix::process::Pid::from_raw(server.process().cast_signed()).unwrap();
            rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
        });
        server.kill();
        server = recording(&data, "promise = \"keep\"");
        let answered = answered.lock().unwrap();
        let found = found(&server, &key, "", 1_000);
        let found: std::collections::HashSet<&str> = ids(&found).into_iter().collect();
        let missing: Vec<&String> = answered.iter().filter(|id| !found.contains(&***id)).collect();
        assert!(missing.is_empty(), "after kill {kill}: {} of {}: {missing:?}", missing.len(), answered.len());
    }
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn of_a_log_that_drops_a_kill_leaves_all_that_was_written_and_it_goes_on_after_it() {
    let data = folder("drops");
    let server = recording(&data, "");
    let key = server.key().to_owned();
    let batch = |name: &str| (0..200).map(|number| message("shop", &format!("{name}-{number}"))).collect::<Vec<_>>();
    decide(&server, &key, &batch("before"));
    until_recorded(&server, 200);
    // These may be in it or not.
    decide(&server, &key, &batch("last"));
    server.kill();
    let server = recording(&data, "");
    decide(&server, &key, &batch("after"));
    until_recorded(&server, 200);
    let found = found(&server, &key, "", 1_000);
    let of = |name: &str| found.iter().filter(|one| one["messageId"].as_str().unwrap().starts_with(name)).count();
    assert_eq!((of("before-"), of("after-")), (200, 200));
    assert!(of("last-") <= 200);
    let page = server.ask(&key, "GET", "/v1/decisions?size=1", None).expect(200).json();
    assert_eq!(page.get("faults"), None, "the log ends at a whole frame");
    assert_eq!(server.end(), Some(0));
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn what_was_recorded_before_an_end_in_order_is_there_after_it() {
    let data = folder("restart");
    let mut key = String::new();
    for turn in 0..3 {
        let server = recording(&data, "");
        if let Some(first) = &server.first_key {
            key.clone_from(first);
        }
        decide(&server, &key, &[message("shop", &format!("m{turn}"))]);
        // Without waiting for the writer: the end does.
        assert_eq!(server.end(), Some(0));
    }
    let server = recording(&data, "");
    assert_eq!(ids(&found(&server, &key, "", 100)), ["m2", "m1", "m0"]);
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn the_oldest_segments_are_removed_where_the_log_has_as_many_bytes_as_it_may() {
    let data = folder("retention");
    let server = recording(&data, "segment_bytes = 65536\nkeep_bytes = 200000");
    let key = server.key().to_owned();
    let bytes = || {
        let files = std::fs::read_dir(data.join("log")).unwrap().map_while(Result::ok);
        files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum::<u64>()
    };
    let mut sent = 0;
    let mut send = || {
        let batch: Vec<Value> = (0..1_000).map(|number| message("shop", &format!("{sent}-{number}"))).collect();
        decide(&server, &key, &batch);
        sent += 1;
        until_recorded(&server, 1_000 * sent);
        found(&server, &key, "&messageId=0-0", 1).is_empty()
    };
    assert!(!send(), "it is there at first");
    server.until("the first segment is removed", send);
    server.until_logged("the decision log is as long as it may be");
    // What is written at the moment is beyond it.
    assert!(bytes() < 600_000, "{}", bytes());
    decide(&server, &key, &[message("shop", "last")]);
    server.until("the last one is there", || found(&server, &key, "&messageId=last", 1).len() == 1);
    assert_eq!(metric(&server, "callsign_log_dropped_total"), 0);
    drop(server);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_log_that_another_process_writes_to_or_whose_key_is_none_keeps_the_service_from_starting() {
    let data = folder("first");
    let first = recording(&data, "");
    let other = folder("other");
    let refused = |config: &str| Server::try_at(&other, config, &[]).err().unwrap();
    let log = refused(&config(&data.join("log"), ""));
    assert!(log.contains("the decision log") && log.contains("another process writes to this log"), "{log}");
    let key = other.join("key");
    std::fs::write(&key, "no key").unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let log = refused(&config(&other.join("log"), &format!("key_file = \"{}\"", key.display())));
    assert!(log.contains("the decision log") && log.contains("64 hexadecimal digits"), "{log}");
    drop(first);
    std::fs::remove_dir_all(data).unwrap();
    std::fs::remove_dir_all(other).unwrap();
}
