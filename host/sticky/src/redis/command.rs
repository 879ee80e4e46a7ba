//! Commands for one key, their scripts, and their replies.

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
    /// `SET NX GET`, or a script if there is a pin to compare with.
    Write {
        pin: Pin,
        expected: Option<SenderKey>,
        /// The exact value that may be overwritten, since it has ended by our clock.
        ended: Option<Vec<u8>>,
    },
    /// A script.
    Release { expected: Option<SenderKey> },
    /// A script.
    Touch { sender: SenderKey, last_used: u64, idle_days: u16 },
    /// Any other command: its name, and the arguments after the key.
    Other(&'static str, Vec<Vec<u8>>),
}

/// The answer of a node, understood.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A pin, or none.
    Pin(Option<Pin>),
    /// The raw answer of [`CommandKind::Other`].
    Value(Value),
    /// The key has a pin that has ended by our clock; the write must be sent again, to replace this value.
    Ended(Vec<u8>),
    /// An answer that this command cannot have.
    Unknown,
}

/// The scripts with the hashes by which servers know them.
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

/// Writes a value if the current one is expected: of this sender, this exact value, or none. Returns nothing if it was
/// written, else the current value. In a later attempt the new value is expected too, since an earlier attempt may have
/// written it.
const WRITE: &str = "\
local v = redis.call('GET', KEYS[1])
if v and v ~= ARGV[3] and string.sub(v, 2, 9) ~= ARGV[1] and not (ARGV[5] == '1' and v == ARGV[2]) then return v end
if ARGV[4] == '' then redis.call('SET', KEYS[1], ARGV[2])
else redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[4]) end
return false";

/// Deletes a value of the expected sender, or of any sender, and returns it; nothing if there is none.
const RELEASE: &str = "\
local v = redis.call('GET', KEYS[1])
if not v or (ARGV[1] ~= '' and string.sub(v, 2, 9) ~= ARGV[1]) then return false end
redis.call('DEL', KEYS[1])
return v";

/// Updates the last use of a pin of this sender.
const TOUCH: &str = "\
local v = redis.call('GET', KEYS[1])
if not v or string.sub(v, 2, 9) ~= ARGV[1] then return false end
v = string.sub(v, 1, 14) .. ARGV[2]
if ARGV[3] == '' then redis.call('SET', KEYS[1], v)
else redis.call('SET', KEYS[1], v, 'EXAT', ARGV[3]) end
return false";

impl Scripts {
    /// The texts, in the order of the hashes that [`Scripts::new`] takes.
    pub(crate) const TEXTS: [&'static str; 3] = [WRITE, RELEASE, TOUCH];

    /// The scripts with the hashes that `SCRIPT LOAD` returned.
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

/// Space reserved for the arguments of a command and for their bytes, so that it is allocated once.
const ARGUMENTS: usize = 8;
const BYTES: usize = 128;

/// The sender as it is in a value; empty for any.
fn sender(expected: Option<SenderKey>) -> Vec<u8> {
    expected.map_or_else(Vec::new, |sender| sender.0.to_be_bytes().to_vec())
}

/// The end of a pin as an argument of scripts; empty for never.
fn ends(pin: &Pin) -> Vec<u8> {
    pin.ends().map_or_else(Vec::new, |ends| ends.to_string().into_bytes())
}

impl Command {
    /// The command to send. `again`: an earlier attempt may have been executed although its answer was lost. `whole`:
    /// send scripts as text, to a node that does not know their hashes.
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
            // A value that an earlier attempt wrote is replaced by itself: the answer is the same as the first time,
            // and `WAIT` counts the write.
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

    /// Reads an answer that is not an error.
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
        // A pin expires by the server's clock. If ours is ahead, it has ended for us already.
        match self.kind {
            CommandKind::Write { .. } if pin.has_ended(now()) => Reply::Ended(value),
            _ => Reply::Pin(Some(pin).filter(|pin| !pin.has_ended(now()))),
        }
    }
}

/// The error for [`Reply::Unknown`].
pub(crate) fn unknown_answer() -> StickyError {
    StickyError::new("the value under the key of a pin is not one that this version writes")
}
