//! Attacks of the core lane: what a policy passes and where, when it is called without its component. Each comes to the same
//! as through the component, in the same words.

mod looks_plain;

use std::collections::BTreeSet;
use std::sync::Arc;

use callsign::{Gateway, Limits, MemoryStore, MessageAttributes, Policy};
use serde_json::json;

use super::{Attacked, TO, hostile, limits, policy, sms};
use callsign_tests::component::Component;
use callsign_tests::platform::{decide, patient};

/// What comes of the messages of a policy: of one alone, of ten in a batch, and the causes of what failed.
fn fate(policy: Policy) -> (String, Vec<String>, Vec<String>) {
    let attacked = Attacked::with(policy, Arc::new(MemoryStore::new()));
    let alone = decide(&attacked.gateway, &sms("shop", TO));
    let messages: Vec<_> = (0..10).map(|_| sms("shop", TO)).collect();
    let batch = attacked.gateway.resolve_batch(&messages).iter().map(|decision| format!("{decision:?}")).collect();
    attacked.neighbours_are_well();
    let causes = attacked.causes.lock().unwrap().clone();
    (alone, batch, causes)
}

/// A policy comes to the same through its program and through its component; what a message of it comes to.
fn alike_within(component: &Component, limits: &Limits) -> String {
    let bytes = component.build();
    let load = || Policy::from_bytes_within(&bytes, limits.clone()).unwrap_or_else(|error| panic!("{error}"));
    let program = load();
    // Whether it accepts its settings does not matter: this starts an instance.
    let _ = program.check_settings();
    assert!(program.takes_core_lane(), "it is called through the core lane");
    let component = load().without_core_lane();
    let _ = component.check_settings();
    assert!(!component.takes_core_lane());
    let (program, component) = (fate(program), fate(component));
    assert_eq!(program, component);
    program.2.first().cloned().unwrap_or(program.0)
}

fn alike(component: &Component) -> String {
    alike_within(component, &limits())
}

/// The same, and these words are the cause.
fn fails_alike(component: &Component, words: &str) {
    let cause = alike(component);
    assert!(cause.contains(words), "{cause} instead of {words}");
}

/// `resolve` calls an import in this way, and then decides.
fn calling(interface: &str, function: &str, signature: &str, call: &str) -> Component {
    let decides = "(call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))";
    hostile().import(interface, function, signature).resolve(&format!("{call} {decides}"))
}

fn key_of(at: &str, len: &str) -> Component {
    calling("attributes", "key-of", "(param i32 i32) (result i64)", &format!("(drop (call $key-of {at} {len}))"))
}

/// Asks for the area codes near 415, a list of 16-bit numbers, and wants it described at an address.
fn near_codes(at: &str) -> Component {
    let call = format!("(call $near-codes (i32.const 2) (i32.const 415) (i32.const {at}))");
    calling("senders", "near-codes", "(param i32 i32 i32)", &call)
}

/// The same, where memory for the list is given so.
fn near_codes_into(realloc: &str) -> Component {
    let lists = format!(
        "(local $end i32) (if (i32.eq (local.get $align) (i32.const 2)) (then {realloc}))
         (local.set $end (global.get $heap))
         (global.set $heap (i32.add (i32.add (local.get $end) (local.get $size)) (i32.const 8)))
         (i32.and (i32.add (local.get $end) (i32.const 7)) (i32.const -8))"
    );
    near_codes("4096").realloc(&lists)
}

#[test]
fn a_text_outside_of_memory_fails() {
    let words = "the policy failed: string pointer/length out of bounds of memory";
    for (at, len) in [(-1, 1), (131_072, 1), (131_071, 2), (0, -1), (-1, -1), (131_073, 0)] {
        fails_alike(&key_of(&format!("(i32.const {at})"), &format!("(i32.const {len})")), words);
    }
    assert_eq!(alike(&key_of("(i32.const 131072)", "(i32.const 0)")), "S0 POOL", "an empty text at the very end");
}

