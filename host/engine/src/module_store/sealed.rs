//! Seals of compiled code: only code that this user's [`CompiledCache`](crate::CompiledCache) wrote is run.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use wasmtime::component::Component;

/// The size of a seal, in bytes. It is at the start of the file.
const SEAL: usize = 32;

/// The secret that seals are made with.
pub(super) struct Secret(pub(super) [u8; Self::BYTES]);

impl Secret {
    pub(super) const BYTES: usize = 32;

    /// Begins the seal of the code with this key. The seal covers the key, so code cannot be passed off under another
    /// key.
    fn seal(&self, key: &[u8; 32]) -> Option<Hmac<Sha256>> {
        // HMAC takes a key of any length, so this does not fail.
        let mut seal = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        seal.update(b"callsign compiled code 1\0");
        seal.update(key);
        Some(seal)
    }

    /// The seal to write before the code.
    pub(super) fn sign(&self, key: &[u8; 32], code: &[u8]) -> Option<[u8; SEAL]> {
        Some(self.seal(key)?.chain_update(code).finalize().into_bytes().into())
    }
}

/// The bytes of a file whose seal was checked. They are in memory, so nothing can have changed them since.
pub(super) struct Verified {
    bytes: Vec<u8>,
}

impl Verified {
    /// Checks the seal in constant time; `None` if it is wrong.
    pub(super) fn check(bytes: Vec<u8>, secret: &Secret, key: &[u8; 32]) -> Option<Self> {
        let (seal, code) = bytes.split_at_checked(SEAL)?;
        secret.seal(key)?.chain_update(code).verify_slice(seal).ok()?;
        Some(Self { bytes })
    }

    /// Loads the component.
    #[allow(
        unsafe_code,
        reason = "this loads native code, and only here is it known that the seal of these bytes was checked"
    )]
    pub(super) fn into_component(self, engine: &wasmtime::Engine) -> wasmtime::Result<Component> {
        // SAFETY: the bytes must come from `Component::serialize`. Their seal was made with the secret, a file that
        // only this user can read. Only `CompiledCache` uses it, and it seals nothing but the output of
        // `Component::serialize`. The seal was checked in this memory, not in the file, which could have changed since.
        // That the code is for this engine is checked by `deserialize`, and by the key.
        unsafe { Component::deserialize(engine, &self.bytes[SEAL..]) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_under_this_secret_and_this_key_is_verified() {
        let (secret, key) = (Secret([7; 32]), [1; 32]);
        let sealed = |secret: &Secret, key: &[u8; 32]| [&secret.sign(key, b"code").unwrap()[..], b"code"].concat();
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
        assert!(Verified::check(sealed(&secret, &[2; 32]), &secret, &key).is_none(), "another key");
    }
}
