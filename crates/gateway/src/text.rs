//! What people write freely (names, reasons, notes), and how it is shown on a terminal.
//!
//! A character that is not seen, or that moves those around it, makes one text look like another; a control character drives the
//! terminal that shows it. Neither is taken in at the door, and what an old log has of them is shown escaped.

use std::borrow::Cow;
use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory};

/// Characters that are letters or marks by their category, and draw nothing (Unicode, `Default_Ignorable_Code_Point`; and the
/// blank pattern of Braille).
const UNSEEN: [std::ops::RangeInclusive<char>; 10] = [
    '\u{34f}'..='\u{34f}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Whether a character is not seen, moves others, or drives the terminal: controls, formats (those of bidirectional text and of
/// zero width among them), separators of lines, and what draws nothing.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let category = c.general_category();
    matches!(
        category,
        Category::Control | Category::Format | Category::LineSeparator | Category::ParagraphSeparator
    ) || UNSEEN.iter().any(|range| range.contains(&c))
}

/// What is wrong with a character of a text, if something is. Line ends and tabs are layout; a text of one line has none.
fn flaw(c: char, layout: bool) -> Option<&'static str> {
    if layout && matches!(c, '\n' | '\t') {
        return None;
    }
    match c.general_category() {
        _ if is_unseen(c) => Some("is a control character, or one that is not seen"),
        Category::PrivateUse | Category::Unassigned | Category::Surrogate => Some("is no character"),
        Category::SpaceSeparator if !matches!(c, ' ' | '\u{3000}') => Some("is a space of another kind"),
        _ => None,
    }
}

/// What is free text: how long it may be, and whether it may have more than one line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Free {
    /// Bytes.
    pub(crate) most: usize,
    pub(crate) lines: bool,
    /// There may be none.
    pub(crate) empty: bool,
}

impl Free {
    /// A text of one line, which is there.
    pub(crate) const fn line(most: usize) -> Self {
        Self { most, lines: false, empty: false }
    }

    /// Checks a text.
    ///
    /// # Errors
    /// A sentence: what is wrong, and at which character.
    pub(crate) fn check(self, text: &str) -> Result<(), String> {
        let Self { most, lines, empty } = self;
        if text.len() > most {
            return Err(format!("this has at most {most} bytes, found {}", text.len()));
        }
        if text.trim().is_empty() && !(empty && text.is_empty()) {
            return Err("this is not empty".to_owned());
        }
        if text.trim() != text {
            return Err("this neither begins nor ends with a space".to_owned());
        }
        for (place, c) in text.chars().enumerate() {
            if let Some(flaw) = flaw(c, lines) {
                return Err(format!("character {} {flaw}", place + 1));
            }
        }
        Ok(())
    }
}

/// A text as a terminal may get it: what is not seen, moves others or drives the terminal is written as JSON writes it (`\u001b`), line
/// ends and tabs excepted. Of JSON this makes other JSON of the same meaning.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_unseen(c) && !matches!(c, '\n' | '\t');
    if !text.chars().any(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The same for a text within a line: line ends and tabs are escaped too.
#[must_use]
pub fn shown_in_line(text: &str) -> Cow<'_, str> {
    match shown(text) {
        text if text.contains(['\n', '\t']) => text.replace('\n', "\\n").replace('\t', "\\t").into(),
        text => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_not_taken_and_shown_escaped() {
        for (text, escaped) in [
            ("a\u{1b}[31mred", "a\\u001b[31mred"),
            ("a\u{9b}31m", "a\\u009b31m"),
            ("a\u{7f}", "a\\u007f"),
            ("a\rb", "a\\u000db"),
            ("a\0b", "a\\u0000b"),
            ("a\u{202e}b", "a\\u202eb"),
            ("a\u{2066}b", "a\\u2066b"),
            ("a\u{200b}b", "a\\u200bb"),
            ("a\u{200d}b", "a\\u200db"),
            ("a\u{feff}b", "a\\ufeffb"),
            ("a\u{ad}b", "a\\u00adb"),
            ("a\u{2028}b", "a\\u2028b"),
            ("a\u{3164}b", "a\\u3164b"),
            ("a\u{fe0f}b", "a\\ufe0fb"),
            ("a\u{2800}b", "a\\u2800b"),
            ("a\u{e0041}b", "a\\udb40\\udc41b"),
        ] {
            assert_eq!(shown(text), escaped);
            let refused = Free::line(100).check(text).unwrap_err();
            assert!(refused.starts_with("character 2 is "), "{text:?}: {refused}");
            // JSON stays JSON of the same meaning.
            let json = serde_json::to_string(text).unwrap();
            let back: String = serde_json::from_str(&shown(&json)).unwrap();
            assert_eq!(back, text);
        }
        for text in ["东江电力有限公司", "Électricité de l'Est S.A.", "Āb-Ç", "公司\u{3000}甲", "🔥", "नमस्ते"]
        {
            assert_eq!(shown(text), text);
            assert_eq!(Free::line(100).check(text), Ok(()), "{text:?}");
        }
        assert_eq!(shown("a\n\tb"), "a\n\tb");
        assert_eq!(shown_in_line("a\n\tb\u{1b}"), "a\\n\\tb\\u001b");
    }

    #[test]
    fn a_text_is_bounded_and_there() {
        let (line, note) = (Free::line(5), Free { most: 5, lines: true, empty: true });
        for (free, text, fits) in [
            (line, "", false),
            (line, " ", false),
            (line, "a ", false),
            (line, "abcde", true),
            (line, "abcdef", false),
            (line, "中文", false),
            (line, "a\u{a0}b", false),
            (line, "a\u{e000}", false),
            (line, "a\u{378}", false),
            (line, "a\nb", false),
            (note, "a\nb", true),
            (note, "a\rb", false),
            (note, "", true),
            (note, " ", false),
        ] {
            assert_eq!(free.check(text).is_ok(), fits, "{text:?}");
        }
    }
}