#[test]
fn a_text_that_is_not_utf_8_fails() {
    let write = "(i32.store16 (i32.const 4096) (i32.const 0x80c3))";
    assert_eq!(alike(&key_of(&format!("{write} (i32.const 4096)"), "(i32.const 0)")), "S0 POOL");
    let bad = "(i32.store16 (i32.const 4096) (i32.const 0x28c3)) (i32.const 4096)";
    fails_alike(&key_of(bad, "(i32.const 2)"), "the policy failed: invalid utf-8 sequence of 1 bytes from index 0");
    fails_alike(
        &calling(
            "log",
            "write",
            "(param i32 i32 i32)",
            "(i32.store8 (i32.const 4096) (i32.const 0xff)) (call $write (i32.const 1) (i32.const 4096) (i32.const 1))",
        ),
        "the policy failed: invalid utf-8 sequence",
    );
}

#[test]
fn a_text_of_more_bytes_than_may_be_passed_fails() {
    let mut limits = limits();
    limits.returned = 1_000;
    let cause = alike_within(&key_of("(i32.const 0)", "(i32.const 1001)"), &limits);
    assert!(cause.contains("the policy handed over more than 1000 bytes at once"), "{cause}");
    assert_eq!(alike_within(&key_of("(i32.const 0)", "(i32.const 1000)"), &limits), "S0 POOL");
}

#[test]
fn a_refusal_of_memory_is_the_cause_of_what_fails_after_it() {
    let mut limits = limits();
    limits.returned = 1_000;
    let grow = "(drop (memory.grow (i32.const 60000)))";
    for component in [
        key_of(&format!("{grow} (i32.const 0)"), "(i32.const 1001)"),
        key_of(&format!("{grow} (i32.const 0)"), "(i32.const -1)"),
        hostile().resolve(&format!("{grow} (i32.const 1028)")),
        near_codes_into(&format!("{grow} (return (i32.const -2))")),
        hostile().post_return(&format!("{grow} unreachable")),
    ] {
        let cause = alike_within(&component, &limits);
        assert!(cause.contains("the policy wanted more than 134217728 bytes of memory"), "{cause}");
    }
}

#[test]
fn a_case_that_does_not_exist_fails() {
    let write = |case: i32| {
        let call = format!("(call $write (i32.const {case}) (i32.const 0) (i32.const 0))");
        calling("log", "write", "(param i32 i32 i32)", &call)
    };
    assert_eq!(alike(&write(3)), "S0 POOL");
    for case in [4, 256, -1] {
        fails_alike(&write(case), "the policy failed: unexpected discriminant: ");
    }
}

#[test]
fn an_option_that_is_neither_none_nor_some_fails() {
    let pool = |option: i32| {
        let call = format!(
            "(drop (call $contains (local.get $scope) (i32.const {option}) (i32.const 0) (local.get $type)
               (local.get $country) (local.get $channel) (i32.const 0) (i32.const 0)))"
        );
        calling("senders", "contains", "(param i32 i32 i32 i64 i32 i32 i32 i32) (result i32)", &call)
    };
    assert_eq!(alike(&pool(0)), "S0 POOL");
    assert_eq!(alike(&pool(1)), "S0 POOL");
    for option in [2, 256, -1] {
        fails_alike(&pool(option), "the policy failed: invalid option discriminant");
    }
}

#[test]
fn a_number_of_more_bits_than_its_type_is_cut_off() {
    // The channel of a pool has 8 bits, whether it is healthy is true for any number but 0.
    let call = "(if (i32.ne
        (call $contains (local.get $scope) (i32.const 0) (i32.const 0) (local.get $type)
           (i32.or (local.get $country) (i32.const 0x70000)) (i32.or (local.get $channel) (i32.const 0x7f00))
           (i32.const 512) (i32.const 0))
        (i32.const 1)) (then unreachable))";
    let signature = "(param i32 i32 i32 i64 i32 i32 i32 i32) (result i32)";
    assert_eq!(alike(&calling("senders", "contains", signature, call)), "S0 POOL");
}

