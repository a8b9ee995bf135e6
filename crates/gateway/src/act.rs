//! A command within a command: what is proposed to a second person, written as on a line of its own.

use crate::WireCommand;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::{Map, Value};

/// What is proposed: one JSON object with `do` and the command's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireAct(Box<WireCommand>);

impl WireAct {
    /// The act of a command.
    #[must_use]
    pub fn new(command: WireCommand) -> Self {
        Self(Box::new(command))
    }

    /// The command that is proposed.
    #[must_use]
    pub fn command(&self) -> &WireCommand {
        &self.0
    }
}

impl Serialize for WireAct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(tagged) = serde_json::to_value(&self.0).map_err(ser::Error::custom)? else {
            return Err(ser::Error::custom("a command is an object"));
        };
        let mut flat = Map::new();
        for (name, fields) in tagged {
            flat.insert("do".to_owned(), Value::String(name));
            flat.extend(fields.as_object().cloned().unwrap_or_default());
        }
        flat.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WireAct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::<String, Value>::deserialize(deserializer)?;
        let Some(Value::String(name)) = fields.shift_remove("do") else {
            return Err(de::Error::custom("an act is an object with `do`, the name of a command"));
        };
        // One within the other without end would be read without end.
        if name == "propose_act" {
            return Err(de::Error::custom("a proposal is not proposed"));
        }
        let read = WireCommand::named(&name, fields).map(Self::new);
        read.map_err(|error| de::Error::custom(format!("of {name:?}: {error}")))
    }
}
