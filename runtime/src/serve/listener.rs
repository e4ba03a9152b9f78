//! Accepts connections and serves HTTP/1.1 on them, within limits: so many connections at once, so
//! long for a request's headers. Ends by telling every connection to finish what it is doing.

use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{ServiceExt, util::MapRequest};

/// Largest head of a request and largest chunk read ahead, in bytes.
const READ_BUFFER_BYTES_MAX: usize = 32 * 1024;

/// Limits of one listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListenerSettings {
    /// Connections at once; more wait in the kernel's queue.
    pub(crate) connections_max: usize,
    /// A request's headers must have arrived in this time; an idle connection ends after it.
    pub(crate) header_read_timeout: Duration,
    /// How long connections may take to finish when the listener ends.
    pub(crate) finish_within: Duration,
}

/// Serves until `stop` is cancelled and the connections have finished or the time for that is up.
pub(crate) async fn serve<L>(
    mut listener: L,
    router: Router,
    settings: ListenerSettings,
    stop: CancellationToken,
) where
    L: Listener,
    L::Addr: Clone + Send + Sync + 'static,
{
    let permits = Arc::new(Semaphore::new(settings.connections_max.min(Semaphore::MAX_PERMITS)));
    let connections = TaskTracker::new();
    let http = builder(settings);
    while let Some(permit) = stop.run_until_cancelled(permits.clone().acquire_owned()).await {
        let Some((stream, address)) = stop.run_until_cancelled(listener.accept()).await else {
            break;
        };
        let service = TowerToHyperService::new(with_address(router.clone(), address));
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let stop = stop.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(permit);
        });
    }
    drop(listener);
    connections.close();
    let finished = tokio::time::timeout(settings.finish_within, connections.wait()).await;
    if finished.is_err() {
        tracing::info!(open = connections.len(), "connections were still open at the end");
    }
}

fn builder(settings: ListenerSettings) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(settings.header_read_timeout)
        .max_buf_size(READ_BUFFER_BYTES_MAX);
    http
}

/// Handlers see who connected.
fn with_address<A>(
    router: Router,
    address: A,
) -> MapRequest<Router, impl FnMut(hyper::Request<Incoming>) -> axum::extract::Request + Clone>
where
    A: Clone + Send + Sync + 'static,
{
    router.map_request(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(address.clone()));
        request
    })
}

#[cfg(test)]
mod tests {
    use super::{ListenerSettings, serve};
    use axum::Router;
    use axum::extract::ConnectInfo;
    use axum::routing::get;
    use std::net::SocketAddr;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    struct Running {
        address: SocketAddr,
        stop: CancellationToken,
        tasks: TaskTracker,
    }

    async fn start(connections_max: usize, header_read_timeout: Duration) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route(
            "/",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
        );
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let settings = ListenerSettings {
            connections_max,
            header_read_timeout,
            finish_within: Duration::from_secs(5),
        };
        tasks.spawn(serve(listener, router, settings, stop.clone()));
        tasks.close();
        Running { address, stop, tasks }
    }

    async fn answer(stream: &mut TcpStream) -> String {
        let mut buffer = [0_u8; 1024];
        let read = stream.read(&mut buffer).await.unwrap();
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    }

    #[tokio::test]
    async fn a_handler_sees_who_connected_and_the_end_is_clean() {
        let running = start(8, Duration::from_secs(5)).await;
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        assert!(answer(&mut stream).await.ends_with("127.0.0.1"));
        running.stop.cancel();
        running.tasks.wait().await;
        assert_eq!(stream.read(&mut [0_u8; 8]).await.unwrap(), 0);
        assert!(TcpStream::connect(running.address).await.is_err());
    }

    #[tokio::test]
    async fn one_connection_more_than_the_limit_waits_until_another_ends() {
        let running = start(1, Duration::from_secs(60)).await;
        let mut first = TcpStream::connect(running.address).await.unwrap();
        first.write_all(REQUEST).await.unwrap();
        answer(&mut first).await;
        let mut second = TcpStream::connect(running.address).await.unwrap();
        second.write_all(REQUEST).await.unwrap();
        let waited = tokio::time::timeout(Duration::from_millis(100), second.readable()).await;
        assert!(waited.is_err());
        drop(first);
        assert!(answer(&mut second).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn headers_that_do_not_come_end_the_connection() {
        let running = start(8, Duration::from_millis(50)).await;
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
}
