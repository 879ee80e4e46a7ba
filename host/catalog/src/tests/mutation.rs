//! Damaged catalogs: whatever the bytes are, there is an answer, and the parallel and the single way agree on it.

use serde_json::value::RawValue;

use super::SOUND;
use crate::{Catalog, CatalogError, Edit, check, fault::FaultLog, file, json_path::Json};

const ROUNDS: usize = 20_000;

/// A small generator of numbers that are the same on every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// Puts in, takes out, replaces or repeats a few bytes anywhere.
fn damage_bytes(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len());
        match numbers.below(5) {
            0 => bytes[at] = numbers.below(256) as u8,
            1 => bytes.insert(at, b"{}[]\",:\\0 n"[numbers.below(11)]),
            2 => drop(bytes.remove(at)),
            3 => bytes[at] ^= 1 << numbers.below(8),
            _ => {
                let end = (at + numbers.below(40)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len());
                bytes.splice(to..to, part);
            }
        }
    }
}

/// Replaces a string by another one, or by some other value: what is then wrong is most often not the syntax.
fn damage_strings(text: &str, numbers: &mut Numbers) -> String {
    const OTHERS: [&str; 20] = [
        "null",
        "true",
        "0",
        "1",
        "2.5",
        "-1",
        "1e999",
        "[]",
        "{}",
        "[[]]",
        "\"\"",
        "\"*\"",
        "[\"US\"]",
        "\"us\"",
        "\"\\ud800\"",
        "\"\\n\"",
        "{\"SMS\":null}",
        "{\"applicationId\":\"shop\"}",
        "[\"shop\",null]",
        "\"default\"",
    ];
    // Between quotes, every second part is a string; the text has no escaped quotes.
    let mut parts: Vec<String> = text.split('"').map(str::to_owned).collect();
    for part in parts.iter_mut().skip(1).step_by(2) {
        *part = format!("\"{part}\"");
    }
    for _ in 0..=numbers.below(3) {
        let strings = parts.len() / 2;
        let at = 2 * numbers.below(strings) + 1;
        parts[at] = match numbers.below(3) {
            0 => OTHERS[numbers.below(OTHERS.len())].to_owned(),
            _ => parts[2 * numbers.below(strings) + 1].clone(),
        };
    }
    parts.concat()
}

