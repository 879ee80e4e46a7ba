//! A signature, as `minisign` writes it, or as `cosign` does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callsign_catalog::escape;

use crate::key_id::KeyId;

/// The most bytes of a signature. One of `minisign` has about 300 and a comment.
pub const MAX_SIGNATURE_BYTES: usize = 4_096;

/// The most bytes of a bundle of cosign as it is read. One with an entry of a transparency log has about 4,000; what is kept of it is
/// no longer than [`MAX_SIGNATURE_BYTES`].
pub const MAX_BUNDLE_BYTES: usize = 16_384;

/// The most signatures of one module.
pub const MAX_SIGNATURES: usize = 8;

/// What the first two bytes of a signature say: Ed25519 over a BLAKE2b hash of the text.
const PREHASHED: &[u8; 2] = b"ED";

/// What they said in old versions: Ed25519 over the text itself.
const LEGACY: &[u8; 2] = b"Ed";

const UNTRUSTED: &str = "untrusted comment: ";

const TRUSTED: &str = "trusted comment: ";

/// A signature of `minisign` or, with the feature `cosign`, a bundle of `cosign sign-blob --key`, which is well-formed. Whether it is
/// right only a key can say.
///
/// One of minisign has four lines: a comment that nothing protects, the signature, a comment that the signature protects, and the signature of
/// both. Signatures of `minisign -l` (the form of before 2018, which is not over a hash) are refused.
#[derive(Clone)]
pub struct Signature {
    text: Box<str>,
    key_id: KeyId,
    decoded: Decoded,
}

#[derive(Clone)]
pub(crate) enum Decoded {
    Minisign(minisign_verify::Signature),
    #[cfg(feature = "cosign")]
    Cosign(crate::cosign::Bundle),
}

/// Why a text is no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// It is empty.
    #[error("the signature is empty")]
    Empty,
    /// It is too long.
    #[error("the signature has {bytes} bytes, and may have {most}")]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// It is not a file of `minisign`.
    #[error("the signature is not one of minisign: {reason}")]
    Form {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It is not a bundle of `cosign` that a key has signed.
    #[error("the signature is not a bundle of cosign with a key: {reason}")]
    Bundle {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It is of the form of before 2018.
    #[error("the signature is of minisign's old form, which is not taken: sign again without -l")]
    Legacy,
    /// There are too many.
    #[error("there are {found} signatures, and a module may have {MAX_SIGNATURES}")]
    TooMany {
        /// How many there are.
        found: usize,
    },
}

impl Signature {
    /// Reads the text of a signature: what is in the file that `minisign` or `cosign sign-blob --bundle` writes.
    ///
    /// # Errors
    /// It is not such a text.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let form = |reason| SignatureError::Form { reason };
        if text.trim().is_empty() {
            return Err(SignatureError::Empty);
        }
        let is_bundle = text.starts_with('{');
        let most = if is_bundle { MAX_BUNDLE_BYTES } else { MAX_SIGNATURE_BYTES };
        if text.len() > most {
            return Err(SignatureError::TooLong { bytes: text.len(), most });
        }
        if is_bundle {
            return Self::parse_bundle(text);
        }
        let lines: Vec<&str> = text.lines().collect();
        let [untrusted, signature, trusted, global] = lines[..] else {
            return Err(form("it does not have four lines"));
        };
        if !untrusted.starts_with(UNTRUSTED) || !trusted.starts_with(TRUSTED) {
            return Err(form("a line for a comment does not begin with `untrusted comment: ` or `trusted comment: `"));
        }
        // The comments are shown to people. minisign puts tabs into them.
        if lines.iter().any(|line| line.chars().any(|c| c != '\t' && escape::is_escaped(c))) {
            return Err(form("it has control or format characters"));
        }
        let bytes = STANDARD.decode(signature).map_err(|_| form("its second line is not Base64"))?;
        let (Some((algorithm, rest)), 74) = (bytes.split_first_chunk::<2>(), bytes.len()) else {
            return Err(form("its second line does not have 74 bytes"));
        };
        match algorithm {
            PREHASHED => {}
            LEGACY => return Err(SignatureError::Legacy),
            _ => return Err(form("its algorithm is not known")),
        }
        let id = rest.first_chunk::<8>().ok_or(form("its second line does not have 74 bytes"))?;
        if STANDARD.decode(global).map(|bytes| bytes.len()) != Ok(64) {
            return Err(form("its fourth line is not the Base64 of 64 bytes"));
        }
        let decoded = minisign_verify::Signature::decode(text).map_err(|_| form("it cannot be read"))?;
        Ok(Self { text: text.into(), key_id: KeyId::of(*id), decoded: Decoded::Minisign(decoded) })
    }

    #[cfg(feature = "cosign")]
    fn parse_bundle(text: &str) -> Result<Self, SignatureError> {
        let (key_id, text, bundle) = crate::cosign::Bundle::parse(text)?;
        Ok(Self { text: text.into(), key_id, decoded: Decoded::Cosign(bundle) })
    }

    #[cfg(not(feature = "cosign"))]
    fn parse_bundle(_: &str) -> Result<Self, SignatureError> {
        Err(SignatureError::Bundle { reason: "this program was built without the feature `cosign`" })
    }

    /// Reads the signatures of a module.
    ///
    /// # Errors
    /// One is not a signature, or there are more than [`MAX_SIGNATURES`].
    pub fn parse_all<T: AsRef<str>>(texts: &[T]) -> Result<Vec<Self>, SignatureError> {
        match texts.len() {
            found if found > MAX_SIGNATURES => Err(SignatureError::TooMany { found }),
            _ => texts.iter().map(|text| Self::parse(text.as_ref())).collect(),
        }
    }

    /// The text that it was read from; of a bundle, what counts of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The key that it says it is of.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// What its maker says of it, empty in a bundle of cosign. Nobody else can have changed it, if the signature is right.
    pub fn comment(&self) -> &str {
        match &self.decoded {
            Decoded::Minisign(signature) => signature.trusted_comment(),
            #[cfg(feature = "cosign")]
            Decoded::Cosign(_) => "",
        }
    }

    pub(crate) fn decoded(&self) -> &Decoded {
        &self.decoded
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signature").field("key_id", &self.key_id).field("comment", &self.comment()).finish()
    }
}

impl PartialEq for Signature {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Signature {}

/// The signatures of a module after more came. One key has one: the later one.
///
/// # Errors
/// They would be more than [`MAX_SIGNATURES`].
pub fn merge(present: &[Signature], more: &[Signature]) -> Result<Vec<Signature>, SignatureError> {
    let mut all: Vec<Signature> = Vec::with_capacity(present.len() + more.len());
    for signature in present.iter().chain(more) {
        match all.iter_mut().find(|other| other.key_id == signature.key_id) {
            Some(other) => *other = signature.clone(),
            None => all.push(signature.clone()),
        }
    }
    match all.len() {
        found if found > MAX_SIGNATURES => Err(SignatureError::TooMany { found }),
        _ => Ok(all),
    }
}
