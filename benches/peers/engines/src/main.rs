//! The same selection of senders in other engines: checked on the worlds of the host's benches, then measured.
#![forbid(unsafe_code)]

mod check;
mod engine;
mod extism;
mod luajit;
mod measure;
mod native;
mod plain;
mod quickjs;
mod regorus;
mod rhai;
mod rows;
mod version;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use peers_world::{World, sample};

use engine::{ENGINES, Form};
use measure::Pace;
use rows::{Row, Rows};

/// The sizes of pools that there are worlds of.
const POOLS: [u32; 3] = [10, 100, 1000];

/// Checks that every engine gives the answers of the worlds, then measures a decision of each.
#[derive(Parser)]
struct Arguments {
    /// The folder of the worlds, and of the result.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// The plug-in for Extism.
    #[arg(long, default_value = "target/peers/wasm32-unknown-unknown/plugin/peers_plugin.wasm")]
    plugin: PathBuf,
    /// Short measurements.
    #[arg(long)]
    quick: bool,
    /// Only the engines whose name has this in it.
    #[arg(long, default_value = "")]
    only: String,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Writes worlds from a seed, to try the engines without the host.
    #[command(hide = true)]
    Sample {
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Some(Command::Sample { seed }) => write_samples(&arguments.folder, *seed),
        None => compare(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn compare(arguments: &Arguments) -> anyhow::Result<()> {
    let engines: Vec<_> =
        ENGINES.iter().filter(|engine| engine.name.to_lowercase().contains(&arguments.only.to_lowercase())).collect();
    if engines.is_empty() {
        let names: Vec<&str> = ENGINES.iter().map(|engine| engine.name).collect();
        bail!("no engine has {:?} in its name: there are {}", arguments.only, names.join(", "));
    }
    let worlds = POOLS.map(|pool| read_world(&arguments.folder, pool)).into_iter().collect::<Result<Vec<_>, _>>()?;

    // Nothing is measured before everything is right.
    let mut checked = usize::MAX;
    for world in &worlds {
        eprintln!("checking, {} senders", world.senders_in_pool);
        for engine in &engines {
            for form in Form::ALL {
                let built = engine.build(world, form, &arguments.plugin)?;
                checked = checked.min(check::answers(built, engine.name, form, world)?);
            }
        }
    }

    let pace = if arguments.quick { Pace::QUICK } else { Pace::FULL };
    let mut rows = Vec::new();
    for world in &worlds {
        for engine in &engines {
            for form in Form::ALL {
                let mut built = engine.build(world, form, &arguments.plugin)?;
                let measured = measure::decisions(&mut *built, world, pace)?;
                let senders = world.senders_in_pool;
                eprintln!("{:>12.1} ns  {}, {form}, {senders} senders", measured.median, engine.name);
                rows.push(Row::new(engine.name, version::of(engine.package)?, form, senders, measured));
            }
        }
    }
    let path = arguments.folder.join("peers.json");
    let text = serde_json::to_string_pretty(&Rows { rows, checked })?;
    fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
}

fn world_file(folder: &Path, pool: u32) -> PathBuf {
    folder.join(format!("world-{pool}.json"))
}

fn read_world(folder: &Path, pool: u32) -> anyhow::Result<World> {
    let path = world_file(folder, pool);
    let text = fs::read(&path)
        .with_context(|| format!("cannot read {}: a bench of the host writes it (`make bench`)", path.display()))?;
    let world: World = serde_json::from_slice(&text).with_context(|| format!("{} is no world", path.display()))?;
    if world.requests.is_empty() {
        bail!("{} has no requests", path.display());
    }
    Ok(world)
}

fn write_samples(folder: &Path, seed: u64) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for pool in POOLS {
        let path = world_file(folder, pool);
        let text = serde_json::to_string(&sample::world(seed, pool, 1_000))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
