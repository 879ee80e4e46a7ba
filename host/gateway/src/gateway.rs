//! The gateway: messages in, decisions out.

mod asynchronous;

use std::fmt;
use std::sync::Arc;

use callsign_catalog::Catalog;
use callsign_engine::{ModuleStore, Policy, PolicyError, RequestTime, StoreError, WordingTime};
use callsign_index::{Revision, SenderKeyCollision, SignalSource};
use callsign_log::Recorder;
use callsign_sticky::{MemoryStore, StickyStore};

use crate::bindings::{
    AutoRollback, Binding, BindingTarget, BoundPolicy, Comparison, Control, HeldBinding, Refreshed, Served, SwapError,
};
use crate::decision::{Decision, Decisions, Outcome, Verdict};
use crate::event::Event;
use crate::lanes::{LaneOptions, SlowLane, Usage};
use crate::message::Message;
use crate::recording::{Log, Receipts};
use crate::refusal::Refusal;
use crate::resolve::batch::Batch;
use crate::resolve::channels::Rounds;
use crate::resolve::destination::prepare;
use crate::resolve::single::decide;
use crate::resolve::turn::{Place, Turn};
use crate::snapshot::Snapshot;

/// Decides from which sender messages go out. Any number of threads share it without waiting for each other.
///
/// ```
/// use callsign::{Catalog, Channel, Gateway, Message};
///
/// let catalog = Catalog::from_json(r#"{
///     "applications": [{"applicationId": "shop"}],
///     "senders": [{"senderId": "S1", "sender": "+14155550100", "senderType": "VIRTUAL_LONG_NUMBER",
///                  "coverage": [{"channel": "SMS", "countries": ["US"]}]}],
///     "associations": [{"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null,
///                       "resourceId": "S1"}],
///     "sendingStrategies": [{"sendingStrategyId": "GENERAL", "platform": {"applicationId": "shop"}}]
/// }"#)?;
/// let gateway = Gateway::new(catalog)?;
///
/// let decision = gateway.resolve(&Message::new(Channel::Sms, "+14155550123").application("shop"));
/// assert_eq!(decision.get().sender().map(|sender| &*sender.id), Some("S1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Gateway {
    pub(crate) control: Arc<Control>,
}

/// Deciding.
impl Gateway {
    /// A gateway with the standard policy and pins in memory.
    ///
    /// # Errors
    /// The catalog cannot be indexed, or components cannot run on this machine.
    pub fn new(catalog: Catalog) -> Result<Self, GatewayError> {
        Self::with(catalog, Policy::standard()?, Arc::new(MemoryStore::new()))
    }

    /// A gateway with a policy for the platform and a store of pins.
    ///
    /// # Errors
    /// The catalog cannot be indexed, or the policy does not accept its settings.
    pub fn with(
        catalog: Catalog,
        policy: impl Into<Arc<Policy>>,
        sticky: Arc<dyn StickyStore>,
    ) -> Result<Self, GatewayError> {
        Self::with_lanes(catalog, policy, sticky, LaneOptions::default())
    }

    /// The same, with options for where policies run, and for how long.
    ///
    /// # Errors
    /// As [`Gateway::with`].
    pub fn with_lanes(
        catalog: Catalog,
        policy: impl Into<Arc<Policy>>,
        sticky: Arc<dyn StickyStore>,
        lanes: LaneOptions,
    ) -> Result<Self, GatewayError> {
        let policy = policy.into();
        policy.check_settings()?;
        Ok(Self { control: Control::new(Revision::new(catalog)?, Binding::new(policy), sticky, lanes) })
    }

    /// The sender of one message. The policy runs on the caller's thread, up to its deadline.
    #[inline]
    pub fn resolve(&self, message: &Message<'_>) -> Decision {
        if message.channels.is_some() {
            return Decision::only(self.resolve_batch(std::slice::from_ref(message)));
        }
        // The outcome is written where it is returned: each copy of it would wait for what was just written.
        let mut decision = Decision::none_yet(self.control.snapshot.load());
        let (snapshot, outcome) = (&*decision.snapshot, &mut decision.outcome);
        let begun = snapshot.begin_record();
        let to_keep = match prepare(snapshot, message) {
            Ok(query) => {
                let lane = &self.control.slow_lane;
                let mut turn = Turn::new(lane, Place::Caller, lane.request_time());
                if decide(snapshot, &query, &mut turn, outcome).is_err() {
                    // Only calls that are to be quick are given up.
                    *outcome = Outcome::undecided("the message was given up");
                }
                let to_keep = snapshot.record(begun, message, Some(&query.question), outcome);
                if !turn.shadows.is_empty() {
                    turn.compare_now(&decision.snapshot);
                }
                to_keep
            }
            Err(refused) => {
                *outcome = refused;
                snapshot.record(begun, message, None, outcome)
            }
        };
        if let Some(to_keep) = to_keep {
            decision.snapshot.keep(to_keep, &mut decision.outcome);
        }
        decision
    }

