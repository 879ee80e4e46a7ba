//! Signatures and keys that must not count, each with what is said of it; and those that must.
#![allow(clippy::unwrap_used, reason = "tests")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callsign_private::Secret;
use callsign_signature::{
    Fault, KeyError, KeyFileError, Keyring, KeyringError, MAX_KEY_FILE_BYTES, MAX_KEYS, MAX_SIGNATURE_BYTES,
    MAX_SIGNATURES, ModuleKey, NotTrusted, PublicKey, SecretKey, SignError, Signature, SignatureError, Statement,
    merge, read_keys,
};

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const NOW: u64 = 1_800_000_000_000;

fn statement() -> Statement {
    Statement::new("acme", "1.2.0", DIGEST).unwrap()
}

fn key(secret: &SecretKey, application: Option<&str>) -> ModuleKey {
    ModuleKey::new("a test", secret.public_key().clone(), application.map(str::to_owned), (None, None)).unwrap()
}

fn ring(keys: impl IntoIterator<Item = ModuleKey>) -> Keyring {
    let mut ring = Keyring::default();
    keys.into_iter().for_each(|key| ring.add(key).unwrap());
    ring
}

fn fault(result: Result<impl std::fmt::Debug, NotTrusted>) -> Fault {
    match result.unwrap_err() {
        NotTrusted::Refused { label, fault } => {
            assert_eq!(label, "acme@1.2.0");
            fault
        }
        other => panic!("{other}"),
    }
}

/// A signature with some bytes of its second line changed.
fn with_bytes(signature: &Signature, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let lines: Vec<&str> = signature.text().lines().collect();
    let mut bytes = STANDARD.decode(lines[1]).unwrap();
    change(&mut bytes);
    [lines[0], &STANDARD.encode(bytes), lines[2], lines[3], ""].join("\n")
}

/// A public key with the id of another one.
fn with_id_of(key: &PublicKey, other: &PublicKey) -> PublicKey {
    let [mut bytes, id] = [key, other].map(|key| STANDARD.decode(key.as_str()).unwrap());
    bytes[2..10].copy_from_slice(&id[2..10]);
    PublicKey::parse(&STANDARD.encode(bytes)).unwrap()
}

#[test]
fn what_the_tool_minisign_made_is_verified() {
    let public = PublicKey::parse(include_str!("tool/tool.pub")).unwrap();
    assert_eq!(
        (public.id().to_string(), statement().to_string()),
        ("CE950F97B5F276FC".into(), include_str!("tool/statement").into())
    );
    let signature = Signature::parse(include_str!("tool/statement.minisig")).unwrap();
    assert_eq!((signature.key_id(), signature.comment()), (public.id(), "acme 1.2.0, of a test"));
    let ring = ring([ModuleKey::new("tool", public.clone(), None, (None, None)).unwrap()]);
    assert_eq!(ring.accept(&statement(), Some("shop"), &[signature], NOW), Ok(vec![public.id()]));
    let legacy = Signature::parse(include_str!("tool/legacy.minisig"));
    assert_eq!(legacy.unwrap_err(), SignatureError::Legacy);
}

#[test]
fn a_signature_counts_for_its_statement_and_for_no_other() {
    let secret = SecretKey::generate().unwrap();
    let ring = ring([key(&secret, None)]);
    let signature = secret.sign(&statement(), "for a test").unwrap();
    let id = secret.public_key().id();
    assert_eq!(ring.accept(&statement(), None, std::slice::from_ref(&signature), NOW), Ok(vec![id]));
    for (what, other) in [
        ("other bytes", Statement::new("acme", "1.2.0", &"0".repeat(64))),
        ("another name", Statement::new("acme2", "1.2.0", DIGEST)),
        ("another version", Statement::new("acme", "1.2.1", DIGEST)),
        ("another build", Statement::new("acme", "1.2.0+b", DIGEST)),
    ] {
        let other = other.unwrap();
        let refused = ring.check(&other, None, &signature, NOW).unwrap_err();
        assert_eq!(refused, Fault::Wrong { id }, "{what}");
        assert!(ring.trust(&other, None, std::slice::from_ref(&signature), NOW).is_err(), "{what}");
    }
}

