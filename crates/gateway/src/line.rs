//! One line of a command file: `{"time": …, "id": …, "by": …, "do": …, …}`.

use crate::{WireCommand, parse_time};
use base::Timestamp;
use serde_json::{Map, Value};

/// A command with its time, its id and its sender, all as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Market time.
    pub time: Timestamp,
    /// The sender's own name for the command.
    pub id: String,
    /// The sender's code.
    pub by: String,
    /// What is asked.
    pub command: WireCommand,
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

impl LineError {
    /// An error about a field of a line of JSON; its column is that of the field's value.
    #[must_use]
    pub fn at(text: &str, field: &str, message: impl Into<String>) -> Self {
        let name = field.split(['.', '[']).next().unwrap_or(field);
        let key = format!("\"{name}\"");
        let value = text.find(&key).map(|start| {
            let after = &text[start + key.len()..];
            let skipped = after.len() - after.trim_start_matches([' ', '\t', ':']).len();
            text[..start + key.len() + skipped].chars().count() + 1
        });
        Self { column: value.unwrap_or(1), field: Some(field.to_owned()), message: message.into() }
    }
}

/// Reads a line.
///
/// # Errors
/// What is wrong, and at which column.
pub fn parse_line(text: &str) -> Result<Line, LineError> {
    let whole = |message: String| LineError { column: 1, field: None, message };
    if text.len() > LINE_BYTES_MAX {
        return Err(whole(format!("a line has at most {LINE_BYTES_MAX} bytes, this one has {}", text.len())));
    }
    let mut object: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
        LineError { column: error.column().max(1), field: None, message }
    })?;
    let mut take = |field: &str, what: &str| match object.shift_remove(field) {
        Some(Value::String(value)) => Ok(value),
        Some(other) => Err(LineError::at(text, field, format!("expected {what}, found {other}"))),
        None => Err(whole(format!("the field {field:?} is missing: {what}"))),
    };
    let time = take("time", "a time such as \"2021-07-16T09:30:00+08:00\"")?;
    let id = take("id", "your own name for this command")?;
    let by = take("by", "the code of the participant who sends it")?;
    let Some(time) = parse_time(&time) else {
        let message = format!("expected a time such as \"2021-07-16T09:30:00+08:00\", found {time:?}");
        return Err(LineError::at(text, "time", message));
    };
    if id.is_empty() || id.len() > 64 {
        return Err(LineError::at(text, "id", "an id has 1 to 64 bytes"));
    }
    let name = take("do", "the name of a command")?;
    let command = read_command(text, name, object)?;
    Ok(Line { time, id, by, command })
}

fn read_command(text: &str, name: String, fields: Map<String, Value>) -> Result<WireCommand, LineError> {
    let tagged = Value::Object(Map::from_iter([(name, Value::Object(fields))]));
    serde_path_to_error::deserialize(tagged).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        let field = path.split_once('.').map(|(_, field)| field).filter(|field| !field.is_empty());
        // serde names an unknown field in its message only.
        let unknown = message.starts_with("unknown field").then(|| message.split('`').nth(1)).flatten();
        let named = if message.starts_with("unknown variant") && field.is_none() {
            Some("do")
        } else {
            unknown.or(field)
        };
        match named {
            Some(field) => LineError::at(text, field, message.clone()),
            None => LineError { column: 1, field: None, message },
        }
    })
}
