//! Compiled code, kept from one process to the next.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use wasmtime::component::Component;

use super::digest::ModuleDigest;
use super::files::{self, Kind};
use super::private::{self, Distrust};
use super::sealed::{Secret, Verified};
use crate::compile::Source;
use crate::engine::Engine;
use crate::{Limits, Policy, PolicyError, STANDARD};

/// How many components the cache of a user keeps; the one written longest ago goes first. A store keeps what its modules
/// need.
const MOST_OF_USER: usize = 32;

const SECRET: &str = "key";
const ENDING: &str = ".cwasm";

/// A folder of compiled components, so that a process does not compile what another one of the same user did before.
///
/// What it has is native code, so it is believed only where nobody else can have written it. The folder (mode 0700) and
/// each file (0600) must belong to this user and not be writable by others; each file begins with an HMAC-SHA-256 of its
/// key and its code under a secret that lies in the folder and that only this user can read; and what is checked is the
/// memory that is run, not the file. Whatever does not check is compiled again and replaced, with a line in the log.
///
/// A file's key is the SHA-256 of the component's digest and of wasmtime's compatibility hash, which covers the version
/// of wasmtime, the settings of the engine, and the target with the features of its processor.
///
/// A cache that cannot be read or written is no error: then every component is compiled.
#[derive(Debug, Clone)]
pub struct CompiledCache {
    folder: Option<PathBuf>,
    most: usize,
}

impl CompiledCache {
    /// In this folder, which is made when the first component is kept. Only [`ModuleStore::gc`](crate::ModuleStore::gc)
    /// removes anything from it.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), most: usize::MAX }
    }

    /// The cache of this user: the folder `compiled` in `$CALLSIGN_CACHE`, else in `$XDG_CACHE_HOME/callsign`, else in
    /// `~/.cache/callsign`. Off where `CALLSIGN_CACHE` is set and empty, and where there is no home either. Keeps the
    /// 32 components that were written last.
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
        Self { folder: folder.map(|folder| folder.join("compiled")), most: MOST_OF_USER }
    }

    /// None: every component is compiled.
    pub fn off() -> Self {
        Self { folder: None, most: 0 }
    }

    /// [`Policy::standard`], from the cache where it is there.
    ///
    /// # Errors
    /// As [`Policy::standard`].
    pub fn standard(&self) -> Result<Policy, PolicyError> {
        self.policy(STANDARD, Limits::default())
    }

    /// [`Policy::from_bytes_within`], from the cache where it is there.
    ///
    /// # Errors
    /// As [`Policy::from_bytes`].
    pub fn policy(&self, bytes: &[u8], limits: Limits) -> Result<Policy, PolicyError> {
        let source = Source::check(bytes, &limits)?;
        let digest = ModuleDigest::of(bytes);
        if let Some(component) = self.find(&digest, &limits)? {
            return Policy::link(source.metadata(), &component, limits);
        }
        let component = source.compile(&limits)?;
        let policy = Policy::link(source.metadata(), &component, limits)?;
        self.keep(&digest, &component);
        Ok(policy)
    }

    /// A component that was kept for the engine of these limits, if it is to be trusted.
    pub(super) fn find(&self, digest: &ModuleDigest, limits: &Limits) -> Result<Option<Component>, PolicyError> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let engine = Engine::of(limits)?;
        match read(folder, &Key::of(digest, &engine.engine), &engine.engine) {
            Ok(component) => Ok(component),
            Err(distrust) => {
                log::warn!("compiling a component again: {}", chain(&distrust));
                Ok(None)
            }
        }
    }

    /// Keeps a component that was compiled.
    pub(super) fn keep(&self, digest: &ModuleDigest, component: &Component) {
        let Some(folder) = &self.folder else { return };
        let key = Key::of(digest, component.engine());
        match component.serialize() {
            Ok(code) => match write(folder, &key, &code) {
                Ok(()) => self.prune(folder),
                Err(distrust) => log::info!("compiled code is not kept: {}", chain(&distrust)),
            },
            Err(error) => log::info!("compiled code is not kept: {error:#}"),
        }
    }

    fn prune(&self, folder: &Path) {
        if self.most == usize::MAX {
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
        for (_, path) in &written[..written.len().saturating_sub(self.most)] {
            // Another process may have been faster.
            let _ = files::remove(path);
        }
    }

    /// The files that are not for one of this host's engines and any of these components: unfinished files too.
    pub(super) fn superfluous<'a>(
        &self,
        needed: impl Iterator<Item = &'a ModuleDigest>,
    ) -> Result<Vec<PathBuf>, PolicyError> {
        let Some(folder) = self.folder.as_deref().filter(|folder| private::check_folder(folder).is_ok()) else {
            return Ok(Vec::new());
        };
        let engines = Engine::both()?;
        let files = needed.flat_map(|digest| engines.map(|engine| Key::of(digest, &engine.engine).file()));
        let needed: HashSet<String> = files.collect();
        let names = files::names(folder).unwrap_or_default().into_iter();
        let is_ours = |name: &String| name.ends_with(ENDING) || name.starts_with(files::UNFINISHED);
        Ok(names
            .filter(|name| is_ours(name) && !needed.contains(name.as_str()))
            .map(|name| folder.join(name))
            .collect())
    }
}

