//! A policy by itself, without what a gateway does around it: what the benchmarks hold against other engines.

use std::fmt;
use std::sync::Arc;

use callsign_catalog::Sender;
use callsign_engine::contract::types::Answer;
use callsign_engine::{Instance, Limits};
use callsign_index::host_reads::sender_type_of;
use callsign_index::{Member, area_code};

use crate::gateway::Gateway;
use crate::message::Message;
use crate::resolve::call::{Query, choose, load};
use crate::resolve::destination::prepare;
use crate::snapshot::Snapshot;

/// One instance of the policy of the platform, and messages that it can be asked about: handles go in, a handle comes out.
///
/// Nothing checks the answers and no pin is written. It is for benchmarks: a gateway that serves uses
/// [`Gateway::resolve`].
pub struct Bare<'a> {
    snapshot: Arc<Snapshot>,
    instance: Box<Instance>,
    queries: Vec<Query<'a>>,
}

/// What a policy is asked of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BareRequest {
    /// The destination country, two letters.
    pub country: [u8; 2],
    /// The area code of a destination of country code 1, else 0.
    pub area_code: u16,
    /// The recipient, as a hash.
    pub recipient: u64,
}

/// A sender as policies see it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct BareSender<'a> {
    /// Its handle.
    pub handle: u32,
    /// Its place in a pool, after its type and its area code.
    pub key: u64,
    /// The area code of a long number of country code 1, else 0.
    pub area_code: u16,
    /// The sender.
    pub sender: &'a Sender,
}

impl Gateway {
    /// The policy of the platform by itself, and these messages, which are all of one scope. Messages that the policy would not
    /// be asked about are left out.
    ///
    /// # Errors
    /// The policy does not start.
    pub fn bare<'a>(&self, messages: &'a [Message<'a>]) -> Result<Bare<'a>, String> {
        let snapshot = self.snapshot();
        let mut queries: Vec<Query<'a>> =
            messages.iter().filter_map(|message| prepare(&snapshot, message).ok()).collect();
        for (handle, query) in (0..).zip(&mut queries) {
            query.question.request.message = handle;
        }
        let Some(first) = queries.first() else { return Err("no message for the policy".into()) };
        let policy = &choose(&snapshot, first).bound.binding.policy;
        let mut instance = policy.instance().map_err(|failure| failure.to_string())?;
        load(&mut instance, &snapshot, &queries);
        Ok(Bare { snapshot, instance, queries })
    }
}

impl Bare<'_> {
    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// What is asked about a message.
    pub fn request(&self, message: usize) -> BareRequest {
        let request = &self.queries[message].question.request;
        BareRequest {
            country: request.country.to_be_bytes(),
            area_code: request.area_code,
            recipient: request.recipient,
        }
    }

    /// The handle of the sender of a message; none where the policy refuses.
    ///
    /// # Errors
    /// The policy failed.
    #[inline]
    pub fn ask(&mut self, message: usize) -> Result<Option<u32>, String> {
        let answer = self.instance.resolve(self.queries[message].question.request);
        answer.map(|answer| handle_of(&answer)).map_err(|failure| failure.to_string())
    }

    /// The same for all messages in one call, which are at most 256. A policy reads the pins of a call together, so there are none
    /// but those of the call.
    ///
    /// # Errors
    /// The policy failed.
    pub fn ask_all(&mut self) -> Result<Vec<Option<u32>>, String> {
        if self.len() > Limits::BATCH {
            return Err(format!("{} messages, where {} go at once", self.len(), Limits::BATCH));
        }
        let answers = self.instance.resolve_batch(self.queries.iter().map(|query| &query.question.request));
        let handles = answers.map(|answers| answers.iter().map(handle_of).collect());
        handles.map_err(|failure| failure.to_string())
    }

    /// The senders of the scope, in the order of a pool: by type, area code and key.
    pub fn senders(&self) -> Vec<BareSender<'_>> {
        let revision = &self.snapshot.revision;
        let scope = self.queries.first().and_then(|query| revision.scope(query.question.request.scope));
        let members = scope.into_iter().flat_map(|scope| &scope.members);
        let sender = |(handle, member): (u32, &Member)| {
            let sender = &revision.catalog().senders()[member.sender as usize];
            let area_code = area_code(sender.kind, sender.number);
            BareSender { handle, key: revision.keys()[member.sender as usize], area_code, sender }
        };
        let mut senders: Vec<BareSender<'_>> = (0..).zip(members).map(sender).collect();
        // The order of a pool.
        senders.sort_by_key(|sender| (sender_type_of(sender.sender.kind) as u8, sender.area_code, sender.key));
        senders
    }
}

fn handle_of(answer: &Answer) -> Option<u32> {
    match answer {
        Answer::Decided(decision) => Some(decision.sender),
        Answer::Refused(_) => None,
    }
}

impl fmt::Debug for Bare<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bare").field("messages", &self.queries.len()).finish_non_exhaustive()
    }
}
