//! Where a call comes from: the peer of its connection, or what proxies that the operator trusts
//! say of it.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::request::Parts;
use tollgate_types::AddressRange;

/// The other end of a connection, put beside each of its requests by the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The caller's address; `None` where it is not known.
pub(crate) fn of(parts: &Parts, trusted: &[AddressRange]) -> Option<IpAddr> {
    let Peer(peer) = parts.extensions.get()?;
    behind(peer.ip().to_canonical(), &parts.headers, trusted)
}

/// Every proxy appends whom it heard to `X-Forwarded-For`. So the list is read from its end, as
/// long as who speaks is trusted: what stands further left is whatever the client has sent. What
/// can't be read is nobody's address.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[AddressRange]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut address = peer;
    for value in headers.get_all(FORWARDED_FOR).iter().rev() {
        if !is_trusted(address) {
            break;
        }
        for heard in value.to_str().ok()?.rsplit(',') {
            if !is_trusted(address) {
                break;
            }
            address = named(heard.trim())?;
        }
    }
    Some(address)
}

/// An address as proxies write it: some with a port.
fn named(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|it| it.ip());
    Some(bare.parse::<IpAddr>().ok().or_else(with_port)?.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_believed_as_far_as_they_are_trusted() {
        let trusted: Vec<AddressRange> =
            ["10.0.0.0/8", "fd00::/8"].map(|it| it.parse().unwrap()).to_vec();
        for (peer, lists, expected) in [
            // Nobody in between.
            ("203.0.113.9", &[][..], Some("203.0.113.9")),
            ("::ffff:203.0.113.9", &[], Some("203.0.113.9")),
            // Whoever is not trusted is not believed.
            ("203.0.113.9", &["198.51.100.1"], Some("203.0.113.9")),
            ("203.0.113.9", &["nonsense"], Some("203.0.113.9")),
            // One proxy, several, in one header or more.
            ("10.0.0.1", &["203.0.113.9"], Some("203.0.113.9")),
            ("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], Some("203.0.113.9")),
            ("10.0.0.1", &["198.51.100.1, 203.0.113.9, 10.0.0.2"], Some("203.0.113.9")),
            ("10.0.0.1", &["198.51.100.1", "203.0.113.9,10.0.0.2"], Some("203.0.113.9")),
            ("fd00::1", &["2001:db8::7"], Some("2001:db8::7")),
            // With ports.
            ("10.0.0.1", &["203.0.113.9:4711"], Some("203.0.113.9")),
            ("10.0.0.1", &["[2001:db8::7]:4711"], Some("2001:db8::7")),
            ("10.0.0.1", &["[2001:db8::7]"], Some("2001:db8::7")),
            // A call of the proxy's own, or of another behind it.
            ("10.0.0.1", &[], Some("10.0.0.1")),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], Some("10.0.0.3")),
            // What can't be read is nobody; what stands before whom it is does not matter.
            ("10.0.0.1", &["203.0.113.9, unknown"], None),
            ("10.0.0.1", &[""], None),
            ("10.0.0.1", &["unknown, 203.0.113.9"], Some("203.0.113.9")),
        ] {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(FORWARDED_FOR, list.parse().unwrap());
            }
            let found = behind(peer.parse::<IpAddr>().unwrap().to_canonical(), &headers, &trusted);
            assert_eq!(found, expected.map(|it| it.parse().unwrap()), "{peer} {lists:?}");
        }
    }
}
