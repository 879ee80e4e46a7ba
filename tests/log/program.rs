//! A process that records and can be killed: this test program itself, started again.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use callsign_log::{Promise, Record, Recorded, Recorder};

use crate::disk_full;
use crate::records::{declare, record};

const MODE: &str = "CALLSIGN_LOG_PROGRAM";
const FOLDER: &str = "CALLSIGN_LOG_FOLDER";

/// The messages of each thread have numbers from a multiple of this.
pub const THREAD: u64 = 1_000_000_000;

/// How many threads record.
pub const THREADS: u64 = 2;

pub struct Program {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Program {
    pub fn start(mode: &str, folder: &Path) -> Self {
        let program = std::env::current_exe().unwrap();
        // A process that is stopped by a limit of file sizes gets an error instead of a signal.
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(program)
            .args(["--exact", "program::run", "--ignored", "--nocapture", "--test-threads=1"])
            .env(MODE, mode)
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line that it tells; `None` once it has ended.
    pub fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if self.lines.read_until(b'\n', &mut line).unwrap() == 0 {
                return None;
            }
            // What the test framework prints is not meant, nor is half a line.
            let text = String::from_utf8_lossy(&line);
            if let Some(told) = text.split_once('@')
                && told.1.ends_with('\n')
            {
                return Some(told.1.trim_end().to_owned());
            }
        }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The lines that it told until it ended by itself.
    pub fn finish(mut self) -> Vec<String> {
        let lines: Vec<_> = std::iter::from_fn(|| self.line()).collect();
        assert!(self.child.wait().unwrap().success(), "{lines:?}");
        lines
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells a line as a whole.
pub fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever listened is gone, and so is this soon.
    let _ = out.write_all(format!("@{line}\n").as_bytes());
    let _ = out.flush();
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64
}

#[test]
#[ignore = "the program that other tests start"]
fn run() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mode = std::env::var(MODE).unwrap();
    let mut options = crate::records::options();
    // So that segments change while it is killed.
    options.segment_bytes = 256 << 10;
    options.promise = if mode.ends_with("keep") { Promise::Keep } else { Promise::Drop };
    if mode.starts_with("full") {
        return disk_full::run(folder.as_ref(), options);
    }
    let recorder = Recorder::open(Path::new(&folder), options).unwrap();
    declare(&recorder);
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let recorder = recorder.clone();
            std::thread::spawn(move || record_for_ever(&recorder, thread * THREAD))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Records until it is killed, and tells after each batch: the number of its last message, the time, and how many records the log
/// says that it has. In a log that keeps all, a batch is told once it is on the disk.
fn record_for_ever(recorder: &Arc<Recorder>, first: u64) {
    let mut number = first;
    for batch in 0_u64.. {
        let mut ticket = None;
        for _ in 0..batch * 7 % 40 + 1 {
            let id = number.to_string();
            let record = Record { time: now(), ..record(number, &id) };
            loop {
                match recorder.record(&record) {
                    Recorded::Taken(new) => {
                        ticket = Some(ticket.map_or(new, |ticket: callsign_log::Ticket| ticket.and(new)));
                        break;
                    }
                    Recorded::Full(ticket) => recorder.wait(ticket).unwrap(),
                    // Recorded again, so that a number that is missing is lost.
                    Recorded::Dropped => std::thread::yield_now(),
                    other => panic!("{other:?}"),
                }
            }
            number += 1;
        }
        recorder.wait(ticket.unwrap()).unwrap();
        tell(&format!("{} {} {}", number - 1, now(), recorder.counters().recorded));
    }
}
