//! Components in OCI registries, in the form that `wkg` reads and writes.
//!
//! A text becomes a [`Reference`] once, and a [`Client`] pulls, pushes and lists. No server is trusted:
//!
//! - A tag is looked at once. Manifest, config and layer are verified by their digests, and a digest that differs is refused.
//! - Everything has a bound: the bytes of each answer before and while it is read, the time of a connection, of a first byte and of a
//!   whole operation, the number of redirects, tags, pages and retries.
//! - A redirect is followed for content alone, without credentials, never from TLS to plain HTTP, and never to an address that is
//!   closer than the registry's own: a registry of the Internet leads into no private network, and none leads to this machine
//!   that is not on it. The same holds for the server of tokens that a registry names.
//! - Plain HTTP is spoken to loopback addresses only, and only if that is asked for.
//!
//! The HTTP client is `ureq`. `oci-client` 0.18, which `wkg` uses, follows every redirect, sends credentials to whatever server of
//! tokens is named, reads manifests without a bound, and takes no client that would do otherwise.
#![forbid(unsafe_code)]

mod as_text;
mod client;
mod credentials;
mod digest;
mod error;
mod exchange;
mod login;
mod manifest;
mod network;
mod place;
mod reference;

pub use client::{Client, MOST_TAGS, Options, Pulled, Tag};
pub use credentials::Credentials;
pub use digest::Digest;
pub use error::{RefusedBy, RegistryError};
pub use manifest::{
    CONFIG, Described, Descriptor, LAYER, MANIFEST, MOST_DOCUMENT, MOST_SIGNATURE, MOST_SIGNATURES, Manifest,
    SIGNATURES,
};
pub use network::is_loopback;
pub use place::{Place, Places};
pub use reference::{Reference, ReferenceError, Repository, Tagged, tag_of, version_of};
