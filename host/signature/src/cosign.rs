//! Keys and bundles of `cosign`: ECDSA on the curve P-256 over SHA-256, with a key of one's own.
//!
//! Why not the crate `sigstore-verify`: it wants a root of trust and brings a client of transparency logs, certificates and a second
//! library of cryptography, some forty crates. Of a bundle that a key has signed two fields matter. `ring` verifies them, which
//! TLS brings already.
//!
//! The form of a bundle is that of `sigstore_bundle.proto`, version 0.3, in JSON: what `cosign sign-blob --bundle` writes. Entries of
//! transparency logs and timestamps in it are not looked at: when a key counts, the keyring says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::key::KeyError;
use crate::key_id::KeyId;
use crate::signature::SignatureError;

/// What every version of the form begins with in `mediaType`. Version 0.1 and 0.2 have the same fields for keys.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle";

/// What comes before the point in the DER of a key: ECDSA, P-256, a string of 66 bytes, an uncompressed point (RFC 5480).
const BEFORE_POINT: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The bytes of an uncompressed point.
const POINT: usize = 65;

/// The most bytes of an ECDSA signature in ASN.1, twice 33 and what names them.
const MAX_ECDSA: usize = 72;

const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EcdsaKey {
    point: [u8; POINT],
}

impl EcdsaKey {
    /// Whether a text is meant to be one of these keys, or a secret one.
    pub(crate) fn is_meant(text: &str) -> bool {
        text.starts_with("-----BEGIN ") || text.starts_with("MFkw")
    }

    /// Reads a key: PEM, as `cosign generate-key-pair` writes it, or its Base64 in one line. Returns its id and that line, too.
    pub(crate) fn parse(text: &str) -> Result<(KeyId, String, Self), KeyError> {
        let cosign = |reason| KeyError::Cosign { reason };
        if text.lines().next().is_some_and(|line| line.contains("PRIVATE KEY")) {
            return Err(KeyError::Secret);
        }
        let line: String = match text.strip_prefix(PEM_BEGIN) {
            Some(rest) => {
                let inside = rest.trim_end().strip_suffix(PEM_END).ok_or(cosign("its PEM has no end"))?;
                inside.lines().map(str::trim).collect()
            }
            None => text.trim_end().to_owned(),
        };
        let der = STANDARD.decode(&line).map_err(|_| cosign("it is not Base64 in PEM"))?;
        let point = der.strip_prefix(&BEFORE_POINT).ok_or(cosign("it is not an ECDSA key on the curve P-256"))?;
        let point: [u8; POINT] = point.try_into().map_err(|_| cosign("its point does not have 65 bytes"))?;
        if point[0] != 4 {
            return Err(cosign("its point is compressed"));
        }
        let id = id_of(digest(&SHA256, &der).as_ref()).ok_or(cosign("it has no id"))?;
        Ok((id, line, Self { point }))
    }

    /// Whether a bundle is of this key and of a text.
    pub(crate) fn has_signed(&self, text: &[u8], bundle: &Bundle) -> bool {
        bundle.digest == digest(&SHA256, text).as_ref()
            && UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.point).verify(text, &bundle.signature).is_ok()
    }
}

/// The id of the key with a digest: its first 8 bytes, in the order in which people read them.
fn id_of(digest: &[u8]) -> Option<KeyId> {
    let mut id = *digest.first_chunk::<8>()?;
    id.reverse();
    Some(KeyId::of(id))
}

/// A bundle that a key has signed.
#[derive(Debug, Clone)]
pub(crate) struct Bundle {
    digest: Vec<u8>,
    signature: Vec<u8>,
}

