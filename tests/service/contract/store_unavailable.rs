//! A store that cannot be written: an error that may be tried again, while what is read and decided goes on.
//!
//! A lock that others may read under is held on the file that SQLite coordinates its writers with. To the service that
//! is another connection which writes and does not end.

use std::fs::File;

use rustix::fs::{FlockOperation, fcntl_lock};
use serde_json::json;

use super::{fault, rows, world};
use callsign_tests::service::Server;

/// Nobody writes as long as this is there.
pub(crate) struct Locked {
    _file: File,
}

pub(crate) fn lock(server: &Server) -> Locked {
    let file = File::open(server.data.join("catalog.sqlite-shm")).unwrap();
    server.until("no write is under way", || fcntl_lock(&file, FlockOperation::NonBlockingLockShared).is_ok());
    Locked { _file: file }
}

#[test]
fn a_store_that_does_not_take_a_change_is_500_as_the_contract_has_it_and_503_elsewhere() {
    let server = world::server();
    let locked = lock(&server);
    let (path, body) = ("/provisioning/2/sending-strategies", json!({}));
    let reply = server.post(path, &body);
    assert_eq!(fault::check(path, &reply, 500), []);
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
    let own = server.post("/v1/strategies", &json!({ "platform": { "applicationId": "default" } })).expect(503);
    assert!(own.header("retry-after").is_some(), "{own:?}");
    server.get(path).expect(200);
    server.post("/v1/decisions", &json!({ "channel": "SMS", "to": "+14155550123" })).expect(200);
    drop(locked);
    server.until("it is writable again", || server.post(path, &body).status == 201);
}

#[test]
fn every_row_that_changes_something_is_503_where_it_cannot_be_done_in_time() {
    // What is there is so from the start: a change may take longer than a second on a busy machine.
    let mut catalog = world::catalog();
    catalog["applications"].as_array_mut().unwrap().push(json!({ "applicationId": "there" }));
    catalog["entities"].as_array_mut().unwrap().push(json!({ "entityId": "there" }));
    let server = world::of(&catalog, "[limits]\nrequest_seconds = 1");
    let locked = lock(&server);
    std::thread::scope(|scope| {
        for mut row in rows::all().into_iter().filter(rows::Row::writes) {
            row.path = match (row.method, row.path) {
                ("PUT" | "DELETE", "/provisioning/1/applications/new") => "/provisioning/1/applications/there",
                ("PUT" | "DELETE", "/provisioning/1/entities/new") => "/provisioning/1/entities/there",
                ("DELETE", "/provisioning/1/associations") => {
                    row.body = Some(world::association(&json!(null), "LONG"));
                    row.path
                }
                (_, path) => path,
            };
            let server = &server;
            scope.spawn(move || {
                let reply = row.ask(server, server.key());
                assert_eq!(fault::check(row.path, &reply, 503), []);
                assert!(reply.header("retry-after").is_some(), "{reply:?}");
            });
        }
        // What is read is answered meanwhile, if a busy machine has time for it within a second.
        for row in rows::all().iter().filter(|row| !row.writes() && !row.path.contains("new")) {
            if row.path.contains("single") {
                continue;
            }
            server.until("it is read", || row.ask(&server, server.key()).status == 200);
        }
    });
    drop(locked);
    let path = "/provisioning/1/applications";
    server.until("it is writable again", || server.post(path, &json!({ "applicationId": "after" })).status == 409);
}
