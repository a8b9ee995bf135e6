//! A file as a tree whose nodes know where they were written, so that a mistake found late still points at its line.

use base::{Date, TimeOfDay};
use std::collections::BTreeMap;
use std::ops::Range;
use toml_edit::{InlineTable, Item, Table};

/// A place in one of the files read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    /// Index of the file, in order of reading.
    pub(crate) file: usize,
    /// Bytes from its beginning.
    pub(crate) offset: usize,
}

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where the value begins.
    pub(crate) at: At,
    /// Where its key begins.
    pub(crate) key_at: At,
    /// The full path of its key in its file.
    pub(crate) path: String,
    /// The value.
    pub(crate) value: Value,
}

/// What a TOML value can be, as far as rulebooks care.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Flag(bool),
    Date(Date),
    Time(TimeOfDay),
    /// Anything that no key takes (floats, instants, dates out of range), as written.
    Other(String),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

impl Node {
    /// An empty table for one that is not written, at the place of its parent.
    pub(crate) fn empty(parent: &Self, key: &str) -> Self {
        Self {
            at: parent.at,
            key_at: parent.at,
            path: parent.child(key),
            value: Value::Table(BTreeMap::new()),
        }
    }

    /// The full path of a key in this table.
    pub(crate) fn child(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The node under `path` (keys joined by points), where there is one.
    pub(crate) fn get(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, key| match &node.value {
            Value::Table(table) => table.get(key),
            _ => None,
        })
    }

    pub(crate) fn get_mut(&mut self, path: &str) -> Option<&mut Self> {
        path.split('.').try_fold(self, |node, key| match &mut node.value {
            Value::Table(table) => table.get_mut(key),
            _ => None,
        })
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this is the word that ends a rule.
    pub(crate) fn is_none(&self) -> bool {
        self.text() == Some("none")
    }

    /// The header under which this table's keys are written.
    pub(crate) fn header(&self) -> String {
        let parts: Vec<&str> =
            self.path.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect();
        match self.path.as_str() {
            "" => "the top of the file".to_owned(),
            path if path.ends_with(']') => format!("[[{}]]", parts.join(".")),
            _ => format!("[{}]", parts.join(".")),
        }
    }

    fn holds_others(&self) -> bool {
        matches!(self.value, Value::List(_) | Value::Table(_))
    }

    /// The value for a message: short, quoted where it is text.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Text(text) => {
                let short: String = text.chars().take(60).collect();
                let more = if short.len() < text.len() { "…" } else { "" };
                format!("\"{}{more}\"", short.escape_debug())
            }
            Value::Integer(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Date(date) => date.to_string(),
            Value::Time(time) => time.to_string(),
            Value::Other(written) => written.chars().take(60).collect(),
            Value::List(items) if items.is_empty() => "an empty array".to_owned(),
            Value::List(items) if items.len() > 4 || items.iter().any(Self::holds_others) => {
                "an array".to_owned()
            }
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Self::describe).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Table(_) => "a table".to_owned(),
        }
    }
}

/// How deep a value may stand: a rulebook needs eight levels, and the stack must not depend on the file.
const DEPTH_MAX: usize = 16;

/// Turns a parsed document into nodes.
pub(crate) struct Grower<'t> {
    pub(crate) file: usize,
    pub(crate) text: &'t str,
}

impl Grower<'_> {
    fn at(&self, span: Option<&Range<usize>>, or: At) -> At {
        span.map_or(or, |span| At { file: self.file, offset: span.start })
    }

    fn written(&self, span: Option<Range<usize>>) -> String {
        span.and_then(|span| self.text.get(span)).unwrap_or("something else").to_owned()
    }

    /// A table with its header; `key_at` is where it is named.
    pub(crate) fn table(&self, table: &Table, path: String, key_at: At) -> Node {
        let at = self.at(table.span().as_ref(), key_at);
        let entries = table.iter().map(|(key, item)| {
            let key_at = self.at(table.key(key).and_then(toml_edit::Key::span).as_ref(), at);
            (key, self.item(item, join(&path, key), key_at))
        });
        let entries = entries.map(|(key, node)| (key.to_owned(), node)).collect();
        Node { at, key_at, path, value: Value::Table(entries) }
    }

    fn inline(&self, table: &InlineTable, path: &str, at: At) -> Value {
        let entries = table.iter().map(|(key, value)| {
            let key_at = self.at(table.key(key).and_then(toml_edit::Key::span).as_ref(), at);
            (key.to_owned(), self.value(value, join(path, key), key_at))
        });
        Value::Table(entries.collect())
    }

    fn item(&self, item: &Item, path: String, key_at: At) -> Node {
        if path.matches(['.', '[']).count() > DEPTH_MAX {
            return too_deep(path, key_at);
        }
        match item {
            Item::Value(value) => self.value(value, path, key_at),
            Item::Table(table) => self.table(table, path, key_at),
            Item::ArrayOfTables(tables) => {
                let element = |(index, table)| self.table(table, format!("{path}[{index}]"), key_at);
                let value = Value::List(tables.iter().enumerate().map(element).collect());
                Node { at: key_at, key_at, path, value }
            }
            Item::None => Node { at: key_at, key_at, path, value: Value::Other("nothing".to_owned()) },
        }
    }

    fn value(&self, value: &toml_edit::Value, path: String, key_at: At) -> Node {
        if path.matches(['.', '[']).count() > DEPTH_MAX {
            return too_deep(path, key_at);
        }
        let at = self.at(value.span().as_ref(), key_at);
        let value = match value {
            toml_edit::Value::String(text) => Value::Text(text.value().clone()),
            toml_edit::Value::Integer(number) => Value::Integer(*number.value()),
            toml_edit::Value::Boolean(flag) => Value::Flag(*flag.value()),
            toml_edit::Value::Datetime(moment) => {
                moment_of(moment.value()).unwrap_or_else(|| Value::Other(self.written(value.span())))
            }
            toml_edit::Value::Float(_) => Value::Other(self.written(value.span())),
            toml_edit::Value::Array(array) => {
                let element = |(index, value)| self.value(value, format!("{path}[{index}]"), at);
                Value::List(array.iter().enumerate().map(element).collect())
            }
            toml_edit::Value::InlineTable(table) => self.inline(table, &path, at),
        };
        Node { at, key_at, path, value }
    }
}

fn too_deep(path: String, at: At) -> Node {
    Node { at, key_at: at, path, value: Value::Other("a value too deep within others".to_owned()) }
}

fn join(path: &str, key: &str) -> String {
    let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') && !key.is_empty();
    let key = if plain { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// A date alone or a time of day alone, to the second.
fn moment_of(moment: &toml_edit::Datetime) -> Option<Value> {
    match (moment.date, moment.time, moment.offset) {
        (Some(date), None, None) => {
            let date = Date::new(date.year.into(), date.month.into(), date.day.into())?;
            Some(Value::Date(date))
        }
        (None, Some(time), None) => {
            TimeOfDay::parse(&moment.to_string()).or_else(|| minutes(&time)).map(Value::Time)
        }
        _ => None,
    }
}

fn minutes(time: &toml_edit::Time) -> Option<TimeOfDay> {
    let whole = time.second.unwrap_or(0) == 0 && time.nanosecond.unwrap_or(0) == 0;
    whole.then(|| TimeOfDay(u32::from(time.hour) * 3_600 + u32::from(time.minute) * 60))
}
