//! How a run ends, and what is said about it.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// What the exit code says. `callsign --help` has the same list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Done, but some messages were `INVALID_MESSAGE`, or some cases were not as expected.
    InvalidMessages = 1,
    /// What was given was refused before anything was done.
    Refused = 2,
    /// Something failed on the way.
    Failed = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a run ends early.
#[derive(Debug)]
pub(crate) struct Stop {
    exit: Exit,
    /// None: everything was said already, or there is nobody to tell.
    error: Option<anyhow::Error>,
    /// What to do about it.
    hint: Option<String>,
}

impl Stop {
    /// What was given is refused.
    pub(crate) fn refused(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Refused, error: Some(error.into()), hint: None }
    }

    /// What was given is refused, and the reasons were printed.
    pub(crate) fn refused_and_reported() -> Self {
        Self { exit: Exit::Refused, error: None, hint: None }
    }

    /// Something failed on the way.
    pub(crate) fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Failed, error: Some(error.into()), hint: None }
    }

    /// Standard output does not take more. Where its reader has gone, as `head` does when it has enough, that is no
    /// failure and nothing to talk about.
    pub(crate) fn unwritable(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { exit: Exit::Done, error: None, hint: None };
        }
        Self::failed(anyhow::Error::new(error).context("cannot write to standard output"))
    }

    /// With advice, a sentence.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says on standard error what there is to say.
    pub(crate) fn report(self) -> Exit {
        let (mark, end) = if is_coloured() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        let mut text = String::new();
        if let Some(error) = self.error {
            text = format!("{mark}callsign:{end} {error:#}\n");
        }
        if let Some(hint) = self.hint {
            text.push_str(&format!("  {hint}\n"));
        }
        say(&text);
        self.exit
    }
}

/// Writes to standard error. Where that is closed there is nobody to tell, which is no reason to fail.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Stop::unwritable)
}

/// Whether standard error is a terminal whose user did not ask for plain text.
pub(crate) fn is_coloured() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