    /// The senders of many messages, each as [`Gateway::resolve`] would give it, in their order, on one catalog and one
    /// set of policies. Faster than one by one; new pins are written together. The policies run on the caller's thread, all
    /// of them within the time of a request, see [`LaneOptions::request`].
    pub fn resolve_batch(&self, messages: &[Message<'_>]) -> Decisions {
        let (snapshot, mut receipts) = (self.snapshot(), Receipts::default());
        let (outcomes, by_channel) = match Rounds::of(messages) {
            None => {
                let time = self.request_time(messages.len());
                (self.decide_batch(&snapshot, messages, time, &mut receipts), Vec::new())
            }
            Some(mut rounds) => {
                let time = self.request_time(rounds.decisions());
                while let Some(messages) = rounds.next() {
                    rounds.take(self.decide_batch(&snapshot, &messages, time, &mut receipts));
                }
                rounds.finish()
            }
        };
        let mut decisions = Decisions { snapshot, outcomes, by_channel };
        receipts.wait(&mut decisions, messages);
        decisions
    }

    /// Decides messages of one channel each on the caller's thread, and records the decisions.
    fn decide_batch(
        &self,
        snapshot: &Arc<Snapshot>,
        messages: &[Message<'_>],
        time: RequestTime,
        receipts: &mut Receipts,
    ) -> Vec<Outcome> {
        receipts.begin(snapshot);
        let lane = &self.control.slow_lane;
        let mut turn = Turn::new(lane, Place::Caller, time);
        let mut batch = Batch::new(snapshot, messages);
        // A store that is far away is asked once for all.
        let keys = if snapshot.sticky.as_async().is_some() { batch.keys() } else { Vec::new() };
        if !keys.is_empty() {
            let pins = snapshot.sticky.read(&keys);
            batch.read(pins);
        }
        batch.decide(&mut turn);
        while batch.waits() {
            let answers = snapshot.sticky.write(&batch.writes());
            batch.written(answers, &mut turn);
        }
        if batch.has_own_refusals() {
            // They are worded when they are read, all of them within the time of one request.
            let time = Arc::new(WordingTime::new(lane.length_for(messages.len())));
            for (_, outcome) in batch.own_refusals() {
                if let Verdict::Refused(Refusal::Own(own)) = &outcome.verdict {
                    own.share_time(&time);
                }
            }
            // A record has the code.
            if snapshot.recording.is_some() {
                batch.share_wordings();
            }
        }
        receipts.record(snapshot, messages.len(), batch.decided(messages));
        if !turn.shadows.is_empty() {
            turn.compare_now(snapshot);
        }
        batch.into_outcomes()
    }

    /// The time of a request of this many messages, which begins now: for requests that make several calls of the gateway.
    pub fn request_time(&self, messages: usize) -> RequestTime {
        RequestTime::begin(self.control.slow_lane.length_for(messages))
    }

    /// What the policies of an application took so far.
    pub fn usage(&self, application: &str) -> Usage {
        let snapshot = self.control.snapshot.load();
        let scope = snapshot.revision.scope_of(Some(application), None);
        self.control.slow_lane.usage(snapshot.tenant(scope))
    }

    pub(crate) fn slow_lane(&self) -> &Arc<SlowLane> {
        &self.control.slow_lane
    }

    /// The catalog that is decided on now.
    pub fn revision(&self) -> Arc<Revision> {
        Arc::clone(&self.control.snapshot.load().revision)
    }

    /// Decides on another catalog from now on. Calls under way finish on the catalog that they began with.
    ///
    /// # Errors
    /// The catalog cannot be indexed; the old one goes on.
    pub fn replace_catalog(&self, catalog: Catalog) -> Result<(), GatewayError> {
        Ok(self.control.replace_catalog(catalog)?)
    }

    /// Indexes a catalog to come after the present one, without serving it. For callers that must store a change before it
    /// takes effect: everything that can be refused is refused here.
    ///
    /// # Errors
    /// The catalog cannot be indexed.
    pub fn next_revision(&self, catalog: Catalog) -> Result<Revision, GatewayError> {
        Ok(Revision::after(&self.control.snapshot.load().revision, catalog)?)
    }

    /// Decides on a revision of [`Gateway::next_revision`] from now on. If another catalog was served in between, it is
    /// indexed again; [`Gateway::serve_next`] refuses it then.
    ///
    /// # Errors
    /// As [`Gateway::replace_catalog`]; never for the one that comes next.
    pub fn replace_revision(&self, revision: impl Into<Arc<Revision>>) -> Result<(), GatewayError> {
        Ok(self.control.replace_revision(revision.into())?)
    }

    /// Reads the health of senders, and numbers of them, from a source from now on, such as a [`SignalBoard`] that the caller
    /// keeps and sets. Without one every sender is healthy, and there are no numbers.
    ///
    /// What the source says is no part of a revision: when it changes, nothing is indexed again, and the next call of a
    /// policy reads it.
    ///
    /// ```
    /// # use callsign::{Catalog, Gateway, Health, SignalBoard, SignalSource, Signals};
    /// # use std::sync::Arc;
    /// # let gateway = Gateway::new(Catalog::from_json("{}")?)?;
    /// let board = Arc::new(SignalBoard::new());
    /// gateway.use_signals(board.clone());
    ///
    /// let mut signals = Signals::builder();
    /// signals.health("S1", None, None, Health::Unhealthy { since: 1_767_225_600 });
    /// signals.number("S2", "load", 0.75);
    /// board.set(signals);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`SignalBoard`]: crate::SignalBoard
    pub fn use_signals(&self, source: Arc<dyn SignalSource>) {
        self.control.use_signals(source);
    }

    /// Decides with this policy from now on where a message fell to [`OnFailure::Standard`](crate::OnFailure::Standard): the
    /// standard policy within other limits than the default ones, or from a cache of compiled code. Without it the first binding
    /// with that rule compiles one.
    pub fn use_standard(&self, standard: Arc<Policy>) {
        self.control.use_standard(standard);
    }

    /// Records every decision from now on in a log: what it read, and what became of the message. Calls under way finish as
    /// they began. It replaces the log before, if there was one. A message with [`channels`](Message::channels) has a record
    /// for each channel that was decided.
    ///
    /// A decision waits for nothing and takes no lock for it, unless the log is to lose none ([`Promise::Keep`]): then it is
    /// given once its record is on disk, and a batch waits once for all of its records. What cannot be recorded is refused
    /// with [`Refusal::LogUnavailable`], and so are all messages of its batch; pins that they wanted may have been written.
    ///
    /// A catalog is recorded under its [`name`](Catalog::named). Refusals in a policy's own words are worded at once.
    ///
    /// Takes 0.2 s the first time in a process: the speed of the processor's counter is measured.
    ///
    /// ```no_run
    /// use callsign::log::{LogOptions, Recorder};
    /// use callsign::{Catalog, Gateway};
    ///
    /// let catalog = Catalog::load("catalog.json")?.named("catalog of May");
    /// let gateway = Gateway::new(catalog)?;
    /// gateway.record_to(Recorder::open("decisions", LogOptions::default())?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`Promise::Keep`]: crate::log::Promise::Keep
    pub fn record_to(&self, recorder: Arc<Recorder>) {
        self.control.record_to(Some(Log::new(recorder)));
    }

    /// Records no further decisions.
    pub fn stop_recording(&self) {
        self.control.record_to(None);
    }

    /// The snapshot of the moment.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.control.snapshot.load_full()
    }
}

/// Changing policies under traffic. Callers take no lock, calls under way finish on the policy that they began with, and a
/// batch never mixes versions.
impl Gateway {
    /// Puts a policy to use. First it checks its settings, its instances start and it answers the binding's probes; then it
    /// serves. Candidates of the policy before are dropped.
    ///
    /// # Errors
    /// It does not accept its settings, does not start, or fails a probe. What served before serves on, and an
    /// [`EventKind::Rejected`](crate::EventKind::Rejected) event says why.
    pub fn swap(&self, target: &BindingTarget, binding: Binding) -> Result<(), SwapError> {
        self.control.swap(target, binding)
    }

