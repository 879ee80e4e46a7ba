//! A decision by itself: no catalog and no policy is kept alive for it.

use callsign_catalog::{Channel, SenderType};
use serde::{Serialize, Serializer};

use super::DecisionRef;
use super::json::{Json, Writable, Written};
use crate::step::Step;

/// What became of a message, with ids and texts of its own: made by [`Decision::to_owned`](crate::Decision::to_owned).
///
/// It holds no catalog and no policy, so any number of them can be kept, compared, and sent to other threads. Its JSON is that of
/// the decision that it was made of.
///
/// ```
/// use callsign::{Catalog, Channel, Gateway, Message};
///
/// let gateway = Gateway::new(Catalog::from_json("{}")?)?;
/// let decision = gateway.resolve(&Message::new(Channel::Sms, "+14155550123"));
/// let (kept, json) = (decision.to_owned(), serde_json::to_string(&decision.get().to_json(Some("m-1")))?);
/// drop(decision);
/// assert_eq!(kept.refusal().map(|refusal| refusal.code()), Some("NO_STRATEGY"));
/// assert_eq!(serde_json::to_string(&kept.to_json(Some("m-1")))?, json);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnedDecision {
    verdict: Result<OwnedSender, OwnedRefusal>,
    policy: Box<str>,
    channel: Option<Channel>,
    /// None for a message with a single channel.
    fallbacks: Option<Box<[(Channel, OwnedDecision)]>>,
}

/// The sender that a message was given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnedSender {
    id: Box<str>,
    shown: Box<str>,
    kind: SenderType,
    step: Step,
    strategy: Option<Box<str>>,
    unpinned: Option<Box<str>>,
}

/// Why a message has no sender, in words.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnedRefusal {
    code: Box<str>,
    message: Box<str>,
}

// === impl OwnedDecision ===

impl OwnedDecision {
    pub(super) fn of(decision: DecisionRef<'_>) -> Self {
        let verdict = match decision.written() {
            Some(Written::Sender { sender, sender_id, sender_type, step, strategy_id, unpinned, policy: _ }) => {
                Ok(OwnedSender {
                    id: sender_id.into(),
                    shown: sender.into(),
                    kind: sender_type,
                    step,
                    strategy: strategy_id.map(Into::into),
                    unpinned: unpinned.map(Into::into),
                })
            }
            Some(Written::Refusal { code, message }) => {
                Err(OwnedRefusal { code: code.into(), message: message.to_string().into() })
            }
            // A decision always has one of the two: its sender is one of its own catalog.
            None => Err(OwnedRefusal { code: "POLICY_FAILED".into(), message: "the decision has no sender".into() }),
        };
        let fallbacks = Writable::fallbacks(&decision);
        let fallbacks = fallbacks.map(|each| each.map(|(channel, one)| (channel, Self::of(one))).collect());
        Self { verdict, policy: decision.policy().into(), channel: decision.channel(), fallbacks }
    }

    /// The sender; none where the message was refused.
    pub fn sender(&self) -> Option<&OwnedSender> {
        self.verdict.as_ref().ok()
    }

    /// Why there is no sender; none where there is one.
    pub fn refusal(&self) -> Option<&OwnedRefusal> {
        self.verdict.as_ref().err()
    }

    /// The policy that decided, as `name@version`.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The channel of the decision, for a message with `channels`, as [`DecisionRef::channel`].
    pub fn channel(&self) -> Option<Channel> {
        self.channel
    }

    /// What the channels after [`OwnedDecision::channel`] would get, in order of preference.
    pub fn fallbacks(&self) -> &[(Channel, OwnedDecision)] {
        self.fallbacks.as_deref().unwrap_or_default()
    }

    /// The decision as JSON, with the id of its message: the same as [`DecisionRef::to_json`].
    pub fn to_json<'m>(&self, message_id: Option<&'m str>) -> impl Serialize + use<'_, 'm> {
        Json { message_id, decision: self }
    }
}

/// The JSON without an id of its message.
impl Serialize for OwnedDecision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json(None).serialize(serializer)
    }
}

impl Writable for &OwnedDecision {
    fn written(&self) -> Option<Written<'_>> {
        Some(match &self.verdict {
            Ok(OwnedSender { id, shown, kind, step, strategy, unpinned }) => Written::Sender {
                sender: (&**shown).into(),
                sender_id: id,
                sender_type: *kind,
                step: *step,
                strategy_id: strategy.as_deref(),
                unpinned: unpinned.as_deref(),
                policy: &self.policy,
            },
            Err(OwnedRefusal { code, message }) => Written::Refusal { code, message },
        })
    }

    fn channel(&self) -> Option<Channel> {
        self.channel
    }

    fn fallbacks(&self) -> Option<impl Iterator<Item = (Channel, Self)>> {
        Some(self.fallbacks.as_deref()?.iter().map(|(channel, decision)| (*channel, decision)))
    }
}

// === impl OwnedSender ===

impl OwnedSender {
    /// `senderId`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What recipients see: a number in E.164, any other address as the catalog has it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// `senderType`.
    pub fn kind(&self) -> SenderType {
        self.kind
    }

    /// The step that settled the decision.
    pub fn step(&self) -> Step {
        self.step
    }

    /// The id of the strategy that was followed; none where the message named its sender.
    pub fn strategy(&self) -> Option<&str> {
        self.strategy.as_deref()
    }

    /// Why the recipient's pin was not read or not written, as [`DecisionRef::unpinned`].
    pub fn unpinned(&self) -> Option<&str> {
        self.unpinned.as_deref()
    }
}

// === impl OwnedRefusal ===

impl OwnedRefusal {
    /// The code for programs, such as `NO_ELIGIBLE_SENDER` or one of the policy's own.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }
}
