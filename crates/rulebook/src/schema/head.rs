//! The top of the file: names, units and how prices are written.

use crate::fields::Fields;
use crate::layer::lay;
use crate::load::File;
use crate::mistake::Sink;
use crate::tree::{Node, Value};
use crate::want::{Scale, Want, code, integer, text};
use engine::rulebook::{PriceFormat, Unit};

/// The most decimals of a unit or a price.
const DECIMALS_MAX: u8 = 9;

/// What the top says, as far as it could be read.
pub(super) struct Head {
    pub(super) code: Option<String>,
    pub(super) name: Option<String>,
    pub(super) currency: Option<Unit>,
    pub(super) unit: Option<Unit>,
    pub(super) price: Option<PriceFormat>,
    pub(super) scale: Scale,
    pub(super) tick_value: i64,
}

/// Reads the top of `files`, each laid over the one that it extends.
pub(super) fn read(files: &[File], sink: &Sink) -> Head {
    let top = top(files, sink);
    let nothing = Head {
        code: None,
        name: None,
        currency: None,
        unit: None,
        price: None,
        // Wide enough for any number, so that the rest can still be checked for its form.
        scale: scale(None, None, None),
        tick_value: 1,
    };
    let Some(mut fields) = top.as_ref().and_then(|top| Fields::of(top, sink, "a table")) else {
        return nothing;
    };
    let market = r#"a short code of lower-case letters, digits and hyphens such as "carbon-cn""#;
    let lower = |code: &str| code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let lower = code(market)
        .keeping("a market's code has lower-case letters, digits and hyphens", move |code| lower(code));
    let code = fields.must("code", &lower);
    let name = fields.must("name", &text("the market's name"));
    let local = fields.may("name_zh", &text("the market's Chinese name"));
    let currency = fields.table_of("currency", r#"a currency such as { code = "CNY", decimals = 2 }"#);
    let currency = currency.and_then(unit_of);
    let unit = fields.table_of("unit", r#"a unit such as { code = "t", decimals = 0 }"#).and_then(unit_of);
    let price = fields.table_of("price", r#"a price format such as { tick = "0.01" }"#);
    let tick = price.and_then(|mut fields| {
        let price = fields.must("tick", &tick());
        let value = price.zip(currency.as_ref()).zip(unit.as_ref()).and_then(|((price, currency), unit)| {
            let value = tick_value(price, currency, unit);
            if value.is_none() {
                fields.broken("tick", "tick must be a whole number of minor units on one unit of the ledger");
            }
            value
        });
        fields.close();
        Some((price?, value.unwrap_or(1)))
    });
    fields.close();
    let price = tick.map(|(price, _)| price);
    let name = name.map(|name| local.map_or(name.clone(), |local| format!("{name} ({local})")));
    let scale = scale(currency.as_ref(), unit.as_ref(), price);
    Head { code, name, currency, unit, price, scale, tick_value: tick.map_or(1, |(_, value)| value) }
}

fn scale(currency: Option<&Unit>, unit: Option<&Unit>, price: Option<PriceFormat>) -> Scale {
    Scale {
        money: currency.map_or(DECIMALS_MAX, |unit| unit.decimals),
        quantity: unit.map_or(DECIMALS_MAX, |unit| unit.decimals),
        price: price.unwrap_or(PriceFormat { decimals: DECIMALS_MAX, tick: 1 }),
    }
}

/// The tops of all files as one table, without versions.
fn top(files: &[File], sink: &Sink) -> Option<Node> {
    let mut held: Option<Node> = None;
    for file in files.iter().rev() {
        let mut node = file.root.clone();
        let Value::Table(entries) = &mut node.value else { continue };
        entries.retain(|key, _| key != "version" && key != "extends");
        if let Some(Node { value: Value::Table(table), .. }) = &mut held {
            for key in ["currency", "unit", "price"] {
                if let Some(stated) = entries.remove(key) {
                    sink.broken(
                        &stated,
                        "a file keeps the currency, unit and price of the file that it extends",
                    );
                }
            }
            // A new name does not go with the Chinese name of another.
            if entries.contains_key("name") {
                table.remove("name_zh");
            }
        }
        held = Some(lay(held, &node, sink));
    }
    held
}

fn unit_of(mut fields: Fields<'_>) -> Option<Unit> {
    let code = fields.must("code", &code(r#"a short code such as "CNY" or "t""#));
    let decimals = integer("a whole number from 0 to 9", 0, DECIMALS_MAX.into());
    let decimals = fields.must("decimals", &decimals);
    fields.close();
    Some(Unit { code: code?, decimals: decimals? })
}

/// The tick as it is written: `"0.05"` has two decimals, and is five of the last.
fn tick() -> Want<'static, PriceFormat> {
    Want::new(r#"the smallest step of a price such as "0.01""#, |node| {
        let text = node.text()?;
        let fraction = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let decimals = u8::try_from(fraction).ok().filter(|decimals| *decimals <= DECIMALS_MAX)?;
        let tick = base::decimal::units(text, decimals).ok()?;
        Some(PriceFormat { decimals, tick })
    })
    .keeping("tick must be above zero", |price| price.tick > 0)
}

/// Minor units of the currency that one tick on one unit of the ledger is worth, where that is a whole number.
fn tick_value(price: PriceFormat, currency: &Unit, unit: &Unit) -> Option<i64> {
    let power = |decimals: u8| 10_i128.pow(decimals.into());
    let minor = i128::from(price.tick) * power(currency.decimals);
    let whole = power(price.decimals) * power(unit.decimals);
    (minor % whole == 0).then(|| i64::try_from(minor / whole).ok()).flatten()
}
