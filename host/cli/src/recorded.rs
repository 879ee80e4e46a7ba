//! A decision log on the command line: which of it is read, and where that is found which it names.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, available_parallelism};
use std::time::{Duration, SystemTime};

use callsign::{Catalog, CompiledCache, ModuleStore, Policy};
use callsign_log::{DecisionLog, LogError, LogKey, PolicyContext, TimeRange};
use callsign_replay::{FileSources, Gone, PassOptions, PassProgress, SourceError, Sources};
use callsign_service::{Config, PastCatalogError, PastCatalogs, StoreError};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::runtime::Runtime;

use crate::args::id;
use crate::backup::no_platform;
use crate::decision_log::Moment;
use crate::exit::Stop;
use crate::gateway::compiler;
use crate::module::key_file;
use crate::module_trust::{ModuleTrust, Signatures};
use crate::numbering::NumberingArguments;
use crate::serve::load;

/// A log, and what is needed to decide what is in it again.
#[derive(Args)]
pub(crate) struct RecordedArguments {
    /// The decision log: its folder, or one segment of it.
    #[arg(value_name = "LOG")]
    log: PathBuf,

    /// A component that decided. May be given several times. The standard policy of this release needs none.
    #[arg(long, value_name = "FILE.wasm")]
    module: Vec<PathBuf>,

    /// A module store with the modules that decided, or the data folder of a service, which has the catalogs of its
    /// revisions, too. May be given several times.
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,

    /// The configuration of the service that decided, in place of its data folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The key of the log, where recipients are sealed [default: the file `key` of the log's folder]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Whether modules need a valid signature to decide again [default: what the configuration says; without one, `required`
    /// if the data folder has keys of modules]
    #[arg(long, value_name = "RULE", value_enum)]
    signatures: Option<Signatures>,

    /// A file of keys that signatures are verified with, beside those of the service. A FILE.wasm of --module has its signature
    /// in FILE.wasm.minisig.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,

    /// Only decisions from this time on: RFC 3339, a day, or an age such as 24h.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = Moment::parse)]
    since: Option<Moment>,

    /// Only decisions before this time.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = Moment::parse)]
    until: Option<Moment>,

    /// Only decisions of this application.
    #[arg(long, value_name = "ID", value_parser = id)]
    application: Option<String>,

    /// Only decisions of this entity.
    #[arg(long, value_name = "ID", value_parser = id)]
    entity: Option<String>,

    /// How many threads to use [default: one for each core]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) numbering: NumberingArguments,
}

/// The most threads: the log is read by one at a time.
const MAX_THREADS: usize = 64;

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Ok(number) if number.get() <= MAX_THREADS => Ok(number),
        _ => Err(format!("give a number from 1 to {MAX_THREADS}")),
    }
}

/// A log that was opened.
pub(crate) struct Recorded {
    pub(crate) log: DecisionLog,
    pub(crate) key: Option<LogKey>,
    pub(crate) sources: Found,
    pub(crate) standard: Arc<Policy>,
    pub(crate) options: PassOptions,
}

