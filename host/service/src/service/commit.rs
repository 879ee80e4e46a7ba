//! Commits changes. Whatever waits while others are committed is the next group: its changes are planned one after the other, each on
//! the revision that the one before it makes, written in one transaction, and applied. Each is a revision of its own.

use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::Service;
use super::plan::{Author, Plan, Step, View};
use crate::binding::Target;
use crate::change::Draft;
use crate::fault::Fault;
use crate::store::{Committed, StoreError};

/// How many times changes are planned again when another node was first.
const TRIES: usize = 20;

/// How many changes are a group at most: what all of them wait for.
const TOGETHER: usize = 32;

/// A group has at most so many elements, so that a small change does not wait for large ones.
const MANY: usize = 1_000;

/// How many bytes of bodies and components count as another element.
const ELEMENT_BYTES: usize = 1 << 10;

/// The changes that wait to be made, the oldest first.
#[derive(Default)]
pub(super) struct WaitingChanges(Mutex<VecDeque<Box<dyn Asked>>>);

/// A change that was asked for, whatever it answers.
trait Asked: Send {
    fn author(&self) -> &Author;

    /// Plans it; the answer is kept until it is made.
    fn plan(&mut self, view: &View) -> Result<Plan<()>, Fault>;

    /// Tells whoever asked for it that it is made, and which bindings it changed, or why not.
    fn tell(self: Box<Self>, made: Result<Vec<Target>, Fault>);
}

struct AskedFor<T, P> {
    author: Author,
    plan: P,
    answer: Option<T>,
    made: oneshot::Sender<Result<(T, Vec<Target>), Fault>>,
}

impl<T: Send, P: Fn(&View) -> Result<Plan<T>, Fault> + Send> Asked for AskedFor<T, P> {
    fn author(&self) -> &Author {
        &self.author
    }

    fn plan(&mut self, view: &View) -> Result<Plan<()>, Fault> {
        let Plan { changes, components, answer } = (self.plan)(view)?;
        self.answer = Some(answer);
        Ok(Plan { changes, components, answer: () })
    }

    fn tell(self: Box<Self>, made: Result<Vec<Target>, Fault>) {
        let Self { answer, made: asked, .. } = *self;
        let made = made.and_then(|targets| match answer {
            Some(answer) => Ok((answer, targets)),
            None => Err(Fault::internal("the change was not planned")),
        });
        // Whoever asked for it may have gone.
        let _ = asked.send(made);
    }
}

/// Changes that are made together, in their order.
#[derive(Default)]
struct CommitGroup {
    asked: Vec<(Box<dyn Asked>, Planned)>,
    steps: Vec<Step>,
    /// Those that the group has no room for.
    left: Vec<Box<dyn Asked>>,
}

/// What came of planning a change.
enum Planned {
    /// The next one of the steps.
    Step,
    /// There is nothing to do.
    Nothing,
    Refused(Box<Fault>),
}

impl WaitingChanges {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Box<dyn Asked>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, asked: Box<dyn Asked>) {
        self.lock().push_back(asked);
    }

    fn take_group(&self) -> Vec<Box<dyn Asked>> {
        let mut waiting = self.lock();
        let most = waiting.len().min(TOGETHER);
        waiting.drain(..most).collect()
    }

    /// They were there before all others.
    fn put_back(&self, left: Vec<Box<dyn Asked>>) {
        let mut waiting = self.lock();
        left.into_iter().rev().for_each(|asked| waiting.push_front(asked));
    }
}

/// How many elements a step counts as.
fn weight(step: &Step) -> usize {
    step.changes.len() + step.draft.bytes() / ELEMENT_BYTES
}

impl CommitGroup {
    /// Whether a step has to wait for the next group. Every group has room for one.
    fn has_no_room_for(&self, step: &Step) -> bool {
        !self.steps.is_empty() && self.steps.iter().map(weight).sum::<usize>() + weight(step) > MANY
    }

    fn drafts(&mut self) -> Vec<Draft> {
        self.steps.iter_mut().map(|step| mem::take(&mut step.draft)).collect()
    }

    fn into_asked(self) -> Vec<Box<dyn Asked>> {
        self.asked.into_iter().map(|(asked, _)| asked).collect()
    }

    fn fail(self, fault: &Fault) {
        self.into_asked().into_iter().for_each(|asked| asked.tell(Err(fault.clone())));
    }

    /// Tells how each went, with the targets of the steps that are applied.
    fn tell(self, applied: Vec<Result<Vec<Target>, Fault>>) {
        let mut applied = applied.into_iter();
        for (asked, planned) in self.asked {
            asked.tell(match planned {
                Planned::Step => applied.next().unwrap_or_else(|| Err(Fault::internal("the change is not applied"))),
                Planned::Nothing => Ok(Vec::new()),
                Planned::Refused(fault) => Err(*fault),
            });
        }
    }
}

