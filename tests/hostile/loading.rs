//! Components that are no policies, or too much of one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use callsign::{Limits, Policy, PolicyError};
use wit_parser::Resolve;

use super::hostile;
use callsign_tests::component::{Component, labelled};
use callsign_tests::reference::Rng;
use callsign_tests::work::Work;

/// Loads bytes, and checks that it takes no longer than may be. The compiler has a limit of its own, [`Limits::compile`].
fn load(bytes: &[u8]) -> Result<Policy, PolicyError> {
    let work = Work::begin();
    let loaded = Policy::from_bytes(bytes);
    work.is_within(Duration::from_secs(30), "a component");
    loaded
}

fn refused(bytes: &[u8]) -> PolicyError {
    load(bytes).expect_err("it is refused")
}

fn refused_text(text: &str) -> PolicyError {
    refused(&wat::parse_str(text).unwrap_or_else(|error| panic!("{error}")))
}

/// The compiler's own limits refuse it, for this cause.
fn does_not_compile(text: &str, cause: &str) {
    let refused = refused_text(text);
    assert!(matches!(refused, PolicyError::Compile { .. }), "{refused}");
    assert!(refused.to_string().contains(cause), "{refused}");
}

fn over_budget(component: &Component, what: &str) {
    let refused = refused(&component.build());
    assert!(matches!(refused, PolicyError::Budget { .. }), "{refused}");
    assert!(refused.to_string().contains(what), "{refused}");
}

#[test]
fn a_component_of_too_many_functions_is_refused_before_it_is_compiled() {
    over_budget(&hostile().item(&"(func)".repeat(70_000)), "functions, the limit is 60000");
}

#[test]
fn a_function_that_is_too_long_is_refused_before_it_is_compiled() {
    let body = "(drop (i32.const 0))".repeat(250_000);
    over_budget(&hostile().item(&format!("(func {body})")), "bytes in one function");
}

#[test]
fn loops_in_loops_in_loops_are_refused_before_they_are_compiled() {
    let body = format!("{}{}", "(loop ".repeat(100), ")".repeat(100));
    over_budget(&hostile().item(&format!("(func {body})")), "loops inside each other");
}

#[test]
fn jumps_without_number_are_refused_before_they_are_compiled() {
    let table = format!("(br_table {} (i32.const 0))", "0 ".repeat(60_000));
    over_budget(&hostile().item(&format!("(func (block {table}))")), "jumps in one function");
}

#[test]
fn locals_and_jumps_that_multiply_are_refused_before_they_are_compiled() {
    let body = format!("(local {}) {}", "i64 ".repeat(5_000), "(block (br_if 0 (i32.const 1)))".repeat(500));
    over_budget(&hostile().item(&format!("(func {body})")), "locals times jumps");
}

#[test]
fn the_dearest_function_within_the_budget_is_compiled_in_time() {
    // Loops within loops over many locals, which all change in the innermost: up to the limits of both.
    let locals = 400;
    let change: String = (0..locals).map(|at| format!("(local.set {at} (local.get {}))", (at + 1) % locals)).collect();
    let depth = 31;
    let body =
        format!("{}{change}{}", "(loop ".repeat(depth), " (br_if 0 (i32.wrap_i64 (local.get 0))))".repeat(depth));
    let component = hostile().item(&format!("(func (local {}) {body})", "i64 ".repeat(locals)));
    load(&component.build()).unwrap();
}

#[test]
fn a_component_that_is_not_compiled_in_time_is_refused() {
    let mut limits = Limits::default();
    limits.compile = Duration::from_millis(1);
    let component = hostile().item(&"(func (drop (i32.const 0)))".repeat(20_000));
    let refused = Policy::from_bytes_within(&component.build(), limits).unwrap_err();
    assert!(matches!(refused, PolicyError::CompileTime { .. }), "{refused}");
}

#[test]
fn a_component_that_is_too_large_is_refused_unread() {
    let mut limits = Limits::default();
    limits.component = 1_000;
    let refused = Policy::from_bytes_within(&hostile().build(), limits).unwrap_err();
    assert!(matches!(refused, PolicyError::TooLarge { limit: 1_000, .. }), "{refused}");
}

#[test]
fn instances_of_instances_that_multiply_are_refused_before_they_are_compiled() {
    let mut text = "(component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
    for level in 1..40 {
        text = format!(
            "(component $c{level} {text} (instance (instantiate $c{0})) (instance (instantiate $c{0})))",
            level - 1
        );
    }
    let refused = refused_text(&text);
    assert!(refused.to_string().contains("instances of modules and components inside"), "{refused}");
}

