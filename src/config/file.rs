//! A configuration file: TOML whose values know where they stand.

use crate::config::field::Given;
use std::ops::Range;
use toml_edit::{Document, Item, Key, Table, Value};

/// A value of a file.
pub(super) struct Entry {
    /// `limits.burst`.
    pub(super) key: String,
    pub(super) given: Given,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// What is no TOML, and where.
pub(super) struct NotToml {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

/// Reads every value of a file, one table deep.
pub(super) fn read(text: &str) -> Result<Vec<Entry>, NotToml> {
    let document = Document::parse(text).map_err(|error| {
        let (line, column) = place(text, error.span());
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        NotToml { line, column, message }
    })?;
    let mut entries = Vec::new();
    for (name, item) in document.as_table().iter() {
        match item {
            Item::Table(table) => {
                if table.is_empty() {
                    continue;
                }
                let values = table.iter().map(|(key, item)| {
                    entry(text, format!("{name}.{key}"), item, table.key(key).and_then(Key::span))
                });
                entries.extend(values);
            }
            Item::Value(Value::InlineTable(table)) => {
                let values = table.iter().map(|(key, value)| {
                    let item = Item::Value(value.clone());
                    entry(text, format!("{name}.{key}"), &item, value.span())
                });
                entries.extend(values);
            }
            item => entries.push(entry(text, name.to_owned(), item, key_span(document.as_table(), name))),
        }
    }
    Ok(entries)
}

fn key_span(table: &Table, name: &str) -> Option<Range<usize>> {
    table.key(name).and_then(Key::span)
}

fn entry(text: &str, key: String, item: &Item, or: Option<Range<usize>>) -> Entry {
    let span = item.span().or(or);
    let written = || span.clone().and_then(|span| text.get(span)).unwrap_or("something else").to_owned();
    let given = match item {
        Item::Value(Value::String(text)) => Given::Text(text.value().clone()),
        Item::Value(Value::Integer(number)) => Given::Integer(*number.value()),
        Item::Value(Value::Boolean(flag)) => Given::Flag(*flag.value()),
        Item::Value(Value::Array(all)) => {
            let texts =
                all.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>();
            texts.map_or_else(|| Given::Other(written()), Given::Texts)
        }
        Item::Value(Value::Datetime(_)) => Given::Text(written()),
        Item::Table(_) | Item::ArrayOfTables(_) => Given::Other("a table".to_owned()),
        _ => Given::Other(written()),
    };
    let (line, column) = place(text, span);
    Entry { key, given, line, column }
}

/// Line and column, from 1, in characters.
fn place(text: &str, span: Option<Range<usize>>) -> (usize, usize) {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}
