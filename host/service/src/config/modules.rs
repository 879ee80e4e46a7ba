//! `[modules]`: what modules must have to be taken in and to run.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What modules must have to be taken in and to run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ModulesConfig {
    /// `required`: a module that has no valid signature by a key for its owner is refused, wherever it comes from, and does not
    /// run; without any key the service does not start. `off`: signatures are kept and shown, and nothing depends on them.
    pub signatures: SignatureRule,
    /// A TOML file of public keys that are put into the catalog store at the start, if they are not there: for a platform that
    /// has none yet. Each is a table `[[key]]` with `name`, `public_key` and perhaps `application`, `valid_from`, `valid_until`,
    /// `revoked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub keys: Option<PathBuf>,
}

/// Whether modules need signatures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignatureRule {
    /// They need none.
    #[default]
    Off,
    /// They need a valid one.
    Required,
}
