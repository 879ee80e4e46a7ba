use callsign_destination::Number;
use callsign_sticky::{Recipient, RecipientHash, RecipientKey};

fn number(text: &str) -> Number {
    Number::parse_e164(text).unwrap()
}

#[test]
fn a_hash_needs_the_key_and_is_the_same_in_every_process() {
    let (one, other) = (RecipientKey::new([1; 32]), RecipientKey::new([2; 32]));
    let hash = one.hash(number("+14155550123"));
    assert_eq!(hash, one.hash(number("+14155550123")));
    assert_ne!(hash, one.hash(number("+14155550124")));
    assert_ne!(hash, other.hash(number("+14155550123")));
    assert_ne!(one.fingerprint(), other.fingerprint());
    // Kept in stores, hence never to change.
    assert_eq!(hash.to_string(), "f1e85ce4eaadf0f622e9c605fb5188bb");
    assert_eq!(one.fingerprint(), "174f8e0a7dec6a3b");
}

#[test]
fn recipients_come_back_from_their_bytes_and_their_text() {
    let plain = Recipient::Number(number("+14155550123"));
    let hashed = plain.under(Some(&RecipientKey::new([7; 32])));
    for recipient in [plain, hashed, Recipient::Number(number("+999999999999999"))] {
        assert_eq!(Recipient::from_bytes(recipient.to_bytes()), Some(recipient));
    }
    assert_eq!(plain.under(None), plain);
    assert_eq!(hashed.under(Some(&RecipientKey::new([8; 32]))), hashed);
    let Recipient::Hash(hash) = hashed else { panic!("{hashed:?}") };
    assert_eq!(hash.to_string().parse(), Ok(hash));
    for wrong in ["", "12", &"0".repeat(32), &"g".repeat(32), &"f".repeat(33)] {
        assert!(wrong.parse::<RecipientHash>().is_err(), "{wrong}");
    }
    assert_eq!(Recipient::from_bytes([0; 16]), None);
}

#[test]
fn a_key_is_64_hexadecimal_digits_and_is_never_printed() {
    let key = RecipientKey::random().unwrap();
    assert_ne!(key, RecipientKey::random().unwrap());
    assert_eq!(format!(" {}\n", key.expose()).parse(), Ok(key.clone()));
    assert!(!format!("{key:?}").contains(&key.expose()[..8]));
    for wrong in ["", "00", &"z".repeat(64), &"0".repeat(63)] {
        assert!(wrong.parse::<RecipientKey>().is_err(), "{wrong}");
    }
}
