//! The settlement statement of a day (清算结果): what each participant bought, sold, paid and received.

use super::table::{left, right, table};
use super::{Report, TOO_LARGE, View};
use base::{InstrumentId, ParticipantId};
use clearing::Statement;
use engine::State;
use gateway::Names;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The statement of the last trading day that began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SettlementStatement {
    /// The market's code.
    pub market: String,
    /// The trading day.
    pub date: String,
    /// Money is in this currency.
    pub currency: String,
    /// Quantities are in this unit.
    pub unit: String,
    /// Who traded, by id.
    pub participants: Vec<ParticipantStatement>,
    /// Everyone together.
    pub total: Sums,
    /// In every instrument as much was sold as bought, and as much received as paid.
    pub balanced: bool,
}

/// What one participant did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParticipantStatement {
    /// Its code.
    pub participant: String,
    /// In each instrument.
    pub instruments: Vec<StatementLine>,
    /// In all of them.
    pub total: Sums,
}

/// What a participant did in one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatementLine {
    /// The instrument's code.
    pub instrument: String,
    /// What it did.
    #[serde(flatten)]
    pub sums: Sums,
}

/// Units and money that changed hands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sums {
    /// Units bought.
    pub bought: String,
    /// Units sold.
    pub sold: String,
    /// Paid for what was bought, without fees.
    pub paid: String,
    /// Received for what was sold, without fees.
    pub received: String,
    /// Fees.
    pub fees: String,
    /// Received less paid less fees.
    pub net: String,
}

impl Sums {
    fn of(view: &View<'_>, sum: Option<Statement>) -> Self {
        let units = |units: Option<i128>| units.map_or_else(|| TOO_LARGE.to_owned(), |u| view.units(u));
        let money = |money: Option<i128>| money.map_or_else(|| TOO_LARGE.to_owned(), |m| view.money(m));
        let net = sum.and_then(|s| s.received.checked_sub(s.paid)?.checked_sub(s.fees));
        Self {
            bought: units(sum.map(|sum| sum.bought)),
            sold: units(sum.map(|sum| sum.sold)),
            paid: money(sum.map(|sum| sum.paid)),
            received: money(sum.map(|sum| sum.received)),
            fees: money(sum.map(|sum| sum.fees)),
            net: money(net),
        }
    }

    fn cells(&self) -> [String; 6] {
        [&self.bought, &self.sold, &self.paid, &self.received, &self.fees, &self.net].map(String::clone)
    }
}

fn plus(a: Option<Statement>, b: &Statement) -> Option<Statement> {
    let a = a?;
    Some(Statement {
        bought: a.bought.checked_add(b.bought)?,
        sold: a.sold.checked_add(b.sold)?,
        paid: a.paid.checked_add(b.paid)?,
        received: a.received.checked_add(b.received)?,
        fees: a.fees.checked_add(b.fees)?,
    })
}

fn sum<'a>(statements: impl Iterator<Item = &'a Statement>) -> Option<Statement> {
    statements.fold(Some(Statement::default()), plus)
}

/// The settlement statement of a market as it stands.
#[must_use]
pub fn statement(state: &State, market: base::MarketId) -> SettlementStatement {
    statement_for(state, market, None)
}

/// The same as one participant is shown it: its own lines, and their total.
#[must_use]
pub fn statement_for(
    state: &State,
    market: base::MarketId,
    only: Option<ParticipantId>,
) -> SettlementStatement {
    let Some(view) = View::of(state, market) else {
        return SettlementStatement { market: Names(state).market(market), ..SettlementStatement::default() };
    };
    let (date, lines) = state.clearing().statements(market);
    let mut lines: Vec<(ParticipantId, InstrumentId, Statement)> = lines.collect();
    let mut by_instrument: BTreeMap<InstrumentId, Vec<&Statement>> = BTreeMap::new();
    for (_, instrument, line) in &lines {
        by_instrument.entry(*instrument).or_default().push(line);
    }
    let even = |sum: Statement| sum.bought == sum.sold && sum.paid == sum.received;
    let balanced = by_instrument.values().all(|lines| sum(lines.iter().copied()).is_some_and(even));
    lines.retain(|(who, ..)| only.is_none_or(|only| only == *who));
    let participants = lines.chunk_by(|(a, ..), (b, ..)| a == b).map(|lines| ParticipantStatement {
        participant: lines.first().map(|(who, ..)| view.names.participant(*who)).unwrap_or_default(),
        instruments: lines
            .iter()
            .map(|(_, instrument, line)| StatementLine {
                instrument: view.names.instrument(*instrument),
                sums: Sums::of(&view, Some(*line)),
            })
            .collect(),
        total: Sums::of(&view, sum(lines.iter().map(|(.., line)| line))),
    });
    SettlementStatement {
        market: view.code(),
        date: date.to_string(),
        currency: view.currency(),
        unit: view.unit(),
        participants: participants.collect(),
        total: Sums::of(&view, sum(lines.iter().map(|(.., line)| line))),
        balanced,
    }
}

impl Report for SettlementStatement {
    const FILE: &'static str = "statement.csv";

    fn text(&self) -> String {
        let Self { market, date, currency, unit, .. } = self;
        let mut text = format!("Settlement {market} {date}, quantities in {unit}, money in {currency}\n\n");
        if self.participants.is_empty() {
            text.push_str("Nothing traded.\n");
            return text;
        }
        let mut heads = vec![left("Participant"), left("Instrument")];
        heads.extend(["Bought", "Sold", "Paid", "Received", "Fees", "Net cash"].map(right));
        let mut rows = Vec::new();
        let mut push = |participant: &str, instrument: &str, sums: &Sums| {
            let mut row = vec![participant.to_owned(), instrument.to_owned()];
            row.extend(sums.cells());
            rows.push(row);
        };
        for who in &self.participants {
            for (index, line) in who.instruments.iter().enumerate() {
                push(if index == 0 { &who.participant } else { "" }, &line.instrument, &line.sums);
            }
            if who.instruments.len() > 1 {
                push("", "all", &who.total);
            }
        }
        push("Total", "", &self.total);
        text.push_str(&table(&heads, rows));
        text.push_str(if self.balanced {
            "\nBalanced: bought equals sold and paid equals received in every instrument.\n"
        } else {
            "\nNOT BALANCED: bought and sold, or paid and received, differ in an instrument.\n"
        });
        text
    }

    fn header(&self) -> Vec<String> {
        let header =
            ["date", "participant", "instrument", "bought", "sold", "paid", "received", "fees", "net"];
        header.map(str::to_owned).to_vec()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let rows = self.participants.iter().flat_map(|who| {
            who.instruments.iter().map(|line| {
                let mut row = vec![self.date.clone(), who.participant.clone(), line.instrument.clone()];
                row.extend(line.sums.cells());
                row
            })
        });
        rows.collect()
    }
}
