//! What is signed: a small text, so that a signature needs no copy of the component.

use std::fmt;

use semver::Version;

/// The longest name of a module, in bytes: that of a module store.
const MAX_NAME: usize = 64;

/// The longest version, in bytes: that of a component's metadata.
const MAX_VERSION: usize = 128;

/// The digits of a SHA-256.
const DIGITS: usize = 64;

/// That some bytes are a version of a module. Its text is what is signed:
///
/// ```text
/// callsign module
/// name acme
/// version 1.2.0
/// sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
/// ```
///
/// Each line ends with a line feed. No part can have one, so no two statements have one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    name: String,
    version: String,
    digest: String,
}

/// Why there is no statement of a module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The name is not one of a module.
    #[error("{name:?} is not the name of a module: 1 to {MAX_NAME} of the characters A-Z, a-z, 0-9, `-`, `_` and `.`")]
    Name {
        /// Its beginning.
        name: String,
    },
    /// The version is not semantic.
    #[error("{version:?} is not a version such as 1.2.0")]
    Version {
        /// Its beginning.
        version: String,
    },
    /// The digest is not a SHA-256.
    #[error("the digest is not a SHA-256: 64 of the digits 0-9 and a-f")]
    Digest,
}

impl Statement {
    /// The statement that the bytes with a SHA-256 (64 lower-case hexadecimal digits) are a version of a module.
    ///
    /// # Errors
    /// A part is not what it should be.
    pub fn new(name: &str, version: &str, digest: &str) -> Result<Self, StatementError> {
        let begins = |text: &str| text.chars().take(MAX_NAME).collect::<String>();
        let is_name = (1..=MAX_NAME).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        if !is_name {
            return Err(StatementError::Name { name: begins(name) });
        }
        if version.len() > MAX_VERSION || Version::parse(version).is_err() {
            return Err(StatementError::Version { version: begins(version) });
        }
        let is_digest = digest.len() == DIGITS && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_digest {
            return Err(StatementError::Digest);
        }
        Ok(Self { name: name.to_owned(), version: version.to_owned(), digest: digest.to_owned() })
    }

    /// The name of the module.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the module.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl fmt::Display for Statement {
    /// The text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, digest } = self;
        write!(f, "callsign module\nname {name}\nversion {version}\nsha256 {digest}\n")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn the_text_has_the_name_the_version_and_the_digest() {
        let statement = Statement::new("acme", "1.2.0-rc.1+linux", DIGEST).unwrap();
        let text = format!("callsign module\nname acme\nversion 1.2.0-rc.1+linux\nsha256 {DIGEST}\n");
        assert_eq!(statement.to_string(), text);
    }

    #[test]
    fn no_part_can_forge_a_line() {
        for name in ["", "a\nversion 2.0.0", "a b", "naïve", &"x".repeat(65)] {
            assert!(matches!(Statement::new(name, "1.0.0", DIGEST), Err(StatementError::Name { .. })), "{name:?}");
        }
        for version in ["", "1", "1.0", "1.0.0\n", "1.0.0 ", &format!("1.0.0-{}", "x".repeat(123))] {
            let refused = Statement::new("a", version, DIGEST);
            assert!(matches!(refused, Err(StatementError::Version { .. })), "{version:?}");
        }
        for digest in ["", &DIGEST[1..], &DIGEST.to_uppercase(), &format!("{DIGEST}0"), &DIGEST.replace('9', "\n")] {
            assert_eq!(Statement::new("a", "1.0.0", digest), Err(StatementError::Digest), "{digest:?}");
        }
    }
}
