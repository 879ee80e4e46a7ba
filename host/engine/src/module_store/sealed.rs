//! Compiled code under a seal: only what this host wrote is ever run.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use wasmtime::component::Component;

/// The bytes of a seal, at the start of the file.
const SEAL: usize = 32;

/// What the seal is made with.
pub(super) struct Secret(pub(super) [u8; Self::BYTES]);

impl Secret {
    pub(super) const BYTES: usize = 32;

    /// The seal of code under a key: that it is this host's, and that it is what the key names.
    fn seal(&self, key: &[u8; 32]) -> Option<Hmac<Sha256>> {
        // A key of any length will do for this code; the error is of others.
        let mut seal = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        seal.update(b"callsign compiled code 1\0");
        seal.update(key);
        Some(seal)
    }

    /// What to write in front of the code.
    pub(super) fn sign(&self, key: &[u8; 32], code: &[u8]) -> Option<[u8; SEAL]> {
        Some(self.seal(key)?.chain_update(code).finalize().into_bytes().into())
    }
}

/// A file's bytes whose seal was checked, and which nothing can change since.
pub(super) struct Verified {
    bytes: Vec<u8>,
}

impl Verified {
    /// Checks the seal, in constant time.
    pub(super) fn check(bytes: Vec<u8>, secret: &Secret, key: &[u8; 32]) -> Option<Self> {
        let (seal, code) = bytes.split_at_checked(SEAL)?;
        secret.seal(key)?.chain_update(code).verify_slice(seal).ok()?;
        Some(Self { bytes })
    }

    /// The component.
    #[allow(
        unsafe_code,
        reason = "native code is taken from memory whose seal says that this host's compiler made it: the one place where \
                  that can be known"
    )]
    pub(super) fn into_component(self, engine: &wasmtime::Engine) -> wasmtime::Result<Component> {
        // SAFETY: the bytes must be what `Component::serialize` gave. They are what a holder of the secret sealed, which
        // is only this user's `CompiledCache` (the secret is a file of this user that nobody else may read), and it seals
        // nothing else. They were checked in this memory, not in a file that could have changed since. Whether they suit
        // this engine is checked by the function itself, and by the key.
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
