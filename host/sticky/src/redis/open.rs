//! Opening a store: checking the servers, checking the format and the recipient key.

use std::sync::Arc;
use std::time::Duration;

use callsign_store_address::{RedisAddress, TlsError};
use redis::{Cmd, Pipeline, RedisConnectionInfo, Value};

use crate::error::{OpenError, StickyError};
use crate::recipient::RecipientKey;
use crate::redis::Inner;
use crate::redis::cluster::Cluster;
use crate::redis::command::{Command, CommandKind, Reply, Scripts};
use crate::redis::layout::{FORMAT, Keys, slot_of};
use crate::redis::names::Names;
use crate::redis::node::{Access, Lane, Node};
use crate::redis::topology::{Topology, text};
use crate::retry::{Retrier, RetryPolicy};

/// How a [`RedisStore`](crate::RedisStore) is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RedisOptions {
    /// The key to hash recipients with. A store always has to be opened with the same key. Default none: recipients are
    /// kept as numbers.
    pub recipient_key: Option<RecipientKey>,
    /// Time-outs and retries.
    pub retry: RetryPolicy,
    /// The prefix of every key: 1 to 64 letters, digits, `-`, `_`, `.` and `:`. Stores with different prefixes are
    /// separate. Default `callsign`.
    pub prefix: String,
    /// How many replicas must have a write before it is acknowledged, and the time to wait for them, at most three
    /// quarters of [`RetryPolicy::attempt_timeout`]. Default none: the master acknowledges alone.
    pub wait_replicas: Option<(u32, Duration)>,
    /// The number of threads that run the connections. Default 2.
    pub threads: usize,
    /// How many touches may wait to be written in the background; further ones are dropped. Default 16,384.
    pub waiting_touches: usize,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            recipient_key: None,
            retry: RetryPolicy::default(),
            prefix: "callsign".into(),
            wait_replicas: None,
            threads: 2,
            waiting_touches: 16_384,
        }
    }
}

/// The oldest version of the servers: the first that takes `NX` and `GET` in one `SET`.
const OLDEST: u32 = 7;

/// The number of connections to each master for writes that wait for replicas.
const WAITING_WRITES: usize = 8;

/// Listings read much at once, so their time-outs are this many times longer.
const LISTING: u32 = 8;

/// How the servers of an address are logged in to, and encrypted.
pub(crate) fn access(address: &RedisAddress) -> Result<Access, OpenError> {
    let mut login = RedisConnectionInfo::default();
    if let Some(user) = address.user() {
        login = login.set_username(user);
    }
    if let Some(password) = address.password() {
        login = login.set_password(password.expose());
    }
    let failed = |error: TlsError| OpenError::Tls { place: address.place(), reason: error.to_string() };
    let tls = address.tls().map(|tls| tls.client(&[])).transpose().map_err(failed)?;
    Ok(Access { login, tls: tls.map(Arc::new) })
}

/// Opens a store.
pub(crate) async fn open(address: &RedisAddress, access: Access, options: &RedisOptions) -> Result<Inner, OpenError> {
    let sound = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if !(1..=64).contains(&options.prefix.len()) || !options.prefix.chars().all(sound) {
        let reason = format!("the prefix {:?} is not 1 to 64 letters, digits, `-`, `_`, `.` and `:`", options.prefix);
        return Err(OpenError::Address { reason });
    }
    let seeds: Box<[(Box<str>, u16)]> =
        address.hosts().iter().map(|(host, port)| (host.as_str().into(), *port)).collect();
    let place = address.place();
    let unreachable =
        |error: StickyError| OpenError::Unreachable { place: place.clone(), reason: error.reason.to_string() };
    let writes = if options.wait_replicas.is_some() { WAITING_WRITES } else { 1 };
    let topology = Topology::new(seeds.clone(), access, options.retry, writes);
    let mut first = Err(StickyError::new("no server is named"));
    for (host, port) in &seeds {
        let node = topology.node_at(host, *port);
        first = server_info(&node, options.retry.total_timeout).await.map(|about| (node, about));
        if first.is_ok() {
            break;
        }
    }
    let (node, about) = first.map_err(unreachable)?;
    check_server(&about, &node, &place)?;
    let scripts = Scripts::new(load_scripts(&node, options.retry.total_timeout).await.map_err(unreachable)?);
    topology.refresh().await.map_err(unreachable)?;
    for master in &topology.map().nodes {
        // A master that is away is not checked; calls for its slots fail until it is back.
        if let Ok(about) = self::server_info(master, options.retry.total_timeout).await {
            check_server(&about, master, &place)?;
        }
    }
    let most = options.retry.attempt_timeout * 3 / 4;
    let wait = options.wait_replicas.map(|(replicas, time)| (replicas, time.min(most)));
    let cluster = Arc::new(Cluster { topology, scripts, wait });
    let keys = Arc::new(Keys::new(&options.prefix));
    check_format(&cluster, &keys, options, &place).await?;
    let names = Names::new(Arc::clone(&keys));
    for what in ["scopes", "senders"] {
        if let Err(error) = names.read_all(&cluster, what).await {
            log::warn!("names of {what} could not be read, and are written again when they are next used: {error}");
        }
    }
    let mut listing = options.retry;
    listing.attempt_timeout *= LISTING;
    listing.total_timeout *= LISTING;
    Ok(Inner {
        cluster,
        keys,
        names,
        recipient_key: options.recipient_key.clone(),
        listing: Arc::new(Retrier::new(listing)),
        ahead: std::sync::Mutex::new(None),
    })
}

