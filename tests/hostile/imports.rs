//! Imports without end, and imports of what is not the policy's.

use std::sync::Mutex;

use super::{Attacked, fails, hostile, is_late_alone, policy};
use callsign_tests::component::Component;

/// Calls an import for ever.
fn flood(interface: &str, function: &str, signature: &str, call: &str) -> Component {
    hostile().import(interface, function, signature).resolve(&format!("(loop $again {call} (br $again)) unreachable"))
}

const MANY: &str = "the policy made more than 2000 imports in one call";

/// The pool of the message, without a strategy: scope, strategy, message type, country, channel, healthy.
const POOL: &str = "(local.get $scope) (i32.const 0) (i32.const 0) (local.get $type) (local.get $country)
    (local.get $channel) (i32.const 0)";

/// The signature of a function of a pool, with what else it takes and gives.
fn of_pool(more: &str) -> String {
    format!("(param i32 i32 i32 i64 i32 i32 i32) {more}")
}

/// All senders, wherever they are.
const ALL: &str = "(i32.const 31) (i32.const 0) (i32.const 0)";

const GROUP: &str = "(param i32 i32 i32)";

#[test]
fn a_flood_of_counts_meets_the_limit_of_imports() {
    let call = format!("(drop (call $count {POOL} {ALL}))");
    fails(&flood("senders", "count", &of_pool(&format!("{GROUP} (result i32)")), &call), MANY);
}

#[test]
fn a_flood_of_spreads_meets_the_limit_of_imports() {
    let call = format!("(call $spread {POOL} {ALL} (local.get $recipient) (i32.const 4096))");
    fails(&flood("senders", "spread", &of_pool(&format!("{GROUP} (param i64 i32)")), &call), MANY);
}

#[test]
fn a_flood_of_any_other_import_meets_the_limit_of_imports() {
    let to_memory = of_pool("(param i32)");
    let named = of_pool("(param i64 i32)");
    for (interface, function, signature, call) in [
        ("senders", "copy-up-to", "(result i32)", "(drop (call $copy-up-to))".to_owned()),
        (
            "senders",
            "spread-of",
            &format!("(param i32) {}", of_pool(&format!("{GROUP} (param i32)"))),
            format!("(call $spread-of (local.get $message) {POOL} {ALL} (i32.const 4096))"),
        ),
        ("senders", "itself", "(param i32 i32)", "(call $itself (local.get $message) (i32.const 4096))".to_owned()),
        ("senders", "near-codes", "(param i32 i32 i32)", NEAR_CODES.to_owned()),
        ("senders", "default-senders", &to_memory, format!("(call $default-senders {POOL} (i32.const 4096))")),
        ("senders", "addresses", &to_memory, format!("(call $addresses {POOL} (i32.const 4096))")),
        (
            "attributes",
            "key-of",
            "(param i32 i32) (result i64)",
            "(drop (call $key-of (i32.const 96) (i32.const 6)))".to_owned(),
        ),
        (
            "attributes",
            "message-key",
            "(param i32 i64) (result i64)",
            "(drop (call $message-key (local.get $message) (i64.const 7)))".to_owned(),
        ),
        ("attributes", "sender-keys", &named, format!("(call $sender-keys {POOL} (i64.const 7) (i32.const 4096))")),
        ("signals", "health-of", &of_pool("(result i64)"), format!("(drop (call $health-of {POOL}))")),
        ("signals", "numbers", &named, format!("(call $numbers {POOL} (i64.const 7) (i32.const 4096))")),
        ("sticky", "pins-of", "(param i32)", "(call $pins-of (i32.const 4096))".to_owned()),
        ("times", "zones-of", "(param i32 i32)", "(call $zones-of (local.get $message) (i32.const 4096))".to_owned()),
        ("times", "zone-name", "(param i32 i32)", "(call $zone-name (i32.const 1) (i32.const 4096))".to_owned()),
    ] {
        // Results take memory inside the policy, which it gives back so that the limit of imports is the one that it meets.
        let call = format!("{call} (global.set $heap (global.get $base))");
        fails(&flood(interface, function, signature, &call), MANY);
    }
}

const NEAR_CODES: &str = "(call $near-codes (i32.const 3) (i32.const 415) (i32.const 4096))";

#[test]
fn a_flood_of_pin_reads_meets_the_limit_of_imports() {
    fails(&flood("sticky", "pin-of", "(param i32 i32)", "(call $pin-of (local.get $message) (i32.const 4096))"), MANY);
}

