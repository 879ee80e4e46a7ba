//! `callsign policy`, used as the author of a policy does. The components are built with cargo for
//! `wasm32-unknown-unknown`, which must be installed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

use callsign::{Binding, BindingTarget, Catalog, Channel, Gateway, MemoryStore, Message, ModuleStore, Policy, Probe};
use callsign_tests::platform::patient;
use callsign_tests::stops::Stops;
use callsign_tests::work::PATIENCE;
use serde_json::Value;

use super::run::PATIENT;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Runs a program in a folder.
fn run(folder: &Path, command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", built())
        .env(PATIENT.0, PATIENT.1)
        .output()
        .expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: status.code().expect("no signal"), out: text(stdout), err: text(stderr) }
}

fn callsign<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Ran {
    run(folder, Command::new(env!("CARGO_BIN_EXE_callsign")).args(arguments))
}

/// Where components are built, kept from run to run.
fn built() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../policies")
}

/// A folder that begins empty. It is the same in every run, so that what was compiled for it can be used again.
fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policy-command").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Builds the policy of a folder: the path of its component. Offline, if everything is there.
fn build(folder: &Path) -> PathBuf {
    let build = |offline| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
        run(folder, command.args(["policy", "build"]).env("CARGO_NET_OFFLINE", offline))
    };
    let mut ran = build("true");
    if ran.code != 0 && !ran.err.contains("not installed") {
        ran = build("false");
    }
    assert_eq!(ran.code, 0, "{}\n(CI has the target wasm32-unknown-unknown: see `make setup`)", ran.err);
    folder.join(ran.out.trim())
}

fn standard() -> PathBuf {
    Path::new(ROOT).join("guest/component/standard.wasm")
}

