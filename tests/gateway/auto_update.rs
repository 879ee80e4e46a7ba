//! Bindings that follow the new versions of a store.

use std::sync::{Arc, Mutex};

use callsign::{
    AutoRollback, Binding, BindingTarget, Event, Gateway, Isolation, Limits, MemoryStore, ModuleStore, Policy, Probe,
    StoreError, SwapError,
};
use semver::VersionReq;
use serde_json::json;

use callsign_tests::component::Component;
use callsign_tests::modules::Folder;
use callsign_tests::platform::{Platform, decide, patient, sms};

const TO: &str = "+14155550123";

/// A gateway whose platform decides S0, and a store.
struct World {
    gateway: Gateway,
    store: ModuleStore,
    seen: Arc<Mutex<Vec<String>>>,
    _folder: Folder,
}

impl World {
    fn new() -> Self {
        let platform = Platform::new()
            .long("S0", "+12125550100")
            .long("S1", "+12125550101")
            .long("S2", "+12125550102")
            .associate("shop", &["S0", "S1", "S2"])
            .associate("care", &["S0", "S1", "S2"])
            .strategy("A", "shop", json!({}))
            .strategy("B", "care", json!({}));
        let standing = Component::new("standing", "9.0.0").deciding(0).policy();
        let gateway = Gateway::with(platform.catalog(), standing, Arc::new(MemoryStore::new())).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        gateway.listen(move |event: &Event| sink.lock().unwrap().push(event.to_string()));
        let folder = Folder::new();
        let store = folder.store();
        Self { gateway, store, seen, _folder: folder }
    }

    /// Adds a version that decides sender 1.
    fn add(&self, version: &str) -> &Self {
        self.add_one(acme(version))
    }

    fn add_one(&self, component: Component) -> &Self {
        self.store.add(&component.build()).unwrap();
        self
    }

    /// A version of the store, bound to a requirement.
    fn binding(&self, version: &str, requirement: &str) -> Binding {
        let module = self.store.find("acme", &range(&format!("={version}"))).unwrap();
        Binding::new(patient(self.store.load(&module).unwrap())).versions(range(requirement))
    }

    fn bind(&self, version: &str, requirement: &str) -> &Self {
        self.gateway.swap(&shop(), self.binding(version, requirement)).unwrap();
        self
    }

    /// What a refresh tried, with a mark before what was not put to use.
    fn refresh(&self) -> Vec<String> {
        let tried = self.gateway.refresh(&self.store).unwrap();
        let text = |refreshed: &callsign::Refreshed| match &refreshed.outcome {
            Ok(()) => format!("{} {}", refreshed.target, refreshed.module),
            Err(error) => format!("{} not {}: {error}", refreshed.target, refreshed.module),
        };
        tried.iter().map(text).collect()
    }

    fn serves(&self) -> String {
        self.gateway.resolve(&sms("shop", TO)).get().policy().to_owned()
    }

    fn remove(&self, version: &str) {
        let module = self.store.find("acme", &range(&format!("={version}"))).unwrap();
        self.store.remove(module.digest()).unwrap();
    }

