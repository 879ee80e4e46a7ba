//! Which components are plain. The types of their functions do not matter here, so these have the simplest.

use super::*;

/// A plain component: a program with two imports, one of which needs its memory, and the four exports of a policy.
const PLAIN: &str = r#"(component
  (import "callsign:policy/senders@1.0.0" (instance $senders (export "count" (func)) (export "ids" (func))))
  (core module $program
    (import "callsign:policy/senders@1.0.0" "count" (func))
    (import "callsign:policy/senders@1.0.0" "ids" (func))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "check"))
    (func (export "one"))
    (func (export "many"))
    (func (export "words"))
    (func (export "after")))
  (core module $forwarding
    (table (export "$imports") 1 1 funcref)
    (type $t (func))
    (func (export "0") (type $t) i32.const 0 call_indirect (type $t)))
  (core module $filling
    (import "actual" "0" (func))
    (import "shim" "$imports" (table 1 1 funcref))
    (elem (i32.const 0) func 0))
  (core instance $shim (instantiate $forwarding))
  (alias export $senders "count" (func $count))
  (core func $count_core (canon lower (func $count)))
  (alias core export $shim "0" (core func $ids_shim))
  (core instance $given (export "count" (func $count_core)) (export "ids" (func $ids_shim)))
  (core instance $main (instantiate $program (with "callsign:policy/senders@1.0.0" (instance $given))))
  (alias core export $main "memory" (core memory $memory))
  (alias core export $main "cabi_realloc" (core func $realloc))
  (alias export $senders "ids" (func $ids))
  (core func $ids_core (canon lower (func $ids) (memory $memory) (realloc $realloc) string-encoding=utf8))
  (core instance $fill (export "0" (func $ids_core)))
  (core instance (instantiate $filling (with "actual" (instance $fill)) (with "shim" (instance $shim))))
  (alias core export $main "check" (core func $check))
  (alias core export $main "one" (core func $one))
  (alias core export $main "many" (core func $many))
  (alias core export $main "words" (core func $words))
  (alias core export $main "after" (core func $after))
  (func $check_lifted (canon lift (core func $check) (memory $memory) (realloc $realloc)))
  (func $one_lifted (canon lift (core func $one)))
  (func $many_lifted (canon lift (core func $many) (memory $memory) (realloc $realloc)))
  (func $words_lifted (canon lift (core func $words)))
  (component $naming
    (import "check" (func $check)) (import "one" (func $one)) (import "many" (func $many)) (import "words" (func $words))
    (export "check-settings" (func $check)) (export "resolve" (func $one)) (export "resolve-batch" (func $many))
    (export "refusal-text" (func $words)))
  (instance $policy (instantiate $naming (with "check" (func $check_lifted)) (with "one" (func $one_lifted))
    (with "many" (func $many_lifted)) (with "words" (func $words_lifted))))
  (export "callsign:policy/policy@1.0.0" (instance $policy)))"#;

fn shape(text: &str) -> Option<CoreShape> {
    CoreShape::of(&wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// The plain component with some of its text replaced, each by something else.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(PLAIN.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from} is there once");
        text.replace(from, to)
    })
}

/// No change of these leaves the component plain.
fn is_not_plain(changes: &[(&str, &str)]) {
    assert_eq!(shape(&changed(changes)), None, "{changes:?}");
}

#[test]
fn a_program_and_what_links_it_to_the_contract_is_plain() {
    let found = shape(PLAIN).expect("it is plain");
    let export = |name: &str| CoreExport { name: name.into(), post_return: None };
    assert_eq!(
        (found.check_settings, found.resolve, found.resolve_batch, found.refusal_text, found.explain),
        (export("check"), export("one"), export("many"), export("words"), None)
    );
    assert_eq!((found.program, &*found.memory, found.realloc.as_deref()), (0, "memory", Some("cabi_realloc")));
}