#[test]
fn a_signature_that_was_changed_does_not_count() {
    let secret = SecretKey::generate().unwrap();
    let ring = ring([key(&secret, None)]);
    let signature = secret.sign(&statement(), "of the release build").unwrap();
    let id = secret.public_key().id();
    let comment = signature.text().replace("of the release build", "of somebody");
    let bit = with_bytes(&signature, |bytes| bytes[40] ^= 1);
    let other = secret.sign(&statement(), "of the release build").unwrap();
    let lines = |signature: &Signature| signature.text().lines().map(str::to_owned).collect::<Vec<_>>();
    let (one, two) = (lines(&signature), lines(&secret.sign(&statement(), "another").unwrap()));
    let spliced = [&*one[0], &one[1], &two[2], &two[3]].join("\n");
    for (what, text) in [("the trusted comment", comment), ("a bit", bit), ("the comment of another", spliced)] {
        let changed = Signature::parse(&text).unwrap();
        assert_eq!(fault(ring.accept(&statement(), None, &[changed], NOW)), Fault::Wrong { id }, "{what}");
    }
    // Nothing protects the first line, and nothing depends on it.
    let untrusted = signature.text().replace("signature of acme@1.2.0", "something else");
    assert!(ring.accept(&statement(), None, &[Signature::parse(&untrusted).unwrap(), other], NOW).is_ok());
}

#[test]
fn a_key_with_the_same_id_and_other_bytes_does_not_count() {
    let (right, wrong) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let id = right.public_key().id();
    // The attacker's signature says that it is of the right key.
    let text = STANDARD.decode(right.public_key().as_str()).unwrap();
    let forged = with_bytes(&wrong.sign(&statement(), "").unwrap(), |bytes| bytes[2..10].copy_from_slice(&text[2..10]));
    let forged = Signature::parse(&forged).unwrap();
    assert_eq!(forged.key_id(), id);
    let mut ring = ring([key(&right, None)]);
    assert_eq!(fault(ring.accept(&statement(), None, &[forged], NOW)), Fault::Wrong { id });
    // Nor does a second key come into the ring with the id of the first one.
    let twin = with_id_of(wrong.public_key(), right.public_key());
    let twin = ModuleKey::new("twin", twin, Some("shop".into()), (None, None)).unwrap();
    assert_eq!(ring.add(twin), Err(KeyringError::Taken { id }));
    assert_eq!(ring.add(key(&right, None)), Ok(()), "the same key again");
    assert_eq!(ring.len(), 1);
}

#[test]
fn a_key_counts_for_its_owner_in_its_time_and_until_it_is_revoked() {
    let secret = SecretKey::generate().unwrap();
    let signature = secret.sign(&statement(), "").unwrap();
    let id = secret.public_key().id();
    let check = |key: ModuleKey, owner: Option<&str>| {
        let ring = ring([key]);
        ring.check(&statement(), owner, &signature, NOW).map(drop)
    };
    let of = |application: Option<&str>| key(&secret, application);
    assert_eq!(check(of(None), Some("shop")), Ok(()), "a key of the platform is for every module");
    assert_eq!(check(of(Some("shop")), Some("shop")), Ok(()));
    for owner in [None, Some("care"), Some("shop2"), Some("Shop"), Some("")] {
        assert_eq!(check(of(Some("shop")), owner), Err(Fault::OtherOwner { id }), "{owner:?}");
    }
    let mut expired = of(None);
    expired.valid_until = Some(NOW);
    assert!(matches!(check(expired.clone(), None), Err(Fault::Expired { .. })));
    expired.valid_until = Some(NOW + 1);
    assert_eq!(check(expired, None), Ok(()));
    let mut early = of(None);
    early.valid_from = Some(NOW + 1);
    assert!(matches!(check(early.clone(), None), Err(Fault::NotYetValid { .. })));
    early.valid_from = Some(NOW);
    assert_eq!(check(early, None), Ok(()));
    let mut revoked = of(None);
    revoked.revoked_at = Some(NOW + 1);
    assert!(matches!(check(revoked, None), Err(Fault::Revoked { .. })), "revoked is revoked, whatever the clock says");
    let other = SecretKey::generate().unwrap();
    assert_eq!(check(key(&other, None), None), Err(Fault::UnknownKey { id }));
    assert_eq!(Keyring::default().check(&statement(), None, &signature, NOW).map(drop), Err(Fault::UnknownKey { id }));
}

