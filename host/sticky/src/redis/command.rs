//! What is asked of a node for one key, and what its answer means.

use redis::{Cmd, Value};

use crate::error::StickyError;
use crate::pin::{Pin, SenderKey, now};
use crate::redis::layout::{pin_of, use_of, value_of};

/// A command for one key.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) slot: u16,
    pub(crate) key: Vec<u8>,
    pub(crate) kind: CommandKind,
}

#[derive(Debug, Clone)]
pub(crate) enum CommandKind {
    /// `GET`.
    Read,
    /// `SET NX GET`, or a script where there is a pin to compare with.
    Write {
        pin: Pin,
        expected: Option<SenderKey>,
        /// The very value that may be overwritten, since by our clock its time is over.
        ended: Option<Vec<u8>>,
    },
    /// A script.
    Release { expected: Option<SenderKey> },
    /// A script.
    Touch { sender: SenderKey, last_used: u64, idle_days: u16 },
    /// Any other command: its name, and what follows the key.
    Other(&'static str, Vec<Vec<u8>>),
}

/// What the answer of a node means.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The pin that is the answer, or none.
    Pin(Option<Pin>),
    /// Not a pin: what the node said.
    Value(Value),
    /// The key has a pin, and by our clock its time is over: to be written again, over this value.
    Ended(Vec<u8>),
    /// Not an answer that this command has.
    Unknown,
}

/// The scripts, and the hashes that servers know them by.
#[derive(Debug)]
pub(crate) struct Scripts {
    write: Script,
    release: Script,
    touch: Script,
}

#[derive(Debug)]
struct Script {
    text: &'static str,
    hash: String,
}

/// Replaces what is expected (a sender, or an exact value, or no pin at all): nothing where the new value was written,
/// else the value that stays. In a later attempt the new value itself is expected too: then an earlier one wrote it.
const WRITE: &str = "\
local v = redis.call('GET', KEYS[1])
if v and v ~= ARGV[3] and string.sub(v, 2, 9) ~= ARGV[1] and not (ARGV[5] == '1' and v == ARGV[2]) then return v end
if ARGV[4] == '' then redis.call('SET', KEYS[1], ARGV[2])
else redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[4]) end
return false";

/// Takes off what is expected (a sender, or anything): the value that was taken off, or nothing.
const RELEASE: &str = "\
local v = redis.call('GET', KEYS[1])
if not v or (ARGV[1] ~= '' and string.sub(v, 2, 9) ~= ARGV[1]) then return false end
redis.call('DEL', KEYS[1])
return v";

/// Notes a use of a pin of this sender.
const TOUCH: &str = "\
local v = redis.call('GET', KEYS[1])
if not v or string.sub(v, 2, 9) ~= ARGV[1] then return false end
v = string.sub(v, 1, 14) .. ARGV[2]
if ARGV[3] == '' then redis.call('SET', KEYS[1], v)
else redis.call('SET', KEYS[1], v, 'EXAT', ARGV[3]) end
return false";

impl Scripts {
    /// The texts, in the order in which [`Scripts::new`] takes their hashes.
    pub(crate) const TEXTS: [&'static str; 3] = [WRITE, RELEASE, TOUCH];

    /// Scripts by the hashes that `SCRIPT LOAD` gave.
    pub(crate) fn new([write, release, touch]: [String; 3]) -> Self {
        Self {
            write: Script { text: WRITE, hash: write },
            release: Script { text: RELEASE, hash: release },
            touch: Script { text: TOUCH, hash: touch },
        }
    }
}

impl Script {
    fn cmd(&self, key: &[u8], whole: bool) -> Cmd {
        let mut cmd = Cmd::with_capacity(ARGUMENTS, BYTES);
        if whole {
            cmd.arg("EVAL").arg(self.text);
        } else {
            cmd.arg("EVALSHA").arg(&self.hash);
        }
        cmd.arg(1).arg(key);
        cmd
    }
}

/// Room for the arguments of a command, and for their bytes, so that it need not grow.
const ARGUMENTS: usize = 8;
const BYTES: usize = 128;

/// The sender as scripts find it in a value.
fn sender(expected: Option<SenderKey>) -> Vec<u8> {
    expected.map_or_else(Vec::new, |sender| sender.0.to_be_bytes().to_vec())
}

/// When a pin ends, as scripts are told: nothing for never.
fn ends(pin: &Pin) -> Vec<u8> {
    pin.ends().map_or_else(Vec::new, |ends| ends.to_string().into_bytes())
}

impl Command {
    /// The command as it is sent. `again`: an earlier attempt may have been done without an answer. `whole`: scripts are
    /// sent as text, to a node that does not know them yet.
    pub(crate) fn cmd(&self, scripts: &Scripts, again: bool, whole: bool) -> Cmd {
        let mut cmd = Cmd::with_capacity(ARGUMENTS, BYTES);
        match &self.kind {
            CommandKind::Read => {
                cmd.arg("GET").arg(&self.key);
            }
            CommandKind::Write { pin, expected: None, ended: None } if !again => {
                cmd.arg("SET").arg(&self.key).arg(&value_of(pin)).arg("NX").arg("GET");
                if let Some(ends) = pin.ends() {
                    cmd.arg("EXAT").arg(ends);
                }
            }
            // A value that an earlier attempt wrote is overwritten by itself: answered as it would have been the first
            // time, and a write that `WAIT` counts.
            CommandKind::Write { pin, expected, ended } => {
                cmd = scripts.write.cmd(&self.key, whole);
                cmd.arg(sender(*expected)).arg(&value_of(pin)).arg(ended.as_deref().unwrap_or_default());
                cmd.arg(ends(pin)).arg(u8::from(again));
            }
            CommandKind::Release { expected } => {
                cmd = scripts.release.cmd(&self.key, whole);
                cmd.arg(sender(*expected));
            }
            CommandKind::Touch { sender, last_used, idle_days } => {
                cmd = scripts.touch.cmd(&self.key, whole);
                let mut pin = Pin::new(*sender, *last_used, *idle_days);
                pin.last_used = *last_used;
                cmd.arg(&sender.0.to_be_bytes()).arg(&use_of(*last_used, *idle_days)).arg(ends(&pin));
            }
            CommandKind::Other(name, arguments) => {
                cmd.arg(name).arg(&self.key);
                for argument in arguments {
                    cmd.arg(argument);
                }
            }
        }
        cmd
    }

    /// Whether it may write.
    pub(crate) fn writes(&self) -> bool {
        match self.kind {
            CommandKind::Read => false,
            CommandKind::Other(name, _) => matches!(name, "SET" | "HSET"),
            _ => true,
        }
    }

    /// What an answer means that is no error.
    pub(crate) fn reply(&self, value: Value) -> Reply {
        if let CommandKind::Other(..) = self.kind {
            return Reply::Value(value);
        }
        let value = match value {
            Value::Nil => return Reply::Pin(None),
            Value::BulkString(value) => value,
            _ => return Reply::Unknown,
        };
        let Some(pin) = pin_of(&value) else { return Reply::Unknown };
        // The server's clock says when a pin ends; where ours is ahead, we know it first.
        match self.kind {
            CommandKind::Write { .. } if pin.has_ended(now()) => Reply::Ended(value),
            _ => Reply::Pin(Some(pin).filter(|pin| !pin.has_ended(now()))),
        }
    }
}

/// The error for an answer that a command does not have.
pub(crate) fn unknown_answer() -> StickyError {
    StickyError::new("the value under the key of a pin is none that this version writes")
}
