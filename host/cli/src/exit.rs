//! How a run ends: its exit code, and what is printed about it.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use callsign::escape;

/// The exit code. `callsign --help` has the same list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Done, but some messages were `INVALID_MESSAGE`, some cases failed, a pin was not as asked, recorded
    /// answers differ, or a condition of `--fail-on` is met.
    InvalidMessages = 1,
    /// The input was refused before anything was done.
    Refused = 2,
    /// Another failure.
    Failed = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// A run that ends early, and why.
#[derive(Debug)]
pub(crate) struct Stop {
    exit: Exit,
    /// None if everything was printed already, or nobody reads it.
    error: Option<anyhow::Error>,
    /// What the user can do about it.
    hint: Option<String>,
}

impl Stop {
    /// The input is refused.
    pub(crate) fn refused(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Refused, error: Some(error.into()), hint: None }
    }

    /// The input is refused, and the reasons were printed already.
    pub(crate) fn refused_and_reported() -> Self {
        Self { exit: Exit::Refused, error: None, hint: None }
    }

    /// Anything else failed.
    pub(crate) fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Failed, error: Some(error.into()), hint: None }
    }

    /// Standard output cannot be written. That its reader has closed it, as `head` does when it has enough, is no
    /// failure and is not reported.
    pub(crate) fn unwritable(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { exit: Exit::Done, error: None, hint: None };
        }
        Self::failed(anyhow::Error::new(error).context("cannot write to standard output"))
    }

    /// Adds what the user can do about it, as a sentence.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints the error and the hint to standard error.
    pub(crate) fn report(self) -> Exit {
        let (mark, end) = if is_coloured() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        let mut text = String::new();
        if let Some(error) = self.error {
            let error = format!("{error:#}");
            text = format!("{mark}callsign:{end} {}\n", escape::lines(&error));
        }
        if let Some(hint) = self.hint {
            text.push_str(&format!("  {}\n", escape::lines(&hint)));
        }
        // Not through `say`, which would escape the colour too.
        let _ = io::stderr().write_all(text.as_bytes());
        self.exit
    }
}

/// Writes to standard error, with hidden characters escaped. If that is closed nobody reads it, which is no reason to
/// fail.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().write_all(escape::lines(text).as_bytes());
}

/// Writes to standard output, with hidden characters escaped as in JSON, so that JSON keeps its meaning.
pub(crate) fn print(text: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(escape::lines(text).as_bytes()).and_then(|()| stdout.flush()).map_err(Stop::unwritable)
}

/// Whether standard error is a terminal, and `NO_COLOR` is not set.
pub(crate) fn is_coloured() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
