//! `callsign policy test`: what it finds in policies that are held wrong, and what it says and writes.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::run::{Folder, PATIENT, Ran, run, standard_component};
use callsign_tests::component::Component;

/// Two senders of `shop`, a strategy, and these cases.
fn cases(cases: &[Value], options: &Value) -> Value {
    let sender = |id: &str, number: &str| {
        json!({"senderId": id, "sender": number, "senderType": "VIRTUAL_LONG_NUMBER",
               "coverage": [{"channel": "SMS", "countries": "*"}]})
    };
    let association = |id: &str| json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": id});
    let mut strategy = json!({"sendingStrategyId": "GENERAL", "platform": {"applicationId": "shop"}});
    for (name, value) in options.as_object().into_iter().flatten() {
        strategy[name] = value.clone();
    }
    json!({
        "catalog": {
            "applications": [{"applicationId": "shop"}],
            "senders": [sender("S1", "+14155550100"), sender("S2", "+14155550101")],
            "associations": [association("S1"), association("S2")],
            "sendingStrategies": [strategy],
        },
        "cases": cases,
    })
}

/// A case that is sent to a number of its own.
fn case(name: &str, line: u32, expect: &Value) -> Value {
    let to = format!("+1415555{line:04}");
    let mut case = json!({"name": name, "message": {"applicationId": "shop", "channel": "SMS", "to": to}});
    if !expect.is_null() {
        case["expect"] = expect.clone();
    }
    case
}

fn two_cases() -> Value {
    let s1 = json!({"senderId": "S1"});
    cases(&[case("one", 101, &s1), case("two", 102, &s1)], &json!({}))
}

/// Tests a component in a folder of its own.
fn test(component: &Component, cases: &Value) -> Ran {
    test_with(component, cases, &[])
}

/// The same with further arguments.
fn test_with(component: &Component, cases: &Value, more: &[&str]) -> Ran {
    let folder = folder_with(component, cases);
    run(folder.callsign(&["policy", "test", "policy.wasm", "cases.json"]).args(more))
}

/// The same with the deadline that a call has by default.
fn test_by_default(component: &Component, cases: &Value) -> Ran {
    let folder = folder_with(component, cases);
    run(folder.callsign(&["policy", "test", "policy.wasm", "cases.json"]).env_remove(PATIENT.0))
}

fn folder_with(component: &Component, cases: &Value) -> Folder {
    let folder = Folder::new();
    folder.write("policy.wasm", component.build());
    folder.write("cases.json", cases.to_string());
    folder
}

fn assert_says(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    for words in words {
        assert!(ran.out.contains(words), "without {words:?}:\n{}", ran.out);
    }
}

/// Decides a sender by an expression that gives its number, 0 for S1.
fn by(expression: &str) -> String {
    format!("(call $decide {expression} (i32.const -1) (i32.const 4) (i32.const 0))")
}

#[test]
fn a_policy_whose_decision_depends_on_nothing_else_is_as_expected_in_every_way() {
    let ran = test(&Component::new("first", "1.0.0"), &two_cases());
    assert_says(&ran, 0, &["ok      one\n", "ok      two\n", "2 of 2 cases are as expected", "(2 pairs)"]);
    assert_eq!(ran.err, "");
}

#[test]
fn a_policy_that_answers_by_a_counter_fails() {
    let counting = Component::new("counting", "1.0.0").item("(global $calls (mut i32) (i32.const 0))").resolve(
        &format!("{} (global.set $calls (i32.xor (global.get $calls) (i32.const 1)))", by("(global.get $calls)")),
    );
    let ran = test(&counting, &two_cases());
    assert_says(
        &ran,
        1,
        &[
            "FAILED  one\n        decided otherwise a second time by one instance\n           fresh  sender",
            "senderId S1, step POOL\n             got  sender",
            "senderId S2, step POOL",
            "0 of 2 cases are as expected",
        ],
    );
}

#[test]
fn a_policy_that_keeps_what_the_first_recipient_needed_fails_and_the_pair_is_named() {
    let keeping = Component::new("keeping", "1.0.0").item("(global $first (mut i64) (i64.const 0))").resolve(&format!(
        "(if (i64.eqz (global.get $first)) (then (global.set $first (local.get $recipient))))
         {}",
        by("(i64.ne (global.get $first) (local.get $recipient))")
    ));
    let ran = test(&keeping, &two_cases());
    assert_says(
        &ran,
        1,
        &[
            "FAILED  one\n        decided otherwise after the case \"two\" by one instance",
            "FAILED  two\n        decided otherwise after the case \"one\" by one instance",
        ],
    );
}

