//! The gateway against the reference model: random catalogs and messages, in every way that the gateway can be called.

use std::sync::{Arc, OnceLock};

use callsign::{
    Catalog, Channel, Channels, Country, DecisionRef, Gateway, Health, Isolation, LaneOptions, MemoryStore, Message,
    MessageAttributes, MessageType, NotCapable, Policy, Refusal, SignalBoard, Signals, StickyStore,
};

use crate::pins::remote_store::{RemoteStore, wait};
use callsign_tests::platform::patient;
use callsign_tests::reference::{self, Expected, Outcome, Pins, Reference, Spread, World};

/// How many worlds a run looks at, each with two revisions of about 30 messages. `CALLSIGN_WORLDS` asks for more.
const WORLDS: u64 = 20_000;

fn worlds() -> u64 {
    std::env::var("CALLSIGN_WORLDS").ok().and_then(|worlds| worlds.parse().ok()).unwrap_or(WORLDS)
}

fn policy(isolation: Isolation) -> Arc<Policy> {
    Arc::new(patient(Policy::standard().expect("the standard policy")).with_isolation(isolation))
}

fn warm() -> Arc<Policy> {
    static WARM: OnceLock<Arc<Policy>> = OnceLock::new();
    Arc::clone(WARM.get_or_init(|| policy(Isolation::default())))
}

fn fresh() -> Arc<Policy> {
    static FRESH: OnceLock<Arc<Policy>> = OnceLock::new();
    Arc::clone(FRESH.get_or_init(|| policy(Isolation::Fresh)))
}

/// A policy that copies pools up to this size, and asks about larger ones.
fn copying(senders: u32) -> Arc<Policy> {
    Arc::new(patient(Policy::standard().expect("the standard policy")).with_copy_up_to(senders))
}

/// How messages are decided: one by one, as a batch, or as a batch whose pins are a network away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Single,
    Batch,
    Async,
    /// As a batch, with every call in the slow lane.
    SlowLane,
}

/// A world and its next revision, as the gateway and the model read them.
struct Case {
    revisions: [World; 2],
    catalogs: [Catalog; 2],
    references: [Reference; 2],
}

impl Case {
    fn of(seed: u64) -> Self {
        let world = World::random(seed);
        let next = world.next_revision(seed);
        let revisions = [world, next];
        Self {
            catalogs: [0, 1].map(|revision| catalog(&revisions[revision])),
            references: [0, 1].map(|revision| {
                let World { catalog, health, .. } = &revisions[revision];
                Reference::new(catalog).with_health(health)
            }),
            revisions,
        }
    }
}

/// A gateway, what it is told of the health of senders, and what the model keeps for it.
struct Run {
    gateway: Gateway,
    board: Arc<SignalBoard>,
    pins: Pins,
    spread: Spread,
}

impl Run {
    fn new(catalog: Catalog, policy: Arc<Policy>, way: Way) -> Self {
        let store: Arc<dyn StickyStore> = match way {
            Way::Async => Arc::new(RemoteStore::default()),
            Way::Single | Way::Batch | Way::SlowLane => Arc::new(MemoryStore::new()),
        };
        let mut lanes = LaneOptions::default();
        lanes.quick = way != Way::SlowLane;
        let gateway = Gateway::with_lanes(catalog, policy, store, lanes).expect("a gateway");
        let board = Arc::new(SignalBoard::new());
        gateway.use_signals(board.clone());
        Self { gateway, board, pins: Pins::default(), spread: Spread::default() }
    }

    /// Tells what was reported of the senders, in place of all before.
    fn tell(&self, health: &reference::Health) {
        let mut signals = Signals::builder();
        for report in &health.reports {
            let channel = report.channel.as_deref().and_then(Channel::parse);
            let country = report.country.as_deref().and_then(Country::parse);
            let health = if report.healthy { Health::Healthy } else { Health::Unhealthy { since: 1 } };
            signals.health(&report.sender_id, channel, country, health);
        }
        self.board.set(signals);
    }

