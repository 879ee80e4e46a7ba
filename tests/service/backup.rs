//! Backups of a running service, and what is refused.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use callsign_tests::reference::Rng;
use callsign_tests::service::{Server, command, folder};
use callsign_tests::stops::Stops;

use crate::policies::{always, catalog, upload};

/// Runs `callsign COMMAND DIR` on a data folder.
fn run(command_name: &str, backup: &Path, data: &Path) -> Output {
    command().arg(command_name).arg(backup).env("CALLSIGN_SERVE_DATA", data).output().unwrap()
}

#[track_caller]
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Exit code 2, with words.
#[track_caller]
fn is_refused(output: &Output, words: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
}

/// A service with applications, senders, and a policy that is bound.
fn server_at(data: &Path) -> Server {
    let file = catalog();
    let server = Server::at(data, "", &["--catalog", file.to_str().unwrap()]);
    upload(&server, server.key(), &always("acme", "1.0.0", 1));
    let settings = json!({ "text": "x".repeat(5_000) });
    let policy = json!({ "module": "acme@1.0.0", "settings": settings });
    server.put("/v1/binding?applicationId=shop", &policy).expect(200);
    server
}

fn pin(server: &Server, key: &str, number: usize) -> bool {
    let to = format!("+1415555{number:04}");
    let body = json!({ "applicationId": "shop", "channel": "SMS", "to": to, "senderId": "S1", "idleDays": 90 });
    let header = format!("App {key}");
    let sent = server.try_send(&[("authorization", &header)], "PUT", "/v1/pins", Some(body.to_string().as_bytes()));
    sent.is_ok_and(|reply| reply.status < 300)
}

/// What the API shows, to compare.
fn everything(server: &Server, key: &str) -> Value {
    let get = |path: &str| server.ask(key, "GET", path, None).expect(200).json();
    json!({
        "audit": get("/v1/audit?size=1000"), "senders": get("/v1/senders?size=1000"), "modules": get("/v1/modules"),
        "bindings": get("/v1/bindings"), "keys": get("/v1/keys"), "pins": get("/v1/pins/list?applicationId=shop&size=1000"),
        "applications": get("/provisioning/1/applications?size=1000"),
    })
}

/// A folder beside a data folder of its own.
fn around(name: &str) -> (PathBuf, PathBuf) {
    let around = folder(name);
    (around.join("backup"), around.join("data"))
}

#[test]
fn a_backup_of_a_running_service_has_everything_and_is_restored_as_it_was() {
    let (backup, restored) = around("backup");
    let data = folder("backed-up");
    let server = server_at(&data);
    let key = server.key().to_owned();
    for number in 0..20 {
        assert!(pin(&server, &key, number));
    }
    let before = everything(&server, &key);
    let revision = before["audit"]["results"][0]["revision"].as_u64().unwrap();
    let said = done(&run("backup", &backup, &data));
    assert!(said.starts_with(&format!("revision {revision} and 20 pins are in ")), "{said}");
    // What comes later is not in it.
    server.post("/provisioning/1/applications", &json!({ "applicationId": "later" })).expect(201);
    assert!(pin(&server, &key, 100));

    is_refused(&run("backup", &backup, &data), &["is there already"]);
    is_refused(&run("restore", &backup, &data), &["a service uses the data folder"]);
    done(&run("restore", &backup, &restored));
    is_refused(&run("restore", &backup, &restored), &["is there already", "without a platform"]);
    let again = Server::at(&restored, "", &[]);
    assert_eq!(again.first_key, None);
    assert_eq!(everything(&again, &key), before);
    // Recipients are hashed with the key of the backup, so a pin is found by its number too.
    let found =
        again.ask(&key, "GET", "/v1/pins?applicationId=shop&channel=SMS&to=%2B14155550007", None).expect(200).json();
    assert_eq!(found["senderId"], "S1", "{found}");
    assert_eq!(again.end(), Some(0));
    assert_eq!(server.end(), Some(0));
    // While no service runs, a backup is made of what is there.
    let cold = backup.with_file_name("cold");
    done(&run("backup", &cold, &restored));
    let _ = std::fs::remove_dir_all(data);
    let _ = std::fs::remove_dir_all(backup.parent().unwrap());
}

