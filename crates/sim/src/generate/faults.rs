//! What goes wrong with the disk, the power and the process.

use crate::step::Step;
use faulty_disk::{Dice, Fault};

/// The faults that a log has to live through: every one but a disk that lies.
const FAULTS: [Fault; 5] = [Fault::Power, Fault::Error, Fault::Forget, Fault::Short, Fault::Full];

/// Something that goes wrong now, or will soon.
pub(super) fn next(dice: &mut Dice) -> Step {
    match dice.roll(12) {
        0 | 1 => Step::Crash(dice.bits()),
        2 => Step::Kill,
        3 => Step::Close,
        4 => Step::Snapshot,
        5 => Step::Flip { seed: dice.bits(), snapshot: dice.once_in(3), power: dice.once_in(2) },
        roll => {
            let fault = *dice.pick(&FAULTS).unwrap_or(&Fault::Power);
            // An opening writes a whole segment again, and the making of one takes a few steps more.
            let opening = roll == 6;
            let after = dice.roll(if opening { 6 } else { 10 });
            Step::Arm { after, fault, opening, power: dice.once_in(2) }
        }
    }
}
