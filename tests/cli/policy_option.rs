//! Deciding with another component than the standard policy.

use std::fs;

use super::run::{Folder, feed, run, standard_component};
use callsign_tests::component::Component;

const MESSAGE: &str = r#"{"messageId":"a","applicationId":"shop","channel":"SMS","to":"+14155550123"}"#;

#[test]
fn a_component_that_does_not_fit_is_refused() {
    let folder = Folder::with_catalog();
    folder.write("m.jsonl", MESSAGE);
    let standard = fs::read(standard_component()).expect("the committed component");
    for (name, bytes, words) in [
        ("empty.wasm", &b""[..], "not a WebAssembly component: the file is empty"),
        (
            "junk.wasm",
            b"#!/bin/sh\nexit 0\n",
            "not a WebAssembly component: it is a text file, which begins with \"#!/bin/sh\"",
        ),
        ("text.wasm", b"(component)", "it is WebAssembly as text: `wasm-tools parse` makes"),
        ("binary.wasm", b"\x7fELF\x02\x01\x01\0", "it does not begin with the bytes of WebAssembly"),
        ("module.wasm", b"\0asm\x01\0\0\0", "it is a core module, as cargo builds it"),
        ("nothing.wasm", b"\0asm\x0d\0\x01\0", "does not export"),
        ("cut.wasm", &standard[..standard.len() / 2], &format!("it is cut off after {} bytes", standard.len() / 2)),
        ("begun.wasm", b"\0as", "it is cut off after 3 bytes"),
    ] {
        folder.write(name, bytes);
        for arguments in [
            &["resolve", "--catalog", "catalog.json", "m.jsonl", "--policy", name][..],
            &["explain", "--catalog", "catalog.json", "--to", "+14155550123", "--policy", name],
        ] {
            let ran = run(&mut folder.callsign(arguments));
            assert_eq!((ran.code, &*ran.out), (2, ""), "{arguments:?}");
            assert!(ran.err.contains(name) && ran.err.contains(words), "{arguments:?}: {}", ran.err);
            let is_none = ran.err.contains("not a WebAssembly component");
            assert_eq!(ran.err.contains("`callsign policy build`"), is_none, "the tool that makes one: {}", ran.err);
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

#[test]
fn settings_are_what_the_policy_itself_checks() {
    let folder = Folder::with_catalog();
    folder.write("m.jsonl", MESSAGE);
    // Accepts settings of 9 bytes, and decides the sender of their seventh, a digit.
    let policy = Component::new("choosing", "1.0.0")
        .import("settings", "json", "(param i32)")
        .check_settings(
            "(i32.store8 (i32.const 2048) (i32.ne (local.get $length) (i32.const 9)))
             (i32.store (i32.const 2052) (i32.const 112)) (i32.store (i32.const 2056) (i32.const 12))
             (i32.const 2048)",
        )
        .resolve(
            "(call $json (i32.const 4096))
             (call $decide (i32.sub (i32.load8_u offset=7 (i32.load (i32.const 4096))) (i32.const 48))
               (i32.const -1) (i32.const 4) (i32.const 0))",
        );
    folder.write("choosing.wasm", policy.build());
    let decide = |settings: &str| {
        folder.write("s.json", settings);
        run(&mut folder.resolve(&["m.jsonl", "--policy", "choosing.wasm", "--settings", "s.json"]))
    };
    for (settings, sender) in [(r#"{"use":1}"#, "L2"), (r#"{"use":3}"#, "L4")] {
        let ran = decide(settings);
        assert_eq!((ran.code, ran.lines()[0]["senderId"].as_str()), (0, Some(sender)), "{}", ran.err);
    }
    let ran = decide(r#"{"use": "another"}"#);
    assert_eq!((ran.code, &*ran.out), (2, ""));
    let said = "callsign: the settings s.json: choosing@1.0.0 does not accept them: closed today";
    assert!(ran.err.contains(said), "{}", ran.err);
    let ran = decide("{");
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.contains("the settings s.json: not JSON: ") && ran.err.contains("line 1"), "{}", ran.err);

    let explain = ["explain", "--catalog", "catalog.json", "--to", "+14155550123", "--application", "shop"];
    let with = |more: &[&str]| run(&mut folder.callsign(&[&explain[..], more].concat()));
    folder.write("s.json", r#"{"use":2}"#);
    let ran = with(&["--policy", "choosing.wasm", "--settings", "s.json"]);
    assert!(ran.code == 0 && ran.out.contains("L3"), "{}{}", ran.out, ran.err);
    let ran = with(&["--settings", "s.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("callsign-standard@") && ran.err.contains("has no settings"), "{}", ran.err);
    let ran = with(&["--settings", "none.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot read the settings none.json") && ran.err.contains("--settings"), "{}", ran.err);
}

#[test]
fn a_time_is_that_of_all_messages_and_none_unless_it_is_given() {
    let folder = Folder::with_catalog();
    // Sender 0 without a time, else 1 at an even second and 2 at an odd one.
    let policy = Component::new("by-time", "1.0.0").import("times", "sent-at", "(param i32 i32)").resolve(
        "(call $sent-at (local.get $message) (i32.const 2048))
         (call $decide
           (select (i32.add (i32.const 1) (i32.and (i32.const 1) (i32.load (i32.const 2056)))) (i32.const 0)
             (i32.load8_u (i32.const 2048)))
           (i32.const -1) (i32.const 4) (i32.const 0))",
    );
    folder.write("by-time.wasm", policy.build());
    let messages = [MESSAGE, MESSAGE].join("\n");
    let decide = |more: &[&str]| feed(folder.resolve(&["--policy", "by-time.wasm"]).args(more), messages.as_bytes());
    for (time, sender) in [
        (&[][..], "L1"),
        (&["--sent-at", "2026-03-01T09:30:00Z"], "L2"),
        (&["--sent-at", "2026-03-01T09:30:01Z"], "L3"),
        (&["--sent-at", "2026-03-01T10:30:01+01:00"], "L3"),
        (&["--sent-at", "2026-03-01T09:30:01.999Z"], "L3"),
    ] {
        let ran = decide(time);
        let senders: Vec<_> = ran.lines().iter().map(|line| line["senderId"].clone()).collect();
        assert_eq!((ran.code, &senders[..]), (0, &[sender.into(), sender.into()][..]), "{time:?}: {}", ran.err);
    }
    let explained = run(&mut folder.callsign(&[
        "explain",
        "--catalog",
        "catalog.json",
        "--policy",
        "by-time.wasm",
        "--application",
        "shop",
        "--to",
        "+14155550123",
        "--sent-at",
        "2026-03-01T09:30:01Z",
    ]));
    assert!(explained.code == 0 && explained.out.contains("L3"), "{}{}", explained.out, explained.err);
    for wrong in ["tomorrow", "2026-02-30T00:00:00Z", "1969-12-31T23:59:59Z", "2026-03-01T09:30:00", "1772357400", ""] {
        let ran = decide(&["--sent-at", wrong]);
        assert_eq!((ran.code, &*ran.out), (2, ""), "{wrong}");
        assert!(ran.err.contains("2026-03-01T21:30:00Z"), "{wrong}: {}", ran.err);
    }
    // What a message itself says counts before the option.
    let message = MESSAGE.replace("{\"", "{\"sentAt\":\"2026-03-01T09:30:01Z\",\"");
    for option in [&[][..], &["--sent-at", "2026-03-01T09:30:00Z"]] {
        let ran = feed(folder.resolve(&["--policy", "by-time.wasm"]).args(option), message.as_bytes());
        assert_eq!((ran.code, &ran.lines()[0]["senderId"]), (0, &"L3".into()), "{}{}", ran.out, ran.err);
    }
}
