//! Reads a table key by key, remembering which keys it knows.

use crate::mistake::{Sink, What};
use crate::tree::{Node, Value};
use crate::want::Want;

/// Keys that every rule table has or may have beside its own. [`crate::layer`] has taken them out before.
pub(crate) const COMMON: [&str; 3] = ["source", "note", "secondary"];

/// A table being read. [`Fields::close`] reports the keys that nobody asked for.
pub(crate) struct Fields<'a> {
    /// The table itself, for mistakes about it as a whole.
    pub(crate) node: &'a Node,
    sink: &'a Sink,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// `None`, with the mistake noted, where `node` is no table.
    pub(crate) fn of(node: &'a Node, sink: &'a Sink, expected: &str) -> Option<Self> {
        if matches!(node.value, Value::Table(_)) {
            return Some(Self { node, sink, known: Vec::new() });
        }
        sink.unexpected(node, expected);
        None
    }

    /// What stands under `key`; `None` also for a rule that was ended.
    pub(crate) fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.push(key);
        self.node.get(key).filter(|node| !node.is_none())
    }

    /// What stands under `key`; inside, `None` where it says that there is nothing.
    pub(crate) fn stated(&mut self, key: &'static str) -> Option<Option<&'a Node>> {
        self.known.push(key);
        self.node.get(key).map(|node| Some(node).filter(|node| !node.is_none()))
    }

    /// A key that may be absent.
    pub(crate) fn may<T>(&mut self, key: &'static str, want: &Want<'_, T>) -> Option<T> {
        let node = self.node(key)?;
        want.read(node, self.sink)
    }

    /// A key that must be there.
    pub(crate) fn must<T>(&mut self, key: &'static str, want: &Want<'_, T>) -> Option<T> {
        self.known.push(key);
        match self.node.get(key) {
            Some(node) => want.read(node, self.sink),
            None => {
                self.sink.still_missing(self.node, key, &want.expected);
                None
            }
        }
    }

    /// A table that may be absent.
    pub(crate) fn table(&mut self, key: &'static str) -> Option<Self> {
        let node = self.node(key)?;
        Self::of(node, self.sink, r#"a table, or "none" to end the rule"#)
    }

    /// A table that must be there.
    pub(crate) fn table_of(&mut self, key: &'static str, expected: &str) -> Option<Self> {
        self.known.push(key);
        match self.node.get(key) {
            Some(node) => Self::of(node, self.sink, expected),
            None => {
                self.sink.still_missing(self.node, key, expected);
                None
            }
        }
    }

    /// Notes that the value of `key` breaks `rule`.
    pub(crate) fn broken(&self, key: &str, rule: &str) {
        self.sink.broken(self.node.get(key).unwrap_or(self.node), rule);
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn close(self) {
        let Value::Table(table) = &self.node.value else { return };
        for (key, node) in table {
            if !self.known.contains(&key.as_str()) {
                let known = self.known.iter().chain(&COMMON).copied();
                let nearest = base::nearest(key, known).map(str::to_owned);
                self.sink.push(node.key_at, &node.path, What::Unknown { nearest });
            }
        }
    }
}
