//! Passwords: a canary goes in by every door, and comes out by none.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::servers::redis::{Cluster, Setup};
use callsign_tests::service::{Server, folder};

const CANARY: &str = "c4n4ry";

/// A level with all that is near a password; the compiler's lines would take a minute.
const EVERYTHING: &str = "info,callsign=trace,callsign_service=trace,callsign_sticky=trace,tokio_postgres=trace,\
                          deadpool=trace,redis=trace,rustls=trace,hyper=trace,axum=trace,tower=trace";

/// Texts that are meant as addresses, most of them with a mistake.
const ADDRESSES: [&str; 22] = [
    "postgres://me:c4n4ry@127.0.0.1:1/x",
    "postgres://me:c4n4ry@127.0.0.1:port/x",
    "postgres://me:c4n4ry@127.0.0.1:1/x?sslmode=c4n4ry",
    "postgres://me:c4n4ry@127.0.0.1:1/x?c4n4ry=1",
    "postgres://me:c4n4ry@127.0.0.1:1/x?sslmode=verify-full&sslrootcert=/nowhere",
    "postgres://me:c4n@c4n4ry@127.0.0.1:1/x",
    "postgres:me:c4n4ry@127.0.0.1:1/x",
    "mysql://me:c4n4ry@127.0.0.1:1/x",
    "c4n4ry://127.0.0.1",
    "me:c4n4ry@127.0.0.1:1/x",
    "host=127.0.0.1 port=1 user=me password=c4n4ry",
    "host=127.0.0.1 port=1 user=me passwort=c4n4ry",
    "password=c4n4ry",
    "dbname=x password='c4n4ry",
    "redis://:c4n4ry@127.0.0.1:1",
    "redis://:c4,n4ry,c4n4ry@127.0.0.1:1",
    "redis://:c4n4ry@127.0.0.1:1,:c4n4ry@127.0.0.1:2",
    "redis://:c4n4ry@127.0.0.1:1/7",
    "redis:c4n4ry",
    "rediss://:c4n4ry@127.0.0.1:1",
    "rediss://:c4n4ry@127.0.0.1:1?sslmode=c4n4ry",
    "c4n4ry@127.0.0.1",
];

/// What a process printed, once it is known that it failed and that the canary is not in it.
#[track_caller]
fn keeps_it(output: &Output, what: &str) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    assert!(matches!(output.status.code(), Some(2 | 3)), "{what}: {text}");
    assert!(!text.contains(CANARY), "{what}: {text}");
    text
}

fn callsign(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
    command.current_dir(folder).env("CALLSIGN_SERVE_LISTEN_ADDRESS", "127.0.0.1:0").env("CALLSIGN_SERVE_DATA", "data");
    command
}

/// Writes a configuration that nobody else can read.
fn write(folder: &Path, text: &str) {
    let file = folder.join("callsign.toml");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// What there is in a folder and below it.
fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        names.push(entry.file_name().to_string_lossy().into_owned());
        if entry.file_type().unwrap().is_dir() {
            names.extend(self::names(&entry.path()));
        }
    }
    names
}

