//! One line of a command file: `{"time": …, "id": …, "by": …, "as": …, "do": …, …}`; and one of a printed log, which has more
//! to say: the number of its record, what happened, and where names and decimals cannot say what the command is, the command itself.

use crate::{TIME_FORM, WireCommand};
use base::Timestamp;
use engine::{ClientId, ClientKey, Command};
use serde_json::{Map, Value};
use serde_path_to_error::Segment;
use std::collections::BTreeSet;

/// A command with its time, its id and its sender, all as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Market time.
    pub time: Timestamp,
    /// The sender's own name for the command.
    pub id: String,
    /// The sender's code.
    pub by: String,
    /// The name that the sender's user signs in with: `as` on the line. Nobody where there is none.
    pub user: Option<String>,
    /// What is asked.
    pub command: WireCommand,
}

/// A line of a printed log: a record, as it is to be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// The number of the record.
    pub record: u64,
    /// When it was taken in.
    pub time: Timestamp,
    /// The sender's own name for the command, as far as the log knows it.
    pub id: ClientId,
    /// The sender's code.
    pub by: String,
    /// The name that the sender's user signs in with.
    pub user: Option<String>,
    /// What was asked.
    pub command: Meant,
    /// The bytes of the record's payload, where this version would write others: they say all but the number and the time.
    pub payload: Option<Vec<u8>>,
}

/// A command as a printed log says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// In names and decimals.
    Written(Box<WireCommand>),
    /// As the log has it: what names and decimals do not say.
    Exact(Box<Command>),
    /// The bytes of the payload say it.
    Bytes,
}

/// What is wrong with a line, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{column}: {}{message}", field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default())]
pub struct LineError {
    /// From 1, in characters.
    pub column: usize,
    /// The field, where it is known.
    pub field: Option<String>,
    /// What was expected and what was found.
    pub message: String,
}

/// Longest line that is read, bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Longest line of a printed log that is read, bytes: one may hold a whole rulebook, or very many events.
pub const PRINTED_BYTES_MAX: usize = 256 * 1024 * 1024;

impl LineError {
    /// An error about a field of a line of JSON; its column is that of the field's value.
    #[must_use]
    pub fn at(text: &str, field: &str, message: impl Into<String>) -> Self {
        let fields = fields(text);
        let value = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, start)| *start);
        let outer = || field.split(['.', '[']).next().and_then(value);
        let column = value(field).or_else(outer).map_or(1, |start| column(text, start));
        Self { column, field: Some(field.to_owned()), message: message.into() }
    }
}

/// The column of the character at a byte, or of the last one.
fn column(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|(start, _)| *start <= byte).count().max(1)
}

