//! A server of the cluster, and the connections to it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::aio::{AsyncStream, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Pipeline, RedisConnectionInfo, RedisResult, Value};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

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

/// How servers are connected to: all of a cluster alike.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) login: RedisConnectionInfo,
    /// `None` is no TLS.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

/// A server, by its address.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
    pub(crate) retrier: Retrier,
    access: Access,
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
    pub(crate) fn new(host: &str, port: u16, access: &Access, retry: RetryPolicy, writes: usize) -> Self {
        Self {
            host: host.into(),
            port,
            retrier: Retrier::new(retry),
            access: access.clone(),
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
            let stream = TcpStream::connect((&*node.host, node.port)).await?;
            stream.set_nodelay(true)?;
            match &node.access.tls {
                None => begin(&node.access.login, stream, config).await,
                Some(tls) => {
                    // The name that the address or the cluster gives; an IP address is checked as one.
                    let name = ServerName::try_from(node.host.to_string()).map_err(std::io::Error::other)?;
                    let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await?;
                    begin(&node.access.login, stream, config).await
                }
            }
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

/// Logs in on a stream. A task of its own carries it until the last handle of the connection is dropped.
async fn begin(
    login: &RedisConnectionInfo,
    stream: impl AsyncStream + Send + Unpin + 'static,
    config: AsyncConnectionConfig,
) -> RedisResult<MultiplexedConnection> {
    let (connection, carried) = MultiplexedConnection::new_with_config(login, stream, config).await?;
    tokio::spawn(carried);
    Ok(connection)
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
