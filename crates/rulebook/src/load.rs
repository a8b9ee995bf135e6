//! A file and those that it extends, base first.

use crate::mistake::{Sink, What};
use crate::tree::{self, At, Grower, Node};
use std::collections::BTreeMap;
use std::io;
use toml_edit::{Document, Item, Value};

/// The most files in a chain of `extends`.
const CHAIN_MAX: usize = 16;
/// The largest file, bytes.
const SIZE_MAX: usize = 1 << 20;

/// One file.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) root: Node,
}

/// The file `text` and all that it extends, in order of reading: the one asked for first, its base after it.
pub(crate) fn load(
    text: &str,
    name: &str,
    load: &mut dyn FnMut(&str) -> io::Result<String>,
    sink: &Sink,
) -> Vec<File> {
    let mut files = Vec::new();
    let mut next = Some((normal(name), text.to_owned()));
    while let Some((name, text)) = next.take() {
        let root = grow(files.len(), &text, sink);
        files.push(File { name, text, root });
        let Some((base, at)) = files.last().and_then(|file| base_of(file, sink)) else { break };
        let refuse = |rule: &str| {
            sink.push(at, "extends", What::Broken { rule: rule.to_owned(), found: format!("{base:?}") });
        };
        if files.iter().any(|file| file.name == base) {
            refuse("a file must not extend itself, directly or through others");
        } else if files.len() >= CHAIN_MAX {
            refuse("at most 16 files may extend one another");
        } else {
            match load(&base) {
                Ok(text) => next = Some((base, text)),
                Err(error) => refuse(&format!("the file extended could not be read ({error})")),
            }
        }
    }
    files
}

/// The tree of one file; an empty one, with the mistake noted, where it is not TOML.
fn grow(file: usize, text: &str, sink: &Sink) -> Node {
    let start = At { file, offset: 0 };
    let nothing =
        || Node { at: start, key_at: start, path: String::new(), value: tree::Value::Table(BTreeMap::new()) };
    if text.len() > SIZE_MAX {
        let (rule, found) = ("a rulebook file has at most 1 MiB".to_owned(), format!("{} bytes", text.len()));
        sink.push(start, "", What::Broken { rule, found });
        return nothing();
    }
    match Document::parse(text) {
        Ok(document) => {
            let mut root = Grower { file, text }.table(document.as_table(), String::new(), start);
            root.at = start;
            dismantle(document.into_item());
            root
        }
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            sink.push(At { file, offset }, "", What::Syntax(message));
            nothing()
        }
    }
}

/// Drops a document level by level. The parser bounds arrays in arrays and the parts of a key, but not their product, and
/// dropping thousands of levels one inside the other would exhaust a thread's stack.
fn dismantle(item: Item) {
    let mut items = vec![item];
    while let Some(item) = items.pop() {
        match item {
            Item::Table(table) => items.extend(table.into_iter().map(|(_, item)| item)),
            Item::ArrayOfTables(tables) => items.extend(tables.into_iter().map(Item::Table)),
            Item::Value(Value::Array(array)) => items.extend(array.into_iter().map(Item::Value)),
            Item::Value(Value::InlineTable(table)) => {
                items.extend(table.into_iter().map(|(_, value)| Item::Value(value)));
            }
            Item::Value(_) | Item::None => {}
        }
    }
}

/// The name of the file that `file` extends, and where it says so.
fn base_of(file: &File, sink: &Sink) -> Option<(String, At)> {
    let node = file.root.get("extends")?;
    match node.text() {
        Some(path) if !path.is_empty() && !path.starts_with('/') => {
            let folder = file.name.rfind('/').and_then(|end| file.name.get(..=end)).unwrap_or_default();
            Some((normal(&format!("{folder}{path}")), node.at))
        }
        _ => {
            sink.unexpected(
                node,
                "the path of a rulebook relative to this file, such as \"../carbon-cn.toml\"",
            );
            None
        }
    }
}

/// A path without `.` and without `..` after a name, so that one file has one name.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, "" | "..")) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn one_name_a_file() {
        for (path, name) in [
            ("a/b.toml", "a/b.toml"),
            ("./a/./b.toml", "a/b.toml"),
            ("a/../b.toml", "b.toml"),
            ("../a/b.toml", "../a/b.toml"),
            ("a/../../b.toml", "../b.toml"),
            ("/a//b.toml", "/a/b.toml"),
        ] {
            assert_eq!(normal(path), name);
        }
    }
}
