//! A server on a socket of its own, its certificate, and a client that trusts it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use tollgate_upstream::{Upstream, UpstreamBody, UpstreamConfig, UpstreamError};

/// For what happens at once, on a machine that is busy with other tests.
pub(crate) const SOON: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Speaks {
    /// Without TLS.
    Http1,
    Http1OverTls,
    /// Over TLS, with at most this many streams on a connection.
    Http2(u32),
}

/// A server for one test.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    speaks: Speaks,
    root: CertificateDer<'static>,
    seen: Arc<Seen>,
    /// How many times all connections were told to wind down.
    winding_down: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Requests being answered, by connection.
    live: Mutex<Vec<Arc<AtomicUsize>>>,
    whole_requests: AtomicUsize,
}

/// Counts a request while it is being answered.
#[derive(Debug)]
struct Held(Arc<AtomicUsize>);

impl Held {
    fn on(live: &Arc<AtomicUsize>) -> Self {
        live.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(live))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A body that gives one piece, and then ends or stays open.
#[derive(Debug)]
struct Answer {
    piece: Option<Bytes>,
    stays_open: bool,
    _held: Held,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.piece.take() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if self.stays_open => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

impl Server {
    pub(crate) async fn start(speaks: Speaks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (acceptor, root) = certified(speaks);
        let seen = Arc::new(Seen::default());
        let (winding_down, told) = watch::channel(0);
        let tracker = TaskTracker::new();
        let accepting = Accepting { listener, speaks, acceptor, seen: Arc::clone(&seen), told };
        tracker.spawn(accepting.run(tracker.clone()));
        Self { address, speaks, root, seen, winding_down }
    }

    pub(crate) fn client(&self) -> Upstream {
        client(UpstreamConfig { extra_roots: vec![self.root.clone()], ..UpstreamConfig::default() })
    }

    pub(crate) fn root(&self) -> CertificateDer<'static> {
        self.root.clone()
    }

    pub(crate) fn post(&self, path: &str) -> Request<Bytes> {
        let scheme = if matches!(self.speaks, Speaks::Http1) { "http" } else { "https" };
        post(scheme, self.address, path)
    }

    /// Connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.seen.live.lock().len()
    }

    /// Requests being answered, by connection.
    pub(crate) fn live(&self) -> Vec<usize> {
        self.seen.live.lock().iter().map(|it| it.load(Ordering::SeqCst)).collect()
    }

    /// Requests of which the body came to its end.
    pub(crate) fn whole_requests(&self) -> usize {
        self.seen.whole_requests.load(Ordering::SeqCst)
    }

    /// Waits until so many requests are being answered.
    pub(crate) async fn until_live(&self, count: usize) {
        let start = Instant::now();
        while self.live().iter().sum::<usize>() != count {
            assert!(start.elapsed() < SOON, "{:?} are live, not {count}", self.live());
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Tells every connection to take no more requests.
    pub(crate) fn wind_down(&self) {
        self.winding_down.send_modify(|times| *times += 1);
    }
}

struct Accepting {
    listener: TcpListener,
    speaks: Speaks,
    acceptor: TlsAcceptor,
    seen: Arc<Seen>,
    told: watch::Receiver<usize>,
}

impl Accepting {
    async fn run(self, tracker: TaskTracker) {
        loop {
            let (stream, _) = self.listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let live = Arc::new(AtomicUsize::new(0));
            self.seen.live.lock().push(Arc::clone(&live));
            let handler = Handler { seen: Arc::clone(&self.seen), live };
            let (acceptor, mut told) = (self.acceptor.clone(), self.told.clone());
            told.mark_unchanged();
            tracker.spawn(serve(stream, self.speaks, acceptor, handler, told));
        }
    }
}

pub(crate) fn client(config: UpstreamConfig) -> Upstream {
    Upstream::new(config).unwrap()
}

pub(crate) fn post(scheme: &str, address: SocketAddr, path: &str) -> Request<Bytes> {
    let uri = format!("{scheme}://{address}{path}");
    Request::post(uri).body(Bytes::from_static(b"{\"stream\":true}")).unwrap()
}

/// Opens a stream that stays open, and waits for its first byte.
pub(crate) async fn opened(client: &Upstream, server: &Server) -> UpstreamBody {
    let mut body = send(client, server.post("/open")).await.unwrap();
    let first = timeout(SOON, body.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "first");
    body
}

pub(crate) async fn send(
    client: &Upstream,
    request: Request<Bytes>,
) -> Result<UpstreamBody, UpstreamError> {
    Ok(client.send(request, SOON).await?.into_body())
}

#[derive(Debug)]
struct Handler {
    seen: Arc<Seen>,
    live: Arc<AtomicUsize>,
}

impl Handler {
    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Answer>> {
        let held = Held::on(&self.live);
        let path = request.uri().path().to_owned();
        request.into_body().collect().await.map_err(io::Error::other)?;
        self.seen.whole_requests.fetch_add(1, Ordering::SeqCst);
        let piece = match path.as_str() {
            "/silent" => std::future::pending().await,
            "/break" => return Err(io::Error::other("as asked")),
            "/open" => Bytes::from_static(b"first"),
            sized => {
                let bytes: usize = sized.trim_start_matches("/bytes/").parse().unwrap();
                Bytes::from(vec![b'x'; bytes])
            }
        };
        let stays_open = path == "/open";
        Ok(Response::new(Answer { piece: Some(piece), stays_open, _held: held }))
    }
}

async fn serve(
    stream: TcpStream,
    speaks: Speaks,
    acceptor: TlsAcceptor,
    handler: Handler,
    told: watch::Receiver<usize>,
) {
    if matches!(speaks, Speaks::Http1) {
        return serve_http(TokioIo::new(stream), speaks, handler, told).await;
    }
    // A client that does not trust us breaks off here.
    if let Ok(stream) = acceptor.accept(stream).await {
        serve_http(TokioIo::new(stream), speaks, handler, told).await;
    }
}

async fn serve_http<S: Read + Write + Unpin + Send + 'static>(
    stream: S,
    speaks: Speaks,
    handler: Handler,
    mut told: watch::Receiver<usize>,
) {
    let handler = Arc::new(handler);
    let service = service_fn(move |request| {
        let handler = Arc::clone(&handler);
        async move { handler.answer(request).await }
    });
    // How a connection ends is seen at the client.
    let _ended = match speaks {
        Speaks::Http1 | Speaks::Http1OverTls => {
            http1::Builder::new().serve_connection(stream, service).await
        }
        Speaks::Http2(streams_max) => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.max_concurrent_streams(streams_max);
            let mut serving = std::pin::pin!(builder.serve_connection(stream, service));
            tokio::select! {
                biased;
                ended = &mut serving => ended,
                Ok(()) = told.changed() => {
                    serving.as_mut().graceful_shutdown();
                    serving.await
                }
            }
        }
    };
}

/// An authority, and a certificate for 127.0.0.1 that it signed.
fn certified(speaks: Speaks) -> (TlsAcceptor, CertificateDer<'static>) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let root = authority.self_signed(&authority_key).unwrap().der().clone();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    if let Speaks::Http2(_) = speaks {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    (TlsAcceptor::from(Arc::new(config)), root)
}
