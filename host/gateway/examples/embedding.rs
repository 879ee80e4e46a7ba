//! A small messaging gateway on tokio: messages come in one by one, are decided in batches, and every sender of them gets its
//! decision back. While it runs the catalog is edited, the policy is swapped, and a sender falls ill.
//!
//! ```sh
//! cargo run -p callsign --example embedding            # pins in a folder that is removed at the end
//! cargo run -p callsign --example embedding -- ./pins  # pins that last
//! ```

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use callsign::{
    AssociationById, Binding, BindingTarget, Catalog, ChangeError, Channel, Countries, Coverage, Edit, EmbeddedStore,
    Gateway, Health, Message, OwnedDecision, Policy, Registration, Sender, SenderType, SignalBoard, Signals,
};
use tokio::sync::{mpsc, oneshot};

/// Two numbers of an application. Its recipients keep their sender, and senders that do not work are skipped.
const PLATFORM: &str = r#"{
    "applications": [{"applicationId": "shop"}],
    "senders": [
        {"senderId": "S1", "sender": "+14155550100", "senderType": "VIRTUAL_LONG_NUMBER",
         "coverage": [{"channel": "SMS", "countries": ["US", "CA"]}]},
        {"senderId": "S2", "sender": "+14155550101", "senderType": "VIRTUAL_LONG_NUMBER",
         "coverage": [{"channel": "SMS", "countries": ["US", "CA"]}]}
    ],
    "associations": [
        {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "S1"},
        {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "S2"}
    ],
    "sendingStrategies": [
        {"sendingStrategyId": "GENERAL", "platform": {"applicationId": "shop"},
         "useStickySender": true, "skipUnhealthySenders": true}
    ]
}"#;

/// The most messages that are decided together.
const BATCH: usize = 64;

/// A message on its way, and who waits for its sender.
struct Waiting {
    to: String,
    answer: oneshot::Sender<OwnedDecision>,
}

/// Decides messages until nobody can send any more. Whatever waits is decided together, in one read and one write of pins.
async fn decide_all(gateway: Arc<Gateway>, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut waiting, BATCH).await > 0 {
        let messages: Vec<Message<'_>> =
            waiting.iter().map(|one| Message::new(Channel::Sms, &one.to).application("shop")).collect();
        let decisions = gateway.resolve_batch_async(&messages).await;
        // Owned, since they leave this task: the batch, and the catalog that it holds, goes with this round.
        let owned: Vec<OwnedDecision> = decisions.iter().map(|decision| decision.to_owned()).collect();
        for (one, decision) in waiting.drain(..).zip(owned) {
            // Whoever does not wait any more needs no answer.
            let _ = one.answer.send(decision);
        }
    }
}

/// Sends a message to each of the recipients at once; returns the ids of their senders.
async fn send(queue: &mpsc::Sender<Waiting>, recipients: &[String]) -> Result<Vec<String>, Box<dyn Error>> {
    let mut answers = Vec::with_capacity(recipients.len());
    for to in recipients {
        let (answer, decision) = oneshot::channel();
        queue.send(Waiting { to: to.clone(), answer }).await?;
        answers.push(decision);
    }
    let mut senders = Vec::with_capacity(answers.len());
    for decision in answers {
        let decision = decision.await?;
        match (decision.sender(), decision.refusal()) {
            (Some(sender), _) => senders.push(sender.id().to_owned()),
            (None, refusal) => return Err(refusal.map_or("no decision", |refusal| refusal.message()).into()),
        }
    }
    Ok(senders)
}

/// Registers one more number, whatever else changes the catalog meanwhile.
fn add_number(gateway: &Gateway, id: &str, number: &str) -> Result<(), ChangeError> {
    let coverage = Coverage::new([(Channel::Sms, Countries::All, Registration::Active)]);
    let edits = [
        Edit::put_sender(Sender::new(id, number, SenderType::VirtualLongNumber, coverage)),
        Edit::put_association(AssociationById::new(Channel::Sms, "shop", id)),
    ];
    loop {
        match gateway.edit(gateway.revision().number(), &edits) {
            // Another change came first: these edits fit any catalog with this application.
            Err(ChangeError::Overtaken { .. }) => {}
            done => return done.map(drop),
        }
    }
}

async fn run(pins: PathBuf) -> Result<(), Box<dyn Error>> {
    // Opening a store and compiling a policy block.
    let gateway = tokio::task::spawn_blocking(move || -> Result<Gateway, Box<dyn Error + Send + Sync>> {
        let pins = EmbeddedStore::open(pins, Default::default())?;
        Ok(Gateway::with(Catalog::from_json(PLATFORM)?, Policy::standard()?, Arc::new(pins))?)
    });
    let gateway = Arc::new(gateway.await?.map_err(|error| error.to_string())?);
    gateway.listen(|event| println!("event: {event}"));
    let health = Arc::new(SignalBoard::new());
    gateway.use_signals(health.clone());

    let (queue, waiting) = mpsc::channel(1_024);
    let deciding = tokio::spawn(decide_all(Arc::clone(&gateway), waiting));
    let old: Vec<String> = (0..200).map(|number| format!("+1415555{number:04}")).collect();
    let first = send(&queue, &old).await?;
    println!("{} recipients have senders", first.len());

    // A third number and another policy, while messages are decided. A swap starts the policy before it serves, so it blocks.
    let changing = {
        let gateway = Arc::clone(&gateway);
        tokio::task::spawn_blocking(move || -> Result<(), Box<dyn Error + Send + Sync>> {
            add_number(&gateway, "S3", "+1 (415) 555-0102")?;
            gateway.swap(&BindingTarget::application("shop"), Binding::new(Policy::standard()?))?;
            Ok(())
        })
    };
    while !changing.is_finished() {
        assert_eq!(send(&queue, &old).await?, first, "recipients keep their senders through every change");
    }
    changing.await?.map_err(|error| error.to_string())?;
    println!("{} senders are registered", gateway.revision().catalog().senders().len());

    // A sender that does not deliver. No revision is made, and new recipients get others from now on.
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut signals = Signals::builder();
    signals.health("S1", None, None, Health::Unhealthy { since });
    health.set(signals);
    let new: Vec<String> = (0..200).map(|number| format!("+1212555{number:04}")).collect();
    let others = send(&queue, &new).await?;
    assert!(others.iter().all(|sender| sender != "S1"), "an unhealthy sender is skipped");
    println!("{} more recipients have senders, none of them S1", others.len());

    drop(queue);
    deciding.await?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let pins =
        given.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("callsign-pins-{}", std::process::id())));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(run(pins.clone()));
    if given.is_none() {
        let _ = std::fs::remove_dir_all(&pins);
    }
    done
}

#[test]
fn the_example_runs() {
    let pins = std::env::temp_dir().join(format!("callsign-example-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let done = runtime.block_on(run(pins.clone()));
    let _ = std::fs::remove_dir_all(&pins);
    done.expect("the example runs to its end");
}
