//! Where a node is, by name, and whose pages may use it. A page of another place makes a browser send what it likes to this node: by a
//! name of its own that leads here (DNS rebinding), or with its origin on it. The first is refused unless the name is the node's, the
//! second is not answered to the page unless its origin is in the configuration.

use crate::config::Config;
use anyhow::{Context, Result};
use axum::http::{HeaderValue, Method, header};
use std::net::IpAddr;
use std::time::Duration;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// What a page of another origin may send besides what every page may.
const MAY_SEND: [&str; 11] = [
    "content-type",
    "if-none-match",
    "x-csrf-token",
    "hp-key",
    "hp-time",
    "hp-sign",
    "cb-access-key",
    "cb-access-sign",
    "cb-access-timestamp",
    "cb-access-passphrase",
    "cb-access-project",
];
/// And what of an answer it may read.
const MAY_READ: [&str; 7] = [
    "huangpu-sequence",
    "ratelimit-limit",
    "ratelimit-remaining",
    "retry-after",
    "etag",
    "cb-before",
    "cb-after",
];
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// How long a browser remembers what it was told.
const REMEMBERED: Duration = Duration::from_secs(600);

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// In small letters; one that begins with `*.` is of everything one step below.
    names: Vec<String>,
    origins: Vec<String>,
}

impl Site {
    /// The site of a configuration, whose certificate, if it has one, may name it.
    ///
    /// # Errors
    /// The certificate cannot be read.
    pub fn of(config: &Config, certificate: Option<&CertificateDer<'_>>) -> Result<Self> {
        let mut names: Vec<String> = config.http.hosts.iter().map(|name| name.to_ascii_lowercase()).collect();
        if let Some(certificate) = certificate {
            let read =
                webpki::EndEntityCert::try_from(certificate).context("the certificate cannot be read")?;
            names.extend(read.valid_dns_names().map(str::to_ascii_lowercase));
        }
        Ok(Self { names, origins: config.http.origins.clone() })
    }

    /// Whether the node is at a host, which may have a port. An address is none that a page could give a meaning to.
    #[must_use]
    pub fn is_at(&self, host: &str) -> bool {
        let name = name_of(host).trim_end_matches('.').to_ascii_lowercase();
        let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let is_local = name == "localhost" || name.ends_with(".localhost");
        is_address || is_local || self.names.iter().any(|known| fits(known, &name))
    }

    /// Whether a page of an origin may use the node, which it knows by a host.
    #[must_use]
    pub fn admits(&self, origin: &str, host: Option<&str>) -> bool {
        let own = origin.split_once("://").map(|(_, place)| place);
        let is_own = own.zip(host).is_some_and(|(own, host)| own.eq_ignore_ascii_case(host));
        is_own || self.origins.iter().any(|known| known == origin)
    }

    /// What tells browsers so; `None` where no page of another origin may.
    #[must_use]
    pub fn cors(&self) -> Option<CorsLayer> {
        let origins: Vec<HeaderValue> =
            self.origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
        let may_send = MAY_SEND.map(header::HeaderName::from_static);
        let may_read = MAY_READ.map(header::HeaderName::from_static);
        (!origins.is_empty()).then(|| {
            CorsLayer::new()
                .allow_origin(AllowOrigin::list(origins))
                .allow_methods(METHODS)
                .allow_headers(may_send)
                .expose_headers(may_read)
                .max_age(REMEMBERED)
        })
    }
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

fn fits(known: &str, name: &str) -> bool {
    match known.strip_prefix("*.") {
        Some(above) => name.split_once('.').is_some_and(|(_, rest)| rest == above),
        None => known == name,
    }
}

/// Whether a text is an origin as browsers write it: scheme, host, and a port where it is not the scheme's own.
#[must_use]
pub(crate) fn is_origin(text: &str) -> bool {
    let Some((scheme, place)) = text.split_once("://") else { return false };
    let own =
        [("http", ":80"), ("https", ":443")].iter().any(|(of, port)| scheme == *of && place.ends_with(port));
    matches!(scheme, "http" | "https") && !own && is_host(place) && place == place.to_ascii_lowercase()
}

/// Whether a text is a host, with or without a port.
#[must_use]
pub(crate) fn is_host(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed) && text.parse::<axum::http::uri::Authority>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(hosts: &[&str], origins: &[&str]) -> Site {
        let mut config = Config::default();
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        (config.http.hosts, config.http.origins) = (owned(hosts), owned(origins));
        Site::of(&config, None).unwrap()
    }

    #[test]
    fn a_node_is_at_its_names_and_at_addresses() {
        let site = site(&["Exchange.example", "*.inner.example"], &[]);
        for own in [
            "127.0.0.1:8080",
            "10.1.2.3",
            "[::1]:8080",
            "[2001:db8::1]",
            "localhost:8080",
            "app.localhost",
            "exchange.example:443",
            "EXCHANGE.example.",
            "a.inner.example",
        ] {
            assert!(site.is_at(own), "{own}");
        }
        for other in [
            "evil.example",
            "x",
            "",
            "exchange.example.evil.example",
            "a.b.inner.example",
            "inner.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
        ] {
            assert!(!site.is_at(other), "{other}");
        }
    }

    #[test]
    fn the_names_of_a_certificate_are_those_of_its_node() {
        let names = ["exchange.example", "*.inner.example", "10.0.0.1"].map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let site = Site::of(&Config::default(), Some(made.cert.der())).unwrap();
        assert!(site.is_at("Exchange.Example:8443") && site.is_at("a.inner.example"));
        assert!(!site.is_at("other.example") && !site.is_at("a.b.inner.example"));
    }

    #[test]
    fn pages_of_the_node_and_of_known_origins_use_it() {
        let site = site(&[], &["https://desk.example"]);
        let host = Some("node.example:8080");
        for own in ["https://node.example:8080", "http://node.example:8080", "https://desk.example"] {
            assert!(site.admits(own, host), "{own}");
        }
        for other in [
            "https://evil.example",
            "https://node.example",
            "null",
            "",
            "https://node.example:8080.evil.example",
            "http://desk.example",
        ] {
            assert!(!site.admits(other, host), "{other}");
        }
        assert!(!site.admits("https://node.example", None));
        for origin in ["https://desk.example", "http://localhost:3000", "http://[::1]:3000"] {
            assert!(is_origin(origin), "{origin}");
        }
        for wrong in [
            "*",
            "null",
            "desk.example",
            "https://desk.example/",
            "https://desk.example:443",
            "ftp://desk.example",
            "https://Desk.example",
            "https://a b",
        ] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }
}
