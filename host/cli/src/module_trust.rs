//! Whether a module that decided may run again: the signatures that a service has stored, or that are beside a file.

use std::path::PathBuf;

use callsign::{Inspection, ModuleDigest, standard_component};
use callsign_log::PolicyContext;
use callsign_replay::Gone;
use callsign_service::{Config, SignatureRule, StoreError, StoredModules};
use callsign_signature::{Keyring, Signature, Statement};
use clap::ValueEnum;

use crate::backup::no_platform;
use crate::exit::Stop;
use crate::module::{beside, signature};

/// Whether modules need signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Signatures {
    /// They need a valid one.
    Required,
    /// They need none.
    Off,
}

/// The modules that may run, where signatures are required.
pub(crate) struct ModuleTrust {
    stored: Vec<StoredModules>,
    keys: Keyring,
    files: Vec<PathBuf>,
}

impl ModuleTrust {
    /// What is required of the modules of some services and files. `None`: nothing is. Without a word of the command line it is
    /// what the configuration says; without a configuration they are required if there are keys.
    pub(crate) fn open(
        asked: Option<Signatures>,
        configured: Option<SignatureRule>,
        services: &[Config],
        keys: Option<Keyring>,
        files: &[PathBuf],
    ) -> Result<Option<Self>, Stop> {
        if asked == Some(Signatures::Off) {
            return Ok(None);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(Stop::failed)?;
        let open = |config: &Config| {
            runtime.block_on(StoredModules::open(config)).map_err(|error| match error {
                StoreError::NoPlatform { .. } => no_platform(error),
                error => Stop::failed(error),
            })
        };
        let stored: Vec<StoredModules> = services.iter().map(open).collect::<Result<_, _>>()?;
        let has_keys = keys.is_some() || stored.iter().any(StoredModules::has_keys);
        let is_required = match (asked, configured) {
            (Some(asked), _) => asked == Signatures::Required,
            (None, Some(rule)) => rule == SignatureRule::Required,
            (None, None) => has_keys,
        };
        if is_required && !has_keys {
            let error = anyhow::anyhow!("signatures are required, and there are no keys to verify them with");
            return Err(Stop::refused(error).hint("Give a file of keys after --keys, or --signatures off."));
        }
        let trust = Self { stored, keys: keys.unwrap_or_default(), files: files.to_vec() };
        Ok(is_required.then_some(trust))
    }

    /// Whether the module of a policy may run.
    ///
    /// # Errors
    /// It may not: why.
    pub(crate) fn check(&self, policy: &PolicyContext) -> Result<(), Gone> {
        let digest = digits(&policy.module);
        if digest == ModuleDigest::of(standard_component()).to_string() {
            return Ok(());
        }
        let mut reason = format!("{} has no signature, and signatures are required", policy.label);
        for stored in &self.stored {
            match stored.check(&digest, &self.keys) {
                Ok(()) => return Ok(()),
                Err(Some(found)) => reason = found,
                Err(None) => {}
            }
        }
        for file in &self.files {
            match self.check_file(file, &digest) {
                Some(Ok(())) => return Ok(()),
                Some(Err(found)) => reason = found,
                None => {}
            }
        }
        Err(Gone::new(reason))
    }

    /// Whether the signature beside a file counts; `None` if the file has other bytes, or none is beside it.
    fn check_file(&self, file: &PathBuf, digest: &str) -> Option<Result<(), String>> {
        let bytes = std::fs::read(file).ok()?;
        if ModuleDigest::of(&bytes).to_string() != digest || !beside(file).is_file() {
            return None;
        }
        let Inspection { name, version, .. } = Inspection::of(&bytes).ok()?;
        let signature: Signature = match signature(&beside(file)) {
            Ok(signature) => signature,
            Err(_) => return Some(Err(format!("{} is no signature", beside(file).display()))),
        };
        let statement = Statement::new(&name?, &version?, digest).ok()?;
        let now = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default();
        // A file says of nobody whose it is, so a key counts for its owner.
        let owner = self.keys.get(signature.key_id()).and_then(|key| key.application_id.clone());
        let checked = self.keys.check(&statement, owner.as_deref(), &signature, now);
        Some(checked.map(drop).map_err(|fault| fault.to_string()))
    }
}

fn digits(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
