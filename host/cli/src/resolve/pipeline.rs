//! Decides the messages with many threads; the output is the same as that of one thread.
//!
//! Each worker takes the next chunk and parses it, decides its messages partition by partition, each when the chunks
//! before are done with that partition, makes the lines of the output, waits until the chunks before are written, and
//! writes its own. So the second message to a recipient finds the pin of the first, whatever the number of workers.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread;

use callsign::Gateway;

use super::batch::Batch;
use super::chunks::Chunk;
use super::csv_rows::Rows;
use super::fields::ParsedMessage;
use super::json_lines;
use super::messages::{Messages, Reading};
use super::output;
use super::partitions::{Division, Partitions};
use super::progress::Progress;
use super::sequencer::{Sequencer, Stopped};
use super::summary::Tally;
use crate::exit::Stop;

/// What the workers share.
struct Work<W> {
    messages: Messages,
    progress: Progress,
    partitions: Partitions,
    writing: Sequencer<W>,
}

/// Why a worker ended early.
enum Failure {
    Write(io::Error),
    Panic,
    /// Another worker failed, and reports why.
    Other,
}

impl From<Stopped> for Failure {
    fn from(_: Stopped) -> Self {
        Self::Other
    }
}

/// Decides all messages, and counts the decisions.
///
/// # Errors The output cannot be written, the input cannot be read to its end (the messages before are decided and
/// written), or a worker cannot be started or panicked.
pub(super) fn run(
    gateway: Gateway,
    messages: Messages,
    threads: usize,
    output: impl Write + Send + 'static,
) -> Result<Tally, Stop> {
    let progress = Progress::new(messages.size);
    let partitions = Partitions::new(gateway, threads);
    let work = Arc::new(Work { messages, progress, partitions, writing: Sequencer::new(output) });
    let (ended, ends) = mpsc::channel();
    for number in 0..threads {
        let (work, ended) = (Arc::clone(&work), ended.clone());
        let worker = thread::Builder::new().name(format!("worker {number}")).spawn(move || {
            let end = catch_unwind(AssertUnwindSafe(|| work.run())).unwrap_or(Err(Failure::Panic));
            let failed = end.is_err();
            // The receiver is gone only if the run is over. Sent before the others are stopped, so that the reason
            // comes first.
            let _ = ended.send(end);
            if failed {
                work.partitions.stop();
                work.writing.stop();
            }
        });
        match worker {
            Ok(_) => {}
            Err(error) if number == 0 => {
                return Err(Stop::failed(anyhow::Error::new(error).context("cannot start a thread")));
            }
            // The run also works with fewer workers.
            Err(_) => break,
        }
    }
    drop(ended);
    let mut tally = Tally::default();
    // Does not wait for the others after a failure: one may be waiting for input that never comes.
    for end in ends {
        match end {
            Ok(counted) => tally.add(&counted),
            Err(failure) => {
                work.progress.finish();
                return Err(match failure {
                    Failure::Write(error) => Stop::unwritable(error),
                    Failure::Panic | Failure::Other => Stop::failed(anyhow::anyhow!("a worker panicked")),
                });
            }
        }
    }
    work.progress.finish();
    match work.messages.failure() {
        Some(error) => Err(Stop::failed(anyhow::Error::new(error).context("cannot read the rest of the messages"))),
        None => Ok(tally),
    }
}

impl<W: Write> Work<W> {
    /// The loop of a worker.
    fn run(&self) -> Result<Tally, Failure> {
        let (mut chunk, mut rows, mut out) = (Chunk::default(), Rows::default(), Vec::new());
        let (mut batch, mut division) = (Batch::default(), Division::default());
        let mut tally = Tally::default();
        while self.messages.next(&mut chunk) {
            let read = match &self.messages.reading {
                _ if chunk.is_too_long => Batch::too_long(chunk.line),
                Reading::Json => json_lines::read(batch, chunk.bytes(), chunk.line),
                Reading::Csv(columns) => rows.read(batch, chunk.bytes(), chunk.line, columns),
            };
            out.clear();
            division = self.decide(chunk.number, &read, division, &mut out, &mut tally)?;
            self.writing.run(chunk.number, |output| write_lines(output, &out))?.map_err(Failure::Write)?;
            self.progress.advance(chunk.bytes().len(), read.messages.len() + read.faults.len());
            batch = read.emptied();
        }
        Ok(tally)
    }

