//! `callsign policy`: the tools of a policy's author.

mod build;
mod cases;
mod inspect;
mod language;
mod new;
mod record;
mod sdk;
mod test;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use callsign::Limits;
use clap::{Args, Subcommand};

use self::language::Language;
use crate::args::DeadlineArgument;
use crate::exit::{Exit, Stop};

pub(crate) const EXAMPLES: &str = "\
A policy is a WebAssembly component that decides in place of the standard policy.

Examples:
  callsign policy new quiet-hours --sdk ~/callsign
  callsign policy build quiet-hours
  callsign policy test quiet-hours/target/quiet-hours-0.1.0.wasm quiet-hours/cases.json
  callsign policy inspect quiet-hours/target/quiet-hours-0.1.0.wasm
  callsign resolve --catalog catalog.json --policy quiet-hours-0.1.0.wasm messages.jsonl";

const NEW: &str = "\
The new project has a policy that builds on the standard one, with settings, a refusal
of its own, a test and cases. In JavaScript and Python it has the contract and the SDK
inside, and pins the tool that builds it: its README.md says how to install that.

Examples:
  callsign policy new quiet-hours --language javascript
  callsign policy new quiet-hours --sdk ~/callsign
  callsign policy new quiet-hours --path policies/quiet --sdk ~/callsign/guest/sdk

Exit codes:
  0  written
  2  bad input: a name that is not valid, a folder that is not empty, a folder
     without the SDK
  3  another failure, such as a file that cannot be written";

const BUILD: &str = "\
The component is target/NAME-VERSION.wasm, with the name and the version of the
project's manifest; its path is printed to standard output. The manifest says the
language:

  Cargo.toml      Rust: cargo and `rustup target add wasm32-unknown-unknown`
  package.json    JavaScript: Node.js, and `npm install` in the project
  pyproject.toml  Python: `pip install --requirement requirements.txt` into .venv

A crate's build is reproducible: the bytes do not depend on the folder of the crate, only
on the folders of its path dependencies. Where git keeps the project, the component has
the commit as its revision, with -dirty if files of the project differ from it.

--watch builds again whenever a file of the project changes, runs cases.json if there is
one, and goes on until it is ended by Ctrl-C (exit code 130) or another signal.

Examples:
  callsign policy build
  callsign policy build quiet-hours --out quiet-hours.wasm
  callsign policy test \"$(callsign policy build)\" cases.json
  callsign policy build --watch

Exit codes:
  0  built
  2  bad input: no project, one that does not build, one without a policy
  3  another failure: a tool that is not installed, a file that cannot be written";

const TEST: &str = "\
CASES.json is one object:
  {\"catalog\": \"catalog.json\",        a path relative to this file, or the catalog itself
   \"settings\": {},                   of the policy; optional
   \"cases\": [{\"name\": \"a local number\",
              \"message\": {\"channel\": \"SMS\", \"to\": \"+14155550123\", \"applicationId\": \"shop\"},
              \"repeat\": 2,            how often to decide it; the last one is compared
              \"expect\": {\"senderId\": \"S1\", \"step\": \"AREA_CODE\"}}]}
A message is as a line of `callsign resolve` has it, with `messageType`, `sentAt`,
`attributes` and `channels` too. `expect` has any of sender, senderId, step and
strategyId, or a refusal (its code); of a message with `channels` also the channel and
the fallbacks, a list of the same. Pins are kept from case to case.

A host uses an instance of a policy for many messages, drops it at any time, and puts
messages together as they come. So each case is decided by a fresh instance, by a warm
one, after every other case, alone and in batches, where it copies a pool of senders and
where it asks the host about it, with the pins that it began with. A case that is decided
otherwise anywhere has failed, and the report names the pair. Lines that the policy logs
are shown under their case, and a case that is not as expected is explained.

Examples:
  callsign policy test target/quiet-hours-0.1.0.wasm cases.json
  callsign policy test target/quiet-hours-0.1.0.wasm cases.json --record

Exit codes:
  0  every case is as expected
  1  some case is not, or is decided in two ways
  2  bad input: the component, the cases, the catalog, the settings
  3  another failure, such as an output that cannot be written";

const INSPECT: &str = "\
The component is not run.

Examples:
  callsign policy inspect quiet-hours-0.1.0.wasm
  callsign policy inspect quiet-hours-0.1.0.wasm --json | jq -r .sha256

Exit codes:
  0  a policy that this host can run
  2  a component that it cannot run, a file that is not a component or cannot be read
  3  another failure, such as an output that cannot be written";

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a project to start a policy from.
    #[command(after_help = NEW)]
    New {
        /// The name of the project and of the component: lower-case letters, digits and dashes.
        #[arg(value_name = "NAME")]
        name: String,

        /// The language that the policy is written in.
        #[arg(long, value_name = "LANGUAGE", value_enum, default_value_t = Language::Rust)]
        language: Language,

        /// The folder to write it to [default: the name]
        #[arg(long, value_name = "DIR")]
        path: Option<PathBuf>,

        /// For Rust: a checkout of Callsign with the SDK to depend on [default: the SDK of this version, from a registry]
        #[arg(long, value_name = "DIR")]
        sdk: Option<PathBuf>,
    },
    /// Build the component of a policy's project.
    #[command(after_help = BUILD)]
    Build {
        /// The folder of the project.
        #[arg(value_name = "DIR", default_value = ".")]
        folder: PathBuf,

        /// For Rust: features of the crate to build with.
        #[arg(long, value_name = "FEATURE", value_delimiter = ',')]
        features: Vec<String>,

        /// Where to write the component [default: target/NAME-VERSION.wasm]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,

        /// Build again whenever a file changes, and run the cases.
        #[arg(long)]
        watch: bool,

        #[command(flatten)]
        deadline: DeadlineArgument,
    },
    /// Run cases against a component, and measure its decisions.
    #[command(after_help = TEST)]
    Test {
        /// The component.
        #[arg(value_name = "COMPONENT.wasm")]
        component: PathBuf,

        /// The cases.
        #[arg(value_name = "CASES.json")]
        cases: PathBuf,

        /// Write what is decided into the file, as what is expected of cases without `expect`.
        #[arg(long)]
        record: bool,

        #[command(flatten)]
        deadline: DeadlineArgument,
    },
    /// Show what a component is: name, version, interface, imports, exports, size, and how it came to be.
    #[command(after_help = INSPECT)]
    Inspect {
        /// The component.
        #[arg(value_name = "FILE")]
        file: PathBuf,

        /// Print JSON, for programs.
        #[arg(long)]
        json: bool,
    },
}

/// How long the component of an author may take to compile: a whole interpreter does take some time on a machine with much else
/// to do, and nobody but the author waits.
const COMPILE: Duration = Duration::from_secs(600);

/// The limits of a service by default, but for the time to compile.
fn author_limits() -> Limits {
    let mut limits = Limits::default();
    limits.compile = COMPILE;
    limits
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Stop> {
    match &arguments.command {
        Command::New { name, language, path, sdk } => new::run(name, *language, path.as_deref(), sdk.as_deref()),
        Command::Build { folder, features, out, watch: true, deadline } => {
            watch::run(folder, features, out.as_deref(), &deadline.of(author_limits()))
        }
        Command::Build { folder, features, out, watch: false, .. } => build::run(folder, features, out.as_deref()),
        Command::Test { component, cases, record, deadline } => {
            test::run(component, cases, *record, &deadline.of(author_limits()))
        }
        Command::Inspect { file, json } => inspect::run(file, *json),
    }
}
