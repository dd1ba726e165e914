//! Whom the client trusts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tollgate_upstream::{
    RootsError, Upstream, UpstreamConfig, UpstreamErrorKind, read_bounded, roots_from_pem,
};

use crate::support::{Server, Speaks, client, send};

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

#[tokio::test]
async fn an_unknown_authority_is_no_connection() {
    for speaks in [Speaks::Http2(10), Speaks::Http1OverTls] {
        let server = Server::start(speaks).await;
        let stranger = client(UpstreamConfig::default());
        let error = send(&stranger, server.post("/bytes/3")).await.unwrap_err();
        assert_eq!(error.kind, UpstreamErrorKind::Connect);
        assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
        assert_eq!(server.whole_requests(), 0);
    }
}

#[tokio::test]
async fn roots_from_a_file_are_trusted_beside_those_compiled_in() {
    let servers =
        [Server::start(Speaks::Http2(10)).await, Server::start(Speaks::Http1OverTls).await];
    let text: String = servers.iter().map(|it| pem("CERTIFICATE", &it.root())).collect();
    let extra_roots = roots_from_pem(text.as_bytes()).unwrap();
    let client = client(UpstreamConfig { extra_roots, ..UpstreamConfig::default() });
    for server in &servers {
        let body = send(&client, server.post("/bytes/3")).await.unwrap();
        assert_eq!(read_bounded(body, 3).await.unwrap(), "xxx");
    }
}

#[test]
fn texts_without_roots_are_refused() {
    let key = pem("PRIVATE KEY", b"key");
    for text in ["", "not PEM at all", &key] {
        let error = roots_from_pem(text.as_bytes()).unwrap_err();
        assert!(matches!(error, RootsError::Empty), "{text}: {error:?}");
    }
    let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    assert!(matches!(roots_from_pem(cut.as_bytes()), Err(RootsError::Unreadable(_))));
    let wrong = pem("CERTIFICATE", b"no certificate");
    let error = roots_from_pem(wrong.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "certificate 1 can't be used as a root");
    let extra_roots = vec![b"no certificate".to_vec().into()];
    let config = UpstreamConfig { extra_roots, ..UpstreamConfig::default() };
    assert!(Upstream::new(config).is_err());
}
