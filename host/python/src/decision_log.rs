//! The decision log.

use std::path::PathBuf;
use std::sync::Arc;

use callsign::log::{Attributes, LogKey, LogOptions, Promise, Recipients, Recorder};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::binding::not_among;
use crate::error;

/// How a log is written, as Python says it.
pub(crate) struct LogArguments<'a> {
    pub(crate) promise: &'a str,
    pub(crate) recipients: &'a str,
    pub(crate) key: Option<&'a str>,
    pub(crate) attributes: Option<Vec<String>>,
    pub(crate) keep_bytes: Option<u64>,
    pub(crate) parquet: bool,
}

/// Opens the log in a folder.
pub(crate) fn open(py: Python<'_>, folder: PathBuf, arguments: LogArguments<'_>) -> PyResult<Arc<Recorder>> {
    let LogArguments { promise, recipients, key, attributes, keep_bytes, parquet } = arguments;
    let mut options = LogOptions::default();
    options.promise = match promise {
        "drop" => Promise::Drop,
        "keep" => Promise::Keep,
        other => return Err(not_among("promise", other, &["drop", "keep"])),
    };
    options.recipients = match recipients {
        "sealed" => Recipients::Sealed,
        "plain" => Recipients::Plain,
        other => return Err(not_among("recipients", other, &["sealed", "plain"])),
    };
    if let Some(text) = key {
        let key = LogKey::parse(text).ok_or_else(|| {
            PyValueError::new_err("`key` is 64 hexadecimal digits, as `openssl rand -hex 32` prints them")
        })?;
        options.key = Some(key);
    }
    if let Some(names) = attributes {
        options.attributes = if names.is_empty() {
            Attributes::None
        } else {
            Attributes::Only(names.into_iter().map(Into::into).collect())
        };
    }
    options.keep_bytes = keep_bytes.or(options.keep_bytes);
    options.parquet = parquet;
    py.detach(|| Recorder::open(folder, options)).map_err(|error| error::of_log(&error))
}
