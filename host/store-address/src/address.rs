//! The address of a store: a database, a cluster, or a path.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::AddressError;
use crate::postgres::{self, PostgresAddress};
use crate::redis::{self, RedisAddress};

/// Where a store is. Printed with `***` for its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAddress {
    /// A path of this machine: the folder of a store of pins, or the file of a catalog store.
    Path(PathBuf),
    /// A PostgreSQL database.
    Postgres(PostgresAddress),
    /// A Redis or Valkey Cluster.
    Redis(RedisAddress),
}

impl StoreAddress {
    /// Whether it has a password, so that a file with it must be closed to others.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Path(_) => false,
            Self::Postgres(address) => address.password().is_some(),
            Self::Redis(address) => address.password().is_some(),
        }
    }
}

/// Parses `postgres://...`, `redis://...`, `rediss://...`, the `host=... user=...` of libpq, or a path. A path that has `:`,
/// `@` or `=` begins with `/` or `./`, so that an address with a mistake never becomes a file.
impl FromStr for StoreAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let is_path = ["/", "./", "../", "~"].iter().any(|start| text.starts_with(start));
        // A drive of Windows.
        let is_path = is_path || cfg!(windows) && text.get(1..2) == Some(":") && text.is_char_boundary(2);
        if is_path {
            return Ok(Self::Path(text.into()));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return match scheme.to_ascii_lowercase().as_str() {
                "postgres" | "postgresql" => PostgresAddress::from_url(rest).map(Self::Postgres),
                "redis" | "valkey" => RedisAddress::parse(rest, false).map(Self::Redis),
                "rediss" | "valkeys" => RedisAddress::parse(rest, true).map(Self::Redis),
                _ => Err(AddressError::Scheme),
            };
        }
        if postgres::is_keywords(text) {
            return PostgresAddress::from_keywords(text).map(Self::Postgres);
        }
        match text.contains(|c: char| ":@=".contains(c) || c.is_control()) {
            true => Err(AddressError::Unclear),
            false => Ok(Self::Path(text.into())),
        }
    }
}

/// Parses an address of PostgreSQL, and no other.
impl FromStr for PostgresAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.parse()? {
            StoreAddress::Postgres(address) => Ok(address),
            _ => Err(AddressError::Malformed { expected: postgres::FORM }),
        }
    }
}

/// Parses an address of Redis, and no other.
impl FromStr for RedisAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.parse()? {
            StoreAddress::Redis(address) => Ok(address),
            _ => Err(AddressError::Malformed { expected: redis::FORM }),
        }
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A path that has such a character was given with its beginning.
            Self::Path(path) => path.display().fmt(f),
            Self::Postgres(address) => address.fmt(f),
            Self::Redis(address) => address.fmt(f),
        }
    }
}

impl Serialize for StoreAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StoreAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn parse(text: &str) -> StoreAddress {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn each_kind_of_address_is_told_from_its_beginning() {
        for path in ["pins", "./pins", "/var/lib/x", "../a:b@c=d", "/a://b", "C", "deep/catalog.sqlite", "~/pins"] {
            assert_eq!(parse(path), StoreAddress::Path(path.into()));
        }
        for (text, shown) in [
            ("postgres://db", "postgres://db"),
            ("postgresql://me:canary@db:5433/x", "postgres://me:***@db:5433/x"),
            ("POSTGRES://me@db", "postgres://me@db"),
            ("host=db password=canary user=me", "postgres://me:***@db"),
            (" dbname = 'a b'  host=db,other port=1,2", "postgres://db:1,other:2/a%20b"),
            ("postgres://db?prepare=false&sslmode=require", "postgres://db?sslmode=require&prepare=false"),
            ("host=db prepare=true", "postgres://db"),
            ("redis://one:1,two", "redis://one:1,two:6379"),
            ("rediss://:canary@[::1]:7", "rediss://:***@[::1]:7"),
        ] {
            let address = parse(text);
            assert_eq!(address.to_string(), shown, "{text}");
            assert!(!format!("{address:?}").contains("canary"), "{address:?}");
            assert_eq!(serde_json::to_value(&address).unwrap(), serde_json::json!(shown));
            assert_eq!(address.has_secret(), text.contains("canary"));
            if !address.has_secret() {
                assert_eq!(parse(&address.to_string()), address);
            }
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_nothing_of_it_is_repeated() {
        for wrong in [
            "",
            " ",
            "mysql://me:canary@db/x",
            "canary://db",
            "://canary",
            "postgres:canary@db",
            "postgres:/me:canary@db",
            "me:canary@db:5432/x",
            "redis:canary",
            "canary@home",
            "password=canary",
            "host=db passwrod=canary",
            "host=db password='canary",
            "host=db password=can ary",
            "Host=db password=canary",
            "sqlite=canary",
            ":memory:",
            "file:canary?mode=ro",
            "postgres://",
            "postgres://me:canary@",
            "postgres://me:canary",
            "postgres://me:canary@db:port",
            "postgres://me:canary@db:0",
            "postgres://me:canary@db:70000",
            "postgres://me:can@ary@db",
            "postgres://me:can?ary@db",
            "postgres://me:%zzcanary@db",
            "postgres://me:%ffcanary@db",
            "postgres://me:canary@db/x?canary=1",
            "postgres://me:canary@db/x?sslmode=canary",
            "postgres://me:canary@db/x?sslmode=allow",
            "postgres://me:canary@db/x?sslmode",
            "postgres://me:canary@db/x?prepare=canary",
            "postgres://me:canary@db/x?sslcert=a",
            "postgres://me:canary@db/x?sslrootcert=system&sslmode=require",
            "postgres://[canary",
            "redis://",
            "redis://,",
            "redis://me:can,ary@one,two@three",
            "redis://:canary@one,:canary@two",
            "redis://:canary@one/1",
            "redis://:canary@one?db=canary",
            "redis://:canary@one?sslrootcert=x",
            "rediss://:canary@one?sslmode=prefer",
            "redis://:canary@one#insecure",
        ] {
            let error = wrong.parse::<StoreAddress>().expect_err(wrong);
            let text = format!("{error} {error:?}");
            assert!(!text.contains("canary") && !text.contains("ary@"), "{wrong}: {text}");
        }
    }

    #[test]
    fn a_password_may_have_any_character() {
        let password = "a,b:c/d?e#f@g%h[i] j=k'l\\m";
        let encoded = "a%2Cb%3Ac%2Fd%3Fe%23f%40g%25h%5Bi%5D%20j%3Dk%27l%5Cm";
        let keywords = password.replace('\\', "\\\\").replace('\'', "\\'");
        for text in [
            format!("postgres://me:{encoded}@db"),
            format!("postgres://db?user=me&password={encoded}"),
            format!("host=db user=me password='{keywords}'"),
        ] {
            let StoreAddress::Postgres(address) = parse(&text) else { panic!("{text}") };
            assert_eq!(address.password().unwrap().expose(), password, "{text}");
        }
        let StoreAddress::Redis(address) = parse(&format!("redis://me:{encoded}@one,two")) else { panic!() };
        assert_eq!(address.password().unwrap().expose(), password);
        // As it is, where nothing else can be meant.
        let StoreAddress::Redis(address) = parse("redis://:a,b@one,two") else { panic!() };
        assert_eq!((address.password().unwrap().expose(), address.hosts().len()), ("a,b", 2));
    }
}