#[test]
fn a_result_that_is_wanted_outside_of_memory_or_not_aligned_fails() {
    assert_eq!(alike(&near_codes("4096")), "S0 POOL");
    for at in ["131068", "-8", "131072", "-4"] {
        fails_alike(&near_codes(at), "the policy failed: pointer out of bounds");
    }
    for at in ["4097", "4098", "-1"] {
        fails_alike(&near_codes(at), "the policy failed: pointer not aligned");
    }
    let sent_at = |at: i32| {
        let call = format!("(call $sent-at (local.get $message) (i32.const {at}))");
        calling("times", "sent-at", "(param i32 i32)", &call)
    };
    assert_eq!(alike(&sent_at(4096)), "S0 POOL");
    fails_alike(&sent_at(4100), "the policy failed: pointer not aligned");
    fails_alike(&sent_at(131_064), "the policy failed: pointer out of bounds");
}

#[test]
fn memory_that_is_allocated_for_a_list_is_checked() {
    assert_eq!(alike(&near_codes_into("(return (i32.const 8192))")), "S0 POOL");
    fails_alike(&near_codes_into("(return (i32.const 8193))"), "the policy failed: realloc return: result not aligned");
    for at in ["131072", "-2"] {
        fails_alike(
            &near_codes_into(&format!("(return (i32.const {at}))")),
            "the policy failed: realloc return: beyond end of memory",
        );
    }
    fails_alike(&near_codes_into("unreachable"), "wasm trap: wasm `unreachable` instruction executed");
}

#[test]
fn memory_that_grows_while_it_is_allocated_is_written() {
    let grows = "(return (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))";
    assert_eq!(alike(&near_codes_into(grows)), "S0 POOL");
}

#[test]
fn an_import_that_is_called_while_memory_is_allocated_fails() {
    let component = near_codes_into("(drop (call $copy-up-to))").import("senders", "copy-up-to", "(result i32)");
    fails_alike(&component, "wasm trap: cannot leave component instance");
}

#[test]
fn an_import_that_is_called_after_an_answer_was_read_fails() {
    let component = hostile().import("senders", "copy-up-to", "(result i32)");
    fails_alike(&component.post_return("(drop (call $copy-up-to))"), "wasm trap: cannot leave component instance");
}

#[test]
fn what_is_called_after_an_answer_may_trap() {
    fails_alike(&hostile().post_return("unreachable"), "wasm trap: wasm `unreachable` instruction executed");
}

#[test]
fn the_memory_of_a_batch_is_checked() {
    for (realloc, words) in [
        ("(i32.const 131072)", "realloc return: beyond end of memory"),
        ("(i32.const -8)", "realloc return: beyond end of memory"),
        ("(i32.const 65540)", "realloc return: result not aligned"),
        ("unreachable", "wasm trap: wasm `unreachable` instruction executed"),
        ("(drop (call $copy-up-to)) (i32.const 65536)", "wasm trap: cannot leave component instance"),
    ] {
        let component = hostile().import("senders", "copy-up-to", "(result i32)").realloc_of_lists(realloc);
        fails_alike(&component, words);
    }
}

#[test]
fn a_list_of_answers_is_checked() {
    for (at, count, words) in [
        (0, -1, "the policy gave 4294967295 answers to 10 requests"),
        (8_192, 9, "the policy gave 9 answers to 10 requests"),
        (131_072, 10, "list pointer/length out of bounds of memory"),
        (-8, 10, "list pointer/length out of bounds of memory"),
        (4, 10, "list pointer is not aligned"),
    ] {
        let list = format!(
            "(i32.store (i32.const 2048) (i32.const {at})) (i32.store (i32.const 2052) (i32.const {count}))
             (i32.const 2048)"
        );
        fails_alike(&hostile().resolve_batch(&list), words);
    }
    for (at, words) in [("2049", "return pointer not aligned"), ("131068", "pointer out of bounds of memory")] {
        fails_alike(&hostile().resolve_batch(&format!("(i32.const {at})")), words);
    }
}

