//! The numbers of the contract that stand for words, by name.
//!
//! Later versions of the host may send other numbers. A policy leaves alone what it does not know: it passes over senders
//! of an unknown type, and treats an unknown standing or reason as any other.

/// Channels: [`types::Channel`](crate::types::Channel).
pub mod channel {
    use crate::types::Channel;

    /// SMS.
    pub const SMS: Channel = 0;
    /// MMS.
    pub const MMS: Channel = 1;
    /// RCS.
    pub const RCS: Channel = 2;
}

/// Types of senders: [`types::SenderType`](crate::types::SenderType).
pub mod sender_type {
    use crate::senders::SenderTypes;
    use crate::types::SenderType;

    /// A name, which recipients cannot answer.
    pub const ALPHANUMERIC: SenderType = 0;
    /// An ordinary number (`VIRTUAL_LONG_NUMBER`); one of country code 1 has an area code.
    pub const LONG_NUMBER: SenderType = 1;
    /// A number of a few digits, valid in its own country.
    pub const SHORT_CODE: SenderType = 2;
    /// A number that is free to call.
    pub const TOLL_FREE_NUMBER: SenderType = 3;
    /// It carries RCS alone.
    pub const RCS_AGENT: SenderType = 4;

    /// The types that this version knows, in the order of a pool.
    pub const KNOWN: [SenderType; 5] = [ALPHANUMERIC, LONG_NUMBER, SHORT_CODE, TOLL_FREE_NUMBER, RCS_AGENT];

    /// The set of all known types.
    pub const ALL: SenderTypes = 0b1_1111;

    /// The set of one type; empty for a number beyond 31, which no set can hold.
    pub const fn only(sender_type: SenderType) -> SenderTypes {
        if sender_type < 32 { 1 << sender_type } else { 0 }
    }
}

/// The levels of strategies and default senders: [`types::Level`](crate::types::Level).
pub mod level {
    use crate::types::Level;

    /// The application.
    pub const APPLICATION: Level = 0;
    /// The entity.
    pub const ENTITY: Level = 1;
}

/// The steps that decide: [`types::Step`](crate::types::Step).
pub mod step {
    use crate::types::Step;

    /// The sender that the recipient is pinned to.
    pub const STICKY: Step = 0;
    /// A long number with the recipient's own area code.
    pub const AREA_CODE: Step = 1;
    /// A long number whose area code directly overlays the recipient's.
    pub const OVERLAY: Step = 2;
    /// A long number of the recipient's state or province.
    pub const REGION: Step = 3;
    /// Any sender of the pool.
    pub const POOL: Step = 4;
    /// The default sender of the entity or of the application.
    pub const DEFAULT_SENDER: Step = 5;
}

/// Reasons of a refusal: [`types::Refusal::reason`](crate::types::Refusal).
pub mod reason {
    /// The policy's own, which `code` and `detail` tell.
    pub const OWN: u8 = 0;
    /// The scope has no strategies at all.
    pub const NO_STRATEGY: u8 = 1;
    /// It has, but none for this channel at the level that counts.
    pub const CHANNEL_NOT_ALLOWED: u8 = 2;
    /// No strategy that counts is for this destination country.
    pub const COUNTRY_NOT_ALLOWED: u8 = 3;
    /// No candidate, and no default sender that can carry the message.
    pub const NO_ELIGIBLE_SENDER: u8 = 4;
}

/// What is unusual about a message: bits of [`types::Request::marks`](crate::types::Request).
pub mod marks {
    /// The recipient's number is that of a sender of the scope.
    pub const ITSELF: u32 = 1;
    /// A sender of the scope is unhealthy for the channel and the country.
    pub const UNHEALTHY: u32 = 1 << 1;
}

/// How near a sender is to an area code: [`senders::Near`](crate::senders::Near).
pub mod near {
    use crate::senders::Near;

    /// Any distance, and senders of every type.
    pub const ANYWHERE: Near = 0;
    /// Long numbers with the same area code.
    pub const SAME: Near = 1;
    /// Long numbers whose area code directly overlays it.
    pub const OVERLAY: Near = 2;
    /// Long numbers whose area code serves the same state or province.
    pub const REGION: Near = 3;
}

/// How a sender stands to a pool: [`senders::Standing`](crate::senders::Standing).
pub mod standing {
    use crate::senders::Standing;