#[test]
fn a_policy_that_decides_otherwise_only_after_many_others_fails() {
    // At the sixth call, which no pair alone comes to.
    let tired = Component::new("tired", "1.0.0").item("(global $calls (mut i32) (i32.const 0))").resolve(&format!(
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         {}",
        by("(i32.eq (global.get $calls) (i32.const 6))")
    ));
    let s1 = json!({"senderId": "S1"});
    let many = cases(&[case("one", 101, &s1), case("two", 102, &s1), case("three", 103, &s1)], &json!({}));
    assert_says(&test(&tired, &many), 1, &["decided otherwise after many cases by one instance"]);
}

#[test]
fn a_policy_that_decides_otherwise_in_a_batch_fails_and_the_pair_is_named() {
    let place = Component::new("place", "1.0.0").resolve(&by("(i32.ne (local.get $message) (i32.const 0))"));
    let ran = test(&place, &two_cases());
    assert_says(
        &ran,
        1,
        &[
            "FAILED  one\n        decided otherwise in one batch with the case \"two\"",
            "FAILED  two\n        decided otherwise in one batch with the case \"one\"",
        ],
    );
}

#[test]
fn a_policy_that_decides_otherwise_where_it_copies_a_pool_or_asks_about_it_fails_and_the_form_is_named() {
    let by_form = |than: &str| {
        Component::new("by-form", "1.0.0")
            .import("senders", "copy-up-to", "(result i32)")
            .resolve(&by(&format!("(i32.eq (call $copy-up-to) (i32.const {than}))")))
    };
    for (size, form) in [("0", "asks about"), ("-1", "copies")] {
        let ran = test(&by_form(size), &two_cases());
        let words = format!("FAILED  one\n        decided otherwise where it {form} the pool\n");
        assert_says(&ran, 1, &[&words, "FAILED  two\n"]);
    }
}

/// A platform whose pool of `shop` has so many senders, every second in area code 415.
fn pool(senders: usize) -> Value {
    let mut catalog = cases(&[], &json!({"useGeolocatedSender": true}))["catalog"].clone();
    let number = |index: usize| format!("+1{}{:07}", [415, 212][index % 2], 2_000_000 + index / 2);
    catalog["senders"] = (0..senders)
        .map(|index| {
            json!({"senderId": format!("S{index}"), "sender": number(index), "senderType": "VIRTUAL_LONG_NUMBER",
                   "weight": 1 + index % 3, "coverage": [{"channel": "SMS", "countries": "*"}]})
        })
        .collect();
    catalog["associations"] = (0..senders)
        .map(|index| {
            json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null,
                   "resourceId": format!("S{index}")})
        })
        .collect();
    catalog
}

#[test]
fn the_standard_policy_decides_alike_in_every_way_whatever_the_size_of_the_pool() {
    for senders in [10, 65, 2_501, 100_000] {
        let folder = Folder::new();
        folder.write("catalog.json", pool(senders).to_string());
        let near = json!({"step": "AREA_CODE", "strategyId": "GENERAL"});
        let mut all: Vec<Value> = (0..8).map(|line| case(&format!("near {line}"), line, &near)).collect();
        all.push(case("far", 200, &json!({"step": "POOL"})));
        all[8]["message"]["to"] = json!("+442079460018");
        folder.write("cases.json", json!({"catalog": "catalog.json", "cases": all}).to_string());
        let path = standard_component().to_str().expect("UTF-8");
        let ran = run(&mut folder.callsign(&["policy", "test", path, "cases.json"]));
        assert_says(&ran, 0, &["9 of 9 cases are as expected", "(72 pairs)"]);
    }
}

#[test]
fn cases_that_share_a_pin_are_decided_with_the_pins_that_each_began_with() {
    let sticky = |expect: Value| case("a", 101, &expect);
    let cases = cases(
        &[sticky(json!({"step": "POOL"})), sticky(json!({"step": "STICKY"})), case("c", 102, &json!({"step": "POOL"}))],
        &json!({"useStickySender": true}),
    );
    let folder = Folder::new();
    folder.write("cases.json", cases.to_string());
    let path = standard_component().to_str().expect("UTF-8");
    let ran = run(&mut folder.callsign(&["policy", "test", path, "cases.json"]));
    assert_says(&ran, 0, &["3 of 3 cases are as expected", "(6 pairs)"]);
}

