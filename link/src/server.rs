//! An axum router behind mutual TLS, whose handlers find the [`Peer`] in the request.
//!
//! Connections are bounded in number, in the time of their handshake and in the
//! time of a request's head, so that a stranger on the venue's network cannot
//! hold the door's link. A failed handshake is logged once and costs nobody else.

use crate::tls::{Peer, identity};
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Connections at once: every device of a festival and its reconnects.
const MAX_CONNECTIONS: usize = 1_024;
/// A handshake on a bad radio link takes two seconds; ten is patience enough.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The head of a request is a few hundred bytes; kept connections may wait longer for the next.
const HEAD: Duration = Duration::from_secs(120);
/// After an error of accept (out of descriptors), a moment for others to close.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` until `stop`; connections in progress end with it.
pub async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, router: Router, stop: impl Future<Output = ()>) {
    let acceptor = TlsAcceptor::from(tls);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    tokio::pin!(stop);
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match (accepted, places.clone().try_acquire_owned()) {
            (Ok((stream, _)), Ok(place)) => {
                let (acceptor, router) = (acceptor.clone(), router.clone());
                connections.spawn(async move {
                    connection(stream, acceptor, router).await;
                    drop(place);
                });
            }
            (Ok(_), Err(_)) => tracing::warn!(limit = MAX_CONNECTIONS, "connection refused: too many"),
            (Err(error), _) => {
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, router: Router) {
    let _ = stream.set_nodelay(true); // an option only; without it small answers wait
    let stream = match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::info!(%error, "handshake refused"),
        Err(_) => return tracing::info!("handshake took too long"),
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let peer = Peer(certificate.and_then(|der| identity(der).ok()).map(|(_, identity)| identity));
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer.clone());
        request.map(axum::body::Body::new)
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}
