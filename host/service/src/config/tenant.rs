//! `[tenant]`: what each tenant may use.

use serde::{Deserialize, Serialize};

/// The budget of each tenant: of an application with all its keys together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Tenant {
    /// Memory of its policies' instances, running and idle together.
    pub instance_bytes: usize,
}

impl Default for Tenant {
    fn default() -> Self {
        Self { instance_bytes: 256 << 20 }
    }
}
