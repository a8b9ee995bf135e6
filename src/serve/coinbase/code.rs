//! Codes of the node within names of this API. A product's name has one hyphen, between its halves, and clients rely on that; codes
//! of the node may have hyphens of their own ([`base::is_code`]). Each of these is written as a tilde, which no code has and no
//! address escapes, so that different codes have different names and a name says which code is meant.

/// What stands for a hyphen of a code.
const HYPHEN: char = '~';

/// A code of the node, as it is named here.
pub(super) fn named(code: &str) -> String {
    code.replace('-', &HYPHEN.to_string())
}

/// The code of the node that is named so; none, where no code is.
pub(super) fn code_of(name: &str) -> Option<String> {
    (!name.contains('-')).then(|| name.replace(HYPHEN, "-"))
}

/// The name of a product: what is traded, and against what.
pub(super) fn product(base: &str, quote: &str) -> String {
    format!("{}-{}", named(base), named(quote))
}

/// The codes of the node in a product's name; `A/B` for `A-B`, as some clients write it.
pub(super) fn halves(name: &str) -> Option<(String, String)> {
    let (base, quote) = name.split_once(['-', '/'])?;
    Some((code_of(base)?, code_of(quote)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn different_codes_have_different_names_and_a_name_says_its_code() {
        let letters = ["A", "-", "_", "."];
        let grow = |all: Vec<String>| -> Vec<String> {
            all.iter().flat_map(|code| letters.iter().map(move |letter| format!("{code}{letter}"))).collect()
        };
        let mut codes = Vec::new();
        let mut last = vec![String::new()];
        for _ in 0..3 {
            last = grow(last);
            codes.extend(last.clone());
        }
        assert!(codes.iter().all(|code| base::is_code(code) && code_of(&named(code)).as_ref() == Some(code)));
        let mut names = BTreeSet::new();
        for base in &codes {
            for quote in &codes {
                let name = product(base, quote);
                assert_eq!(halves(&name), Some((base.clone(), quote.clone())), "{name}");
                assert_eq!(name.matches('-').count(), 1, "{name}");
                names.insert(name);
            }
        }
        assert_eq!(names.len(), codes.len() * codes.len());
        assert_eq!(product("ZZ3-B", "CNY"), "ZZ3~B-CNY");
        assert_eq!(product("ZZ3.B", "CNY"), "ZZ3.B-CNY");
        assert_eq!(halves("ZZ3~B/CNY"), Some(("ZZ3-B".to_owned(), "CNY".to_owned())));
        assert_eq!((halves("ZZ3"), halves("ZZ3-B-CNY")), (None, None));
    }
}
