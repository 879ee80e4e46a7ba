//! What the service is started with: a file, and the environment above it.

use std::path::PathBuf;
use std::process::{Command, Output};

use callsign_tests::service::folder;

struct Started {
    output: Output,
    folder: PathBuf,
}

impl Started {
    fn said(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }

    fn printed(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    /// Exit 2, with a hint, and these words.
    #[track_caller]
    fn is_refused(&self, words: &[&str]) {
        let said = self.said();
        assert_eq!(self.output.status.code(), Some(2), "{said}");
        assert!(said.contains("--print-config"), "no hint: {said}");
        for word in words {
            assert!(said.contains(word), "no {word:?} in: {said}");
        }
        assert_eq!(self.printed(), "");
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// `callsign serve` with a file, arguments and variables; no service is meant to come of it.
fn serve(config: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Started {
    let folder = folder("config");
    let file = folder.join("callsign.toml");
    std::fs::write(&file, config).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_callsign"))
        .current_dir(&folder)
        .arg("serve")
        .arg("--config")
        .arg(&file)
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    Started { output, folder }
}

const PRINT: &[&str] = &["--print-config"];

#[test]
fn what_is_printed_is_read_again_as_it_is() {
    let own = "data = \"elsewhere\"\n[listen]\naddress = \"[::1]:0\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n[sticky]\nrecipient_key = \"r\"\n[limits]\nwaiting = 0\n[log]\nformat = \"json\"\n";
    for config in ["", own] {
        let first = serve(config, PRINT, &[]);
        assert_eq!(first.output.status.code(), Some(0), "{}", first.said());
        let again = serve(&first.printed(), PRINT, &[]);
        assert_eq!(again.printed(), first.printed());
    }
    let printed = serve(own, PRINT, &[]).printed();
    for line in ["data = \"elsewhere\"", "address = \"[::1]:0\"", "key = \"k.pem\"", "waiting = 0", "format = \"json\""]
    {
        assert!(printed.contains(line), "no {line} in {printed}");
    }
}

#[test]
fn printing_starts_nothing() {
    let printed = serve("", PRINT, &[]);
    let left: Vec<_> = std::fs::read_dir(&printed.folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["callsign.toml"]);
}

#[test]
fn an_unknown_key_is_refused_with_its_place() {
    serve("[limits]\nbodybytes = 5", &[], &[]).is_refused(&["line 2", "bodybytes"]);
    serve("listen_address = \"127.0.0.1:0\"", &[], &[]).is_refused(&["line 1", "listen_address"]);
    serve("[limit]\nrequests = 5", &[], &[]).is_refused(&["limit"]);
    serve("not toml", &[], &[]).is_refused(&["line 1"]);
}

#[test]
fn a_value_of_another_type_or_out_of_its_range_is_refused() {
    serve("[limits]\nrequests = \"many\"", &[], &[]).is_refused(&[
        "line 2, column 12",
        "limits.requests",
        "expected usize",
    ]);
    serve("[limits]\nrequests = -1", &[], &[]).is_refused(&["line 2"]);
    serve("[limits]\nrequests = 0", &[], &[]).is_refused(&["limits.requests"]);
    serve("[limits]\nbodies_bytes = 1", &[], &[]).is_refused(&["limits.bodies_bytes"]);
    serve("[listen]\naddress = \"here\"", &[], &[]).is_refused(&["line 2", "address"]);
    serve("[listen]\nkey = \"k.pem\"", &[], &[]).is_refused(&["listen.certificate"]);
    serve("[tenant]\nbodies_bytes = 1000", &[], &[]).is_refused(&["tenant.bodies_bytes"]);
    serve("[tenant]\ntogether_percent = 101", &[], &[]).is_refused(&["tenant.together_percent"]);
    serve("[tenant]\nentity = 1", &[], &[]).is_refused(&["line 2", "entity"]);
    serve("[policy]\ndeadline_milliseconds = 0", &[], &[]).is_refused(&["policy.deadline_milliseconds is 0"]);
    serve("[policy]\nmemory_bytes = 2000000000", &[], &[]).is_refused(&["policy.memory_bytes", "1073741824"]);
    serve("[limits]\nwrite_seconds = 0", &[], &[]).is_refused(&["limits.write_seconds"]);
    serve("[log]\nformat = \"xml\"", &[], &[]).is_refused(&["line 2", "log.format", "json"]);
    serve("[rate]\nmessages_per_second = 1", &[], &[]).is_refused(&["rate.messages_burst"]);
}

#[test]
fn the_environment_is_above_the_file() {
    let printed =
        serve("[limits]\nrequests = 5\nwaiting = 6", PRINT, &[("CALLSIGN_SERVE_LIMITS_REQUESTS", "7")]).printed();
    assert!(printed.contains("requests = 7") && printed.contains("waiting = 6"), "{printed}");
    let variables = [
        ("CALLSIGN_SERVE_LISTEN_CERTIFICATE", "c.pem"),
        ("CALLSIGN_SERVE_LISTEN_KEY", "k.pem"),
        ("CALLSIGN_SERVE_LISTEN_PROBES", "127.0.0.1:9"),
        ("CALLSIGN_SERVE_TENANT_MESSAGES_PER_SECOND", "77"),
        ("CALLSIGN_SERVE_CATALOG_STORE", "postgres://me:secret@db/x"),
    ];
    let printed = serve("", PRINT, &variables).printed();
    assert!(printed.contains("certificate = \"c.pem\"") && printed.contains("key = \"k.pem\""), "{printed}");
    assert!(printed.contains("probes = \"127.0.0.1:9\"") && printed.contains("messages_per_second = 77"), "{printed}");
    assert!(printed.contains("postgres://me:***@db/x") && !printed.contains("secret"), "{printed}");
}

#[test]
fn a_variable_that_is_not_known_or_not_sound_is_refused_with_its_name() {
    for (name, value) in [
        ("CALLSIGN_SERVE_LIMIT_REQUESTS", "5"),
        ("CALLSIGN_SERVE_LIMITS_REQUEST", "5"),
        ("CALLSIGN_SERVE_LIMITS", "5"),
        ("CALLSIGN_SERVE_", "5"),
        ("CALLSIGN_SERVE_PORT", "8080"),
        ("CALLSIGN_SERVE_LIMITS_REQUESTS", "many"),
        ("CALLSIGN_SERVE_LIMITS_REQUESTS", ""),
        ("CALLSIGN_SERVE_KEY", "x"),
        ("CALLSIGN_SERVE_LIMITS_KEY", "x"),
        ("CALLSIGN_SERVE_LISTEN_ADDRESS", "here"),
        ("CALLSIGN_SERVE_LOG_FORMAT", "xml"),
        ("CALLSIGN_SERVE_LIMITS_REQUESTS", "-1"),
    ] {
        serve("", &[], &[(name, value)]).is_refused(&[name]);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let folder = folder("config");
    let output = Command::new(env!("CARGO_BIN_EXE_callsign"))
        .args(["serve", "--config"])
        .arg(folder.join("none.toml"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("none.toml"), "{said}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_catalog_or_a_level_that_is_none_is_refused() {
    let folder = folder("config");
    let file = folder.join("catalog.json");
    std::fs::write(&file, r#"{"senders": 5}"#).unwrap();
    let address = ("CALLSIGN_SERVE_LISTEN_ADDRESS", "127.0.0.1:0");
    let refused = serve("", &["--catalog", file.to_str().unwrap()], &[address]);
    assert!(refused.output.status.code() == Some(2) && refused.said().contains("senders"), "{}", refused.said());
    let refused = serve("[log]\nlevel = \"x=y=z\"", &[], &[address]);
    assert!(refused.output.status.code() == Some(2) && refused.said().contains("log.level"), "{}", refused.said());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn every_key_is_printed_with_what_it_is_and_its_default() {
    let printed = serve("[limits]\nwaiting = 7", PRINT, &[]).printed();
    assert!(
        printed.contains(
            "# The most requests that wait for their turn. More get 503 at once. Default 1024.\nwaiting = 7\n"
        ),
        "{printed}"
    );
    assert!(printed.contains("\n[policy]\n") && printed.contains("deadline_milliseconds = 200"), "{printed}");
    // One that is not set is there too.
    assert!(printed.contains("Not set by default.\n# recipient_key =\n"), "{printed}");
    let mut before = "";
    for line in printed.lines() {
        let is_key = line.contains(" = ") && !line.starts_with('#');
        assert!(!is_key || before.starts_with("# "), "{line} has no words");
        before = line;
    }
}
