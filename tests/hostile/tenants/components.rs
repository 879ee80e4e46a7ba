//! Policies that take what they can.

use callsign_tests::component::Component;
use serde_json::json;

use super::attacker::Attacker;

/// About how many turns of `$spin` take a millisecond.
const TURNS: u64 = 800_000;

/// A name that no other policy of a test has.
fn new(name: &str) -> Component {
    Component::new(&format!("{name}-{}", Attacker::number()), "1.0.0")
}

/// `(call $spin (i64.const TURNS))` takes time and nothing else.
fn spinning(component: Component) -> Component {
    component.item(
        "(func $spin (param $left i64)
           (loop $again
             (local.set $left (i64.sub (local.get $left) (i64.const 1)))
             (br_if $again (i64.gt_s (local.get $left) (i64.const 0)))))",
    )
}

fn spin(milliseconds: u64) -> String {
    format!("(call $spin (i64.const {}))", milliseconds * TURNS)
}

const DECIDE: &str = "(call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))";

/// Decides at once.
pub fn quick(name: &str) -> Component {
    new(name)
}

/// Takes its time for each message, and then decides.
pub fn slow(milliseconds: u64) -> Vec<u8> {
    spinning(new("slow")).resolve(&format!("{} {DECIDE}", spin(milliseconds))).build()
}

/// Refuses at once, and takes its time to say why. Each recipient has a reason of its own.
pub fn slow_to_word(milliseconds: u64) -> Vec<u8> {
    let words = "(call $words (i32.const 96) (i32.const 6) (i32.const 112) (i32.const 12)) (i32.const 2048)";
    spinning(new("slow-to-word"))
        .resolve("(call $refuse (i32.wrap_i64 (local.get $recipient)))")
        .refusal_text(&format!("{} {words}", spin(milliseconds)))
        .build()
}

/// Takes its time to start and to look at its settings.
pub fn slow_to_start(milliseconds: u64) -> Vec<u8> {
    spinning(new("slow-to-start"))
        .start(&spin(milliseconds))
        .check_settings(&format!("{} (i32.store8 (i32.const 2048) (i32.const 0)) (i32.const 2048)", spin(milliseconds)))
        .build()
}

/// Takes 124 MiB of memory in its first call, and writes to all of it.
pub fn hoarding() -> Vec<u8> {
    let pages = 124 * 16;
    new("hoarding")
        .resolve(&format!(
            "(if (i32.lt_u (memory.size) (i32.const {pages})) (then
               (drop (memory.grow (i32.sub (i32.const {pages}) (memory.size))))
               (memory.fill (i32.const 131072) (i32.const 1) (i32.const {}))))
             {DECIDE}",
            pages * 65_536 - 131_072
        ))
        .build()
}

/// Writes 16 lines of some hundred bytes a call, as many as are logged of one.
pub fn talking() -> Vec<u8> {
    new("talking")
        .import("log", "write", "(param i32 i32 i32)")
        .item(&format!(r#"(data (i32.const 8192) "{}")"#, "all of this is logged; ".repeat(15)))
        .resolve(&format!(
            "(local $at i32)
             (loop $next
               (call $write (i32.const 3) (i32.const 8192) (i32.const 345))
               (local.set $at (i32.add (local.get $at) (i32.const 1)))
               (br_if $next (i32.lt_u (local.get $at) (i32.const 16))))
             {DECIDE}"
        ))
        .build()
}

/// Explains each decision with two million notes on sender 0: 16 MB, as much as may be handed over at once.
pub fn notes() -> Vec<u8> {
    new("notes")
        .explain(
            "(if (i32.lt_u (memory.size) (i32.const 300)) (then (drop (memory.grow (i32.const 300)))))
             (memory.fill (i32.const 12288) (i32.const 0) (i32.const 72))
             (i32.store (i32.const 12296) (i32.const 262144))
             (i32.store (i32.const 12300) (i32.const 2000000))
             (i32.store8 (i32.const 12348) (i32.const 4))
             (i32.const 12288)",
        )
        .build()
}

/// Fills of a table, each of which the compiler makes into much code: 115 KB that take a minute.
pub fn table_fills(count: usize) -> Vec<u8> {
    let fill = "(table.fill $table (local.get 0) (ref.null func) (local.get 0))".repeat(count);
    new("table-fills").item(&format!("(table $table 10 funcref) (func (param i32) {fill})")).build()
}

/// A component whose inner components hand each other wide values, `pairs` times: the engine writes an adapter for each.
pub fn adapters(pairs: usize) -> Vec<u8> {
    // Lists of tuples of tuples: every field is checked and copied by code of its own.
    let row = |of: &str| format!("(tuple {})", format!("{of} ").repeat(24));
    let kinds = "(type $leaf (tuple string char (option string) bool f32 (list u8)))";
    let wide = format!("{kinds} (type $row {}) (type $wide {})", row("$leaf"), row("$row"));
    let mut text = String::from("(component");
    text.push_str(&format!(
        r#"(component $callee {wide}
             (core module $m (memory (export "m") 1)
               (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 0))
               (func (export "f") (param i32)))
             (core instance $i (instantiate $m))
             (func (export "f") (param "x" (list $wide))
               (canon lift (core func $i "f") (memory $i "m") (realloc (func $i "r")))))"#
    ));
    text = text.replace("(func (export \"f\") (param i32)))", "(func (export \"f\") (param i32 i32)))");
    text.push_str(&format!(
        r#"(component $caller {wide}
             (import "f" (func $f (param "x" (list $wide))))
             (core module $libc (memory (export "m") 1)
               (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
             (core instance $libc (instantiate $libc))
             (core func $lowered (canon lower (func $f) (memory $libc "m") (realloc (func $libc "r"))))
             (core module $user (import "" "f" (func (param i32 i32))))
             (core instance (instantiate $user (with "" (instance (export "f" (func $lowered)))))))"#
    ));
    for pair in 0..pairs {
        text.push_str(&format!(
            r#"(instance $callee{pair} (instantiate $callee))
               (instance (instantiate $caller (with "f" (func $callee{pair} "f"))))"#
        ));
    }
    text.push(')');
    let component = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    callsign_tests::component::labelled(&component, &format!("adapters-{}", Attacker::number()), "1.0.0")
}

/// A policy of so many bytes that cannot be told in fewer.
pub fn large(bytes: usize) -> Vec<u8> {
    let mut component = new("large").build();
    let mut state = Attacker::number() + 1;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    let noise: Vec<u8> = noise.take(bytes).collect();
    // A custom section of the component: its number, its length, the length of its name, its name.
    let section = wasm_section("noise", &noise);
    component.extend_from_slice(&section);
    component
}

fn wasm_section(name: &str, data: &[u8]) -> Vec<u8> {
    let mut content = leb(name.len());
    content.extend_from_slice(name.as_bytes());
    content.extend_from_slice(data);
    let mut section = vec![0];
    section.extend(leb(content.len()));
    section.extend(content);
    section
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        bytes.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return bytes;
        }
    }
}

/// Several messages to one application, each to a recipient of its own, as a body.
pub fn messages(count: usize, more: serde_json::Value) -> Vec<u8> {
    let messages: Vec<_> =
        (0..count).map(|at| json!({ "channel": "SMS", "to": format!("+1415555{:04}", at % 10_000) })).collect();
    let mut body = json!({ "messages": messages });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body.to_string().into_bytes()
}
