//! Running the program, in a folder of its own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

/// What a run left.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ran {
    /// The lines of the output, as JSON.
    pub(super) fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }

    /// The code of the refusal of each line, empty where there is none.
    pub(super) fn codes(&self) -> Vec<String> {
        self.lines().iter().map(|line| line["refusal"]["code"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// Gives policies a minute. A busy machine may keep a quick one from its core for the 200 ms that it has by default.
pub(super) const PATIENT: (&str, &str) = ("CALLSIGN_POLICY_DEADLINE", "60000");

/// The program, to be given arguments.
pub(super) fn callsign() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
    command.env_remove("NO_COLOR").env(PATIENT.0, PATIENT.1).stdin(Stdio::null());
    command
}

/// Runs the program with some bytes on standard input.
pub(super) fn feed(command: &mut Command, input: &[u8]) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let output = std::thread::scope(|scope| {
        // A program that refuses its arguments does not read.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().expect("the program ends")
    });
    Ran {
        code: output.status.code().expect("no signal"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Runs the program without input.
pub(super) fn run(command: &mut Command) -> Ran {
    feed(command, b"")
}

/// A folder that goes away with its test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("callsign-cli-{}-{number}", std::process::id()));
        // Of a process with the same number that did not come to its end.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// One with `catalog.json` in it.
    pub(super) fn with_catalog() -> Self {
        let folder = Self::new();
        folder.write("catalog.json", catalog().to_string());
        folder
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a file");
        path
    }

    /// The program with this folder as the current one.
    pub(super) fn callsign(&self, arguments: &[&str]) -> Command {
        let mut command = callsign();
        command.current_dir(&self.0).args(arguments);
        command
    }

    /// `callsign resolve --catalog catalog.json` and more.
    pub(super) fn resolve(&self, arguments: &[&str]) -> Command {
        let mut command = self.callsign(&["resolve", "--catalog", "catalog.json"]);
        command.args(arguments);
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The committed copy of the standard policy.
pub(super) fn standard_component() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/component/standard.wasm"))
}

/// Applications `default` and `shop`, entity `acme`, four long numbers and a name for `shop`, two of the numbers for
/// `acme`, strategies with and without stickiness.
pub(super) fn catalog() -> Value {
    let long = |id: &str, number: &str| {
        json!({"senderId": id, "sender": number, "senderType": "VIRTUAL_LONG_NUMBER",
               "coverage": [{"channel": "SMS", "countries": ["US", "CA"]}]})
    };
    let associated = |sender: &str, entity: Value| {
        json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": entity,
               "resourceId": sender})
    };
    json!({
        "applications": [{"applicationId": "shop"}],
        "entities": [{"entityId": "acme"}],
        "senders": [
            long("L1", "+13105550101"), long("L2", "+13105550102"), long("L3", "+13105550103"),
            long("L4", "+13105550104"),
            {"senderId": "A1", "sender": "Shop", "senderType": "ALPHANUMERIC",
             "coverage": [{"channel": "SMS", "countries": ["GB"]}]}
        ],
        "associations": [
            associated("L1", Value::Null), associated("L2", Value::Null), associated("L3", Value::Null),
            associated("L4", Value::Null), associated("L1", "acme".into()), associated("L2", "acme".into()),
            {"resourceType": "ALPHA", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "A1"}
        ],
        "sendingStrategies": [
            {"sendingStrategyId": "STICKY", "platform": {"applicationId": "shop"}, "useStickySender": true},
            {"sendingStrategyId": "GEO", "platform": {"applicationId": "shop", "entityId": "acme"},
             "destinationCountryCodes": ["US", "CA"], "useGeolocatedSender": true}
        ]
    })
}