#[test]
fn words_of_a_refusal_and_of_settings_are_checked() {
    let refusing = || hostile().resolve("(call $refuse (i32.const 7))");
    let words = |at: i32, len: i32| {
        format!("(call $words (i32.const 96) (i32.const 6) (i32.const {at}) (i32.const {len})) (i32.const 2048)")
    };
    let wording = |policy: Policy| {
        let attacked = Attacked::with(policy, Arc::new(MemoryStore::new()));
        let decision = attacked.gateway.resolve(&sms("shop", TO));
        let refusal = decision.get().refusal().unwrap();
        (refusal.code().to_owned(), refusal.to_string())
    };
    for (at, len, said) in [
        (112, 12, "closed today"),
        (-1, 2, "string pointer/length out of bounds of memory"),
        (112, -1, "string pointer/length out of bounds of memory"),
        (0, 131_072, ""),
    ] {
        let component = refusing().refusal_text(&words(at, len));
        let (program, component) = (policy(&component), policy(&component).without_core_lane());
        let (program, component) = (wording(program), wording(component));
        assert_eq!(program, component);
        assert!(program.1.contains(said), "{program:?}");
    }
    for body in [
        "(i32.store8 (i32.const 2048) (i32.const 2)) (i32.const 2048)",
        "(i32.store8 (i32.const 2048) (i32.const 1)) (i32.store (i32.const 2052) (i32.const -1)) (i32.const 2048)",
        "(i32.store8 (i32.const 2048) (i32.const 1)) (i32.store (i32.const 2052) (i32.const 96))
         (i32.store (i32.const 2056) (i32.const 6)) (i32.const 2048)",
        "(i32.const 2050)",
        "unreachable",
    ] {
        let component = hostile().check_settings(body);
        let said = |policy: Policy| policy.with_settings("{}").unwrap_err().to_string();
        assert_eq!(said(policy(&component)), said(policy(&component).without_core_lane()));
    }
}

#[test]
fn an_explanation_is_the_same() {
    for notes in [0, 3, 500] {
        let component = hostile().explaining(notes);
        let explain = |policy: Policy| {
            let attacked = Attacked::with(policy, Arc::new(MemoryStore::new()));
            format!("{:?}", attacked.gateway.explain(&sms("shop", TO)))
        };
        let (program, component) = (policy(&component), policy(&component).without_core_lane());
        assert_eq!(explain(program), explain(component));
    }
}

/// Calls an import, and refuses with a hash of all that it gave: the 64 bytes of its result, and the memory that was
/// allocated.
fn hashing(interface: &str, function: &str, signature: &str, call: &str) -> Component {
    let (result, call) = match signature.rsplit_once("(result ") {
        Some((_, "i32)")) => ("i32", format!("(i32.store (i32.const 4096) ({call}))")),
        Some((_, "i64)")) => ("i64", format!("(i64.store (i32.const 4096) ({call}))")),
        _ => ("", format!("({call})")),
    };
    let key_of =
        if function == "key-of" { "" } else { "(local.set $key (call $key-of (i32.const 8192) (i32.const 8)))" };
    let component = hostile()
        .item(r#"(data (i32.const 8192) "campaign")"#)
        .item(
            "(func $hash (param $from i32) (param $to i32) (param $hash i64) (result i64)
               (block $done (loop $next
                 (br_if $done (i32.ge_u (local.get $from) (local.get $to)))
                 (local.set $hash (i64.mul
                   (i64.xor (local.get $hash) (i64.load8_u (local.get $from))) (i64.const 0x100000001b3)))
                 (local.set $from (i32.add (local.get $from) (i32.const 1)))
                 (br $next)))
               (local.get $hash))",
        )
        .import(interface, function, signature)
        .resolve(&format!(
            "(local $key i64) (local $hash i64)
             (global.set $heap (global.get $base))
             {key_of}
             {call}
             (local.set $hash (call $hash (i32.const 4096) (i32.const 4160) (i64.const 0xcbf29ce484222325)))
             (local.set $hash (call $hash (global.get $base) (global.get $heap) (local.get $hash)))
             (drop (call $refuse (i32.const 7)))
             (i64.store (i32.const 1040) (local.get $hash))
             (i32.const 1024)"
        ));
    assert!(result.is_empty() || signature.ends_with(&format!("(result {result})")));
    if function == "key-of" {
        component
    } else {
        component.import("attributes", "key-of", "(param i32 i32) (result i64)")
    }
}

