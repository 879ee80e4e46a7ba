//! The bounds of what crosses the boundary. Every one is checked.

/// The version of this ABI: the first two bytes count changes that break programs, the last two those that add to it.
/// `callsign_gateway_open` takes the one that the program was compiled with.
pub const CALLSIGN_ABI_VERSION: u32 = 0x0001_0000;

/// The most bytes of one text of a message: 255 characters of four bytes each, and a few more.
pub const CALLSIGN_MAX_TEXT: usize = 1_024;

/// The most bytes of a path, an address or another name.
pub const CALLSIGN_MAX_PATH: usize = 4_096;

/// The most bytes of options, settings, signals and edits: 64 MiB.
pub const CALLSIGN_MAX_OPTIONS: usize = 64 << 20;

/// The most channels of a message.
pub const CALLSIGN_MAX_CHANNELS: usize = 8;

/// The most messages of a batch.
pub const CALLSIGN_MAX_BATCH: usize = 10_000;

/// How many bytes of text a caller must have room for: for each decision, and for each channel of its message after the first.
/// No id has as many, so none is ever cut; the sentence of a refusal is cut to what is left.
pub const CALLSIGN_DECISION_TEXT: usize = 4_096;

/// How many events a gateway keeps for a caller that does not fetch them; the oldest are dropped first.
pub const CALLSIGN_MAX_EVENTS: usize = 1_024;

/// The most handles of all kinds that are open at a time.
pub const CALLSIGN_MAX_HANDLES: usize = 65_536;
