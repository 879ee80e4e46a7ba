//! A configuration that is wrong does not tell the passwords in it.

use std::process::{Command, Output};

use super::world::beside_others;
use callsign_tests::service::folder;

/// The password.
const CANARY: &str = "tropical-canary-7";

fn callsign(config: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (Output, Vec<String>) {
    let folder = folder("secrets");
    let file = folder.join("callsign.toml");
    std::fs::write(&file, config).unwrap();
    // A file that holds a password is for its owner alone.
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_callsign"))
        .current_dir(&folder)
        .args(arguments)
        .env("CALLSIGN_SERVE_LISTEN_ADDRESS", "127.0.0.1:0")
        .env("CALLSIGN_SERVE_DATA", folder.join("data"))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let mut names = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            names.push(entry.path().display().to_string());
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            }
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
    (output, names)
}

/// It is refused, and neither the words nor the name of any file have the password.
#[track_caller]
fn keeps_the_secret(config: &str, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let (output, names) = callsign(config, arguments, variables);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains(CANARY), "{config}: {said}");
    assert!(!names.iter().any(|name| name.contains("canary")), "{config}: {names:?}");
    assert_ne!(output.status.code(), Some(0), "{config}: {said}");
    said
}

const SERVE: [&str; 3] = ["serve", "--config", "callsign.toml"];

/// Addresses with the password, each of which is wrong in its way: nobody listens there, no scheme, no port, no address.
fn wrong() -> Vec<String> {
    vec![
        format!("mysql://me:{CANARY}@127.0.0.1:1/db"),
        format!("{CANARY}://127.0.0.1"),
        format!("postgres://me:{CANARY}@127.0.0.1:1/db"),
        format!("postgres://me:{CANARY}@127.0.0.1:port/db"),
        format!("postgres://127.0.0.1:1/db?password={CANARY}&sslmode=perhaps"),
        format!("host=127.0.0.1 port=1 user=me password={CANARY} dbname=x"),
        format!("redis://:pass,{CANARY}@127.0.0.1:1"),
        format!("redis://me:{CANARY}@127.0.0.1:port"),
    ]
}

#[test]
fn a_wrong_line_of_a_configuration_is_not_repeated_where_it_has_a_password() {
    let _turn = beside_others();
    for config in [
        format!("[catalog]\nstore = \"postgres://me:{CANARY}@db/x\n"),
        format!("[catalog]\nstore = postgres://me:{CANARY}@db/x\n"),
        format!("[catalog]\nstores = \"postgres://me:{CANARY}@db/x\"\n"),
        format!("[catalog]\nstore = [\"postgres://me:{CANARY}@db/x\"]\n"),
        format!("catalog = \"postgres://me:{CANARY}@db/x\"\n"),
        format!("[sticky]\nstore = \"redis://:{CANARY}@db\" x\n"),
    ] {
        let said = keeps_the_secret(&config, &SERVE, &[]);
        assert!(said.contains("line"), "where it is: {said}");
    }
}

#[test]
fn an_address_that_cannot_be_used_is_told_without_its_password() {
    let _turn = beside_others();
    for address in wrong() {
        keeps_the_secret(&format!("[catalog]\nstore = \"{address}\"\n"), &SERVE, &[]);
        keeps_the_secret("", &SERVE, &[("CALLSIGN_SERVE_CATALOG_STORE", &address)]);
        keeps_the_secret(&format!("[sticky]\nstore = \"{address}\"\n"), &SERVE, &[]);
        keeps_the_secret("", &["sticky", "get", "--sticky", &address, "--to", "+14155550123"], &[]);
    }
}

#[test]
fn a_configuration_is_printed_without_its_passwords() {
    let _turn = beside_others();
    for address in [
        format!("postgres://me:{CANARY}@db/x"),
        format!("postgres://db/x?user=me&password={CANARY}"),
        format!("redis://:{CANARY}@db:6379"),
        format!("redis://:a,{CANARY}@db:6379"),
    ] {
        for section in ["catalog", "sticky"] {
            let config = format!("[{section}]\nstore = \"{address}\"\n");
            let (output, _) = callsign(&config, &["serve", "--config", "callsign.toml", "--print-config"], &[]);
            let said =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(!said.contains(CANARY), "{said}");
        }
    }
}