#[test]
fn the_standard_policy_is_plain_and_stays_a_component_when_its_program_is_exported() {
    let found = CoreShape::of(crate::STANDARD).expect("it is plain");
    assert_eq!(found.resolve.name, "callsign:policy/policy@1.0.0#resolve");
    assert!(found.explain.is_some());
    let exported = found.export_program(crate::STANDARD);
    let names: Vec<String> = crate::Inspection::of(&exported).expect("a component").exports;
    assert!(names.iter().any(|name| name == PROGRAM), "{names:?}");
    // What exports its program by itself is none of this host's.
    assert_eq!(CoreShape::of(&exported), None);
}

#[test]
fn a_memory_and_a_realloc_of_other_names_are_found() {
    let text = changed(&[
        (r#"(memory (export "memory") 1)"#, r#"(memory (export "m") 1)"#),
        (r#"(alias core export $main "memory""#, r#"(alias core export $main "m""#),
        (r#"(func (export "cabi_realloc")"#, r#"(func (export "r")"#),
        (r#"(alias core export $main "cabi_realloc""#, r#"(alias core export $main "r""#),
    ]);
    let found = shape(&text).expect("it is plain");
    assert_eq!((&*found.memory, found.realloc.as_deref()), ("m", Some("r")));
}

#[test]
fn what_is_called_after_a_result_was_read_is_found() {
    let text = changed(&[("(canon lift (core func $one))", "(canon lift (core func $one) (post-return $after))")]);
    assert_eq!(shape(&text).expect("it is plain").resolve.post_return.as_deref(), Some("after"));
}

#[test]
fn a_program_that_starts_by_itself_is_not_plain() {
    is_not_plain(&[(r#"(func (export "after"))"#, r#"(func (export "after")) (func $start) (start $start)"#)]);
}

#[test]
fn a_program_with_no_memory_or_one_of_another_kind_is_not_plain() {
    let memory = r#"(memory (export "memory") 1)"#;
    is_not_plain(&[(memory, r#"(memory (export "memory") 1 1 shared)"#)]);
    is_not_plain(&[(memory, r#"(memory (export "memory") i64 1)"#)]);
    is_not_plain(&[(memory, r#"(memory (export "memory") 1) (memory 1)"#)]);
    is_not_plain(
        &[(memory, r#"(import "callsign:policy/senders@1.0.0" "memory" (memory (;0;) 1))"#)]
            .map(|(from, to)| (from, to)),
    );
    is_not_plain(&[(memory, "")]);
}

#[test]
fn a_program_that_imports_more_than_functions_is_not_plain() {
    let import = r#"(import "callsign:policy/senders@1.0.0" "count" (func))"#;
    for other in ["(global i32)", "(table 1 funcref)", "(memory 1)"] {
        let more = format!(r#"{import} (import "callsign:policy/senders@1.0.0" "more" {other})"#);
        is_not_plain(&[(import, &more)]);
    }
}

#[test]
fn two_programs_are_not_plain() {
    let end = r#"(export "callsign:policy/policy@1.0.0""#;
    // The same one once more.
    let twice = format!(
        r#"(core instance (instantiate $program (with "callsign:policy/senders@1.0.0" (instance $given)))) {end}"#
    );
    is_not_plain(&[(end, &twice)]);
    // Another one, which nothing uses.
    let beside = format!("(core module $other (memory 1)) (core instance (instantiate $other)) {end}");
    is_not_plain(&[(end, &beside)]);
}

#[test]
fn an_export_that_is_lifted_from_another_module_is_not_plain() {
    is_not_plain(&[("(canon lift (core func $one))", "(canon lift (core func $ids_shim))")]);
    is_not_plain(&[("(canon lift (core func $one))", "(canon lift (core func $ids_core))")]);
}

#[test]
fn an_export_that_is_an_import_is_not_plain() {
    is_not_plain(&[(r#"(with "one" (func $one_lifted))"#, r#"(with "one" (func $ids))"#)]);
}

#[test]
fn an_import_that_is_linked_to_another_function_is_not_plain() {
    is_not_plain(&[(r#"(export "count" (func $count_core))"#, r#"(export "count" (func $ids_shim))"#)]);
    is_not_plain(&[(r#"(alias export $senders "ids" (func $ids))"#, r#"(alias export $senders "count" (func $ids))"#)]);
}

#[test]
fn an_import_that_is_linked_to_a_function_of_the_program_itself_is_not_plain() {
    is_not_plain(&[(
        r#"(core instance $fill (export "0" (func $ids_core)))"#,
        r#"(alias core export $main "one" (core func $own)) (core instance $fill (export "0" (func $own)))"#,
    )]);
}

#[test]
fn a_module_that_forwards_elsewhere_is_not_plain() {
    let body = "i32.const 0 call_indirect (type $t)";
    for other in [
        "i32.const 0 drop i32.const 0 call_indirect (type $t)",
        "i32.const 0 call_indirect (type $t) nop",
        "nop",
        "(local i32) i32.const 0 call_indirect (type $t)",
        "unreachable",
    ] {
        is_not_plain(&[(body, other)]);
    }
    is_not_plain(&[(
        r#"(table (export "$imports") 1 1 funcref)"#,
        r#"(table (export "$imports") 1 1 funcref) (elem (i32.const 0) func 0)"#,
    )]);
    is_not_plain(&[(
        r#"(table (export "$imports") 1 1 funcref)"#,
        r#"(table (export "$imports") 1 1 funcref) (table 1 1 funcref)"#,
    )]);
}

#[test]
fn a_table_that_is_filled_otherwise_is_not_plain() {
    let fill = "(elem (i32.const 0) func 0)";
    for other in
        ["", "(elem (i32.const 0) func)", "(elem func 0)", "(elem declare func 0)", "(elem (i32.const 0) func 0 0)"]
    {
        is_not_plain(&[(fill, other)]);
    }
    // No segment at all, as nothing instantiates it.
    is_not_plain(&[(
        r#"(core instance (instantiate $filling (with "actual" (instance $fill)) (with "shim" (instance $shim))))"#,
        "",
    )]);
    // What forwards to the table cannot be what is in it.
    is_not_plain(&[(
        r#"(core instance $fill (export "0" (func $ids_core)))"#,
        r#"(core instance $fill (export "0" (func $ids_shim)))"#,
    )]);
}

#[test]
fn functions_that_do_not_agree_on_their_memory_are_not_plain() {
    let lift = "(func $many_lifted (canon lift (core func $many) (memory $memory) (realloc $realloc)))";
    let other = r#"(alias core export $main "other" (core func $other))
        (func $many_lifted (canon lift (core func $many) (memory $memory) (realloc $other)))"#;
    let realloc = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)"#;
    let both = format!(r#"{realloc} (func (export "other") (param i32 i32 i32 i32) (result i32) unreachable)"#);
    is_not_plain(&[(realloc, &both), (lift, other)]);
    is_not_plain(&[("string-encoding=utf8", "string-encoding=utf16")]);
}

#[test]
fn a_component_that_lacks_an_export_of_a_policy_is_not_plain() {
    is_not_plain(&[(r#"(export "refusal-text" (func $words))"#, "")]);
    is_not_plain(&[(r#"(export "callsign:policy/policy@1.0.0""#, r#"(export "callsign:policy/policy@1.1.0""#)]);
    assert_eq!(shape("(component)"), None);
    assert_eq!(shape("(module)"), None);
}

/// The plain component, whose linking modules forward so many functions. All but the first have nothing in front of them.
fn forwarding(count: usize) -> Option<CoreShape> {
    let each = |item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<String>();
    let bodies =
        each(&|place| format!(r#"(func (export "{place}") (type $t) i32.const {place} call_indirect (type $t)) "#));
    let imports = each(&|place| format!(r#"(import "actual" "{place}" (func)) "#));
    let filled = each(&|place| format!(r#"(export "{place}" (func $ids_core)) "#));
    let places = each(&|place| format!("{place} "));
    shape(&changed(&[
        (r#"(func (export "0") (type $t) i32.const 0 call_indirect (type $t))"#, &bodies),
        (r#"(import "actual" "0" (func))"#, &imports),
        (
            r#"(table (export "$imports") 1 1 funcref)"#,
            &format!(r#"(table (export "$imports") {count} {count} funcref)"#),
        ),
        ("(table 1 1 funcref)", &format!("(table {count} {count} funcref)")),
        ("(elem (i32.const 0) func 0)", &format!("(elem (i32.const 0) func {places})")),
        (r#"(core instance $fill (export "0" (func $ids_core)))"#, &format!("(core instance $fill {filled})")),
    ]))
}

#[test]
fn a_plain_component_forwards_no_more_functions_than_are_looked_at() {
    let one = shape(PLAIN);
    assert!(one.is_some());
    // The table is an import too.
    assert_eq!(forwarding(MAX_ITEMS - 1), one);
    assert_eq!(forwarding(MAX_ITEMS), None);
    assert_eq!(forwarding(MAX_ITEMS + 1), None);
}

#[test]
fn a_program_may_have_any_number_of_types_functions_and_exports_of_its_own() {
    let own: String = (0..2 * MAX_ITEMS)
        .map(|at| format!(r#"(type (func (param {}))) (func (export "own-{at}")) "#, "i32 ".repeat(at % 200)))
        .collect();
    let after = r#"(func (export "after"))"#;
    assert_eq!(shape(&changed(&[(after, &format!("{after} {own}"))])), shape(PLAIN));
}

#[test]
fn a_program_that_imports_more_than_is_looked_at_is_not_plain() {
    let import = r#"(import "callsign:policy/senders@1.0.0" "count" (func))"#;
    // Two imports are there.
    assert_eq!(shape(&changed(&[(import, &import.repeat(MAX_ITEMS - 1))])), shape(PLAIN));
    is_not_plain(&[(import, &import.repeat(MAX_ITEMS))]);
}

#[test]
fn a_component_that_exports_something_under_the_name_of_the_program_is_not_plain() {
    let end = r#"(export "callsign:policy/policy@1.0.0" (instance $policy))"#;
    let exporting = |name: &str| format!(r#"{end} (type $number u8) (export "{name}" (type $number))"#);
    for name in [PROGRAM, "callsign-PROGRAM"] {
        is_not_plain(&[(end, &exporting(name))]);
    }
    assert_eq!(shape(&changed(&[(end, &exporting("callsign"))])), shape(PLAIN));
}

#[test]
fn a_component_that_imports_under_another_version_is_not_plain() {
    let imported = |name: &str| shape(&PLAIN.replace("callsign:policy/senders@1.0.0", name));
    assert_eq!(imported("callsign:policy/senders@1.0.0"), shape(PLAIN));
    for name in
        ["callsign:policy/senders@1.0.1", "callsign:policy/senders@1.1.0", "of:a/tool", "callsign:policy/policy@1.0.0"]
    {
        assert_eq!(imported(name), None, "{name}");
    }
}

#[test]
fn a_component_that_explains_under_another_version_is_not_plain() {
    let end = r#"(export "callsign:policy/policy@1.0.0" (instance $policy))"#;
    let explains = |version: &str| {
        let explain = format!(
            r#"{end} (instance $explain (export "explain" (func $one_lifted)))
            (export "callsign:policy/explain@{version}" (instance $explain))"#
        );
        shape(&changed(&[(end, &explain)])).map(|shape| shape.explain.is_some())
    };
    assert_eq!(explains("1.0.0"), Some(true));
    for version in ["1.0.1", "1.1.0", "2.0.0"] {
        assert_eq!(explains(version), None, "{version}");
    }
    let other =
        format!(r#"{end} (instance $other (export "run" (func $one_lifted))) (export "of:a/tool" (instance $other))"#);
    assert_eq!(shape(&changed(&[(end, &other)])), shape(PLAIN), "what is not of the contract does not matter");
}

#[test]
fn bytes_that_are_cut_or_changed_are_looked_at_without_harm() {
    let plain = wat::parse_str(PLAIN).expect("a component");
    let whole = CoreShape::of(&plain);
    for end in 0..plain.len() {
        // Without its last section, which names things for people, it is still a component.
        let cut = CoreShape::of(&plain[..end]);
        assert!(cut.is_none() || cut == whole, "cut to {end} bytes: {cut:?}");
    }
    for at in 0..plain.len() {
        for bit in 0..8 {
            let mut changed = plain.clone();
            changed[at] ^= 1 << bit;
            // It need not be valid: that it ends is what counts.
            let _ = CoreShape::of(&changed);
        }
    }
}
