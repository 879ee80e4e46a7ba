//! Accepts connections, up to a limit of all and of each address, and shuts them down gracefully.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::address_share::{AddressShare, Counted};
use super::tls;
use super::write_timeout::TimedWrites;
use crate::config::{Config, Limits};
use crate::metrics::during;
use crate::router::Front;
use crate::service::{Service, StartError};

/// The most bytes of a request's head.
const HEAD_BYTES: usize = 64 << 10;

/// The most headers of a request.
const HEADERS: usize = 64;

/// The most bytes of answers that the system keeps for a client that does not read them. It doubles that for its own
/// records.
const UNREAD_BYTES: u32 = 256 << 10;

/// How many connections wait in the system's queue.
const BACKLOG: u32 = 1_024;

/// How long to wait after a connection could not be accepted, for example because there are no file handles left.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// An address that the service listens on.
pub(crate) struct Listener {
    listener: TcpListener,
    /// Exchanged when the certificate is.
    tls: Option<Arc<ArcSwap<TlsAcceptor>>>,
}

impl Listener {
    pub(crate) async fn open(config: &Config) -> Result<Self, StartError> {
        let tls = match (&config.listen.certificate, &config.listen.key) {
            (Some(certificate), Some(key)) => Some(Arc::new(ArcSwap::from_pointee(tls::acceptor(certificate, key)?))),
            _ => None,
        };
        let address = config.listen.address;
        let listener = listen(address).map_err(|source| StartError::Listen { address, source })?;
        Ok(Self { listener, tls })
    }

    /// The address, with the port that the system chose.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// How TLS is spoken, if it is.
    pub(crate) fn tls(&self) -> Option<Arc<ArcSwap<TlsAcceptor>>> {
        self.tls.clone()
    }

    /// Serves until `end`. Then it accepts no more connections, and requests in progress have `limits.drain_seconds` to
    /// finish.
    pub(crate) async fn serve(self, service: &Arc<Service>, front: Front, end: impl Future<Output = ()>) {
        let front = Arc::new(front);
        let places = Arc::new(Semaphore::new(service.limits.load().connections.min(Semaphore::MAX_PERMITS)));
        let addresses = AddressShare::new();
        let graceful = GracefulShutdown::new();
        tokio::pin!(end);
        loop {
            let accepted = async {
                // Connections beyond the limit wait in the system's queue.
                let place = Arc::clone(&places).acquire_owned().await.ok()?;
                Some((self.listener.accept().await, place))
            };
            let (stream, place, address) = tokio::select! {
                () = &mut end => break,
                accepted = accepted => match accepted {
                    Some((Ok((stream, address)), place)) => (stream, place, address.ip()),
                    Some((Err(error), _)) => {
                        tracing::warn!("a connection was not accepted: {error}");
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                    None => break,
                },
            };
            let limits = service.limits.load();
            let Some(counted) = addresses.enter(address, limits.connections_per_address) else {
                service.metrics.connections_refused.inc();
                continue;
            };
            let connection = Connection {
                service: Arc::clone(service),
                front: Arc::clone(&front),
                http: protocol(&limits),
                _place: place,
                _counted: counted,
                patience: Duration::from_secs(limits.head_seconds),
                watcher: graceful.watcher(),
            };
            let stream = timed(stream, &limits);
            match &self.tls {
                None => drop(tokio::spawn(connection.serve(stream))),
                Some(tls) => drop(tokio::spawn(connection.serve_tls(stream, TlsAcceptor::clone(&tls.load())))),
            }
        }
        drop(self.listener);
        service.ending.send_replace(true);
        let seconds = service.limits.load().drain_seconds;
        tracing::info!("ending: requests under way have {seconds} s");
        if timeout(Duration::from_secs(seconds), graceful.shutdown()).await.is_err() {
            tracing::warn!("requests that were still under way are broken off");
        }
    }
}

/// Listens on an address, as `TcpListener::bind` does, and bounds what a client that does not read costs.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    // Connections inherit it.
    socket.set_send_buffer_size(UNREAD_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// How HTTP is spoken.
pub(super) fn protocol(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.head_seconds))
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .keep_alive(true);
    http
}

/// A connection that was accepted, with writes that time out.
pub(super) fn timed(stream: TcpStream, limits: &Limits) -> TimedWrites {
    // A response is written whole, so delaying small packets would only add latency.
    let _ = stream.set_nodelay(true);
    TimedWrites::new(stream, Duration::from_secs(limits.write_seconds))
}

struct Connection {
    service: Arc<Service>,
    front: Arc<Front>,
    http: http1::Builder,
    _place: OwnedSemaphorePermit,
    _counted: Counted,
    patience: Duration,
    watcher: hyper_util::server::graceful::Watcher,
}

impl Connection {
    async fn serve_tls(self, stream: TimedWrites, tls: TlsAcceptor) {
        match timeout(self.patience, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(error)) => tracing::debug!("a client does not speak TLS as we do: {error}"),
            Err(_) => tracing::debug!("a client took too long to begin with TLS"),
        }
    }

    async fn serve(self, stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static) {
        let Self { service, front, http, _place, _counted, watcher, .. } = self;
        let _open = during(&service.metrics.connections);
        let answer = service_fn(move |request: http::Request<Incoming>| {
            let front = Arc::clone(&front);
            async move { Ok::<_, Infallible>(front.answer(request.map(Body::new)).await) }
        });
        let connection = http.serve_connection(TokioIo::new(stream), answer);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!("a connection ended: {error}");
        }
    }
}
