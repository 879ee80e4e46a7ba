//! How a registry is logged in to: Basic, or Bearer with a token of a server that the registry names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callsign_catalog::escape::quoted;
use callsign_private::Secret;
use serde::Deserialize;
use ureq::http::{Method, Uri};

use crate::credentials::Login;
use crate::error::{RefusedBy, RegistryError};
use crate::exchange::{Ask, Session};

/// The most bytes of an answer with a token.
const MOST_TOKEN: u64 = 64 << 10;

/// What a registry asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

#[derive(Deserialize)]
struct Token {
    token: Option<Secret>,
    access_token: Option<Secret>,
}

impl Challenge {
    /// The first of these headers that is understood.
    pub(crate) fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut basic = None;
        for header in headers.take(8) {
            for challenge in http_auth::parse_challenges(header).unwrap_or_default() {
                let parameter = |wanted: &str| {
                    let found = challenge.params.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                    found.map(|(_, value)| value.to_unescaped())
                };
                if challenge.scheme.eq_ignore_ascii_case("bearer")
                    && let Some(realm) = parameter("realm")
                {
                    return Some(Self::Bearer { realm, service: parameter("service") });
                }
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    basic = Some(Self::Basic);
                }
            }
        }
        basic
    }
}

impl Session<'_> {
    /// The header that answers a challenge; `None` if there is nothing to answer it with.
    ///
    /// # Errors
    /// The credentials cannot be had; the server of tokens is a place that is not used, or gives none.
    pub(crate) fn answer(&self, challenge: &Challenge) -> Result<Option<Secret>, RegistryError> {
        let login = self.login()?;
        match (challenge, login) {
            (Challenge::Basic, Some(Login::Password { name, password })) => Ok(Some(basic(&name, &password))),
            (Challenge::Basic, _) => Ok(None),
            (Challenge::Bearer { realm, service }, login) => {
                self.token(realm, service.as_deref(), login).map(|token| Some(bearer(&token)))
            }
        }
    }

    /// A token for this repository. The login goes to the server that the registry names, as everywhere that registries are
    /// used: over TLS, and never into a network that is closer than the registry's own.
    fn token(&self, realm: &str, service: Option<&str>, login: Option<Login>) -> Result<Secret, RegistryError> {
        let place = |reason| {
            let (host, to) = (self.host().to_owned(), quoted(realm));
            RegistryError::from(RefusedBy::Place { host, place: "as the server of tokens", to, reason })
        };
        if realm.contains('#') {
            return Err(place("it has a fragment"));
        }
        let uri: Uri = realm.parse().map_err(|_| place("it is no address"))?;
        self.may_lead_to(&uri).map_err(place)?;
        let mut pairs = vec![("scope", self.scope())];
        pairs.extend(service.map(|service| ("service", service.to_owned())));
        let (ask, authorization) = match login {
            Some(Login::Token(token)) => {
                pairs.push(("grant_type", "refresh_token".into()));
                pairs.push(("client_id", "callsign".into()));
                pairs.push(("refresh_token", token.expose().to_owned()));
                let mut ask = Ask::new(Method::POST, uri, "the token");
                ask.body = encoded(&pairs).into_bytes();
                ask.content_type = Some("application/x-www-form-urlencoded");
                (ask, None)
            }
            login => {
                let mark = if uri.query().is_some() { '&' } else { '?' };
                let asked: Result<Uri, _> = format!("{uri}{mark}{}", encoded(&pairs)).parse();
                let ask = Ask::new(Method::GET, asked.map_err(|_| place("it is no address"))?, "the token");
                let authorization = match &login {
                    Some(Login::Password { name, password }) => Some(basic(name, password)),
                    _ => None,
                };
                (ask, authorization)
            }
        };
        let answered = self.send(&Ask { most: MOST_TOKEN, ..ask }, authorization.as_ref())?;
        if (300..400).contains(&answered.status) {
            return Err(self.redirect_refused(&answered, "a server of tokens is asked where the registry says it is"));
        }
        self.expect(&answered, &[200], "the token", authorization.is_some())?;
        let not_read = || RefusedBy::NotRead { what: "the token", reason: "it is no JSON with a token".into() };
        let token: Token = serde_json::from_slice(&answered.body).map_err(|_| not_read())?;
        let token = token.token.or(token.access_token).filter(|token| {
            let is_header = |byte: u8| (b'!'..=b'~').contains(&byte);
            !token.expose().is_empty() && token.expose().bytes().all(is_header)
        });
        token.ok_or_else(|| not_read().into())
    }
}

fn basic(name: &str, password: &Secret) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{name}:{}", password.expose()))))
}

fn bearer(token: &Secret) -> Secret {
    Secret::new(format!("Bearer {}", token.expose()))
}

/// Pairs as the query of an address, and as a form.
pub(crate) fn encoded(pairs: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => text.push(byte.into()),
                _ => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_and_what_is_none_is_not() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.into(), service: service.map(str::to_owned) })
        };
        for (headers, read) in [
            (&["Basic realm=\"x\""][..], Some(Challenge::Basic)),
            (&["bearer Realm=\"https://a/t\",service=\"s\",scope=\"x,y\""], bearer("https://a/t", Some("s"))),
            (&["Basic realm=x", "Bearer realm=\"https://a/t\""], bearer("https://a/t", None)),
            (&["Basic realm=x, Bearer realm=\"https://a/\\\"t\""], bearer("https://a/\"t", None)),
            (&["Bearer service=\"s\""], None),
            (&["Negotiate"], None),
            (&["", "Bearer realm=\"https://a"], None),
            (&[], None),
        ] {
            assert_eq!(Challenge::parse(headers.iter().copied()), read, "{headers:?}");
        }
    }

    #[test]
    fn pairs_are_encoded() {
        let pairs = [("scope", "repository:a/b:pull,push".to_owned()), ("x", "&=\u{e9}".into())];
        assert_eq!(encoded(&pairs), "scope=repository%3Aa%2Fb%3Apull%2Cpush&x=%26%3D%C3%A9");
    }
}
