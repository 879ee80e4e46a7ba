//! Opening a store, and what keeps it from being opened.

use callsign_sticky::{OpenError, RecipientKey, RedisOptions, RedisStore, StickyStore};

use crate::conformance::{application, key, sender};
use crate::redis::options;
use callsign_test_servers::redis::{Cluster, Setup};

fn refused(address: &str, options: RedisOptions) -> OpenError {
    RedisStore::connect(address, options).map(drop).unwrap_err()
}

#[test]
fn an_address_that_cannot_be_read_is_refused() {
    for wrong in
        ["", ",", "http://host", "redis://", "redis://host/1", "rediss://host?sslmode=prefer", "redis://host:port"]
    {
        let error = refused(wrong, options());
        assert!(matches!(error, OpenError::Address { .. }), "{wrong}: {error}");
    }
    let error = refused("redis://user:secret@host?sslrootcert=x", options());
    assert!(error.to_string().contains("rediss://") && !error.to_string().contains("secret"), "{error}");
    for wrong in ["", "a{b}", "a*", &"a".repeat(65)] {
        let mut options = options();
        options.prefix = wrong.into();
        assert!(matches!(refused("redis://127.0.0.1:1", options), OpenError::Address { .. }), "{wrong}");
    }
}

#[test]
fn a_server_that_is_not_there_or_does_not_let_us_in_is_unreachable() {
    let error = refused("redis://user:secret@127.0.0.1:1,127.0.0.1:2", options());
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("127.0.0.1:2") && !text.contains("secret"), "{text}");

    let cluster = Cluster::start(Setup { masters: 1, replicas: 0, password: Some("right"), ..Setup::default() });
    let error = refused(&cluster.address().replace("right", "wr0ng"), options());
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert!(!error.to_string().contains("wr0ng"), "{error}");
    let error = refused(&cluster.address().replace(":right@", ""), options());
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");

    // A cluster of one server, with a password and one of the addresses wrong.
    let address = cluster.address().replace("@127", "@127.0.0.1:1,127");
    let (store, app) = (RedisStore::connect(&address, options()).unwrap(), application());
    assert_eq!(store.insert(&key(&app, 1), &sender("a")).unwrap(), None);
    assert_eq!(store.get(&key(&app, 1)).unwrap().unwrap().sender, sender("a").key);
}

#[test]
fn servers_that_pins_cannot_be_kept_on_are_refused() {
    let single = Cluster::start(Setup { masters: 1, replicas: 0, cluster: false, ..Setup::default() });
    let error = refused(&single.address(), options());
    assert!(matches!(error, OpenError::Unfit { .. }), "{error:?}");
    assert!(error.to_string().contains("cluster-enabled yes"), "{error}");

    let more = &["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"];
    let forgets = Cluster::start(Setup { masters: 1, replicas: 0, more, ..Setup::default() });
    let error = refused(&forgets.address(), options());
    assert!(matches!(error, OpenError::Unfit { .. }), "{error:?}");
    assert!(error.to_string().contains("noeviction"), "{error}");
}

#[test]
fn a_newer_format_and_another_recipient_key_are_refused() {
    let cluster = Cluster::shared();
    let open = |prefix: &str, key: Option<u8>| {
        let mut options = options();
        options.prefix = prefix.into();
        options.recipient_key = key.map(|byte| RecipientKey::new([byte; 32]));
        RedisStore::connect(&cluster.address(), options)
    };
    let prefix = options().prefix;
    drop(open(&prefix, Some(1)).unwrap());
    drop(open(&prefix, Some(1)).unwrap());
    for other in [Some(2), None] {
        let error = open(&prefix, other).unwrap_err();
        assert!(matches!(error, OpenError::Key { .. }), "{error:?}");
    }
    let plain = options().prefix;
    drop(open(&plain, None).unwrap());
    assert!(matches!(open(&plain, Some(1)).unwrap_err(), OpenError::Key { .. }));

    for (written, newer) in [("2 numbers", true), ("nonsense", false), ("1 nonsense", false)] {
        let prefix = options().prefix;
        let mut cmd = ::redis::Cmd::new();
        cmd.arg("SET").arg(format!("{prefix}:store")).arg(written);
        let owner = (0..3).find(|&index| cmd.query::<()>(&mut cluster.connection(index).unwrap()).is_ok());
        assert!(owner.is_some());
        let error = open(&prefix, None).unwrap_err();
        match newer {
            true => assert!(matches!(error, OpenError::Newer { found: 2, known: 1, .. }), "{error:?}"),
            false => assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}"),
        }
    }
}
