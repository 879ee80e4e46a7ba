//! Help, and arguments that are refused.

use super::run::{Folder, callsign, run};

#[test]
fn help_shows_commands_examples_and_exit_codes() {
    for arguments in [&["--help"][..], &["-h"], &["help"]] {
        let ran = run(callsign().args(arguments));
        assert_eq!((ran.code, &*ran.err), (0, ""), "{arguments:?}");
        for words in ["resolve", "explain", "check", "completions", "Examples:", "Exit codes:", "INVALID_MESSAGE"] {
            assert!(ran.out.contains(words), "{arguments:?} without {words}:\n{}", ran.out);
        }
        assert!(ran.out.lines().count() <= 40, "more than a screen:\n{}", ran.out);
    }
    for (command, words) in [
        ("resolve", &["--catalog", "--policy", "--format", "--threads", "messageId", "Exit codes:"][..]),
        ("explain", &["--to", "--application", "--entity", "--channel", "--from", "--json", "Exit codes:"]),
        ("check", &["--catalog", "--json", "FILE:LINE:COLUMN", "Exit codes:"]),
        ("replay", &["--catalog", "--module", "--data", "--key", "--since", "--json", "Exit codes:"]),
        ("what-if", &["--strategy", "--recorded-catalog", "--fail-on", "changed>1%", "--html", "Exit codes:"]),
        ("completions", &["bash", "zsh", "fish"]),
    ] {
        let ran = run(callsign().args([command, "--help"]));
        assert_eq!((ran.code, &*ran.err), (0, ""), "{command}");
        for words in words.iter().chain(&["Examples:", &*format!("callsign {command}")]) {
            assert!(ran.out.contains(words), "{command} without {words}:\n{}", ran.out);
        }
    }
}

#[test]
fn the_version_is_that_of_the_crate() {
    let ran = run(callsign().arg("--version"));
    assert_eq!((ran.code, ran.out), (0, format!("callsign {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let folder = Folder::with_catalog();
    for arguments in [
        &[][..],
        &["resolves"],
        &["resolve"],
        &["resolve", "--catalog", "catalog.json", "--threads", "0"],
        &["resolve", "--catalog", "catalog.json", "--threads", "257"],
        &["resolve", "--catalog", "catalog.json", "--threads", "two"],
        &["resolve", "--catalog", "catalog.json", "--policy-deadline", "0"],
        &["resolve", "--catalog", "catalog.json", "--policy-deadline", "600001"],
        &["resolve", "--catalog", "catalog.json", "--format", "xml"],
        &["resolve", "--catalog", "catalog.json", "a.jsonl", "b.jsonl"],
        &["resolve", "--catalog", "catalog.json", "--nothing"],
        &["check"],
        &["completions"],
        &["completions", "tcsh"],
    ] {
        let ran = run(&mut folder.callsign(arguments));
        assert_eq!((ran.code, &*ran.out), (2, ""), "{arguments:?}");
        assert!(ran.err.contains("Usage:") || ran.err.contains("--help"), "{arguments:?}: {}", ran.err);
    }
}