/// One crate is built at a time: the tests share the folder of what is built.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn from_an_empty_folder_to_a_live_swap() {
    let _one = one_at_a_time();
    let folder = empty_folder("swap");

    // A crate, with a policy that builds on the standard one.
    let ran = callsign(&folder, &["policy", "new", "no-britain", "--sdk", ROOT]);
    assert_eq!((ran.code, &*ran.out), (0, "no-britain\n"), "{}", ran.err);
    let crate_folder = folder.join("no-britain");

    // Its component.
    let component = build(&crate_folder);
    assert!(component.ends_with("no-britain-0.1.0.wasm"), "{}", component.display());
    let component = component.to_str().unwrap();
    let test = run(&crate_folder, Command::new(env!("CARGO")).args(["test", "--offline", "--quiet"]));
    assert_eq!(test.code, 0, "{}{}", test.out, test.err);

    // Its cases, and what it takes.
    let ran = callsign(&crate_folder, &["policy", "test", component, "cases.json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for words in ["ok      a closed country", "2 of 2 cases", "instructions", "128.0 MiB", "60s"] {
        assert!(ran.out.contains(words), "without {words}:\n{}", ran.out);
    }

    // What it is.
    let ran = callsign(&folder, &["policy", "inspect", component, "--json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &report["fits"], &report["explains"]), (0, &true.into(), &true.into()));
    let is = ["name", "version", "interface"].map(|field| report[field].as_str().unwrap());
    assert_eq!(is, ["no-britain", "0.1.0", "1.0.0"]);
    let bytes = fs::read(component).unwrap();
    assert_eq!(report["size"], bytes.len());
    let root = fs::canonicalize(ROOT).unwrap();
    let found = String::from_utf8_lossy(&bytes).contains(root.to_str().unwrap());
    assert!(!found, "the component says where it was built");

    // A catalog and a message for the command line.
    let cases: Value = serde_json::from_str(&fs::read_to_string(crate_folder.join("cases.json")).unwrap()).unwrap();
    fs::write(folder.join("catalog.json"), cases["catalog"].to_string()).unwrap();
    let line = r#"{"applicationId":"shop","channel":"SMS","to":"+442079460018"}"#;
    fs::write(folder.join("messages.jsonl"), line).unwrap();
    let ran = callsign(&folder, &["resolve", "--catalog", "catalog.json", "--policy", component, "messages.jsonl"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let decision: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&decision["senderId"], &decision["policy"]), (&"S1".into(), &"no-britain@0.1.0".into()));

    // Into a store, and from there to a gateway that serves.
    let ran = callsign(&folder, &["module", "add", component, "--store", "modules"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let catalog = Catalog::from_json(&cases["catalog"].to_string()).unwrap();
    live_swap(catalog, &ModuleStore::open(folder.join("modules")).unwrap());
}

/// Swaps the module of a store in and back, while another thread resolves without pause.
fn live_swap(catalog: Catalog, store: &ModuleStore) {
    let standard = patient(Policy::standard().unwrap());
    let gateway = Gateway::with(catalog, standard, Arc::new(MemoryStore::new())).unwrap();
    let message = Message::new(Channel::Sms, "+442079460018").application("shop");
    let (done, decided) = (AtomicBool::new(false), [AtomicU64::new(0), AtomicU64::new(0)]);
    std::thread::scope(|scope| {
        let _stops = Stops(&done);
        let deciding = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let decision = gateway.resolve(&message);
                let kind = match decision.get().refusal() {
                    None => 0,
                    Some(refusal) => {
                        assert_eq!(refusal.code(), "COUNTRY_CLOSED", "{refusal}");
                        1
                    }
                };
                decided[kind].fetch_add(1, Ordering::Relaxed);
            }
        });
        let wait_for = |kind: usize| {
            let (before, begun) = (decided[kind].load(Ordering::Relaxed), Instant::now());
            while decided[kind].load(Ordering::Relaxed) < before + 10 {
                assert!(!deciding.is_finished(), "a decision was wrong");
                assert!(begun.elapsed() < PATIENCE, "nothing is decided so");
                std::thread::yield_now();
            }
        };
        wait_for(0);
        let module = store.find("no-britain", &"^0.1".parse().unwrap()).unwrap();
        let policy = patient(store.load(&module).unwrap());
        let policy = policy.with_settings(r#"{"closedCountries": ["GB"]}"#).unwrap();
        let probe = Probe::new(&message).expect_refusal("COUNTRY_CLOSED");
        gateway.swap(&BindingTarget::Platform, Binding::new(policy).probe(probe)).unwrap();
        wait_for(1);
        assert_eq!(&*gateway.history(&BindingTarget::Platform)[1].policy, "no-britain@0.1.0");
        let explanation = gateway.explain(&message);
        assert_eq!(explanation.decision().refusal().unwrap().to_string(), "nothing is sent to GB now");
        gateway.rollback(&BindingTarget::Platform).unwrap();
        wait_for(0);
    });
    let settings = store.load(&store.list().unwrap()[0]).unwrap().with_settings(r#"{"closedCountry": "GB"}"#);
    let error = settings.unwrap_err().to_string();
    assert!(error.contains("unknown field `closedCountry`, expected `closedCountries`"), "{error}");
}

const PANICKING: &str = r#"use callsign_policy::reads::Reads;
use callsign_policy::types::Answer;
use callsign_policy::{Call, NoSettings, Policy};

struct Panicking;

impl Policy for Panicking {
    type Settings = NoSettings;
    fn new(_: NoSettings) -> Result<Self, String> {
        Ok(Self)
    }
    fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer {
        let senders = call.senders(None).read();
        let words = call.scratch().alloc_str("no sender for recipient");
        assert!(senders.candidates().len() > 3, "{words}\n{}", call.request.recipient.count_ones() * 0);
        Answer::spread(senders.candidates()[3].sender, None)
    }
}

callsign_policy::policy!(Panicking);
"#;

#[test]
fn a_panic_arrives_with_its_message_and_its_place() {
    let _one = one_at_a_time();
    let folder = empty_folder("panic");
    let ran = callsign(&folder, &["policy", "new", "panicking", "--path", ".", "--sdk", &format!("{ROOT}/guest/sdk")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    fs::write(folder.join("src/lib.rs"), PANICKING).unwrap();
    let component = build(&folder);

    let cases: Value = serde_json::from_str(&fs::read_to_string(folder.join("cases.json")).unwrap()).unwrap();
    let catalog = Catalog::from_json(&cases["catalog"].to_string()).unwrap();
    let policy = patient(Policy::load(component).unwrap());
    let gateway = Gateway::with(catalog, policy, Arc::new(MemoryStore::new())).unwrap();
    let message = Message::new(Channel::Sms, "+14155550123").application("shop");
    for _ in 0..2 {
        let decision = gateway.resolve(&message);
        let refusal = decision.get().refusal().unwrap();
        assert_eq!(refusal.code(), "POLICY_FAILED");
        let text = refusal.to_string();
        let place = "panicked at src/lib.rs:15:9: no sender for recipient";
        assert!(text.contains(place) && !text.contains('\n'), "{text}");
    }
}

/// The cases of an example, through its component.
fn example(name: &str) {
    let _one = one_at_a_time();
    let folder = Path::new(ROOT).join("guest/examples").join(name);
    let component = build(&folder);
    let ran = callsign(&folder, &[OsStr::new("policy"), "test".as_ref(), component.as_ref(), "cases.json".as_ref()]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn the_rules_of_a_house_are_as_their_cases_say() {
    example("house-rules");
}

#[test]
fn campaigns_are_as_their_cases_say() {
    example("campaigns");
}

#[test]
fn quiet_hours_are_as_their_cases_say() {
    example("quiet-hours");
}

#[test]
fn the_split_of_sender_types_is_as_its_cases_say() {
    example("ab-split");
}

const CASES: &str = r#"{
    "catalog": {"applications": [{"applicationId": "shop"}]},
    "cases": [
        {"name": "right", "message": {"applicationId": "shop", "channel": "SMS", "to": "+14155550123"},
         "expect": {"refusal": "NO_STRATEGY"}},
        {"name": "wrong", "message": {"applicationId": "shop", "channel": "SMS", "to": "+14155550123"},
         "expect": {"senderId": "S1", "step": "POOL"}}
    ]
}"#;

#[test]
fn a_case_that_is_not_as_expected_shows_the_difference() {
    let folder = empty_folder("cases");
    fs::write(folder.join("cases.json"), CASES).unwrap();
    let component = standard();
    let test = |cases: &str| {
        let arguments = [OsStr::new("policy"), "test".as_ref(), component.as_ref(), cases.as_ref()];
        callsign(&folder, &arguments)
    };
    let ran = test("cases.json");
    assert_eq!((ran.code, &*ran.err), (1, ""));
    for words in
        ["ok      right", "FAILED  wrong", "expected  senderId S1, step POOL", "got  refusal NO_STRATEGY", "1 of 2"]
    {
        assert!(ran.out.contains(words), "without {words}:\n{}", ran.out);
    }

    for (cases, words) in [
        (CASES.replace("SMS", "sms"), "unknown channel \"sms\""),
        (CASES.replace("\"step\"", "\"steps\""), "unknown field `steps`"),
        (CASES.replace("\"step\"", "\"refusal\""), "expect a refusal, or any of"),
        (CASES.replace("\"cases\": [", "\"settings\": {\"a\": 1}, \"cases\": ["), "has no settings"),
        (CASES.replace("applicationId\": \"shop\"}]", "applicationId\": 1}]"), "applications[0].applicationId"),
        (CASES.replace("{\"applications\": [{\"applicationId\": \"shop\"}]}", "\"none.json\""), "none.json"),
        ("[]".into(), "cases.json"),
    ] {
        fs::write(folder.join("cases.json"), cases).unwrap();
        let ran = test("cases.json");
        assert_eq!((ran.code, &*ran.out), (2, ""), "{words}");
        assert!(ran.err.contains(words), "without {words}:\n{}", ran.err);
    }
}

#[test]
fn a_catalog_beside_the_cases_is_found_from_anywhere() {
    let folder = empty_folder("beside");
    fs::write(folder.join("catalog.json"), r#"{"applications": [{"applicationId": "shop"}]}"#).unwrap();
    let cases = CASES.replace("{\"applications\": [{\"applicationId\": \"shop\"}]}", "\"catalog.json\"");
    fs::write(folder.join("cases.json"), cases).unwrap();
    let cases = folder.join("cases.json");
    let arguments = [OsStr::new("policy"), "test".as_ref(), standard().as_ref(), cases.as_ref()].map(OsStr::to_owned);
    assert_eq!(callsign(Path::new("/"), &arguments).code, 1);
}

#[test]
fn what_is_no_policy_is_inspected_and_refused() {
    let folder = empty_folder("inspect");
    fs::write(folder.join("component.wasm"), b"\0asm\x0d\0\x01\0").unwrap();
    fs::write(folder.join("module.wasm"), b"\0asm\x01\0\0\0").unwrap();
    let ran = callsign(&folder, &["policy", "inspect", "component.wasm"]);
    assert_eq!(ran.code, 2);
    for words in ["name       none", "no policy: ", "does not export", "size       8 bytes", "sha-256    "] {
        assert!(ran.out.contains(words), "without {words}:\n{}", ran.out);
    }
    for file in ["module.wasm", "none.wasm"] {
        let ran = callsign(&folder, &["policy", "inspect", file]);
        assert_eq!((ran.code, &*ran.out), (2, ""), "{file}");
        assert!(ran.err.contains(file), "{}", ran.err);
    }
    let ran = callsign(&folder, &[OsStr::new("policy"), "inspect".as_ref(), standard().as_ref()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for words in [
        "name       callsign-standard",
        "lane       core",
        "callsign:policy/senders@1.0.0  ",
        "candidates, contains, ",
        "exports",
    ] {
        assert!(ran.out.contains(words), "without {words}:\n{}", ran.out);
    }
}

#[test]
fn a_crate_is_not_written_over_another_nor_under_a_name_that_is_none() {
    let folder = empty_folder("new");
    fs::create_dir_all(folder.join("taken")).unwrap();
    fs::write(folder.join("taken/file"), "mine").unwrap();
    for (arguments, words) in [
        (&["taken"][..], "taken is there already"),
        (&["Quiet Hours"], "lower-case letters"),
        (&["../outside"], "lower-case letters"),
        (&["quiet", "--sdk", "taken"], "is not a checkout of Callsign"),
    ] {
        let ran = callsign(&folder, &[&["policy", "new"], arguments].concat());
        assert_eq!((ran.code, &*ran.out), (2, ""), "{arguments:?}");
        assert!(ran.err.contains(words), "{arguments:?}: {}", ran.err);
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(folder.join("taken/file")).unwrap(), "mine");

    // Without a checkout the SDK is that of the registry, and the manifest says how it is not.
    let ran = callsign(&folder, &["policy", "new", "quiet"]);
    assert_eq!(ran.code, 0);
    assert!(ran.err.contains("crates.io") && ran.err.contains("--sdk"), "{}", ran.err);
    let manifest = fs::read_to_string(folder.join("quiet/Cargo.toml")).unwrap();
    for line in [
        r#"callsign-policy = { version = "0.1.0", features = ["json"] }"#,
        r#"callsign-standard = { version = "1.0.0" }"#,
        "# [patch.crates-io]",
    ] {
        assert!(manifest.lines().any(|own| own == line), "{line} in\n{manifest}");
    }
}

#[test]
fn what_is_no_crate_of_a_policy_is_not_built() {
    let folder = empty_folder("build");
    let ran = callsign(&folder, &["policy", "build"]);
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.contains("no Cargo.toml") && ran.err.contains("callsign policy new"), "{}", ran.err);

    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    let manifest = "[package]\nname = \"plain\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let ran = callsign(&folder, &["policy", "build"]);
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.contains("crate-type"), "{}", ran.err);

    let _one = one_at_a_time();
    fs::write(folder.join("Cargo.toml"), format!("{manifest}[lib]\ncrate-type = [\"cdylib\"]\n")).unwrap();
    let ran = callsign(&folder, &["policy", "build"]);
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.contains("plain is no policy"), "{}", ran.err);
}