    /// Binds targets whose policies are not ready yet, in one step: for a program that starts and has bindings of which some
    /// start slowly. Until a [`Gateway::swap`] gives a target its policy, its messages are answered by the failure rule:
    /// refused with `POLICY_FAILED`, or decided by `standard`. Without this the more general binding would decide them.
    pub fn hold(&self, bindings: Vec<HeldBinding>, standard: &Arc<Policy>) {
        self.control.hold(bindings, standard);
    }

    /// Whether [`Gateway::swap`] would accept a binding now: everything that it does but the last step. For callers that must
    /// store a change before it takes effect.
    ///
    /// # Errors
    /// As [`Gateway::swap`].
    pub fn check(&self, target: &BindingTarget, binding: Binding) -> Result<(), SwapError> {
        self.control.check(target, binding)
    }

    /// Goes back to the policy before. It needs no file: the last 16 of each binding are kept. [`Gateway::refresh`] then skips
    /// the version that was taken off.
    ///
    /// # Errors
    /// There is no such binding, or nothing was before it.
    pub fn rollback(&self, target: &BindingTarget) -> Result<(), SwapError> {
        self.control.rollback(target)
    }

    /// Moves every binding with a range of versions ([`Binding::versions`]) to the newest module of the store that is in its
    /// range, is newer than what serves, and is accepted. Each move is a [`Gateway::swap`] with the limits, isolation,
    /// settings, probes and failure rule of the binding. Returns what was tried, binding by binding, the newest first. Call
    /// it after a module was added, or by a timer.
    ///
    /// A module that is not accepted is skipped from then on, and the next older one is tried. After a rollback, or after a
    /// candidate was withdrawn or rolled back automatically, only versions newer than the one taken off count; a
    /// [`Gateway::swap`] by hand forgets them. A binding with a candidate stays as it is, and so does one whose module the
    /// store does not have any more.
    ///
    /// # Errors
    /// The store cannot be read; nothing changed.
    pub fn refresh(&self, store: &ModuleStore) -> Result<Vec<Refreshed>, StoreError> {
        self.control.refresh(store)
    }

