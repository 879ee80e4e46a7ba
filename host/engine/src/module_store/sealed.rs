//! Seals of compiled code: only code that this user's [`CompiledCache`](crate::CompiledCache) wrote is run, or a child
//! process that was given the secret.

use std::hash::{Hash, Hasher};

use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};
use wasmtime::component::Component;

use super::digest::ModuleDigest;

/// The size of a seal, in bytes. It is at the start of the file.
const SEAL: usize = 32;

/// The secret that seals are made with.
pub(crate) struct Secret(pub(crate) [u8; Self::BYTES]);

impl Secret {
    pub(crate) const BYTES: usize = 32;

    /// Begins the seal of the code with this key. The seal covers the key, so code cannot be passed off under another
    /// key.
    fn seal(&self, key: &CodeKey) -> Option<Hmac<Sha256>> {
        // HMAC takes a key of any length, so this does not fail.
        let mut seal = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        seal.update(b"callsign compiled code 1\0");
        seal.update(&key.0);
        Some(seal)
    }

    /// The seal to write before the code.
    pub(crate) fn sign(&self, key: &CodeKey, code: &[u8]) -> Option<[u8; SEAL]> {
        Some(self.seal(key)?.chain_update(code).finalize().into_bytes().into())
    }
}

/// The bytes of a file whose seal was checked. They are in memory, so nothing can have changed them since.
pub(crate) struct Verified {
    bytes: Vec<u8>,
}

impl Verified {
    /// Checks the seal in constant time; `None` if it is wrong.
    pub(crate) fn check(bytes: Vec<u8>, secret: &Secret, key: &CodeKey) -> Option<Self> {
        let (seal, code) = bytes.split_at_checked(SEAL)?;
        secret.seal(key)?.chain_update(code).verify_slice(seal).ok()?;
        Some(Self { bytes })
    }

    /// Loads the component.
    #[allow(
        unsafe_code,
        reason = "this loads native code, and only here is it known that the seal of these bytes was checked"
    )]
    pub(crate) fn into_component(self, engine: &wasmtime::Engine) -> wasmtime::Result<Component> {
        // SAFETY: the bytes must come from `Component::serialize` or `Engine::precompile_component`. Their seal was made
        // with a secret. That is either in a file that only this user can read: `CompiledCache` alone uses it, and it seals
        // nothing but the output of `Component::serialize`. Or it was made for one child process that compiles, and nobody
        // else was told: the child is this program, runs nothing of the component, and seals nothing but what
        // `precompile_component` returned. The seal was checked in this memory, not in a file that could have changed since.
        // That the code is for this engine is checked by `deserialize`, and by the key.
        unsafe { Component::deserialize(engine, &self.bytes[SEAL..]) }
    }
}

/// Which component some code is of, compiled for which engine.
pub(crate) struct CodeKey(pub(super) [u8; 32]);

impl CodeKey {
    pub(crate) fn of(digest: &ModuleDigest, engine: &wasmtime::Engine) -> Self {
        let mut hasher = KeyHasher(Sha256::new());
        hasher.write(b"callsign compiled key 2\0");
        hasher.write(digest.as_bytes());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self(hasher.0.finalize().into())
    }
}

/// Feeds a [`Hash`] value to SHA-256, so that the result is not cut to 64 bits.
struct KeyHasher(Sha256);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        digest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_under_this_secret_and_this_key_is_verified() {
        let (secret, key) = (Secret([7; 32]), CodeKey([1; 32]));
        let sealed = |secret: &Secret, key: &CodeKey| [&secret.sign(key, b"code").unwrap()[..], b"code"].concat();
        let good = sealed(&secret, &key);
        assert!(Verified::check(good.clone(), &secret, &key).is_some());
        for at in 0..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 1;
            assert!(Verified::check(changed, &secret, &key).is_none(), "a bit of byte {at}");
            assert!(Verified::check(good[..at].to_vec(), &secret, &key).is_none(), "cut to {at} bytes");
        }
        assert!(Verified::check([&good[..], b"x"].concat(), &secret, &key).is_none(), "longer");
        assert!(Verified::check(sealed(&Secret([8; 32]), &key), &secret, &key).is_none(), "another secret");
        assert!(Verified::check(sealed(&secret, &CodeKey([2; 32])), &secret, &key).is_none(), "another key");
    }
}
