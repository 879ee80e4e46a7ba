//! The shadow of a binding decides too; its answer is compared and has no effect.

use callsign_engine::PinRead;
use callsign_index::DEFAULT_APPLICATION;

use super::call::{Query, try_out};
use super::check::Author;
use crate::bindings::{Difference, Route};
use crate::decision::Verdict;
use crate::snapshot::Snapshot;

/// Calls the shadow of a route on the same pin and compares its answer, which has no effect.
#[cold]
pub(crate) fn compare(snapshot: &Snapshot, route: &Route, query: &Query<'_>, ours: &Verdict, read: PinRead) {
    let Some(shadow) = &route.shadow else { return };
    if !shadow.bound.may_be_called() {
        return;
    }
    let theirs = try_out(snapshot, &shadow.bound.binding.policy, Author::Bound(&shadow.bound), query, read);
    match &theirs {
        Ok(_) => shadow.bound.succeeded(),
        Err(failure) => shadow.bound.failed(failure),
    }
    let (ours, theirs) = (
        ours.describe(snapshot),
        match theirs {
            Ok(checked) => checked.verdict.describe(snapshot),
            Err(failure) => format!("POLICY_FAILED {failure}"),
        },
    );
    shadow.compared((ours != theirs).then(|| Difference {
        application: query.message.application.unwrap_or(DEFAULT_APPLICATION).into(),
        entity: query.message.entity.map(Into::into),
        to: query.message.to.into(),
        serving: ours,
        candidate: theirs,
    }));
}
