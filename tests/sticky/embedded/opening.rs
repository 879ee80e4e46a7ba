use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use callsign_sticky::{
    EmbeddedOptions, EmbeddedStore, Filter, OpenError, Recipient, RecipientKey, Recipients, StickyStore,
};

use super::Folder;
use crate::conformance::{key, sender};

fn opened_with(folder: &Folder, recipients: Recipients) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open(&folder.0, EmbeddedOptions::default().recipients(recipients))
}

/// Every file below a folder with its bytes.
fn contents(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn pins_are_there_when_it_is_opened_again() {
    let folder = Folder::new();
    let store = folder.open();
    for index in 0..100 {
        store.insert(&key("shop", index), &sender("n1")).unwrap();
    }
    let pins: Vec<_> = (0..100).map(|index| store.get(&key("shop", index)).unwrap()).collect();
    drop(store);
    let store = folder.open();
    for (index, pin) in pins.into_iter().enumerate() {
        assert!(pin.is_some());
        assert_eq!(store.get(&key("shop", index as u64)).unwrap(), pin);
    }
    let page = store.list(&Filter::All, None, 1_000).unwrap();
    assert_eq!(page.pins.len(), 100);
    assert!(page.pins.iter().all(|record| &*record.application == "shop" && &*record.sender == "n1"));
}

#[test]
fn recipients_are_hashed_unless_it_is_told_otherwise() {
    let hashed = Folder::new();
    let store = hashed.open();
    store.insert(&key("shop", 1), &sender("n1")).unwrap();
    let page = store.list(&Filter::Recipient(key("shop", 1).recipient), None, 10).unwrap();
    assert!(matches!(page.pins[0].recipient, Recipient::Hash(_)), "{page:?}");
    let file = hashed.0.join("recipients.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&file).unwrap().trim(), store.recipient_key().unwrap().expose());

    let plain = Folder::new();
    let store = opened_with(&plain, Recipients::Plain).unwrap();
    store.insert(&key("shop", 1), &sender("n1")).unwrap();
    let page = store.list(&Filter::All, None, 10).unwrap();
    assert_eq!(page.pins[0].recipient, key("shop", 1).recipient);
    assert!(!plain.0.join("recipients.key").exists());
    drop(store);
    // It goes on as it was made.
    assert!(plain.open().recipient_key().is_none());
}

#[test]
fn a_number_is_nowhere_in_the_files_of_a_hashed_store() {
    let folder = Folder::new();
    let store = folder.open();
    store.insert(&key("shop", 1_234_567), &sender("n1")).unwrap();
    drop(store);
    let number = 14_151_234_567_u64.to_be_bytes();
    for (file, bytes) in contents(&folder.0) {
        assert!(!bytes.windows(5).any(|window| window == &number[3..]), "{file}");
        assert!(!bytes.windows(11).any(|window| window == b"14151234567"), "{file}");
    }
}

#[test]
fn another_key_than_its_own_is_refused() {
    let folder = Folder::new();
    let own = RecipientKey::random().unwrap();
    drop(opened_with(&folder, Recipients::HashedWith(own.clone())).unwrap());
    assert!(!folder.0.join("recipients.key").exists());
    let before = contents(&folder.0);
    for (recipients, expected) in [
        (Recipients::HashedWith(RecipientKey::random().unwrap()), "hashed with another key"),
        (Recipients::AsTheyAre, "their key is not in recipients.key"),
        (Recipients::Plain, "hashed; open it with its key"),
    ] {
        let error = opened_with(&folder, recipients).unwrap_err();
        assert!(matches!(error, OpenError::Key { .. }) && error.to_string().contains(expected), "{error}");
    }
    assert_eq!(contents(&folder.0), before);
    assert!(opened_with(&folder, Recipients::HashedWith(own)).is_ok());

    let plain = Folder::new();
    drop(opened_with(&plain, Recipients::Plain).unwrap());
    let error = opened_with(&plain, Recipients::HashedWith(RecipientKey::random().unwrap())).unwrap_err();
    assert!(error.to_string().contains("as numbers"), "{error}");
}

#[test]
fn one_that_is_open_elsewhere_is_refused() {
    let folder = Folder::new();
    let store = folder.open();
    let error = EmbeddedStore::open(&folder.0, EmbeddedOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("open in another process"), "{error}");
    store.insert(&key("shop", 1), &sender("n1")).unwrap();
    drop(store);
    assert!(folder.open().get(&key("shop", 1)).unwrap().is_some());
}

#[test]
fn one_of_a_newer_version_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    drop(folder.open());
    fs::write(folder.0.join("sticky.json"), r#"{"format": 7, "shape": "unheard of"}"#).unwrap();
    let before = contents(&folder.0);
    let error = EmbeddedStore::open(&folder.0, EmbeddedOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 7, known: 1, .. }), "{error}");
    assert_eq!(contents(&folder.0), before);
}