impl RecordedArguments {
    /// Opens the log and what it needs, with the catalogs in some files.
    pub(crate) fn open(&self, catalogs: &[PathBuf]) -> Result<Recorded, Stop> {
        let log = DecisionLog::open(&self.log).map_err(|error| {
            Stop::refused(error).hint(
                "Give the folder that decisions were recorded in, with `--log` of resolve or [log] of the service.",
            )
        })?;
        let cache = CompiledCache::of_user();
        let standard = Arc::new(cache.standard().map_err(Stop::failed)?);
        let mut sources = FileSources::new(cache.with_compiler(compiler()?)).numbering(self.numbering.load()?);
        let added = catalogs.iter().try_for_each(|path| sources.add_catalog(path));
        let added = added.and_then(|()| self.module.iter().try_for_each(|path| sources.add_component(path)));
        added.map_err(|error: SourceError| Stop::refused(error))?;
        let mut services: Vec<Config> = self.config.iter().map(|file| load(Some(file))).collect::<Result<_, _>>()?;
        for folder in &self.data {
            stores(folder)?.into_iter().for_each(|store| sources.add_store(store));
            if folder.join(PLATFORM_MODULES).is_dir() {
                let mut config = Config::default();
                config.data.clone_from(folder);
                services.push(config);
            }
        }
        if let Some(config) = services.first().filter(|_| self.config.is_some()) {
            stores(&config.data)?.into_iter().for_each(|store| sources.add_store(store));
        }
        let configured = services.first().filter(|_| self.config.is_some()).map(|config| config.modules.signatures);
        let keys = self.keys.as_deref().map(key_file).transpose()?;
        let trust = ModuleTrust::open(self.signatures, configured, &services, keys, &self.module)?;
        let revisions = services.iter().map(Revisions::open).collect::<Result<_, _>>()?;
        let sources = Found { files: sources, revisions, trust };
        let mut options = PassOptions::default();
        let now = SystemTime::now();
        let at = |moment: Option<Moment>| moment.map(|moment| moment.microseconds(now));
        options.range = TimeRange { since: at(self.since).unwrap_or(0), until: at(self.until).unwrap_or(u64::MAX) };
        options.application = self.application.as_deref().map(Into::into);
        options.entity = self.entity.as_deref().map(Into::into);
        options.threads = self.threads.or_else(|| available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        Ok(Recorded { key: self.key(&log)?, log, sources, standard, options })
    }

    /// The key that is given, or that of the log's folder, if it has one.
    fn key(&self, log: &DecisionLog) -> Result<Option<LogKey>, Stop> {
        if let Some(path) = &self.key {
            return LogKey::read(path).map(Some).map_err(Stop::refused);
        }
        let folder = log.segments().first().and_then(|segment| segment.path.parent()).unwrap_or(Path::new("."));
        match LogKey::of_log(folder) {
            Ok(key) => Ok(key),
            // Whoever may not read the key may still replay what is not sealed.
            Err(LogError::File(_) | LogError::Io { .. }) => Ok(None),
            Err(error) => Err(Stop::refused(error)),
        }
    }
}

/// Where the catalogs and modules of a log are found: in files, and in services.
pub(crate) struct Found {
    files: FileSources,
    revisions: Vec<Revisions>,
    /// Which modules may run; `None` is all.
    trust: Option<ModuleTrust>,
}

/// The catalogs of the revisions of a service.
struct Revisions {
    runtime: Runtime,
    catalogs: Mutex<PastCatalogs>,
}

/// What a log names the catalog of a revision by.
const REVISION: &str = "revision:";

impl Revisions {
    fn open(config: &Config) -> Result<Self, Stop> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(Stop::failed)?;
        let catalogs = runtime.block_on(PastCatalogs::open(config)).map_err(|error| match error {
            PastCatalogError::Store(StoreError::NoPlatform { .. }) => no_platform(error),
            error => Stop::failed(error),
        })?;
        Ok(Self { runtime, catalogs: Mutex::new(catalogs) })
    }

    fn at(&self, revision: u64) -> Result<Catalog, Gone> {
        let mut catalogs = self.catalogs.lock().unwrap_or_else(PoisonError::into_inner);
        self.runtime.block_on(catalogs.at(revision)).map_err(|error| Gone::new(error.to_string()))
    }
}

impl Sources for Found {
    fn catalog(&self, name: &str) -> Result<Catalog, Gone> {
        let mut found = self.files.catalog(name);
        if let Some(revision) = name.strip_prefix(REVISION).and_then(|number| number.parse().ok()) {
            for service in &self.revisions {
                if found.is_err() {
                    found = service.at(revision);
                }
            }
        }
        found
    }

    fn policy(&self, policy: &PolicyContext) -> Result<Policy, Gone> {
        self.trust.as_ref().map_or(Ok(()), |trust| trust.check(policy))?;
        self.files.policy(policy)
    }
}

/// Where a service has the modules of its platform, in its data folder.
const PLATFORM_MODULES: &str = "modules/platform";

/// The module stores in a folder: itself, or those of a service.
fn stores(folder: &Path) -> Result<Vec<ModuleStore>, Stop> {
    let is_store = |folder: &Path| folder.join("names").is_dir() && folder.join("modules").is_dir();
    let mut found = Vec::new();
    if is_store(folder) {
        found.push(folder.to_owned());
    } else {
        let inner = folder.join("modules");
        let entries = inner.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
        found.extend(entries.filter(|path| is_store(path)));
        found.sort();
    }
    if found.is_empty() {
        let error = anyhow::anyhow!("{}: there are no modules in it", folder.display());
        return Err(Stop::refused(error)
            .hint("Give the folder of a module store, or the data folder of a service, after --data."));
    }
    found.into_iter().map(|store| ModuleStore::open(store).map_err(Stop::refused)).collect()
}

/// Does some work, and shows people at a terminal how far it has come.
pub(crate) fn with_progress<T: Send>(work: impl FnOnce(&PassProgress) -> T + Send) -> T {
    let progress = PassProgress::new();
    if !io::stderr().is_terminal() {
        return work(&progress);
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg} records, {eta} left") {
        bar.set_style(style);
    }
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        let (progress, bar) = (&progress, &bar);
        scope.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = is_done.recv_timeout(Duration::from_millis(100)) {
                let (bytes, all) = progress.bytes();
                bar.set_length(all);
                bar.set_position(bytes);
                bar.set_message(progress.records().to_string());
            }
            bar.finish_and_clear();
        });
        let result = work(progress);
        drop(done);
        result
    })
}
