//! Any text as the fields of a command, as they come over HTTP and WebSocket: a command that is written again the same, or an
//! error with a place in the text.
#![no_main]

use gateway::WireCommand;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 12] = [
    "place_order", "amend_order", "cancel_order", "mass_cancel", "place_listing", "take_listing", "propose_block", "place_bid",
    "transfer", "deposit", "create_key", "propose_act",
];

fuzz_target!(|input: (u8, &str)| {
    let (choice, text) = input;
    let name = NAMES[usize::from(choice) % NAMES.len()];
    match gateway::parse_fields(name, text) {
        Ok((id, command)) => {
            assert!(id.is_none_or(|id| (1..=64).contains(&id.len())));
            let again: WireCommand = serde_json::from_value(serde_json::to_value(&command).unwrap()).unwrap();
            assert_eq!(again, command);
        }
        Err(wrong) => {
            assert!(wrong.line >= 1 && wrong.error.column >= 1);
            assert!(wrong.line <= text.matches('\n').count() + 1);
            assert!(!wrong.error.message.is_empty());
        }
    }
});