#[test]
fn a_backup_that_is_not_whole_is_refused_before_anything_is_made() {
    let (backup, restored) = around("damaged");
    let data = folder("to-damage");
    let server = Server::at(&data, "", &[]);
    done(&run("backup", &backup, &data));
    let manifest = std::fs::read(backup.join("manifest.json")).unwrap();
    for name in ["catalog.sqlite", "pins.jsonl", "recipients.key"] {
        let sound = std::fs::read(backup.join(name)).unwrap();
        let mut damaged = sound.clone();
        match damaged.last_mut() {
            Some(last) => *last ^= 1,
            None => damaged.push(b'\n'),
        }
        std::fs::write(backup.join(name), damaged).unwrap();
        is_refused(&run("restore", &backup, &restored), &["not a whole backup", name]);
        std::fs::remove_file(backup.join(name)).unwrap();
        is_refused(&run("restore", &backup, &restored), &["not a whole backup", name]);
        std::fs::write(backup.join(name), sound).unwrap();
    }
    std::fs::remove_file(backup.join("manifest.json")).unwrap();
    is_refused(&run("restore", &backup, &restored), &["not a whole backup", "manifest.json"]);
    let newer = String::from_utf8(manifest.clone()).unwrap().replace("\"format\": 1", "\"format\": 2");
    std::fs::write(backup.join("manifest.json"), newer).unwrap();
    is_refused(&run("restore", &backup, &restored), &["its format is 2"]);
    assert!(!restored.exists());
    std::fs::write(backup.join("manifest.json"), manifest).unwrap();
    done(&run("restore", &backup, &restored));
    drop(server);
    let _ = std::fs::remove_dir_all(data);
    let _ = std::fs::remove_dir_all(backup.parent().unwrap());
}

#[test]
fn a_copy_of_the_database_without_its_log_is_refused() {
    let (data, copied) = (folder("copied-from"), folder("copied-to"));
    let server = Server::at(&data, "", &[]);
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    let copy = |name: &str| std::fs::copy(data.join(name), copied.join(name)).unwrap();
    std::fs::set_permissions(&copied, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    copy("catalog.sqlite");
    let log = Server::try_at(&copied, "", &[]).err().expect("it does not start");
    assert!(log.contains("lacks its log catalog.sqlite-wal"), "{log}");
    let listed = command().args(["key", "list"]).env("CALLSIGN_SERVE_DATA", &copied).output().unwrap();
    assert!(!listed.status.success());
    // With its log it is whole.
    copy("catalog.sqlite-wal");
    let key = server.key().to_owned();
    let again = Server::at(&copied, "", &[]);
    again.ask(&key, "GET", "/provisioning/1/applications/shop", None).expect(200);
    // After a crash, and a command that closes the database as the last one, it starts.
    again.kill();
    done(&command().args(["key", "list"]).env("CALLSIGN_SERVE_DATA", &copied).output().unwrap());
    let again = Server::at(&copied, "", &[]);
    again.ask(&key, "GET", "/provisioning/1/applications/shop", None).expect(200);
    // After an end in order the file alone is whole.
    assert_eq!(again.end(), Some(0));
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(copied.join(format!("catalog.sqlite{ending}")));
    }
    let again = Server::at(&copied, "", &[]);
    again.ask(&key, "GET", "/provisioning/1/applications/shop", None).expect(200);
    drop((server, again));
    let _ = std::fs::remove_dir_all(data);
    let _ = std::fs::remove_dir_all(copied);
}

#[test]
fn a_command_in_a_folder_without_a_platform_says_so_and_makes_nothing() {
    let empty = folder("nothing");
    for arguments in [&["key", "list"][..], &["key", "revoke", "x"], &["backup", "b"]] {
        let output = command().args(arguments).current_dir(&empty).env("CALLSIGN_SERVE_DATA", "d").output().unwrap();
        is_refused(&output, &["there is no platform in d/catalog.sqlite", "--config"]);
        assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
    }
    std::fs::remove_dir(empty).unwrap();
}