#[test]
fn lines_that_the_policy_logs_are_shown_under_their_case() {
    let logging = Component::new("logging", "1.0.0")
        .import("log", "write", "(param i32 i32 i32)")
        .item(r#"(data (i32.const 300) "thinking of it")"#)
        .resolve(&format!(
            "(call $write (i32.const 0) (i32.const 300) (i32.const 8))
             (call $write (i32.const 2) (i32.const 300) (i32.const 14))
             {}",
            by("(i32.const 0)")
        ));
    let s1 = json!({"senderId": "S1"});
    let one = cases(&[case("one", 101, &s1)], &json!({}));
    let ran = test(&logging, &one);
    let lines = "ok      one\n        log       debug: logging@1.0.0: thinking\n        \
                 log       warning: logging@1.0.0: thinking of it\n";
    assert_says(&ran, 0, &[lines]);

    // Also where it decides for somebody, on standard error.
    let folder = Folder::new();
    folder.write("policy.wasm", logging.build());
    folder.write("catalog.json", one["catalog"].to_string());
    folder.write("m.jsonl", one["cases"][0]["message"].to_string());
    let (debug, warning) =
        ("callsign: debug: logging@1.0.0: thinking\n", "callsign: warning: logging@1.0.0: thinking of it\n");
    let shown = |arguments: &[&str]| {
        let ran = run(folder.callsign(arguments).args(["--catalog", "catalog.json", "--policy", "policy.wasm"]));
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("S1") && !ran.out.contains("thinking"), "{}", ran.out);
        (ran.err.contains(debug), ran.err.contains(warning))
    };
    let explain = ["explain", "--to", "+14155550101", "--application", "shop"];
    for command in [&["resolve", "m.jsonl"][..], &explain] {
        let with = |level: &str| shown(&[command, &["--policy-log", level]].concat());
        assert_eq!(shown(command), (false, true), "{command:?}");
        assert_eq!(with("debug"), (true, true), "{command:?}");
        assert_eq!(with("error"), (false, false), "{command:?}");
        assert_eq!(with("off"), (false, false), "{command:?}");
    }
}

#[test]
fn a_case_that_is_not_as_expected_is_explained() {
    let folder = Folder::new();
    let s9 = json!({"senderId": "S9"});
    folder.write("cases.json", cases(&[case("one", 101, &s9)], &json!({})).to_string());
    let path = standard_component().to_str().expect("UTF-8");
    let ran = run(&mut folder.callsign(&["policy", "test", path, "cases.json"]));
    assert_says(
        &ran,
        1,
        &["FAILED  one", "expected  senderId S9", "got  sender", "3 strategy", "> GENERAL", "decided  "],
    );
}

#[test]
fn record_writes_what_is_expected_of_a_new_case_and_changes_nothing_else() {
    let folder = Folder::new();
    let told = json!({"refusal": "NO_STRATEGY"});
    let mut file = cases(&[case("told", 101, &told), case("new", 102, &Value::Null)], &json!({}));
    file["cases"][0]["message"]["applicationId"] = json!("care");
    file["catalog"]["applications"].as_array_mut().expect("a list").push(json!({"applicationId": "care"}));
    folder.write("cases.json", serde_json::to_string_pretty(&file).expect("JSON"));
    let path = standard_component().to_str().expect("UTF-8");
    let test = |more: &[&str]| run(folder.callsign(&["policy", "test", path, "cases.json"]).args(more));

    let ran = test(&[]);
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.contains("new: nothing is expected of it") && ran.err.contains("--record"), "{}", ran.err);

    let ran = test(&["--record"]);
    assert_says(
        &ran,
        0,
        &["ok      told", "new     new", "recorded  senderId S", "1 new case is written to cases.json"],
    );
    let recorded: Value =
        serde_json::from_str(&fs::read_to_string(folder.path("cases.json")).expect("it is there")).expect("JSON");
    let expect = &recorded["cases"][1]["expect"];
    assert_eq!((&expect["step"], &expect["strategyId"]), (&json!("POOL"), &json!("GENERAL")));
    file["cases"][1]["expect"] = expect.clone();
    assert_eq!(recorded, file);
    assert_says(&test(&[]), 0, &["2 of 2 cases are as expected"]);

    // What is decided in two ways is not recorded.
    let counting = Component::new("counting", "1.0.0")
        .item("(global $calls (mut i32) (i32.const 0))")
        .resolve(&format!("{} (global.set $calls (i32.const 1))", by("(global.get $calls)")));
    folder.write("policy.wasm", counting.build());
    let new = cases(&[case("new", 102, &Value::Null)], &json!({})).to_string();
    folder.write("cases.json", &new);
    let ran = run(&mut folder.callsign(&["policy", "test", "policy.wasm", "cases.json", "--record"]));
    assert_says(&ran, 1, &["FAILED  new"]);
    assert_eq!(fs::read_to_string(folder.path("cases.json")).expect("it is there"), new);
}