#[test]
fn a_folder_of_other_files_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    fs::write(folder.0.join("letter.txt"), "dear").unwrap();
    let error = EmbeddedStore::open(&folder.0, EmbeddedOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }) && error.to_string().contains("no sticky store"), "{error}");
    assert_eq!(contents(&folder.0).len(), 1);
    let file = folder.0.join("letter.txt");
    assert!(matches!(EmbeddedStore::open(&file, EmbeddedOptions::default()), Err(OpenError::File { .. })));
}

#[test]
fn a_store_without_its_tables_or_its_head_is_refused_and_not_begun_anew() {
    let folder = Folder::new();
    let store = folder.open();
    store.insert(&key("shop", 1), &sender("n1")).unwrap();
    drop(store);
    for part in ["pins", "sticky.json"] {
        let (part, aside) = (folder.0.join(part), folder.0.join("aside"));
        fs::rename(&part, folder.0.with_extension("aside")).unwrap();
        let error = EmbeddedStore::open(&folder.0, EmbeddedOptions::default()).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert!(!part.exists() && !aside.exists());
        fs::rename(folder.0.with_extension("aside"), &part).unwrap();
    }
    assert!(folder.open().get(&key("shop", 1)).unwrap().is_some());
}

#[test]
fn damage_is_found_when_it_is_opened_or_when_the_pin_is_read_and_never_gives_another_pin() {
    let folder = Folder::new();
    let store = folder.open();
    for index in 0..2_000 {
        store.insert(&key("shop", index % 50 + index / 50 * 1_000), &sender("n1")).unwrap();
    }
    drop(store);
    let keys: Vec<u64> = (0..2_000).map(|index| index % 50 + index / 50 * 1_000).collect();
    let sound = contents(&folder.0);
    let mut refused = 0;
    for (file, bytes) in &sound {
        if bytes.is_empty() || file.ends_with("recipients.key") {
            continue;
        }
        for place in [0, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x55;
            fs::write(file, &damaged).unwrap();
            match EmbeddedStore::open(&folder.0, EmbeddedOptions::default()) {
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty());
                }
                Ok(store) => {
                    for &index in &keys {
                        if let Ok(Some(pin)) = store.get(&key("shop", index)) {
                            assert_eq!(pin.sender, sender("n1").key, "{file} at {place}");
                        }
                    }
                }
            }
            // As it was, for the next.
            fs::remove_dir_all(&folder.0).unwrap();
            for (file, bytes) in &sound {
                fs::create_dir_all(Path::new(file).parent().unwrap()).unwrap();
                fs::write(file, bytes).unwrap();
            }
        }
    }
    assert!(refused > 0, "no damage was found");
    assert!(folder.open().get(&key("shop", 1)).unwrap().is_some());
}

#[test]
fn a_creation_that_was_broken_off_anywhere_is_taken_up() {
    let begun = |leave: &[&str], complete: bool| {
        let folder = Folder::new();
        drop(folder.open());
        for part in ["pins", "sticky.json", "recipients.key"] {
            let path = folder.0.join(part);
            match leave.contains(&part) {
                true => {}
                false if path.is_dir() => fs::remove_dir_all(path).unwrap(),
                false => fs::remove_file(path).unwrap(),
            }
        }
        if leave.contains(&"sticky.json") && !complete {
            let head = fs::read_to_string(folder.0.join("sticky.json")).unwrap();
            fs::write(folder.0.join("sticky.json"), head.replace("\"complete\":true", "\"complete\":false")).unwrap();
        }
        folder
    };
    // The key is kept: it may be in a safe place by now.
    let folder = begun(&["recipients.key"], false);
    let key_before = fs::read(folder.0.join("recipients.key")).unwrap();
    folder.open().insert(&key("shop", 1), &sender("n1")).unwrap();
    assert_eq!(fs::read(folder.0.join("recipients.key")).unwrap(), key_before);
    // Files that were not yet whole.
    for unfinished in ["recipients.key.new", "sticky.json.new"] {
        let folder = begun(&[], false);
        fs::write(folder.0.join(unfinished), "half").unwrap();
        folder.open().insert(&key("shop", 1), &sender("n1")).unwrap();
    }
    // Tables that were not yet whole.
    let folder = begun(&["recipients.key", "sticky.json"], false);
    fs::create_dir(folder.0.join("pins")).unwrap();
    fs::write(folder.0.join("pins/0.jnl"), "").unwrap();
    folder.open().insert(&key("shop", 1), &sender("n1")).unwrap();
    assert!(folder.open().get(&key("shop", 1)).unwrap().is_some());
}
