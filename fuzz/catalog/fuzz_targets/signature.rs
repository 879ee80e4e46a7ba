//! Any text as a signature, as a public key and as a file of keys: it is refused in words of a bounded length, or it reads back the
//! same; and no signature that the fuzzer finds counts.

#![no_main]

use std::sync::LazyLock;

use callsign_signature::{Keyring, ModuleKey, PublicKey, Signature, Statement, read_keys};
use libfuzzer_sys::fuzz_target;

/// The key of `host/signature/tests/tool`, whose secret is known to nobody who guesses bytes.
const PUBLIC: &str = "RWT8dvK1lw+VzguyZ6sokWzZo+HhVSAeSaYr2bqOy4WN37qzaQmLkCtF";

/// A statement that this key has not signed.
static STATEMENT: LazyLock<Statement> =
    LazyLock::new(|| Statement::new("acme", "9.9.9", &"0".repeat(64)).unwrap_or_else(|error| panic!("{error}")));

static KEYS: LazyLock<Keyring> = LazyLock::new(|| {
    let public = PublicKey::parse(PUBLIC).unwrap_or_else(|error| panic!("{error}"));
    let key = ModuleKey::new("tool", public, None, (None, None)).unwrap_or_else(|error| panic!("{error}"));
    let mut keys = Keyring::default();
    keys.put(key);
    keys
});

/// What is refused is told in few words, whatever the input.
const MOST_WORDS: usize = 2_000;

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    match Signature::parse(&text) {
        Ok(signature) => {
            assert_eq!(Signature::parse(signature.text()).as_ref(), Ok(&signature));
            assert!(KEYS.accept(&STATEMENT, None, &[signature], 0).is_err(), "a forgery");
        }
        Err(error) => assert!((1..MOST_WORDS).contains(&error.to_string().len()), "{error}"),
    }
    match PublicKey::parse(&text) {
        Ok(key) => assert_eq!(PublicKey::parse(key.as_str()), Ok(key)),
        Err(error) => assert!((1..MOST_WORDS).contains(&error.to_string().len()), "{error}"),
    }
    match read_keys(&text) {
        Ok(keys) => assert!(!keys.is_empty() && keys.iter().all(|key| !key.name.is_empty())),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
