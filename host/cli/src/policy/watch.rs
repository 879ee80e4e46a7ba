//! `callsign policy build --watch`: builds and tests again whenever a file of the project changes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use callsign::Limits;

use super::{build, test};
use crate::exit::{Exit, Stop, print, say};

/// How often the project is looked at.
const PAUSE: Duration = Duration::from_millis(300);

/// The most files that are looked at: a project has some tens.
const MAX_FILES: usize = 10_000;

/// Folders whose changes come of building and installing.
const LEFT_OUT: [&str; 4] = ["target", "node_modules", "venv", "__pycache__"];

/// The files of a project, with when they were written and how long they are.
type Files = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Builds the policy, and runs its cases if there are some, now and after each change. Ends with an error of its own only; it is
/// ended by a signal.
pub(super) fn run(folder: &Path, features: &[String], out: Option<&Path>, limits: &Limits) -> Result<Exit, Stop> {
    let out = out.map(Path::to_owned);
    loop {
        let files = files(folder);
        if let Err(stop) = once(folder, features, out.as_deref(), limits) {
            stop.report();
        }
        say("watching for changes; Ctrl-C ends it\n");
        while self::files(folder) == files {
            thread::sleep(PAUSE);
        }
    }
}

fn once(folder: &Path, features: &[String], out: Option<&Path>, limits: &Limits) -> Result<Exit, Stop> {
    let component = build::build(folder, features, out)?;
    print(&format!("{}\n", component.display()))?;
    let cases = folder.join("cases.json");
    if cases.is_file() { test::run(&component, &cases, false, limits) } else { Ok(Exit::Done) }
}

fn files(folder: &Path) -> Files {
    let (mut files, mut folders) = (Files::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        // What cannot be read has no changes.
        for file in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = file.path();
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            if name.starts_with('.') || LEFT_OUT.contains(&name) || files.len() >= MAX_FILES {
                continue;
            }
            match file.metadata() {
                Ok(about) if about.is_dir() => folders.push(path),
                Ok(about) => drop(files.insert(path, (about.modified().ok(), about.len()))),
                Err(_) => {}
            }
        }
    }
    files
}