/// The names of a JSON object, duplicates too, and where their values start. Of text that is not one, whatever looks like them.
fn fields(text: &str) -> Vec<(String, usize)> {
    let mut fields = Vec::new();
    let (mut depth, mut string, mut escaped) = (0_usize, None, false);
    // Between the comma and the colon a name is due, and behind it a value.
    let (mut name_due, mut name) = (false, None);
    for (at, byte) in text.bytes().enumerate() {
        if let Some(start) = string {
            if escaped || byte == b'\\' {
                escaped = !escaped;
            } else if byte == b'"' {
                string = None;
                if name_due {
                    name = serde_json::from_str::<String>(&text[start..=at]).ok();
                    name_due = false;
                }
            }
            continue;
        }
        let is_value =
            depth == 1 && !name_due && !matches!(byte, b':' | b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
        if let Some(name) = name.take_if(|_| is_value) {
            fields.push((name, at));
        }
        match byte {
            b'"' => string = Some(at),
            b'{' | b'[' => {
                depth += 1;
                name_due = depth == 1 && byte == b'{';
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => name_due = depth == 1,
            _ => {}
        }
    }
    fields
}

/// A value as an error shows it.
fn found(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Reads a line.
///
/// # Errors
/// What is wrong, and at which column.
pub fn parse_line(text: &str) -> Result<Line, LineError> {
    let mut object = read_object(text, LINE_BYTES_MAX)?;
    let (record, happened) = (object.shift_remove("record"), object.shift_remove("events"));
    object.shift_remove("door");
    let time = take(text, &mut object, "time", TIME_FORM)?;
    let id = take(text, &mut object, "id", "your own name for this command")?;
    let by = take(text, &mut object, "by", "the code of the participant who sends it")?;
    let user = user(text, &mut object)?;
    let time = read_time(text, time)?;
    let id = check_id(text, id)?;
    let name = take(text, &mut object, "do", "the name of a command")?;
    // A limit that was reckoned when the command came in is reckoned anew. What else names and decimals do not say, a file does not.
    if record.is_some() && name == "apply_carry_over" {
        object.shift_remove("exact");
    }
    if record.is_some()
        && ["exact", "payload", "id_key", "time_ns"].iter().any(|field| object.contains_key(*field))
    {
        let message = "a line of a printed log, which only the whole log says: `huangpu run - --data DIR`";
        return Err(LineError::at(text, "do", message));
    }
    // What else a printed log says of a record is passed over: its number, what happened, and by which door it came. By which one a line
    // comes is known.
    for (field, value) in [("record", record), ("events", happened)] {
        if let Some(value) = value.filter(|value| !value.is_u64() && !value.is_array()) {
            let message = format!("expected what a printed log says, found {}", found(&value));
            return Err(LineError::at(text, field, message));
        }
    }
    let command = read_command(text, name, object)?;
    Ok(Line { time, id, by, user, command })
}

/// Reads a line of a printed log. Ids are as the log has them: those of old logs may be others than one can give today.
///
/// # Errors
/// What is wrong, and at which column.
pub fn parse_printed(text: &str) -> Result<Printed, LineError> {
    let mut object = read_object(text, PRINTED_BYTES_MAX)?;
    let record = match object.shift_remove("record").map(|value| (value.as_u64(), value)) {
        Some((Some(record), _)) => record,
        Some((None, other)) => {
            let message = format!("expected the number of a record, found {}", found(&other));
            return Err(LineError::at(text, "record", message));
        }
        None => {
            let message = "missing field `record`: this is no line of `huangpu log --json`";
            return Err(LineError::at(text, "record", message));
        }
    };
    object.shift_remove("events");
    object.shift_remove("door");
    let time = take(text, &mut object, "time", TIME_FORM)?;
    let time = match object.shift_remove("time_ns").map(|value| (value.as_i64(), value)) {
        None => read_time(text, time)?,
        Some((Some(time), _)) => Timestamp(time),
        Some((None, other)) => {
            let message = format!("expected nanoseconds since 1970, found {}", found(&other));
            return Err(LineError::at(text, "time_ns", message));
        }
    };
    let id = match object.shift_remove("id_key") {
        None => ClientId::of(&take(text, &mut object, "id", "the id of the command")?),
        Some(key) => {
            object.shift_remove("id");
            let read = key.as_str().and_then(ClientKey::parse);
            let message = || format!("expected 32 hexadecimal digits, found {}", found(&key));
            ClientId::known_by(read.ok_or_else(|| LineError::at(text, "id_key", message()))?)
        }
    };
    let by = take(text, &mut object, "by", "the code of the participant who sends it")?;
    let user = user(text, &mut object)?;
    let name = take(text, &mut object, "do", "the name of a command")?;
    let payload = object.shift_remove("payload").map(|payload| {
        let read = payload.as_str().and_then(crate::hex::read);
        read.ok_or_else(|| LineError::at(text, "payload", "expected bytes in hexadecimal digits"))
    });
    let payload = payload.transpose()?;
    let command = match object.shift_remove("exact") {
        Some(exact) => Meant::Exact(Box::new(read_exact(text, exact)?)),
        None if payload.is_some() => Meant::Bytes,
        None => Meant::Written(Box::new(read_command(text, name, object)?)),
    };
    Ok(Printed { record, time, id, by, user, command, payload })
}

/// A command as the log has it. One with numbers that JSON's readers do not hold stands in a text.
fn read_exact(text: &str, exact: Value) -> Result<Command, LineError> {
    let read = match exact {
        Value::String(inner) => serde_json::from_str(&inner),
        value => serde_json::from_value(value),
    };
    read.map_err(|error| LineError::at(text, "exact", format!("this is no command: {error}")))
}

fn take(text: &str, object: &mut Map<String, Value>, field: &str, what: &str) -> Result<String, LineError> {
    match object.shift_remove(field) {
        Some(Value::String(value)) => Ok(value),
        Some(other) => Err(LineError::at(text, field, format!("expected {what}, found {}", found(&other)))),
        None => Err(LineError::at(text, field, format!("missing field `{field}`: {what}"))),
    }
}

fn user(text: &str, object: &mut Map<String, Value>) -> Result<Option<String>, LineError> {
    let named = object.contains_key("as");
    named.then(|| take(text, object, "as", "the name that the sender's user signs in with")).transpose()
}

fn read_time(text: &str, time: String) -> Result<Timestamp, LineError> {
    Timestamp::read(&time).map_err(|why| {
        let (expected, found) = (why.expected(TIME_FORM), found(&Value::String(time)));
        LineError::at(text, "time", format!("expected {expected}, found {found}"))
    })
}

/// What is wrong with the fields of a command, and where: a line, a column in it, both from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldsError {
    /// The line.
    pub line: usize,
    /// What, and the column.
    pub error: LineError,
}

/// Reads a command of a known name from its fields as JSON, and the id that stands among them.
///
/// # Errors
/// What is wrong, and where.
pub fn parse_fields(name: &str, text: &str) -> Result<(Option<String>, WireCommand), FieldsError> {
    read_fields(name, text).map_err(|error| {
        let before: String = text.chars().take(error.column.saturating_sub(1)).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|char| *char != '\n').count() + 1;
        FieldsError { line, error: LineError { column, ..error } }
    })
}

fn read_fields(name: &str, text: &str) -> Result<(Option<String>, WireCommand), LineError> {
    let mut object = read_object(text, LINE_BYTES_MAX)?;
    let id = match object.shift_remove("id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(check_id(text, id)?),
        Some(other) => {
            let message = format!("expected your own name for this command, found {}", found(&other));
            return Err(LineError::at(text, "id", message));
        }
    };
    Ok((id, read_command(text, name.to_owned(), object)?))
}

/// What an id is; see [`base::is_id`].
pub const ID_RULE: &str = "an id has 1 to 64 printable characters of ASCII, without space and slash";

fn check_id(text: &str, id: String) -> Result<String, LineError> {
    if base::is_id(&id) { Ok(id) } else { Err(LineError::at(text, "id", ID_RULE)) }
}

fn read_object(text: &str, most: usize) -> Result<Map<String, Value>, LineError> {
    if text.len() > most {
        let message = format!("a line has at most {most} bytes, this one has {}", text.len());
        return Err(LineError { column: 1, field: None, message });
    }
    let object = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
        // serde counts bytes, and lines although this is one.
        let before: usize =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let byte = (before + error.column()).saturating_sub(1);
        let of_a_value = message.starts_with("recursion limit") || message.starts_with("number out of range");
        let field = fields(text).into_iter().rev().find(|(_, start)| of_a_value && *start <= byte);
        LineError { column: column(text, byte), field: field.map(|(name, _)| name), message }
    })?;
    let mut names = BTreeSet::new();
    for (name, start) in fields(text) {
        if names.contains(&name) {
            let message = "this field is written twice".to_owned();
            return Err(LineError { column: column(text, start), field: Some(name), message });
        }
        names.insert(name);
    }
    Ok(object)
}