    /// Holds one decision against the model: the answer, and its fallbacks.
    fn hold(
        &mut self,
        reference: &Reference,
        message: &reference::Message,
        decision: DecisionRef<'_>,
    ) -> Result<(), String> {
        let expected = reference.expect_each(message, &self.pins);
        let decided: Vec<DecisionRef<'_>> =
            std::iter::once(decision).chain(decision.fallbacks().map(|(_, fallback)| fallback)).collect();
        let place = || format!("{}\nexpected {expected:?}\ndecided  {decided:?}", message.to_json());
        let channels = |first: Option<Channel>| -> Vec<Channel> {
            first.into_iter().chain(decision.fallbacks().map(|(channel, _)| channel)).collect()
        };
        let of_one = message.channels.is_empty().then(|| Channel::parse(&message.channel)).flatten();
        let named = channels(decision.channel().or(of_one));
        if !expected.iter().map(|outcome| Channel::parse(&outcome.channel)).eq(named.into_iter().map(Some)) {
            return Err(place());
        }
        for (at, (outcome, decided)) in expected.iter().zip(&decided).enumerate() {
            if !is_as_expected(outcome, decided) {
                return Err(format!("{}\nin place {at}", place()));
            }
            let Some(sender) = decided.sender() else { continue };
            let over = message.over(&outcome.channel);
            self.spread.observe(&over, &outcome.expected, &sender.id)?;
            // No pin is written for a fallback.
            if at == 0 {
                self.pins.observe(&over, &outcome.expected, &sender.id);
            }
        }
        Ok(())
    }
}

/// Whether what was decided for a channel is what the model says of it.
fn is_as_expected(outcome: &Outcome, decided: &DecisionRef<'_>) -> bool {
    match &outcome.expected {
        Expected::Refused { code, reasons } => decided.refusal().is_some_and(|refusal| {
            refusal.code() == *code && (reasons.is_empty() || reasons.iter().any(|reason| says(refusal, reason)))
        }),
        Expected::Decided { step, strategy_id, any_of, .. } => {
            decided.step().is_some_and(|decided| decided.as_str() == *step)
                && decided.strategy().map(|strategy| &*strategy.id) == strategy_id.as_deref()
                && decided.sender().is_some_and(|sender| any_of.contains_key(&*sender.id))
        }
    }
}

/// Whether a refusal of a sender that is not capable names this reason.
fn says(refusal: &Refusal, reason: &str) -> bool {
    let Refusal::SenderNotCapable { reason: found, .. } = refusal else { return false };
    match found {
        NotCapable::Suspended => reason == "SUSPENDED",
        NotCapable::MessageType { .. } => reason == "MESSAGE_TYPE",
        _ => reason == "NOT_COVERED",
    }
}

fn catalog(world: &World) -> Catalog {
    Catalog::from_json(&world.catalog.to_string()).unwrap_or_else(|error| panic!("{error}\n{:#}", world.catalog))
}

fn message<'a>(message: &'a reference::Message, attributes: &'a [(&'a str, &'a str)]) -> Message<'a> {
    let channel = |name: &str| Channel::parse(name).expect("a channel of the specification");
    let mut out = Message::new(channel(&message.channel), &message.to);
    if !message.channels.is_empty() {
        let channels: Vec<Channel> = message.channels.iter().map(|name| channel(name)).collect();
        out = out.channels(Channels::new(&channels).expect("different channels"));
    }
    out.application = message.application_id.as_deref();
    out.entity = message.entity_id.as_deref();
    out.from = message.from.as_deref();
    out.message_type = message.message_type.as_deref().map(|word| MessageType::parse(word).expect("a message type"));
    out.sent_at = message.sent_at.and_then(|seconds| u64::try_from(seconds).ok());
    out.attributes = MessageAttributes::new(attributes).expect("attributes");
    out
}

/// The attributes of a message, as the gateway reads them.
fn attributes(message: &reference::Message) -> Vec<(&str, &str)> {
    message.attributes.iter().map(|(name, value)| (&**name, &**value)).collect()
}

