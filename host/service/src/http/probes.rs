//! The listener for probes: `/healthz`, `/readyz` and `/metrics` on an address of their own, served by a thread of their own.
//! Whatever occupies the main listener and its workers, a probe is answered.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, oneshot};

use super::listener::{listen, protocol, timed};
use crate::config::Limits;
use crate::service::StartError;

/// The most connections of probes at a time. More wait in the system's queue.
const CONNECTIONS: usize = 64;

/// The address of the probes, listened on.
pub(crate) struct Probes {
    listener: std::net::TcpListener,
    address: SocketAddr,
}

/// Probes that are answered, until it is dropped.
pub(crate) struct Probing(#[allow(dead_code, reason = "dropped, it ends the thread")] oneshot::Sender<()>);

impl Probes {
    pub(crate) fn open(address: SocketAddr) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { address, source };
        let listener = listen(address).and_then(TcpListener::into_std).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// The address, with the port that the system chose.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers probes on a thread of their own.
    pub(crate) fn serve(self, limits: &Limits, router: Router) -> std::io::Result<Probing> {
        let (end, mut ended) = oneshot::channel();
        let limits = limits.clone();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(self.listener)?
        };
        let serve = async move {
            let (places, http) = (Arc::new(Semaphore::new(CONNECTIONS)), protocol(&limits));
            loop {
                let accepted = async {
                    let place = Arc::clone(&places).acquire_owned().await;
                    (place, listener.accept().await)
                };
                let (place, stream) = tokio::select! {
                    _ = &mut ended => return,
                    accepted = accepted => accepted,
                };
                let Ok((stream, _)) = stream else {
                    tokio::time::sleep(super::listener::PAUSE).await;
                    continue;
                };
                let stream = TokioIo::new(timed(stream, &limits));
                let connection = http.serve_connection(stream, TowerToHyperService::new(router.clone()));
                tokio::spawn(async move {
                    let _place = place;
                    // A probe that breaks off is of no interest.
                    let _ = connection.await;
                });
            }
        };
        std::thread::Builder::new().name("probes".into()).spawn(move || runtime.block_on(serve))?;
        Ok(Probing(end))
    }
}