#[test]
fn a_restore_that_ended_at_its_last_step_is_made_again() {
    let (backup, restored) = around("last-step");
    let data = folder("last-step-of");
    let server = Server::at(&data, "", &[]);
    done(&run("backup", &backup, &data));
    done(&run("restore", &backup, &restored));
    // As it is after a kill between the last two steps.
    std::fs::write(restored.join("restoring"), "").unwrap();
    let log = Server::try_at(&restored, "", &[]).err().expect("it does not start");
    assert!(log.contains("run `callsign restore` again"), "{log}");
    done(&run("restore", &backup, &restored));
    let again = Server::at(&restored, "", &[]);
    again.ask(server.key(), "GET", "/v1/keys", None).expect(200);
    drop((server, again));
    let _ = std::fs::remove_dir_all(data);
    let _ = std::fs::remove_dir_all(backup.parent().unwrap());
}

/// Kills `callsign COMMAND DIR` after a while.
fn run_and_kill(command_name: &str, backup: &Path, data: &Path, after: Duration) -> bool {
    let mut child = command()
        .arg(command_name)
        .arg(backup)
        .env("CALLSIGN_SERVE_DATA", data)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // The moment of the kill is what this is about, and it may be any.
    std::thread::sleep(after);
    let _ = child.kill();
    child.wait().unwrap().success()
}

#[test]
fn under_load_and_kills_a_backup_is_whole_or_refused_and_a_restore_is_done_or_done_again() {
    const SEED: u64 = 23;
    let mut rng = Rng::new(SEED);
    let (first, _) = around("under-load");
    let around = first.parent().unwrap();
    let data = folder("loaded");
    let server = server_at(&data);
    let key = server.key().to_owned();
    let (end, made, pinned) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let _stops = Stops(&end);
        scope.spawn(|| {
            while !end.load(Ordering::Relaxed) {
                let id = format!("app-{}", made.load(Ordering::Relaxed) + 1);
                server.post("/provisioning/1/applications", &json!({ "applicationId": id })).expect(201);
                made.fetch_add(1, Ordering::Relaxed);
            }
        });
        scope.spawn(|| {
            while !end.load(Ordering::Relaxed) && pinned.load(Ordering::Relaxed) < 9_999 {
                assert!(pin(&server, &key, pinned.load(Ordering::Relaxed) + 1));
                pinned.fetch_add(1, Ordering::Relaxed);
            }
        });
        for round in 0..8 {
            let backup = around.join(format!("b{round}"));
            let known = (made.load(Ordering::Relaxed), pinned.load(Ordering::Relaxed));
            let pause = Duration::from_micros(rng.below(60_000) as u64);
            // Every other one is left alone.
            let whole = match round % 2 {
                0 => run_and_kill("backup", &backup, &data, pause),
                _ => done(&run("backup", &backup, &data)).contains("revision"),
            };
            let restored = around.join(format!("d{round}"));
            if !whole && !backup.join("manifest.json").exists() {
                if backup.exists() {
                    is_refused(&run("restore", &backup, &restored), &["not a whole backup"]);
                }
                assert!(!restored.exists(), "seed {SEED}, round {round}");
                continue;
            }
            // Killed at any moment, it does not start, or it was done.
            for _ in 0..3 {
                let pause = Duration::from_micros(rng.below(40_000) as u64);
                run_and_kill("restore", &backup, &restored, pause);
                if restored.join("restoring").exists() {
                    let log = Server::try_at(&restored, "", &[]).err().expect("it does not start");
                    assert!(log.contains("run `callsign restore` again"), "{log}");
                }
            }
            if restored.join("restoring").exists() || !restored.join("catalog.sqlite").exists() {
                done(&run("restore", &backup, &restored));
            }
            let again = Server::at(&restored, "", &[]);
            for number in [1, known.0 / 2, known.0].into_iter().filter(|number| (1..=known.0).contains(number)) {
                again.ask(&key, "GET", &format!("/provisioning/1/applications/app-{number}"), None).expect(200);
            }
            for number in [1, known.1 / 2, known.1].into_iter().filter(|number| (1..=known.1).contains(number)) {
                let path = format!("/v1/pins?applicationId=shop&channel=SMS&to=%2B1415555{number:04}");
                again.ask(&key, "GET", &path, None).expect(200);
            }
        }
    });
    assert_eq!(server.end(), Some(0));
    let _ = std::fs::remove_dir_all(data);
    let _ = std::fs::remove_dir_all(around);
}
