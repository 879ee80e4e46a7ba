//! What a client must not be able to do, whoever it is.

mod bodies;
mod ending;
mod flood;
mod folder;
mod heads;
mod json;
mod keys;
mod paths;
mod shedding;
mod slow;
mod tenants;
mod tls;
mod wire;
