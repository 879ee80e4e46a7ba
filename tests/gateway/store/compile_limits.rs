//! What the compiler is not given.

use std::time::Duration;

use callsign::{Limits, Policy, PolicyError};
use wasm_encoder::{BlockType, CodeSection, Function, FunctionSection, Module, TypeSection, ValType};

/// A component with one module: `count` functions with `locals` locals.
fn component(count: u32, locals: u32, write: impl Fn(&mut Function)) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for _ in 0..count {
        functions.function(0);
        let mut function = Function::new([(locals, ValType::I32)]);
        write(&mut function);
        function.instructions().end();
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    around(1, &module.finish())
}

/// A component that is one section.
fn around(id: u8, content: &[u8]) -> Vec<u8> {
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    section(&mut component, id, content);
    component
}

fn section(component: &mut Vec<u8>, id: u8, content: &[u8]) {
    component.push(id);
    wasm_encoder::Encode::encode(&content.len(), component);
    component.extend_from_slice(content);
}

fn assert_over(bytes: &[u8], expected: &str, expected_limit: u64) {
    match Policy::from_bytes(bytes) {
        Err(error @ PolicyError::Budget { what, found, limit }) => {
            assert_eq!((what, limit), (expected, expected_limit));
            assert!(found > limit);
            assert!(error.to_string().contains(&format!("{found} {what}, the limit is {limit}")), "{error}");
        }
        other => panic!("{expected}: {other:?}"),
    }
}

/// That it is given to the compiler, and refused later because it is no policy.
fn assert_within(bytes: &[u8]) {
    assert!(matches!(Policy::from_bytes(bytes), Err(PolicyError::Exports { .. })));
}

#[test]
fn functions_are_counted() {
    assert_over(&component(60_001, 0, |_| {}), "functions", 60_000);
    assert_within(&component(600, 0, |_| {}));
}

#[test]
fn the_code_of_a_function_is_measured() {
    let long = |bytes: usize| {
        component(1, 0, move |function| {
            for _ in 0..bytes {
                function.instructions().nop();
            }
        })
    };
    assert_over(&long((640 << 10) + 2), "bytes in one function", 640 << 10);
    assert_within(&long(200 << 10));
}

#[test]
fn jumps_of_a_function_are_counted() {
    let jumps = |count: u32| {
        component(1, 0, move |function| {
            function.instructions().block(BlockType::Empty).i32_const(0).br_table(vec![0; count as usize], 0).end();
        })
    };
    assert_over(&jumps(20_000), "jumps in one function", 20_000);
    assert_within(&jumps(19_000));
}

/// Loops inside each other that all carry all locals: the worst that is known for so few bytes.
fn loops(depth: u32, locals: u32) -> Vec<u8> {
    component(1, locals, move |function| {
        let mut code = function.instructions();
        for _ in 0..depth {
            code.loop_(BlockType::Empty);
        }
        for local in 0..locals {
            code.local_get(local).i32_const(1).i32_add().local_set(local);
        }
        for at in 0..depth {
            code.local_get(at % locals).br_if(0).end();
        }
    })
}

#[test]
fn loops_inside_each_other_are_counted() {
    assert_over(&loops(33, 1), "loops inside each other", 32);
    assert_within(&loops(32, 100));
}

#[test]
fn what_the_compiler_must_merge_where_paths_meet_is_counted() {
    assert_over(&loops(32, 500), "locals times jumps in one function", 500_000);
    // Parameters and declared locals alone do it too, a few bytes for each function.
    assert_over(&component(201, 50_000, |_| {}), "locals times jumps in all functions", 10_000_000);
}

#[test]
fn components_that_double_each_other_are_counted() {
    // Each instantiates the one before it twice; the counts multiply.
    let doubling = |levels: usize| {
        let mut component = around(4, b"\0asm\x0d\0\x01\0");
        for level in 0..levels {
            let mut inner = b"\0asm\x0d\0\x01\0".to_vec();
            // Names the component before it: an alias of a component outside, one step out.
            section(&mut inner, 6, &[1, 4, 2, 1, level as u8]);
            section(&mut inner, 5, &[2, 0, 0, 0, 0, 0, 0]);
            section(&mut component, 4, &inner);
        }
        component
    };
    assert_over(&doubling(20), "instances of modules and components inside", 100_000);
    assert_within(&doubling(3));
}

