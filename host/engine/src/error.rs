//! Why a component cannot be used as a policy.

use std::path::PathBuf;
use std::time::Duration;

use callsign_catalog::escape;

use crate::failure::MAX_TEXT;

/// Why a component cannot be used as a policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The component is larger than the limit.
    #[error("the component has {bytes} bytes, but the limit is {limit} bytes")]
    TooLarge {
        /// Its size, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The bytes are not a component.
    #[error("not a WebAssembly component: {reason}")]
    NotAComponent {
        /// What is wrong, and where.
        reason: String,
    },
    /// The component's name or version is not valid.
    #[error(
        "the component's {what} is {text:?}; it must be 1 to 128 bytes, without `@` and without control or format characters"
    )]
    Metadata {
        /// `name` or `version`.
        what: &'static str,
        /// The invalid text, cut to 128 characters.
        text: String,
    },
    /// The component does not compile.
    #[error("the component does not compile: {reason}")]
    Compile {
        /// What the compiler says.
        reason: String,
    },
    /// An instance of the component would need more memory, tables or modules than the engine has room for.
    #[error("an instance of the component would be too large: {reason}")]
    Instance {
        /// What it needs too much of, and the limit.
        reason: String,
    },
    /// The component would take too long to compile.
    #[error("the component would take too long to compile: it has {found} {what}, the limit is {limit}")]
    Budget {
        /// What there is too much of.
        what: &'static str,
        /// How much there is. Counting stops where the limit is passed.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// The component was not compiled in time.
    #[error("the component was not compiled within {limit:?}; make it smaller, or allow more time (`Limits::compile`)")]
    CompileTime {
        /// The limit.
        limit: Duration,
    },
    /// The component took more processor time than a child process may.
    #[error(
        "the component was not compiled within {limit:?} of processor time; make it smaller, or allow more (`Limits::compile_processor`)"
    )]
    CompileProcessor {
        /// The limit.
        limit: Duration,
    },
    /// The component took more memory than a child process may.
    #[error(
        "the component was not compiled within {limit} bytes of memory; make it smaller, or allow more (`Limits::compile_memory`)"
    )]
    CompileMemory {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The child process that compiles does not do its work. That is no fault of the component.
    #[error("the compiler does not run: {reason}")]
    Compiler {
        /// The cause.
        reason: String,
    },
    /// The component imports something that the contract does not have.
    #[error(
        "the component imports {}; a policy may import the interfaces of callsign:policy and nothing else (no WASI)",
        excess.join(", ")
    )]
    Imports {
        /// The imports that are not allowed, at most 20, and how many more there are.
        excess: Vec<String>,
    },
    /// The component does not export the interface of policies.
    #[error("the component does not export {missing}; every policy must export it")]
    Exports {
        /// The missing export.
        missing: String,
    },
    /// The component was made for a draft of the contract, from before its first release.
    #[error(
        "the component was made for a draft of callsign:policy@1.0.0, from before the first release. Since then a request has \
         the type of the message and marks, channels, sender types and steps are numbers, a refusal is a record, and a pool \
         names a message type. Build it again with the SDK of this release: `callsign policy build`"
    )]
    Draft,
    /// The component uses a version of the contract that this host does not serve.
    #[error("the component uses {interface}, but this host serves {served} and compatible versions")]
    Version {
        /// The interface and its version.
        interface: String,
        /// The newest version that is served.
        served: String,
    },
    /// An interface has the name of one of the contract, but other functions or types.
    #[error("the component does not match the contract: {reason}")]
    Mismatch {
        /// The difference.
        reason: String,
    },
    /// The policy does not accept its settings.
    #[error("the policy does not accept its settings: {reason}")]
    Settings {
        /// The policy's reason.
        reason: String,
    },
    /// The policy failed before its first decision.
    #[error("the policy does not start: {reason}")]
    Start {
        /// The cause.
        reason: String,
    },
    /// All instances of the process are in a call.
    #[error("the policy does not start: all {limit} instances of this process are in a call; try again")]
    Busy {
        /// How many there may be.
        limit: usize,
    },
    /// The engine does not start on this machine.
    #[error("the WebAssembly engine does not start: {reason}")]
    Engine {
        /// The cause.
        reason: String,
    },
}

impl PolicyError {
    /// The error of a compile. wasmtime also checks there whether its pool has room for an instance.
    pub(crate) fn of_compiler(error: &wasmtime::Error) -> Self {
        let of_instances = error.chain().any(|cause| cause.to_string().contains("pooling allocator"));
        let reason = error.root_cause().to_string().replace(" in the pooling allocator", "");
        if of_instances {
            return Self::Instance { reason: escape::line(&reason, MAX_TEXT) };
        }
        Self::Compile { reason: escape::line(&format!("{error:#}"), MAX_TEXT) }
    }
}
