//! Whether a module may be taken in, and whether it may run: the rule of the configuration, on the keys and signatures of a state.

use callsign_signature::{KeyId, NotTrusted, Signature, SignatureError, Statement, StatementError, merge};

use crate::binding::PolicySpec;
use crate::change::key_of;
use crate::config::SignatureRule;
use crate::module::{ModuleRecord, STANDARD};
use crate::state::State;

/// Why a module is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untrusted {
    #[error(transparent)]
    Signatures(#[from] NotTrusted),
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error(transparent)]
    Form(#[from] SignatureError),
    #[error("the module {0} is not there any more")]
    Gone(String),
}

impl State {
    /// The keys whose signatures of a module count at a moment; none if it may not run where signatures are required.
    pub(crate) fn signers(&self, module: &ModuleRecord, now: u64) -> Vec<KeyId> {
        self.trusted(module, now).unwrap_or_default()
    }

    fn trusted(&self, module: &ModuleRecord, now: u64) -> Result<Vec<KeyId>, Untrusted> {
        let signatures: Vec<Signature> = module.signatures().collect();
        let owner = module.application_id.as_deref();
        Ok(self.module_keys.trust(&module.statement()?, owner, &signatures, now)?)
    }

    /// Whether the module of an owner may run. The standard policy always may: it is a part of this program.
    ///
    /// # Errors
    /// It may not: why.
    pub(crate) fn may_run(
        &self,
        rule: SignatureRule,
        owner: Option<&str>,
        digest: &str,
        now: u64,
    ) -> Result<(), Untrusted> {
        if rule == SignatureRule::Off || digest == STANDARD {
            return Ok(());
        }
        let module = self.modules.get(&key_of(&[owner, Some(digest)]));
        let module = module.ok_or_else(|| Untrusted::Gone(digest.to_owned()))?;
        self.trusted(module, now).map(drop)
    }

    /// Whether the module of a policy may run.
    ///
    /// # Errors
    /// It may not: why.
    pub(crate) fn may_run_spec(&self, rule: SignatureRule, spec: &PolicySpec, now: u64) -> Result<(), Untrusted> {
        self.may_run(rule, spec.owner.as_deref(), &spec.module, now)
    }

    /// Whether a module of an owner may be taken in with signatures that came with it. Returns all that it has then: those that
    /// it had, and these.
    ///
    /// # Errors
    /// It may not: why.
    pub(crate) fn take_in(
        &self,
        rule: SignatureRule,
        owner: Option<&str>,
        statement: &Statement,
        more: &[Signature],
        now: u64,
    ) -> Result<Vec<Signature>, Untrusted> {
        let present = self.modules.get(&key_of(&[owner, Some(statement.digest())]));
        let present: Vec<Signature> = present.into_iter().flat_map(|module| module.signatures()).collect();
        if rule == SignatureRule::Required {
            // What comes again without signatures has those that it had.
            match more.is_empty() && !present.is_empty() {
                true => self.module_keys.trust(statement, owner, &present, now)?,
                false => self.module_keys.accept(statement, owner, more, now)?,
            };
        }
        Ok(merge(&present, more)?)
    }
}
