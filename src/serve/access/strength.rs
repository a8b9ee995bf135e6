//! Which passwords are too easily guessed. What is refused is what a guesser tries first: the passwords that leaks show most often,
//! alone or with a few digits and signs about them, the user's own name, and patterns. Nobody is asked for capitals or signs, which
//! make passwords harder to keep and not to guess (NIST SP 800-63B, 5.1.1.2).
//!
//! `common-passwords.txt` holds the 8,000 most frequent ones of the list of the zxcvbn project (Dropbox, MIT licence), of at least five
//! characters, and all of that list of ten characters and more; in small letters, sorted.

use std::sync::OnceLock;

static LIST: &str = include_str!("common-passwords.txt");

/// Fewest different characters.
const DIFFERENT_MIN: usize = 5;
/// What may stand about a common word is a few characters: more than these make it a password of its own.
const ABOUT_MAX: usize = 8;
/// What must be left of a password without the user's name.
const BESIDE_NAME_MIN: usize = 8;

/// Why a password is too easily guessed, where it is.
#[must_use]
pub(super) fn weakness(password: &str, user: &str) -> Option<&'static str> {
    let small = password.to_lowercase();
    let plain: String = small.chars().map(unmasked).collect();
    let length = password.chars().count();
    if !user.is_empty() && (small.contains(user) || plain.contains(user)) {
        let beside = length.saturating_sub(user.chars().count());
        if beside < BESIDE_NAME_MIN {
            return Some("a password is not the user's name with a little beside it");
        }
    }
    let mut different: Vec<char> = small.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < DIFFERENT_MIN || is_run(&small) || is_repeated(&small) {
        return Some("a password is no simple pattern");
    }
    let common = |word: &str| is_common(word) || is_common(word.trim());
    // What stands about a word is taken off before letters are unmasked: of `p4$$w0rd2026!` the year is about it, the zero within.
    let core = small.trim_matches(|sign: char| !sign.is_alphabetic());
    let within = core.chars().count();
    let bare: String = core.chars().map(unmasked).collect();
    let about = within >= 5 && length - within <= ABOUT_MAX && (is_common(core) || is_common(&bare));
    if common(&small) || common(&plain) || about {
        return Some("this password is among those that are guessed first");
    }
    None
}

/// What stands for a letter in `p4$$w0rd`.
fn unmasked(sign: char) -> char {
    match sign {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        sign => sign,
    }
}

fn is_common(word: &str) -> bool {
    static WORDS: OnceLock<Vec<&'static str>> = OnceLock::new();
    let words = WORDS.get_or_init(|| LIST.lines().collect());
    words.binary_search(&word).is_ok()
}

/// Whether each character follows the one before it, as in `abcdefghij` and `9876543210`.
fn is_run(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|sign| i64::from(u32::from(sign))).collect();
    let steps = |wanted: &[i64]| codes.windows(2).all(|pair| wanted.contains(&(pair[1] - pair[0])));
    // From 9 to 0 and back, as on a keyboard.
    steps(&[1, -9]) || steps(&[-1, 9])
}

/// Whether a short piece is all there is, again and again.
fn is_repeated(text: &str) -> bool {
    let signs: Vec<char> = text.chars().collect();
    (1..BESIDE_NAME_MIN).any(|piece| {
        signs.len() >= 2 * piece
            && signs.iter().enumerate().all(|(place, sign)| *sign == signs[place % piece])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_small() {
        let words: Vec<&str> = LIST.lines().collect();
        assert!(words.is_sorted() && words.len() > 8_000);
        assert!(words.iter().all(|word| word.len() >= 5 && !word.bytes().any(|b| b.is_ascii_uppercase())));
    }

    #[test]
    fn what_is_guessed_first_is_refused_and_what_is_not_is_taken() {
        for weak in [
            "1234567890",
            "9876543210",
            "abcdefghijkl",
            "qwertyuiop",
            "Password123",
            "P4$$w0rd2026!",
            "123password!",
            "sunshine2026",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "12341234123412341234",
            "li.wei-2026",
            "LI.WEI!!!!!",
            "mustang1999!!",
        ] {
            assert!(weakness(weak, "li.wei").is_some(), "{weak}");
        }
        for strong in [
            "correct horse battery staple",
            "a password for tests",
            "my own choice",
            "vk7-mq2r-tt91",
            "三尺讲台存日月一支粉笔",
            "li.wei and a long story",
            "dragon lives by the river 1",
            "8203117465920371",
        ] {
            assert_eq!(weakness(strong, "li.wei"), None, "{strong}");
        }
    }
}
