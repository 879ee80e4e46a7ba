//! `callsign sticky export`, `import` and `migrate`, each with a progress bar.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::path::Path;

use callsign::sticky::{self, Filter, PinnedSender, StickyStore, TransferError};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::exit::{Exit, Stop, print, say};
use crate::gateway::unreadable;

/// A progress bar on standard error, if that is a terminal. `total` is in the unit of the template.
fn bar(total: Option<u64>, template: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn stop(error: TransferError) -> Stop {
    match error {
        TransferError::Line { .. } | TransferError::Read { .. } => Stop::refused(error),
        TransferError::Write { source } => Stop::unwritable(source),
        error => Stop::failed(error),
    }
}

pub(super) fn export(store: &dyn StickyStore, filter: &Filter<'_>) -> Result<Exit, Stop> {
    let bar = match io::stdout().is_terminal() {
        true => ProgressBar::hidden(),
        false => bar(None, "{spinner} {human_pos} pins, {per_sec}"),
    };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let exported = sticky::each_pin(store, filter, |record| {
        bar.inc(1);
        writeln!(out, "{}", record.to_json())
    });
    bar.finish_and_clear();
    let total = exported.map_err(stop)?;
    out.flush().map_err(Stop::unwritable)?;
    say(&format!("{total} pins exported\n"));
    Ok(Exit::Done)
}

pub(super) fn import(store: &dyn StickyStore, path: &Path) -> Result<Exit, Stop> {
    let (input, size): (Box<dyn BufRead>, _) = match path.as_os_str() == "-" {
        true => (Box::new(io::stdin().lock()), None),
        false => {
            let file = File::open(path).map_err(|error| unreadable("the pins", path, error))?;
            let size = file.metadata().ok().map(|metadata| metadata.len());
            (Box::new(BufReader::with_capacity(1 << 16, file)), size)
        }
    };
    let bar = bar(size, "{bar:40} {percent:>3} %  {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left");
    let imported = sticky::import(store, input, |bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    let imported = imported.map_err(stop)?;
    let mut text = format!("{} pins added", imported.written);
    if imported.known > 0 {
        text += &format!(", {} were there already", imported.known);
    }
    if imported.kept > 0 {
        text += &format!(", {} recipients keep another sender", imported.kept);
    }
    print(&(text + "\n"))?;
    Ok(if imported.kept > 0 { Exit::InvalidMessages } else { Exit::Done })
}

pub(super) fn migrate(store: &dyn StickyStore, from: &str, to: &str) -> Result<Exit, Stop> {
    let from = PinnedSender::new(from);
    let total = store.count(&Filter::Sender(from)).map_err(Stop::failed)?;
    let bar = bar(Some(total), "{bar:40} {percent:>3} %  {human_pos} of {human_len} pins, {per_sec}, {eta} left");
    let moved = sticky::migrate(store, from, PinnedSender::new(to), |moved| bar.set_position(moved));
    bar.finish_and_clear();
    print(&format!("{} pins moved\n", moved.map_err(stop)?))?;
    Ok(Exit::Done)
}