#[test]
fn of_two_signatures_none_may_be_bad() {
    let (one, two) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let [first, second] = [&one, &two].map(|secret| secret.sign(&statement(), "").unwrap());
    let elsewhere = Statement::new("acme", "1.0.0", DIGEST).unwrap();
    let wrong = two.sign(&elsewhere, "").unwrap();
    let both = ring([key(&one, None), key(&two, None)]);
    let ids = vec![one.public_key().id(), two.public_key().id()];
    assert_eq!(both.accept(&statement(), None, &[first.clone(), second.clone()], NOW), Ok(ids));
    for bad in [[first.clone(), wrong.clone()], [wrong, first.clone()]] {
        assert!(both.accept(&statement(), None, &bad, NOW).is_err());
        assert!(both.trust(&statement(), None, &bad, NOW).is_err(), "nor when it runs already");
    }
    // A key that is not known makes a new module bad. One that ran already needs a signature that counts, so keys can be changed.
    let known = ring([key(&one, None)]);
    let pair = [second, first];
    assert!(matches!(fault(known.accept(&statement(), None, &pair, NOW)), Fault::UnknownKey { .. }));
    assert_eq!(known.trust(&statement(), None, &pair, NOW), Ok(vec![one.public_key().id()]));
    let mut revoked = key(&one, None);
    revoked.revoked_at = Some(NOW);
    assert!(ring([revoked]).trust(&statement(), None, &pair, NOW).is_err(), "one revoked, one unknown");
}

#[test]
fn a_module_without_signatures_is_refused_whatever_else_is_missing() {
    let secret = SecretKey::generate().unwrap();
    for ring in [Keyring::default(), ring([key(&secret, None)])] {
        for refused in [ring.accept(&statement(), None, &[], NOW), ring.trust(&statement(), None, &[], NOW)] {
            assert_eq!(refused, Err(NotTrusted::Unsigned { label: "acme@1.2.0".into() }));
        }
    }
}

#[test]
fn what_is_no_signature_is_refused_with_the_reason() {
    let secret = SecretKey::generate().unwrap();
    let signature = secret.sign(&statement(), "of a test").unwrap();
    let text = signature.text();
    let cut = text.trim_end().len() - 1;
    let long = format!("{text}{}", "x".repeat(10 << 20));
    for (what, text, reason) in [
        ("empty", String::new(), "empty"),
        ("white space", "\n\n \n\n".into(), "empty"),
        ("10 MB", long, "may have 4096"),
        ("truncated in its last line", text[..cut].into(), "64 bytes"),
        ("truncated after its first line", text.lines().next().unwrap().into(), "four lines"),
        ("with a line more", format!("{text}trusted comment: x\n"), "four lines"),
        ("a public key", include_str!("tool/tool.pub").into(), "four lines"),
        ("without a trusted comment", text.replace("trusted comment: of", "a comment: of"), "comment"),
        ("with a short signature", with_bytes(&signature, |bytes| bytes.truncate(73)), "74 bytes"),
        ("of another algorithm", with_bytes(&signature, |bytes| bytes[1] = b'X'), "algorithm"),
        ("of the old form", with_bytes(&signature, |bytes| bytes[1] = b'd'), "old form"),
        ("not Base64", text.replace("\nRU", "\n!!"), "Base64"),
        ("with a comment that hides", text.replace("of a test", "of\u{202e} a test"), "control or format"),
        ("with an escape of terminals", text.replace("of a test", "\u{1b}[2J"), "control or format"),
    ] {
        let refused = Signature::parse(&text).map(drop).unwrap_err().to_string();
        assert!(refused.contains(reason), "{what}: {refused}");
        assert!(refused.len() < 300, "{what}: {} bytes", refused.len());
    }
    assert_eq!(
        Signature::parse(&"x".repeat(MAX_SIGNATURE_BYTES + 1)).map(drop).unwrap_err(),
        SignatureError::TooLong { bytes: 4_097, most: 4_096 }
    );
    let windows = text.replace('\n', "\r\n");
    let windows = Signature::parse(&windows).unwrap();
    assert!(
        ring([key(&secret, None)]).accept(&statement(), None, &[windows], NOW).is_ok(),
        "with line ends of Windows"
    );
}

