//! `[version.clearing.…]`

use super::{Context, METHODS};
use crate::fields::Fields;
use crate::tree::Node;
use crate::want::{choice, rate};
use base::{Money, Tariff};
use clearing::rules::{FeeRule, FeeSchedule, Rules, Settlement};

const SETTLEMENTS: &[(&str, Settlement)] = &[("gross", Settlement::Gross)];

pub(super) fn read(node: &Node, context: Context<'_>) -> Option<Rules> {
    let mut room = Fields::of(node, context.sink, "a table")?;
    let mut rules = Rules::default();
    if let Some(mut fields) = room.table("settlement") {
        rules.settlement = fields.must("mode", &choice(SETTLEMENTS)).unwrap_or_default();
        fields.close();
    }
    if let Some(mut fees) = room.table("fees") {
        for (key, method) in METHODS {
            let fields = fees.table(key);
            if let Some(rule) = rules.fees.get_mut(method.index()) {
                *rule = fields.map(|fields| fee_of(fields, context)).unwrap_or_default();
            }
        }
        rules.book = fees.table("book").map(|fields| tariff(fields, context)).unwrap_or_default();
        fees.close();
    }
    room.close();
    Some(rules)
}

fn fee_of(mut fields: Fields<'_>, context: Context<'_>) -> FeeRule {
    let mut side = |key| fields.table(key).map(|fields| schedule(fields, context)).unwrap_or_default();
    let rule = FeeRule { buyer: side("buyer"), seller: side("seller") };
    fields.close();
    rule
}

fn schedule(mut fields: Fields<'_>, context: Context<'_>) -> FeeSchedule {
    let money = context.scale.money();
    let rate_ppm = fields.must("rate", &rate()).unwrap_or_default();
    let least = fields.may("least", &money).unwrap_or(Money::ZERO);
    let most = fields.may("most", &money);
    if most.is_some_and(|most| most < least) {
        fields.broken("most", "a greatest fee must not be below the least");
    }
    fields.close();
    FeeSchedule { rate_ppm, least, most }
}

fn tariff(mut fields: Fields<'_>, context: Context<'_>) -> Tariff {
    let money = context.scale.money();
    let mut share = |key| fields.must(key, &rate()).unwrap_or_default();
    let (taker_ppm, maker_ppm, call_ppm) = (share("taker"), share("maker"), share("call"));
    let rebate_ppm = fields.may("rebate", &rate()).unwrap_or_default();
    let least = fields.may("least", &money).unwrap_or(Money::ZERO);
    let most = fields.may("most", &money);
    if rebate_ppm > 0 && maker_ppm > 0 {
        fields.broken("rebate", "a maker pays a fee or is paid a rebate, not both");
    }
    let tariff = Tariff { taker_ppm, maker_ppm, call_ppm, rebate_ppm, least, most };
    if !tariff.is_sound() {
        fields.broken("most", "a greatest fee must not be below the least");
    }
    fields.close();
    tariff
}
