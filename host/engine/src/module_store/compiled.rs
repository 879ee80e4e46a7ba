//! A cache of compiled code on disk.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use wasmtime::component::Component;

use super::digest::ModuleDigest;
use super::files::{self, Durability};
use super::private::{self, TrustError};
use super::sealed::{CodeKey, Secret, Verified};
use crate::compile::{Compiler, Source};
use crate::engine::Engine;
use crate::{Limits, Policy, PolicyError, STANDARD};

/// How many components [`CompiledCache::of_user`] keeps; the oldest file is removed first. A store keeps what its
/// modules need.
const USER_CACHE_ENTRIES: usize = 32;

const SECRET: &str = "key";
const ENDING: &str = ".cwasm";

/// A folder of compiled components, so that a process need not compile what another process of the same user has.
///
/// The files are native code, so they are loaded only if nobody but this user can have written them:
///
/// - The folder (mode 0700) and each file (mode 0600) must belong to this user, and others must not be able to write
///   them.
/// - Each file begins with a seal: an HMAC-SHA-256 of its key and its code, with a secret that is in the folder and
///   that only this user can read.
/// - The seal is checked in the memory that is then run, not in the file, which could change meanwhile.
///
/// A file that fails a check is logged, compiled again and replaced.
///
/// The key of a file is the SHA-256 of the component's digest and of wasmtime's compatibility hash, which covers the
/// version of wasmtime, the settings of the engine, and the target with the features of its processor.
///
/// A cache that cannot be read or written is not an error: every component is compiled then.
#[derive(Debug, Clone)]
pub struct CompiledCache {
    folder: Option<PathBuf>,
    max_entries: usize,
    compiler: Compiler,
}

impl CompiledCache {
    /// A cache in this folder, which is created when the first component is kept. Only
    /// [`ModuleStore::gc`](crate::ModuleStore::gc) removes anything from it.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), max_entries: usize::MAX, compiler: Compiler::default() }
    }

    /// The cache of this user: the folder `compiled` in `$CALLSIGN_CACHE`, else in `$XDG_CACHE_HOME/callsign`, else in
    /// `~/.cache/callsign`. It is off if `CALLSIGN_CACHE` is empty, or if none of the three is set. It keeps the 32
    /// components that were written last.
    pub fn of_user() -> Self {
        let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = match env::var_os("CALLSIGN_CACHE") {
            Some(chosen) if chosen.is_empty() => None,
            Some(chosen) => Some(PathBuf::from(chosen)),
            None => {
                let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
                caches.map(|caches| caches.join("callsign"))
            }
        };
        Self {
            folder: folder.map(|folder| folder.join("compiled")),
            max_entries: USER_CACHE_ENTRIES,
            compiler: Compiler::default(),
        }
    }

    /// No cache: every component is compiled.
    pub fn off() -> Self {
        Self { folder: None, max_entries: 0, compiler: Compiler::default() }
    }

    /// Sets where components are compiled that the cache does not have. Default [`Compiler::in_process`].
    #[must_use]
    pub fn with_compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = compiler;
        self
    }

    /// [`Policy::standard`], from the cache if possible. It is trusted, so it is always compiled in this process.
    ///
    /// # Errors
    /// As [`Policy::standard`].
    pub fn standard(&self) -> Result<Policy, PolicyError> {
        self.clone().with_compiler(Compiler::in_process()).policy(STANDARD, Limits::default())
    }

    /// [`Policy::from_bytes_within`], from the cache if possible.
    ///
    /// # Errors
    /// As [`Policy::from_bytes`].
    pub fn policy(&self, bytes: &[u8], limits: Limits) -> Result<Policy, PolicyError> {
        let source = Source::check(bytes, &limits)?;
        let digest = ModuleDigest::of(bytes);
        if let Some(component) = self.find(&digest, &limits)? {
            return Policy::link(&source, digest, &component, limits);
        }
        let component = self.compile(&source, &limits)?;
        let policy = Policy::link(&source, digest, &component, limits)?;
        self.keep(&digest, &component);
        Ok(policy)
    }

    /// Compiles a component.
    pub(super) fn compile(&self, source: &Source<'_>, limits: &Limits) -> Result<Component, PolicyError> {
        source.compile(limits, &self.compiler)
    }

    /// The compiled component for the engine of these limits, if the cache has it and it passes the checks.
    pub(super) fn find(&self, digest: &ModuleDigest, limits: &Limits) -> Result<Option<Component>, PolicyError> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let engine = Engine::for_limits(limits)?;
        match read(folder, &CodeKey::of(digest, &engine.engine), &engine.engine) {
            Ok(component) => Ok(component),
            Err(error) => {
                log::warn!("compiling a component again: {}", chain(&error));
                Ok(None)
            }
        }
    }

    /// Keeps a compiled component.
    pub(super) fn keep(&self, digest: &ModuleDigest, component: &Component) {
        let Some(folder) = &self.folder else { return };
        let key = CodeKey::of(digest, component.engine());
        match component.serialize() {
            Ok(code) => match write(folder, &key, &code) {
                Ok(()) => self.prune(folder),
                Err(error) => log::info!("compiled code is not kept: {}", chain(&error)),
            },
            Err(error) => log::info!("compiled code is not kept: {error:#}"),
        }
    }

    /// Removes the oldest files beyond [`CompiledCache::max_entries`].
    fn prune(&self, folder: &Path) {
        if self.max_entries == usize::MAX {
            return;
        }
        let Ok(names) = files::names(folder) else { return };
        let mut written: Vec<(SystemTime, PathBuf)> = Vec::new();
        for path in names.iter().filter(|name| name.ends_with(ENDING)).map(|name| folder.join(name)) {
            if let Ok(time) = fs::symlink_metadata(&path).and_then(|found| found.modified()) {
                written.push((time, path));
            }
        }
        written.sort_unstable();
        for (_, path) in &written[..written.len().saturating_sub(self.max_entries)] {
            // This fails if another process has removed it.
            let _ = files::remove(path);
        }
    }

    /// The unfinished files, and those that are not for one of these components on one of this host's engines.
    pub(super) fn unneeded<'a>(
        &self,
        needed: impl Iterator<Item = &'a ModuleDigest>,
    ) -> Result<Vec<PathBuf>, PolicyError> {
        let Some(folder) = self.folder.as_deref().filter(|folder| private::check_folder(folder).is_ok()) else {
            return Ok(Vec::new());
        };
        let engines = Engine::both()?;
        let files = needed.flat_map(|digest| engines.map(|engine| file_of(&CodeKey::of(digest, &engine.engine))));
        let needed: HashSet<String> = files.collect();
        let names = files::names(folder).unwrap_or_default().into_iter();
        let is_ours = |name: &String| name.ends_with(ENDING) || name.starts_with(files::UNFINISHED);
        Ok(names
            .filter(|name| is_ours(name) && !needed.contains(name.as_str()))
            .map(|name| folder.join(name))
            .collect())
    }
}

