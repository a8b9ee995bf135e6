//! What a client of the feed says.

use crate::serve::coinbase::{as_written, bad};
use crate::serve::problem::Problem;
use serde::Deserialize;

/// What there is to subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Channel {
    Level2,
    Level2Batch,
    Full,
    Matches,
    Ticker,
    TickerBatch,
    Heartbeat,
    Status,
    User,
}

impl Channel {
    const ALL: [Self; 9] = [
        Self::Level2,
        Self::Level2Batch,
        Self::Full,
        Self::Matches,
        Self::Ticker,
        Self::TickerBatch,
        Self::Heartbeat,
        Self::Status,
        Self::User,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Level2 => "level2",
            Self::Level2Batch => "level2_batch",
            Self::Full => "full",
            Self::Matches => "matches",
            Self::Ticker => "ticker",
            Self::TickerBatch => "ticker_batch",
            Self::Heartbeat => "heartbeat",
            Self::Status => "status",
            Self::User => "user",
        }
    }

    /// Whether it is of some products; otherwise it is of all of them.
    pub(super) fn is_of_products(self) -> bool {
        self != Self::Status
    }

    fn named(name: &str) -> Result<Self, Problem> {
        let found = Self::ALL.into_iter().find(|channel| channel.name() == name);
        found.ok_or_else(|| bad(format!("{name} is not a valid channel")))
    }
}

/// A message.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Said {
    Subscribe(Wanted),
    Unsubscribe(Wanted),
}

/// What is to be told, or no more, and by whose signature.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    channels: Vec<Named>,
    pub(super) key: Option<String>,
    signature: Option<String>,
    timestamp: Option<Stamp>,
}

/// A channel by its name, for the products of the message or for its own.
#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Name(String),
    With { name: String, product_ids: Option<Vec<String>> },
}

/// Seconds, as a number or as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stamp {
    Text(String),
    Number(serde_json::Number),
}

impl Wanted {
    /// Channels, each with the names of its products.
    ///
    /// # Errors
    /// There is no such channel, or none is named.
    pub(super) fn channels(&self) -> Result<Vec<(Channel, &[String])>, Problem> {
        if self.channels.is_empty() {
            return Err(bad("no channel is named"));
        }
        let each = self.channels.iter().map(|named| match named {
            Named::Name(name) => Ok((Channel::named(name)?, self.product_ids.as_slice())),
            Named::With { name, product_ids } => {
                Ok((Channel::named(name)?, product_ids.as_ref().unwrap_or(&self.product_ids).as_slice()))
            }
        });
        each.collect()
    }

    /// Time and signature of the message with this text: the time is signed as it is written.
    pub(super) fn signed(&self, text: &str) -> (String, &str) {
        let time = match &self.timestamp {
            Some(Stamp::Text(text)) => text.clone(),
            Some(Stamp::Number(number)) => {
                as_written(text, "timestamp", number).map_or_else(|| number.to_string(), str::to_owned)
            }
            None => String::new(),
        };
        (time, self.signature.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &str) -> Wanted {
        match serde_json::from_str(text).unwrap() {
            Said::Subscribe(wanted) | Said::Unsubscribe(wanted) => wanted,
        }
    }

    #[test]
    fn channels_have_products_of_their_own_or_those_of_the_message() {
        let text = r#"{"type":"subscribe","product_ids":["A-B"],"channels":["level2",{"name":"ticker","product_ids":["C-D"]}],"timestamp":1796099849.5320}"#;
        let message = wanted(text);
        let channels = message.channels().unwrap();
        assert_eq!(channels[0], (Channel::Level2, ["A-B".to_owned()].as_slice()));
        assert_eq!(channels[1], (Channel::Ticker, ["C-D".to_owned()].as_slice()));
        assert_eq!(message.signed(text), ("1796099849.5320".to_owned(), ""));
        assert!(wanted(r#"{"type":"subscribe","channels":["fuller"]}"#).channels().is_err());
        assert!(wanted(r#"{"type":"subscribe"}"#).channels().is_err());
    }
}