/// Reads a text that was loaded again, element by element, which must give the same catalog with all elements.
fn assert_same_one_by_one(text: &str, loaded: &Catalog) {
    let again = check::catalog_one_by_one(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    assert_eq!(&again, loaded, "{text}");
    let mut log = FaultLog::new(text);
    let lists = file::split(text, &mut log).expect("JSON");
    assert_eq!(log.finish(), None, "{text}");
    let has_default = lists.applications.elements.len() == loaded.applications().len();
    assert_eq!(lists.applications.elements.len() + usize::from(!has_default), loaded.applications().len(), "{text}");
    assert_eq!(lists.entities.elements.len(), loaded.entities().len(), "{text}");
    assert_eq!(lists.senders.elements.len(), loaded.senders().len(), "{text}");
    let associations = loaded.associations().len() + loaded.other_associations().len();
    assert_eq!(lists.associations.elements.len(), associations, "{text}");
    assert_eq!(lists.strategies.elements.len(), loaded.strategies().len(), "{text}");
    assert_eq!(lists.default_senders.elements.len(), loaded.default_senders().len(), "{text}");
}

/// What came of it: sound, faults, or no JSON.
fn assert_answered(bytes: &[u8]) -> [usize; 3] {
    match Catalog::from_slice(bytes) {
        Ok(catalog) => {
            let text = std::str::from_utf8(bytes).expect("it was read");
            assert_same_one_by_one(text.trim_start_matches('\u{feff}'), &catalog);
            [1, 0, 0]
        }
        Err(CatalogError::Faults(faults)) => {
            assert!(faults.total() > 0);
            let text = String::from_utf8_lossy(bytes);
            for fault in &faults {
                assert!(fault.path.starts_with('$') && fault.column > 0, "{fault}");
                assert!((1..=text.lines().count()).contains(&fault.line), "{fault}");
                assert!(!fault.message.contains("is not a sound element"), "{fault} in {text}");
            }
            [0, 1, 0]
        }
        Err(CatalogError::Syntax { line, column, offset, .. }) => {
            assert!(line > 0 && column > 0 && offset <= bytes.len());
            [0, 0, 1]
        }
        Err(other) => panic!("{other}"),
    }
}

fn assert_seen(seen: [usize; 3], expected: [usize; 3]) {
    let enough = seen.iter().zip(expected).all(|(seen, expected)| *seen >= expected);
    assert!(enough, "the damage was too uniform: {seen:?} sound, faulty, no JSON");
}

/// Puts every element of a damaged text into the sound catalog, and takes it out of it, one by one.
fn assert_edits_answered(text: &str) -> [usize; 3] {
    let sound = Catalog::from_json(SOUND).expect("sound");
    let Ok(file) = serde_json::from_str::<Vec<(String, Vec<Box<RawValue>>)>>(&lists(text)) else {
        return [0, 0, 1];
    };
    let mut seen = [0; 3];
    for (name, element) in file.iter().flat_map(|(name, list)| list.iter().map(move |element| (name, element))) {
        let Some(list) = crate::List::ALL.into_iter().find(|list| list.as_str() == name) else {
            continue;
        };
        for edit in [Edit::put(list, element), Edit::remove(list, element)] {
            match sound.edit(&[edit]) {
                Ok(edited) => {
                    let text = serde_json::to_string(&edited.to_json()).expect("JSON");
                    assert_eq!(Catalog::from_json(&text).expect("sound"), edited, "{element}");
                    seen[0] += 1;
                }
                Err(error) => {
                    assert!(!error.faults.is_empty(), "{element}");
                    assert!(!error.to_string().contains("is not a sound element"), "{error} in {element}");
                    seen[1] += 1;
                }
            }
        }
    }
    seen
}

/// The lists of a file, as pairs of name and elements; nothing that is JSON where it has none.
fn lists(text: &str) -> String {
    let raw: &RawValue = match serde_json::from_str(text) {
        Ok(raw) => raw,
        Err(_) => return String::new(),
    };
    let lists = Json::from(raw).members().filter(|(_, list)| list.is_list());
    let lists: Vec<String> = lists.map(|(name, list)| format!("[{},{}]", name.as_str(), list.as_str())).collect();
    format!("[{}]", lists.join(","))
}

#[test]
fn damaged_elements_are_answered_as_edits() {
    let mut numbers = Numbers(0x5eed_0000_0ed1_7095);
    let mut seen = [0; 3];
    for _ in 0..ROUNDS / 20 {
        let answer = assert_edits_answered(&damage_strings(SOUND, &mut numbers));
        seen.iter_mut().zip(answer).for_each(|(seen, one)| *seen += one);
    }
    assert_seen(seen, [5_000, 5_000, 5]);
}

#[test]
fn damaged_bytes_are_answered() {
    let mut numbers = Numbers(0x5eed_ca7a_1095);
    let mut seen = [0; 3];
    for _ in 0..ROUNDS {
        let mut bytes = SOUND.as_bytes().to_vec();
        damage_bytes(&mut bytes, &mut numbers);
        let answer = assert_answered(&bytes);
        seen.iter_mut().zip(answer).for_each(|(seen, one)| *seen += one);
    }
    assert_seen(seen, [200, 2_000, 2_000]);
}

#[test]
fn exchanged_values_are_answered() {
    let mut numbers = Numbers(0x5eed_0000_5717_1095);
    let mut seen = [0; 3];
    for _ in 0..ROUNDS {
        let answer = assert_answered(damage_strings(SOUND, &mut numbers).as_bytes());
        seen.iter_mut().zip(answer).for_each(|(seen, one)| *seen += one);
    }
    assert_seen(seen, [200, 5_000, 100]);
}
