//! The role of the upstream: the simulator on one thread, whose `bench` model sends fixed bytes; in
//! front of it, where asked for, a listener for TLS with a certificate made for the run.
//!
//! Whoever comes over TLS gets HTTP/2: the listener agrees to it and hands the bytes on to the
//! simulator, which knows it when it sees it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_util::task::TaskTracker;
use tollgate_simulator::{Simulator, SimulatorConfig};

use crate::child::{self, Child};
use crate::cli::UpstreamArgs;

/// The simulator's model with the fixed answers.
pub(crate) const MODEL: &str = "bench";
/// The name that its certificate is for.
pub(crate) const NAME: &str = "localhost";

/// A running upstream.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    /// Where it listens over TLS.
    pub(crate) secure: SocketAddr,
}

impl Upstream {
    /// Starts one that writes the authority to trust to a file.
    pub(crate) fn start(cpu: Option<u32>, authority: &Path) -> anyhow::Result<Self> {
        let authority = authority.to_str().context("a path that is not text")?;
        let (child, addresses) =
            Child::start_listening(cpu, &["upstream", "--authority", authority])?;
        let [address, secure] = addresses.as_slice() else {
            anyhow::bail!("the upstream listens at {addresses:?}");
        };
        Ok(Self { child, address: *address, secure: *secure })
    }
}

/// Serves until standard input ends.
pub(crate) async fn run(args: &UpstreamArgs) -> anyhow::Result<ExitCode> {
    let config = SimulatorConfig {
        listen: args.listen,
        requests_max: 0,
        require_key: false,
        ..SimulatorConfig::default()
    };
    let simulator = Simulator::start(config).await?;
    let tracker = TaskTracker::new();
    let mut addresses = vec![simulator.address()];
    if let Some(authority) = &args.authority {
        let acceptor = certified(authority)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        addresses.push(listener.local_addr()?);
        let behind = simulator.address();
        tracker.spawn(accept(listener, acceptor, behind, tracker.clone()));
    }
    child::announce(&addresses)?;
    child::parent_gone().await;
    simulator.kill();
    Ok(ExitCode::SUCCESS)
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    behind: SocketAddr,
    tracker: TaskTracker,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tracker.spawn(async move {
            // Whoever breaks off is missed by the load.
            let _ended = hand_on(stream, &acceptor, behind).await;
        });
    }
}

async fn hand_on(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    behind: SocketAddr,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut outside = acceptor.accept(stream).await?;
    let mut inside = TcpStream::connect(behind).await?;
    inside.set_nodelay(true)?;
    copy_bidirectional(&mut outside, &mut inside).await?;
    Ok(())
}

/// What shows a certificate of an authority of the run's own, which is written to `path`.
fn certified(path: &Path) -> anyhow::Result<TlsAcceptor> {
    let authority_key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key)?;
    let text = STANDARD.encode(authority.der());
    fs::write(path, format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"))?;
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new([NAME.to_owned()])?.signed_by(&key, &issuer)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key.into())?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
