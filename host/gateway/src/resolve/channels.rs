//! Messages with several channels in order of preference.
//!
//! Each is decided as a message of its first channel, together with all others. Those that have no sender there are decided
//! as messages of their second channel, and so on. Once all have come to an end, the channels after that of each answer are
//! decided as fallbacks: what they would get, without a pin being written.

use callsign_catalog::Channel;

use crate::decision::{ByChannel, Outcome, Verdict};
use crate::message::Message;

/// Messages on their way through their channels.
pub(crate) struct Rounds<'m, 'a> {
    messages: &'m [Message<'a>],
    entries: Vec<Entry>,
    /// The messages of the round under way: the index of each, and its channel as an index into the message's.
    asked: Vec<(u32, u8)>,
    /// How many channels of a message were tried before this round.
    round: u8,
    /// Whether the fallbacks were asked for.
    are_fallbacks: bool,
}

/// What is known of a message.
#[derive(Default)]
struct Entry {
    /// What became of it on the channels so far, the preferred one first.
    outcomes: Vec<Outcome>,
    /// The channel of its answer, as an index into the message's; none while there is none.
    answer: Option<u8>,
}

/// What became of messages, in their order; of each with channels, also which channel it is and the fallbacks.
pub(crate) type Decided = (Vec<Outcome>, Vec<Option<Box<ByChannel>>>);

impl<'m, 'a> Rounds<'m, 'a> {
    /// Messages of which some have channels; none if none has.
    #[inline]
    pub(crate) fn of(messages: &'m [Message<'a>]) -> Option<Self> {
        messages.iter().any(|message| message.channels.is_some()).then(|| Self::new(messages))
    }

    #[cold]
    fn new(messages: &'m [Message<'a>]) -> Self {
        let entries = messages.iter().map(|_| Entry::default()).collect();
        Self { messages, entries, asked: Vec::new(), round: 0, are_fallbacks: false }
    }

    /// How many decisions there are to make at most.
    pub(crate) fn decisions(&self) -> usize {
        self.messages.iter().map(|message| channels(message).len()).sum()
    }

    /// The messages of the next round, each of one channel; none if all are decided.
    pub(crate) fn next(&mut self) -> Option<Vec<Message<'a>>> {
        self.asked.clear();
        let all = (0..).zip(self.messages.iter().zip(&self.entries));
        if !self.are_fallbacks {
            let round = self.round;
            let open = all
                .filter(|(_, (message, entry))| entry.answer.is_none() && usize::from(round) < channels(message).len());
            self.asked.extend(open.map(|(index, _)| (index, round)));
            self.round += 1;
            if !self.asked.is_empty() {
                return Some(self.asked_messages(false));
            }
            self.are_fallbacks = true;
            return self.next();
        }
        for (index, (message, entry)) in all {
            // Where no channel has a sender, the first one's refusal is the answer, and the others are known.
            for channel in entry.outcomes.len()..channels(message).len() {
                self.asked.push((index, channel as u8));
            }
        }
        (!self.asked.is_empty()).then(|| self.asked_messages(true))
    }

    fn asked_messages(&self, is_fallback: bool) -> Vec<Message<'a>> {
        let asked = self.asked.iter().map(|&(index, channel)| {
            let message = &self.messages[index as usize];
            let channel = channels(message)[usize::from(channel)];
            Message { is_fallback, ..message.over(channel) }
        });
        asked.collect()
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

fn channels<'m>(message: &'m Message<'_>) -> &'m [Channel] {
    match &message.channels {
        Some(channels) => channels.as_slice(),
        None => std::slice::from_ref(&message.channel),
    }
}
