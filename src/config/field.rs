//! The table of fields: what each is called, what it takes, and where it is kept.

use crate::config::{Config, LogFormat, LogLevel, Moment};
use crate::projection::Place;
use crate::serve::site::{is_host, is_origin};
use base::{Timestamp, Unreadable};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// A field of a configuration, ready to be set or shown.
pub(super) struct Field<'a> {
    /// Its name: `limits.burst`.
    pub(super) key: &'static str,
    /// What it is, in a few words.
    pub(super) help: &'static str,
    pub(super) slot: Slot<'a>,
}

/// Where a field is kept, by what it takes.
pub(super) enum Slot<'a> {
    Path(&'a mut Option<PathBuf>),
    Address(&'a mut SocketAddr),
    Flag(&'a mut bool),
    Number(&'a mut dyn Number, RangeInclusive<u64>),
    Moment(&'a mut Option<Moment>),
    Database(&'a mut Option<String>),
    Format(&'a mut LogFormat),
    Level(&'a mut LogLevel),
    /// Texts, each of a kind.
    Texts(&'a mut Vec<String>, Kind),
}

/// A kind of text that a list is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    is_one: fn(&str) -> bool,
    expected: &'static str,
}

const HOSTS: Kind = Kind {
    is_one: is_name,
    expected: "expected names of hosts such as exchange.example or *.exchange.example",
};
const ORIGINS: Kind = Kind {
    is_one: is_origin,
    expected: "expected origins as browsers write them, such as https://desk.example or http://localhost:3000",
};

/// Whether a text is the name of a host, without a port; or of all that are one step below it.
fn is_name(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    is_host(name) && !name.contains([':', '*'])
}

/// A value as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// Text: in a file between quotes; a variable or a flag is never anything else.
    Text(String),
    Integer(i64),
    Flag(bool),
    Texts(Vec<String>),
    /// Something that no field takes, as written.
    Other(String),
}

/// An unsigned number of any width.
pub(super) trait Number {
    fn get(&self) -> u64;
    fn put(&mut self, value: u64) -> bool;
}

macro_rules! number {
    ($($kind:ty),*) => {$(
        impl Number for $kind {
            fn get(&self) -> u64 {
                u64::try_from(*self).unwrap_or(u64::MAX)
            }

            fn put(&mut self, value: u64) -> bool {
                <$kind>::try_from(value).map(|value| *self = value).is_ok()
            }
        }
    )*};
}
number!(u32, u64, usize);

const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];
const LEVELS: [(&str, LogLevel); 5] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];
const DATABASES: [&str; 3] = ["sqlite:", "postgres://", "postgresql://"];

impl Given {
    fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{}\"", text.chars().take(60).collect::<String>().escape_debug()),
            Self::Integer(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Texts(texts) => format!("{texts:?}").chars().take(60).collect(),
            Self::Other(written) => written.chars().take(60).collect(),
        }
    }

    fn number(&self, from_file: bool) -> Option<u64> {
        match self {
            Self::Integer(number) => u64::try_from(*number).ok(),
            Self::Text(text) if !from_file => text.replace('_', "").parse().ok(),
            _ => None,
        }
    }

    fn flag(&self, from_file: bool) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(text) if !from_file => text.parse().ok(),
            _ => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
}

impl Slot<'_> {
    /// Sets the field. Text is read as a number or a flag where it does not come from a file, which can write them as such.
    ///
    /// # Errors
    /// The rule that the value breaks, and the value; that of a database is not repeated, since it may hold a password.
    pub(super) fn set(&mut self, given: &Given, from_file: bool) -> Result<(), String> {
        let rule = match self.try_set(given, from_file) {
            None => return Ok(()),
            Some(rule) => rule,
        };
        match self {
            Slot::Database(_) => Err(rule),
            _ => Err(format!("{rule}, found {}", given.describe())),
        }
    }

    /// The rule that the value breaks, if it breaks one.
    fn try_set(&mut self, given: &Given, from_file: bool) -> Option<String> {
        let text = given.text();
        match self {
            Slot::Path(path) => match text {
                Some(text) => **path = Some(PathBuf::from(text)),
                None => return Some("expected a path".to_owned()),
            },
            Slot::Address(address) => match text.and_then(|text| text.parse().ok()) {
                Some(found) => **address = found,
                None => return Some("expected an address and a port such as 127.0.0.1:8080".to_owned()),
            },
            Slot::Flag(flag) => match given.flag(from_file) {
                Some(found) => **flag = found,
                None => return Some("expected true or false".to_owned()),
            },
            Slot::Number(number, range) => {
                let found = given.number(from_file).filter(|found| range.contains(found));
                if !found.is_some_and(|found| number.put(found)) {
                    return Some(format!(
                        "expected a whole number from {} to {}",
                        range.start(),
                        range.end()
                    ));
                }
            }
            Slot::Moment(moment) => match text.map(|text| (text, Timestamp::read(text))) {
                Some((text, Ok(time))) => **moment = Some(Moment { text: text.to_owned(), time }),
                other => {
                    let why = other.and_then(|(_, read)| read.err()).unwrap_or(Unreadable::Form);
                    let form = "a time such as 2021-07-16T09:00:00+08:00";
                    return Some(format!("expected {}", why.expected(form)));
                }
            },
            Slot::Database(url) => match text {
                Some(text) if DATABASES.iter().any(|scheme| text.starts_with(scheme)) => {
                    if let Err(error) = Place::parse(text) {
                        return Some(error.to_string());
                    }
                    **url = Some(text.to_owned());
                }
                _ => return Some("expected sqlite:PATH or postgres://USER@HOST/NAME".to_owned()),
            },
            Slot::Texts(texts, kind) => {
                let found = match given {
                    Given::Texts(found) => found.clone(),
                    // On a command line and in a variable, commas are between them.
                    Given::Text(text) => text
                        .split(',')
                        .map(|one| one.trim().to_owned())
                        .filter(|one| !one.is_empty())
                        .collect(),
                    _ => return Some(kind.expected.to_owned()),
                };
                if !found.iter().all(|one| (kind.is_one)(one)) {
                    return Some(kind.expected.to_owned());
                }
                **texts = found;
            }
            Slot::Format(format) => return one_of(*format, text, &FORMATS),
            Slot::Level(level) => return one_of(*level, text, &LEVELS),
        }
        None
    }

    /// The value as TOML; `None` where there is none. Passwords are masked.
    pub(super) fn show(&self) -> Option<String> {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Slot::Path(path) => path.as_ref().map(|path| quoted(&path.to_string_lossy())),
            Slot::Address(address) => Some(quoted(&address.to_string())),
            Slot::Flag(flag) => Some(flag.to_string()),
            Slot::Number(number, _) => Some(number.get().to_string()),
            Slot::Moment(moment) => moment.as_ref().map(|moment| quoted(&moment.text)),
            Slot::Database(url) => url.as_ref().map(|url| quoted(&masked(url))),
            Slot::Texts(texts, _) => {
                let all: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                Some(format!("[{}]", all.join(", ")))
            }
            Slot::Format(format) => word_for(**format, &FORMATS).map(quoted),
            Slot::Level(level) => word_for(**level, &LEVELS).map(quoted),
        }
    }
}

