//! Any bytes as a payload of a record: what is read is written and read again to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = engine::decode(bytes) {
        let mut again = Vec::new();
        assert!(engine::encode(&envelope, &mut again).is_ok());
        assert_eq!(engine::decode(&again).as_ref(), Ok(&envelope));
    }
});
