//! What is added, and what is refused.

use std::fs;
use std::time::{Duration, SystemTime};

use callsign::{ModuleDigest, PolicyError, StoreError};
use sha2::{Digest, Sha256};

use callsign_tests::modules::{Folder, described, module, names, other, with_section};

use super::assert_decides;

#[test]
fn a_module_is_addressed_by_its_content_and_described_by_its_own_metadata() {
    let folder = Folder::new();
    let store = folder.store();
    let bytes = module("acme-spread", "1.2.0");
    let added = store.add(&bytes).unwrap();
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(added.digest().to_string(), digest);
    assert_eq!(*added.digest(), ModuleDigest::of(&bytes));
    assert_eq!((added.name(), added.version().to_string()), ("acme-spread", "1.2.0".into()));
    assert_eq!((added.size(), added.interface().major), (bytes.len() as u64, 1));
    assert!(SystemTime::now().duration_since(added.added_at()).unwrap() < Duration::from_secs(600));
    assert_eq!(
        folder.files(),
        [format!("modules/{digest}.json"), format!("modules/{digest}.wasm"), "names/acme-spread/1.2.0".into()]
    );
    // Another process sees the same.
    let store = folder.store();
    assert_eq!(store.list().unwrap(), std::slice::from_ref(&added));
    assert_eq!(store.read(&added).unwrap(), bytes);
    let policy = store.load(&added).unwrap();
    assert_eq!(policy.label(), "acme-spread@1.2.0");
    assert_decides(policy);
}

#[test]
fn adding_the_same_bytes_twice_is_one_module() {
    let folder = Folder::new();
    let store = folder.store();
    let bytes = module("acme", "1.0.0");
    let first = store.add(&bytes).unwrap();
    let files = folder.files();
    assert_eq!(folder.store().add(&bytes).unwrap(), first);
    assert_eq!(folder.files(), files);
}

#[test]
fn the_same_name_and_version_with_other_bytes_is_refused_naming_the_digest_that_has_it() {
    let folder = Folder::new();
    let store = folder.store();
    let first = store.add(&module("acme", "1.0.0")).unwrap();
    let files = folder.files();
    // What follows `+` makes no version newer, and so no other version.
    for version in ["1.0.0", "1.0.0+build.2"] {
        let error = store.add(&other("acme", version, "x")).unwrap_err();
        let StoreError::Taken { name, digest, .. } = &error else { panic!("{error:?}") };
        assert_eq!((&**name, digest), ("acme", first.digest()));
        assert!(error.to_string().contains(&first.digest().to_string()), "{error}");
        assert_eq!(folder.files(), files);
    }
    store.add(&other("acme", "1.0.1", "x")).unwrap();
    store.add(&other("acme-2", "1.0.0", "x")).unwrap();
    assert_eq!(store.list().unwrap().len(), 3);
}

#[test]
fn a_module_without_a_name_or_a_semantic_version_is_refused() {
    let folder = Folder::new();
    let store = folder.store();
    let error = store.add(&described(None, Some("1.0.0"))).unwrap_err();
    assert!(matches!(error, StoreError::NoName), "{error:?}");
    let error = store.add(&described(Some("acme"), None)).unwrap_err();
    assert!(matches!(error, StoreError::NoVersion { .. }) && error.to_string().contains("acme"), "{error:?}");
    for version in ["1", "1.0", "v1.0.0", "1.0.0.0", "latest", "01.0.0", "../../1.0.0", "1.0.0-é"] {
        let error = store.add(&module("acme", version)).unwrap_err();
        let StoreError::Version { version: found, .. } = &error else { panic!("{version}: {error:?}") };
        assert_eq!(found, version);
        assert!(error.to_string().contains("1.2.0"), "says what would be right: {error}");
    }
    assert!(folder.files().is_empty());
}

#[test]
fn a_name_that_is_not_fit_for_a_file_system_is_refused() {
    let folder = Folder::new();
    let store = folder.store();
    let long = "x".repeat(65);
    for name in ["../x", "..", ".hidden", "a/b", "/etc/passwd", "a\\b", "a b", "\u{fc}ber", &long] {
        let error = store.add(&module(name, "1.0.0")).unwrap_err();
        let StoreError::Name { name: found } = &error else { panic!("{name}: {error:?}") };
        assert_eq!(found, name);
        assert!(error.to_string().contains("letters, digits"), "{error}");
    }
    // No text at all, or longer than any policy's name may be.
    for name in ["", "a\0b", "a@b", &"x".repeat(129)] {
        let error = store.add(&module(name, "1.0.0")).unwrap_err();
        assert!(matches!(error, StoreError::Policy(PolicyError::Metadata { .. })), "{name}: {error:?}");
    }
    assert!(folder.files().is_empty());
    assert_eq!(names(folder.path()), ["modules", "names"], "nothing beside it, and no compiled code");
    let longest = "x".repeat(64);
    assert_eq!(store.add(&module(&longest, "1.0.0")).unwrap().name(), longest);
}

#[test]
fn what_is_no_component_is_refused_and_changes_nothing() {
    let folder = Folder::new();
    let store = folder.store();
    let whole = module("acme", "1.0.0");
    let core = wasm_encoder::Module::new().finish();
    let mut junk = Vec::new();
    let mut state = 1u64;
    while junk.len() < 10_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        junk.push((state >> 33) as u8);
    }
    let headed = [&whole[..8], &junk[..]].concat();
    for (what, bytes) in [("empty", &[][..]), ("junk", &junk), ("junk under a header", &headed), ("core", &core)] {
        let error = store.add(bytes).unwrap_err();
        assert!(matches!(error, StoreError::Policy(PolicyError::NotAComponent { .. })), "{what}: {error:?}");
    }
    assert!(store.add(&core).unwrap_err().to_string().contains("core module"));
    for end in (0..whole.len() - 1).step_by(whole.len() / 50) {
        store.add(&whole[..end]).unwrap_err();
    }
    assert!(folder.files().is_empty());
    assert!(store.list().unwrap().is_empty());
}

#[test]
fn a_component_larger_than_the_limit_is_refused() {
    let folder = Folder::new();
    let limit = callsign::Limits::default().component;
    let bytes = with_section(module("acme", "1.0.0"), "padding", &"x".repeat(limit));
    let error = folder.store().add(&bytes).unwrap_err();
    let StoreError::Policy(PolicyError::TooLarge { limit: found, .. }) = error else { panic!("{error:?}") };
    assert_eq!(found, limit);
}

#[test]
fn a_component_of_another_world_is_refused() {
    let folder = Folder::new();
    let store = folder.store();
    // An empty component, with the metadata of a module.
    let metadata = wasm_metadata::AddMetadata::default();
    let empty = metadata.to_wasm(&module("acme", "1.0.0")[..8]).unwrap();
    let named = with_section(with_section(empty, "component-name", "\0\u{5}\u{4}acme"), "version", "1.0.0");
    let error = store.add(&named).unwrap_err();
    let StoreError::Policy(PolicyError::Exports { missing }) = error else { panic!("{error:?}") };
    assert!(missing.starts_with("callsign:policy/policy@1"), "{missing}");
    assert!(folder.files().is_empty());
}

#[test]
fn a_store_that_cannot_be_written_says_which_file() {
    let folder = Folder::new();
    let path = folder.path().join("a file");
    fs::write(&path, "").unwrap();
    let error = callsign::ModuleStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }) && error.to_string().contains("a file"), "{error}");
}
