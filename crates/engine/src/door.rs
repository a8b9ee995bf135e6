//! By which door a command came: what an auditor asks of a record first.
//!
//! The door stands in the upper half of a payload's version byte, which was 0 before there were doors: so old logs say nothing,
//! and no layout changed. It decides nothing, and is left out of the digest of the log and of what tells a repeat from another
//! command: the same command by another door is the same command. The chain of the journal covers it.

use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// The record does not say: it was written before records did.
    #[default]
    Unsaid,
    /// A command file, by whoever has the data directory: only while a market is being set up.
    File,
    /// A request under `/v1`.
    Http,
    /// A message on the stream of `/v1`.
    Stream,
    /// A request or a message of the facade.
    Facade,
    /// The node itself: its clock, its first operator, what it promised a connection.
    Node,
}

impl Door {
    /// Every door, by its number in a payload.
    const ALL: [Self; 6] = [Self::Unsaid, Self::File, Self::Http, Self::Stream, Self::Facade, Self::Node];

    /// Its name where records are shown; none where a record does not say.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Unsaid => None,
            Self::File => Some("file"),
            Self::Http => Some("http"),
            Self::Stream => Some("stream"),
            Self::Facade => Some("facade"),
            Self::Node => Some("node"),
        }
    }

    /// A payload's version byte: the door above, the version of the layout below.
    #[must_use]
    pub(crate) fn over(self, version: u8) -> u8 {
        (self as u8) << 4 | version
    }

    /// The door and the version in a payload's version byte; none where there is no such door.
    #[must_use]
    pub(crate) fn split(byte: u8) -> Option<(Self, u8)> {
        Some((*Self::ALL.get(usize::from(byte >> 4))?, byte & 0x0f))
    }

    /// Puts the door into a payload, in the place of the one that it has.
    pub fn put(self, payload: &mut [u8]) {
        if let Some(byte) = payload.get_mut(1) {
            *byte = self.over(*byte & 0x0f);
        }
    }

    /// Takes the door out of a payload: what is left is what was asked, whichever way it came.
    pub fn hide(payload: &mut [u8]) {
        if let Some(byte) = payload.get_mut(1) {
            *byte &= 0x0f;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Door;

    #[test]
    fn a_version_byte_holds_door_and_version() {
        for (number, door) in (0_u8..).zip(Door::ALL) {
            assert_eq!(door.over(1), number * 16 + 1);
            assert_eq!(Door::split(door.over(2)), Some((door, 2)));
        }
        assert_eq!(Door::split(0x61), None);
        let mut payload = [4, 0x21, 0x27];
        Door::hide(&mut payload);
        assert_eq!(payload, [4, 1, 0x27]);
        Door::File.put(&mut payload);
        assert_eq!(payload, [4, 0x11, 0x27]);
    }
}
