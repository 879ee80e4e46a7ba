//! Places: a registry, or a part of one.

use std::fmt;
use std::str::FromStr;

use crate::reference::{ReferenceError, Repository, check_registry, is_component};

/// What stands for the application of a tenant in a place.
const APPLICATION: &str = "{application}";

/// A registry, such as `registry.example:5000`, or all repositories under a path of it, such as `registry.example/acme`. A part of
/// the path may be `{application}`: the id of the application that asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    registry: Box<str>,
    path: Vec<Box<str>>,
}

impl Place {
    /// The host, with its port if it has one.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Whether a repository is in it, for an application or for the platform. An id that cannot be a part of a path is in no
    /// place that names the application.
    pub fn has(&self, repository: &Repository, application: Option<&str>) -> bool {
        let mut parts = repository.path().split('/');
        self.registry() == repository.registry()
            && self.path.iter().all(|wanted| match (&**wanted, parts.next()) {
                (APPLICATION, Some(part)) => application == Some(part),
                (wanted, part) => part == Some(wanted),
            })
    }

    /// Whether it names the application of a tenant.
    pub fn names_application(&self) -> bool {
        self.path.iter().any(|part| &**part == APPLICATION)
    }

    /// The repository with a path in this place.
    ///
    /// # Errors
    /// They are too long together.
    pub(crate) fn join(&self, path: &str) -> Result<Repository, ReferenceError> {
        format!("{self}/{path}").parse()
    }
}

impl FromStr for Place {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.contains("://") {
            return Err(ReferenceError::Scheme);
        }
        let (registry, path) = text.split_once('/').map_or((text, None), |(registry, path)| (registry, Some(path)));
        check_registry(registry)?;
        let path: Vec<Box<str>> = path.map(|path| path.split('/').map(Into::into).collect()).unwrap_or_default();
        if text.len() > 255 || !path.iter().all(|part| &**part == APPLICATION || is_component(part)) {
            return Err(ReferenceError::Repository);
        }
        Ok(Self { registry: registry.into(), path })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.registry)?;
        self.path.iter().try_for_each(|part| write!(f, "/{part}"))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Registries, or parts of them, with commas between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(Vec<Place>);

impl Places {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn as_slice(&self) -> &[Place] {
        &self.0
    }

    /// Whether a repository is in one of them, see [`Place::has`].
    pub fn has(&self, repository: &Repository, application: Option<&str>) -> bool {
        self.0.iter().any(|place| place.has(repository, application))
    }
}

impl FromStr for Places {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let places = text.split(',').map(str::trim).filter(|place| !place.is_empty()).map(str::parse);
        places.collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mark = "";
        for place in &self.0 {
            write!(f, "{mark}{place}")?;
            mark = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_repositories_under_its_path() {
        for (place, repository, application, is_in) in [
            ("r.example", "r.example/any/thing", None, true),
            ("r.example", "r.example:5000/any", None, false),
            ("r.example", "r.example.evil.example/any", None, false),
            ("r.example/acme", "r.example/acme/policy", None, true),
            ("r.example/acme", "r.example/acme", None, true),
            ("r.example/acme", "r.example/acme-evil/policy", None, false),
            ("r.example/acme", "r.example/other/acme", None, false),
            ("r.example/t/{application}", "r.example/t/shop/policy", Some("shop"), true),
            ("r.example/t/{application}", "r.example/t/bank/policy", Some("shop"), false),
            ("r.example/t/{application}", "r.example/t/shop/policy", None, false),
            ("r.example/t/{application}", "r.example/t", Some("shop"), false),
            ("r.example/t/{application}", "r.example/t/bank", Some("bank/.."), false),
        ] {
            let (place, repository): (Place, Repository) = (place.parse().unwrap(), repository.parse().unwrap());
            assert_eq!(place.has(&repository, application), is_in, "{repository} in {place} for {application:?}");
        }
        for wrong in ["", "acme", "https://r.example", "r.example/", "r.example/A", "r.example/{app}", "r.example/a:1"]
        {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
        let mirror: Place = "mirror.example:5000/copies".parse().unwrap();
        assert_eq!(mirror.join("acme/policy").unwrap().as_str(), "mirror.example:5000/copies/acme/policy");
    }
}
