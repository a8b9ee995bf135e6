//! TLS: a certificate from files, or one that the node makes for itself and keeps, which nobody vouches for.

use crate::config::Config;
use anyhow::{Context, Result, bail};
use journal::{Disk, RealDisk};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The files of a certificate that the node made for itself, in its data directory.
const SELF_MADE: [&str; 2] = ["self-made.crt", "self-made.key"];

/// How TLS is spoken.
#[derive(Clone)]
pub struct Speaks {
    /// What answers those who come.
    pub acceptor: TlsAcceptor,
    /// The certificate that they are shown.
    pub certificate: CertificateDer<'static>,
}

/// TLS as it is configured; `None` where there is none.
///
/// # Errors
/// A certificate or key cannot be read, or the two do not belong together.
pub fn speaks(config: &Config, data: &Path) -> Result<Option<Speaks>> {
    let tls = &config.tls;
    let (certificate, key) = match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        _ if tls.self_made => self_made(data, config.listen.ip())?,
        _ => return Ok(None),
    };
    let (server, chain) = load(&certificate, &key)?;
    let first = chain.into_iter().next().context("a chain has a first certificate")?;
    if tls.self_made {
        let sha256 = fingerprint(&first);
        tracing::info!(file = %certificate.display(), sha256, "TLS with a certificate that nobody vouches for");
    }
    Ok(Some(Speaks { acceptor: TlsAcceptor::from(Arc::new(server)), certificate: first }))
}

/// Whether [`speaks`] will find what it needs. Makes nothing: a certificate that is not there yet is none to check.
///
/// # Errors
/// As [`speaks`].
pub fn check(config: &Config, data: &Path) -> Result<()> {
    let tls = &config.tls;
    let files = match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => [certificate.clone(), key.clone()],
        _ if tls.self_made => SELF_MADE.map(|name| data.join(name)),
        _ => return Ok(()),
    };
    let [certificate, key] = files;
    if tls.self_made && !(certificate.exists() && key.exists()) {
        return Ok(());
    }
    load(&certificate, &key).map(|_| ())
}

/// The SHA-256 digest of a certificate, as browsers and `openssl x509 -fingerprint -sha256` show it.
fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let bytes: Vec<String> = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

fn load(certificate: &Path, key: &Path) -> Result<(ServerConfig, Vec<CertificateDer<'static>>)> {
    let chain = certificates(certificate)?;
    check_private(key)?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| anyhow::anyhow!("{}: no private key can be read: {error}", key.display()))?;
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain.clone(), private);
    let mut server =
        server.with_context(|| format!("{} and {} cannot be used", certificate.display(), key.display()))?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((server, chain))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let cannot = |error| anyhow::anyhow!("{}: no certificate can be read: {error}", path.display());
    let read = CertificateDer::pem_file_iter(path).map_err(cannot)?;
    let chain = read.collect::<Result<Vec<_>, _>>().map_err(cannot)?;
    if chain.is_empty() {
        bail!("{}: there is no certificate in it", path.display());
    }
    Ok(chain)
}

/// The certificate of a data directory, made at the first start, and its key.
fn self_made(data: &Path, listen: IpAddr) -> Result<(PathBuf, PathBuf)> {
    let [certificate, key] = SELF_MADE.map(|name| data.join(name));
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !listen.is_loopback() && !listen.is_unspecified() {
        names.push(listen.to_string());
    }
    let made = rcgen::generate_simple_self_signed(names).context("no certificate could be made")?;
    write(&key, &made.signing_key.serialize_pem())?;
    write(&certificate, &made.cert.pem())?;
    Ok((certificate, key))
}

/// In place of what a start that was broken off has left, or somebody has put there.
fn write(path: &Path, text: &str) -> Result<()> {
    let written = || {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = RealDisk.create(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

/// A private key that others may change, or everyone may read, is none. A group that may read it is the operator's choice: that is
/// how certificates are shared on a machine.
fn check_private(path: &Path) -> Result<()> {
    let Ok(found) = fs::metadata(path) else { return Ok(()) };
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o027 != 0 {
        let may = if mode & 0o022 == 0 { "read" } else { "write" };
        bail!(
            "{}: others may {may} this private key (mode {mode:04o}): chmod 600, or 640 where a group shares it; if they may \
             have read it, it is not private any more",
            path.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::speaks;
    use crate::config::Config;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_self_made_certificate_is_made_once_and_its_key_is_private() {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        assert!(speaks(&config, data.path()).unwrap().is_none());
        config.tls.self_made = true;
        assert!(speaks(&config, data.path()).unwrap().is_some());
        let key = data.path().join("self-made.key");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        let made = fs::read(&key).unwrap();
        assert!(speaks(&config, data.path()).unwrap().is_some());
        assert_eq!(fs::read(&key).unwrap(), made, "the same one at the next start");

        // The same files named as files; and what cannot be used names its file.
        config.tls.self_made = false;
        config.tls.certificate = Some(data.path().join("self-made.crt"));
        config.tls.key = Some(key.clone());
        assert!(speaks(&config, data.path()).unwrap().is_some());
        config.tls.certificate = Some(key);
        let error = format!("{:#}", speaks(&config, data.path()).err().unwrap());
        assert!(error.contains("self-made.key: there is no certificate in it"), "{error}");
        config.tls.certificate = Some(data.path().join("absent.crt"));
        let error = format!("{:#}", speaks(&config, data.path()).err().unwrap());
        assert!(error.contains("absent.crt"), "{error}");
    }
}
