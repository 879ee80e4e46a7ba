//! The types that cross the boundary.

use std::os::raw::c_char;

use crate::limits::CALLSIGN_MAX_CHANNELS;

/// What became of a call.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was done.
    Ok = 0,
    /// The program was compiled for another version of this ABI.
    AbiVersion = 1,
    /// A pointer that must not be null is null, or it is not aligned as its type is.
    Pointer = 2,
    /// The `size` of a struct is none that this version knows.
    StructSize = 3,
    /// A length or a number is out of its bounds.
    Length = 4,
    /// A text is not UTF-8.
    Utf8 = 5,
    /// A handle is not open: it was never opened or is closed already, or it is of another kind.
    Handle = 6,
    /// The caller's memory has not enough room.
    Room = 7,
    /// The process was forked after the library was first used. Nothing can be done in the child.
    Forked = 8,
    /// The library has a fault of its own. The call was given up; what it was made on can be used on.
    Internal = 9,
    /// So many handles are open that there is no room for one more.
    TooManyHandles = 10,
    /// The catalog cannot be read, or has faults.
    Catalog = 20,
    /// An edit of the catalog cannot be made.
    Edit = 21,
    /// The catalog was changed since the revision that the edit was made of.
    Overtaken = 22,
    /// A message has a value that no message may have.
    Message = 23,
    /// The options are not JSON, or have a value that they may not have.
    Options = 24,
    /// The component cannot be used as a policy, or does not accept its settings.
    Policy = 25,
    /// The binding cannot be changed in this way.
    Binding = 26,
    /// The store of pins cannot be opened.
    Store = 27,
    /// The decision log cannot be opened.
    Log = 28,
}

/// A text in UTF-8 without a zero at its end. `data` is null where there is none; an empty text has a `data` and the length 0.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// The first byte.
    pub data: *const c_char,
    /// The number of bytes.
    pub length: usize,
}

impl Text {
    /// No text.
    pub const NONE: Self = Self { data: std::ptr::null(), length: 0 };
}

/// What the last call that failed says about it. It is the caller's: one for each thread, or one for all. `{0}` stands for none.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorHandle {
    /// A number that never comes again.
    pub id: u64,
}

/// A text of any length that the library writes and the caller reads.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputHandle {
    /// A number that never comes again.
    pub id: u64,
}

/// A valid catalog.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogHandle {
    /// A number that never comes again.
    pub id: u64,
}

/// A compiled policy with its settings and limits.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyHandle {
    /// A number that never comes again.
    pub id: u64,
}

/// What decides.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayHandle {
    /// A number that never comes again.
    pub id: u64,
}

/// A text by name.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// 1 to 64 letters, digits, `_`, `.` and `-`.
    pub name: Text,
    /// Up to 255 characters.
    pub value: Text,
}

/// What the choice of a sender needs to know of a message. Set all to 0, then `size`, then what there is.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Message {
    /// `sizeof(callsign_message)`.
    pub size: usize,
    /// E.164, with or without the leading `+`; spaces, dashes, dots and brackets are ignored. Must be there.
    pub to: Text,
    /// None stands for the application `default`.
    pub application_id: Text,
    /// None for a message of the application itself.
    pub entity_id: Text,
    /// The sender that overrides every strategy.
    pub from: Text,
    /// `TRANSACTIONAL`, `PROMOTIONAL`, or a word of the platform's own.
    pub message_type: Text,
    /// Only a decision log has it.
    pub message_id: Text,
    /// When it goes out, in seconds since 1970-01-01 UTC; 0 for no time.
    pub sent_at: u64,
    /// For policies of tenants, up to 32.
    pub attributes: *const Attribute,
    /// How many there are.
    pub attribute_count: usize,
    /// `callsign_channel`: the channel, or several in order of preference, each once.
    pub channels: [u32; CALLSIGN_MAX_CHANNELS],
    /// How many there are, at least 1.
    pub channel_count: u32,
    /// The trace id of W3C Trace Context, for the decision log; all 0 for none.
    pub trace_id: [u8; 16],
}

impl Message {
    /// A message with nothing but its size.
    pub const EMPTY: Self = Self {
        size: size_of::<Self>(),
        to: Text::NONE,
        application_id: Text::NONE,
        entity_id: Text::NONE,
        from: Text::NONE,
        message_type: Text::NONE,
        message_id: Text::NONE,
        sent_at: 0,
        attributes: std::ptr::null(),
        attribute_count: 0,
        channels: [0; CALLSIGN_MAX_CHANNELS],
        channel_count: 0,
        trace_id: [0; 16],
    };
}

/// What became of a message. The texts are in the memory that the caller gave with the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Decision {
    /// Set by the caller: `sizeof(callsign_decision)`. Of several it is the distance between them, too.
    pub size: usize,
    /// Set by the caller: room for what the channels after that of the decision would get, each with its `size`. May be null for a
    /// message with a single channel.
    pub fallbacks: *mut Decision,
    /// Set by the caller: how many there is room for, at least the number of the message's channels less one.
    pub fallback_capacity: usize,
    /// How many there are.
    pub fallback_count: usize,
    /// `callsign_channel`: that of the decision.
    pub channel: u32,
    /// `callsign_sender_type`; 0 if the message was refused.
    pub sender_type: u32,
    /// `callsign_step`; 0 if the message was refused.
    pub step: u32,
    /// `callsign_refusal`; 0 if the message has a sender.
    pub refusal: u32,
    /// The sender's id in the catalog.
    pub sender_id: Text,
    /// The sender as recipients see it: a number in E.164, any other address as the catalog has it.
    pub sender: Text,
    /// The strategy that was followed; none if the message named its sender.
    pub strategy_id: Text,
    /// The policy that decided, as `name@version`.
    pub policy: Text,
    /// The word of the refusal, such as `NO_ELIGIBLE_SENDER`, or one of the policy's own.
    pub refusal_code: Text,
    /// The sentence of the refusal, for people.
    pub refusal_message: Text,
    /// Why the recipient's pin was not read or not written, if it should have been.
    pub unpinned: Text,
}

impl Decision {
    /// A decision with nothing but its size.
    pub const EMPTY: Self = Self {
        size: size_of::<Self>(),
        fallbacks: std::ptr::null_mut(),
        fallback_capacity: 0,
        fallback_count: 0,
        channel: 0,
        sender_type: 0,
        step: 0,
        refusal: 0,
        sender_id: Text::NONE,
        sender: Text::NONE,
        strategy_id: Text::NONE,
        policy: Text::NONE,
        refusal_code: Text::NONE,
        refusal_message: Text::NONE,
        unpinned: Text::NONE,
    };
}

/// Whom a binding is for. A null pointer to it stands for the platform: everybody.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// `sizeof(callsign_target)`.
    pub size: usize,
    /// The application; none for the platform.
    pub application_id: Text,
    /// An entity of it; none for the application and all of its entities.
    pub entity_id: Text,
}

/// One thing that is wrong, and where. The texts are in the memory that the caller gave with the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Set by the caller: `sizeof(callsign_fault)`.
    pub size: usize,
    /// The line in the text, from 1; 0 if the value does not come from a text with lines.
    pub line: u64,
    /// The character in the line, from 1; 0 likewise.
    pub column: u64,
    /// The path of the value, such as `$.senders[3].coverage[0]` in a catalog or `messages[2].channels` in a batch.
    pub path: Text,
    /// What is wrong there, and what would be right.
    pub message: Text,
}
