//! An axum router behind TLS, whose handlers find the [`Peer`] and the address it came from in the request.
//!
//! Connections are bounded in number, in the time of their handshake and in the
//! time of a request's head ([`Bounds`]), so that a stranger on the venue's network cannot
//! hold the door's link. A failed handshake is logged once and costs nobody else.

use crate::tls::{Peer, identity};
use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// How much of a server its callers may hold.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at once.
    pub connections: usize,
    /// Of them, from one address.
    pub per_address: usize,
    /// How long a handshake may take.
    pub handshake: Duration,
    /// How long the head of a request may take, and a kept connection wait for the next one.
    pub head: Duration,
}

impl Bounds {
    /// Of the link between devices and cloud.
    pub const LINK: Self = Self {
        // Every device of a festival and its reconnects, also behind one address.
        connections: 1_024,
        per_address: 1_024,
        // A handshake on a bad radio link takes two seconds; ten is patience enough.
        handshake: Duration::from_secs(10),
        // The head is a few hundred bytes; kept connections may wait longer for the next.
        head: Duration::from_secs(120),
    };
}

/// After an error of accept (out of descriptors), a moment for others to close.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` within the bounds of the device link until `stop`; connections in progress end with it.
pub async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, router: Router, stop: impl Future<Output = ()>) {
    serve_within(Bounds::LINK, listener, tls, router, stop).await;
}

/// The same within other bounds.
pub async fn serve_within(
    bounds: Bounds,
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let acceptor = TlsAcceptor::from(tls);
    let places = Places { free: Arc::new(Semaphore::new(bounds.connections)), held: Arc::default() };
    let mut connections = tokio::task::JoinSet::new();
    tokio::pin!(stop);
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => match places.take(from.ip(), bounds.per_address) {
                Some(place) => {
                    let (acceptor, router) = (acceptor.clone(), router.clone());
                    connections.spawn(async move {
                        connection(stream, from, acceptor, router, bounds).await;
                        drop(place);
                    });
                }
                None => tracing::warn!(%from, limit = bounds.connections, "connection refused: too many"),
            },
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    connections.shutdown().await;
}

/// Who holds how many connections.
struct Places {
    free: Arc<Semaphore>,
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place; it is free again when this goes.
struct Place {
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
    of: IpAddr,
    _free: OwnedSemaphorePermit,
}

impl Places {
    fn take(&self, of: IpAddr, per_address: usize) -> Option<Place> {
        let free = self.free.clone().try_acquire_owned().ok()?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(of).or_default();
        if *count >= per_address {
            return None;
        }
        *count += 1;
        Some(Place { held: self.held.clone(), of, _free: free })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.of);
            }
        }
    }
}

async fn connection(stream: TcpStream, from: SocketAddr, acceptor: TlsAcceptor, router: Router, bounds: Bounds) {
    let _ = stream.set_nodelay(true); // an option only; without it small answers wait
    let stream = match tokio::time::timeout(bounds.handshake, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::info!(%error, "handshake refused"),
        Err(_) => return tracing::info!("handshake took too long"),
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let peer = Peer(certificate.and_then(|der| identity(der).ok()).map(|(_, identity)| identity));
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer.clone());
        request.extensions_mut().insert(ConnectInfo(from));
        request.map(axum::body::Body::new)
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_no_more_than_its_share_and_leaves_the_rest_to_others() {
        let places = Places { free: Arc::new(Semaphore::new(3)), held: Arc::default() };
        let [a, b] = [1, 2].map(|last| IpAddr::from([10, 0, 0, last]));
        let first = places.take(a, 2).expect("a first one");
        let _second = places.take(a, 2).expect("a second one");
        assert!(places.take(a, 2).is_none(), "two are its share");
        let _third = places.take(b, 2).expect("another address");
        assert!(places.take(b, 2).is_none(), "three are all there are");
        drop(first);
        assert!(places.take(a, 2).is_some());
        assert_eq!(places.held.lock().expect("whole").len(), 2, "nobody is held who is gone");
    }
}