/// What is kept of the JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    media_type: String,
    verification_material: VerificationMaterial,
    message_signature: Option<MessageSignature>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerificationMaterial {
    public_key: Option<PublicKeyIdentifier>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PublicKeyIdentifier {
    #[serde(default)]
    hint: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageSignature {
    message_digest: MessageDigest,
    signature: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct MessageDigest {
    algorithm: String,
    digest: String,
}

impl Bundle {
    /// Reads a bundle. Returns the id of its key, and what is kept of its text, too.
    pub(crate) fn parse(text: &str) -> Result<(KeyId, String, Self), SignatureError> {
        let form = |reason| SignatureError::Bundle { reason };
        let json: Json = serde_json::from_str(text).map_err(|_| form("it is not JSON with the fields of a bundle"))?;
        if !json.media_type.starts_with(MEDIA_TYPE) {
            return Err(form("its `mediaType` is not that of a bundle"));
        }
        let key = json.verification_material.public_key.as_ref();
        let key = key.ok_or(form("it is signed with a certificate, and not with a key: give cosign --key"))?;
        let hint = STANDARD.decode(&key.hint).ok().filter(|hint| hint.len() == SHA256.output_len());
        let hint = hint.ok_or(form("its `hint` is not the SHA-256 of a key"))?;
        let key_id = id_of(&hint).ok_or(form("its `hint` is not the SHA-256 of a key"))?;
        let message = json.message_signature.as_ref();
        let message = message.ok_or(form("it has no `messageSignature`: sign with `cosign sign-blob`"))?;
        if message.message_digest.algorithm != "SHA2_256" {
            return Err(form("its digest is not a SHA2_256"));
        }
        let digest = STANDARD.decode(&message.message_digest.digest).ok().filter(|it| it.len() == SHA256.output_len());
        let digest = digest.ok_or(form("its `digest` is not a SHA-256 in Base64"))?;
        let signature = STANDARD.decode(&message.signature).ok().filter(|it| (1..=MAX_ECDSA).contains(&it.len()));
        let signature = signature.ok_or(form("its `signature` is not one of ECDSA on P-256 in Base64"))?;
        let kept = Json { media_type: "application/vnd.dev.sigstore.bundle.v0.3+json".into(), ..json };
        let kept = serde_json::to_string(&kept).map_err(|_| form("it cannot be written"))?;
        Ok((key_id, kept, Self { digest, signature }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::{Value, json};

    use super::*;
    use crate::{Keyring, ModuleKey, PublicKey, Signature, Statement};

    fn statement(name: &str) -> Statement {
        Statement::new(name, "1.2.0", &"5".repeat(64)).unwrap()
    }

    fn pair() -> (EcdsaKeyPair, String) {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
        let line = STANDARD.encode([&BEFORE_POINT[..], pair.public_key().as_ref()].concat());
        let (first, rest) = line.split_at(64);
        let pem = format!("{PEM_BEGIN}\n{first}\n{rest}\n{PEM_END}\n");
        (pair, pem)
    }

    /// What `cosign sign-blob` writes, but for the entry of a log.
    fn bundle(pair: &EcdsaKeyPair, text: &[u8]) -> Value {
        let der = [&BEFORE_POINT[..], pair.public_key().as_ref()].concat();
        let signature = pair.sign(&SystemRandom::new(), text).unwrap();
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {"hint": STANDARD.encode(digest(&SHA256, &der))}, "tlogEntries": []},
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest(&SHA256, text))},
                "signature": STANDARD.encode(signature),
            },
        })
    }

    #[test]
    fn a_bundle_counts_for_the_statement_and_the_key_that_it_was_made_with() {
        let (signer, pem) = pair();
        let key = PublicKey::parse(&pem).unwrap();
        assert_eq!(PublicKey::parse(key.as_str()).unwrap(), key, "one line is the same key");
        let text = statement("acme").to_string();
        let signature = Signature::parse(&bundle(&signer, text.as_bytes()).to_string()).unwrap();
        assert_eq!((signature.key_id(), signature.comment()), (key.id(), ""));
        assert_eq!(Signature::parse(signature.text()).unwrap(), signature, "what is kept is a bundle");
        let mut keys = Keyring::default();
        keys.add(ModuleKey::new("cosign", key.clone(), None, (None, None)).unwrap()).unwrap();
        assert_eq!(keys.accept(&statement("acme"), None, std::slice::from_ref(&signature), 0), Ok(vec![key.id()]));
        let refused = keys.accept(&statement("other"), None, &[signature], 0).unwrap_err();
        assert!(refused.to_string().contains("is not of this key over these bytes"), "{refused}");

        let (_, other) = pair();
        assert!(
            !PublicKey::parse(&other).unwrap().has_signed(
                &statement("acme"),
                &Signature::parse(&bundle(&signer, text.as_bytes()).to_string()).unwrap()
            )
        );
    }

    #[test]
    fn a_bundle_with_another_digest_or_a_changed_signature_is_wrong() {
        let (signer, pem) = pair();
        let key = PublicKey::parse(&pem).unwrap();
        let text = statement("acme").to_string();
        let good = bundle(&signer, text.as_bytes());
        let mut other = good.clone();
        other["messageSignature"]["messageDigest"]["digest"] = STANDARD.encode([7; 32]).into();
        let mut changed = good.clone();
        let mut bytes = STANDARD.decode(changed["messageSignature"]["signature"].as_str().unwrap()).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        changed["messageSignature"]["signature"] = STANDARD.encode(bytes).into();
        for wrong in [other, changed] {
            assert!(!key.has_signed(&statement("acme"), &Signature::parse(&wrong.to_string()).unwrap()), "{wrong}");
        }
        assert!(key.has_signed(&statement("acme"), &Signature::parse(&good.to_string()).unwrap()));
    }

    #[test]
    fn what_is_no_bundle_of_a_key_is_refused_with_what_is_wrong() {
        let (signer, _) = pair();
        let good = bundle(&signer, b"x");
        let with = |path: &str, value: Value| {
            let mut wrong = good.clone();
            *wrong.pointer_mut(path).unwrap() = value;
            wrong.to_string()
        };
        for (wrong, reason) in [
            ("{}".to_owned(), "not JSON with the fields"),
            (with("/mediaType", json!("application/json")), "`mediaType`"),
            (with("/verificationMaterial/publicKey", Value::Null), "with a certificate"),
            (with("/verificationMaterial/publicKey/hint", json!("")), "`hint`"),
            (with("/messageSignature", Value::Null), "no `messageSignature`"),
            (with("/messageSignature/messageDigest/algorithm", json!("SHA2_512")), "not a SHA2_256"),
            (with("/messageSignature/messageDigest/digest", json!("AAAA")), "`digest`"),
            (with("/messageSignature/signature", json!("A".repeat(200))), "`signature`"),
            (format!("{good}{}", " ".repeat(crate::MAX_BUNDLE_BYTES)), "may have 16384"),
        ] {
            let refused = Signature::parse(&wrong).unwrap_err();
            assert!(refused.to_string().contains(reason), "{refused}: {wrong}");
        }
    }

    #[test]
    fn what_is_no_key_of_cosign_is_refused_with_what_is_wrong() {
        let (_, pem) = pair();
        for (wrong, reason) in [
            (pem.replace(PEM_END, ""), "its PEM has no end"),
            (format!("{PEM_BEGIN}\n???\n{PEM_END}"), "not Base64"),
            (format!("{PEM_BEGIN}\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n{PEM_END}"), "P-256"),
            ("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nx".to_owned(), "it is a secret key"),
        ] {
            let refused = PublicKey::parse(&wrong).unwrap_err();
            assert!(refused.to_string().contains(reason), "{refused}: {wrong}");
        }
    }
}
