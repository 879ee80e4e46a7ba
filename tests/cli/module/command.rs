//! One command at a time.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use callsign_tests::modules::{Folder, module, names, other};

use crate::run::PATIENT;

/// Runs the command in the folder, with the store that is there by default.
fn callsign(folder: &Folder, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
    command.current_dir(folder.path()).env_remove("CALLSIGN_STORE").args(arguments);
    command.env("CALLSIGN_CACHE", folder.path().join("cache")).env(PATIENT.0, PATIENT.1);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What it prints when it succeeds.
fn done(folder: &Folder, arguments: &[&str]) -> String {
    let output = callsign(folder, arguments);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{arguments:?}");
    text(&output.stdout).to_owned()
}

/// What it says when it refuses.
fn refused(folder: &Folder, arguments: &[&str]) -> String {
    let output = callsign(folder, arguments);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{arguments:?}");
    text(&output.stderr).to_owned()
}

#[test]
fn modules_are_added_listed_shown_and_removed() {
    let folder = Folder::new();
    for (file, version) in [("one.wasm", "1.0.0"), ("two.wasm", "1.1.0"), ("three.wasm", "2.0.0")] {
        fs::write(folder.path().join(file), module("acme", version)).unwrap();
    }
    let added = done(&folder, &["module", "add", "one.wasm", "two.wasm", "three.wasm"]);
    let lines: Vec<(&str, &str)> = added.lines().map(|line| line.split_once("  ").unwrap()).collect();
    assert_eq!(lines.iter().map(|(_, label)| *label).collect::<Vec<_>>(), ["acme@1.0.0", "acme@1.1.0", "acme@2.0.0"]);
    assert!(folder.path().join("callsign-modules/modules").is_dir(), "the default store");
    assert_eq!(done(&folder, &["module", "add", "one.wasm"]).trim_end(), added.lines().next().unwrap());

    let listed = done(&folder, &["module", "list"]);
    assert_eq!(listed.lines().count(), 3);
    let json: Value = serde_json::from_str(&done(&folder, &["module", "list", "--json"])).unwrap();
    let first = &json["modules"][0];
    assert_eq!((first["name"].as_str(), first["version"].as_str()), (Some("acme"), Some("1.0.0")));
    assert_eq!(first["digest"], lines[0].0);
    assert!(first["addedAt"].as_str().unwrap().ends_with('Z') && first["interface"].is_string(), "{first}");

    let shown = done(&folder, &["module", "show", "acme@^1"]);
    assert!(shown.starts_with("acme@1.1.0\n") && shown.contains(lines[1].0), "{shown}");
    assert!(done(&folder, &["module", "show", "acme"]).starts_with("acme@2.0.0\n"));
    let json: Value = serde_json::from_str(&done(&folder, &["module", "show", &lines[0].0[..12], "--json"])).unwrap();
    assert_eq!(json["version"], "1.0.0");

    assert!(done(&folder, &["module", "remove", "acme@1.0.0"]).contains(lines[0].0));
    assert!(done(&folder, &["module", "remove", lines[1].0]).contains(lines[1].0));
    assert!(done(&folder, &["module", "remove", &lines[2].0[..8]]).contains("acme@2.0.0"));
    assert_eq!(done(&folder, &["module", "list"]), "");
    assert!(done(&folder, &["module", "gc"]).starts_with("removed 3 files, "));
    assert_eq!(done(&folder, &["module", "gc"]), "removed 0 files, 0 bytes\n");
}

#[test]
fn the_store_is_given_by_an_option_or_by_the_environment() {
    let folder = Folder::new();
    fs::write(folder.path().join("one.wasm"), module("acme", "1.0.0")).unwrap();
    done(&folder, &["module", "--store", "here", "add", "one.wasm"]);
    let listed = done(&folder, &["module", "list", "--store", "here"]);
    assert!(listed.starts_with("acme@1.0.0"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
    command.current_dir(folder.path()).env("CALLSIGN_STORE", "here").args(["module", "list"]);
    assert_eq!(text(&command.output().unwrap().stdout), listed);
}

#[test]
fn of_several_files_each_is_added_or_refused_by_itself() {
    let folder = Folder::new();
    fs::write(folder.path().join("one.wasm"), module("acme", "1.0.0")).unwrap();
    fs::write(folder.path().join("conflict.wasm"), other("acme", "1.0.0", "x")).unwrap();
    fs::write(folder.path().join("junk.wasm"), "junk").unwrap();
    fs::write(folder.path().join("two.wasm"), module("acme", "2.0.0")).unwrap();
    let output =
        callsign(&folder, &["module", "add", "one.wasm", "junk.wasm", "conflict.wasm", "none.wasm", "two.wasm"]);
    assert_eq!(output.status.code(), Some(2));
    let labels: Vec<&str> = text(&output.stdout).lines().map(|line| line.split_once("  ").unwrap().1).collect();
    assert_eq!(labels, ["acme@1.0.0", "acme@2.0.0"]);
    let errors = text(&output.stderr);
    for file in ["junk.wasm", "conflict.wasm", "none.wasm"] {
        assert!(errors.lines().any(|line| line.starts_with("callsign: ") && line.contains(file)), "{file}: {errors}");
    }
    assert!(errors.contains(text(&output.stdout).split_once(' ').unwrap().0), "the digest that has it: {errors}");
}

#[test]
fn what_is_not_there_is_refused_and_says_where_to_look() {
    let folder = Folder::new();
    for arguments in [&["list"][..], &["show", "acme"], &["remove", "acme@1.0.0"], &["gc"]] {
        let said = refused(&folder, &[&["module"], arguments].concat());
        assert!(said.contains("callsign-modules") && said.contains("module add"), "{said}");
        assert!(!folder.path().join("callsign-modules").exists(), "nothing is made");
    }
    fs::write(folder.path().join("one.wasm"), module("acme", "1.0.0")).unwrap();
    done(&folder, &["module", "add", "one.wasm"]);
    for (command, what) in [
        ("show", "acme@2"),
        ("show", "nobody"),
        ("show", "nobody@*"),
        ("show", "00000000"),
        ("show", "../modules"),
        ("remove", "acme@2.0.0"),
        ("remove", "acme"),
        ("remove", "0000"),
        ("remove", &"0".repeat(64)),
    ] {
        let said = refused(&folder, &["module", command, what]);
        assert!(said.contains("has no module") && said.contains("module list"), "{command} {what}: {said}");
    }
    assert!(refused(&folder, &["module", "show", "acme@new"]).contains("requirement"));
    assert!(refused(&folder, &["module", "remove", "acme@1"]).contains("whole version"));
    assert_eq!(done(&folder, &["module", "list"]).lines().count(), 1);
}

#[test]
fn the_standard_policy_is_compiled_once_for_many_runs() {
    let folder = Folder::new();
    let catalog = r#"{"applications": [{"applicationId": "shop"}]}"#;
    fs::write(folder.path().join("catalog.json"), catalog).unwrap();
    let explain = ["explain", "--catalog", "catalog.json", "--to", "+14155550123", "--application", "shop", "--json"];
    let first = done(&folder, &explain);
    let cached = || {
        let names = names(&folder.path().join("cache/compiled"));
        names.into_iter().filter(|name| name.ends_with(".cwasm")).count()
    };
    assert_eq!(cached(), 1);
    assert_eq!(done(&folder, &explain), first);
    assert_eq!(cached(), 1);
    // An empty value turns it off.
    fs::remove_dir_all(folder.path().join("cache")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
    command.current_dir(folder.path()).env("CALLSIGN_CACHE", "").args(explain);
    command.env("HOME", folder.path()).env_remove("XDG_CACHE_HOME").env(PATIENT.0, PATIENT.1);
    assert_eq!(text(&command.output().unwrap().stdout), first);
    assert_eq!(names(folder.path()), ["catalog.json"]);
    // Without a folder for it, it is below the home.
    let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
    command.current_dir(folder.path()).env("HOME", folder.path()).args(explain);
    command.env_remove("XDG_CACHE_HOME").env_remove("CALLSIGN_CACHE").env(PATIENT.0, PATIENT.1);
    assert_eq!(text(&command.output().unwrap().stdout), first);
    assert!(folder.path().join(".cache/callsign/compiled").is_dir());
}

#[test]
fn the_cache_of_a_user_keeps_what_was_written_last() {
    let folder = Folder::new();
    fs::write(folder.path().join("catalog.json"), r#"{"applications": [{"applicationId": "shop"}]}"#).unwrap();
    let explain = ["explain", "--catalog", "catalog.json", "--to", "+14155550123"];
    done(&folder, &explain);
    let compiled = folder.path().join("cache/compiled");
    let own = names(&compiled);
    fs::remove_file(compiled.join(own.iter().find(|name| name.ends_with(".cwasm")).unwrap())).unwrap();
    for number in 0..40 {
        fs::write(compiled.join(format!("{number:064}.cwasm")), "of long ago").unwrap();
    }
    done(&folder, &explain);
    let kept = names(&compiled);
    assert_eq!(kept.len(), 32 + 1, "and the key");
    assert!(own.iter().all(|name| kept.contains(name)), "{kept:?}");
}