    fn events(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn acme(version: &str) -> Component {
    Component::new("acme", version).deciding(1)
}

fn shop() -> BindingTarget {
    BindingTarget::application("shop")
}

fn range(text: &str) -> VersionReq {
    text.parse().unwrap()
}

#[test]
fn a_range_follows_new_versions() {
    let world = World::new();
    world.add("1.0.0").bind("1.0.0", "^1");
    assert!(world.refresh().is_empty(), "there is nothing newer");
    world.add("1.0.1").add("1.1.0").add("2.0.0").add_one(Component::new("other", "1.9.0"));
    world.events();
    assert_eq!(world.refresh(), ["shop acme@1.1.0"]);
    assert_eq!(world.serves(), "acme@1.1.0");
    assert_eq!(world.events(), ["shop: acme@1.1.0 serves instead of acme@1.0.0"], "events as of a swap");
    assert!(world.refresh().is_empty());
    let history: Vec<String> = world.gateway.history(&shop()).iter().map(|served| served.policy.to_string()).collect();
    assert_eq!(history, ["acme@1.0.0", "acme@1.1.0"]);
    assert_eq!(decide(&world.gateway, &sms("care", TO)), "S0 POOL", "the platform's binding follows nothing");
}

#[test]
fn an_exact_requirement_never_moves_and_no_requirement_neither() {
    let world = World::new();
    world.add("1.0.0").add("1.1.0").bind("1.0.0", "=1.0.0");
    assert!(world.refresh().is_empty());
    let module = world.store.find("acme", &range("=1.0.0")).unwrap();
    world.gateway.swap(&shop(), Binding::new(world.store.load(&module).unwrap())).unwrap();
    assert!(world.refresh().is_empty());
    // The same version with other bytes is no newer one.
    world.bind("1.0.0", "^1.0.0, <1.1");
    world.remove("1.0.0");
    world.add_one(acme("1.0.0+rebuilt"));
    assert!(world.refresh().is_empty());
    assert_eq!(world.serves(), "acme@1.0.0");
}

#[test]
fn a_policy_that_is_not_of_a_version_of_its_binding_is_refused() {
    let world = World::new();
    world.add("1.0.0");
    let error = world.gateway.swap(&shop(), world.binding("1.0.0", "^2")).unwrap_err();
    assert!(matches!(error, SwapError::Requirement { .. }), "{error}");
    assert!(error.to_string().contains("acme@1.0.0") && error.to_string().contains("^2"), "{error}");
    let unversioned = Component::new("acme", "soon").deciding(1).policy();
    assert!(world.gateway.swap(&shop(), Binding::new(unversioned).versions(VersionReq::STAR)).is_err());
    assert_eq!(world.serves(), "standing@9.0.0");
}

#[test]
fn a_pre_release_is_followed_only_where_the_requirement_names_one() {
    let world = World::new();
    world.add("1.0.0").add("1.1.0-rc.1").bind("1.0.0", "^1");
    assert!(world.refresh().is_empty());
    world.bind("1.0.0", ">=1.0.0");
    assert!(world.refresh().is_empty());
    world.add("1.1.0-rc.2").bind("1.1.0-rc.1", ">=1.1.0-rc.1, <2");
    assert_eq!(world.refresh(), ["shop acme@1.1.0-rc.2"]);
    world.add("1.1.0");
    assert_eq!(world.refresh(), ["shop acme@1.1.0"], "the release is newer");
}

#[test]
fn a_broken_version_is_rejected_once_and_the_next_older_one_serves() {
    let world = World::new();
    world.add("1.0.0");
    let probe = Probe::new(&sms("shop", TO)).expect_sender("S1");
    world.gateway.swap(&shop(), world.binding("1.0.0", "^1").probe(probe)).unwrap();
    world.add("1.1.0").add_one(acme("1.2.0").start("unreachable")).add_one(acme("1.3.0").deciding(2));
    world.events();
    let tried = world.refresh();
    assert_eq!(tried.len(), 3, "{tried:?}");
    assert!(tried[0].starts_with("shop not acme@1.3.0: the probe to ") && tried[0].contains("S2 POOL"), "{tried:?}");
    assert!(tried[1].starts_with("shop not acme@1.2.0: the policy does not start"), "{tried:?}");
    assert_eq!(tried[2], "shop acme@1.1.0");
    let events = world.events();
    assert_eq!(events.len(), 3, "{events:?}");
    assert!(events[0].starts_with("shop: acme@1.3.0 was not put to use: the probe"), "{events:?}");
    assert!(events[1].starts_with("shop: acme@1.2.0 was not put to use"), "{events:?}");
    for _ in 0..3 {
        assert!(world.refresh().is_empty(), "not again");
    }
    // Other bytes are another module, and a swap by hand begins anew.
    world.remove("1.3.0");
    world.add("1.3.0");
    assert_eq!(world.refresh(), ["shop acme@1.3.0"]);
    world.bind("1.1.0", "^1, <1.3");
    assert!(world.refresh()[0].starts_with("shop not acme@1.2.0"));
}

#[test]
fn a_version_that_refuses_the_settings_of_the_binding_is_rejected() {
    let world = World::new();
    world.add("1.0.0");
    let module = world.store.find("acme", &range("1")).unwrap();
    let policy = world.store.load(&module).unwrap().with_settings(r#"{"a": 1}"#).unwrap();
    world.gateway.swap(&shop(), Binding::new(policy).versions(range("1"))).unwrap();
    // Refuses all that is not `{}`.
    let picky = acme("1.1.0").check_settings(
        "(i32.store8 (i32.const 2048) (i32.ne (local.get $length) (i32.const 2)))
         (i32.store (i32.const 2052) (i32.const 112)) (i32.store (i32.const 2056) (i32.const 12))
         (i32.const 2048)",
    );
    world.add_one(picky);
    let tried = world.refresh();
    assert_eq!(tried, ["shop not acme@1.1.0: the policy does not accept its settings: closed today"]);
    assert!(world.events().last().unwrap().contains("acme@1.1.0 was not put to use"));
    assert!(world.refresh().is_empty());
    assert_eq!(world.serves(), "acme@1.0.0");
}

#[test]
fn limits_isolation_and_failure_rule_of_the_binding_hold_for_the_next_version() {
    let world = World::new();
    world.add("1.0.0");
    let module = world.store.find("acme", &range("1")).unwrap();
    let mut limits = Limits::default();
    limits.memory = 1 << 20;
    limits.deadline = std::time::Duration::from_secs(60);
    limits.fuel = Some(1_000_000);
    let policy = world.store.load_within(&module, limits).unwrap().with_isolation(Isolation::Fresh);
    let binding = Binding::new(policy).versions(range("1")).on_failure(callsign::OnFailure::Standard);
    world.gateway.swap(&shop(), binding).unwrap();
    let greedy = acme("1.1.0").resolve("(drop (memory.grow (i32.const 100))) unreachable");
    world.add_one(greedy);
    assert_eq!(world.refresh(), ["shop acme@1.1.0"]);
    let decision = world.gateway.resolve(&sms("shop", TO));
    assert!(decision.get().policy().starts_with("callsign-standard@"), "{decision:?}");
    assert!(world.events().last().unwrap().contains("more than 1048576 bytes of memory"));
    let kept = acme("1.2.0").item("(global $calls (mut i32) (i32.const 0))").resolve(
        "(call $decide (global.get $calls) (i32.const -1) (i32.const 4) (i32.const 0))
         (global.set $calls (i32.const 1))",
    );
    world.add_one(kept);
    assert_eq!(world.refresh(), ["shop acme@1.2.0"]);
    for _ in 0..3 {
        assert_eq!(decide(&world.gateway, &sms("shop", TO)), "S0 POOL", "fresh for every call");
    }
    // A budget of instructions is of the engine that compiles.
    world.add_one(acme("1.3.0").resolve("(loop $on (br $on)) unreachable"));
    assert_eq!(world.refresh(), ["shop acme@1.3.0"]);
    decide(&world.gateway, &sms("shop", TO));
    assert!(world.events().last().unwrap().contains("ran out of its 1000000 instructions"));
}

#[test]
fn after_a_rollback_it_follows_only_to_what_is_newer_than_what_was_taken_off() {
    let world = World::new();
    world.add("1.0.0").bind("1.0.0", "^1").add("1.1.0").add("1.2.0");
    assert_eq!(world.refresh(), ["shop acme@1.2.0"]);
    world.gateway.rollback(&shop()).unwrap();
    assert_eq!(world.serves(), "acme@1.0.0");
    world.add("1.1.5");
    assert!(world.refresh().is_empty(), "neither to 1.2.0 again nor to something before it");
    world.add("1.2.1");
    assert_eq!(world.refresh(), ["shop acme@1.2.1"]);
    // Two steps back.
    world.add("1.3.0");
    assert_eq!(world.refresh(), ["shop acme@1.3.0"]);
    world.gateway.rollback(&shop()).unwrap();
    world.gateway.rollback(&shop()).unwrap();
    assert_eq!(world.serves(), "acme@1.0.0");
    assert!(world.refresh().is_empty());
    // Another policy, and back: what was taken off before is still passed over.
    world.gateway.swap(&shop(), Binding::new(Component::new("beta", "1.4.0").deciding(2).policy())).unwrap();
    world.gateway.rollback(&shop()).unwrap();
    assert!(world.refresh().is_empty());
    world.bind("1.0.0", "^1");
    assert_eq!(world.refresh(), ["shop acme@1.3.0"], "a swap by hand begins anew");
}

#[test]
fn a_rollback_from_a_version_out_of_the_range_does_not_stop_following() {
    let world = World::new();
    world.add("1.0.0").add("2.0.0").bind("1.0.0", "^1").bind("2.0.0", "=2.0.0");
    world.gateway.rollback(&shop()).unwrap();
    world.add("1.1.0");
    assert_eq!(world.refresh(), ["shop acme@1.1.0"]);
}

#[test]
fn a_binding_with_a_candidate_stays_and_does_not_follow_to_one_that_was_withdrawn_or_rolled_back() {
    let world = World::new();
    world.add("1.0.0").add("1.1.0").bind("1.0.0", "^1");
    world.gateway.shadow(&shop(), world.binding("1.1.0", "^1")).unwrap();
    assert!(world.refresh().is_empty(), "it is being watched");
    world.gateway.withdraw(&shop()).unwrap();
    assert!(world.refresh().is_empty(), "it was withdrawn");
    world.add_one(acme("1.2.0").resolve("unreachable"));
    let rollback = AutoRollback::new(0, 1, std::time::Duration::from_secs(3600));
    world.gateway.canary(&shop(), world.binding("1.2.0", "^1"), 1000, rollback).unwrap();
    assert_eq!(decide(&world.gateway, &sms("shop", TO)), "POLICY_FAILED");
    assert!(world.events().iter().any(|event| event.contains("rolled back automatically")));
    assert!(world.refresh().is_empty(), "it was rolled back automatically");
    world.add("1.3.0");
    world.gateway.canary(&shop(), world.binding("1.3.0", "^1"), 500, AutoRollback::default()).unwrap();
    world.gateway.promote(&shop()).unwrap();
    world.add("1.4.0");
    assert_eq!(world.refresh(), ["shop acme@1.4.0"], "the candidate's own binding follows");
}

#[test]
fn removing_the_serving_version_changes_nothing() {
    let world = World::new();
    world.add("1.0.0").add("1.1.0").bind("1.1.0", "^1");
    world.remove("1.1.0");
    assert!(world.refresh().is_empty(), "no way back to an older one");
    assert_eq!(decide(&world.gateway, &sms("shop", TO)), "S1 POOL");
    assert_eq!(world.serves(), "acme@1.1.0");
}

#[test]
fn bindings_follow_each_for_itself() {
    let world = World::new();
    world.add("1.0.0");
    let binding = world.binding("1.0.0", "^1");
    world.gateway.swap(&shop(), binding.clone()).unwrap();
    world.gateway.swap(&BindingTarget::application("care"), binding).unwrap();
    world.add("1.1.0");
    assert_eq!(world.refresh(), ["shop acme@1.1.0", "care acme@1.1.0"]);
    world.gateway.rollback(&shop()).unwrap();
    world.add("1.1.1");
    world.gateway.swap(&shop(), world.binding("1.0.0", "=1.0.0")).unwrap();
    assert_eq!(world.refresh(), ["care acme@1.1.1"]);
    assert_eq!(world.serves(), "acme@1.0.0");
}

#[test]
fn a_module_that_cannot_be_read_is_tried_again_when_it_can() {
    let world = World::new();
    world.add("1.0.0").bind("1.0.0", "^1");
    let bytes = acme("1.1.0").build();
    let module = world.store.add(&bytes).unwrap();
    let path = world.store.folder().join(format!("modules/{}.wasm", module.digest()));
    let mut damaged = bytes.clone();
    damaged[1_000] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    let tried = world.gateway.refresh(&world.store).unwrap();
    assert!(matches!(&tried[0].outcome, Err(SwapError::Store(StoreError::Damaged { .. }))), "{tried:?}");
    assert!(world.refresh()[0].contains("damaged"), "as long as it is");
    world.store.add(&bytes).unwrap();
    assert_eq!(world.refresh(), ["shop acme@1.1.0"]);
    // A store that cannot be read changes nothing.
    let modules = world.store.folder().join("modules");
    std::fs::remove_dir_all(&modules).unwrap();
    std::fs::write(&modules, "").unwrap();
    assert!(world.gateway.refresh(&world.store).is_err());
    assert_eq!(world.serves(), "acme@1.1.0");
}

#[test]
fn a_policy_that_bindings_share_is_loaded_once() {
    let world = World::new();
    world.add("1.0.0");
    let module = world.store.find("acme", &range("1")).unwrap();
    let shared: Arc<Policy> = world.store.load(&module).unwrap().into();
    for bound in [shop(), BindingTarget::application("care")] {
        world.gateway.swap(&bound, Binding::new(Arc::clone(&shared)).versions(range("1"))).unwrap();
    }
    world.add("1.1.0");
    assert_eq!(world.refresh().len(), 2);
    let label = |scope| world.gateway.resolve(&sms(scope, TO)).get().policy().as_ptr();
    assert_eq!(label("shop"), label("care"), "one policy");
}