    /// It is in the pool.
    pub const CANDIDATE: Standing = 0;
    /// It is associated with the scope, but not for this channel.
    pub const OTHER_CHANNEL: Standing = 1;
    /// It is not active.
    pub const SUSPENDED: Standing = 2;
    /// Its coverage does not have the channel.
    pub const CHANNEL_NOT_COVERED: Standing = 3;
    /// Its coverage of the channel does not have the country.
    pub const COUNTRY_NOT_COVERED: Standing = 4;
    /// Its coverage of the channel and the country is not active yet.
    pub const REGISTRATION_PENDING: Standing = 5;
    /// Its registration was refused.
    pub const REGISTRATION_REJECTED: Standing = 6;
    /// Its registration has ended.
    pub const REGISTRATION_EXPIRED: Standing = 7;
    /// The country takes no senders of its type.
    pub const TYPE_NOT_TAKEN: Standing = 8;
    /// It may not carry the message's type.
    pub const OTHER_MESSAGE_TYPE: Standing = 9;
    /// The strategy lists senders, and not this one.
    pub const NOT_LISTED: Standing = 10;
    /// It is the recipient itself. Only policies say so, in explanations.
    pub const RECIPIENT: Standing = 11;
}

/// Fields of a message that are texts: [`messages::Field`](crate::messages::Field).
pub mod field {
    use crate::messages::Field;

    /// `messageId`.
    pub const MESSAGE_ID: Field = 0;
    /// `applicationId`.
    pub const APPLICATION_ID: Field = 1;
    /// `entityId`.
    pub const ENTITY_ID: Field = 2;
    /// The recipient, which is E.164 with its `+`.
    pub const RECIPIENT: Field = 3;
    /// `messageType`.
    pub const MESSAGE_TYPE: Field = 4;
}

/// Verdicts on strategies: [`StrategyVerdict`](crate::exports::explain::StrategyVerdict).
pub mod strategy_verdict {
    use crate::exports::explain::StrategyVerdict;

    /// It was followed.
    pub const CHOSEN: StrategyVerdict = 0;
    /// It is of the application, and strategies of the entity for this channel replace it.
    pub const REPLACED_BY_ENTITY: StrategyVerdict = 1;
    /// It is limited to another channel.
    pub const OTHER_CHANNEL: StrategyVerdict = 2;
    /// It is limited to other countries.
    pub const OTHER_COUNTRIES: StrategyVerdict = 3;
    /// A more specific strategy was followed.
    pub const LESS_SPECIFIC: StrategyVerdict = 4;
}

/// Verdicts on senders: [`SenderVerdict`](crate::exports::explain::SenderVerdict).
pub mod verdict {
    use crate::exports::explain::SenderVerdict;

    /// It carries the message.
    pub const CHOSEN: SenderVerdict = 0;
    /// It was not a candidate; the standing says why.
    pub const EXCLUDED: SenderVerdict = 1;
    /// It was excluded by the policy, for a reason of its own.
    pub const EXCLUDED_BY_POLICY: SenderVerdict = 2;
    /// It was left out for its health.
    pub const UNHEALTHY: SenderVerdict = 3;
    /// Another candidate's type has a better priority.
    pub const LOWER_PRIORITY: SenderVerdict = 4;
    /// Other candidates are nearer to the recipient.
    pub const FARTHER: SenderVerdict = 5;
    /// The policy prefers others, for a reason of its own.
    pub const LESS_PREFERRED: SenderVerdict = 6;
    /// It was left to the end, but the spread chose another for this recipient.
    pub const SPREAD_ELSEWHERE: SenderVerdict = 7;
    /// It was a candidate, but the recipient is pinned to another.
    pub const PINNED_ELSEWHERE: SenderVerdict = 8;
}

/// Steps that narrow the senders: [`Narrowing`](crate::exports::explain::Narrowing).
pub mod narrowing {
    use crate::exports::explain::Narrowing;

    /// Step 4: the pool, without the recipient.
    pub const CANDIDATES: Narrowing = 0;
    /// The policy's filter.
    pub const FILTER: Narrowing = 1;
    /// Those that are not unhealthy, or all that were left if every one is.
    pub const HEALTHY: Narrowing = 2;
    /// Step 6: the best priority that any of them has.
    pub const TYPE_PRIORITY: Narrowing = 3;
    /// Step 7: the nearest long numbers, or all that were left if none is near.
    pub const GEOLOCATED: Narrowing = 4;
    /// The policy's preference.
    pub const PREFERENCE: Narrowing = 5;
}
