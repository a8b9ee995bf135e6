//! What a key takes: how it is read, and how that is said when something else stands there.

use crate::mistake::Sink;
use crate::tree::{Node, Value};
use base::decimal::{Refusal, units};
use base::{BasisPoints, Date, Money, Price, Quantity, Session, TimeOfDay};
use engine::rulebook::PriceFormat;

type Read<'a, T> = Box<dyn Fn(&Node, &Sink) -> Option<T> + 'a>;

/// A kind of value.
pub(crate) struct Want<'a, T> {
    /// As it stands after "expected".
    pub(crate) expected: String,
    read: Read<'a, T>,
}

impl<'a, T: 'a> Want<'a, T> {
    /// A value that `pick` takes from a node, where it can.
    pub(crate) fn new(expected: impl Into<String>, pick: impl Fn(&Node) -> Option<T> + 'a) -> Self {
        let expected = expected.into();
        let said = expected.clone();
        let read = move |node: &Node, sink: &Sink| {
            let value = pick(node);
            if value.is_none() {
                sink.unexpected(node, &said);
            }
            value
        };
        Self { expected, read: Box::new(read) }
    }

    /// The value of `node`, or `None` with the mistake noted.
    pub(crate) fn read(&self, node: &Node, sink: &Sink) -> Option<T> {
        (self.read)(node, sink)
    }

    /// The same, for values that also keep `rule`.
    pub(crate) fn keeping(self, rule: &'static str, keeps: impl Fn(&T) -> bool + 'a) -> Self {
        let read = move |node: &Node, sink: &Sink| {
            let value = (self.read)(node, sink)?;
            if !keeps(&value) {
                sink.broken(node, rule);
                return None;
            }
            Some(value)
        };
        Self { expected: self.expected, read: Box::new(read) }
    }

    /// The same as another type.
    pub(crate) fn map<U: 'a>(self, turn: impl Fn(T) -> U + 'a) -> Want<'a, U> {
        let read = move |node: &Node, sink: &Sink| (self.read)(node, sink).map(&turn);
        Want { expected: self.expected, read: Box::new(read) }
    }

    /// An array of such values, each different.
    pub(crate) fn list(self, expected: &'static str) -> Want<'a, Vec<T>>
    where
        T: PartialEq,
    {
        let read = move |node: &Node, sink: &Sink| {
            let Value::List(items) = &node.value else {
                sink.unexpected(node, expected);
                return None;
            };
            if items.len() > LIST_MAX {
                sink.broken(node, "an array has at most 2,048 entries");
                return None;
            }
            let mut values: Vec<T> = Vec::with_capacity(items.len());
            let mut whole = true;
            for item in items {
                match (self.read)(item, sink) {
                    Some(value) if values.contains(&value) => {
                        sink.broken(item, "an entry must not stand twice in an array");
                    }
                    Some(value) => values.push(value),
                    None => whole = false,
                }
            }
            whole.then_some(values)
        };
        Want { expected: expected.to_owned(), read: Box::new(read) }
    }

    /// A decimal number written as text and ending in `suffix`.
    fn decimal(
        expected: &'static str,
        suffix: &'static str,
        decimals: u8,
        too_fine: String,
        turn: impl Fn(i64) -> T + 'a,
    ) -> Self {
        let read = move |node: &Node, sink: &Sink| {
            let number = node.text().and_then(|text| text.strip_suffix(suffix));
            match number.map(|text| units(text, decimals)) {
                Some(Ok(number)) => return Some(turn(number)),
                Some(Err(Refusal::TooFine)) => sink.broken(node, &too_fine),
                Some(Err(Refusal::TooLarge)) => sink.broken(node, TOO_LARGE),
                Some(Err(Refusal::Form)) | None => sink.unexpected(node, expected),
            }
            None
        };
        Self { expected: expected.to_owned(), read: Box::new(read) }
    }
}

/// The most entries of an array: a century of holidays fits.
const LIST_MAX: usize = 2_048;
const TOO_LARGE: &str = "a number must fit in 64 bits";

/// How many decimals the numbers of this rulebook have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) money: u8,
    pub(crate) quantity: u8,
    pub(crate) price: PriceFormat,
}

impl Scale {
    /// An amount of money, zero allowed.
    pub(crate) fn money(self) -> Want<'static, Money> {
        let rule = format!("an amount must be a whole number of minor units ({} decimals)", self.money);
        Want::decimal(r#"an amount of money such as "48.00""#, "", self.money, rule, Money)
    }

    /// A quantity above zero.
    pub(crate) fn quantity(self) -> Want<'static, Quantity> {
        let rule = format!("a quantity has at most {} decimals here", self.quantity);
        let expected = "a quantity above zero such as 100_000";
        let text = Want::decimal(expected, "", self.quantity, rule, Quantity);
        let read = move |node: &Node, sink: &Sink| {
            let Value::Integer(number) = node.value else { return text.read(node, sink) };
            let factor = 10_i64.pow(u32::from(self.quantity));
            let units = number.checked_mul(factor);
            match units {
                Some(_) if number < 0 => sink.unexpected(node, expected),
                None => sink.broken(node, TOO_LARGE),
                Some(_) => {}
            }
            units.filter(|units| *units >= 0).map(Quantity)
        };
        Want { expected: expected.to_owned(), read: Box::new(read) }
            .keeping("a quantity must be above zero", |quantity: &Quantity| quantity.is_positive())
    }

    /// A price above zero, in ticks.
    pub(crate) fn price(self) -> Want<'static, Price> {
        let PriceFormat { decimals, tick } = self.price;
        let rule = format!("a price must be a whole number of ticks ({decimals} decimals)");
        Want::decimal(r#"a price such as "48.00""#, "", decimals, rule, |number| number)
            .keeping("a price must be above zero", |number| *number > 0)
            .keeping("a price must be a whole number of ticks", move |number| number % tick.max(1) == 0)
            .map(move |number| Price(number / tick.max(1)))
    }
}

