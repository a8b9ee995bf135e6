//! `huangpu log`: the records themselves, readable.

use crate::cli::{Ended, print};
use crate::node::{DataDir, Until, replay_bytes};
use anyhow::{Context, Result, bail};
use base::{Date, Timestamp};
use engine::{Event, Record, State};
use gateway::{Names, format_time, shown_in_line};
use journal::RealDisk;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::process::ExitCode;

/// What to print.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The data directory
    #[arg(value_name = "DIR")]
    data: PathBuf,
    /// From this record number or day on
    #[arg(long, value_name = "RECORD | DATE", value_parser = point)]
    from: Option<Point>,
    /// Up to and including this record number or day
    #[arg(long, value_name = "RECORD | DATE", value_parser = point)]
    to: Option<Point>,
    /// Only records that name this account, participant or instrument, in the command or in what happened
    #[arg(long, value_name = "CODE")]
    account: Option<String>,
    /// Print JSON Lines: the command as it is written in a command file, and the events; `huangpu run -` makes the log again from them
    #[arg(long)]
    json: bool,
}

/// A place in a log.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Point {
    Record(u64),
    Day(Date),
}

/// Reads a record number or a date.
pub(crate) fn point(text: &str) -> Result<Point, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(Point::Record).map_err(|_| "there is no record of such a number".to_owned());
    }
    let form = "a record number or a date such as 2021-07-16";
    Date::read(text).map(Point::Day).map_err(|why| format!("expected {}", why.expected(form)))
}

impl Point {
    /// As the end of a replay.
    pub(crate) fn until(point: Option<Self>) -> Until {
        match point {
            None => Until::End,
            Some(Self::Record(record)) => Until::Record(record),
            Some(Self::Day(date)) => Until::Day(date),
        }
    }

    fn is_after(self, record: &Record, local: impl Fn(Timestamp) -> Date) -> bool {
        match self {
            Self::Record(from) => record.sequence.0 < from,
            Self::Day(from) => local(record.time) < from,
        }
    }
}

pub(crate) fn run(args: &Args) -> Ended {
    let dir = DataDir::at(&args.data);
    let mut shown = 0_u64;
    let mut show = |record: &Record, payload: &[u8], events: &[Event], state: &State| {
        let calendar = state.markets().first().map(|market| &market.rulebook.versions[0].trading.calendar);
        let local = |time| calendar.map_or_else(Date::default, |calendar| calendar.local(time).0);
        if args.from.is_some_and(|from| from.is_after(record, local)) {
            return Ok(());
        }
        let names = Names(state);
        let mut command = names.command(&record.envelope.command, events);
        let told = events;
        let events: Vec<Value> = told.iter().map(|event| names.event(event)).collect();
        let by = names.participant(record.envelope.actor);
        let user = record.envelope.user;
        let user = (user != base::UserId::NOBODY).then(|| names.user(user));
        let mentions = |code: &String| {
            by == *code || names_code(&command, code) || events.iter().any(|event| names_code(event, code))
        };
        if !args.account.as_ref().is_none_or(mentions) {
            return Ok(());
        }
        shown += 1;
        if args.json {
            print(&format!("{}\n", names.printed(record, payload, told)))?;
        } else {
            let time = format_time(record.time, calendar);
            let id = record.envelope.client_id.to_string();
            let id = shown_in_line(&id);
            let name =
                command.as_object_mut().and_then(|object| object.shift_remove("do")).unwrap_or_default();
            let user = user.map(|user| format!(" as={user}")).unwrap_or_default();
            let door = record.envelope.door.name().map(|door| format!(" door={door}")).unwrap_or_default();
            let (name, fields) = (plain(&name), fields(&command));
            let mut text = format!("#{} {time} {by}/{id} {name}{fields}{user}{door}\n", record.sequence);
            for event in &events {
                text.push_str(&format!("    {}\n", event_line(event)));
            }
            print(&text)?;
        }
        Ok(())
    };
    replay_bytes(&RealDisk, &dir, Point::until(args.to), &mut show)
        .with_context(|| format!("in {}", args.data.display()))?;
    if let Some(code) = args.account.as_ref().filter(|_| shown == 0) {
        bail!("in {}: none of the records asked for names {code:?}", args.data.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn names_code(value: &Value, code: &str) -> bool {
    match value {
        Value::String(text) => text == code,
        Value::Array(items) => items.iter().any(|item| names_code(item, code)),
        Value::Object(object) => object.values().any(|value| names_code(value, code)),
        _ => false,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains(char::is_whitespace) => text.clone(),
        value => value.to_string(),
    }
}

fn fields(value: &Value) -> String {
    let Value::Object(object) = value else { return String::new() };
    let shown = object.iter().filter(|(_, value)| !value.is_null());
    shown.map(|(key, value)| format!(" {key}={}", nested(value))).collect()
}

fn nested(value: &Value) -> String {
    match value {
        Value::Object(_) => format!("({})", fields(value).trim_start()),
        value => plain(value),
    }
}

fn event_line(event: &Value) -> String {
    let Some((name, body)) = event.as_object().and_then(|object: &Map<String, Value>| object.iter().next())
    else {
        return plain(event);
    };
    format!("{name}{}", fields(body))
}
