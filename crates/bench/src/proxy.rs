//! The role of the minimal proxy: what a gateway on the same HTTP library can't be faster than.
//!
//! It has a pooled client, swaps the key, and streams both bodies through. With `--parse` it also
//! does what no gateway can leave out: it knows its keys, reads and rewrites the request's JSON,
//! and reads every answer for its usage. It has no routing, no limits, no store, no error texts.

mod meter;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, Version};
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::task::TaskTracker;

use crate::child;
use crate::cli::ProxyArgs;
use crate::target::{KEY, PUBLIC_MODEL, SECURE};
use crate::upstream::{MODEL, NAME};
use meter::{Meter, Metered};

/// The largest body that is read as JSON.
const BODY_BYTES_MAX: usize = 8 << 20;
/// What the upstream is shown instead of the client's key.
const UPSTREAM_KEY: HeaderValue = HeaderValue::from_static("Bearer sk-upstream");

type Question = Either<Incoming, Full<Bytes>>;
type Answer = Either<Incoming, Either<Metered, Full<Bytes>>>;

struct Proxy {
    client: Client<HttpsConnector<HttpConnector>, Question>,
    upstream: SocketAddr,
    /// Where what comes below [`SECURE`] goes, over TLS.
    secure: Option<SocketAddr>,
    parse: bool,
    /// The models that each key may call, under the name that the upstream knows.
    keys: HashMap<String, HashMap<String, String>>,
    meter: Arc<Meter>,
}

/// Serves until standard input ends.
pub(crate) async fn run(args: &ProxyArgs) -> anyhow::Result<ExitCode> {
    let listener = TcpListener::bind(args.listen).await?;
    let proxy = Arc::new(Proxy::new(args)?);
    child::announce(&[listener.local_addr()?])?;
    tokio::select! {
        biased;
        () = child::parent_gone() => Ok(ExitCode::SUCCESS),
        error = accept(listener, proxy) => Err(error),
    }
}

async fn accept(listener: TcpListener, proxy: Arc<Proxy>) -> anyhow::Error {
    let connections = TaskTracker::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(connections.spawn(serve(stream, Arc::clone(&proxy)))),
            Err(error) => return error.into(),
        }
    }
}

async fn serve(stream: TcpStream, proxy: Arc<Proxy>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(|request| Proxy::answer(Arc::clone(&proxy), request));
    // A client that goes away is no concern of a proxy that keeps no books.
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl Proxy {
    fn new(args: &ProxyArgs) -> anyhow::Result<Self> {
        let models = HashMap::from([(PUBLIC_MODEL.to_owned(), MODEL.to_owned())]);
        let connector = connector(args.authority.as_deref())?;
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            upstream: args.upstream,
            secure: args.secure,
            parse: args.parse,
            keys: HashMap::from([(KEY.to_owned(), models)]),
            meter: Arc::new(Meter::default()),
        })
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Answer>, Infallible> {
        let answer = if self.parse { self.read(request).await } else { self.pass(request).await };
        Ok(answer.unwrap_or_else(|_| status(StatusCode::BAD_GATEWAY)))
    }

    /// Passes a request on as it is.
    async fn pass(&self, request: Request<Incoming>) -> anyhow::Result<Response<Answer>> {
        let request = self.forwarded(request.map(Either::Left))?;
        Ok(self.client.request(request).await?.map(Either::Left))
    }

    /// Passes a request on and reads what passes.
    async fn read(&self, request: Request<Incoming>) -> anyhow::Result<Response<Answer>> {
        let Some(models) = bearer(request.headers()).and_then(|key| self.keys.get(key)) else {
            return Ok(status(StatusCode::UNAUTHORIZED));
        };
        let (mut head, body) = request.into_parts();
        let Some(body) = rewritten(&whole(body).await?, models) else {
            return Ok(status(StatusCode::BAD_REQUEST));
        };
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove(TRANSFER_ENCODING);
        let body = Either::Right(Full::new(Bytes::from(body)));
        let request = self.forwarded(Request::from_parts(head, body))?;
        let (head, body) = self.client.request(request).await?.into_parts();
        let streamed = head.headers.get(http::header::CONTENT_TYPE);
        let streamed = streamed.is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream"));
        let body = if streamed {
            Either::Left(Metered::new(body, Arc::clone(&self.meter)))
        } else {
            let body = whole(body).await?;
            self.meter.read(&body);
            Either::Right(Full::new(body))
        };
        Ok(Response::from_parts(head, Either::Right(body)))
    }

    fn forwarded(&self, mut request: Request<Question>) -> anyhow::Result<Request<Question>> {
        let path = request.uri().path_and_query().context("a request has a path")?;
        let uri = match (path.as_str().strip_prefix(SECURE), self.secure) {
            (Some(path), Some(secure)) => Uri::builder()
                .scheme("https")
                .authority(format!("{NAME}:{}", secure.port()))
                .path_and_query(path),
            _ => Uri::builder()
                .scheme("http")
                .authority(self.upstream.to_string())
                .path_and_query(path.clone()),
        };
        *request.uri_mut() = uri.build()?;
        *request.version_mut() = Version::default();
        let headers = request.headers_mut();
        headers.remove(HOST);
        headers.remove(CONNECTION);
        headers.insert(AUTHORIZATION, UPSTREAM_KEY);
        Ok(request)
    }
}

/// Connects over TLS where an address says so, trusting the authority in that file and no other.
fn connector(authority: Option<&Path>) -> anyhow::Result<HttpsConnector<HttpConnector>> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = authority {
        for root in CertificateDer::pem_file_iter(path)? {
            roots.add(root?)?;
        }
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    Ok(builder.enable_all_versions().wrap_connector(tcp))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The request under the upstream's name of its model; nothing when it is not one.
fn rewritten(body: &[u8], models: &HashMap<String, String>) -> Option<Vec<u8>> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    let model = body.get_mut("model")?;
    *model = Value::String(models.get(model.as_str()?)?.clone());
    serde_json::to_vec(&body).ok()
}

async fn whole(body: Incoming) -> anyhow::Result<Bytes> {
    let collected = Limited::new(body, BODY_BYTES_MAX).collect().await;
    Ok(collected.map_err(|error| anyhow!(error))?.to_bytes())
}

fn status(status: StatusCode) -> Response<Answer> {
    let mut response = Response::new(Either::Right(Either::Right(Full::default())));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::rewritten;

    #[test]
    fn a_request_gets_the_upstreams_model() {
        let models = HashMap::from([("a/b".to_owned(), "b".to_owned())]);
        let body = rewritten(br#"{"model":"a/b","messages":[]}"#, &models).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body, serde_json::json!({ "messages": [], "model": "b" }));
        for refused in [r#"{"model":"c"}"#, r#"{"model":1}"#, "{}", "x"] {
            assert_eq!(rewritten(refused.as_bytes(), &models), None, "{refused}");
        }
    }
}
