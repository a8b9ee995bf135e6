//! How the versions of a file, and of the files that it extends, are laid over one another.
//!
//! Versions are taken in order of date, those of the extended file first on the same date. Each is laid over what held
//! before: tables key by key, anything else whole. A table that names its `kind` starts afresh, an array under `…_add`
//! extends the one that held.

use crate::load::File;
use crate::mistake::Sink;
use crate::tree::{Node, Value};
use crate::want::{date, flag, text};
use crate::zone::{FIRST_YEAR, LAST_YEAR};
use base::Date;
use std::collections::BTreeMap;

/// The tables that state a rule, and so must say where it comes from each time they are written.
const TABLES: [&str; 29] = [
    "access.two_persons",
    "trading.calendar",
    "trading.quantity",
    "trading.launch",
    "trading.listing",
    "trading.continuous",
    "trading.block",
    "trading.auction",
    "trading.composite",
    "trading.owners",
    "trading.corrections",
    "clearing.settlement",
    "clearing.fees.listed",
    "clearing.fees.block",
    "clearing.fees.auction",
    "clearing.fees.book",
    "registry.resale",
    "registry.holding_limit",
    "registry.preallocation",
    "registry.allocation",
    "registry.vintages",
    "registry.offsets",
    "registry.fine",
    "registry.carry_over",
    "supervision.position_limit",
    "supervision.self_trade",
    "supervision.at_price_limit",
    "supervision.manipulation",
    "supervision.alerts",
];
/// The arrays of such tables.
const LISTS: [&str; 4] = ["trading.hours", "trading.hours_add", "registry.period", "registry.period_add"];
/// The arrays that a later version may extend.
const ADDABLE: [(&str, &str); 3] =
    [("holidays_add", "holidays"), ("hours_add", "hours"), ("period_add", "period")];

/// The most versions of a file.
const VERSIONS_MAX: usize = 500;

const SOURCE: &str = "the rule and article, or the notice and its date, where this comes from";

/// Where a rule comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// The version that states it.
    pub from: Date,
    /// The rule table, for example `trading.listing`; empty for the version as a whole.
    pub table: String,
    /// The rule and article, or the notice and its date.
    pub source: String,
    /// What else a reader should know.
    pub note: Option<String>,
    /// Whether the values could not be read in the rule itself.
    pub secondary: bool,
}

/// One `[[version]]` of one file.
pub(crate) struct Layer {
    pub(crate) from: Date,
    pub(crate) source: String,
    /// Its rule tables, without their sources.
    pub(crate) node: Node,
    pub(crate) citations: Vec<Citation>,
}

/// The layers of all files in the order in which they are laid, oldest first. `files` has the base last.
pub(crate) fn layers(files: &[File], sink: &Sink) -> Vec<Layer> {
    let mut layers: Vec<Layer> =
        files.iter().rev().flat_map(|file| layers_of(file.root.get("version"), sink)).collect();
    layers.sort_by_key(|layer| layer.from); // stable: on the same date the base comes first
    if layers.is_empty()
        && sink.is_empty()
        && let Some(file) = files.first()
    {
        sink.missing(&file.root, "version", "at least one [[version]] with its date");
    }
    layers
}

fn layers_of(versions: Option<&Node>, sink: &Sink) -> Vec<Layer> {
    let Some(node) = versions else { return Vec::new() };
    let Value::List(versions) = &node.value else {
        sink.unexpected(node, "[[version]] tables");
        return Vec::new();
    };
    if versions.len() > VERSIONS_MAX {
        sink.broken(node, "a file has at most 500 versions");
        return Vec::new();
    }
    let mut latest: Option<Date> = None;
    let mut layers = Vec::new();
    for version in versions {
        let Some(layer) = layer_of(version, latest, sink) else { continue };
        if latest.is_some_and(|latest| layer.from <= latest)
            && let Some(from) = version.get("from")
        {
            sink.broken(from, "version dates must rise");
        }
        latest = latest.max(Some(layer.from));
        layers.push(layer);
    }
    layers
}

fn layer_of(version: &Node, latest: Option<Date>, sink: &Sink) -> Option<Layer> {
    if !matches!(version.value, Value::Table(_)) {
        sink.unexpected(version, "a [[version]] table");
        return None;
    }
    let mut node = version.clone();
    let from = match version.get("from") {
        Some(from) => date()
            .keeping("a version begins between 2000 and 2060, for which time zones are known", |date| {
                (FIRST_YEAR..=LAST_YEAR).contains(&date.year())
            })
            .read(from, sink),
        None => {
            sink.missing(version, "from", &date().expected);
            None
        }
    };
    // A version whose date cannot be read is still laid in its place, or what it states would be missing later.
    let day = from.unwrap_or_else(|| latest.map(Date::next).unwrap_or_default());
    let mut citations = Vec::from_iter(cite(&mut node, day, "", sink));
    for path in TABLES {
        if let Some(table) = node.get_mut(path) {
            citations.extend(cite(table, day, path, sink));
        }
    }
    for path in LISTS {
        if let Some(Node { value: Value::List(items), .. }) = node.get_mut(path) {
            citations.extend(items.iter_mut().filter_map(|item| cite(item, day, path, sink)));
        }
    }
    if let Value::Table(table) = &mut node.value {
        table.remove("from");
    }
    let source = citations.first().filter(|first| first.table.is_empty()).map(|first| first.source.clone());
    Some(Layer { from: day, source: source.unwrap_or_default(), node, citations })
}

/// Takes the source and what goes with it out of a rule table; nothing where it is no table (a rule ended, or a mistake
/// found later).
fn cite(node: &mut Node, from: Date, table: &str, sink: &Sink) -> Option<Citation> {
    let whole = node.clone();
    let Value::Table(entries) = &mut node.value else { return None };
    let source = match entries.remove("source") {
        Some(source) => text(SOURCE).read(&source, sink),
        None => {
            sink.missing(&whole, "source", SOURCE);
            None
        }
    };
    let note = entries.remove("note").and_then(|note| text("text").read(&note, sink));
    let secondary = entries.remove("secondary").and_then(|secondary| flag().read(&secondary, sink));
    Some(Citation {
        from,
        table: table.to_owned(),
        source: source?,
        note,
        secondary: secondary.unwrap_or(false),
    })
}

/// `new` laid over `old`.
pub(crate) fn lay(old: Option<Node>, new: &Node, sink: &Sink) -> Node {
    let Value::Table(entries) = &new.value else { return new.clone() };
    let mut table = match old {
        Some(Node { value: Value::Table(table), .. }) if !entries.contains_key("kind") => table,
        _ => BTreeMap::new(),
    };
    let plain = |key: &str| ADDABLE.iter().all(|(add, _)| *add != key);
    for (key, node) in entries.iter().filter(|(key, _)| plain(key)) {
        let node = lay(table.remove(key), node, sink);
        table.insert(key.clone(), node);
    }
    for (add, key) in ADDABLE {
        let Some(node) = entries.get(add) else { continue };
        match (&node.value, table.get_mut(key).map(|held| &mut held.value)) {
            (Value::List(more), Some(Value::List(held))) => held.extend_from_slice(more),
            (Value::List(_), _) => {
                table.insert(key.to_owned(), node.clone());
            }
            _ => sink.unexpected(node, "an array"),
        }
    }
    Node { value: Value::Table(table), ..new.clone() }
}