#[test]
fn compiling_ends_when_its_time_is_over_and_the_next_is_not_hurt() {
    let mut limits = Limits::default();
    limits.compile = Duration::ZERO;
    for _ in 0..8 {
        let late = Policy::from_bytes_within(callsign::standard_component(), limits.clone());
        assert!(matches!(late, Err(PolicyError::CompileTime { limit: Duration::ZERO })), "{late:?}");
    }
    super::assert_decides(Policy::standard().unwrap());
}

#[test]
fn bulk_operators_are_counted() {
    // A function that fills a part of a table over and over.
    let fills = |functions: u32, count: usize| {
        let body = "(table.fill $t (i32.const 0) (ref.null func) (i32.const 1))".repeat(count);
        let functions = format!("(func {body})").repeat(functions as usize);
        wat::parse_str(format!("(component (core module (table $t 10 funcref) {functions}))")).unwrap()
    };
    assert_over(&fills(1, 1_001), "bulk operators in one function", 1_000);
    assert_over(&fills(21, 1_000), "squares of the bulk operators of all functions", 20_000_000);
    assert_within(&fills(10, 100));
    for operator in [
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const 1))",
        "(memory.copy (i32.const 0) (i32.const 0) (i32.const 1))",
        "(memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))",
        "(drop (memory.grow (i32.const 0)))",
        "(table.copy 0 0 (i32.const 0) (i32.const 0) (i32.const 1))",
        "(table.init 0 0 (i32.const 0) (i32.const 0) (i32.const 1))",
        "(drop (table.grow 0 (ref.null func) (i32.const 0)))",
    ] {
        let body = operator.repeat(1_001);
        let text = format!(
            r#"(component (core module (memory 1) (table 10 funcref) (elem funcref (ref.null func)) (data "x") (func {body})))"#
        );
        assert_over(&wat::parse_str(text).unwrap(), "bulk operators in one function", 1_000);
    }
}

#[test]
fn reads_of_tables_are_counted() {
    let reads = |functions: usize, count: usize, operator: &str| {
        let functions = format!("(func {})", operator.repeat(count)).repeat(functions);
        wat::parse_str(format!("(component (core module (table 10 funcref) {functions}))")).unwrap()
    };
    for operator in ["(call_indirect (i32.const 0))", "(drop (table.get 0 (i32.const 0)))"] {
        assert_over(&reads(1, 10_001, operator), "reads of tables in one function", 10_000);
        assert_over(&reads(3, 9_000, operator), "squares of the reads of tables of all functions", 200_000_000);
        assert_within(&reads(10, 100, operator));
    }
}

/// A component with another one inside that lifts a function, which is lowered so many times in a third.
fn adapters(count: usize, instances: usize) -> Vec<u8> {
    let lowers = r#"(core func (canon lower (func $f)))"#.repeat(count);
    let instances = "(instance (instantiate $user (with \"f\" (func $callee \"f\"))))".repeat(instances);
    wat::parse_str(format!(
        r#"(component
            (component $callee
                (core module $m (func (export "f") (param i32) (result i32) local.get 0))
                (core instance $i (instantiate $m))
                (func (export "f") (param "a" u32) (result u32) (canon lift (core func $i "f"))))
            (component $user (import "f" (func $f (param "a" u32) (result u32))) {lowers})
            (instance $callee (instantiate $callee))
            {instances})"#
    ))
    .unwrap()
}

#[test]
fn lifts_and_lowers_are_counted_for_each_instance_of_a_component_inside() {
    const WHAT: &str = "lifts and lowers of functions";
    assert_over(&adapters(501, 0), WHAT, 500);
    assert_over(&adapters(100, 6), WHAT, 500);
    assert_within(&adapters(100, 4));
    // Nobody knows how many there are in a component that comes as an argument.
    let argument = r#"(component (component (import "c" (component $c)) (instance (instantiate $c))))"#;
    assert_over(&wat::parse_str(argument).unwrap(), WHAT, 500);
}
