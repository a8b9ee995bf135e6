//! A connection to PostgreSQL: how it is made, in clear or over TLS, and what it has prepared.
//!
//! The client keeps an asynchronous runtime of its own, which panics wherever another one runs. Whoever connects and asks does so on a
//! plain thread; a connection that is let go of ends on one, wherever that happens.

use super::db::PREPARED_MAX;
use crate::config::masked;
use anyhow::{Context, Result, anyhow, bail};
use postgres::config::{Config, Host, SslMode};
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How long it may take to connect, where the address does not say.
const TO_CONNECT: Duration = Duration::from_secs(10);

/// See the module.
pub(crate) struct Server {
    /// There until the end.
    client: Option<postgres::Client>,
    prepared: HashMap<String, postgres::Statement>,
}

impl Server {
    /// Connects.
    ///
    /// # Errors
    /// The address says something that cannot be, or would send a password in clear; the server cannot be reached, or its
    /// certificate is not one that is trusted.
    pub(crate) fn connect(url: &str) -> Result<Self> {
        let address = Address::read(url)?;
        let client = match address.tls()? {
            None => address.config.connect(postgres::NoTls)?,
            Some(tls) => address.config.connect(MakeRustlsConnect::new(tls))?,
        };
        Ok(Self { client: Some(client), prepared: HashMap::new() })
    }

    /// The client.
    ///
    /// # Errors
    /// Never: it is there until the end.
    pub(crate) fn client(&mut self) -> Result<&mut postgres::Client> {
        self.client.as_mut().context("the connection has ended")
    }

    /// A statement, prepared once.
    ///
    /// # Errors
    /// The server does not take it, or is gone.
    pub(crate) fn prepare(&mut self, sql: &str) -> Result<postgres::Statement> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        if self.prepared.len() >= PREPARED_MAX {
            self.prepared.clear();
        }
        let statement = self.client()?.prepare(sql).with_context(|| format!("in {sql}"))?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let (client, prepared) = (self.client.take(), std::mem::take(&mut self.prepared));
        let end = std::thread::Builder::new().name("projection ends".to_owned());
        // Without a thread there is nothing to be done: the machine is at its end.
        let _ = end.spawn(move || drop((prepared, client)));
    }
}

/// Whether an address of a database can be one: without asking the server, or looking at a file.
///
/// # Errors
/// What is wrong with it, without what may be secret in it.
pub(crate) fn check(url: &str) -> Result<()> {
    Address::read(url).map(|_| ())
}

/// How a server is addressed.
struct Address {
    config: Config,
    mode: Mode,
    /// The file of the certificates that vouch for the server's; those of the system where none is named.
    roots: Option<PathBuf>,
}

/// How a connection is protected (`sslmode`). What is encrypted is checked, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Clear,
    Tls,
}

impl Address {
    fn read(url: &str) -> Result<Self> {
        let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => roots = Some(unescaped(value)?),
                _ => rest.push(pair),
            }
        }
        let url = if rest.is_empty() { place.to_owned() } else { format!("{place}?{}", rest.join("&")) };
        let mut config: Config = url
            .parse()
            .map_err(|error| anyhow!("{:?} is no address of a database: {error}", masked(&url)))?;
        let near = is_near(&config);
        let mode = match mode {
            None if near => Mode::Clear,
            None | Some("require" | "verify-full") => Mode::Tls,
            Some("disable") => Mode::Clear,
            Some("prefer" | "allow") if near => Mode::Clear,
            Some(other) => bail!(
                "sslmode={other}: expected disable, which is for this machine alone, or verify-full; require is the same here"
            ),
        };
        if mode == Mode::Clear && !near {
            bail!(
                "sslmode=disable would send the password and everything else in clear beyond this machine: use sslmode=verify-full, with \
                 sslrootcert=FILE where the server's certificate is not one that the system trusts"
            );
        }
        config.ssl_mode(if mode == Mode::Tls { SslMode::Require } else { SslMode::Disable });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(TO_CONNECT);
        }
        let roots = roots.filter(|roots| roots != "system").map(PathBuf::from);
        Ok(Self { config, mode, roots })
    }

    /// What TLS is spoken with; `None` in clear.
    fn tls(&self) -> Result<Option<ClientConfig>> {
        if self.mode == Mode::Clear {
            return Ok(None);
        }
        let mut store = RootCertStore::empty();
        match &self.roots {
            Some(path) => {
                let cannot =
                    |error| anyhow!("sslrootcert {}: no certificate can be read: {error}", path.display());
                let read = CertificateDer::pem_file_iter(path).map_err(cannot)?;
                for certificate in read {
                    let certificate = certificate.map_err(cannot)?;
                    store.add(certificate).with_context(|| format!("sslrootcert {}", path.display()))?;
                }
            }
            None => {
                let found = rustls_native_certs::load_native_certs();
                store.add_parsable_certificates(found.certs);
            }
        }
        if store.is_empty() {
            bail!("no certificate vouches for the server's: name a file with sslrootcert=FILE");
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Some(tls))
    }
}