/// What compiled code is found by.
struct Key([u8; 32]);

impl Key {
    fn of(digest: &ModuleDigest, engine: &wasmtime::Engine) -> Self {
        let mut hasher = KeyHasher(Sha256::new());
        hasher.write(b"callsign compiled key 1\0");
        hasher.write(digest.as_bytes());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self(hasher.0.finalize().into())
    }

    fn file(&self) -> String {
        let mut name: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        name.push_str(ENDING);
        name
    }
}

/// All that is hashed, with nothing lost as in a hash of 64 bits.
struct KeyHasher(Sha256);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        digest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

fn read(folder: &Path, key: &Key, engine: &wasmtime::Engine) -> Result<Option<Component>, Distrust> {
    let path = folder.join(key.file());
    if !path.exists() {
        return Ok(None);
    }
    private::check_folder(folder)?;
    let Some(secret) = read_secret(folder)? else { return Ok(None) };
    let Some(bytes) = private::read(&path, false)? else { return Ok(None) };
    let Some(verified) = Verified::check(bytes, &secret, &key.0) else { return Err(Distrust::Seal { path }) };
    let component = verified.into_component(engine);
    component.map(Some).map_err(|error| Distrust::Engine { path, reason: format!("{error:#}") })
}

fn write(folder: &Path, key: &Key, code: &[u8]) -> Result<(), Distrust> {
    let others_could_write = private::make_folder(folder)?;
    let secret = match read_secret(folder) {
        // What lies in the folder may be anybody's, the secret included: with a new one nothing of it counts.
        _ if others_could_write => renew_secret(folder, true)?,
        Ok(Some(secret)) => secret,
        Ok(None) => renew_secret(folder, false)?,
        Err(distrust) => {
            log::warn!("a new secret for compiled code: {}", chain(&distrust));
            renew_secret(folder, true)?
        }
    };
    let file = key.file();
    let Some(seal) = secret.sign(&key.0, code) else { return Err(Distrust::Seal { path: folder.join(file) }) };
    files::write(folder, &file, Kind::Private, &[&seal, code]).map_err(Distrust::io(folder))
}

fn read_secret(folder: &Path) -> Result<Option<Secret>, Distrust> {
    let path = folder.join(SECRET);
    match private::read(&path, true)? {
        None => Ok(None),
        Some(bytes) => match bytes.try_into() {
            Ok(bytes) => Ok(Some(Secret(bytes))),
            Err(_) => Err(Distrust::Seal { path }),
        },
    }
}

/// Makes a secret; where another process was faster and it need not be another one, that process's.
fn renew_secret(folder: &Path, replace: bool) -> Result<Secret, Distrust> {
    let path = folder.join(SECRET);
    let mut bytes = [0; Secret::BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Distrust::io(&path)(error.into()))?;
    if replace {
        files::write(folder, SECRET, Kind::Private, &[&bytes]).map_err(Distrust::io(&path))?;
    } else if !files::create(folder, SECRET, Kind::Private, &bytes).map_err(Distrust::io(&path))? {
        return read_secret(folder)?.ok_or(Distrust::Seal { path });
    }
    Ok(Secret(bytes))
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
