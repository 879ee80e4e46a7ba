//! A server of the cluster, and the connections to it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, Pipeline, RedisConnectionInfo, Value};

use crate::error::StickyError;
use crate::retry::{Retrier, RetryPolicy};

/// The use of a connection. Reads and writes have separate connections, so that reads do not queue behind writes that
/// wait for replicas, and neither queues behind listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Read,
    Write,
    Admin,
}

/// A server, by its address.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
    pub(crate) retrier: Retrier,
    login: RedisConnectionInfo,
    read: Connection,
    /// More than one if writes wait for replicas: a connection that runs `WAIT` does nothing else.
    write: Box<[Connection]>,
    next_write: AtomicUsize,
    admin: Connection,
}

/// A connection that is opened when it is first needed, and again after it broke. Many calls share it.
#[derive(Debug, Default)]
struct Connection {
    now: Mutex<Option<Open>>,
    /// Held by the call that connects.
    opening: tokio::sync::Mutex<()>,
    /// The number of pipelines that were answered.
    answers: AtomicU64,
}

#[derive(Debug, Clone)]
struct Open {
    number: u64,
    connection: MultiplexedConnection,
}

/// How many pipelines may queue before callers wait.
const QUEUE: usize = 256;

/// How many bytes are collected before they are sent.
const BUFFER: usize = 64 * 1024;

impl Node {
    pub(crate) fn new(host: &str, port: u16, login: &RedisConnectionInfo, retry: RetryPolicy, writes: usize) -> Self {
        Self {
            host: host.into(),
            port,
            retrier: Retrier::new(retry),
            login: login.clone(),
            read: Connection::default(),
            write: (0..writes).map(|_| Connection::default()).collect(),
            next_write: AtomicUsize::new(0),
            admin: Connection::default(),
        }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        address(&self.host, self.port)
    }

    fn connection(&self, lane: Lane) -> &Connection {
        match lane {
            Lane::Read => &self.read,
            Lane::Write => &self.write[self.next_write.fetch_add(1, Ordering::Relaxed) % self.write.len()],
            Lane::Admin => &self.admin,
        }
    }

    /// Sends a pipeline. There is one answer for each command, which may be an error of the server.
    ///
    /// # Errors
    /// The connection could not be opened, or broke.
    pub(crate) async fn send(&self, lane: Lane, pipeline: &Pipeline) -> Result<Vec<Value>, StickyError> {
        let connection = self.connection(lane);
        let mut open = connection.open(self).await?;
        let mut waiting = Waiting { connection, number: open.number, answers: connection.answers(), answered: false };
        let answers = open.connection.send_packed_commands(pipeline, 0, pipeline.len()).await;
        waiting.answered = true;
        match answers {
            Ok(answers) if answers.len() == pipeline.len() => {
                connection.answers.fetch_add(1, Ordering::Relaxed);
                Ok(answers)
            }
            Ok(_) => {
                connection.drop_if(open.number);
                Err(self.error("it gave more or fewer answers than there were commands"))
            }
            Err(error) => {
                connection.drop_if(open.number);
                Err(self.error(error))
            }
        }
    }

    fn error(&self, reason: impl std::fmt::Display) -> StickyError {
        StickyError::new(format!("{}: {reason}", self.address()))
    }
}

/// `host:port`, with brackets around an IPv6 address.
pub(crate) fn address(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl Connection {
    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    async fn open(&self, node: &Node) -> Result<Open, StickyError> {
        if let Some(open) = &*self.lock() {
            return Ok(open.clone());
        }
        let _opening = self.opening.lock().await;
        if let Some(open) = &*self.lock() {
            return Ok(open.clone());
        }
        // No time-outs: the attempt has one, which includes connecting.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE)
            .set_write_backpressure_boundary(BUFFER);
        let open = async {
            let info = ConnectionAddr::Tcp(node.host.to_string(), node.port).into_connection_info()?;
            let tcp = info.tcp_settings().clone().set_nodelay(true);
            let client = Client::open(info.set_tcp_settings(tcp).set_redis_settings(node.login.clone()))?;
            client.get_multiplexed_async_connection_with_config(&config).await
        };
        let connection = open.await.map_err(|error| node.error(error))?;
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let open = Open { number: NUMBER.fetch_add(1, Ordering::Relaxed), connection };
        *self.lock() = Some(open.clone());
        Ok(open)
    }

    /// Drops the connection, unless another has replaced it already.
    fn drop_if(&self, number: u64) {
        let mut now = self.lock();
        if now.as_ref().is_some_and(|open| open.number == number) {
            *now = None;
        }
    }
}

/// A call that waits for its answers. If it is cancelled by its time-out and no other call got an answer meanwhile, the
/// connection is taken for dead, and the next call opens another.
struct Waiting<'a> {
    connection: &'a Connection,
    number: u64,
    answers: u64,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered && self.connection.answers() == self.answers {
            self.connection.drop_if(self.number);
        }
    }
}
