//! What a payload holds, within a snapshot: as CBOR, as in the payload. A snapshot says no names of fields, so that a field which is
//! left out where it has its old value could not be left out there.

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes a value as bytes of CBOR.
///
/// # Errors
/// It cannot be written, which nothing in a payload is.
pub(crate) fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(S::Error::custom)?;
    bytes.serialize(serializer)
}

/// Reads what [`serialize`] wrote.
///
/// # Errors
/// The bytes are something else.
pub(crate) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let bytes = Vec::<u8>::deserialize(deserializer)?;
    ciborium::from_reader(bytes.as_slice()).map_err(D::Error::custom)
}
