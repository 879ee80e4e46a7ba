//! Any bytes as a reference, as a place, and as a manifest with its config: they are refused in words, or they are within their
//! bounds and are written as they were read.

#![no_main]

use callsign_catalog::text::is_hidden;
use callsign_registry::{
    Described, Digest, MANIFEST, MOST_SIGNATURE, MOST_SIGNATURES, Manifest, Place, Reference, Repository, tag_of,
    version_of,
};
use libfuzzer_sys::fuzz_target;

/// The most bytes of a component here.
const MOST: u64 = 1 << 20;

/// Whether a text shows as what it is.
fn is_harmless(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|character| character.is_control() || is_hidden(character))
}

/// What is in an address, and means there only itself.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_/:@[]".contains(&byte)) && !text.contains("..")
}

fn reference(text: &str) {
    match text.parse::<Reference>() {
        Ok(reference) => {
            assert_eq!(reference.to_string(), text);
            assert!(text.len() <= 640 && is_plain(reference.repository().as_str()), "{text}");
            let repository = reference.repository();
            assert_eq!(format!("{}/{}", repository.registry(), repository.path()).parse().as_ref(), Ok(repository));
            assert!(!repository.path().starts_with('/') && !repository.registry().contains(['/', '@']), "{text}");
            let place: Place = repository.registry().parse().expect("a registry is a place");
            assert!(place.has(repository, None));
            if let Some(version) = reference.tag().and_then(version_of) {
                assert_eq!(version_of(&tag_of(&version)), Some(version));
            }
        }
        Err(error) => assert!(is_harmless(&error.to_string()), "{error}"),
    }
    match text.parse::<Repository>() {
        Ok(repository) => assert!(repository.as_str() == text && text.parse::<Reference>().is_err()),
        Err(error) => assert!(is_harmless(&error.to_string()), "{error}"),
    }
    match text.parse::<Place>() {
        Ok(place) => assert_eq!(place.to_string(), text),
        Err(error) => assert!(is_harmless(&error.to_string()), "{error}"),
    }
}

fn manifest(bytes: &[u8]) {
    match Manifest::parse(Some(MANIFEST), bytes, MOST) {
        Ok(manifest) => {
            assert!((1..=MOST).contains(&manifest.layer.size));
            assert!(manifest.signatures.len() <= MOST_SIGNATURES);
            assert!(manifest.signatures.iter().all(|text| (1..=MOST_SIGNATURE).contains(&text.len())));
            let component = b"component";
            let (own, config) =
                Manifest::write(component, &Described::default(), &manifest.signatures).expect("within bounds");
            let read = Manifest::parse(Some(MANIFEST), &own, MOST).expect("what is written is read");
            assert_eq!((read.layer.digest, &read.signatures), (Digest::of(component), &manifest.signatures));
            read.check_config(&config).expect("its own config");
            // Whatever the bytes are as a config.
            let _ = manifest.check_config(bytes);
        }
        Err(error) => assert!(is_harmless(&error.to_string()), "{error}"),
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        reference(text);
    }
    manifest(bytes);
});
