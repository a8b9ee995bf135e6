//! Reads how the files of a record are laid out: a small TOML file beside the record ([docs/history.md]).
//!
//! [docs/history.md]: ../../docs/history.md

use anyhow::{Context, Result, anyhow};
use markets::carbon::record::{
    LISTED_COLUMNS, Layout, METHODS_COLUMNS, Method, Numbers, Sheet, WIDE_COLUMNS,
};
use std::ops::Range;
use std::path::Path;
use toml_edit::{Document, Item, TableLike};

const METHODS: [Method; 3] = [Method::Listed, Method::Block, Method::Auction];

/// Reads a layout file.
///
/// # Errors
/// It cannot be read or is no TOML, a key is unknown or missing, or a value has another form; with file, line and column.
pub(super) fn read(path: &Path) -> Result<Layout> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    parse(&text).map_err(|Wrong { at, what }| {
        let before = at.and_then(|at| text.get(..at.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        anyhow!("{}:{line}:{column}: {what}", path.display())
    })
}

/// What is wrong, and where.
struct Wrong {
    at: Option<Range<usize>>,
    what: String,
}

type Parsed<T> = std::result::Result<T, Wrong>;

fn wrong<T>(at: Option<Range<usize>>, what: impl Into<String>) -> Parsed<T> {
    Err(Wrong { at, what: what.into() })
}

fn parse(text: &str) -> Parsed<Layout> {
    let document = Document::parse(text).map_err(|error| Wrong {
        at: error.span(),
        what: error.message().split_whitespace().collect::<Vec<_>>().join(" "),
    })?;
    let root = Table { name: String::new(), table: document.as_table(), at: None };
    root.knows(&["dates", "listed", "methods", "holidays", "numbers", "instruments"])?;
    let listed = root.must_table("listed")?;
    listed.knows(&["file", "separator", "ignore", "columns", "listed", "block", "auction"])?;
    let mut layout = Layout {
        listed: listed.sheet(&LISTED_COLUMNS, &["date", "instrument", "close_cny"])?,
        methods: None,
        holidays: None,
        ..Layout::default()
    };
    for method in METHODS {
        if let Some(table) = listed.table(method.name())? {
            layout.wide.push((method, table.columns(&WIDE_COLUMNS, &["volume_t", "amount_cny"])?));
        }
    }
    if let Some(methods) = root.table("methods")? {
        methods.knows(&["file", "separator", "ignore", "columns", "words"])?;
        if !layout.wide.is_empty() {
            return wrong(
                methods.at,
                "ways of trading stand in columns of [listed] or in a file of their own, not both",
            );
        }
        let must = ["date", "instrument", "method", "volume_t", "amount_cny"];
        layout.methods = Some(methods.sheet(&METHODS_COLUMNS, &must)?);
        if let Some(words) = methods.table("words")? {
            layout.words =
                words.columns(&METHODS.map(Method::name), &[])?.into_iter().filter_map(word).collect();
        }
    } else if layout.wide.iter().all(|(method, _)| *method != Method::Listed)
        && ["volume_t", "amount_cny"].iter().any(|name| layout.listed.column(name).is_none())
    {
        let what = "[listed.columns] needs volume_t and amount_cny, as no [methods] tells volume and amount";
        return wrong(listed.at, what);
    }
    if let Some(holidays) = root.table("holidays")? {
        holidays.knows(&["file", "separator", "ignore", "columns"])?;
        layout.holidays = Some(holidays.sheet(&["date"], &["date"])?);
    }
    if let Some(numbers) = root.table("numbers")? {
        layout.numbers = numbers.numbers()?;
    }
    if let Some(instruments) = root.table("instruments")? {
        layout.instruments = instruments.pairs()?;
    }
    if let Some(dates) = root.text("dates")? {
        let sample = jiff::civil::Date::constant(2021, 7, 16);
        let written = jiff::fmt::strtime::format(&dates, sample).ok();
        let read = written.and_then(|written| jiff::civil::Date::strptime(&dates, written).ok());
        if read != Some(sample) {
            return wrong(
                root.at("dates"),
                "dates: expected a form that has year, month and day, such as \"%d.%m.%Y\"",
            );
        }
        layout.dates = dates;
    }
    Ok(layout)
}

fn word((name, word): (&'static str, String)) -> Option<(String, Method)> {
    METHODS.into_iter().find(|method| method.name() == name).map(|method| (word, method))
}

/// A table of the file, and its name.
struct Table<'a> {
    name: String,
    table: &'a dyn TableLike,
    at: Option<Range<usize>>,
}

impl<'a> Table<'a> {
    fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Where a key stands.
    fn at(&self, key: &str) -> Option<Range<usize>> {
        let value = self.table.get(key).and_then(Item::span);
        self.table.key(key).and_then(toml_edit::Key::span).or(value).or_else(|| self.at.clone())
    }

    /// Refuses every key but these.
    fn knows(&self, known: &[&str]) -> Parsed<()> {
        match self.table.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => {
                wrong(self.at(key), format!("{}: unknown key; there are {}", self.key(key), known.join(", ")))
            }
        }
    }

    fn table(&self, key: &str) -> Parsed<Option<Table<'a>>> {
        let Some(item) = self.table.get(key) else { return Ok(None) };
        match item.as_table_like() {
            Some(table) => {
                Ok(Some(Table { name: self.key(key), table, at: item.span().or_else(|| self.at(key)) }))
            }
            None => wrong(self.at(key), format!("{}: expected a table", self.key(key))),
        }
    }

    fn must_table(&self, key: &str) -> Parsed<Table<'a>> {
        match self.table(key)? {
            Some(table) => Ok(table),
            None => wrong(self.at.clone(), format!("missing table [{}]", self.key(key))),
        }
    }

    fn text(&self, key: &str) -> Parsed<Option<String>> {
        match self.table.get(key) {
            None => Ok(None),
            Some(item) => match item.as_str() {
                Some(text) if !text.is_empty() => Ok(Some(text.to_owned())),
                _ => wrong(self.at(key), format!("{}: expected text that is not empty", self.key(key))),
            },
        }
    }

    /// One character of ASCII.
    fn mark(&self, key: &str) -> Parsed<Option<u8>> {
        match self.text(key)? {
            None => Ok(None),
            Some(text) => match text.as_bytes() {
                [one] if one.is_ascii() && !one.is_ascii_alphanumeric() => Ok(Some(*one)),
                _ => wrong(self.at(key), format!("{}: expected one sign, such as \";\"", self.key(key))),
            },
        }
    }

    fn texts(&self, key: &str) -> Parsed<Vec<String>> {
        let Some(item) = self.table.get(key) else { return Ok(Vec::new()) };
        let all = item.as_array().map(|array| array.iter().map(|one| one.as_str().map(str::to_owned)));
        match all.and_then(Iterator::collect) {
            Some(texts) => Ok(texts),
            None => wrong(self.at(key), format!("{}: expected an array of texts", self.key(key))),
        }
    }

    /// A file and its columns.
    fn sheet(&self, known: &[&'static str], must: &[&str]) -> Parsed<Sheet> {
        let Some(file) = self.text("file")? else {
            return wrong(self.at.clone(), format!("missing key {}", self.key("file")));
        };
        let separator = self.mark("separator")?.unwrap_or(b',');
        let columns = self.must_table("columns")?.columns(known, must)?;
        Ok(Sheet { file, separator, columns, ignore: self.texts("ignore")? })
    }

    /// The names of columns by the names that they have here.
    fn columns(&self, known: &[&'static str], must: &[&str]) -> Parsed<Vec<(&'static str, String)>> {
        self.knows(known)?;
        if let Some(missing) = must.iter().find(|name| self.table.get(name).is_none()) {
            return wrong(self.at.clone(), format!("missing key {}", self.key(missing)));
        }
        let mut columns: Vec<(&'static str, String)> = Vec::new();
        for name in known {
            let Some(column) = self.text(name)? else { continue };
            if let Some((other, _)) = columns.iter().find(|(_, taken)| *taken == column) {
                return wrong(self.at(name), format!("{}: {other} is called {column:?} too", self.key(name)));
            }
            columns.push((name, column));
        }
        Ok(columns)
    }

    fn numbers(&self) -> Parsed<Numbers> {
        self.knows(&["point", "thousands", "empty"])?;
        let (point, thousands) = (self.mark("point")?, self.mark("thousands")?);
        let (point, thousands) = (point.map_or('.', char::from), thousands.map(char::from));
        if thousands == Some(point) {
            return wrong(
                self.at("thousands"),
                format!("{}: the point is the same sign", self.key("thousands")),
            );
        }
        Ok(Numbers { point, thousands, empty: self.texts("empty")? })
    }

    fn pairs(&self) -> Parsed<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        for (theirs, _) in self.table.iter() {
            let ours = self.text(theirs)?.unwrap_or_default();
            pairs.push((theirs.to_owned(), ours));
        }
        Ok(pairs)
    }
}

/// The layout file of the docs, so that it is read as it stands there.
#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("layout.toml");
        std::fs::write(&path, text).unwrap();
        let error = format!("{:#}", read(&path).unwrap_err());
        error.split_once("layout.toml:").map(|(_, rest)| rest.to_owned()).unwrap_or(error)
    }

    const LISTED: &str =
        "[listed]\nfile = \"a.csv\"\n[listed.columns]\ndate = \"D\"\ninstrument = \"I\"\nclose_cny = \"C\"\n";

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let cases = [
            ("x = ", "1:5: string values must be quoted, expected literal string"),
            ("", "1:1: missing table [listed]"),
            ("listed = 5", "1:1: listed: expected a table"),
            ("[listed]\nfile = \"a.csv\"\n", "1:1: missing table [listed.columns]"),
            (
                "[listed]\nfile = \"a.csv\"\n[listed.columns]\ndate = \"D\"\n",
                "3:1: missing key listed.columns.instrument",
            ),
            (&LISTED.replace("\"C\"", "\"D\""), "6:1: listed.columns.close_cny: date is called \"D\" too"),
            (
                &LISTED.replace("close_cny", "closing"),
                "6:1: listed.columns.closing: unknown key; there are date, instrument, previous_close_cny, open_cny, \
                 high_cny, low_cny, close_cny, volume_t, amount_cny",
            ),
            (
                LISTED,
                "1:1: [listed.columns] needs volume_t and amount_cny, as no [methods] tells volume and amount",
            ),
            (
                &format!("dates = \"%Y\"\n{LISTED}volume_t = \"V\"\namount_cny = \"A\"\n"),
                "1:1: dates: expected a form that has year, month and day, such as \"%d.%m.%Y\"",
            ),
            (
                &format!("{LISTED}volume_t = \"V\"\namount_cny = \"A\"\n[numbers]\npoint = \"..\"\n"),
                "10:1: numbers.point: expected one sign, such as \";\"",
            ),
            (
                &format!("{LISTED}volume_t = \"V\"\namount_cny = \"A\"\n[numbers]\nempty = [1]\n"),
                "10:1: numbers.empty: expected an array of texts",
            ),
        ];
        let found: Vec<String> = cases.iter().map(|(text, _)| refusal(text)).collect();
        assert_eq!(found, cases.map(|(_, expected)| expected.to_owned()));
    }

    #[test]
    fn the_example_of_the_docs_is_read() {
        let docs = include_str!("../../docs/history.md");
        let example = docs.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        assert!(parse(example).is_ok_and(|layout| layout.methods.is_none() && !layout.wide.is_empty()));
    }
}
