//! What an interruption leaves, at each step of adding and removing, and that nothing of it is a module.

use std::collections::HashSet;
use std::fs;

use callsign::{ModuleStore, StoreError};

use callsign_tests::modules::{Folder, module, names, other};

const UNFINISHED: &str = ".unfinished-0123456789abcdef";

/// What was done last, and what makes the store look so.
type Step<'a> = (&'static str, Box<dyn Fn() + 'a>);

/// The store after each step of adding `acme@1.0.0`, and of removing it, whose steps are the same backwards.
fn interrupted(folder: &Folder) -> Vec<Step<'_>> {
    let path = |name: String| folder.path().join(name);
    let bytes = module("acme", "1.0.0");
    let digest = callsign::ModuleDigest::of(&bytes);
    let (component, names) = (path(format!("modules/{digest}.wasm")), path("names/acme".into()));
    let unfinished = path(format!("modules/{UNFINISHED}"));
    let clear = move || {
        let _ = fs::remove_dir_all(folder.path().join("modules"));
        let _ = fs::remove_dir_all(folder.path().join("names"));
        ModuleStore::open(folder.path()).unwrap();
    };
    let after_component = {
        let (bytes, component) = (bytes.clone(), component.clone());
        move || {
            clear();
            fs::write(&component, &bytes).unwrap();
        }
    };
    let after_claim = {
        let (after_component, names) = (after_component.clone(), names.clone());
        move || {
            after_component();
            fs::create_dir(&names).unwrap();
            fs::write(names.join("1.0.0"), format!("{digest}\n")).unwrap();
        }
    };
    vec![
        ("half of the component is written", {
            let (bytes, unfinished) = (bytes.clone(), unfinished.clone());
            Box::new(move || {
                clear();
                fs::write(&unfinished, &bytes[..bytes.len() / 2]).unwrap();
            })
        }),
        ("the component is written", Box::new(after_component.clone())),
        ("half of the claim is written", {
            let (after_component, names) = (after_component.clone(), names.clone());
            Box::new(move || {
                after_component();
                fs::create_dir(&names).unwrap();
                fs::write(names.join(UNFINISHED), "0123").unwrap();
            })
        }),
        ("the claim is written", Box::new(after_claim.clone())),
        ("half of the record is written", {
            let after_claim = after_claim.clone();
            Box::new(move || {
                after_claim();
                fs::write(&unfinished, "{\"name\":").unwrap();
            })
        }),
        ("a claim without a component", {
            Box::new(move || {
                after_claim();
                fs::remove_file(&component).unwrap();
            })
        }),
        ("a claim without content, as some file systems leave it", {
            Box::new(move || {
                clear();
                fs::create_dir(&names).unwrap();
                fs::write(names.join("1.0.0"), "").unwrap();
            })
        }),
    ]
}

#[test]
fn what_was_interrupted_is_no_module_and_hinders_nobody() {
    let folder = Folder::new();
    let store = folder.store();
    let (bytes, conflicting) = (module("acme", "1.0.0"), other("acme", "1.0.0", "x"));
    for (step, interrupt) in interrupted(&folder) {
        interrupt();
        assert!(store.list().unwrap().is_empty(), "{step}");
        assert!(store.find("acme", &semver::VersionReq::STAR).is_err(), "{step}");
        // The same again succeeds.
        let added = store.add(&bytes).unwrap();
        assert_eq!(store.list().unwrap(), [added], "{step}");
        // And so does another module of the name and version that was never taken.
        interrupt();
        let added = store.add(&conflicting).unwrap();
        assert_eq!(store.list().unwrap(), std::slice::from_ref(&added), "{step}");
        let error = store.add(&bytes).unwrap_err();
        assert!(matches!(error, StoreError::Taken { digest, .. } if digest == *added.digest()), "{step}");
    }
}

#[test]
fn gc_removes_what_was_interrupted_and_no_module() {
    let folder = Folder::new();
    let store = folder.store();
    for (step, interrupt) in interrupted(&folder) {
        interrupt();
        assert_ne!(store.gc(&HashSet::new()).unwrap().files, 0, "{step}");
        assert!(folder.files().is_empty(), "{step}");
    }
    let added = store.add(&module("zeta", "1.0.0")).unwrap();
    let files = folder.files();
    assert_eq!(store.gc(&HashSet::new()).unwrap().files, 0, "there is nothing to remove");
    fs::write(folder.path().join("modules").join(UNFINISHED), "12345").unwrap();
    fs::write(folder.path().join("compiled").join(UNFINISHED), "1234567").unwrap();
    fs::write(folder.path().join("modules/notes.txt"), "not the store's").unwrap();
    let collected = store.gc(&HashSet::new()).unwrap();
    assert_eq!((collected.files, collected.bytes), (2, 12));
    fs::remove_file(folder.path().join("modules/notes.txt")).unwrap();
    assert_eq!(folder.files(), files);
    assert_eq!(store.list().unwrap(), [added]);
}

#[test]
fn gc_removes_the_compiled_code_of_other_engines_and_of_modules_that_are_gone() {
    let folder = Folder::new();
    let store = folder.store();
    let compiled = folder.path().join("compiled");
    let (kept, gone) = (store.add(&module("acme", "1.0.0")).unwrap(), store.add(&module("acme", "2.0.0")).unwrap());
    let before = names(&compiled);
    assert_eq!(before.len(), 3, "two modules and the key: {before:?}");
    fs::write(compiled.join(format!("{}.cwasm", "0".repeat(64))), "of another engine").unwrap();
    store.remove(gone.digest()).unwrap();
    // What somebody still needs stays.
    assert_eq!(store.gc(&HashSet::from([*gone.digest()])).unwrap().files, 1);
    assert_eq!(names(&compiled), before);
    assert_eq!(store.gc(&HashSet::new()).unwrap().files, 1);
    assert_eq!(names(&compiled).len(), 2);
    store.load(&kept).unwrap();
}

#[test]
fn gc_keeps_the_code_of_both_engines() {
    let folder = Folder::new();
    let store = folder.store();
    let compiled = folder.path().join("compiled");
    let kept = store.add(&module("acme", "1.0.0")).unwrap();
    let mut limits = callsign::Limits::default();
    limits.fuel = Some(1_000_000);
    store.load_within(&kept, limits).unwrap();
    let before = names(&compiled);
    assert_eq!(before.len(), 3, "with and without a budget of instructions, and the key: {before:?}");
    assert_eq!(store.gc(&HashSet::new()).unwrap().files, 0);
    assert_eq!(names(&compiled), before);
    store.remove(kept.digest()).unwrap();
    assert_eq!(store.gc(&HashSet::new()).unwrap().files, 2);
}
