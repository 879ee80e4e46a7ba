//! Why a call failed, before it is told to the caller.

use crate::abi::Status;

/// Why a call failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    pub(crate) message: String,
    pub(crate) faults: Vec<Place>,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    /// From 1; 0 where there are no lines.
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) path: String,
    pub(crate) message: String,
}

/// What a call gives. A failure is seldom, so it takes one word.
pub(crate) type Outcome<T> = Result<T, Box<Failure>>;

impl Failure {
    #[cold]
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { status, message: message.into(), faults: Vec::new() })
    }

    /// A failure of one value.
    #[cold]
    pub(crate) fn at(status: Status, path: impl Into<String>, message: impl Into<String>) -> Box<Self> {
        let (path, message) = (path.into(), message.into());
        let text = format!("{path}: {message}");
        Box::new(Self { status, message: text, faults: vec![Place { path, message, ..Place::default() }] })
    }

    /// A failure with its causes in one sentence.
    #[cold]
    pub(crate) fn of(status: Status, error: &dyn std::error::Error) -> Box<Self> {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Self::new(status, message)
    }
}
