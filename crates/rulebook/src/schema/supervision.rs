//! `[version.supervision.…]`

use super::Context;
use crate::fields::Fields;
use crate::tree::Node;
use crate::want::{choice, count, flag, integer};
use supervision::rules::{Act, CountRule, ManipulationFine, PositionLimit, Rules};

const ACTS: &[(&str, Act)] = &[
    ("alert_only", Act::AlertOnly),
    ("halt_instrument", Act::HaltInstrument),
    ("freeze_account", Act::FreezeAccount),
    ("stop_owner", Act::StopOwner),
];

pub(super) fn read(node: &Node, context: Context<'_>) -> Option<Rules> {
    let mut room = Fields::of(node, context.sink, "a table")?;
    let position_limit = room.table("position_limit").and_then(|mut fields| {
        let quantity = fields.must("quantity", &context.scale.quantity());
        let act = act(&mut fields);
        fields.close();
        Some(PositionLimit { quantity: quantity?, act })
    });
    let self_trade = room.table("self_trade").and_then(count_rule);
    let at_price_limit = room.table("at_price_limit").and_then(count_rule);
    let manipulation = room.table("manipulation").and_then(|fields| manipulation_fine(fields, context));
    let grow = room.table("alerts").and_then(|mut fields| {
        let grow = fields.must("grow", &flag());
        fields.close();
        grow
    });
    room.close();
    let grow = grow.unwrap_or(true);
    Some(Rules { position_limit, self_trade, at_price_limit, manipulation, grow })
}

fn manipulation_fine(mut fields: Fields<'_>, context: Context<'_>) -> Option<ManipulationFine> {
    let (times, money) = (integer("a multiple such as 5", 1, 1_000_000), context.scale.money());
    let (of_gain_least, of_gain_most) =
        (fields.must("of_gain_least", &times), fields.must("of_gain_most", &times));
    let (least, most) = (fields.must("least", &money), fields.must("most", &money));
    if of_gain_most < of_gain_least && of_gain_most.is_some() {
        fields.broken("of_gain_most", "a greatest fine must not be below the least");
    }
    if most < least && most.is_some() {
        fields.broken("most", "a greatest fine must not be below the least");
    }
    fields.close();
    Some(ManipulationFine {
        of_gain_least: of_gain_least?,
        of_gain_most: of_gain_most?,
        least: least?,
        most: most?,
    })
}

fn count_rule(mut fields: Fields<'_>) -> Option<CountRule> {
    let times = fields.must("times", &count());
    let act = act(&mut fields);
    fields.close();
    Some(CountRule { times: times?, act })
}

fn act(fields: &mut Fields<'_>) -> Act {
    fields.may("act", &choice(ACTS)).unwrap_or_default()
}