#[test]
fn a_module_has_at_most_eight_signatures_and_one_of_each_key() {
    let secrets: Vec<SecretKey> = (0..=MAX_SIGNATURES).map(|_| SecretKey::generate().unwrap()).collect();
    let made: Vec<Signature> = secrets.iter().map(|secret| secret.sign(&statement(), "").unwrap()).collect();
    let texts: Vec<&str> = made.iter().map(Signature::text).collect();
    assert_eq!(Signature::parse_all(&texts[..8]).unwrap().len(), 8);
    assert_eq!(Signature::parse_all(&texts).unwrap_err(), SignatureError::TooMany { found: 9 });
    assert_eq!(merge(&made[..8], &made[8..]).unwrap_err(), SignatureError::TooMany { found: 9 });
    let again = secrets[3].sign(&statement(), "again").unwrap();
    let merged = merge(&made[..8], std::slice::from_ref(&again)).unwrap();
    assert_eq!((merged.len(), merged[3].comment()), (8, "again"));
}

#[test]
fn what_is_no_public_key_is_refused_with_the_reason() {
    let secret = SecretKey::generate().unwrap();
    let text = secret.to_text().unwrap();
    assert_eq!(PublicKey::parse(text.expose()), Err(KeyError::Secret));
    let public = secret.public_key().as_str();
    let bytes = STANDARD.decode(public).unwrap();
    let mut other = bytes.clone();
    other[0] = b'X';
    for (text, reason) in [
        ("", "empty"),
        ("RWQ", "Base64"),
        (&public[..40], "42 bytes"),
        (&STANDARD.encode(other), "algorithm"),
        (&format!("{public}\n{public}"), "other lines"),
        (&"A".repeat(1_025), "1024 bytes"),
    ] {
        let refused = PublicKey::parse(text).unwrap_err().to_string();
        assert!(refused.contains(reason), "{text}: {refused}");
    }
    for text in [public.to_owned(), format!("untrusted comment: x\n{public}\n"), format!("{public}\r\n")] {
        assert_eq!(PublicKey::parse(&text).as_ref(), Ok(secret.public_key()));
    }
    for name in ["", "a\nb", "a\u{202e}", &"x".repeat(256)] {
        let refused = ModuleKey::new(name, secret.public_key().clone(), None, (None, None));
        assert_eq!(refused, Err(KeyError::Name), "{name:?}");
    }
    let refused = ModuleKey::new("a", secret.public_key().clone(), None, (Some(2), Some(2)));
    assert!(matches!(refused, Err(KeyError::Validity { .. })));
}

fn entry(name: &str, public: &PublicKey, more: &str) -> String {
    format!("[[key]]\nname = \"{name}\"\npublic_key = \"{}\"\n{more}\n", public.as_str())
}

