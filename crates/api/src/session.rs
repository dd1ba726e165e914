//! Being signed in, as browsers carry it: a cookie, and where the page is that sends it.
//!
//! A browser sends the cookie with whatever page asks for it. `SameSite=Strict` keeps pages of other
//! sites from that; whatever changes something must say by `Origin` or `Sec-Fetch-Site`, which no
//! page can forge, that it was asked for by a page of this very host.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::header::{COOKIE, FORWARDED, HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version};
use tollgate_engine::SESSION_DAYS_MAX;
use tollgate_types::{AddressRange, ApiKey};

use crate::address::{self, Peer};
use crate::error::ApiError;
use crate::router::App;

/// The cookie's name.
const NAME: &str = "tollgate_session";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// What a proxy says of the one it speaks for.
const OF_PROXIES: [HeaderName; 6] = [
    HeaderName::from_static("x-forwarded-for"),
    FORWARDED_HOST,
    FORWARDED_PROTO,
    HeaderName::from_static("x-real-ip"),
    FORWARDED,
    HeaderName::from_static("via"),
];

/// Whose page a request was made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// One of this host.
    Own,
    /// One of another.
    Other,
    /// None, or a browser that does not say.
    Untold,
}

/// Who asks, as far as signing in goes.
#[derive(Debug)]
pub(crate) struct Visitor {
    /// Where they are, if that is known.
    pub(crate) address: Option<IpAddr>,
    /// On this very machine, with nobody in between.
    pub(crate) is_local: bool,
    /// Reached by HTTPS.
    is_secure: bool,
    /// Whose page it was.
    pub(crate) page: Page,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let trusted = &app.config.trusted_proxies;
        let (headers, page) = (&parts.headers, page(parts, trusted));
        let is_secure = is_trusted(parts, trusted) && said(headers, &FORWARDED_PROTO) == "https"
            || (page == Page::Own && said(headers, &ORIGIN).starts_with("https://"));
        let address = address::of(parts, trusted);
        Ok(Self { address, is_local: is_local(parts, address), is_secure, page })
    }
}

impl Visitor {
    /// Refuses what another host's page asks for: it would sign people in as somebody else, or set
    /// up an installation that only its operator reaches.
    pub(crate) fn refuse_other_pages(&self) -> Result<(), ApiError> {
        if self.page == Page::Other { Err(of_another_page()) } else { Ok(()) }
    }

    /// The cookie that signs them in.
    pub(crate) fn cookie(&self, app: &App, secret: &ApiKey) -> Result<HeaderValue, ApiError> {
        self.cookie_of(app, secret.expose(), SESSION_DAYS_MAX * 24 * 60 * 60)
    }

    /// The cookie that takes it back.
    pub(crate) fn no_cookie(&self, app: &App) -> Result<HeaderValue, ApiError> {
        self.cookie_of(app, "", 0)
    }

    fn cookie_of(&self, app: &App, value: &str, seconds: i64) -> Result<HeaderValue, ApiError> {
        let prefix = app.config.path_prefix.as_str();
        let path = if prefix.is_empty() { "/" } else { prefix };
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text = format!(
            "{NAME}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
        );
        let mut header = HeaderValue::try_from(text).map_err(|error| ApiError::internal(&error))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// The secret of a session that a request has with it.
pub(crate) fn secret_of(headers: &HeaderMap) -> Option<ApiKey> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|it| it.split_once('='));
    let (_, secret) = pairs.find(|(name, _)| name.trim() == NAME)?;
    let secret = secret.trim();
    (!secret.is_empty()).then(|| ApiKey::from_text(secret))
}

/// Refuses what would change something by a cookie, unless a page of this host has asked for it.
pub(crate) fn of_own_page(parts: &Parts, app: &App) -> Result<(), ApiError> {
    let is_own = || page(parts, &app.config.trusted_proxies) == Page::Own;
    if parts.method.is_safe() || is_own() { Ok(()) } else { Err(of_another_page()) }
}

fn of_another_page() -> ApiError {
    ApiError::forbidden(
        "Only a page of this gateway may do this: Origin must be the address that it is reached at. A proxy in front has to leave Host as it is, or be named in server.trusted_proxies and send X-Forwarded-Host",
    )
}

/// Whose page a request was made by. Browsers leave `Sec-Fetch-Site` out where the page came over
/// plain HTTP, and `Origin` where nothing changes.
fn page(parts: &Parts, trusted: &[AddressRange]) -> Page {
    let headers = &parts.headers;
    match said(headers, &FETCH_SITE) {
        "same-origin" => return Page::Own,
        "cross-site" | "same-site" => return Page::Other,
        _ => {}
    }
    if !headers.contains_key(ORIGIN) {
        return Page::Untold;
    }
    let origin = said(headers, &ORIGIN).parse::<Uri>().unwrap_or_default();
    let Some(theirs) = origin.authority() else { return Page::Other };
    let scheme = origin.scheme_str().unwrap_or_default();
    let forwarded = is_trusted(parts, trusted).then(|| said(headers, &FORWARDED_HOST));
    let asked = headers.get(HOST).and_then(|value| value.to_str().ok());
    // HTTP/2 says it in the request's target.
    let asked = asked.or_else(|| parts.uri.authority().map(Authority::as_str));
    let ours = forwarded.filter(|it| !it.is_empty()).or(asked).unwrap_or_default();
    let is_own = ours.parse::<Authority>().is_ok_and(|ours| same(theirs, &ours, scheme));
    if is_own { Page::Own } else { Page::Other }
}

