//! Any bytes as a segment of a journal: records, a torn end, or a typed error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = journal::check_segment(bytes) {
        assert!(!error.to_string().is_empty());
    }
});
