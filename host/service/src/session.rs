//! Sessions of the console. A session is a signed cookie, so no node remembers any: it says which key it was made with
//! and when it ends, and a key that was revoked, rotated or has expired ends its sessions.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use callsign_private::{Access, FileError, PrivateFolder};
use http::{HeaderMap, header};

use crate::change::now;
use crate::data_folder::SESSION_KEY;
use crate::key::Key;

/// The name of the cookie.
const COOKIE: &str = "callsign_session";

/// The header with the token that a change in a session needs.
pub(crate) const TOKEN_HEADER: &str = "x-callsign-token";

/// How long a session lasts: a working day.
pub(crate) const LASTS: Duration = Duration::from_secs(8 * 3_600);

/// The most bytes of a `Cookie` header that is looked at.
const LONGEST: usize = 4_096;

/// What sessions are signed with: 256 random bits in a file of the data folder, so that sessions outlive a restart. Nodes
/// with the same file know each other's sessions.
pub(crate) struct SessionKey([u8; 32]);

/// A session of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    key_id: String,
    /// Milliseconds since 1970.
    pub(crate) ends_at: u64,
    signature: [u8; 32],
}

impl SessionKey {
    /// The key of a data folder, which is made if it is missing.
    ///
    /// # Errors
    /// The file cannot be used, or the system has no random numbers.
    pub(crate) fn open(data: &Path) -> Result<Self, FileError> {
        let folder = PrivateFolder::open(data)?;
        if let Some(bytes) = folder.read(SESSION_KEY, Access::Secret)?
            && let Ok(bytes) = bytes.try_into()
        {
            return Ok(Self(bytes));
        }
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| FileError::io(&data.join(SESSION_KEY))(std::io::Error::other(error)))?;
        folder.replace(SESSION_KEY, &bytes)?;
        Ok(Self(bytes))
    }

    fn sign(&self, purpose: &str, parts: &[&[u8]]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(purpose.as_bytes());
        for part in parts {
            // With its length, so that no two lists of parts are one text.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize()
    }
}

impl Session {
    /// A new session of a key. It ends with the key, and after [`LASTS`] at the latest.
    pub(crate) fn new(key: &Key, by: &SessionKey) -> Self {
        let longest = now().saturating_add(u64::try_from(LASTS.as_millis()).unwrap_or(u64::MAX));
        Self::until(key, key.expires_at.map_or(longest, |end| end.min(longest)), by)
    }

    fn until(key: &Key, ends_at: u64, by: &SessionKey) -> Self {
        let signature = by.sign("session", &[key.key_id.as_bytes(), &ends_at.to_le_bytes(), key.secret_hash()]);
        Self { key_id: key.key_id.clone(), ends_at, signature: *signature.as_bytes() }
    }

    /// The session of a request and its key, if there is exactly one and it is valid now.
    pub(crate) fn of(
        headers: &HeaderMap,
        by: &SessionKey,
        keys: &HashMap<String, Arc<Key>>,
    ) -> Option<(Self, Arc<Key>)> {
        let (key_id, ends_at, signature) = cookie(headers)?;
        let key = keys.get(key_id)?;
        let session = Self::until(key, ends_at, by);
        // `Hash` compares in constant time.
        let is_signed = blake3::Hash::from_bytes(session.signature) == signature;
        (is_signed && session.is_current() && key.is_current()).then(|| (session, Arc::clone(key)))
    }

    pub(crate) fn is_current(&self) -> bool {
        now() < self.ends_at
    }

    /// The token that changes in this session carry. A page of another site cannot read it.
    pub(crate) fn token(&self, by: &SessionKey) -> String {
        by.sign("token", &[&self.signature]).to_hex().to_string()
    }

    /// Whether a request has the token of this session.
    pub(crate) fn is_meant(&self, headers: &HeaderMap, by: &SessionKey) -> bool {
        let given = headers.get(TOKEN_HEADER).and_then(|value| blake3::Hash::from_hex(value.as_bytes()).ok());
        given.is_some_and(|given| given == by.sign("token", &[&self.signature]))
    }

    /// The value of `Set-Cookie` that begins the session. `secure` keeps the browser from sending it without TLS.
    pub(crate) fn begin(&self, secure: bool) -> String {
        let signature = blake3::Hash::from_bytes(self.signature).to_hex();
        let seconds = self.ends_at.saturating_sub(now()) / 1_000;
        let value = format!("{}.{}.{signature}", self.key_id, self.ends_at);
        format!("{COOKIE}={value}; Max-Age={seconds}{}", attributes(secure))
    }

