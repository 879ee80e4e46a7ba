//! The gateway: messages in, decisions out.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use arc_swap::ArcSwapOption;
use callsign::log::Recorder;
use callsign::sticky::{EmbeddedOptions, MemoryStore, RecipientKey, StickyStore, StoreAddress};
use callsign::{BindingTarget, SignalBoard, SwapError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::asynchronous::{Awaited, Pending};
use crate::binding::{BindingOrPolicy, auto_rollback, not_pickled, target};
use crate::catalog::{Catalog, Edit};
use crate::decision::Decision;
use crate::decision_log::{self, LogArguments};
use crate::error::{self, ClosedError, StoreError};
use crate::event::{Event, Events};
use crate::json;
use crate::message::Message;
use crate::policy::Policy;
use crate::process::{self, Own};
use crate::signals::{HealthReport, signals};

/// How many messages `resolve_many` takes at once.
const MOST_MESSAGES: usize = 100_000;

/// Decides from which sender messages go out. Any number of threads share one, and none waits for another.
///
/// catalog: what is registered.
/// policy: decides for everybody who has none bound; default the standard one.
/// pins: where the senders that recipients were given are kept: a folder, postgresql://… or redis://…; default in memory.
/// recipient_key: 64 hexadecimal digits that recipients are hashed with in that store.
///
/// It ends when it is closed, or when nothing refers to it any more: `with Gateway(catalog) as gateway:` closes it.
///
/// Raises PolicyError, StoreError, or ForkError where the process was forked from one that has a gateway.
#[pyclass(frozen, weakref, module = "callsign_gateway")]
pub(crate) struct Gateway(Own<ArcSwapOption<Inner>>);

struct Inner {
    gateway: callsign::Gateway,
    signals: Arc<SignalBoard>,
    events: Arc<Events>,
    recorder: Mutex<Option<Arc<Recorder>>>,
}

impl Gateway {
    /// What decides, unless it was closed.
    fn inner(&self) -> PyResult<Arc<Inner>> {
        process::check()?;
        self.0
            .get()
            .and_then(ArcSwapOption::load_full)
            .ok_or_else(|| ClosedError::new_err("the gateway was closed; make another one"))
    }

    /// Changes what is bound, detached: it may wait for another change, and starts policies.
    fn change(
        &self,
        py: Python<'_>,
        (application, entity): (Option<&str>, Option<&str>),
        change: impl FnOnce(&callsign::Gateway, &BindingTarget) -> Result<(), SwapError> + Send,
    ) -> PyResult<()> {
        let (inner, target) = (self.inner()?, target(application, entity)?);
        py.detach(|| change(&inner.gateway, &target)).map_err(|error| error::of_swap(&error))
    }
}

/// Several messages, kept while they are decided.
struct Messages(Vec<Py<Message>>);

impl Messages {
    fn of(messages: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut kept = Vec::with_capacity(messages.len().unwrap_or(0).min(MOST_MESSAGES));
        for message in messages.try_iter()? {
            if kept.len() == MOST_MESSAGES {
                return Err(PyValueError::new_err(format!(
                    "there are more than {MOST_MESSAGES} messages; decide them in several batches"
                )));
            }
            kept.push(message?.cast_into::<Message>()?.unbind());
        }
        Ok(Self(kept))
    }

    /// Calls a function with them.
    fn with<R>(&self, decide: impl FnOnce(&[callsign::Message<'_>]) -> R) -> R {
        let attributes: Vec<_> = self.0.iter().map(|message| message.get().attributes()).collect();
        let messages: Vec<_> =
            self.0.iter().zip(&attributes).map(|(message, attributes)| message.get().get(attributes)).collect();
        decide(&messages)
    }
}

fn owned(decisions: &callsign::Decisions) -> Vec<Decision> {
    decisions.iter().map(|decision| decision.to_owned().into()).collect()
}

#[pymethods]
impl Gateway {
    #[new]
    #[pyo3(signature = (catalog, *, policy = None, pins = None, recipient_key = None))]
    fn new(
        py: Python<'_>,
        catalog: &Bound<'_, Catalog>,
        policy: Option<&Bound<'_, Policy>>,
        pins: Option<PathBuf>,
        recipient_key: Option<&str>,
    ) -> PyResult<Self> {
        process::start()?;
        let catalog = catalog.get().0.clone();
        let policy = policy.map(|policy| policy.get().get()).transpose()?;
        let key: Option<RecipientKey> = recipient_key
            .map(|text| text.parse().map_err(|_| PyValueError::new_err("`recipient_key` is 64 hexadecimal digits")))
            .transpose()?;
        if key.is_some() && pins.is_none() {
            return Err(PyValueError::new_err("`recipient_key` is for a store: give its address in `pins` too"));
        }
        let address: Option<StoreAddress> = pins
            .map(|address| {
                let Some(text) = address.to_str() else { return Ok(StoreAddress::Path(address)) };
                text.parse().map_err(|error| StoreError::new_err(format!("`pins`: {error}")))
            })
            .transpose()?;
        py.detach(|| {
            let policy = match policy {
                Some(policy) => policy,
                None => Arc::new(callsign::Policy::standard().map_err(|error| error::of_policy(&error))?),
            };
            let store: Arc<dyn StickyStore> = match address {
                None => Arc::new(MemoryStore::new()),
                Some(address) => callsign::sticky::open(&address, key, EmbeddedOptions::default())
                    .map_err(|error| StoreError::new_err(error::chain(&error)))?,
            };
            let gateway = callsign::Gateway::with(catalog, policy, store).map_err(|error| error::of_gateway(&error))?;
            let (signals, events) = (Arc::new(SignalBoard::new()), Arc::new(Events::default()));
            gateway.use_signals(signals.clone());
            let listener = Arc::clone(&events);
            gateway.listen(move |event| listener.add(event));
            let inner = Inner { gateway, signals, events, recorder: Mutex::new(None) };
            Ok(Self(Own::new(ArcSwapOption::from_pointee(inner))))
        })
    }

    /// The sender of one message.
    fn resolve(&self, py: Python<'_>, message: &Bound<'_, Message>) -> PyResult<Decision> {
        let (inner, message) = (self.inner()?, message.get());
        Ok(py.detach(|| inner.gateway.resolve(&message.get(&message.attributes())).to_owned().into()))
    }

    /// The senders of many messages, at most 100,000, in their order, on one catalog and one set of policies. Faster than one by
    /// one; new pins are written together.
    fn resolve_many(&self, py: Python<'_>, messages: &Bound<'_, PyAny>) -> PyResult<Vec<Decision>> {
        let (inner, messages) = (self.inner()?, Messages::of(messages)?);
        Ok(py.detach(|| messages.with(|messages| owned(&inner.gateway.resolve_batch(messages)))))
    }

    /// The sender of one message, to be awaited on an asyncio loop. A quick policy decides at once; a slow one, and a store of
    /// pins on a network or a disk, are awaited.
    fn resolve_async(&self, message: Py<Message>) -> PyResult<Pending> {
        let inner = self.inner()?;
        Ok(Pending::new(async move {
            let message = message.get();
            let attributes = message.attributes();
            let decision = inner.gateway.resolve_async(&message.get(&attributes)).await;
            Awaited::One(decision.to_owned().into())
        }))
    }

    /// The senders of many messages, at most 100,000, to be awaited on an asyncio loop.
    fn resolve_many_async(&self, messages: &Bound<'_, PyAny>) -> PyResult<Pending> {
        let (inner, messages) = (self.inner()?, Messages::of(messages)?);
        Ok(Pending::new(async move {
            let attributes: Vec<_> = messages.0.iter().map(|message| message.get().attributes()).collect();
            let texts: Vec<_> =
                messages.0.iter().zip(&attributes).map(|(message, pairs)| message.get().get(pairs)).collect();
            Awaited::Many(owned(&inner.gateway.resolve_batch_async(&texts).await))
        }))
    }

    /// Why a message gets its sender, as a dict: every strategy and every sender, and what kept the others out. No pin is
    /// written.
    fn explain<'py>(&self, py: Python<'py>, message: &Bound<'py, Message>) -> PyResult<Bound<'py, PyAny>> {
        let (inner, message) = (self.inner()?, message.get());
        let text = py.detach(|| json::write(&inner.gateway.explain(&message.get(&message.attributes()))))?;
        json::object_of(py, &text)
    }

    /// The same as a text for people.
    fn explain_text(&self, py: Python<'_>, message: &Bound<'_, Message>) -> PyResult<String> {
        let (inner, message) = (self.inner()?, message.get());
        Ok(py.detach(|| inner.gateway.explain(&message.get(&message.attributes())).to_string()))
    }

    /// The number of the revision that is decided on: it grows with every change of the catalog.
    #[getter]
    fn revision(&self) -> PyResult<u64> {
        Ok(self.inner()?.gateway.revision().number())
    }

    /// The catalog that is decided on, and the number of its revision.
    fn read_catalog(&self) -> PyResult<(Catalog, u64)> {
        let revision = self.inner()?.gateway.revision();
        Ok((Catalog(revision.catalog().clone()), revision.number()))
    }

    /// Decides on another catalog from now on. Calls under way finish on the one that they began with.
    fn replace_catalog(&self, py: Python<'_>, catalog: &Bound<'_, Catalog>) -> PyResult<()> {
        let (inner, catalog) = (self.inner()?, catalog.get().0.clone());
        py.detach(|| inner.gateway.replace_catalog(catalog)).map_err(|error| error::of_gateway(&error))
    }

    /// Changes elements of the catalog: all of them, in order, or none, and only if `revision` still serves. Returns the number of
    /// the revision that serves from now on.
    ///
    /// Raises EditError, or OvertakenError if another change was first: read the newer catalog and make the change again.
    fn edit(&self, py: Python<'_>, revision: u64, edits: Vec<Py<Edit>>) -> PyResult<u64> {
        let inner = self.inner()?;
        let edits: Vec<callsign::Edit<'_>> = edits.iter().map(|edit| edit.get().get()).collect();
        let served = py.detach(|| inner.gateway.edit(revision, &edits));
        served.map(|revision| revision.number()).map_err(|error| error::of_change(py, &error))
    }

    /// Puts a policy to use for everybody, an application, or one entity of it: a Binding, or a Policy under the usual rules. First
    /// it must start, accept its settings and answer its probes.
    ///
    /// Raises BindingError; what served before serves on.
    #[pyo3(signature = (binding, *, application = None, entity = None))]
    fn swap(
        &self,
        py: Python<'_>,
        binding: BindingOrPolicy,
        application: Option<&str>,
        entity: Option<&str>,
    ) -> PyResult<()> {
        let binding = binding.get()?;
        self.change(py, (application, entity), |gateway, target| gateway.swap(target, binding))
    }

    /// Goes back to the policy before; the last 16 of each binding are kept.
    #[pyo3(signature = (*, application = None, entity = None))]
    fn rollback(&self, py: Python<'_>, application: Option<&str>, entity: Option<&str>) -> PyResult<()> {
        self.change(py, (application, entity), callsign::Gateway::rollback)
    }

    /// Removes a binding: the more general one serves.
    #[pyo3(signature = (*, application = None, entity = None))]
    fn unbind(&self, py: Python<'_>, application: Option<&str>, entity: Option<&str>) -> PyResult<()> {
        self.change(py, (application, entity), callsign::Gateway::unbind)
    }

    /// Lets a candidate decide beside the policy that serves. Its answers are compared and have no effect.
    #[pyo3(signature = (candidate, *, application = None, entity = None))]
    fn shadow(
        &self,
        py: Python<'_>,
        candidate: BindingOrPolicy,
        application: Option<&str>,
        entity: Option<&str>,
    ) -> PyResult<()> {
        let candidate = candidate.get()?;
        self.change(py, (application, entity), |gateway, target| gateway.shadow(target, candidate))
    }

    /// Lets a candidate serve a share of the recipients, in thousandths, always the same ones. It goes by itself when more than
    /// `wrong_per_mille` thousandths of at least `answers` answers within `window_ms` are failures or refusals.
    #[pyo3(signature = (
        candidate, per_mille, *, application = None, entity = None, wrong_per_mille = 50, answers = 100, window_ms = 60_000
    ))]
    #[allow(clippy::too_many_arguments, reason = "they have names in Python")]
    fn canary(
        &self,
        py: Python<'_>,
        candidate: BindingOrPolicy,
        per_mille: u16,
        application: Option<&str>,
        entity: Option<&str>,
        wrong_per_mille: u16,
        answers: u64,
        window_ms: u64,
    ) -> PyResult<()> {
        if per_mille > 1_000 {
            return Err(PyValueError::new_err(format!("`per_mille` is {per_mille}; it must be 0 to 1,000")));
        }
        let (candidate, rule) = (candidate.get()?, auto_rollback(wrong_per_mille, answers, window_ms));
        self.change(py, (application, entity), |gateway, target| gateway.canary(target, candidate, per_mille, rule))
    }

    /// Lets the candidate of a binding serve all of it: its canary, or else its shadow.
    #[pyo3(signature = (*, application = None, entity = None))]
    fn promote(&self, py: Python<'_>, application: Option<&str>, entity: Option<&str>) -> PyResult<()> {
        self.change(py, (application, entity), callsign::Gateway::promote)
    }

    /// Withdraws the candidates of a binding.
    #[pyo3(signature = (*, application = None, entity = None))]
    fn withdraw(&self, py: Python<'_>, application: Option<&str>, entity: Option<&str>) -> PyResult<()> {
        self.change(py, (application, entity), callsign::Gateway::withdraw)
    }

    /// What the shadow of a binding has found: (candidate, compared, different, dropped); None where there is no shadow.
    #[pyo3(signature = (*, application = None, entity = None))]
    fn comparison(&self, application: Option<&str>, entity: Option<&str>) -> PyResult<Option<(String, u64, u64, u64)>> {
        let found = self.inner()?.gateway.comparison(&target(application, entity)?);
        Ok(found.map(|found| (found.candidate.to_string(), found.compared, found.different, found.dropped)))
    }

    /// The policies of a binding, oldest first, each with the time when it was taken off, in seconds since 1970-01-01 UTC; None
    /// for the one that serves.
    #[pyo3(signature = (*, application = None, entity = None))]
    fn history(&self, application: Option<&str>, entity: Option<&str>) -> PyResult<Vec<(String, Option<f64>)>> {
        let history = self.inner()?.gateway.history(&target(application, entity)?);
        let seconds =
            |time: std::time::SystemTime| time.duration_since(UNIX_EPOCH).map_or(0.0, |age| age.as_secs_f64());
        Ok(history.into_iter().map(|served| (served.policy.to_string(), served.until.map(seconds))).collect())
    }

    /// How often calls of the policy that serves a binding have failed since it was put to use; None where there is no binding.
    #[pyo3(signature = (*, application = None, entity = None))]
    fn failures(&self, application: Option<&str>, entity: Option<&str>) -> PyResult<Option<u64>> {
        Ok(self.inner()?.gateway.failures(&target(application, entity)?))
    }

    /// Sets what is known of senders, in place of all that was set before: reports of their health, and numbers by sender id and
    /// name, such as {"S1": {"load": 0.75}}.
    #[pyo3(signature = (reports = Vec::new(), numbers = HashMap::new()))]
    fn set_signals(
        &self,
        py: Python<'_>,
        reports: Vec<Py<HealthReport>>,
        numbers: HashMap<String, HashMap<String, f64>>,
    ) -> PyResult<()> {
        let (inner, signals) = (self.inner()?, signals(&reports, &numbers)?);
        py.detach(|| inner.signals.set(signals));
        Ok(())
    }

    /// The events since the last call, oldest first. The last 1,024 are kept.
    fn take_events(&self) -> PyResult<Vec<Event>> {
        Ok(self.inner()?.events.take())
    }

    /// How many events were lost because nobody took them.
    #[getter]
    fn lost_events(&self) -> PyResult<u64> {
        Ok(self.inner()?.events.lost())
    }

    /// Records every decision from now on in the log in a folder, in place of the log before.
    ///
    /// promise: "drop" loses records rather than wait, "keep" gives a decision once its record is on disk, or refuses it.
    /// recipients: "sealed" under the log's key, or "plain". key: 64 hexadecimal digits; default the file `key` of the folder.
    /// attributes: the names of those that are written; default all. keep_bytes: the oldest segments go beyond this; default 20 GiB.
    /// parquet: whether finished segments become Parquet files.
    ///
    /// Raises LogError.
    #[pyo3(signature = (
        folder, *, promise = "drop", recipients = "sealed", key = None, attributes = None, keep_bytes = None, parquet = true
    ))]
    #[allow(clippy::too_many_arguments, reason = "they have names in Python")]
    fn record_to(
        &self,
        py: Python<'_>,
        folder: PathBuf,
        promise: &str,
        recipients: &str,
        key: Option<&str>,
        attributes: Option<Vec<String>>,
        keep_bytes: Option<u64>,
        parquet: bool,
    ) -> PyResult<()> {
        let inner = self.inner()?;
        let arguments = LogArguments { promise, recipients, key, attributes, keep_bytes, parquet };
        let recorder = decision_log::open(py, folder, arguments)?;
        py.detach(|| {
            inner.gateway.record_to(Arc::clone(&recorder));
            inner.end_log(Some(recorder));
        });
        Ok(())
    }

    /// Waits until all that was recorded is on disk. Does nothing without a log.
    ///
    /// Raises LogError: the disk is full or fails.
    fn flush_log(&self, py: Python<'_>) -> PyResult<()> {
        let inner = self.inner()?;
        let recorder = inner.recorder.lock().unwrap_or_else(PoisonError::into_inner).clone();
        py.detach(|| recorder.map_or(Ok(()), |recorder| recorder.flush())).map_err(|error| error::of_log(&error))
    }

    /// Records no further decisions, and ends the log.
    fn stop_recording(&self, py: Python<'_>) -> PyResult<()> {
        let inner = self.inner()?;
        py.detach(|| {
            inner.gateway.stop_recording();
            inner.end_log(None);
        });
        Ok(())
    }

    /// Ends the log and gives up the store of pins, once calls under way are over. Closing twice does nothing.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        process::check()?;
        let inner = self.0.get().and_then(|inner| inner.swap(None));
        py.detach(|| {
            if let Some(inner) = inner {
                inner.gateway.stop_recording();
                inner.end_log(None);
            }
        });
        Ok(())
    }

    fn __enter__(this: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        this.get().inner()?;
        Ok(this)
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _error: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        match self.inner() {
            Ok(inner) => format!("Gateway(revision={})", inner.gateway.revision().number()),
            Err(_) => "Gateway(closed)".to_owned(),
        }
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(not_pickled("Gateway"))
    }
}

impl Inner {
    /// Ends the log before, and keeps the one that is written now.
    fn end_log(&self, next: Option<Arc<Recorder>>) {
        let before = std::mem::replace(&mut *self.recorder.lock().unwrap_or_else(PoisonError::into_inner), next);
        if let Some(before) = before {
            before.close();
        }
    }
}
