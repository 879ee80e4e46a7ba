//! Bindings that follow new versions: a module that was added is put to use where it is waited for.

use std::sync::Arc;

use super::Service;
use super::commit::{Author, Plan, View};
use crate::binding::BindingRecord;
use crate::change::{Change, Kind, now};
use crate::fault::Fault;
use crate::module::ModuleRecord;

impl Service {
    /// Moves the bindings that follow a module's name to it, each by itself: one that does not accept it stays as it is.
    pub(crate) async fn move_followers(self: &Arc<Self>, module: &Arc<ModuleRecord>) {
        let state = self.state();
        for record in state.bindings.values().filter(|record| record.follows(module)) {
            if let Err(fault) = self.move_to(record, module).await {
                tracing::warn!("{} does not move to {}: {}", record.whom.bound(), module.label(), fault.text);
            }
        }
    }

    async fn move_to(self: &Arc<Self>, record: &BindingRecord, module: &Arc<ModuleRecord>) -> Result<(), Fault> {
        let spec = record.with_module(module);
        self.accept(&record.whom, &spec).await?;
        let (whom, module) = (record.whom.clone(), Arc::clone(module));
        let author = Author::itself(format!("follows {}", module.label()));
        let plan = move |view: &View| {
            let record = view.state.bindings.get(&whom);
            // What was changed meanwhile was changed by somebody who knows better.
            let record = record.filter(|record| record.follows(&module) && record.with_module(&module).is(&spec));
            let is_there = view.state.modules.contains_key(&module.key());
            let Some(record) = record.filter(|_| is_there) else { return Ok(Plan::new(Vec::new(), ())) };
            let next = record.follow(spec.clone(), now());
            Ok(Plan::new(vec![Change::put(Kind::Binding, whom.key(), &next)], ()))
        };
        self.change(author, plan).await
    }
}
