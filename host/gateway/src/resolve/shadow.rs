//! The shadow of a binding decides too, after the messages were decided; its answer is compared and has no effect.

use std::sync::Arc;

use callsign_engine::{PinRead, RequestTime};
use callsign_index::DEFAULT_APPLICATION;

use super::call::{Query, try_out};
use super::check::Author;
use super::destination::Question;
use super::turn::{Place, Turn};
use crate::bindings::{Difference, Route, Shadow};
use crate::decision::Verdict;
use crate::lanes::SlowLane;
use crate::message::OwnedMessage;
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;

/// What a shadow is to be asked, and what the policy that serves answered.
pub(crate) struct Comparing {
    shadow: Arc<Shadow>,
    question: Question,
    message: OwnedMessage,
    ours: Verdict,
    read: PinRead,
}

impl Turn<'_> {
    /// Keeps a message for the shadow of its route, with the pin that the policy that serves has read.
    #[cold]
    pub(crate) fn compare_later(&mut self, route: &Route, query: &Query<'_>, ours: &Verdict, read: PinRead) {
        if let Some(shadow) = &route.shadow {
            self.shadows.push(Comparing {
                shadow: Arc::clone(shadow),
                question: query.question,
                message: OwnedMessage::of(query.message),
                ours: ours.clone(),
                read,
            });
        }
    }

    /// Asks the shadows here, within what is left of the request.
    #[cold]
    pub(crate) fn compare_now(&mut self, snapshot: &Snapshot) {
        for comparing in std::mem::take(&mut self.shadows) {
            comparing.compare(snapshot, self);
        }
    }
}

/// Lets the slow lane ask the shadows, when it has nothing else to do.
#[cold]
pub(crate) fn compare_in_slow_lane(
    lane: &Arc<SlowLane>,
    snapshot: &Arc<Snapshot>,
    time: RequestTime,
    shadows: Vec<Comparing>,
) {
    for comparing in shadows {
        let tenant = snapshot.tenant(comparing.question.request.scope);
        let shadow = Arc::clone(&comparing.shadow);
        if shadow.bound.check_budget(lane, tenant).is_err() {
            shadow.dropped();
            continue;
        }
        let (threads, snapshot) = (Arc::downgrade(lane), Arc::clone(snapshot));
        let work = move || match threads.upgrade() {
            Some(lane) => comparing.compare(&snapshot, &Turn::new(&lane, Place::SlowLane, time)),
            None => comparing.shadow.dropped(),
        };
        if !lane.shadow(tenant, work) {
            shadow.dropped();
        }
    }
}

impl Comparing {
    /// Calls the shadow on the same pin and compares its answer, which has no effect.
    fn compare(self, snapshot: &Snapshot, turn: &Turn<'_>) {
        let Self { shadow, question, message, ours, read } = self;
        if shadow.bound.permit().is_err() {
            return;
        }
        let attributes = message.attributes();
        let message = message.get(&attributes);
        let query = Query { question, message: &message }.alone();
        let author = Author::Bound(&shadow.bound);
        let theirs = try_out(snapshot, turn, &shadow.bound.binding.policy, author, &query, read);
        match &theirs {
            Ok(_) => shadow.bound.succeeded(),
            Err(failure) if failure.is_for_lack_of_room() => return shadow.dropped(),
            Err(failure) => shadow.bound.failed(failure),
        }
        let verdicts = [Some(&ours), theirs.as_ref().ok().map(|checked| &checked.verdict)];
        for verdict in verdicts.into_iter().flatten() {
            if let Verdict::Refused(Refusal::Own(own)) = verdict {
                own.word_in_time(&turn.time);
            }
        }
        let (ours, theirs) = (
            ours.describe(snapshot),
            match theirs {
                Ok(checked) => checked.verdict.describe(snapshot),
                Err(failure) => format!("POLICY_FAILED {failure}"),
            },
        );
        shadow.compared((ours != theirs).then(|| Difference {
            application: message.application.unwrap_or(DEFAULT_APPLICATION).into(),
            entity: message.entity.map(Into::into),
            to: message.to.into(),
            serving: ours,
            candidate: theirs,
        }));
    }
}
