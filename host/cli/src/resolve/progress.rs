//! A progress bar for people at a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on standard error, or nothing.
pub(super) struct Progress {
    bar: ProgressBar,
    in_bytes: bool,
}

impl Progress {
    /// `bytes` is the size of the input, if it is known.
    pub(super) fn new(bytes: Option<u64>) -> Self {
        // If the decisions go to the same terminal they show the progress themselves.
        if !io::stderr().is_terminal() || io::stdout().is_terminal() {
            return Self { bar: ProgressBar::hidden(), in_bytes: false };
        }
        let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::stderr());
        let template = match bytes {
            Some(_) => "{bar:40} {percent:>3} %  {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            None => "{spinner} {human_pos} messages, {per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, in_bytes: bytes.is_some() }
    }

    /// Adds to what is done.
    pub(super) fn advance(&self, bytes: usize, messages: usize) {
        if !self.bar.is_hidden() {
            self.bar.inc(if self.in_bytes { bytes } else { messages } as u64);
        }
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