#[test]
fn no_address_is_repeated_wherever_it_is_given() {
    for address in ADDRESSES {
        let folder = folder("secrets");
        for section in ["catalog", "sticky"] {
            write(&folder, &format!("[{section}]\nstore = {address:?}\n"));
            let output = callsign(&folder).args(["serve", "--config", "callsign.toml"]).output().unwrap();
            keeps_it(&output, &format!("{section} in a file: {address}"));
            let name = format!("CALLSIGN_SERVE_{}_STORE", section.to_uppercase());
            let output = callsign(&folder).arg("serve").env(name, address).output().unwrap();
            keeps_it(&output, &format!("{section} in the environment: {address}"));
        }
        let output = callsign(&folder).args(["key", "list"]).env("CALLSIGN_SERVE_CATALOG_STORE", address).output();
        keeps_it(&output.unwrap(), &format!("keys: {address}"));
        let output = callsign(&folder).args(["sticky", "stats", "--sticky", address]).output().unwrap();
        keeps_it(&output, &format!("--sticky: {address}"));
        let output = callsign(&folder)
            .args(["sticky", "pin", "--application", "a", "--to", "+14155550123", "--sender", "N1"])
            .env("CALLSIGN_STICKY", address)
            .output()
            .unwrap();
        keeps_it(&output, &format!("CALLSIGN_STICKY: {address}"));
        // No file is named after an address.
        let left = names(&folder);
        assert!(!left.iter().any(|name| name.contains("c4n4ry") || name.contains("host")), "{address}: {left:?}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_configuration_that_is_wrong_somewhere_else_is_not_repeated() {
    let folder = folder("secrets");
    let address = "postgres://me:c4n4ry@127.0.0.1:1/x";
    for (text, place) in [
        (format!("catalog = {address:?}"), "line 1"),
        (format!("[catalog]\nshop = {address:?}"), "line 2"),
        (format!("[catalog]\nstore = {address}"), "line 2"),
        (format!("[catalog]\nstore = \"{address}"), "line 2"),
        (format!("[catalog]\nstore = [{address:?}]"), "line 2"),
        (format!("[catalog]\n{address:?} = 1"), "line 2"),
        (format!("[{address:?}]\nx = 1"), "line 1"),
        (format!("{address:?}"), "line 1"),
        (format!("[limits]\nrequests = {address:?}"), "line 2"),
        (format!("[log]\nformat = {address:?}"), "line 2"),
        (format!("[log]\nformat = \"{address}, expected c\""), "line 2"),
        (format!("[log]\nlevel = \"{address}=x=y\""), "log.level"),
        (format!("[listen]\naddress = {address:?}"), "line 2"),
        (format!("[catalog]\nstore = {address:?}\n[limits]\nrequests = 0"), "limits.requests"),
        (format!("[catalog]\nstore = {address:?}\nstore = {address:?}"), "line 3"),
    ] {
        write(&folder, &text);
        let output = callsign(&folder).args(["serve", "--config", "callsign.toml"]).output().unwrap();
        let said = keeps_it(&output, &text);
        assert!(said.contains(place), "{text}: {said}");
    }
    for name in ["LISTEN_ADDRESS", "LIMITS_REQUESTS", "LOG_FORMAT", "LOG_LEVEL", "CATALOG", "STORE"] {
        let name = format!("CALLSIGN_SERVE_{name}");
        let output = callsign(&folder).arg("serve").env(&name, format!("{address}=x")).output().unwrap();
        keeps_it(&output, &name);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_printed_of_a_configuration_has_no_password() {
    let folder = folder("secrets");
    for (address, shown) in [
        ("postgres://me:c4n4ry@db/x?sslmode=verify-full", "postgres://me:***@db/x?sslmode=verify-full"),
        ("host=db user=me password=c4n4ry", "postgres://me:***@db"),
        ("redis://:c4n4ry@one,two", "redis://:***@one:6379,two:6379"),
    ] {
        let output = callsign(&folder)
            .args(["serve", "--print-config"])
            .env("CALLSIGN_SERVE_STICKY_STORE", address)
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && printed.contains(shown) && !printed.contains(CANARY), "{printed}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_login_that_is_refused_is_not_repeated() {
    let folder = folder("secrets");
    let database = Database::start();
    let cluster = Cluster::start(Setup { masters: 1, replicas: 0, password: Some("right"), ..Setup::default() });
    let postgres = database.address().replace("not-a-secret", CANARY);
    let redis = cluster.address().replace("right", CANARY);
    for (section, address) in [("CATALOG", &postgres), ("STICKY", &postgres), ("STICKY", &redis)] {
        let output = callsign(&folder).arg("serve").env(format!("CALLSIGN_SERVE_{section}_STORE"), address).output();
        let said = keeps_it(&output.unwrap(), address);
        assert!(said.contains("127.0.0.1"), "{said}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_service_that_runs_shows_its_passwords_nowhere() {
    let database = Database::start();
    let cluster = Cluster::start(Setup { masters: 1, replicas: 0, password: Some("h1dd3n"), ..Setup::default() });
    let config = format!(
        "[catalog]\nstore = {:?}\n[sticky]\nstore = {:?}\n[log]\nlevel = {EVERYTHING:?}",
        database.address(),
        cluster.address()
    );
    let server = Server::with(&config);
    server.get("/v1/keys").expect(200);
    let metrics = server.get("/metrics").expect(200).text;
    database.stop();
    server.until("the database is missed", || server.get("/readyz").status == 503);
    let ready = server.get("/readyz").text;
    for text in [metrics, ready, server.log()] {
        for secret in ["not-a-secret", "h1dd3n", server.key()] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
    assert!(server.log().contains("TRACE"), "the log has everything");
}

#[test]
fn a_configuration_with_a_password_that_others_can_read_is_refused() {
    let folder = folder("secrets");
    let file = folder.join("callsign.toml");
    let run = |text: &str, mode: u32| {
        write(&folder, text);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        callsign(&folder).args(["serve", "--print-config", "--config", "callsign.toml"]).output().unwrap()
    };
    let with = format!("[catalog]\nstore = \"postgres://me:{CANARY}@db/x\"");
    let said = keeps_it(&run(&with, 0o644), "open to others");
    assert!(said.contains("has a password") && said.contains("chmod 600 callsign.toml"), "{said}");
    assert!(run(&with, 0o600).status.success());
    assert!(run("[catalog]\nstore = \"postgres://me@db/x\"", 0o644).status.success());
    std::fs::remove_dir_all(folder).unwrap();
}
