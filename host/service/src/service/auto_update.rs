//! Automatic updates: a binding with a version range moves to a newer module when it is uploaded, or when the platform
//! shares it.

use std::sync::Arc;

use super::Service;
use super::plan::{Author, Plan, View};
use crate::binding::BindingRecord;
use crate::change::{Change, Kind, now};
use crate::fault::Fault;
use crate::module::ModuleRecord;

impl Service {
    /// Moves every binding that updates to this module, one by one. A binding that rejects the module stays as it is.
    pub(crate) async fn auto_update(self: &Arc<Self>, module: &Arc<ModuleRecord>) {
        let state = self.state();
        for record in state.bindings.values().filter(|record| record.auto_updates_to(module)) {
            if let Err(fault) = self.auto_update_one(record, module).await {
                tracing::warn!("{} does not move to {}: {}", record.target, module.label(), fault.text);
            }
        }
    }

    async fn auto_update_one(
        self: &Arc<Self>,
        record: &BindingRecord,
        module: &Arc<ModuleRecord>,
    ) -> Result<(), Fault> {
        let rule = self.config.modules.signatures;
        let spec = record.with_module(module, self.state().signers(module, now()));
        self.validate(&record.target, &spec).await?;
        let (target, module) = (record.target.clone(), Arc::clone(module));
        let author = Author::itself(format!("follows {}", module.label()));
        let plan = move |view: &View| {
            let record = view.state.bindings.get(&target);
            // A binding that was changed meanwhile is left alone.
            let record = record.filter(|record| {
                record.auto_updates_to(&module) && record.with_module(&module, spec.signed_by.clone()).is(&spec)
            });
            // A key may have been revoked.
            let record = record.filter(|_| view.state.may_run_spec(rule, &spec, now()).is_ok());
            // Nor is one that follows what the platform shares, if it does not any more.
            let there = view.state.modules.get(&module.key());
            let record = record.filter(|record| there.is_some_and(|there| record.auto_updates_to(there)));
            let Some(record) = record else { return Ok(Plan::new(Vec::new(), ())) };
            let next = record.auto_update(spec.clone(), now());
            Ok(Plan::new(vec![Change::put(Kind::Binding, target.key(), &next)], ()))
        };
        self.change(author, plan).await
    }
}
