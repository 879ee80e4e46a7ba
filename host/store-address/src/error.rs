//! Why a text is not an address.

/// Why a text is not the address of a store. It has no part of the text, which may be a password anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// There is no text.
    #[error("it is empty; expected a path, or an address that begins with postgres:// or redis://")]
    Empty,
    /// The scheme is of no store.
    #[error("its scheme is not known; an address begins with postgres://, redis:// or rediss://")]
    Scheme,
    /// The text is no address, and may be one with a mistake rather than a path.
    #[error(
        "it is neither a path nor an address: an address begins with postgres://, redis:// or rediss://, and a path that \
         has `:`, `@` or `=` begins with / or ./"
    )]
    Unclear,
    /// The text is malformed.
    #[error("it cannot be read: expected {expected}")]
    Malformed {
        /// The form of such an address.
        expected: &'static str,
    },
    /// No host is named.
    #[error("it names no host; expected {expected}")]
    NoHost {
        /// The form of such an address.
        expected: &'static str,
    },
    /// A host has characters that names of hosts do not have.
    #[error(
        "a host has characters that no name of a host has; in a user and a password write : / ? # @ and % as %3A %2F %3F %23 \
         %40 and %25, in a Redis address , and [ too, as %2C and %5B"
    )]
    Host,
    /// A port is not a number from 1 to 65535.
    #[error("a port is not a number from 1 to 65535")]
    Port,
    /// `%` is not followed by two hexadecimal digits, or they are not UTF-8.
    #[error("a % is not followed by two hexadecimal digits of UTF-8; write a % itself as %25")]
    Encoding,
    /// An option that is not known.
    #[error("it has an option that is not known; there are {known}")]
    Option {
        /// All that there are.
        known: &'static str,
    },
    /// An option has a value that it cannot have.
    #[error("its option {option} has a value that it cannot have{expected}")]
    Value {
        /// The option.
        option: &'static str,
        /// `: expected ...`, or empty.
        expected: &'static str,
    },
    /// Options that do not go together.
    #[error("{0}")]
    Options(&'static str),
    /// A store that cannot be there.
    #[error("{what} cannot be kept there; expected {expected}")]
    Kind {
        /// What is kept.
        what: &'static str,
        /// Where it can be kept.
        expected: &'static str,
    },
}
