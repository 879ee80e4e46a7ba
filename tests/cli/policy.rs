//! Deciding with another component than the standard policy.

use std::fs;

use super::run::{Folder, run, standard_component};

const MESSAGE: &str = r#"{"messageId":"a","applicationId":"shop","channel":"SMS","to":"+14155550123"}"#;

#[test]
fn a_component_that_does_not_fit_is_refused() {
    let folder = Folder::with_catalog();
    folder.write("m.jsonl", MESSAGE);
    let standard = fs::read(standard_component()).expect("the committed component");
    for (name, bytes, words) in [
        ("empty.wasm", &b""[..], "not a WebAssembly component"),
        ("junk.wasm", b"#!/bin/sh\nexit 0\n", "not a WebAssembly component"),
        ("module.wasm", b"\0asm\x01\0\0\0", "wasm-tools component new"),
        ("nothing.wasm", b"\0asm\x0d\0\x01\0", "does not export"),
        ("cut.wasm", &standard[..standard.len() / 2], "cut.wasm"),
    ] {
        folder.write(name, bytes);
        for arguments in [
            &["resolve", "--catalog", "catalog.json", "m.jsonl", "--policy", name][..],
            &["explain", "--catalog", "catalog.json", "--to", "+14155550123", "--policy", name],
        ] {
            let ran = run(&mut folder.callsign(arguments));
            assert_eq!((ran.code, &*ran.out), (2, ""), "{arguments:?}");
            assert!(ran.err.contains(name) && ran.err.contains(words), "{arguments:?}: {}", ran.err);
        }
    }
}

#[test]
fn a_component_that_is_not_there_is_refused_with_advice() {
    let folder = Folder::with_catalog();
    let ran = run(&mut folder.resolve(&["--policy", "none.wasm"]));
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(
        ran.err.contains("cannot read the policy none.wasm") && ran.err.contains("leave --policy out"),
        "{}",
        ran.err
    );
}

#[test]
fn the_standard_policy_as_a_file_decides_the_same() {
    let folder = Folder::with_catalog();
    folder.write("m.jsonl", MESSAGE);
    let path = standard_component().to_str().expect("UTF-8");
    let built_in = run(&mut folder.resolve(&["m.jsonl"]));
    let given = run(&mut folder.resolve(&["m.jsonl", "--policy", path]));
    assert_eq!((given.code, given.out), (0, built_in.out), "{}", given.err);
}