/// The file of some code.
fn file_of(key: &CodeKey) -> String {
    let mut name: String = key.0.iter().map(|byte| format!("{byte:02x}")).collect();
    name.push_str(ENDING);
    name
}

fn read(folder: &Path, key: &CodeKey, engine: &wasmtime::Engine) -> Result<Option<Component>, TrustError> {
    let path = folder.join(file_of(key));
    if !path.exists() {
        return Ok(None);
    }
    private::check_folder(folder)?;
    let Some(secret) = read_secret(folder)? else { return Ok(None) };
    let Some(bytes) = private::read(&path, false)? else { return Ok(None) };
    let Some(verified) = Verified::check(bytes, &secret, key) else { return Err(TrustError::Seal { path }) };
    let component = verified.into_component(engine);
    component.map(Some).map_err(|error| TrustError::Engine { path, reason: format!("{error:#}") })
}

fn write(folder: &Path, key: &CodeKey, code: &[u8]) -> Result<(), TrustError> {
    let others_could_write = private::make_folder(folder)?;
    let secret = match read_secret(folder) {
        // Others may have written any file in the folder, the secret included. A new secret makes all of them invalid.
        _ if others_could_write => renew_secret(folder, true)?,
        Ok(Some(secret)) => secret,
        Ok(None) => renew_secret(folder, false)?,
        Err(error) => {
            log::warn!("a new secret for compiled code: {}", chain(&error));
            renew_secret(folder, true)?
        }
    };
    let file = file_of(key);
    let Some(seal) = secret.sign(key, code) else { return Err(TrustError::Seal { path: folder.join(file) }) };
    files::write(folder, &file, Durability::Private, &[&seal, code]).map_err(TrustError::io(folder))
}

fn read_secret(folder: &Path) -> Result<Option<Secret>, TrustError> {
    let path = folder.join(SECRET);
    match private::read(&path, true)? {
        None => Ok(None),
        Some(bytes) => match bytes.try_into() {
            Ok(bytes) => Ok(Some(Secret(bytes))),
            Err(_) => Err(TrustError::Seal { path }),
        },
    }
}

/// Creates the secret. If `replace` is not set and another process was first, returns that process's secret.
fn renew_secret(folder: &Path, replace: bool) -> Result<Secret, TrustError> {
    let path = folder.join(SECRET);
    let mut bytes = [0; Secret::BYTES];
    getrandom::fill(&mut bytes).map_err(|error| TrustError::io(&path)(error.into()))?;
    if replace {
        files::write(folder, SECRET, Durability::Private, &[&bytes]).map_err(TrustError::io(&path))?;
    } else if !files::create(folder, SECRET, Durability::Private, &bytes).map_err(TrustError::io(&path))? {
        return read_secret(folder)?.ok_or(TrustError::Seal { path });
    }
    Ok(Secret(bytes))
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
