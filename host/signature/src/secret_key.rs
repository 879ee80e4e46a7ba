//! A secret key, to sign with.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callsign_catalog::escape;
use callsign_private::Secret;
use minisign::{KeyPair, SecretKeyBox};

use crate::key::{KeyError, PublicKey};
use crate::signature::{Signature, SignatureError};
use crate::statement::Statement;

/// The most characters of a comment.
const MAX_COMMENT: usize = 1_000;

/// The bytes of a secret key.
const LENGTH: usize = 158;

/// What its third and fourth byte say: no password protects it.
const UNPROTECTED: &[u8] = &[0, 0];

/// What they say of a key that is encrypted with a hash (scrypt) of a password.
const PROTECTED: &[u8] = b"Sc";

/// A secret key of `minisign`. It is never printed.
pub struct SecretKey {
    key: minisign::SecretKey,
    public: PublicKey,
}

/// Why nothing can be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The text is not a secret key.
    #[error("it is not a secret key of minisign")]
    NotSecret,
    /// It is protected with a password, and none was given.
    #[error("the secret key is protected with a password")]
    NeedsPassword,
    /// The password is wrong, or the key is damaged.
    #[error("the password is wrong, or the secret key is damaged")]
    WrongPassword,
    /// The comment cannot be used.
    #[error("a comment has at most {MAX_COMMENT} characters, none a control or format character")]
    Comment,
    /// The system has no random numbers, or the signature cannot be read again.
    #[error("it cannot be signed: {reason}")]
    Failed {
        /// Why.
        reason: String,
    },
}

impl SecretKey {
    /// Makes a new key, without a password.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn generate() -> Result<Self, SignError> {
        let failed = |error: minisign::PError| SignError::Failed { reason: error.to_string() };
        let KeyPair { pk, sk } = KeyPair::generate_unencrypted_keypair().map_err(failed)?;
        let public = PublicKey::parse(&pk.to_base64()).map_err(|error: KeyError| failed_key(&error))?;
        Ok(Self { key: sk, public })
    }

    /// Reads the text of the file that `minisign -G` writes, with the password that protects it, if one does.
    ///
    /// # Errors
    /// It is no secret key, or the password is missing or wrong.
    pub fn parse(text: &str, password: Option<&Secret>) -> Result<Self, SignError> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let [_, line] = lines[..] else { return Err(SignError::NotSecret) };
        let bytes = STANDARD.decode(line).map_err(|_| SignError::NotSecret)?;
        let key = match bytes.get(2..4) {
            _ if bytes.len() != LENGTH => return Err(SignError::NotSecret),
            // The tool writes no checksum into keys without a password, and the crate would miss it.
            Some(UNPROTECTED) => minisign::SecretKey::from_bytes(&bytes).map_err(|_| SignError::NotSecret)?,
            Some(PROTECTED) => {
                let password = password.ok_or(SignError::NeedsPassword)?.expose().to_owned();
                let boxed = SecretKeyBox::from_string(text).map_err(|_| SignError::NotSecret)?;
                boxed.into_secret_key(Some(password)).map_err(|_| SignError::WrongPassword)?
            }
            _ => return Err(SignError::NotSecret),
        };
        let public = minisign::PublicKey::from_secret_key(&key).map_err(|_| SignError::NotSecret)?;
        let public = PublicKey::parse(&public.to_base64()).map_err(|error: KeyError| failed_key(&error))?;
        Ok(Self { key, public })
    }

    /// Its text, as `minisign` reads it. For who keeps it where nobody else can read it.
    pub fn to_text(&self) -> Result<Secret, SignError> {
        let boxed = self.key.to_box(None).map_err(|error| SignError::Failed { reason: error.to_string() })?;
        Ok(Secret::new(boxed.into_string()))
    }

    /// The public key that belongs to it.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a statement, with a comment that the signature protects.
    ///
    /// # Errors
    /// The comment cannot be used, or the system has no random numbers.
    pub fn sign(&self, statement: &Statement, comment: &str) -> Result<Signature, SignError> {
        if comment.chars().count() > MAX_COMMENT || comment.chars().any(|c| c != '\t' && escape::is_escaped(c)) {
            return Err(SignError::Comment);
        }
        let text = statement.to_string();
        let untrusted = format!("signature of {}@{}", statement.name(), statement.version());
        let made = minisign::sign(None, &self.key, text.as_bytes(), Some(comment), Some(&untrusted));
        let made = made.map_err(|error| SignError::Failed { reason: error.to_string() })?;
        let signature = Signature::parse(&made.into_string());
        signature.map_err(|error: SignatureError| SignError::Failed { reason: error.to_string() })
    }
}

fn failed_key(error: &KeyError) -> SignError {
    SignError::Failed { reason: error.to_string() }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("public", &self.public.as_str()).finish_non_exhaustive()
    }
}
