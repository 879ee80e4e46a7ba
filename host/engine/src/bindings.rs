//! The host's side of the contract, generated from `wit/policy.wit`.

#![allow(missing_docs, unreachable_pub, clippy::all)]

wasmtime::component::bindgen!({
    path: "wit/policy.wit",
    world: "deciding-policy",
    imports: { default: trappable },
});

/// The optional part of the contract: explanations.
pub mod explaining {
    wasmtime::component::bindgen!({
        path: "wit/policy.wit",
        world: "explaining-policy",
        imports: { default: trappable },
        with: {
            "callsign:policy/types": super::callsign::policy::types,
            "callsign:policy/strategies": super::callsign::policy::strategies,
            "callsign:policy/senders": super::callsign::policy::senders,
            "callsign:policy/attributes": super::callsign::policy::attributes,
            "callsign:policy/signals": super::callsign::policy::signals,
            "callsign:policy/sticky": super::callsign::policy::sticky,
            "callsign:policy/messages": super::callsign::policy::messages,
            "callsign:policy/times": super::callsign::policy::times,
            "callsign:policy/settings": super::callsign::policy::settings,
            "callsign:policy/log": super::callsign::policy::log,
        },
    });
}

pub use self::callsign::policy as contract;
pub use explaining::exports::callsign::policy::explain;