/// Whether a server is on this machine: loopback, or a socket of its file system. Without a host the client goes nowhere else.
fn is_near(config: &Config) -> bool {
    let named = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        Host::Unix(_) => true,
    });
    named && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// A value of a query, without its percent signs.
fn unescaped(value: &str) -> Result<String> {
    let (mut bytes, mut rest) = (Vec::new(), value.as_bytes());
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes
            .push(byte.with_context(|| format!("sslrootcert={value}: a percent sign goes with two digits"))?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).with_context(|| format!("sslrootcert={value} is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_in_clear_beyond_this_machine() {
        let mode =
            |url: &str| Address::read(url).map(|address| address.mode).map_err(|error| error.to_string());
        for near in [
            "postgres://hp@127.0.0.1/hp",
            "postgres://hp:pw@localhost:5433/hp?sslmode=disable",
            "postgresql://hp@[::1]/hp?sslmode=prefer",
            "postgres://hp@%2Frun%2Fpostgresql/hp",
            "postgres:///hp?host=/run/postgresql&user=hp",
        ] {
            assert_eq!(mode(near), Ok(Mode::Clear), "{near}");
        }
        for far in [
            "postgres://hp:pw@db.example/hp",
            "postgres://hp:pw@db.example/hp?sslmode=require",
            "postgres://hp:pw@127.0.0.1,db.example/hp",
            "postgres://hp:pw@localhost/hp?hostaddr=10.0.0.7",
            "postgres://hp@10.0.0.7/hp?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem",
            "postgres://hp@127.0.0.1/hp?sslmode=require",
        ] {
            assert_eq!(mode(far), Ok(Mode::Tls), "{far}");
        }
        for (wrong, said) in [
            ("postgres://hp:pw@db.example/hp?sslmode=disable", "in clear"),
            ("postgres://hp@db.example/hp?sslmode=disable", "in clear"),
            ("postgres://hp:pw@db.example/hp?sslmode=prefer", "expected disable"),
            ("postgres://hp:pw@db.example/hp?sslmode=verify-ca", "verify-full"),
            ("postgres://hp:secret@db.example:port/hp", "no address"),
            ("postgres://hp@db.example/hp?sslrootcert=%zz", "percent"),
        ] {
            let error = mode(wrong).unwrap_err();
            assert!(error.contains(said) && !error.contains("secret"), "{wrong}: {error}");
        }
        let named =
            Address::read("postgres://hp@h/hp?sslrootcert=%2Fetc%2Fca.pem&application_name=x").unwrap();
        assert_eq!(named.roots, Some(PathBuf::from("/etc/ca.pem")));
        assert_eq!(named.config.get_application_name(), Some("x"));
        let absent = format!("{:#}", named.tls().unwrap_err());
        assert!(absent.contains("sslrootcert /etc/ca.pem"), "{absent}");
    }
}
