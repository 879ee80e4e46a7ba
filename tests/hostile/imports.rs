//! Imports without end, and imports of what is not the policy's.

use std::sync::Mutex;

use super::{Attacked, fails, fails_alone, hostile, policy};
use callsign_tests::component::Component;

/// Calls an import for ever.
fn flood(interface: &str, function: &str, signature: &str, call: &str) -> Component {
    hostile().import(interface, function, signature).resolve(&format!("(loop $again {call} (br $again)) unreachable"))
}

const MANY: &str = "the policy made more than 2000 imports in one call";

const POOL: &str = "(local.get $scope) (local.get $channel) (local.get $country) (i32.const 0) (i32.const 0)";

#[test]
fn a_flood_of_counts_meets_the_limit_of_imports() {
    let call = format!("(drop (call $count {POOL} (i32.const 15) (i32.const 0) (i32.const 0)))");
    fails(&flood("senders", "count", "(param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)", &call), MANY);
}

#[test]
fn a_flood_of_spreads_meets_the_limit_of_imports() {
    let call = format!(
        "(call $spread {POOL} (i32.const 2) (i32.const 0) (i32.const 0) (local.get $recipient) (i32.const 4096))"
    );
    fails(&flood("senders", "spread", "(param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32)", &call), MANY);
}

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
    fails_alone(&component.memory(r#"(memory (export "memory") 20)"#), "the policy ran for longer than 50ms");
}

#[test]
fn a_flood_of_log_lines_without_a_loop_meets_the_deadline() {
    // 15 MB that the host has to look at each time, and no place where compiled code looks at the time.
    let component =
        hostile().memory(r#"(memory (export "memory") 300)"#).import("log", "write", "(param i32 i32 i32)").resolve(
            &format!("{} unreachable", "(call $write (i32.const 0) (i32.const 0) (i32.const 15000000))".repeat(1_900)),
        );
    fails_alone(&component, "the policy ran for longer than 50ms");
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
    let attribute = "(call $attribute (i32.const 0) (i32.const 96) (i32.const 6) (i32.const -4)) unreachable";
    let attribute = hostile().import("messages", "attribute", "(param i32 i32 i32 i32)").resolve(attribute);
    let near = format!("(drop (call $count {POOL} (i32.const 15) (i32.const 9) (i32.const 0))) unreachable");
    let channel = near.replace("(local.get $channel)", "(i32.const 3)").replace("(i32.const 9)", "(i32.const 0)");
    let count = |body: &str| {
        let signature = "(param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)";
        hostile().import("senders", "count", signature).resolve(body)
    };
    let no_text = log(0, 4096, 4).item(r#"(data (i32.const 4096) "\ff\fe\fd\fc")"#);
    for (component, cause) in [
        (log(4, 96, 6), "unexpected discriminant: 4"),
        (log(0, -1, 6), "string pointer/length out of bounds of memory"),
        (log(0, 131_000, 4_000), "string pointer/length out of bounds of memory"),
        (log(0, 0, -1), "string pointer/length out of bounds of memory"),
        (no_text, "invalid utf-8 sequence of 1 bytes from index 0"),
        (attribute, "pointer out of bounds"),
        (count(&near), "unexpected discriminant: 9"),
        (count(&channel), "unexpected discriminant: 3"),
    ] {
        fails(&component, &format!("the policy failed: {cause}"));
    }
}

#[test]
fn handles_that_there_are_not_read_as_nothing() {
    // Of each import one with a handle from nowhere; any answer but none traps.
    let none = "(if (i32.load8_u (i32.const 4096)) (then unreachable)) (i32.store (i32.const 4096) (i32.const 0))";
    let component = hostile()
        .import("sticky", "pin-of", "(param i32 i32)")
        .import("messages", "text", "(param i32 i32 i32)")
        .import("senders", "describe", "(param i32 i32 i32)")
        .import("strategies", "strategy-id", "(param i32 i32 i32)")
        .resolve(&format!(
            "(call $pin-of (i32.const -1) (i32.const 4096)) {none}
             (call $text (i32.const 1) (i32.const 3) (i32.const 4096)) {none}
             (call $describe (i32.const -1) (i32.const 0) (i32.const 4096)) {none}
             (call $describe (local.get $scope) (i32.const 99) (i32.const 4096)) {none}
             (call $strategy-id (local.get $scope) (i32.const -1) (i32.const 4096)) {none}
             (call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))"
        ));
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