    /// Removes a binding: the more general one serves.
    ///
    /// # Errors
    /// There is no such binding, or it is the platform's.
    pub fn unbind(&self, target: &BindingTarget) -> Result<(), SwapError> {
        self.control.unbind(target)
    }

    /// The policies of a binding, oldest first; the last is the one that serves.
    pub fn history(&self, target: &BindingTarget) -> Vec<Served> {
        self.control.history(target)
    }

    /// Lets a candidate decide beside the policy that serves. Its answers are compared and have no effect.
    ///
    /// # Errors
    /// There is no such binding, or the candidate cannot be put to use.
    pub fn shadow(&self, target: &BindingTarget, candidate: Binding) -> Result<(), SwapError> {
        self.control.shadow(target, candidate)
    }

    /// What the shadow of a binding has found so far; none where there is no shadow.
    pub fn comparison(&self, target: &BindingTarget) -> Option<Comparison> {
        self.control.comparison(target)
    }

    /// Lets a candidate serve a share of the recipients, in thousandths, always the same ones. `auto_rollback` says when it is
    /// rolled back automatically.
    ///
    /// # Errors
    /// There is no such binding, or the candidate cannot be put to use.
    pub fn canary(
        &self,
        target: &BindingTarget,
        candidate: Binding,
        per_mille: u16,
        auto_rollback: AutoRollback,
    ) -> Result<(), SwapError> {
        self.control.canary(target, candidate, per_mille, auto_rollback)
    }

    /// Lets the candidate of a binding serve all of it: its canary, or else its shadow.
    ///
    /// # Errors
    /// There is no candidate.
    pub fn promote(&self, target: &BindingTarget) -> Result<(), SwapError> {
        self.control.promote(target)
    }

    /// Withdraws the candidates of a binding.
    ///
    /// # Errors
    /// There is no candidate.
    pub fn withdraw(&self, target: &BindingTarget) -> Result<(), SwapError> {
        self.control.withdraw(target)
    }

    /// The candidates of a binding, as `name@version`: its shadow and its canary.
    pub fn candidates(&self, target: &BindingTarget) -> (Option<Arc<str>>, Option<Arc<str>>) {
        let snapshot = self.control.snapshot.load();
        let Some(route) = snapshot.route(target) else { return (None, None) };
        let label = |bound: &Arc<BoundPolicy>| Arc::from(bound.binding.policy.label());
        (
            route.shadow.as_ref().map(|shadow| label(&shadow.bound)),
            route.canary.as_ref().map(|canary| label(&canary.bound)),
        )
    }

    /// How often calls of the policy that serves a binding have failed since it was put to use.
    pub fn failures(&self, target: &BindingTarget) -> Option<u64> {
        let snapshot = self.control.snapshot.load();
        snapshot.route(target).map(|route| route.active.failures())
    }

    /// Calls a function with every event, on the thread that caused it, so the function should be quick.
    pub fn listen(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        self.control.listen(Arc::new(listener));
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.control.snapshot.load();
        f.debug_struct("Gateway")
            .field("revision", &snapshot.revision.number())
            .field("policy", &snapshot.routes[0].active.binding.policy.label())
            .finish_non_exhaustive()
    }
}

/// Why a gateway cannot serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The catalog cannot be indexed.
    #[error(transparent)]
    Catalog(#[from] SenderKeyCollision),
    /// The policy cannot run.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}