    /// The value of `Set-Cookie` that ends any session.
    pub(crate) fn end(secure: bool) -> String {
        format!("{COOKIE}=; Max-Age=0{}", attributes(secure))
    }
}

fn attributes(secure: bool) -> &'static str {
    if secure { "; Path=/; HttpOnly; SameSite=Strict; Secure" } else { "; Path=/; HttpOnly; SameSite=Strict" }
}

/// The parts of the one cookie of a session that a request has.
fn cookie(headers: &HeaderMap) -> Option<(&str, u64, blake3::Hash)> {
    let values = headers.get_all(header::COOKIE).iter().filter(|value| value.len() <= LONGEST);
    let pairs = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let mut found = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == COOKIE);
    let (Some((_, value)), None) = (found.next(), found.next()) else { return None };
    let mut parts = value.split('.');
    let (key_id, ends_at, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let signature = blake3::Hash::from_hex(signature).ok()?;
    if parts.next().is_some() {
        return None;
    }
    Some((key_id, ends_at.parse().ok()?, signature))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use http::HeaderValue;

    use super::*;

    const BY: SessionKey = SessionKey([7; 32]);

    fn made() -> (Arc<Key>, HashMap<String, Arc<Key>>) {
        let key = Arc::new(Key::new("of a test", &[], None, None).unwrap().0);
        (Arc::clone(&key), HashMap::from([(key.key_id.clone(), key)]))
    }

    fn sent(cookie: &str) -> HeaderMap {
        let value = cookie.split(';').next().unwrap();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_session_is_known_again_until_it_ends() {
        let (key, keys) = made();
        let session = Session::new(&key, &BY);
        assert_eq!(Session::of(&sent(&session.begin(false)), &BY, &keys).unwrap().0, session);
        let ended = Session::until(&key, now() - 1, &BY);
        assert!(Session::of(&sent(&ended.begin(false)), &BY, &keys).is_none());
        // Not with another end than the one that was signed, and not by the key of another platform.
        let longer = session.begin(false).replacen(&session.ends_at.to_string(), &(session.ends_at + 1).to_string(), 1);
        assert!(Session::of(&sent(&longer), &BY, &keys).is_none());
        assert!(Session::of(&sent(&session.begin(false)), &SessionKey([8; 32]), &keys).is_none());
    }

    #[test]
    fn a_session_ends_with_its_key() {
        let (key, mut keys) = made();
        let headers = sent(&Session::new(&key, &BY).begin(false));
        let (rotated, _) = key.rotate(60_000).unwrap();
        keys.insert(key.key_id.clone(), Arc::new(rotated));
        assert!(Session::of(&headers, &BY, &keys).is_none(), "rotated");
        assert!(Session::of(&headers, &BY, &HashMap::new()).is_none(), "revoked");
        let (short, _) = Key::new("short", &[], None, Some(now() + 1_000)).unwrap();
        assert_eq!(Session::new(&short, &BY).ends_at, short.expires_at.unwrap());
    }

    #[test]
    fn a_change_needs_the_token_of_its_own_session() {
        let (key, _) = made();
        let (session, other) = (Session::new(&key, &BY), Session::until(&key, now() + 5, &BY));
        let with = |token: &str| -> HeaderMap {
            HeaderMap::from_iter([(http::HeaderName::from_static(TOKEN_HEADER), token.parse().unwrap())])
        };
        assert!(session.is_meant(&with(&session.token(&BY)), &BY));
        assert!(!session.is_meant(&with(&other.token(&BY)), &BY));
        assert!(!session.is_meant(&HeaderMap::new(), &BY));
    }

    #[test]
    fn what_is_no_cookie_of_a_session_is_none() {
        let (key, keys) = made();
        let good = Session::new(&key, &BY).begin(false).split(';').next().unwrap().to_owned();
        for wrong in [
            String::new(),
            format!("{COOKIE}=x"),
            format!("{COOKIE}=..."),
            format!("{good}.x"),
            format!("{good}; {good}"),
            format!("{good}; x={}", "x".repeat(LONGEST)),
        ] {
            let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&wrong).unwrap())]);
            assert!(Session::of(&headers, &BY, &keys).is_none(), "{wrong}");
        }
        let beside = HeaderValue::from_str(&format!("a=b; {good}; c=d")).unwrap();
        assert!(Session::of(&HeaderMap::from_iter([(header::COOKIE, beside)]), &BY, &keys).is_some());
    }
}
