//! Policies that take what they can.

use std::time::Duration;

use serde_json::json;

use super::attacker::Attacker;
use callsign_tests::component::Component;

/// About how many turns of `$spin` take a millisecond.
const TURNS: u64 = 800_000;

/// What stands for a number in a name, see [`Template`].
const NUMBER: &str = "0000000";

/// A name that no other policy of a test has.
fn new(name: &str) -> Component {
    Component::new(&format!("{name}-{:07}", Attacker::number() + 1), "1.0.0")
}

/// A component that is made again and again under other names, which takes a client next to no time.
pub struct Template {
    component: Vec<u8>,
    /// Where its number is.
    places: Vec<usize>,
}

impl Template {
    fn of(component: Vec<u8>) -> Self {
        let places = component.windows(NUMBER.len()).enumerate().filter(|(_, bytes)| *bytes == NUMBER.as_bytes());
        Self { places: places.map(|(at, _)| at).collect(), component }
    }

    /// The component under another name.
    pub fn next(&self) -> Vec<u8> {
        let mut component = self.component.clone();
        let number = format!("{:07}", Attacker::number() + 1);
        for at in &self.places {
            component[*at..*at + number.len()].copy_from_slice(number.as_bytes());
        }
        component
    }
}

/// A policy whose name has a number that a [`Template`] sets.
fn numbered(name: &str) -> Component {
    Component::new(&format!("{name}-{NUMBER}"), "1.0.0")
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

fn spin(time: Duration) -> String {
    format!("(call $spin (i64.const {}))", time.as_micros() as u64 * TURNS / 1_000)
}

const DECIDE: &str = "(call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))";

/// Decides at once.
pub fn quick(name: &str) -> Component {
    new(name)
}

/// Takes its time for each message, and then decides.
pub fn slow(time: Duration) -> Vec<u8> {
    spinning(new("slow")).resolve(&format!("{} {DECIDE}", spin(time))).build()
}

/// Takes its time for one call in twenty, and decides at once in the others.
pub fn slow_now_and_then(time: Duration) -> Vec<u8> {
    spinning(new("now-and-then"))
        .item("(global $calls (mut i32) (i32.const 0))")
        .resolve(&format!(
            "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (if (i32.eqz (i32.rem_u (global.get $calls) (i32.const 20))) (then {}))
             {DECIDE}",
            spin(time)
        ))
        .build()
}

/// Refuses at once, and takes its time to say why. Each recipient has a reason of its own.
pub fn slow_to_word(time: Duration) -> Vec<u8> {
    let words = "(call $words (i32.const 96) (i32.const 6) (i32.const 112) (i32.const 12)) (i32.const 2048)";
    spinning(new("slow-to-word"))
        .resolve("(call $refuse (i32.wrap_i64 (local.get $recipient)))")
        .refusal_text(&format!("{} {words}", spin(time)))
        .build()
}

/// Takes its time to start and to look at its settings.
pub fn slow_to_start(time: Duration) -> Vec<u8> {
    spinning(new("slow-to-start"))
        .start(&spin(time))
        .check_settings(&format!("{} (i32.store8 (i32.const 2048) (i32.const 0)) (i32.const 2048)", spin(time)))
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
    new("notes").memory(r#"(memory (export "memory") 300)"#).explaining(2_000_000).build()
}

/// Fills of a table, each of which the compiler makes into much code: 115 KB that take a minute.
pub fn table_fills(count: usize) -> Template {
    let fill = "(table.fill $table (local.get 0) (ref.null func) (local.get 0))".repeat(count);
    let item = format!("(table $table 10 funcref) (func (param i32) {fill})");
    Template::of(numbered("table-fills").item(&item).build())
}

/// Two inner components, of which one imports `functions` functions of the other. `types` are those of both; `wide` is the
/// type of the one parameter, which is `core` in core modules; `options` say where either keeps it.
fn adapters(types: &str, wide: &str, core: &str, options: [&str; 2], functions: usize) -> Template {
    let each = |text: &dyn Fn(usize) -> String| (0..functions).map(text).collect::<String>();
    let memory = r#"(core module $memory (memory (export "m") 1)
            (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
        (core instance $memory (instantiate $memory))"#;
    let text = format!(
        r#"(component
             (component $callee {types} {memory}
               (core module $module {})
               (core instance $instance (instantiate $module))
               {})
             (component $caller {types} {memory}
               {}
               (core module $module {})
               (core instance (instantiate $module (with "" (instance {})))))
             (instance $callee (instantiate $callee))
             (instance (instantiate $caller {})))"#,
        each(&|at| format!(r#"(func (export "f{at}") (param {core}))"#)),
        each(&|at| {
            format!(
                r#"(func (export "f{at}") (param "x" {wide}) (canon lift (core func $instance "f{at}") {}))"#,
                options[0]
            )
        }),
        each(&|at| {
            format!(
                r#"(import "f{at}" (func $f{at} (param "x" {wide})))
                   (core func $lowered{at} (canon lower (func $f{at}) {}))"#,
                options[1]
            )
        }),
        each(&|at| format!(r#"(import "" "f{at}" (func (param {core})))"#)),
        each(&|at| format!(r#"(export "f{at}" (func $lowered{at}))"#)),
        each(&|at| format!(r#"(with "f{at}" (func $callee "f{at}"))"#)),
    );
    let component = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    Template::of(callsign_tests::component::labelled(&component, &format!("adapters-{NUMBER}"), "1.0.0"))
}

/// Functions with results of results of results: the engine writes an adapter for each, with code for each of the thousand
/// values. 25 KB for 200 of them take 10 s.
pub fn wide_adapters(functions: usize) -> Template {
    let depth = 10;
    let mut types = String::from("(type $t0 (result u32 (error char)))");
    for level in 1..depth {
        types.push_str(&format!("(type $t{level} (result $t{0} (error $t{0})))", level - 1));
    }
    adapters(&types, &format!("$t{}", depth - 1), &"i32 ".repeat(depth + 1), ["", ""], functions)
}

/// Functions that hand over lists, from one memory to another: the compiler panics, since its engine allows one memory.
pub fn adapters_between_memories() -> Template {
    let options = r#"(memory $memory "m") (realloc (func $memory "r"))"#;
    adapters("", "(list string)", "i32 i32", [options, options], 1)
}

/// A policy of so many bytes that cannot be told in fewer.
pub fn large(bytes: usize) -> Template {
    let mut component = numbered("large").build();
    let mut state = Attacker::number() + 1;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // No byte of it is a digit.
        (state >> 56) as u8 | 0x80
    });
    let noise: Vec<u8> = noise.take(bytes).collect();
    component.extend_from_slice(&wasm_section("noise", &noise));
    Template::of(component)
}

/// A custom section of a component.
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
