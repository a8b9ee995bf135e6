//! Any text as a line of a command file: a command, or an error with a place in the line.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = gateway::parse_line(text) {
        assert!((1..=text.chars().count().max(1)).contains(&error.column));
        assert!(!error.message.is_empty());
    }
});