fn one_of<T: Copy>(into: &mut T, text: Option<&str>, words: &[(&str, T)]) -> Option<String> {
    let found = words.iter().find(|(word, _)| Some(*word) == text);
    match found {
        Some((_, value)) => {
            *into = *value;
            None
        }
        None => {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Some(format!("expected one of {}", words.join(", ")))
        }
    }
}

fn word_for<'w, T: Copy + PartialEq>(value: T, words: &[(&'w str, T)]) -> Option<&'w str> {
    words.iter().find(|(_, known)| *known == value).map(|(word, _)| *word)
}

/// A database's address without its password, which ends at the last `@`, whatever stands in it, or is a parameter.
pub(crate) fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let mut rest = rest.to_owned();
    if let Some(value) = rest.find("password=").map(|at| at + "password=".len()) {
        let end = rest[value..].find('&').map_or(rest.len(), |length| value + length);
        rest.replace_range(value..end, "***");
    }
    let shown = match rest.rsplit_once('@').map(|(who, host)| (who.split_once(':'), host)) {
        Some((Some((user, _)), host)) => format!("{user}:***@{host}"),
        _ => rest,
    };
    format!("{scheme}://{shown}")
}

impl Config {
    /// Every field, in the order in which they are shown.
    #[rustfmt::skip] // a table: one field a line
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let field = |key, slot, help| Field { key, help, slot };
        let Self { tls, log, http, limits, sessions, approvals, projection, snapshots, time, market_data, metrics, .. } = self;
        let far = u64::from(u32::MAX);
        vec![
            field("data", Slot::Path(&mut self.data), "the data directory; a folder under your own where none is named"),
            field("listen", Slot::Address(&mut self.listen), "where the node listens; beyond loopback only with TLS"),
            field("clock", Slot::Moment(&mut self.clock), "a sandbox clock that begins at this market time; the real one where none is named"),
            field("tls.certificate", Slot::Path(&mut tls.certificate), "the certificate and those above it, PEM"),
            field("tls.key", Slot::Path(&mut tls.key), "its private key, PEM"),
            field("tls.self_made", Slot::Flag(&mut tls.self_made), "a certificate that nobody vouches for, for trying out"),
            field("log.format", Slot::Format(&mut log.format), "text or json"),
            field("log.level", Slot::Level(&mut log.level), "error, warn, info, debug or trace"),
            field("http.hosts", Slot::Texts(&mut http.hosts, HOSTS), "names of the node besides localhost, addresses and those in its certificate"),
            field("http.origins", Slot::Texts(&mut http.origins, ORIGINS), "origins whose pages may use the API and open streams, besides the node's own"),
            field("limits.requests_per_second", Slot::Number(&mut limits.requests_per_second, 1..=1_000_000), "for each key and session, in the long run"),
            field("limits.burst", Slot::Number(&mut limits.burst, 1..=1_000_000), "requests that may come at once"),
            field("limits.sign_in_per_minute", Slot::Number(&mut limits.sign_in_per_minute, 1..=100_000), "attempts to sign in, for each address"),
            field("limits.body_bytes_max", Slot::Number(&mut limits.body_bytes_max, 1_024..=16_777_216), "bytes of a request's body at most"),
            field("limits.header_timeout_seconds", Slot::Number(&mut limits.header_timeout_seconds, 1..=3_600), "in which a request must be there, and in which something of its answer must be taken"),
            field("limits.connections_max", Slot::Number(&mut limits.connections_max, 1..=1_000_000), "connections at a time"),
            field("limits.connections_per_address", Slot::Number(&mut limits.connections_per_address, 1..=1_000_000), "of them, from one address; behind a proxy, as many as all"),
            field("limits.connections_kept", Slot::Number(&mut limits.connections_kept, 0..=1_000), "of them, kept for operators of the node; never more than half"),
            field("limits.streams_per_user", Slot::Number(&mut limits.streams_per_user, 1..=1_000_000), "streams of one user at a time"),
            field("limits.stream_queue_messages", Slot::Number(&mut limits.stream_queue_messages, 16..=1_000_000), "that may wait for a client of a stream before it is cut off"),
            field("sessions.idle_minutes", Slot::Number(&mut sessions.idle_minutes, 1..=10_080), "without a request, after which a session ends"),
            field("sessions.hours_max", Slot::Number(&mut sessions.hours_max, 1..=720), "after which a session ends in any case"),
            field("sessions.lock_out_after", Slot::Number(&mut sessions.lock_out_after, 1..=1_000), "wrong passwords in a row that lock a user out"),
            field("sessions.lock_out_minutes", Slot::Number(&mut sessions.lock_out_minutes, 1..=10_080), "for which it is locked out"),
            field("approvals.expire_hours", Slot::Number(&mut approvals.expire_hours, 1..=8_760), "after which a proposed act is void"),
            field("projection.url", Slot::Database(&mut projection.url), "sqlite:PATH or postgres://…; a SQLite file in the data directory where none is named"),
            field("snapshots.every_records", Slot::Number(&mut snapshots.every_records, 1_000..=far), "records between two snapshots of a running node"),
            field("time.jump_seconds_max", Slot::Number(&mut time.jump_seconds_max, 1..=86_400), "by which the clock may be put forward at once while the node runs"),
            field("time.pause_days_max", Slot::Number(&mut time.pause_days_max, 1..=36_500), "that a node may have stood still before it is started"),
            field("market_data.public", Slot::Flag(&mut market_data.public), "whether market data may be read without signing in"),
            field("market_data.by_order", Slot::Flag(&mut market_data.by_order), "whether the orders of a book are shown one by one, without their owners"),
            field("metrics.public", Slot::Flag(&mut metrics.public), "whether anyone may read /metrics; otherwise this machine and operators"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("sqlite:/var/lib/huangpu/projection.db", "sqlite:/var/lib/huangpu/projection.db"),
            ("postgres://huangpu@db/market", "postgres://huangpu@db/market"),
            ("postgres://huangpu:se:cr@et@db:5432/market", "postgres://huangpu:***@db:5432/market"),
            ("postgres://huangpu:s?cret@db/market", "postgres://huangpu:***@db/market"),
            ("postgres://huangpu:s/cr?t=1@db/market?a=b", "postgres://huangpu:***@db/market?a=b"),
            ("postgres://huangpu@db/market?password=s@cr:t", "postgres://huangpu@db/market?password=***"),
            (
                "postgres://db/market?password=secret&sslmode=require",
                "postgres://db/market?password=***&sslmode=require",
            ),
        ] {
            assert_eq!(masked(url), shown);
        }
    }
}
