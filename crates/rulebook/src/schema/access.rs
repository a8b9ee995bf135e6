//! `[version.access.…]`

use super::Context;
use crate::fields::Fields;
use crate::tree::Node;
use crate::want::choice;
use engine::rulebook::{Paired, TwoPersons};

pub(super) fn read(node: &Node, context: Context<'_>) -> Option<TwoPersons> {
    let mut room = Fields::of(node, context.sink, "a table")?;
    let mut rules = TwoPersons::usual(context.scale.money);
    if let Some(mut fields) = room.table("two_persons") {
        let acts = choice(&Paired::ALL).list(r#"an array of commands such as ["issue", "deposit"]"#);
        if let Some(acts) = fields.may("acts", &acts) {
            rules.acts = acts.into_iter().collect();
        }
        if let Some(least) = fields.may("deposit_from", &context.scale.money()) {
            rules.deposit_from = least;
        }
        fields.close();
    }
    room.close();
    Some(rules)
}
