//! Any text as a rulebook: rules, or mistakes that name a place; and rules that are read are read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io;

fuzz_target!(|text: &str| {
    let mut nowhere = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
    match rulebook::parse(text, "fuzz.toml", &mut nowhere) {
        Ok(rules) => {
            let again = rulebook::parse(text, "fuzz.toml", &mut nowhere);
            assert!(again.is_ok_and(|again| again == rules));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
