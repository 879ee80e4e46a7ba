//! Who made a module: signatures over its digest, its name and its version, and the keys that count.
//!
//! A [`Statement`] is what is signed. A [`Signature`] is what the tool `minisign` makes of it. A [`ModuleKey`] is a public key with
//! its owner and its validity, and a [`Keyring`] has all keys of a platform and says whether the signatures of a module are enough.
//! The feature `sign` adds `SecretKey`, to sign with, and `cosign` the keys and bundles of that tool.
//!
//! ```
//! use callsign_signature::{Keyring, Signature, Statement};
//!
//! let statement = Statement::new("acme", "1.2.0", &"0".repeat(64))?;
//! let text = "untrusted comment: of somebody\n\
//!     RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
//!     trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
//!     wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==\n";
//! let signature = Signature::parse(text)?;
//! assert_eq!(signature.key_id().to_string(), "E7620F1842B4E81F");
//! // Nobody's keys, so nobody's signature counts.
//! let refused = Keyring::default().accept(&statement, None, &[signature], 0).unwrap_err();
//! assert!(refused.to_string().contains("E7620F1842B4E81F"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "cosign")]
mod cosign;
mod key;
mod key_file;
mod key_id;
mod keyring;
#[cfg(feature = "sign")]
mod secret_key;
mod signature;
mod statement;

pub use key::{KeyError, MAX_KEY_BYTES, MAX_NAME, ModuleKey, PublicKey};
pub use key_file::{KeyFileError, MAX_KEY_FILE_BYTES, read_keys};
pub use key_id::KeyId;
pub use keyring::{Fault, Keyring, KeyringError, MAX_KEYS, NotTrusted};
#[cfg(feature = "sign")]
pub use secret_key::{SecretKey, SignError};
pub use signature::{MAX_BUNDLE_BYTES, MAX_SIGNATURE_BYTES, MAX_SIGNATURES, Signature, SignatureError, merge};
pub use statement::{Statement, StatementError};

/// A time in milliseconds since 1970, in the format of RFC 3339.
fn time(at: u64) -> String {
    let at = i64::try_from(at).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    at.map_or_else(|| "a time that no calendar has".to_owned(), |at| at.to_string())
}