/// Whether two say the same host and port.
fn same(one: &Authority, other: &Authority, scheme: &str) -> bool {
    let usual = if scheme == "https" { 443 } else { 80 };
    let port = |it: &Authority| it.port_u16().unwrap_or(usual);
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}

/// Whether somebody is on this machine with nobody in between. A proxy beside the gateway speaks from
/// there, too, so nothing may speak of one: neither its headers, nor another name for this machine,
/// which is also what a page has that had its own name lead here, nor HTTP/1.0, which only proxies
/// still speak.
fn is_local(parts: &Parts, address: Option<IpAddr>) -> bool {
    let headers = &parts.headers;
    let host = headers.get(HOST).and_then(|value| value.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let host = host.as_ref().or_else(|| parts.uri.authority()).map(Authority::host);
    let is_own_name = host.is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = || bare.parse::<IpAddr>().is_ok_and(|it| it.is_loopback());
        bare.eq_ignore_ascii_case("localhost") || is_loopback()
    });
    let peer = parts.extensions.get::<Peer>();
    peer.is_some_and(|Peer(peer)| peer.ip().to_canonical().is_loopback())
        && address.is_some_and(|address| address.is_loopback())
        && is_own_name
        && parts.version != Version::HTTP_10
        && !OF_PROXIES.iter().any(|name| headers.contains_key(name))
}

/// Whether what speaks to the gateway is a proxy that the operator trusts.
fn is_trusted(parts: &Parts, trusted: &[AddressRange]) -> bool {
    let peer = parts.extensions.get::<Peer>().map(|Peer(peer)| peer.ip().to_canonical());
    peer.is_some_and(|peer| trusted.iter().any(|range| range.contains(peer)))
}

fn said<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(peer: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::post("/api/v1/session").body(()).unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        request.into_parts().0
    }

    const HERE: &str = "127.0.0.1:4711";

    #[test]
    fn a_page_of_this_host_is_told_from_others() {
        let trusted: Vec<AddressRange> = vec!["10.0.0.0/8".parse().unwrap()];
        let proxy = "10.0.0.1:4711";
        for (peer, headers, expected) in [
            (HERE, &[("host", "gw:8080"), ("origin", "http://gw:8080")][..], Page::Own),
            (HERE, &[("host", "GW.example"), ("origin", "https://gw.example")], Page::Own),
            (HERE, &[("host", "gw.example"), ("origin", "https://gw.example:443")], Page::Own),
            (HERE, &[("host", "[::1]:8080"), ("origin", "http://[::1]:8080")], Page::Own),
            (HERE, &[("host", "gw:8080"), ("origin", "http://gw")], Page::Other),
            (HERE, &[("host", "gw:8080"), ("origin", "http://gw:8081")], Page::Other),
            (HERE, &[("host", "gw"), ("origin", "http://evil.example")], Page::Other),
            (HERE, &[("host", "gw"), ("origin", "null")], Page::Other),
            (HERE, &[("host", "gw"), ("origin", "")], Page::Other),
            (HERE, &[("host", "gw")], Page::Untold),
            (HERE, &[("host", "gw"), ("sec-fetch-site", "none")], Page::Untold),
            (HERE, &[("host", "x"), ("sec-fetch-site", "same-origin")], Page::Own),
            (HERE, &[("host", "gw"), ("sec-fetch-site", "same-site")], Page::Other),
            (
                HERE,
                &[("host", "gw"), ("sec-fetch-site", "cross-site"), ("origin", "http://gw")],
                Page::Other,
            ),
            // What a proxy says counts if it is trusted.
            (
                proxy,
                &[("host", "x:1"), ("x-forwarded-host", "gw"), ("origin", "https://gw")],
                Page::Own,
            ),
            (
                HERE,
                &[("host", "x:1"), ("x-forwarded-host", "gw"), ("origin", "https://gw")],
                Page::Other,
            ),
        ] {
            assert_eq!(page(&parts(peer, headers), &trusted), expected, "{headers:?}");
        }
    }

    #[test]
    fn whoever_is_on_this_machine_comes_without_a_proxy() {
        for (peer, headers, expected) in [
            (HERE, &[("host", "127.0.0.1:8080")][..], true),
            ("[::1]:4711", &[("host", "[::1]:8080")], true),
            ("[::ffff:127.0.0.1]:1", &[("host", "localhost")], true),
            (HERE, &[], false),
            (HERE, &[("host", "evil.example")], false),
            (HERE, &[("host", "localhost"), ("x-forwarded-for", "127.0.0.1")], false),
            (HERE, &[("host", "localhost"), ("via", "1.1 proxy")], false),
            ("203.0.113.9:1", &[("host", "127.0.0.1")], false),
        ] {
            let parts = parts(peer, headers);
            let found = is_local(&parts, address::of(&parts, &[]));
            assert_eq!(found, expected, "{peer} {headers:?}");
        }
        let mut old = parts(HERE, &[("host", "127.0.0.1:8080")]);
        old.version = Version::HTTP_10;
        assert!(!is_local(&old, Some(HERE.parse::<std::net::SocketAddr>().unwrap().ip())));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let of = |cookie: &str| {
            let found = secret_of(&parts(HERE, &[("cookie", cookie)]).headers);
            found.map(|it| it.expose().to_owned())
        };
        assert_eq!(of("a=b; tollgate_session=session-x; c=d").as_deref(), Some("session-x"));
        assert_eq!(of("tollgate_session=session-x").as_deref(), Some("session-x"));
        for none in ["", "a=b", "tollgate_session=", "xtollgate_session=y", "tollgate_session"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