/// Decides the messages of a world and of its next revision.
fn play(case: &Case, policy: Arc<Policy>, way: Way) -> Result<Vec<String>, String> {
    let mut run = Run::new(case.catalogs[0].clone(), policy, way);
    let mut lines = Vec::new();
    for (revision, (world, reference)) in case.revisions.iter().zip(&case.references).enumerate() {
        if revision > 0 {
            run.gateway.replace_catalog(case.catalogs[revision].clone()).expect("the next revision");
        }
        run.tell(&world.health);
        let attributes: Vec<Vec<(&str, &str)>> = world.messages.iter().map(attributes).collect();
        let messages: Vec<Message<'_>> =
            world.messages.iter().zip(&attributes).map(|(asked, attributes)| message(asked, attributes)).collect();
        if way != Way::Single {
            let decisions = match way {
                Way::Async | Way::SlowLane => wait(run.gateway.resolve_batch_async(&messages)),
                _ => run.gateway.resolve_batch(&messages),
            };
            for (asked, decision) in world.messages.iter().zip(decisions.iter()) {
                run.hold(reference, asked, decision)?;
                lines.push(format!("{decision:?}"));
            }
        } else {
            for (asked, message) in world.messages.iter().zip(&messages) {
                let explained = run.gateway.explain(message);
                let decision = run.gateway.resolve(message);
                run.hold(reference, asked, decision.get())?;
                let (why, what) = (format!("{:?}", explained.decision()), format!("{:?}", decision.get()));
                if why != what {
                    return Err(format!("explained {why}\ndecided   {what}\n{}", asked.to_json()));
                }
                lines.push(what);
            }
        }
    }
    Ok(lines)
}

/// Every world, on as many threads as there are cores.
fn play_all(check: impl Fn(u64) -> Result<(), String> + Sync) {
    let threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let check = &check;
            scope.spawn(move || {
                for seed in (thread..worlds()).step_by(threads as usize) {
                    if let Err(error) = check(seed) {
                        panic!("world {seed}:\n{error}");
                    }
                }
            });
        }
    });
}

#[test]
fn every_decision_is_what_the_reference_model_says_and_what_explain_says_alone_and_in_a_batch() {
    play_all(|seed| {
        let case = Case::of(seed);
        let single = play(&case, warm(), Way::Single)?;
        let batch = play(&case, warm(), Way::Batch)?;
        if single != batch {
            return Err(format!("one by one {single:#?}\nbatch {batch:#?}"));
        }
        Ok(())
    });
}

#[test]
fn a_batch_over_a_network_and_a_fresh_instance_decide_the_same() {
    play_all(|seed| {
        // Fresh instances cost more: every tenth world.
        let (remote, instance) = (seed % 4 == 0, seed % 10 == 0);
        if !remote && !instance {
            return Ok(());
        }
        let case = Case::of(seed);
        let warm_instance = play(&case, warm(), Way::Batch)?;
        if remote && play(&case, warm(), Way::Async)? != warm_instance {
            return Err("a batch whose pins are a network away is decided otherwise".into());
        }
        if instance && play(&case, fresh(), Way::Single)? != warm_instance {
            return Err("a fresh instance decides otherwise".into());
        }
        Ok(())
    });
}

#[test]
fn every_decision_is_the_same_where_the_policy_copies_each_pool_and_where_it_copies_none() {
    let (copied, asked) = (copying(u32::MAX), copying(0));
    play_all(|seed| {
        // Twice the work: every fifth world.
        if seed % 5 != 0 {
            return Ok(());
        }
        let case = Case::of(seed);
        let one_by_one = play(&case, Arc::clone(&asked), Way::Single)?;
        if play(&case, Arc::clone(&copied), Way::Single)? != one_by_one {
            return Err("a policy that copies each pool decides otherwise".into());
        }
        if play(&case, Arc::clone(&asked), Way::Batch)? != one_by_one {
            return Err("a policy that asks about each pool decides otherwise in a batch".into());
        }
        Ok(())
    });
}

#[test]
fn every_decision_is_the_same_in_the_slow_lane() {
    play_all(|seed| {
        // Each gateway starts threads of its own: every tenth world.
        if seed % 10 != 0 {
            return Ok(());
        }
        let case = Case::of(seed);
        if play(&case, warm(), Way::SlowLane)? != play(&case, warm(), Way::Batch)? {
            return Err("the slow lane decides otherwise".into());
        }
        Ok(())
    });
}

#[test]
#[ignore = "needs the component that `make languages` builds"]
fn every_decision_of_a_javascript_policy_that_decides_by_itself_is_what_the_reference_model_says() {
    let policy = Arc::new(crate::languages::component("CALLSIGN_STANDARD_JAVASCRIPT"));
    play_all(|seed| {
        let case = Case::of(seed);
        let single = play(&case, Arc::clone(&policy), Way::Single)?;
        if play(&case, Arc::clone(&policy), Way::Batch)? != single {
            return Err("a batch is decided otherwise".into());
        }
        Ok(())
    });
}
