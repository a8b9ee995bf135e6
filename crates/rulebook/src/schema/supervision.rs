//! `[version.supervision.…]`

use super::Context;
use crate::fields::Fields;
use crate::tree::Node;
use crate::want::{choice, count};
use supervision::rules::{Act, CountRule, PositionLimit, Rules};

const ACTS: &[(&str, Act)] = &[
    ("alert_only", Act::AlertOnly),
    ("halt_instrument", Act::HaltInstrument),
    ("freeze_account", Act::FreezeAccount),
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
    room.close();
    Some(Rules { position_limit, self_trade, at_price_limit })
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
