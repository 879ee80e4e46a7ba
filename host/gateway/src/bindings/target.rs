//! Whom a binding is for.

use std::fmt;

/// Whom a binding is for. The most specific one counts: entity, then application, then platform.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BindingTarget {
    /// Everybody.
    Platform,
    /// An application and its entities.
    Application(Box<str>),
    /// One entity of one application.
    Entity(Box<str>, Box<str>),
}

impl BindingTarget {
    /// An application.
    pub fn application(id: &str) -> Self {
        Self::Application(id.into())
    }

    /// An entity of an application.
    pub fn entity(application: &str, entity: &str) -> Self {
        Self::Entity(application.into(), entity.into())
    }
}

impl fmt::Display for BindingTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform"),
            Self::Application(application) => f.write_str(application),
            Self::Entity(application, entity) => write!(f, "{application}/{entity}"),
        }
    }
}