/// A share such as "10%", from zero, exact to a hundredth of a percent.
pub(crate) fn percent() -> Want<'static, BasisPoints> {
    let rule = "a percentage has at most 2 decimals here (basis points)".to_owned();
    Want::decimal(r#"a percentage such as "10%""#, "%", 2, rule, BasisPoints)
}

/// A price band: above zero and below the whole.
pub(crate) fn band() -> Want<'static, BasisPoints> {
    percent()
        .keeping("a band must be above 0%", |band| band.0 > 0)
        .keeping("a band must be below 100%", |band| *band < BasisPoints::ONE)
}

/// A fee rate such as "0.05%", in millionths, exact.
pub(crate) fn rate() -> Want<'static, i64> {
    let rule = "a fee rate has at most 4 decimals (millionths)".to_owned();
    Want::decimal(r#"a rate such as "0.05%""#, "%", 4, rule, |ppm| ppm)
        .keeping("a fee rate must be at most 100%", |ppm| *ppm <= 1_000_000)
}

/// Text that is not empty.
pub(crate) fn text(expected: &'static str) -> Want<'static, String> {
    Want::new(expected, |node| node.text().filter(|text| !text.trim().is_empty()).map(str::to_owned))
}

/// A short code without spaces.
pub(crate) fn code(expected: &'static str) -> Want<'static, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    Want::new(expected, move |node| {
        let text = node.text()?;
        (!text.is_empty() && text.len() <= 32 && text.bytes().all(plain)).then(|| text.to_owned())
    })
}

/// True or false.
pub(crate) fn flag() -> Want<'static, bool> {
    Want::new("true or false", |node| match node.value {
        Value::Flag(flag) => Some(flag),
        _ => None,
    })
}

/// A date.
pub(crate) fn date() -> Want<'static, Date> {
    Want::new("a date such as 2021-07-16", |node| match node.value {
        Value::Date(date) => Some(date),
        _ => None,
    })
}

/// A time of day, as text or as a TOML time.
pub(crate) fn time() -> Want<'static, TimeOfDay> {
    Want::new(r#"a time of day such as "15:30""#, |node| match &node.value {
        Value::Time(time) => Some(*time),
        Value::Text(text) => TimeOfDay::parse(text),
        _ => None,
    })
}

/// A whole number of a range.
pub(crate) fn integer<T: TryFrom<i64> + 'static>(
    expected: &'static str,
    least: i64,
    most: i64,
) -> Want<'static, T> {
    Want::new(expected, move |node| match node.value {
        Value::Integer(number) if (least..=most).contains(&number) => T::try_from(number).ok(),
        _ => None,
    })
}

/// A civil year.
pub(crate) fn year() -> Want<'static, i32> {
    integer("a year such as 2024", 1_990, 2_200)
}

/// A count from one.
pub(crate) fn count() -> Want<'static, u32> {
    integer("a whole number above zero", 1, u32::MAX.into())
}

/// One word of several.
pub(crate) fn choice<T: Clone + 'static>(words: &'static [(&'static str, T)]) -> Want<'static, T> {
    let list: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    let expected = match list.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => list.concat(),
    };
    Want::new(expected, |node| {
        let text = node.text()?;
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| value.clone())
    })
}

/// A part of a day that begins at `begins`.
pub(crate) fn session(begins: TimeOfDay) -> Want<'static, Session> {
    let rule = if begins == TimeOfDay(0) {
        "a session must open before it closes"
    } else {
        "a session must open before it closes, counted from calendar.day_begins"
    };
    Want::new(r#"a session such as "09:30-11:30""#, |node: &Node| {
        let (opens, closes) = node.text()?.split_once(['-', '–'])?;
        Some(Session { opens: TimeOfDay::parse(opens.trim())?, closes: TimeOfDay::parse(closes.trim())? })
    })
    .keeping(rule, move |session| {
        let counted = session.since(begins);
        counted.opens < counted.closes
    })
}

/// The sessions of a day that begins at `begins`, in order.
pub(crate) fn sessions(begins: TimeOfDay) -> Want<'static, Vec<Session>> {
    session(begins)
        .list(r#"an array of sessions such as ["09:30-11:30", "13:00-15:00"]"#)
        .keeping("there must be at least one session", |sessions| !sessions.is_empty())
        .keeping("sessions must not overlap and must stand in order", move |sessions| {
            sessions.windows(2).all(|pair| match pair {
                [a, b] => a.since(begins).closes <= b.since(begins).opens,
                _ => true,
            })
        })
}
