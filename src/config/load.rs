//! The precedence, and what must hold of the whole.

use crate::config::args::ConfigArgs;
use crate::config::field::{Given, Slot};
use crate::config::{Config, file};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// What the names of all variables begin with.
const PREFIX: &str = "HUANGPU_";

/// Where a value came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave one.
    #[default]
    Default,
    /// A configuration file.
    File {
        /// As named.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// A variable of the environment.
    Variable(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {}{rule}", if .field.is_empty() { String::new() } else { format!("{}: ", .field) })]
pub struct Mistake {
    /// Where it was given.
    pub origin: Origin,
    /// The field; empty for a file as a whole.
    pub field: String,
    /// The rule that it breaks.
    pub rule: String,
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Mistake::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// A configuration, and where its values came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// The values.
    pub config: Config,
    pub(super) origins: BTreeMap<&'static str, Origin>,
}

impl Effective {
    /// The configuration by flags, this process's environment and the file that one of them names.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(args: &ConfigArgs) -> Result<Self, Mistakes> {
        let (mut variables, mut mistakes) = (Vec::new(), Vec::new());
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.into_string().ok().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            match value.into_string() {
                Ok(value) => variables.push((name, value)),
                Err(_) => mistakes.push(Mistake {
                    origin: Origin::Variable(name),
                    field: String::new(),
                    rule: "expected text in UTF-8".to_owned(),
                }),
            }
        }
        if mistakes.is_empty() { Self::gather(args, variables) } else { Err(Mistakes(mistakes)) }
    }

    /// [`Effective::read`] in an environment of the caller's.
    ///
    /// # Errors
    /// As [`Effective::read`].
    pub fn gather(
        args: &ConfigArgs,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Mistakes> {
        let variables: BTreeMap<String, String> = variables.into_iter().collect();
        let mut gathered = Gathered::default();
        let named = args.config.clone().map(|path| (path, Origin::Flag("--config".to_owned())));
        let variable = || {
            let path = variables.get("HUANGPU_CONFIG").filter(|path| !path.is_empty())?;
            Some((PathBuf::from(path), Origin::Variable("HUANGPU_CONFIG".to_owned())))
        };
        if let Some((path, origin)) = named.or_else(variable) {
            gathered.file(&path, origin);
        }
        gathered.variables(&variables);
        for flag in args.flags() {
            gathered.set(&flag.key, &flag.given, Origin::Flag(flag.flag), None);
        }
        if gathered.mistakes.is_empty() {
            gathered.check();
        }
        if gathered.mistakes.is_empty() { Ok(gathered.effective) } else { Err(Mistakes(gathered.mistakes)) }
    }

    /// Where the value of a field came from.
    #[must_use]
    pub fn origin(&self, field: &str) -> Origin {
        self.origins.get(field).cloned().unwrap_or_default()
    }
}

/// The name of a field's variable.
pub(super) fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

#[derive(Default)]
struct Gathered {
    effective: Effective,
    mistakes: Vec<Mistake>,
}

impl Gathered {
    fn mistake(&mut self, origin: Origin, field: &str, rule: impl Into<String>) {
        self.mistakes.push(Mistake { origin, field: field.to_owned(), rule: rule.into() });
    }

    fn set(&mut self, key: &str, given: &Given, origin: Origin, folder: Option<&Path>) {
        let mut fields = self.effective.config.fields();
        let keys: Vec<&'static str> = fields.iter().map(|field| field.key).collect();
        let Some(field) = fields.iter_mut().find(|field| field.key == key) else {
            return self.mistake(origin, key, unknown(key, &keys));
        };
        if let Err(rule) = field.slot.set(given, folder.is_some()) {
            return self.mistake(origin, key, rule);
        }
        if let (Slot::Path(Some(path)), Some(folder)) = (&mut field.slot, folder) {
            *path = folder.join(&*path);
        }
        let key = field.key;
        self.effective.origins.insert(key, origin);
    }

    /// Paths in a file count from the file's folder.
    fn file(&mut self, path: &Path, named: Origin) {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                return self.mistake(named, "", format!("{} cannot be read: {error}", path.display()));
            }
        };
        let at = |line, column| Origin::File { path: path.to_owned(), line, column };
        let folder = path.parent().unwrap_or(Path::new(""));
        match file::read(&text) {
            Ok(entries) => {
                for entry in entries {
                    self.set(&entry.key, &entry.given, at(entry.line, entry.column), Some(folder));
                }
            }
            Err(wrong) => {
                let origin = at(wrong.line, wrong.column);
                self.mistake(origin, "", format!("not TOML: {}", wrong.message));
            }
        }
    }

    /// A variable that is set to nothing counts as not set. One that looks like a field and is none is a mistake.
    fn variables(&mut self, variables: &BTreeMap<String, String>) {
        let keys: Vec<&'static str> = Config::default().fields().iter().map(|field| field.key).collect();
        let known: BTreeMap<String, &str> = keys.iter().map(|key| (variable_of(key), *key)).collect();
        for (name, value) in variables.iter().filter(|(_, value)| !value.is_empty()) {
            let origin = Origin::Variable(name.clone());
            if let Some(key) = known.get(name) {
                self.set(key, &Given::Text(value.clone()), origin, None);
                continue;
            }
            let table = |key: &&str| key.split_once('.').map(|(table, _)| format!("{}_", variable_of(table)));
            if keys.iter().filter_map(table).any(|table| name.starts_with(&table)) {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                self.mistake(origin, "", format!("there is no such setting; there are {}", names.join(", ")));
            }
        }
    }

    /// What must hold of the whole.
    fn check(&mut self) {
        let Config { listen, tls, .. } = &self.effective.config;
        let (listen, tls) = (*listen, tls.clone());
        let origin = |field| self.effective.origin(field);
        let mut broken = Vec::new();
        if tls.certificate.is_some() && tls.key.is_none() {
            broken.push(("tls.certificate", "a certificate needs its key: name it with tls.key"));
        }
        if tls.key.is_some() && tls.certificate.is_none() {
            broken.push(("tls.key", "a key needs its certificate: name it with tls.certificate"));
        }
        if tls.self_made && tls.certificate.is_some() {
            broken.push(("tls.self_made", "there is a certificate already in tls.certificate"));
        }
        if !listen.ip().is_loopback() && !tls.is_on() {
            let rule = "an address beyond loopback needs TLS: tls.certificate and tls.key, or tls.self_made to try it out";
            broken.push(("listen", rule));
        }
        let broken: Vec<_> = broken.into_iter().map(|(field, rule)| (origin(field), field, rule)).collect();
        for (origin, field, rule) in broken {
            self.mistake(origin, field, rule);
        }
    }
}

/// What to say of a name that no field has: what its table has, or which names there are.
fn unknown(key: &str, keys: &[&str]) -> String {
    let table = key.split_once('.').map(|(table, _)| format!("{table}."));
    let mut near: Vec<&str> = keys
        .iter()
        .copied()
        .filter(|known| table.as_ref().is_some_and(|table| known.starts_with(table)))
        .collect();
    if near.is_empty() {
        near = keys.to_vec();
    }
    format!("there is no such setting; there are {}", near.join(", "))
}
