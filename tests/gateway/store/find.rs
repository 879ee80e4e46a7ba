//! What is found, and what is not.

use std::fs;

use callsign::{ModuleDigest, StoreError};
use semver::VersionReq;
use sha2::{Digest, Sha256};

use callsign_tests::modules::{Folder, module, other, with_section};

#[test]
fn the_newest_match_of_a_requirement_is_found() {
    let folder = Folder::new();
    let store = folder.store();
    for version in ["1.2.0", "1.10.0", "1.9.3", "2.0.0-rc.1"] {
        store.add(&module("acme", version)).unwrap();
    }
    store.add(&module("zeta", "9.0.0")).unwrap();
    let listed: Vec<_> = store.list().unwrap().iter().map(|m| format!("{}@{}", m.name(), m.version())).collect();
    assert_eq!(listed, ["acme@1.2.0", "acme@1.9.3", "acme@1.10.0", "acme@2.0.0-rc.1", "zeta@9.0.0"]);
    let find = |name, requirement| {
        store.find(name, &VersionReq::parse(requirement).unwrap()).map(|module| module.version().to_string())
    };
    for (requirement, newest) in
        [("*", "1.10.0"), ("1.9", "1.10.0"), ("~1.9", "1.9.3"), ("=1.2.0", "1.2.0"), (">=2.0.0-rc.0", "2.0.0-rc.1")]
    {
        assert_eq!(find("acme", requirement).unwrap(), newest, "{requirement}");
    }
    for (name, requirement) in [("acme", "3"), ("acme", ">=2"), ("nobody", "*"), ("../modules", "*")] {
        let error = find(name, requirement).unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }) && error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_digest_or_the_beginning_of_one_is_found_unless_several_begin_so() {
    let folder = Folder::new();
    let store = folder.store();
    // Two modules whose digests begin alike, found by trying differences.
    let mut seen = std::collections::HashMap::new();
    let base = module("acme", "1.0.0");
    let (first, second) = (0u32..)
        .find_map(|number| {
            let digest: [u8; 2] = Sha256::digest(variant(&base, number))[..2].try_into().unwrap();
            seen.insert(digest, number).map(|earlier| (earlier, number))
        })
        .unwrap();
    let first = store.add(&variant(&base, first)).unwrap();
    let second = store.add(&variant(&module("acme", "1.0.0"), second)).unwrap_err();
    assert!(matches!(second, StoreError::Taken { .. }), "one name and version: {second}");
    let whole = first.digest().to_string();
    for digits in [4, 10, 63, 64] {
        assert_eq!(store.get(&whole[..digits]).unwrap(), first);
        assert_eq!(store.get(&whole[..digits].to_uppercase()).unwrap(), first);
    }
    // Ambiguity needs a second record that begins alike; what it is of does not matter.
    let mut twin = whole.clone();
    twin.replace_range(60..64, if whole.ends_with("0000") { "1111" } else { "0000" });
    let twin: ModuleDigest = twin.parse().unwrap();
    let record = fs::read_to_string(folder.path().join(format!("modules/{whole}.json"))).unwrap();
    fs::write(folder.path().join(format!("modules/{twin}.json")), record.replace(&whole, &twin.to_string())).unwrap();
    fs::copy(folder.path().join(format!("modules/{whole}.wasm")), folder.path().join(format!("modules/{twin}.wasm")))
        .unwrap();
    let error = store.get(&whole[..4]).unwrap_err();
    let StoreError::Ambiguous { matches, .. } = &error else { panic!("{error:?}") };
    assert!(matches.contains(first.digest()) && matches.contains(&twin), "{error}");
    assert!(error.to_string().contains(&whole) && error.to_string().contains(&twin.to_string()), "{error}");
    assert_eq!(store.get(&whole).unwrap(), first);
    // And the twin's bytes are not what its name says.
    let twin = store.get(&twin.to_string()).unwrap();
    let error = store.load(&twin).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }) && error.to_string().contains(&whole), "{error}");
}

fn variant(base: &[u8], number: u32) -> Vec<u8> {
    with_section(base.to_vec(), "difference", &number.to_string())
}

#[test]
fn what_is_no_digest_is_refused() {
    let folder = Folder::new();
    let store = folder.store();
    for text in ["", "abc", "xyz0", "../modules", &"0".repeat(65), "\u{fc}\u{fc}"] {
        let error = store.get(text).unwrap_err();
        assert!(matches!(error, StoreError::Digest { .. }), "{text}: {error:?}");
    }
    assert!(matches!(store.get("00000000"), Err(StoreError::NotFound { .. })));
    assert!(matches!("0000".parse::<ModuleDigest>(), Err(StoreError::Digest { .. })));
}

#[test]
fn removing_a_module_frees_its_name_and_version() {
    let folder = Folder::new();
    let store = folder.store();
    let first = store.add(&module("acme", "1.0.0")).unwrap();
    let policy = store.load(&first).unwrap();
    store.remove(first.digest()).unwrap();
    assert!(folder.files().is_empty());
    assert!(matches!(store.get(&first.digest().to_string()), Err(StoreError::NotFound { .. })));
    assert!(matches!(store.load(&first), Err(StoreError::NotFound { .. })));
    assert!(matches!(store.remove(first.digest()), Err(StoreError::NotFound { .. })));
    super::assert_decides(policy);
    let second = store.add(&other("acme", "1.0.0", "x")).unwrap();
    assert_ne!(second.digest(), first.digest());
    assert_eq!(store.list().unwrap(), [second]);
}

#[test]
fn a_damaged_module_is_left_out_told_apart_and_mended_by_adding_it_again() {
    let folder = Folder::new();
    let store = folder.store();
    let bytes = module("acme", "1.0.0");
    let added = store.add(&bytes).unwrap();
    let kept = store.add(&module("zeta", "1.0.0")).unwrap();
    let component = folder.path().join(format!("modules/{}.wasm", added.digest()));
    let record = folder.path().join(format!("modules/{}.json", added.digest()));
    let mut flipped = bytes.clone();
    flipped[1_000] ^= 1;
    let anothers = folder.path().join(format!("modules/{}.json", kept.digest()));
    let damages: [(&str, &dyn Fn()); 5] = [
        ("a component cut short", &|| fs::write(&component, &bytes[..1_000]).unwrap()),
        ("no component", &|| fs::remove_file(&component).unwrap()),
        ("a record that is none", &|| fs::write(&record, "{").unwrap()),
        ("a record too long", &|| fs::write(&record, " ".repeat(100_000)).unwrap()),
        ("another's record", &|| fs::write(&record, fs::read(&anothers).unwrap()).unwrap()),
    ];
    for (what, damage) in damages {
        damage();
        assert_eq!(store.list().unwrap(), std::slice::from_ref(&kept), "{what}");
        let error = store.get(&added.digest().to_string()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{what}: {error:?}");
        // Its name is not anybody's for that.
        assert!(matches!(store.add(&other("acme", "1.0.0", "x")), Err(StoreError::Taken { .. })), "{what}");
        store.add(&bytes).unwrap();
        assert_eq!(store.list().unwrap().len(), 2, "{what}");
    }
    fs::write(&component, &flipped).unwrap();
    let error = store.load(&added).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "a bit: {error:?}");
    store.add(&bytes).unwrap();
    store.load(&added).unwrap();
}