/// What an import gave for a message with everything, as the hash that the policy refuses with.
fn given(policy: Policy) -> String {
    let platform = super::platform()
        .sender_as(json!({
            "senderId": "S6", "sender": "SHOP", "senderType": "ALPHANUMERIC", "attributes": {"campaign": "0.25"},
            "coverage": [{"channel": "SMS", "countries": "*"}],
        }))
        .associate("shop", &["S6"]);
    let gateway = Gateway::with(platform.catalog(), policy, Arc::new(MemoryStore::new())).unwrap();
    let attributes = [("campaign", "C1")];
    let message =
        sms("shop", TO).id("M1").sent_at(1_800_000_000).attributes(MessageAttributes::new(&attributes).unwrap());
    format!("{:?}", gateway.resolve(&message).get().refusal().expect("it refuses"))
}

#[test]
fn every_import_gives_the_same_bytes() {
    let pool = "(local.get $scope) (i32.const 0) (i32.const 0) (local.get $type) (local.get $country)
        (local.get $channel) (i32.const 0)";
    let all = "(i32.const 31) (i32.const 0) (i32.const 0)";
    let (pool_type, group_type) = ("i32 i32 i32 i64 i32 i32 i32", "i32 i32 i32");
    let at = "(i32.const 4096)";
    let (scope, message, key) = ("(local.get $scope)", "(local.get $message)", "(local.get $key)");
    let imports = [
        ("strategies", "strategies-of", "(param i32 i32 i32)", format!("{scope} (local.get $country) {at}")),
        ("strategies", "strategy-id", "(param i32 i32 i32)", format!("{scope} (i32.const 1) {at}")),
        ("senders", "candidates", &format!("(param {pool_type} i32)"), format!("{pool} {at}")),
        ("senders", "copy-up-to", "(result i32)", String::new()),
        ("senders", "count", &format!("(param {pool_type} {group_type}) (result i32)"), format!("{pool} {all}")),
        (
            "senders",
            "at",
            &format!("(param {pool_type} {group_type} i32 i32)"),
            format!("{pool} {all} (i32.const 1) {at}"),
        ),
        ("senders", "contains", &format!("(param {pool_type} i32) (result i32)"), format!("{pool} (i32.const 1)")),
        ("senders", "candidate-of", &format!("(param {pool_type} i32 i32)"), format!("{pool} (i32.const 0) {at}")),
        (
            "senders",
            "spread",
            &format!("(param {pool_type} {group_type} i64 i32)"),
            format!("{pool} {all} (local.get $recipient) {at}"),
        ),
        (
            "senders",
            "spread-of",
            &format!("(param i32 {pool_type} {group_type} i32)"),
            format!("{message} {pool} {all} {at}"),
        ),
        ("senders", "itself", "(param i32 i32)", format!("{message} {at}")),
        ("senders", "near-codes", "(param i32 i32 i32)", format!("(i32.const 3) (i32.const 415) {at}")),
        ("senders", "default-senders", &format!("(param {pool_type} i32)"), format!("{pool} {at}")),
        ("senders", "all-considered", &format!("(param {pool_type} i32)"), format!("{pool} {at}")),
        ("senders", "describe", "(param i32 i32 i32)", format!("{scope} (i32.const 1) {at}")),
        ("senders", "addresses", &format!("(param {pool_type} i32)"), format!("{pool} {at}")),
        ("senders", "ids", &format!("(param {pool_type} i32)"), format!("{pool} {at}")),
        ("attributes", "key-of", "(param i32 i32) (result i64)", "(i32.const 8192) (i32.const 5)".into()),
        ("attributes", "message-text", "(param i32 i64 i32)", format!("{message} {key} {at}")),
        ("attributes", "message-number", "(param i32 i64 i32)", format!("{message} {key} {at}")),
        ("attributes", "message-key", "(param i32 i64) (result i64)", format!("{message} {key}")),
        ("attributes", "scope-text", "(param i32 i32 i64 i32)", format!("{scope} (i32.const 0) {key} {at}")),
        ("attributes", "scope-number", "(param i32 i32 i64 i32)", format!("{scope} (i32.const 0) {key} {at}")),
        ("attributes", "scope-key", "(param i32 i32 i64) (result i64)", format!("{scope} (i32.const 0) {key}")),
        ("attributes", "sender-text", "(param i32 i32 i64 i32)", format!("{scope} (i32.const 4) {key} {at}")),
        ("attributes", "sender-number", "(param i32 i32 i64 i32)", format!("{scope} (i32.const 4) {key} {at}")),
        ("attributes", "sender-key", "(param i32 i32 i64) (result i64)", format!("{scope} (i32.const 4) {key}")),
        ("attributes", "sender-texts", &format!("(param {pool_type} i64 i32)"), format!("{pool} {key} {at}")),
        ("attributes", "sender-numbers", &format!("(param {pool_type} i64 i32)"), format!("{pool} {key} {at}")),
        ("attributes", "sender-keys", &format!("(param {pool_type} i64 i32)"), format!("{pool} {key} {at}")),
        ("signals", "health-of", &format!("(param {pool_type}) (result i64)"), pool.into()),
        ("signals", "unhealthy", &format!("(param {pool_type} i32)"), format!("{pool} {at}")),
        ("signals", "number", "(param i32 i32 i64 i32)", format!("{scope} (i32.const 0) {key} {at}")),
        ("signals", "numbers", &format!("(param {pool_type} i64 i32)"), format!("{pool} {key} {at}")),
        ("sticky", "pin-of", "(param i32 i32)", format!("{message} {at}")),
        ("sticky", "pins-of", "(param i32)", at.into()),
        ("messages", "text", "(param i32 i32 i32)", format!("{message} (i32.const 3) {at}")),
        ("times", "sent-at", "(param i32 i32)", format!("{message} {at}")),
        ("times", "zones-of", "(param i32 i32)", format!("{message} {at}")),
        ("times", "zone-name", "(param i32 i32)", format!("(i32.const 1) {at}")),
        ("settings", "json", "(param i32)", at.into()),
        ("log", "write", "(param i32 i32 i32)", "(i32.const 0) (i32.const 8192) (i32.const 8)".into()),
    ];
    let mut hashes = BTreeSet::new();
    for (interface, function, signature, arguments) in imports {
        let component = hashing(interface, function, signature, &format!("call ${function} {arguments}"));
        let program = policy(&component);
        program.check_settings().unwrap();
        assert!(program.takes_core_lane(), "{function}");
        let hash = given(program);
        assert_eq!(hash, given(policy(&component).without_core_lane()), "{function}");
        hashes.insert(hash);
    }
    // What is none, 0 or empty looks alike.
    assert!(hashes.len() > 25, "most imports gave something of their own: {hashes:?}");
}

#[test]
fn a_component_with_a_start_function_is_called_as_a_component() {
    let started = policy(&hostile().start("(global.set $heap (i32.const 65536))"));
    started.check_settings().unwrap();
    assert!(!started.takes_core_lane());
}

#[test]
fn a_policy_whose_instructions_are_counted_is_called_as_a_component() {
    let mut limits = limits();
    limits.fuel = Some(1_000_000);
    let counted = Policy::from_bytes_within(&hostile().build(), limits).unwrap();
    counted.check_settings().unwrap();
    assert!(!counted.takes_core_lane());
    assert!(counted.last_instructions() > 0);
}

#[test]
fn the_standard_policy_takes_the_core_lane() {
    let standard = patient(Policy::standard().unwrap());
    standard.check_settings().unwrap();
    assert!(standard.takes_core_lane());
}
