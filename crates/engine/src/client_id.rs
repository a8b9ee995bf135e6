//! The sender's own name for a command: sixteen bytes by which a repeat is known, and the text that its sender wrote.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longest text of an id, bytes.
pub const ID_BYTES_MAX: usize = 64;
/// Longest text that the key itself holds, bytes.
pub(crate) const KEY_TEXT_MAX: usize = 15;

/// Sixteen bytes that stand for an id's text, in every layout of a payload: a repeat of a command is known by them and by its
/// sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientKey(pub [u8; 16]);

impl ClientKey {
    /// The key of a text: its bytes where there are at most fifteen of them, behind their number; else the first fifteen bytes
    /// of its BLAKE3 hash behind the byte 255.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut key = [0; 16];
        if text.len() <= KEY_TEXT_MAX {
            key[0] = u8::try_from(text.len()).unwrap_or(u8::MAX);
            key[1..=text.len()].copy_from_slice(text.as_bytes());
        } else {
            key[0] = u8::MAX;
            key[1..].copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..KEY_TEXT_MAX]);
        }
        Self(key)
    }

    /// The text, where the key holds it.
    fn text(&self) -> Option<&str> {
        let text = self.0.get(1..=usize::from(self.0[0])).and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.filter(|text| Self::of(text) == *self)
    }

    /// The key in 32 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads what [`ClientKey::hex`] writes.
    #[must_use]
    pub fn parse(hex: &str) -> Option<Self> {
        let digits = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let number = u128::from_str_radix(hex, 16).ok()?;
        digits.then(|| Self(number.to_be_bytes()))
    }
}

/// The sender's own name for a command. Its text is not known where only the key of a long one was kept: logs from before texts
/// were kept have no more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientId {
    key: ClientKey,
    /// Bytes of a text that the key does not hold; 0: there is none, or it is not known.
    length: u8,
    text: [u8; ID_BYTES_MAX],
}

impl ClientId {
    /// The id of a text. A text of more than [`ID_BYTES_MAX`] bytes is not kept, only its key.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut id = Self::known_by(ClientKey::of(text));
        let fits = (KEY_TEXT_MAX + 1..=ID_BYTES_MAX).contains(&text.len());
        if let (true, Ok(length)) = (fits, u8::try_from(text.len())) {
            id.length = length;
            id.text[..text.len()].copy_from_slice(text.as_bytes());
        }
        id
    }

    /// An id of which no more is known than its key.
    #[must_use]
    pub const fn known_by(key: ClientKey) -> Self {
        Self { key, length: 0, text: [0; ID_BYTES_MAX] }
    }

    /// By what it is told from others of the same sender.
    #[must_use]
    pub const fn key(&self) -> ClientKey {
        self.key
    }

    /// What the sender wrote, where that is known.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.beside().or_else(|| self.key.text())
    }

    /// The text, where the key does not hold it and it is known: 16 to [`ID_BYTES_MAX`] bytes.
    pub(crate) fn beside(&self) -> Option<&str> {
        let text = self.text.get(..usize::from(self.length)).filter(|text| !text.is_empty())?;
        std::str::from_utf8(text).ok()
    }
}

impl std::fmt::Display for ClientId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.text() {
            Some(text) => f.write_str(text),
            None => write!(f, "(unknown {})", self.key.hex()),
        }
    }
}

impl std::fmt::Debug for ClientId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientId({:?})", self.to_string())
    }
}

impl Serialize for ClientId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.key, self.beside()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key, text) = <(ClientKey, Option<String>)>::deserialize(deserializer)?;
        let id = text.map_or_else(|| Self::known_by(key), |text| Self::of(&text));
        if id.key == key {
            Ok(id)
        } else {
            Err(de::Error::custom("the text of an id is not that of its key"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_or_known_to_be_unknown() {
        let uuid = "6f1c2f2e-9a50-4a0e-8b5f-5d0f9f0a7c11";
        let longest = "x".repeat(ID_BYTES_MAX);
        for text in
            ["", "a", "0716-001", "fifteen-bytes-x", "sixteen-bytes-xx", uuid, "中文编号中文编号", &longest]
        {
            let id = ClientId::of(text);
            assert_eq!(id.text(), Some(text));
            assert_eq!(id.to_string(), text);
            let known = ClientId::known_by(id.key());
            assert_eq!(known.text(), (text.len() <= KEY_TEXT_MAX).then_some(text));
            let again: ClientId = postcard::from_bytes(&postcard::to_stdvec(&id).unwrap()).unwrap();
            assert_eq!(again, id);
            assert_eq!(ClientKey::parse(&id.key().hex()), Some(id.key()));
        }
        let too_long = ClientId::of(&"x".repeat(ID_BYTES_MAX + 1));
        assert_eq!(too_long.text(), None);
        assert_eq!(too_long.to_string(), format!("(unknown {})", too_long.key().hex()));
    }

    #[test]
    fn a_key_that_no_text_has_is_no_text() {
        // Bytes behind the text, more bytes than there are, no UTF-8: no writer writes any of these.
        for key in [[1; 16], [200; 16], [2, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(ClientId::known_by(ClientKey(key)).text(), None);
        }
        for wrong in ["", "0", &"+0".repeat(16), &"FF".repeat(16), &"0".repeat(31), &"é".repeat(16)] {
            assert_eq!(ClientKey::parse(wrong), None, "{wrong}");
        }
    }
}
