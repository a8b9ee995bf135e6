//! The flags that every command with a configuration has.

use crate::config::field::Given;
use std::path::PathBuf;

/// Flags of a configuration, to be flattened into the arguments of a command.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigArgs {
    /// A configuration file [environment: HUANGPU_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the log is kept [default: a folder under your data directory]
    #[arg(long, value_name = "DIR")]
    pub data: Option<String>,
    /// Where to listen; beyond loopback only with TLS [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// A sandbox clock that begins at this market time, for example 2021-07-16T09:00:00+08:00
    #[arg(long, value_name = "TIME")]
    pub clock: Option<String>,
    /// The certificate for TLS, PEM
    #[arg(long, value_name = "FILE")]
    pub tls_certificate: Option<String>,
    /// The private key of the certificate, PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<String>,
    /// TLS with a certificate that nobody vouches for, for trying out
    #[arg(long)]
    pub tls_self_made: bool,
    /// The form of log lines: text or json
    #[arg(long, value_name = "FORM")]
    pub log_format: Option<String>,
    /// The least that is logged: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// Let market data be read without signing in
    #[arg(long)]
    pub market_data_public: bool,
    /// The database for queries: sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL")]
    pub projection_url: Option<String>,
    /// Any field of the configuration by its name, for example limits.burst=1000
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub settings: Vec<String>,
}

/// A value from the command line.
pub(super) struct Flag {
    pub(super) key: String,
    pub(super) flag: String,
    pub(super) given: Given,
}

impl ConfigArgs {
    /// The values given, in the order in which they count: a flag of its own after `--set`.
    pub(super) fn flags(&self) -> Vec<Flag> {
        let on = |flag: bool| flag.then(|| "true".to_owned());
        let settings = self.settings.iter().map(|setting| {
            let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
            Flag {
                key: key.trim().to_owned(),
                flag: "--set".to_owned(),
                given: Given::Text(value.trim().to_owned()),
            }
        });
        let own = [
            ("data", "--data", self.data.clone()),
            ("listen", "--listen", self.listen.clone()),
            ("clock", "--clock", self.clock.clone()),
            ("tls.certificate", "--tls-certificate", self.tls_certificate.clone()),
            ("tls.key", "--tls-key", self.tls_key.clone()),
            ("tls.self_made", "--tls-self-made", on(self.tls_self_made)),
            ("log.format", "--log-format", self.log_format.clone()),
            ("log.level", "--log-level", self.log_level.clone()),
            ("market_data.public", "--market-data-public", on(self.market_data_public)),
            ("projection.url", "--projection-url", self.projection_url.clone()),
        ];
        let own = own.into_iter().filter_map(|(key, flag, value)| {
            let given = Given::Text(value?);
            Some(Flag { key: key.to_owned(), flag: flag.to_owned(), given })
        });
        settings.chain(own).collect()
    }
}