impl Service {
    /// Makes a change. The plan runs again if another node was first, or what was planned before it was not stored. When this
    /// returns, the change is in the store and in use on this node. It is completed even if the caller goes away.
    ///
    /// # Errors
    /// The plan fails; the changes would make the catalog invalid; the store does not answer.
    pub(crate) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        author: Author,
        plan: impl Fn(&View) -> Result<Plan<T>, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let service = Arc::clone(self);
        let work = tokio::spawn(async move {
            // One of each tenant waits for the writer, so that the changes of one do not hold up those of others.
            let tenant = author.tenant.clone();
            let _turn = match &tenant {
                Some(tenant) => Some(tenant.changing.lock().await),
                None => None,
            };
            let (tell, made) = oneshot::channel();
            service.waiting.push(Box::new(AskedFor { author, plan, answer: None, made: tell }));
            let (answer, targets) = service.made(made).await?;
            // Without the writer: a policy may start slowly, and others should not wait for it.
            service.serve(targets).await;
            Ok(answer)
        });
        work.await.map_err(Fault::internal)?
    }

    /// Waits until a change is made: by this task, if it is the first to have the writer, or by another one.
    async fn made<T>(self: &Arc<Self>, mut made: oneshot::Receiver<Result<T, Fault>>) -> Result<T, Fault> {
        loop {
            tokio::select! {
                biased;
                made = &mut made => return made.map_err(Fault::internal)?,
                _one_at_a_time = self.writer.lock() => self.make_group().await,
            }
        }
    }

    /// Makes the changes that wait. The caller holds the writer.
    async fn make_group(self: &Arc<Self>) {
        let service = Arc::clone(self);
        // All of it on one thread: each wakes up another one for nothing. Who asked is told that it was given up, if this panics.
        let work = move || {
            let asked = service.waiting.take_group();
            if let Err(asked) = service.make(asked) {
                // One of them is what the store does not take, and does not fail the others.
                for asked in asked {
                    let _ = service.make(vec![asked]);
                }
            }
        };
        let _ = tokio::task::spawn_blocking(work).await;
    }

    /// Makes changes, but for the bindings that they change, and tells those who asked for them. Blocks meanwhile.
    ///
    /// # Errors
    /// The store refuses several, and has taken none. Nobody is told. Where it is not known whether it took them, all are told so, and
    /// none is made again.
    fn make(self: &Arc<Self>, mut asked: Vec<Box<dyn Asked>>) -> Result<(), Vec<Box<dyn Asked>>> {
        for _ in 0..TRIES {
            let mut group = self.plan(asked);
            self.waiting.put_back(mem::take(&mut group.left));
            if group.steps.is_empty() {
                group.tell(Vec::new());
                return Ok(());
            }
            let (began, drafts) = (Instant::now(), group.drafts());
            let committed = self.store.commit_blocking(self.state().revision, &drafts);
            self.metrics.stored("catalog", "commit", began.elapsed());
            self.note(&committed);
            match committed {
                Ok(Committed::Done(_)) => {
                    let applied = self.apply(&drafts, mem::take(&mut group.steps));
                    group.tell(applied);
                    return Ok(());
                }
                Ok(Committed::Behind(_)) => {
                    if let Err(fault) = Handle::current().block_on(self.catch_up()) {
                        group.fail(&fault);
                        return Ok(());
                    }
                    asked = group.into_asked();
                }
                Err(StoreError::Refused(_) | StoreError::Damaged(_)) if group.asked.len() > 1 => {
                    return Err(group.into_asked());
                }
                Err(error) => {
                    group.fail(&error.into());
                    return Ok(());
                }
            }
        }
        let fault = Fault::unavailable("too many others change the platform at this moment", Duration::from_secs(1));
        asked.into_iter().for_each(|asked| asked.tell(Err(fault.clone())));
        Ok(())
    }

    /// Plans changes, each on what the one before it makes.
    fn plan(&self, asked: Vec<Box<dyn Asked>>) -> CommitGroup {
        let (first, mut group) = (self.view(), CommitGroup::default());
        let mut waiting = asked.into_iter();
        while let Some(mut asked) = waiting.next() {
            if asked.author().is_alone && !group.asked.is_empty() {
                group.left = std::iter::once(asked).chain(waiting).collect();
                break;
            }
            let view = group.steps.last().map_or(&first, |step| &step.after);
            // One that panics does not take the others with it.
            let planned = catch_unwind(AssertUnwindSafe(|| match asked.plan(view) {
                Ok(planned) if planned.changes.is_empty() => Ok(None),
                Ok(planned) => self.step(asked.author(), planned, &first, &group.steps).map(Some),
                Err(fault) => Err(Box::new(fault)),
            }));
            let planned = match planned {
                Ok(Ok(Some(step))) if group.has_no_room_for(&step) => {
                    group.left = std::iter::once(asked).chain(waiting).collect();
                    break;
                }
                Ok(Ok(Some(step))) => {
                    group.steps.push(step);
                    Planned::Step
                }
                Ok(Ok(None)) => Planned::Nothing,
                Ok(Err(fault)) => Planned::Refused(fault),
                Err(_) => Planned::Refused(Box::new(Fault::internal("planning the change panicked"))),
            };
            let is_alone = asked.author().is_alone;
            group.asked.push((asked, planned));
            if is_alone {
                group.left = waiting.collect();
                break;
            }
        }
        group
    }
}