fn cmd(words: &[&str]) -> Cmd {
    let mut cmd = Cmd::new();
    for word in words {
        cmd.arg(word);
    }
    cmd
}

/// Runs commands; an error of the server fails them all.
async fn replies(node: &Node, time: Duration, commands: Vec<Cmd>) -> Result<Vec<Value>, StickyError> {
    let mut pipeline = Pipeline::new();
    for cmd in commands {
        pipeline.add_command(cmd);
    }
    let answers = tokio::time::timeout(time, node.send(Lane::Admin, &pipeline)).await;
    let answers = answers.map_err(|_| StickyError::new(format!("{}: no answer within {time:?}", node.address())))??;
    for answer in &answers {
        if let Value::ServerError(error) = answer {
            let details = error.details().unwrap_or_default();
            return Err(StickyError::new(format!("{}: {} {details}", node.address(), error.code())));
        }
    }
    Ok(answers)
}

/// What a server says in `INFO`.
async fn server_info(node: &Node, time: Duration) -> Result<String, StickyError> {
    let parts = ["server", "memory", "cluster"].map(|part| cmd(&["INFO", part]));
    Ok(replies(node, time, parts.into()).await?.iter().filter_map(text).collect())
}

async fn load_scripts(node: &Node, time: Duration) -> Result<[String; 3], StickyError> {
    let loads = Scripts::TEXTS.map(|text| cmd(&["SCRIPT", "LOAD", text]));
    let hashes: Vec<String> =
        replies(node, time, loads.into()).await?.iter().filter_map(text).map(Into::into).collect();
    hashes.try_into().map_err(|_| StickyError::new(format!("{}: scripts could not be loaded", node.address())))
}

/// Checks that pins can be kept on a server.
fn check_server(about: &str, node: &Node, place: &str) -> Result<(), OpenError> {
    let field =
        |name: &str| about.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default();
    let unfit = |reason: String| Err(OpenError::Unfit { place: place.into(), reason });
    let version = field("redis_version");
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST) {
        return unfit(format!("{} has version {version}; version {OLDEST} or later is needed", node.address()));
    }
    if field("cluster_enabled") != "1" {
        return unfit(format!(
            "{} is not part of a cluster; start it with `cluster-enabled yes` (one server with all slots is enough)",
            node.address()
        ));
    }
    if field("maxmemory") != "0" && field("maxmemory_policy") != "noeviction" {
        return unfit(format!(
            "{} would evict pins when its memory is full: `maxmemory-policy` is {} and must be noeviction",
            node.address(),
            field("maxmemory_policy")
        ));
    }
    Ok(())
}

/// Compares the format and the recipient key with those of the store, or writes them into a new store: `1 numbers`, or
/// `1 hashes FINGERPRINT`.
async fn check_format(
    cluster: &Arc<Cluster>,
    keys: &Keys,
    options: &RedisOptions,
    place: &str,
) -> Result<(), OpenError> {
    let kept = match &options.recipient_key {
        Some(key) => format!("hashes {}", key.fingerprint()),
        None => "numbers".into(),
    };
    let key = keys.store().into_bytes();
    let run = async |name, arguments| {
        let command = Command { slot: slot_of(&key), key: key.clone(), kind: CommandKind::Other(name, arguments) };
        match cluster.run(Lane::Write, vec![command]).await.pop() {
            Some(Ok(Reply::Value(Value::Nil))) => Ok(None),
            Some(Ok(Reply::Value(Value::BulkString(found)))) => Ok(Some(String::from_utf8_lossy(&found).into_owned())),
            Some(Err(error)) => Err(OpenError::Unreachable { place: place.into(), reason: error.reason.to_string() }),
            _ => Ok(Some(String::new())),
        }
    };
    // Read first: an existing store can be opened while there are too few replicas for a write.
    let mut found = run("GET", Vec::new()).await?;
    if found.is_none() {
        let arguments = vec![format!("{FORMAT} {kept}").into_bytes(), b"NX".into(), b"GET".into()];
        found = run("SET", arguments).await?;
    }
    let Some(found) = found else { return Ok(()) };
    let place = place.to_owned();
    let (format, there) = found.split_once(' ').unwrap_or((&found, ""));
    match format.parse::<u32>() {
        Ok(found) if found > FORMAT => Err(OpenError::Newer { place, found, known: FORMAT }),
        Ok(FORMAT) if there == kept => Ok(()),
        Ok(FORMAT) if there == "numbers" => {
            let reason = "its recipients are kept as numbers; open it without a key".into();
            Err(OpenError::Key { place, reason })
        }
        Ok(FORMAT) if there.starts_with("hashes ") => {
            let reason = match &options.recipient_key {
                Some(key) => {
                    format!("its recipients are {there}, and the given key has the fingerprint {}", key.fingerprint())
                }
                None => format!("its recipients are {there}, and no key was given"),
            };
            Err(OpenError::Key { place, reason })
        }
        _ => {
            let reason = format!("its key {} has the value {found:?}, which is not a format", keys.store());
            Err(OpenError::Damaged { place, reason })
        }
    }
}
