//! `[registry]`: from which OCI registries modules may come, and how they are spoken to.

use std::path::PathBuf;
use std::time::Duration;

use callsign_registry::{Client, Credentials, Options, Place, Places, RegistryError, Repository};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Limits;

/// From which OCI registries modules may come, and how they are spoken to. By default from none: whoever may make this service
/// connect to any host may look around in its network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RegistryConfig {
    /// Where modules of the platform may come from: registries such as `registry.example:5000`, or parts of them such as
    /// `registry.example/acme`, with commas between them. Empty: nowhere.
    #[schema(value_type = String)]
    pub allow: Places,
    /// The same for modules of applications. `{application}` in a path, such as `registry.example/tenants/{application}`, is the
    /// id of the application. Without it every tenant can pull what is there, with the credentials of this service.
    #[schema(value_type = String)]
    pub allow_tenants: Places,
    /// A Docker configuration with credentials, `config.json`. Not set: where Docker has it, in the folder of `DOCKER_CONFIG` or in
    /// `.docker` in the home folder, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub docker_config: Option<PathBuf>,
    /// A PEM file with authorities that are trusted beside those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub ca_file: Option<PathBuf>,
    /// Whether registries on loopback addresses are spoken to in plain HTTP. All others have TLS.
    pub plain_http: bool,
    /// A registry, or a part of one, that has copies of all repositories under their paths. It is asked first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub mirror: Option<Place>,
    /// Whether the mirror is asked instead of the registries.
    pub mirror_only: bool,
    /// How long a connection may take to be made. 1 to 60.
    pub connect_seconds: u64,
    /// How long the first byte of an answer may take. 1 to 60.
    pub first_byte_seconds: u64,
    /// How long a pull may take, with all that belongs to it. 1 to 600, and less than `limits.request_seconds`.
    pub pull_seconds: u64,
    /// How often a request is made again when a registry does not answer, or answers with 429 or 5xx. 0 to 10.
    pub retries: u32,
    /// How much time is about between two looks at a repository that a binding follows, of all nodes of a fleet together. 1 to
    /// 86,400.
    pub follow_seconds: u64,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        let options = Options::default();
        Self {
            allow: Places::default(),
            allow_tenants: Places::default(),
            docker_config: None,
            ca_file: None,
            plain_http: options.plain_http,
            mirror: None,
            mirror_only: options.mirror_only,
            connect_seconds: options.connect.as_secs(),
            first_byte_seconds: options.first_byte.as_secs(),
            pull_seconds: options.whole.as_secs(),
            retries: options.retries,
            follow_seconds: 60,
        }
    }
}

impl RegistryConfig {
    /// Whether modules may come from anywhere.
    pub(crate) fn is_used(&self) -> bool {
        !self.allow.is_empty() || !self.allow_tenants.is_empty()
    }

    /// Whether a module of an application, or of the platform, may come from a repository.
    pub(crate) fn allows(&self, repository: &Repository, application: Option<&str>) -> bool {
        let places = if application.is_some() { &self.allow_tenants } else { &self.allow };
        places.has(repository, application)
    }

    /// The client that speaks to registries as this says.
    pub(crate) fn client(&self, limits: &Limits) -> Result<Client, RegistryError> {
        let mut options = Options::default();
        if let Some(path) = &self.docker_config {
            options.credentials = Credentials::File(path.clone());
        }
        options.ca_file.clone_from(&self.ca_file);
        options.plain_http = self.plain_http;
        options.mirror.clone_from(&self.mirror);
        options.mirror_only = self.mirror_only;
        options.connect = Duration::from_secs(self.connect_seconds);
        options.first_byte = Duration::from_secs(self.first_byte_seconds);
        options.whole = Duration::from_secs(self.pull_seconds);
        options.retries = self.retries;
        options.most = limits.module_bytes as u64;
        Client::new(options)
    }

    /// Checks ranges, and values that depend on each other.
    pub(super) fn check(&self, limits: &Limits) -> Result<(), String> {
        let ranges = [
            ("connect_seconds", self.connect_seconds, 1, 60),
            ("first_byte_seconds", self.first_byte_seconds, 1, 60),
            ("pull_seconds", self.pull_seconds, 1, 600),
            ("retries", self.retries.into(), 0, 10),
            ("follow_seconds", self.follow_seconds, 1, 86_400),
        ];
        if let Some((name, value, least, most)) =
            ranges.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value))
        {
            return Err(format!("registry.{name} is {value}, and not {least} to {most}"));
        }
        if self.is_used() && self.pull_seconds >= limits.request_seconds {
            return Err(format!(
                "registry.pull_seconds is {}, and a request is over before that: limits.request_seconds is {}",
                self.pull_seconds, limits.request_seconds
            ));
        }
        if self.mirror_only && self.mirror.is_none() {
            return Err("registry.mirror_only needs registry.mirror".into());
        }
        for (name, places) in [("allow", self.allow.as_slice()), ("mirror", self.mirror.as_slice())] {
            if let Some(place) = places.iter().find(|place| place.names_application()) {
                return Err(format!("registry.{name} is for no application, and has {{application}}: {place}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn modules_come_from_nowhere_by_default_and_else_from_what_is_allowed() {
        let repository: Repository = "registry.example/tenants/shop/policy".parse().unwrap();
        let default = RegistryConfig::default();
        assert!(!default.is_used() && !default.allows(&repository, None) && !default.allows(&repository, Some("shop")));
        let config = RegistryConfig {
            allow: "registry.example/acme, other.example".parse().unwrap(),
            allow_tenants: "registry.example/tenants/{application}".parse().unwrap(),
            ..default
        };
        assert!(config.is_used() && config.check(&Limits::default()).is_ok());
        assert!(config.allows(&repository, Some("shop")) && !config.allows(&repository, Some("bank")));
        assert!(!config.allows(&repository, None), "what tenants may use is not the platform's");
        assert!(config.allows(&"other.example/x".parse().unwrap(), None));
        assert_eq!(config.allow.to_string(), "registry.example/acme, other.example");
    }

    #[test]
    fn what_a_registry_cannot_be_is_refused_with_what_it_can() {
        let config = RegistryConfig { allow: "registry.example".parse().unwrap(), ..RegistryConfig::default() };
        for (wrong, reason) in [
            (RegistryConfig { connect_seconds: 0, ..config.clone() }, "registry.connect_seconds is 0, and not 1 to 60"),
            (RegistryConfig { retries: 11, ..config.clone() }, "registry.retries is 11, and not 0 to 10"),
            (RegistryConfig { follow_seconds: 86_401, ..config.clone() }, "registry.follow_seconds is 86401"),
            (RegistryConfig { pull_seconds: 60, ..config.clone() }, "limits.request_seconds is 60"),
            (RegistryConfig { mirror_only: true, ..config.clone() }, "needs registry.mirror"),
            (
                RegistryConfig { allow: "r.example/{application}".parse().unwrap(), ..config.clone() },
                "is for no application",
            ),
        ] {
            let refused = wrong.check(&Limits::default()).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
