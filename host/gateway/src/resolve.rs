//! The way of a message, forward only, in files named for its steps.
//!
//! 1. `destination`: the text in `to` becomes a number, a country and an area code.
//! 2. `explicit`: a message that names its sender is settled here.
//! 3. `call`: for steps 3 to 8 the policy that serves the scope is called, inside its sandbox.
//! 4. `check`: what it answers is checked before it counts.
//! 5. `pin`: step 9, the pin that the answer wants.
//!
//! Calls are made in a `turn`, which knows where they run and how long they may take: `slow_work` is what the slow lane
//! does, `in_lanes` awaits messages through both lanes, `wording` asks for the words of refusals.
//!
//! `channels` asks about a message with several channels once for each that it needs.
//!
//! `progress` takes a message from its call to its decision, also where the policy fails or another message pins the
//! recipient first. `single` does it for one message, `batch` for many; `shadow` compares a candidate afterwards, `probe`
//! tries a policy that does not serve yet, `replay` decides again what was decided before.

pub(crate) mod batch;
pub(crate) mod call;
pub(crate) mod channels;
pub(crate) mod check;
pub(crate) mod destination;
pub(crate) mod explicit;
pub(crate) mod in_lanes;
pub(crate) mod pin;
pub(crate) mod probe;
mod progress;
pub(crate) mod replay;
pub(crate) mod shadow;
pub(crate) mod single;
mod slow_work;
pub(crate) mod turn;
pub(crate) mod wording;
