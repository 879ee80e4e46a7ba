//! Signing and verifying components, and what is said of how they came to be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use callsign_signature::{SecretKey, Signature};
use serde_json::{Value, json};

use callsign_tests::modules::{Folder, module};

/// The secret key of `host/signature/tests/tool`, which the tool `minisign` has made, with the password `of a test`.
const PROTECTED: &str = include_str!("../../../host/signature/tests/tool/protected.key");

const TOOL: &str = "RWT8dvK1lw+VzguyZ6sokWzZo+HhVSAeSaYr2bqOy4WN37qzaQmLkCtF";

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn run(folder: &Folder, arguments: &[&str], password: Option<&str>) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
    command.current_dir(folder.path()).env_remove("CALLSIGN_SIGN_PASSWORD").stdin(Stdio::null());
    command.args(["module"]).args(arguments);
    if let Some(password) = password {
        command.env("CALLSIGN_SIGN_PASSWORD", password);
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

#[track_caller]
fn done(folder: &Folder, arguments: &[&str]) -> String {
    let ran = run(folder, arguments, None);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{arguments:?}: {}", ran.out);
    ran.out
}

/// Writes a file with a mode.
fn write(folder: &Folder, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    path
}

/// A folder with `acme.wasm`, a key without a password and its public one.
fn folder() -> (Folder, SecretKey) {
    let folder = Folder::new();
    fs::write(folder.path().join("acme.wasm"), module("acme", "1.2.0")).unwrap();
    let secret = SecretKey::generate().unwrap();
    write(&folder, "release.key", secret.to_text().unwrap().expose(), 0o600);
    write(&folder, "release.pub", &format!("untrusted comment: x\n{}\n", secret.public_key().as_str()), 0o644);
    (folder, secret)
}

#[test]
fn a_component_is_signed_and_verified() {
    let (folder, secret) = folder();
    let statement = done(&folder, &["statement", "acme.wasm"]);
    assert!(statement.starts_with("callsign module\nname acme\nversion 1.2.0\nsha256 "), "{statement}");
    let id = secret.public_key().id().to_string();
    let said = done(&folder, &["sign", "acme.wasm", "--key", "release.key"]);
    assert_eq!(said, format!("signed acme@1.2.0 with the key {id}: acme.wasm.minisig\n"));
    let said = done(&folder, &["verify", "acme.wasm", "--public-key", "release.pub"]);
    assert_eq!(said, format!("acme@1.2.0 is signed with {id}\n"));
    let verified = done(&folder, &["verify", "acme.wasm", "--public-key", secret.public_key().as_str(), "--json"]);
    let verified: Value = serde_json::from_str(&verified).unwrap();
    assert_eq!((&verified["valid"], &verified["keyIds"]), (&json!(true), &json!([id])));

    let arguments = ["sign", "acme.wasm", "--key", "release.key", "--comment", "of CI", "--out", "other.minisig"];
    let signed = done(&folder, &[&arguments[..], &["--json"]].concat());
    let signed: Value = serde_json::from_str(&signed).unwrap();
    assert_eq!((&signed["keyId"], &signed["comment"]), (&json!(id), &json!("of CI")));
    let text = fs::read_to_string(folder.path().join("other.minisig")).unwrap();
    assert_eq!(Signature::parse(&text).unwrap().comment(), "of CI");
    let both = ["verify", "acme.wasm", "--signature", "acme.wasm.minisig", "--signature", "other.minisig"];
    done(&folder, &[&both[..], &["--public-key", "release.pub"]].concat());
}

#[test]
fn what_does_not_count_has_the_exit_code_1_and_what_is_no_input_2() {
    let (folder, secret) = folder();
    done(&folder, &["sign", "acme.wasm", "--key", "release.key"]);
    fs::write(folder.path().join("other.wasm"), module("acme", "1.3.0")).unwrap();
    fs::write(folder.path().join("none.wasm"), "hello").unwrap();
    fs::write(folder.path().join("empty.minisig"), "").unwrap();
    fs::write(folder.path().join("long.minisig"), "x".repeat(10 << 20)).unwrap();
    let entry =
        |more: &str| format!("[[key]]\nname = \"x\"\npublic_key = \"{}\"\n{more}\n", secret.public_key().as_str());
    write(&folder, "keys.toml", &entry("application = \"shop\""), 0o644);
    write(&folder, "revoked.toml", &entry("revoked = \"2026-01-01T00:00:00Z\""), 0o644);
    write(&folder, "empty.toml", "", 0o644);
    write(&folder, "open.toml", &entry(""), 0o666);
    let other = SecretKey::generate().unwrap();
    for (arguments, code, words) in [
        (
            &["verify", "other.wasm", "--signature", "acme.wasm.minisig", "--public-key", "release.pub"][..],
            1,
            "is not of this key",
        ),
        (&["verify", "acme.wasm", "--public-key", other.public_key().as_str()], 1, "no key has the id"),
        (&["verify", "acme.wasm", "--keys", "keys.toml"], 1, "is of an application"),
        (&["verify", "acme.wasm", "--keys", "keys.toml", "--application", "care"], 1, "is of an application"),
        (&["verify", "acme.wasm", "--keys", "keys.toml", "--application", "shop"], 0, "is signed with"),
        (&["verify", "acme.wasm", "--keys", "revoked.toml"], 1, "is revoked since"),
        (&["verify", "acme.wasm", "--keys", "empty.toml"], 2, "there are no keys in it"),
        (&["verify", "acme.wasm", "--keys", "open.toml"], 2, "is open to other users"),
        (&["verify", "acme.wasm", "--keys", "missing.toml"], 2, "missing.toml"),
        (&["verify", "acme.wasm", "--signature", "empty.minisig", "--public-key", "release.pub"], 2, "is empty"),
        (&["verify", "acme.wasm", "--signature", "long.minisig", "--public-key", "release.pub"], 2, "may have 4096"),
        (&["verify", "other.wasm", "--public-key", "release.pub"], 2, "other.wasm.minisig"),
        (&["verify", "acme.wasm", "--public-key", "missing.pub"], 2, "not a public key"),
        (&["verify", "acme.wasm", "--public-key", "release.key"], 2, "secret key"),
        (&["verify", "acme.wasm"], 2, "--public-key"),
        (&["verify", "none.wasm", "--public-key", "release.pub"], 2, "none.wasm"),
        (&["statement", "none.wasm"], 2, "none.wasm"),
        (&["sign", "none.wasm", "--key", "release.key"], 2, "none.wasm"),
        (&["sign", "acme.wasm", "--key", "release.pub"], 2, "is open to other users"),
        (&["sign", "acme.wasm", "--key", "release.key", "--comment", "a\nb"], 2, "comment"),
        (&["sign", "acme.wasm", "--key", "release.key", "--out", "none/x"], 3, "cannot write"),
    ] {
        let ran = run(&folder, arguments, None);
        assert_eq!(ran.code, code, "{arguments:?}: {} {}", ran.out, ran.err);
        assert!(ran.out.contains(words) || ran.err.contains(words), "{arguments:?}: {} {}", ran.out, ran.err);
    }
}

#[test]
fn a_password_comes_from_a_file_or_a_variable_and_is_never_printed() {
    let (folder, _) = folder();
    write(&folder, "tool.key", PROTECTED, 0o600);
    write(&folder, "password", "of a test\n", 0o600);
    write(&folder, "wrong", "canary\n", 0o600);
    write(&folder, "open", "of a test\n", 0o644);
    let sign = ["sign", "acme.wasm", "--key", "tool.key"];
    let line = PROTECTED.lines().nth(1).unwrap();
    for (more, password, code, words) in [
        (&["--password-file", "password"][..], None, 0, "signed acme@1.2.0"),
        (&[], Some("of a test"), 0, "signed acme@1.2.0"),
        (&["--password-file", "wrong"], None, 2, "the password is wrong"),
        (&[], Some("canary"), 2, "the password is wrong"),
        (&["--password-file", "open"], None, 2, "is open to other users"),
    ] {
        let ran = run(&folder, &[&sign[..], more].concat(), password);
        assert_eq!(ran.code, code, "{more:?}: {} {}", ran.out, ran.err);
        assert!(ran.out.contains(words) || ran.err.contains(words), "{more:?}: {} {}", ran.out, ran.err);
        let printed = ran.out + &ran.err;
        assert!(!printed.contains("canary") && !printed.contains("of a test") && !printed.contains(line), "{printed}");
        if code == 0 {
            done(&folder, &["verify", "acme.wasm", "--public-key", TOOL]);
        }
    }
}

#[test]
fn how_a_component_came_to_be_is_shown() {
    let folder = Folder::new();
    let tools = [("componentize-qjs", "0.4.1"), ("weird\u{1b}[2J", "1")];
    let component = callsign_componentize::stamp(&module("acme", "1.2.0"), "acme", "1.2.0", &tools).unwrap();
    let component = callsign_componentize::stamp_revision(&component, "0123abcd-dirty");
    fs::write(folder.path().join("acme.wasm"), &component).unwrap();
    let ran = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_callsign"))
            .current_dir(folder.path())
            .env("CALLSIGN_CACHE", folder.path().join("cache"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let inspected = ran(&["policy", "inspect", "acme.wasm"]);
    assert!(inspected.contains("\nmade with  componentize-qjs 0.4.1\n"), "{inspected}");
    assert!(inspected.contains("\nrevision   0123abcd-dirty\n") && !inspected.contains('\u{1b}'), "{inspected}");
    let json: Value = serde_json::from_str(&ran(&["policy", "inspect", "acme.wasm", "--json"])).unwrap();
    assert_eq!(json["revision"], "0123abcd-dirty");
    let made: Vec<&Value> = json["tools"].as_array().unwrap().iter().collect();
    assert!(made.contains(&&json!({ "name": "componentize-qjs", "version": "0.4.1" })), "{json}");
    ran(&["module", "add", "acme.wasm"]);
    let shown = ran(&["module", "show", "acme"]);
    assert!(shown.contains("\n  revision   0123abcd-dirty\n"), "{shown}");
    let json: Value = serde_json::from_str(&ran(&["module", "show", "acme", "--json"])).unwrap();
    assert_eq!((&json["name"], &json["revision"]), (&json!("acme"), &json!("0123abcd-dirty")));
}
