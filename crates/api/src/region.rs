//! In which region a call must be kept: its host says so (contract §5.10).

use http::header::HOST;
use http::request::Parts;

/// Regions that every host can be asked for by its first label: `eu.gateway.example`.
const LABELS: [&str; 2] = ["eu", "us"];
/// The host that the client asked for, where a proxy changed it.
const FORWARDED_HOST: &str = "x-forwarded-host";

/// The region that a request's host names: by its first label, or as `hosts` say. A proxy may
/// change the host and tell the client's own beside it. Either may name a region, so that a proxy
/// in between can't lift one by leaving the header out or putting another in.
pub(crate) fn of(parts: &Parts, hosts: &[(String, String)]) -> Option<String> {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    // HTTP/2 has the host in the address.
    let authority = parts.uri.authority().map(http::uri::Authority::as_str);
    let forwarded = text(FORWARDED_HOST).map(|list| list.split(',').next().unwrap_or_default());
    let asked = [authority, text(HOST.as_str()), forwarded];
    asked.into_iter().flatten().find_map(|host| named(host, hosts))
}

fn named(host: &str, hosts: &[(String, String)]) -> Option<String> {
    let host = host.trim();
    let bare = host.rsplit_once(':').map_or(host, |(bare, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { bare } else { host }
    });
    // A name may end with the root.
    let bare = bare.trim_end_matches('.').to_ascii_lowercase();
    if let Some((_, region)) = hosts.iter().find(|(known, _)| *known == bare) {
        return Some(region.clone());
    }
    let (label, rest) = bare.split_once('.')?;
    (LABELS.contains(&label) && !rest.is_empty()).then(|| label.to_owned())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn section_5_10_a_host_names_its_region() {
        let hosts = [("gateway-eu.corp".to_owned(), "eu".to_owned())];
        for (uri, headers, expected) in [
            ("/", &[("host", "eu.gateway.example")][..], Some("eu")),
            ("/", &[("host", "EU.Gateway.example:8080")], Some("eu")),
            ("/", &[("host", "us.gateway.example.")], Some("us")),
            ("/", &[("host", "Gateway-EU.corp:80")], Some("eu")),
            ("/", &[("host", "gateway.example")], None),
            ("/", &[("host", "europe.gateway.example")], None),
            ("/", &[("host", "eu")], None),
            ("/", &[("host", "eu.")], None),
            ("/", &[("host", "[::1]:8080")], None),
            ("/", &[("host", "127.0.0.1:8080")], None),
            ("/", &[], None),
            // HTTP/2.
            ("https://eu.gateway.example/api", &[], Some("eu")),
            // Behind a proxy.
            ("/", &[("host", "backend:8080"), ("x-forwarded-host", "eu.g.example, b")], Some("eu")),
            ("/", &[("host", "eu.g.example"), ("x-forwarded-host", "g.example")], Some("eu")),
        ] {
            let mut request = Request::builder().uri(uri);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(of(&parts, &hosts).as_deref(), expected, "{uri} {headers:?}");
        }
    }
}
