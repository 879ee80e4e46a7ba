//! The report of all benches: what there is of their results, as Markdown, as a page and as plots.
#![forbid(unsafe_code)]

mod document;
mod estimates;
mod figure;
mod html;
mod input;
mod markdown;
mod plot;
#[cfg(test)]
mod sample;
mod section;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use document::Document;
use input::Inputs;

/// Writes report.md, report.html and the plots beside the results of the benches.
#[derive(Parser)]
struct Arguments {
    /// The folder of what the benches write themselves, and of the report.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// The folder of criterion's estimates.
    #[arg(long, default_value = "target/criterion")]
    criterion: PathBuf,
    /// What is known of targets that are missed, as Markdown; `notes.md` in the folder goes before it.
    #[arg(long, default_value = "benches/notes.md")]
    notes: PathBuf,
}

fn main() -> ExitCode {
    let Arguments { folder, criterion, notes } = Arguments::parse();
    match write(&folder, &criterion, &notes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path, criterion: &Path, notes: &Path) -> anyhow::Result<()> {
    let inputs = Inputs::read(folder, criterion, notes)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let document = Document::new(&inputs)?;
    put(&folder.join("report.md"), &markdown::render(&document))?;
    put(&folder.join("report.html"), &html::render(&document))?;
    for plot in document.plots() {
        put(&folder.join(plot.file()), &plot.standalone())?;
    }
    eprintln!("{}: {}", folder.join("report.html").display(), section::targets::summary(&inputs));
    Ok(())
}

fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
