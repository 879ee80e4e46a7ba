//! A text that is never printed.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is shown in place of a secret.
const HIDDEN: &str = "***";

/// A password, a key, or another text that only [`Secret::expose`] gives out. `Debug`, `Display` and `Serialize` give `***`.
///
/// Equality takes longer the more bytes are equal, so it is for configurations and tests, not for checking a login.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// A secret with this text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text, for where it is used. Never for a message or a log line.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Login {
        password: Secret,
    }

    #[test]
    fn a_secret_is_read_and_never_printed() {
        let login: Login = toml::from_str("password = \"canary\"").unwrap();
        assert_eq!(login.password.expose(), "canary");
        for printed in
            [format!("{login:?}"), format!("{login:#?}"), login.password.to_string(), toml::to_string(&login).unwrap()]
        {
            assert!(printed.contains(HIDDEN) && !printed.contains("canary"), "{printed}");
        }
    }
}
