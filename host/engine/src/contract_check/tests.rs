//! Versions of the contract side by side. Nothing but 1.0.0 exists, so a later minor version and the next major one are
//! made up here, with a host that serves the former and a component of each.

use std::sync::Arc;

use callsign_catalog::Catalog;
use callsign_destination::Destination;
use callsign_index::{Revision, SignalBoard};
use callsign_sticky::{MemoryStore, StickyStore};
use wasmtime::StoreContextMut;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::*;
use crate::bindings::contract::types::Decision;
use crate::call_message::CallMessage;
use crate::engine::Engine;
use crate::instance::State;
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::module_store::ModuleDigest;
use crate::policy::Policy;

/// What a host of the made-up version 1.1.0 serves.
static LATER: Contract =
    Contract { served: Version::new(1, 1, 0), imports: &[("later", 1), ("senders", 0), ("types", 0)] };

/// What the function of the interface that 1.1.0 adds answers.
const ANSWER: u32 = 7;

/// A policy that decides the sender with the number that `{answer}` gives.
const MODULE: &str = r#"(module
    {import}
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
        (global.set $free (i32.add (local.get $at) (local.get $size)))
        (local.get $at))
    (func (export "callsign:policy/policy@{version}#check-settings") (param i32 i32) (result i32)
        (i32.store8 (i32.const 2048) (i32.const 0)) (i32.const 2048))
    (func (export "callsign:policy/policy@{version}#resolve")
        (param i32 i32 i64 i64 i64 i32 i32 i32 i32) (result i32)
        (i32.store8 (i32.const 1024) (i32.const 0))
        (i32.store (i32.const 1032) {answer})
        (i32.store8 (i32.const 1036) (i32.const 0))
        (i32.store8 (i32.const 1044) (i32.const 4))
        (i32.store8 (i32.const 1045) (i32.const 0))
        (i32.const 1024))
    (func (export "callsign:policy/policy@{version}#resolve-batch") (param i32 i32) (result i32) unreachable)
    (func (export "callsign:policy/policy@{version}#refusal-text") (param i32 i64) (result i32) unreachable))"#;

/// A component of a version of the contract, which has an interface `later` if it is not 1.0.0, and asks it if `asks`.
fn component(version: &str, asks: bool) -> Vec<u8> {
    let import = format!(r#"(import "callsign:policy/later@{version}" "answer" (func $answer (result i32)))"#);
    let (import, answer) = if asks { (&*import, "(call $answer)") } else { ("", "(i32.const 3)") };
    let module = MODULE.replace("{import}", import).replace("{answer}", answer).replace("{version}", version);
    let mut contract = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/wit/policy.wit")).to_owned();
    if version != "1.0.0" {
        let later = "interface later { answer: func() -> u32; }\nworld deciding-policy {\n    import later;";
        contract = contract.replace("@1.0.0", &format!("@{version}")).replace("world deciding-policy {", later);
    }
    let mut wit = Resolve::default();
    let package = wit.push_str("contract.wit", &contract).expect("the contract");
    let world = wit.select_world(&[package], Some("deciding-policy")).expect("its world");
    let mut module = wat::parse_str(module).expect("the module");
    embed_component_metadata(&mut module, &wit, world, StringEncoding::UTF8).expect("metadata");
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&module).and_then(|encoder| encoder.encode()).expect("a component")
}

/// The engine of a host that serves 1.1.0.
fn later_host() -> &'static Engine {
    // Starts the clock.
    Engine::get().expect("the engine");
    let mut engine = Engine::new(false, 8).expect("an engine");
    engine.contract = &LATER;
    let mut later = engine.linker.instance("callsign:policy/later@1.1.0").expect("an interface");
    later.func_wrap("answer", |_: StoreContextMut<'_, State>, (): ()| Ok((ANSWER,))).expect("a function");
    Box::leak(Box::new(engine))
}

/// A component as a policy of a host.
fn load(host: &'static Engine, bytes: &[u8]) -> Result<Policy, PolicyError> {
    let component = Component::new(&host.engine, bytes).expect("it compiles");
    Policy::link_on(host, &Metadata::read(bytes)?, None, ModuleDigest::of(bytes), &component, Limits::default())
}

/// The sender that a policy decides.
fn sender(policy: &Policy) -> u32 {
    let revision = Revision::new(Catalog::from_json("{}").expect("a catalog")).expect("a revision");
    let sticky: Arc<dyn StickyStore> = Arc::new(MemoryStore::new());
    let signals: Arc<dyn callsign_index::SignalSource> = Arc::new(SignalBoard::new());
    let request = Request {
        message: 0,
        scope: 0,
        revision: 1,
        recipient: 2,
        message_type: 0,
        marks: 0,
        country: 0x5553,
        area_code: 415,
        channel: 0,
    };
    let number = Destination::parse("+14155550123").expect("a destination").number;
    let mut instance = policy.instance().expect("an instance");
    let state = instance.begin(&Arc::new(revision), &sticky, &signals);
    state.push_message(CallMessage::new(&request, number), None);
    match instance.resolve(request).expect("an answer") {
        Answer::Decided(Decision { sender, .. }) => sender,
        refused @ Answer::Refused(_) => panic!("{refused:?}"),
    }
}

#[test]
fn a_host_of_a_later_minor_version_serves_components_of_both_at_once() {
    let host = later_host();
    let first = load(host, &component("1.0.0", false)).expect("a component of 1.0.0");
    let later = load(host, &component("1.1.0", true)).expect("a component of 1.1.0");
    let plain = load(host, &component("1.1.0", false)).expect("one that asks for nothing new");
    assert_eq!((sender(&first), sender(&later), sender(&plain)), (3, ANSWER, 3));
    assert_eq!((first.interface().to_string(), later.interface().to_string()), ("1.0.0".into(), "1.1.0".into()));
}

#[test]
fn a_host_of_1_0_0_refuses_a_component_of_a_later_minor_version_and_names_both() {
    let host = Engine::get().expect("the engine");
    assert_eq!(sender(&load(host, &component("1.0.0", false)).expect("a component of 1.0.0")), 3);
    for asks in [true, false] {
        let error = load(host, &component("1.1.0", asks)).expect_err("a component of 1.1.0");
        let PolicyError::Version { interface, served } = &error else { panic!("{error}") };
        assert!(interface.ends_with("@1.1.0") && served == "callsign:policy@1.0.0", "{error}");
    }
}

#[test]
fn every_host_refuses_a_component_of_the_next_major_version_by_name() {
    for (host, served) in [(Engine::get().expect("the engine"), "1.0.0"), (later_host(), "1.1.0")] {
        for asks in [true, false] {
            let error = load(host, &component("2.0.0", asks)).expect_err("a component of 2.0.0").to_string();
            assert!(error.contains("@2.0.0") && error.contains(&format!("callsign:policy@{served}")), "{error}");
        }
    }
}