#[test]
fn a_flood_of_lists_that_fill_the_memory_meets_a_limit() {
    let call = "(call $strategies-of (local.get $scope) (local.get $country) (i32.const 4096))";
    fails(&flood("strategies", "strategies-of", "(param i32 i32 i32)", call), MANY);
}

#[test]
fn a_flood_of_log_lines_of_a_megabyte_each_meets_the_deadline() {
    let component =
        flood("log", "write", "(param i32 i32 i32)", "(call $write (i32.const 3) (i32.const 0) (i32.const 1000000))");
    is_late_alone(&component.memory(r#"(memory (export "memory") 20)"#));
}

#[test]
fn a_flood_of_log_lines_without_a_loop_meets_the_deadline() {
    // 15 MB that the host has to look at each time, and no place where compiled code looks at the time.
    let component =
        hostile().memory(r#"(memory (export "memory") 300)"#).import("log", "write", "(param i32 i32 i32)").resolve(
            &format!("{} unreachable", "(call $write (i32.const 0) (i32.const 0) (i32.const 15000000))".repeat(1_900)),
        );
    is_late_alone(&component);
}

#[test]
fn a_log_line_of_more_bytes_than_may_be_handed_over_fails() {
    let component = hostile()
        .memory(r#"(memory (export "memory") 1800)"#)
        .import("log", "write", "(param i32 i32 i32)")
        .resolve("(call $write (i32.const 0) (i32.const 0) (i32.const 100000000)) unreachable");
    fails(&component, "the policy handed over more than 16777216 bytes at once");
}

#[test]
fn arguments_that_their_types_do_not_allow_fail() {
    let log = |severity: u32, at: i64, length: i64| {
        let call = format!("(call $write (i32.const {severity}) (i32.const {at}) (i32.const {length})) unreachable");
        hostile().import("log", "write", "(param i32 i32 i32)").resolve(&call)
    };
    let key = "(drop (call $key-of (i32.const -4) (i32.const 6))) unreachable";
    let key = hostile().import("attributes", "key-of", "(param i32 i32) (result i64)").resolve(key);
    let name = "(call $zone-name (i32.const 1) (i32.const -4)) unreachable";
    let name = hostile().import("times", "zone-name", "(param i32 i32)").resolve(name);
    let no_text = log(0, 4096, 4).item(r#"(data (i32.const 4096) "\ff\fe\fd\fc")"#);
    for (component, cause) in [
        (log(4, 96, 6), "unexpected discriminant: 4"),
        (log(0, -1, 6), "string pointer/length out of bounds of memory"),
        (log(0, 131_000, 4_000), "string pointer/length out of bounds of memory"),
        (log(0, 0, -1), "string pointer/length out of bounds of memory"),
        (no_text, "invalid utf-8 sequence of 1 bytes from index 0"),
        (key, "string pointer/length out of bounds of memory"),
        (name, "pointer out of bounds"),
    ] {
        fails(&component, &format!("the policy failed: {cause}"));
    }
}

#[test]
fn handles_keys_and_words_that_there_are_not_read_as_nothing() {
    // Of each import one with a handle, a key or a word from nowhere; any answer but none traps.
    let none = "(if (i32.load8_u (i32.const 4096)) (then unreachable)) (i32.store (i32.const 4096) (i32.const 0))";
    // An empty list, or empty texts.
    let empty = "(if (i32.load (i32.const 4100)) (then unreachable)) (i64.store (i32.const 4096) (i64.const 0))";
    let trap = |value: String| format!("(if (i64.ne (i64.const 0) {value}) (then unreachable))");
    let pool = |scope: &str, channel: &str| {
        format!("{scope} (i32.const 0) (i32.const 0) (i64.const 0) (local.get $country) {channel} (i32.const 1)")
    };
    let foreign = pool("(i32.add (local.get $scope) (i32.const 1))", "(local.get $channel)");
    let nowhere = pool("(i32.const -1)", "(local.get $channel)");
    let channel = pool("(local.get $scope)", "(i32.const 9)");
    let mut body = format!(
        "(call $pin-of (i32.const -1) (i32.const 4096)) {none}
         (call $text (i32.const 1) (i32.const 3) (i32.const 4096)) {none}
         (call $text (i32.const 0) (i32.const 200) (i32.const 4096)) {none}
         (call $describe (i32.const -1) (i32.const 0) (i32.const 4096)) {none}
         (call $describe (local.get $scope) (i32.const 99) (i32.const 4096)) {none}
         (call $strategy-id (local.get $scope) (i32.const -1) (i32.const 4096)) {none}
         (call $itself (i32.const 1) (i32.const 4096)) {empty}
         (call $message-text (i32.const 0) (i64.const 7) (i32.const 4096)) {none}
         (call $message-text (i32.const 77) (i64.const 0) (i32.const 4096)) {none}
         (call $scope-text (local.get $scope) (i32.const 9) (i64.const 7) (i32.const 4096)) {none}
         (call $sender-text (local.get $scope) (i32.const 99) (i64.const 7) (i32.const 4096)) {none}
         (call $number (local.get $scope) (i32.const 99) (i64.const 7) (i32.const 4096)) {none}
         (call $sent-at (i32.const 5) (i32.const 4096)) {none}
         (call $zone-name (i32.const 65535) (i32.const 4096)) {none}
         (call $zones-of (i32.const 5) (i32.const 4096)) {empty}
         (call $near-codes (i32.const 9) (i32.const 415) (i32.const 4096)) {empty}
         (call $near-codes (i32.const 3) (i32.const 0) (i32.const 4096)) {empty}"
    );
    for pool in [foreign, nowhere, channel] {
        body += &format!(
            "(call $candidates {pool} (i32.const 4096)) {empty}
             (call $all-considered {pool} (i32.const 4096)) {empty}
             (call $default-senders {pool} (i32.const 4096)) {empty}
             (call $addresses {pool} (i32.const 4096)) {empty}
             (call $sender-keys {pool} (i64.const 7) (i32.const 4096)) {empty}
             (call $unhealthy {pool} (i32.const 4096)) {empty}
             (call $candidate-of {pool} (i32.const 0) (i32.const 4096)) {none}
             (call $spread-of (i32.const 0) {pool} {ALL} (i32.const 4096)) {none}
             {}",
            trap(format!("(call $health-of {pool})"))
        );
    }
    let to_memory = of_pool("(param i32)");
    let component = hostile()
        .import("sticky", "pin-of", "(param i32 i32)")
        .import("messages", "text", "(param i32 i32 i32)")
        .import("senders", "describe", "(param i32 i32 i32)")
        .import("strategies", "strategy-id", "(param i32 i32 i32)")
        .import("senders", "itself", "(param i32 i32)")
        .import("senders", "near-codes", "(param i32 i32 i32)")
        .import("senders", "candidates", &to_memory)
        .import("senders", "all-considered", &to_memory)
        .import("senders", "default-senders", &to_memory)
        .import("senders", "addresses", &to_memory)
        .import("senders", "candidate-of", &of_pool("(param i32 i32)"))
        .import("senders", "spread-of", &format!("(param i32) {}", of_pool(&format!("{GROUP} (param i32)"))))
        .import("attributes", "message-text", "(param i32 i64 i32)")
        .import("attributes", "scope-text", "(param i32 i32 i64 i32)")
        .import("attributes", "sender-text", "(param i32 i32 i64 i32)")
        .import("attributes", "sender-keys", &of_pool("(param i64 i32)"))
        .import("signals", "number", "(param i32 i32 i64 i32)")
        .import("signals", "unhealthy", &to_memory)
        .import("signals", "health-of", &of_pool("(result i64)"))
        .import("times", "sent-at", "(param i32 i32)")
        .import("times", "zones-of", "(param i32 i32)")
        .import("times", "zone-name", "(param i32 i32)")
        .resolve(&format!("{body} (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))"));
    let attacked = Attacked::by(policy(&component));
    assert_eq!(attacked.decide(), "S0 POOL");
}

/// Keeps the lines of policies.
struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl log::Log for Lines {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "callsign::policy"
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

#[test]
fn a_log_line_cannot_pass_for_another_and_there_are_not_many_of_them() {
    log::set_logger(&LINES).expect("no other test has a logger");
    log::set_max_level(log::LevelFilter::Info);
    let component = Component::new("forger", "1.0.0")
        .import("log", "write", "(param i32 i32 i32)")
        .item(r#"(data (i32.const 300) "a\0aERROR gateway: down\1b[2J")"#)
        .resolve(
            "(local $at i32)
             (loop $next
               (call $write (i32.const 1) (i32.const 300) (i32.const 25))
               (local.set $at (i32.add (local.get $at) (i32.const 1)))
               (br_if $next (i32.lt_u (local.get $at) (i32.const 1000))))
             (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))",
        );
    let attacked = Attacked::by(policy(&component));
    assert_eq!(attacked.decide(), "S0 POOL");
    let lines = LINES.0.lock().unwrap();
    let forged: Vec<&String> = lines.iter().filter(|line| line.starts_with("forger@1.0.0: ")).collect();
    assert_eq!(forged.len(), 16);
    assert!(forged.iter().all(|line| !line.chars().any(char::is_control)), "{forged:?}");
}
