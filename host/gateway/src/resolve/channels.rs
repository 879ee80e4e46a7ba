//! Messages with several channels in order of preference.
//!
//! They are decided in rounds. In each round a message is asked about on one channel, together with all others, until one has
//! a sender for it. Then the channels after that are asked about as fallbacks: what they would get, without a pin being
//! written.
//!
//! The decisions are those of one message after the other. So a message waits with a channel on which an earlier one to the
//! same recipient may still be asked about, as that may pin the recipient, or is to see that there was no pin. For the same
//! reason messages of different types to one recipient are not asked about together: one may replace the pin of the other.

use callsign_catalog::{Channel, MessageType};
use callsign_destination::Number;
use hashbrown::HashMap;

use crate::decision::{ByChannel, Outcome, Verdict};
use crate::message::Message;

/// Messages on their way through their channels.
pub(crate) struct Rounds<'m, 'a> {
    messages: &'m [Message<'a>],
    entries: Vec<Entry>,
    /// The messages of the round under way: the index of each, and its channel as an index into the message's.
    asked: Vec<(u32, u8)>,
}

/// What is known of a message.
#[derive(Default)]
struct Entry {
    /// Its recipient; 0 for what is no number, which has no pin.
    recipient: u64,
    /// What became of it on the channels so far, the preferred one first.
    outcomes: Vec<Outcome>,
    /// The channel of its answer, as an index into the message's; none while there is none.
    answer: Option<u8>,
}

/// The channels on which earlier messages to a recipient still have something to be decided, as bits.
#[derive(Debug, Clone, Copy, Default)]
struct Before<'a> {
    /// In a later round.
    later: u8,
    /// In this round, which may pin the recipient.
    now: u8,
    /// The type of the messages of this round, for each channel.
    types: [Option<MessageType<'a>>; Channel::ALL.len()],
}

/// What became of messages, in their order; of each with channels, also which channel it is and the fallbacks.
pub(crate) type Decided = (Vec<Outcome>, Vec<Option<Box<ByChannel>>>);

impl<'m, 'a> Rounds<'m, 'a> {
    /// Messages that take several rounds; none if all can be decided together, as most can.
    #[inline]
    pub(crate) fn of(messages: &'m [Message<'a>]) -> Option<Self> {
        let several = messages.iter().any(|message| message.channels.is_some());
        let differ = || messages.windows(2).any(|two| two[0].message_type != two[1].message_type);
        (several || differ() && have_types_of_one_recipient(messages)).then(|| Self::new(messages))
    }

    #[cold]
    fn new(messages: &'m [Message<'a>]) -> Self {
        let entry = |message| Entry { recipient: recipient(message), ..Entry::default() };
        Self { messages, entries: messages.iter().map(entry).collect(), asked: Vec::new() }
    }

    /// How many decisions there are to make at most.
    pub(crate) fn decisions(&self) -> usize {
        self.messages.iter().map(|message| channels(message).len()).sum()
    }

    /// The messages of the next round, each of one channel; none if all are decided. The first one that is not decided is
    /// always among them.
    pub(crate) fn next(&mut self) -> Option<Vec<Message<'a>>> {
        self.asked.clear();
        let mut earlier: HashMap<u64, Before<'a>> = HashMap::new();
        for (index, (message, entry)) in (0..).zip(self.messages.iter().zip(&self.entries)) {
            let channels = channels(message);
            let before = earlier.entry(entry.recipient).or_default();
            let tried = entry.outcomes.len();
            let bits = |channels: &[Channel]| channels.iter().fold(0, |bits, &channel| bits | 1 << channel as u8);
            // Its fallbacks all at once, or else one channel.
            let (asked, waits_for) = match entry.answer {
                Some(_) => (tried..channels.len(), before.later | before.now),
                None => {
                    let of_other_type = |channel: &Channel| before.types[*channel as usize] != message.message_type;
                    let other_types = channels.get(tried).filter(|channel| of_other_type(channel));
                    let others = other_types.map_or(0, |channel| before.now & bits(&[*channel]));
                    (tried..channels.len().min(tried + 1), before.later | others)
                }
            };
            if bits(&channels[asked.clone()]) & waits_for != 0 {
                before.later |= bits(&channels[tried..]);
                continue;
            }
            before.later |= bits(&channels[asked.end..]);
            if entry.answer.is_none() {
                before.now |= bits(&channels[asked.clone()]);
                channels[asked.clone()]
                    .iter()
                    .for_each(|&channel| before.types[channel as usize] = message.message_type);
            }
            self.asked.extend(asked.map(|channel| (index, channel as u8)));
        }
        let asked = self.asked.iter().map(|&(index, channel)| {
            let (message, entry) = (&self.messages[index as usize], &self.entries[index as usize]);
            let channel = channels(message)[usize::from(channel)];
            Message { is_fallback: entry.answer.is_some(), ..message.over(channel) }
        });
        (!self.asked.is_empty()).then(|| asked.collect())
    }

    /// Takes what became of the messages of the round, in their order.
    pub(crate) fn take(&mut self, outcomes: Vec<Outcome>) {
        for (&(index, channel), outcome) in self.asked.iter().zip(outcomes) {
            let entry = &mut self.entries[index as usize];
            if entry.answer.is_none() && matches!(outcome.verdict, Verdict::Decided { .. }) {
                entry.answer = Some(channel);
            }
            entry.outcomes.push(outcome);
        }
    }

    /// What became of all messages.
    pub(crate) fn finish(self) -> Decided {
        let all = self.messages.iter().zip(self.entries);
        all.map(|(message, entry)| {
            let answer = usize::from(entry.answer.unwrap_or_default());
            let mut outcomes = entry.outcomes.into_iter().skip(answer);
            // Every message was asked about at least once.
            let outcome = outcomes.next().unwrap_or_else(|| Outcome::undecided("the message has no decision"));
            let by_channel = message.channels.map(|channels| {
                let all = channels.as_slice();
                let fallbacks = all[answer + 1..].iter().copied().zip(outcomes).collect();
                Box::new(ByChannel { channel: all[answer], fallbacks })
            });
            (outcome, by_channel)
        })
        .unzip()
    }
}

/// The recipient of a message; 0 for what is no number.
fn recipient(message: &Message<'_>) -> u64 {
    Number::parse(message.to).map_or(0, |number| number.recipient().get())
}

/// Whether messages of different types go to one recipient.
#[inline(never)]
fn have_types_of_one_recipient(messages: &[Message<'_>]) -> bool {
    let mut types = HashMap::with_capacity(messages.len());
    messages
        .iter()
        .any(|message| *types.entry(recipient(message)).or_insert(message.message_type) != message.message_type)
}

fn channels<'m>(message: &'m Message<'_>) -> &'m [Channel] {
    match &message.channels {
        Some(channels) => channels.as_slice(),
        None => std::slice::from_ref(&message.channel),
    }
}
