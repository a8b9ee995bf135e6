//! Bytes in hexadecimal digits.

/// Writes them.
pub(crate) fn write(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads them.
pub(crate) fn read(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let pair = |pair: &[u8]| u8::try_from(digit(pair.first())? * 16 + digit(pair.get(1))?).ok();
    text.as_bytes().chunks(2).map(pair).collect()
}
