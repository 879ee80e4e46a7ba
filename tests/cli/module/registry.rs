//! `callsign module push`, `pull` and `list REPOSITORY`, on a real registry.

use std::fs;
use std::process::{Command, Output};

use callsign_tests::modules::{Folder, module};
use callsign_tests::servers::certificates::Authority;
use callsign_tests::servers::hostile_registry::{Answer, HostileRegistry};
use callsign_tests::servers::registry::Registry;
use serde_json::{Value, json};

/// Runs the command in the folder, with the Docker configuration that is there.
fn callsign(folder: &Folder, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
    command.current_dir(folder.path()).env_remove("CALLSIGN_STORE").env("DOCKER_CONFIG", folder.path());
    command.env("CALLSIGN_CACHE", folder.path().join("cache")).arg("module").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn done(folder: &Folder, arguments: &[&str]) -> String {
    let output = callsign(folder, arguments);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{arguments:?}");
    text(&output.stdout)
}

#[track_caller]
fn ends(folder: &Folder, arguments: &[&str], code: i32, words: &str) {
    let output = callsign(folder, arguments);
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(code), String::new()), "{arguments:?}: {said}");
    assert!(said.contains(words), "{arguments:?}: {said}");
}

#[test]
fn components_are_pushed_listed_and_pulled_with_their_signatures() {
    let registry = Registry::start();
    let folder = Folder::new();
    let repository = format!("{}/acme/policy", registry.host());
    for version in ["1.0.0", "1.10.0", "1.9.0"] {
        let file = format!("acme-{version}.wasm");
        fs::write(folder.path().join(&file), module("acme", version)).unwrap();
        let tag = format!("{repository}:{version}");
        let pushed = done(&folder, &["push", &tag, &file, "--plain-http"]);
        assert!(pushed.starts_with("sha256:") && pushed.trim_end().ends_with(&tag), "{pushed}");
    }
    fs::write(folder.path().join("one.minisig"), "untrusted comment: one\n").unwrap();
    fs::write(folder.path().join("two.minisig"), "untrusted comment: two\n").unwrap();
    let latest = format!("{repository}:latest");
    let signed = ["push", &latest, "acme-1.9.0.wasm", "--signature", "one.minisig", "--signature", "two.minisig"];
    let pushed: Value =
        serde_json::from_str(&done(&folder, &[&signed[..], &["--plain-http", "--json"]].concat())).unwrap();
    assert_eq!(pushed["reference"], latest);
    let digest = pushed["digest"].as_str().unwrap();

    let listed = done(&folder, &["list", &repository, "--plain-http"]);
    assert_eq!(listed, "1.0.0   1.0.0\n1.9.0   1.9.0\n1.10.0  1.10.0\nlatest\n");
    let listed: Value = serde_json::from_str(&done(&folder, &["list", &repository, "--plain-http", "--json"])).unwrap();
    assert_eq!(listed["repository"], repository);
    assert_eq!(listed["tags"][2], json!({ "tag": "1.10.0", "version": "1.10.0" }));
    assert_eq!(listed["tags"][3], json!({ "tag": "latest" }));

    let pulled = done(&folder, &["pull", &format!("{repository}:1.10.0"), "--plain-http"]);
    assert!(pulled.trim_end().ends_with("acme@1.10.0"), "{pulled}");
    assert_eq!(done(&folder, &["list"]).lines().count(), 1, "it is in the store");
    let by_digest = format!("{repository}@{digest}");
    let json: Value = serde_json::from_str(&done(&folder, &["pull", &by_digest, "--plain-http", "--json"])).unwrap();
    assert_eq!(
        (&json["module"]["version"], &json["digest"], &json["signatures"]),
        (&json!("1.9.0"), &json!(digest), &json!(2))
    );
    done(&folder, &["pull", &by_digest, "--plain-http", "--out", "pulled.wasm"]);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("pulled.wasm"), module("acme", "1.9.0"));
    assert_eq!(read("pulled.wasm.minisig"), b"untrusted comment: one\n");
    assert_eq!(read("pulled.wasm.2.minisig"), b"untrusted comment: two\n");
}

#[test]
fn a_registry_with_tls_and_a_login_takes_the_ones_of_docker() {
    let authority = Authority::new();
    let registry = Registry::with(Some(&authority.sign(&["127.0.0.1"])), true);
    let folder = Folder::new();
    fs::write(folder.path().join("acme.wasm"), module("acme", "1.0.0")).unwrap();
    let tag = format!("{}/acme/policy:1.0.0", registry.host());
    let ca = authority.certificate.to_str().unwrap();
    ends(&folder, &["push", &tag, "acme.wasm", "--ca-file", ca], 2, "docker login");
    let config = folder.path().join("config.json");
    // callsign:secret.
    fs::write(&config, json!({ "auths": { registry.host(): { "auth": "Y2FsbHNpZ246c2VjcmV0" } } }).to_string())
        .unwrap();
    fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    done(&folder, &["push", &tag, "acme.wasm", "--ca-file", ca]);
    done(&folder, &["pull", &tag, "--ca-file", ca]);
    ends(&folder, &["pull", &tag], 3, "certificate");
}

#[test]
fn what_cannot_be_pushed_or_pulled_is_said_with_what_to_do() {
    let folder = Folder::new();
    fs::write(folder.path().join("acme.wasm"), module("acme", "1.0.0")).unwrap();
    fs::write(folder.path().join("text"), "text").unwrap();
    fs::write(folder.path().join("long.minisig"), "x".repeat(4_097)).unwrap();
    let index = HostileRegistry::start(|_| {
        Answer::new(200, &[("Content-Type", "application/vnd.oci.image.index.v1+json")], "{}")
    });
    let host = index.host();
    let tag = |tag: &str| format!("{host}/acme/policy:{tag}");
    ends(
        &folder,
        &["push", &tag("1.1.0"), "acme.wasm", "--plain-http"],
        2,
        "the tag says 1.1.0, and acme.wasm has 1.0.0",
    );
    ends(&folder, &["push", &tag("1.0.0"), "text", "--plain-http"], 2, "not a WebAssembly component");
    ends(&folder, &["push", &tag("1.0.0"), "missing.wasm"], 2, "missing.wasm");
    ends(&folder, &["push", &tag("1.0.0"), "acme.wasm", "--signature", "long.minisig"], 2, "more than 4096 bytes");
    ends(&folder, &["push", "acme/policy:1.0.0", "acme.wasm"], 2, "begins with the host of its registry");
    ends(&folder, &["pull", "registry.example/acme/policy"], 2, "says no version");
    ends(&folder, &["pull", "registry.example/acme/policy:1", "--plain-http"], 2, "no loopback address");
    ends(&folder, &["list", "registry.example/acme/policy:1.0.0"], 2, "without a tag");
    assert!(index.requests().is_empty(), "none of it came to the registry: {:?}", index.requests());
    ends(&folder, &["pull", &tag("1.0.0"), "--plain-http"], 2, "the manifest is an index");
    let away = HostileRegistry::start(|_| Answer::new(503, &[("Retry-After", "3600")], ""));
    ends(&folder, &["list", &format!("{}/acme/policy", away.host()), "--plain-http"], 3, "503");
    assert!(!folder.path().join("callsign-modules").exists(), "nothing was taken");
}