    /// Decides a batch and appends its output lines to `out`. Gives the division back, empty.
    fn decide(
        &self,
        chunk: u64,
        batch: &Batch<'_>,
        division: Division<'static>,
        out: &mut Vec<u8>,
        tally: &mut Tally,
    ) -> Result<Division<'static>, Failure> {
        let attributes: Vec<_> = batch.messages.iter().map(ParsedMessage::attributes).collect();
        let lines = batch.messages.iter().zip(&attributes);
        let messages = lines.map(|(line, attributes)| line.message(self.messages.sent_at, attributes));
        let division = self.partitions.divide(division, messages);
        let decisions = self.partitions.decide(chunk, &division)?;
        let mut faults = batch.faults.iter().peekable();
        for (index, (message, decision)) in batch.messages.iter().zip(division.in_order(&decisions)).enumerate() {
            while let Some(fault) = faults.next_if(|fault| fault.before <= index) {
                output::write_fault(out, fault);
            }
            output::write(out, message.id(), &decision);
            tally.count(&decision);
        }
        for fault in faults {
            output::write_fault(out, fault);
        }
        tally.count_invalid(batch.faults.len());
        Ok(division.emptied())
    }
}

fn write_lines(output: &mut impl Write, lines: &[u8]) -> io::Result<()> {
    output.write_all(lines)?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::path::Path;
    use std::sync::Mutex;

    use callsign::Catalog;

    use super::*;
    use crate::exit::Exit;
    use crate::resolve::Format;

    const LINE: &str = "{\"channel\":\"SMS\",\"to\":\"+14155550123\"}\n";

    /// Messages without end; after some of them perhaps an error.
    struct Endless {
        fail_after: Option<usize>,
    }

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if let Some(left) = &mut self.fail_after {
                *left = left.checked_sub(1).ok_or_else(|| io::Error::other("the disk is gone"))?;
            }
            buffer[..LINE.len()].copy_from_slice(LINE.as_bytes());
            Ok(LINE.len())
        }
    }

    /// An output that does as the function says with what the chunk of a number wrote.
    struct Output<F>(u64, F);

    impl<F: FnMut(u64, &[u8]) -> io::Result<usize>> Write for Output<F> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            (self.1)(self.0, bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn run_on(
        fail_after: Option<usize>,
        write: impl FnMut(u64, &[u8]) -> io::Result<usize> + Send + 'static,
    ) -> Result<Tally, Stop> {
        let gateway = Gateway::new(Catalog::from_json("{}").expect("a catalog")).expect("a gateway");
        let input = Box::new(Endless { fail_after });
        let messages = Messages::new(Path::new("endless"), input, None, Some(Format::Jsonl)).expect("JSON lines");
        run(gateway, messages, 8, Output(0, write))
    }

    #[test]
    fn a_worker_that_fails_or_panics_ends_the_run() {
        let failed = run_on(None, |number, bytes| match number {
            20 => Err(io::Error::other("the disk is full")),
            _ => Ok(bytes.len()),
        });
        assert_eq!(failed.expect_err("the output fails").report(), Exit::Failed);
        let panicked = run_on(None, |number, bytes| match number {
            20 => panic!("meant"),
            _ => Ok(bytes.len()),
        });
        assert_eq!(panicked.expect_err("a worker panics").report(), Exit::Failed);
    }

    #[test]
    fn what_was_read_before_the_input_failed_is_decided() {
        let written = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&written);
        let failed = run_on(Some(20), move |_, bytes| {
            *counted.lock().expect("no panic") += bytes.iter().filter(|&&byte| byte == b'\n').count();
            Ok(bytes.len())
        });
        assert_eq!(failed.expect_err("the input fails").report(), Exit::Failed);
        assert_eq!(*written.lock().expect("no panic"), 20);
    }
}