fn read_command(text: &str, name: String, fields: Map<String, Value>) -> Result<WireCommand, LineError> {
    if let Some(message) = unknown_command(&name) {
        return Err(LineError::at(text, "do", message));
    }
    let names: Vec<String> = fields.keys().cloned().collect();
    let asked = (name.clone(), fields.clone());
    let tagged = Value::Object(Map::from_iter([(name, Value::Object(fields))]));
    serde_path_to_error::deserialize(tagged).map_err(|error| {
        let mut inside = error.path().iter().filter_map(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(format!("[{index}]")),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        let field = inside.next().map(|name| name + &inside.next().unwrap_or_default());
        let message = error.into_inner().to_string();
        // serde names an unknown field, and one that is missing, in its message only.
        let is_unknown = |name: &String| message.starts_with(&format!("unknown field `{name}`"));
        let unknown = names.into_iter().filter(is_unknown).max_by_key(String::len);
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let choices = missing.and_then(|field| choices(&asked.0, &asked.1, field));
        let named = unknown.or_else(|| missing.map(str::to_owned)).or(field);
        let message = choices.map_or_else(|| message.clone(), |choices| format!("{message}: {choices}"));
        LineError::at(text, named.as_deref().unwrap_or("do"), message)
    })
}

/// What to say of a command that there is not: the one that was probably meant, or all there are.
fn unknown_command(name: &str) -> Option<String> {
    let probe = Value::Object(Map::from_iter([(name.to_owned(), Value::Null)]));
    let error = serde_json::from_value::<WireCommand>(probe).err()?.to_string();
    let known = error.strip_prefix("unknown variant `")?.split_once("expected one of ")?.1;
    let known: Vec<&str> = known.split(", ").map(|name| name.trim_matches('`')).collect();
    let found = found(&Value::String(name.to_owned()));
    Some(match base::nearest(name, known.iter().copied()) {
        Some(nearest) => format!("there is no command {found}, did you mean \"{nearest}\"?"),
        None => format!("there is no command {found}, expected one of `{}`", known.join("`, `")),
    })
}

/// What a field that is missing may hold, where that is one of a few words. Asked of the command itself: it is read with
/// something there that cannot be right.
fn choices(name: &str, fields: &Map<String, Value>, field: &str) -> Option<String> {
    let word = || Value::String("?".to_owned());
    for probe in [word(), Value::Array(vec![word()])] {
        let mut fields = fields.clone();
        fields.insert(field.to_owned(), probe);
        let tagged = Value::Object(Map::from_iter([(name.to_owned(), Value::Object(fields))]));
        let message = serde_json::from_value::<WireCommand>(tagged).err()?.to_string();
        if let Some((_, known)) = message.split_once("unknown variant `?`, expected ") {
            return Some(known.to_owned());
        }
        if message.contains("expected a boolean") {
            return Some("`true` or `false`".to_owned());
        }
    }
    None
}