#[test]
fn a_key_file_has_keys_and_nothing_else() {
    let (one, two) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let (one, two) = (one.public_key(), two.public_key());
    let more = "application = \"shop\"\nvalid_from = \"2026-01-01T00:00:00Z\"\nrevoked = \"2026-07-01T02:00:00+02:00\"";
    let keys = read_keys(&(entry("one", one, "") + &entry("two", two, more))).unwrap();
    let read = keys.get(two.id()).unwrap();
    assert_eq!((&*read.name, read.application_id.as_deref()), ("two", Some("shop")));
    assert_eq!(
        (read.valid_from, read.valid_until, read.revoked_at),
        (Some(1_767_225_600_000), None, Some(1_782_864_000_000))
    );

    for text in ["", "\n# nothing\n", "key = []"] {
        assert_eq!(read_keys(text), Err(KeyFileError::Empty), "{text:?}");
    }
    let twin = with_id_of(two, one);
    for (text, reason) in [
        (entry("one", one, "") + &entry("twin", &twin, ""), "another key has the id"),
        (entry("one", one, "") + &entry("again", one, ""), "another key has the id"),
        (entry("one", one, "aplication = \"shop\""), "line 4: unknown field"),
        (entry("one", one, "valid_until = \"tomorrow\""), "tomorrow"),
        (entry("one", one, "valid_until = \"1969-01-01T00:00:00Z\""), "1969"),
        (entry("", one, ""), "the key 1: the name"),
        ("[[keys]]\nname = \"x\"".into(), "line 1: unknown field `keys`"),
        ("[[key]]\nname = \"x\"".into(), "public_key"),
        ("[[key]]\nname = \"x\"\npublic_key = \"x\"".into(), "the key 1: it is not a public key"),
        ("x".repeat(MAX_KEY_FILE_BYTES + 1), "may have 1048576"),
    ] {
        let refused = read_keys(&text).unwrap_err().to_string();
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
    // The file of a secret key, given by mistake, is not repeated.
    let secret = SecretKey::generate().unwrap().to_text().unwrap();
    let refused = read_keys(secret.expose()).unwrap_err().to_string();
    let line = secret.expose().lines().nth(1).unwrap();
    assert!(!refused.contains(&line[..20]), "{refused}");
}

#[test]
fn a_platform_has_at_most_a_thousand_keys() {
    let secret = SecretKey::generate().unwrap();
    let bytes = STANDARD.decode(secret.public_key().as_str()).unwrap();
    let numbered = |number: u64| {
        let mut bytes = bytes.clone();
        bytes[2..10].copy_from_slice(&number.to_le_bytes());
        let public = PublicKey::parse(&STANDARD.encode(bytes)).unwrap();
        ModuleKey::new("a test", public, None, (None, None)).unwrap()
    };
    let mut full = ring((0..MAX_KEYS as u64).map(numbered));
    assert_eq!(full.add(numbered(MAX_KEYS as u64)), Err(KeyringError::Full));
    assert_eq!(full.add(numbered(7)), Ok(()), "one that is there");
}

#[test]
fn a_secret_key_is_read_with_its_password_and_never_printed() {
    let secret = SecretKey::generate().unwrap();
    let text = secret.to_text().unwrap();
    let again = SecretKey::parse(text.expose(), None).unwrap();
    assert_eq!(again.public_key(), secret.public_key());
    let printed = format!("{secret:?} {text:?}");
    assert!(!printed.contains(text.expose().lines().nth(1).unwrap()), "{printed}");
    assert!(matches!(SecretKey::parse("hello", None), Err(SignError::NotSecret)));
    assert!(matches!(SecretKey::parse(include_str!("tool/tool.pub"), None), Err(SignError::NotSecret)));
    let protected = include_str!("tool/protected.key");
    assert!(matches!(SecretKey::parse(protected, None), Err(SignError::NeedsPassword)));
    let tool = PublicKey::parse(include_str!("tool/tool.pub")).unwrap();
    let unprotected = SecretKey::parse(include_str!("tool/unprotected.key"), None).unwrap();
    assert_eq!(unprotected.public_key(), &tool);
    assert!(tool.has_signed(&statement(), &unprotected.sign(&statement(), "").unwrap()));
    let wrong = SecretKey::parse(protected, Some(&Secret::new("wrong")));
    assert!(matches!(wrong, Err(SignError::WrongPassword)));
    let right = SecretKey::parse(protected, Some(&Secret::new("of a test"))).unwrap();
    let signature = right.sign(&statement(), "with a password").unwrap();
    assert!(tool.has_signed(&statement(), &signature));
    assert!(matches!(secret.sign(&statement(), "a\nb"), Err(SignError::Comment)));
    assert!(matches!(secret.sign(&statement(), &"x".repeat(1_001)), Err(SignError::Comment)));
}