#[test]
fn limits_of_memory_time_stack_and_imports_are_told_apart() {
    let hog = "(loop $again
        (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable)) (br $again)) unreachable";
    let slow_hog = "(local $at i32)
        (drop (memory.grow (i32.const 1000)))
        (loop $again (br $again)) unreachable";
    let refused_hog = "(drop (memory.grow (i32.const 60000))) (loop $again (br $again)) unreachable";
    let deep = Component::new("deep", "1.0.0")
        .item("(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))")
        .resolve("(call $deeper (i32.const 0))");
    let asking = Component::new("asking", "1.0.0")
        .import("log", "write", "(param i32 i32 i32)")
        .resolve("(loop $again (call $write (i32.const 0) (i32.const 300) (i32.const 1)) (br $again)) unreachable");
    let of = |body: &str| Component::new("hog", "1.0.0").resolve(body);
    let one = cases(&[case("one", 101, &json!({"senderId": "S1"}))], &json!({}));
    // Only those that are about time have little of it: a busy machine would end the others by it.
    let (short, long) = ("200", "60000");
    for (component, deadline, words) in [
        (of(hog), long, "the policy wanted more than 134217728 bytes of memory"),
        (
            of(slow_hog),
            short,
            "the policy ran for longer than 200ms while its memory grew to 65667072 bytes (134217728 are allowed)",
        ),
        (
            of(refused_hog),
            short,
            "the policy ran for longer than 200ms after it wanted more than 134217728 bytes of memory",
        ),
        (of("(loop $again (br $again)) unreachable"), short, "the policy ran for longer than 200ms\n"),
        (deep, long, "the policy used more than 524288 bytes of stack"),
        (asking, long, "the policy made more than 2000 imports in one call"),
    ] {
        let begun = Instant::now();
        let ran = test_with(&component, &one, &["--policy-deadline", deadline]);
        assert_says(&ran, 1, &["got  refusal POLICY_FAILED: ", words]);
        assert!(begun.elapsed() < Duration::from_secs(60), "what fails is not tried in every way");
    }
    let endless = of("(loop $again (br $again)) unreachable");
    assert_says(&test_by_default(&endless, &one), 1, &["the policy ran for longer than 200ms\n"]);
}

#[test]
fn many_cases_that_fail_do_not_fail_the_next_one() {
    let failing = Component::new("failing", "1.0.0").resolve(&format!(
        "(if (i32.ne (local.get $country) (i32.const 21843)) (then unreachable)) {}",
        by("(i32.const 0)")
    ));
    let mut all: Vec<Value> =
        (0..25).map(|line| case(&format!("to Britain {line}"), line, &json!({"refusal": "POLICY_FAILED"}))).collect();
    for case in &mut all {
        case["message"]["to"] = json!("+442079460018");
    }
    all.push(case("to the US", 101, &json!({"senderId": "S1"})));
    assert_says(&test(&failing, &cases(&all, &json!({}))), 0, &["26 of 26 cases are as expected"]);
}

#[test]
fn a_time_is_written_as_rfc_3339() {
    let mut file = two_cases();
    file["cases"][0]["message"]["sentAt"] = json!("2026-03-01T21:30:00Z");
    let ran = test(&Component::new("first", "1.0.0"), &file);
    assert_says(&ran, 0, &["2 of 2"]);
    for wrong in [json!("tomorrow"), json!(1_772_400_600), json!("1969-12-31T23:59:59Z")] {
        file["cases"][0]["message"]["sentAt"] = wrong;
        let ran = test(&Component::new("first", "1.0.0"), &file);
        assert_eq!((ran.code, &*ran.out), (2, ""), "{}", ran.err);
    }
}