#[test]
fn types_of_types_of_types_are_no_burden() {
    let mut text = String::from("(component (type $t0 u8)");
    for level in 1..3_000 {
        text.push_str(&format!("(type $t{level} (list $t{}))", level - 1));
    }
    text.push_str(r#"(import "callsign:policy/log@1.0.0" (instance (export "write" (func (param "a" $t2999))))))"#);
    does_not_compile(&text, "type nesting is too deep");
}

#[test]
fn types_that_multiply_are_no_burden() {
    let mut text = String::from("(component (type $t0 (tuple u8 u8))");
    for level in 1..60 {
        text.push_str(&format!("(type $t{level} (tuple $t{0} $t{0}))", level - 1));
    }
    text.push_str(r#"(type (func (param "a" $t59))))"#);
    does_not_compile(&text, "effective type size exceeds the limit of 1000000");
}

#[test]
fn components_in_components_in_components_are_no_burden() {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    for _ in 0..3_000 {
        let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
        let mut length = bytes.len();
        loop {
            let byte = (length & 0x7f) as u8;
            length >>= 7;
            outer.push(if length == 0 { byte } else { byte | 0x80 });
            if length == 0 {
                break;
            }
        }
        outer.extend_from_slice(&bytes);
        bytes = outer;
    }
    let refused = refused(&bytes);
    let PolicyError::Exports { missing } = &refused else { panic!("{refused}") };
    assert_eq!(missing, "callsign:policy/policy@1.0.0");
}

#[test]
fn thousands_of_exports_are_no_burden() {
    let exports: String = (0..20_000).map(|at| format!(r#"(export "e{at}" (func $f))"#)).collect();
    let text = format!(
        r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
           (func $f (canon lift (core func $i "f"))) {exports})"#
    );
    let refused = refused_text(&text);
    assert!(matches!(refused, PolicyError::Exports { .. }), "{refused}");
    // Where a policy is among them they do not matter.
    let exports: String = (0..5_000).map(|at| format!(r#"(export "e{at}" (func $post_return))"#)).collect();
    load(&hostile().item(&exports).build()).unwrap();
}

#[test]
fn what_no_policy_is_given_is_refused_by_name() {
    let refused = refused_text(
        r#"(component
             (import "wasi:cli/environment@0.2.0" (instance))
             (import "wasi:sockets/tcp@0.2.0" (instance))
             (import "callsign:policy/log@1.0.0" (instance)))"#,
    );
    let PolicyError::Imports { excess } = &refused else { panic!("{refused}") };
    assert_eq!(excess, &["wasi:cli/environment@0.2.0", "wasi:sockets/tcp@0.2.0"]);
    assert!(refused.to_string().contains("wasi:sockets/tcp@0.2.0"), "{refused}");
    for import in [
        r#"(import "f" (func))"#,
        r#"(import "callsign:policy/secrets@1.0.0" (instance))"#,
        r#"(import "callsign:policy/log" (instance))"#,
        r#"(import "other:policy/log@1.0.0" (instance))"#,
        r#"(import "m" (core module))"#,
        r#"(import "r" (type (sub resource)))"#,
    ] {
        let refused = refused_text(&format!("(component {import})"));
        assert!(matches!(refused, PolicyError::Imports { .. }), "{import}: {refused}");
    }
}

#[test]
fn thousands_of_imports_are_refused_in_a_few_words() {
    let import = |at: usize| format!(r#"(import "wasi:i{at}/x@0.2.0" (instance))"#);
    let many: String = (0..20_000).map(import).collect();
    let refused = refused_text(&format!("(component {many})")).to_string();
    assert!(refused.contains("and 19980 more"), "{refused:.300}");
    let refused = refused_text(&format!("(component {})", (0..900).map(import).collect::<String>())).to_string();
    assert!(refused.contains("and 880 more"), "{refused:.300}");
    assert!(refused.contains("wasi:i7/x@0.2.0") && refused.len() < 5_000, "{refused:.300}");
    let long = format!(r#"(component (import "wasi:{}/x@0.2.0" (instance)))"#, "i".repeat(90_000));
    assert!(refused_text(&long).to_string().len() < 5_000);
}

#[test]
fn imports_that_no_policy_is_given_are_refused_before_anything_is_compiled() {
    // Each of these functions takes the compiler seconds, and it has a millisecond.
    let module = hostile().slow_to_compile(3).module().replacen("(module", "(core module", 1);
    let component = format!(r#"(component (import "wasi:cli/environment@0.2.0" (instance)) {module})"#);
    let component = wat::parse_str(&component).unwrap();
    let mut limits = Limits::default();
    limits.compile = Duration::from_millis(1);
    let refused = Policy::from_bytes_within(&component, limits).unwrap_err();
    assert!(matches!(refused, PolicyError::Imports { .. }), "{refused}");
}

#[test]
fn another_world_is_refused_by_what_it_lacks() {
    let mut wit = Resolve::default();
    let package = wit.push_str("other.wit", "package other:thing@1.0.0; world other {}").unwrap();
    let world = wit.select_world(&[package], Some("other")).unwrap();
    let refused = refused(&hostile().build_for(&wit, world));
    let PolicyError::Exports { missing } = &refused else { panic!("{refused}") };
    assert_eq!(missing, "callsign:policy/policy@1.0.0");
}

#[test]
fn a_version_that_is_not_served_is_refused_with_the_versions_that_are_served() {
    for (text, interface) in [
        (r#"(component (import "callsign:policy/log@2.0.0" (instance)))"#, "callsign:policy/log@2.0.0"),
        (
            r#"(component (instance $i) (export "callsign:policy/policy@2.0.0" (instance $i)))"#,
            "callsign:policy/policy@2.0.0",
        ),
        (r#"(component (import "callsign:policy/log@1.0.0-rc.1" (instance)))"#, "callsign:policy/log@1.0.0-rc.1"),
        (
            r#"(component (instance $i) (export "callsign:policy/policy@0.9.0" (instance $i)))"#,
            "callsign:policy/policy@0.9.0",
        ),
    ] {
        let refused = refused_text(text);
        assert!(matches!(refused, PolicyError::Version { .. }), "{refused}");
        assert!(refused.to_string().contains(interface) && refused.to_string().contains("serves callsign:policy@1."));
    }
}

#[test]
fn the_right_names_with_other_types_are_refused() {
    for text in [
        r#"(component (instance $i) (export "callsign:policy/policy@1.0.0" (instance $i)))"#,
        r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
             (func $f (canon lift (core func $i "f")))
             (instance $p (export "resolve" (func $f)) (export "resolve-batch" (func $f))
                          (export "check-settings" (func $f)) (export "refusal-text" (func $f)))
             (export "callsign:policy/policy@1.0.0" (instance $p)))"#,
        r#"(component (import "callsign:policy/sticky@1.0.0" (instance (export "write-pin" (func))))
             (instance $i) (export "callsign:policy/policy@1.0.0" (instance $i)))"#,
        r#"(component (import "callsign:policy/log@1.0.0" (instance (export "write" (func (param "line" string)))))
             (instance $i) (export "callsign:policy/policy@1.0.0" (instance $i)))"#,
    ] {
        let refused = refused_text(text);
        assert!(matches!(refused, PolicyError::Mismatch { .. }), "{refused}");
    }
    let func = r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f"))) (export "resolve" (func $f)))"#;
    assert!(matches!(refused_text(func), PolicyError::Exports { .. }));
}

#[test]
fn a_name_or_a_version_that_is_none_is_refused() {
    let component = hostile().build();
    for (name, version) in [("", "1.0.0"), ("a\nb", "1.0.0"), ("a@b", "1.0.0"), ("a", ""), ("a", "1\u{7}")] {
        let refused = refused(&labelled(&component, name, version));
        assert!(matches!(refused, PolicyError::Metadata { .. }), "{name:?} {version:?}: {refused}");
    }
    let refused = refused(&labelled(&component, &"n".repeat(100_000), "1.0.0"));
    assert!(matches!(refused, PolicyError::Metadata { .. }) && refused.to_string().len() < 1_000, "{refused}");
}

#[test]
fn what_is_no_component_is_refused() {
    let whole = hostile().build();
    for bytes in [&b""[..], b"\0", b"\0asm", b"\0asm\x0d\0\x01", b"no component at all", &[0xff; 4_096]] {
        let refused = refused(bytes);
        assert!(matches!(refused, PolicyError::NotAComponent { .. }), "{bytes:?}: {refused}");
    }
    let module = wat::parse_str("(module)").unwrap();
    assert!(refused(&module).to_string().contains("core module"));
    for cut in (9..whole.len()).step_by(97) {
        // A cut between two sections leaves a component, but not the policy.
        refused_or(&whole[..cut], |policy| assert_eq!(policy.label(), "hostile@0.0.0"));
    }
}

fn refused_or(bytes: &[u8], check: impl FnOnce(&Policy)) {
    if let Ok(policy) = load(bytes) {
        check(&policy);
    }
}

#[test]
fn random_bytes_in_a_component_never_panic() {
    let whole = hostile()
        .import("strategies", "strategies-of", "(param i32 i32 i32)")
        .import("log", "write", "(param i32 i32 i32)")
        .build();
    let mut loaded = 0;
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let mut bytes = whole.clone();
        for _ in 0..=rng.below(6) {
            let at = rng.below(bytes.len());
            match rng.below(4) {
                0 => bytes[at] = rng.below(256) as u8,
                1 => bytes[at] ^= 1 << rng.below(8),
                2 => drop(bytes.drain(at..(at + rng.below(8)).min(bytes.len()))),
                _ => bytes.insert(at, rng.below(256) as u8),
            }
        }
        let done = catch_unwind(AssertUnwindSafe(|| load(&bytes).is_ok()));
        loaded += usize::from(done.unwrap_or_else(|_| panic!("seed {seed} panics")));
    }
    println!("300 seeds, of which {loaded} still load");
}
