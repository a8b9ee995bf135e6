//! The price list of a market (行情): prices, turnover by method, and the corrections that stand behind a reference price.

use super::table::{left, right, table};
use super::{Report, View, name_of, yes};
use base::{Date, MarketId, Method, Price, div_half_up};
use engine::State;
use gateway::Names;
use serde::Serialize;
use trading::{Correction, Instrument, Line, PriceLine, Turnover, rules::ClosePrice};
use utoipa::ToSchema;

/// The price list of the last trading day that began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PriceList {
    /// The market's code.
    pub market: String,
    /// The trading day.
    pub date: String,
    /// Whether the day is over and the list stands; until then it shows prices as they are.
    pub ended: bool,
    /// Prices are in this currency.
    pub currency: String,
    /// Volumes are in this unit, and prices are for one of it.
    pub unit: String,
    /// The methods that the market offers, or once traded by.
    #[schema(value_type = Vec<String>)]
    pub methods: Vec<Method>,
    /// The instruments, then the composite.
    pub lines: Vec<PriceListLine>,
    /// Corrections of reference prices made on this day, or from which its previous closes come.
    pub corrections: Vec<ReferenceCorrection>,
}

/// One line of a price list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PriceListLine {
    /// The name of the line.
    pub line: String,
    /// A composite is computed, not traded.
    pub composite: bool,
    /// The reference of the day.
    pub previous_close: String,
    /// First price of listed or continuous trading; the previous close where nothing traded.
    pub open: String,
    /// Highest price of listed or continuous trading.
    pub high: Option<String>,
    /// Lowest price of listed or continuous trading.
    pub low: Option<String>,
    /// Volume-weighted average of the listed trades, of continuous trading what the rules say; the previous close where
    /// nothing traded.
    pub close: String,
    /// The price from which the next day starts, where an operator put it in place of the close.
    pub next_reference: Option<String>,
    /// Trading is stopped.
    pub halted: bool,
    /// By method, in the order of `methods`.
    pub turnover: Vec<MethodTurnover>,
}

/// Turnover of a line by one method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MethodTurnover {
    /// The method.
    #[schema(value_type = String)]
    pub method: Method,
    /// Units of the day.
    pub volume: String,
    /// Money of the day.
    pub turnover: String,
    /// Units since trading began.
    pub total_volume: String,
    /// Money since trading began.
    pub total_turnover: String,
}

/// A reference price that an operator corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReferenceCorrection {
    /// The trading day whose close was corrected, or whose reference, before its trading began.
    pub date: String,
    /// Which line.
    pub line: String,
    /// As computed.
    pub from: String,
    /// As published.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// The price list of a market as it stands.
#[must_use]
pub fn price_list(state: &State, market: MarketId) -> PriceList {
    let Some(view) = View::of(state, market) else {
        return PriceList { market: Names(state).market(market), ..PriceList::default() };
    };
    let lines = state.venue().price_list(market);
    let rules = state.venue().rules(market);
    let offered = |method| match method {
        Method::Listed => rules.listing.is_some(),
        Method::Continuous => rules.continuous.is_some(),
        Method::Block => rules.block.is_some(),
        Method::Auction => rules.auction.is_some(),
    };
    let traded = |method: Method| lines.iter().any(|line| line.total[method.index()].volume > 0);
    // Listed and continuous trading share a place: it is called what the rules in force offer.
    let named = |method| match method {
        Method::Listed if rules.continuous.is_some() => Method::Continuous,
        method => method,
    };
    let methods: Vec<Method> =
        Method::ALL.into_iter().map(named).filter(|&method| offered(method) || traded(method)).collect();
    let date = state.venue().list_date(market);
    PriceList {
        market: view.code(),
        date: date.to_string(),
        ended: state.venue().day_ended(market),
        currency: view.currency(),
        unit: view.unit(),
        corrections: corrections(&view, date, &lines),
        lines: lines.iter().map(|line| line_of(&view, line, &methods)).collect(),
        methods,
    }
}

fn line_of(view: &View<'_>, line: &PriceLine, methods: &[Method]) -> PriceListLine {
    let turnover = |&method: &Method| {
        let (day, total) = (line.turnover[method.index()], line.total[method.index()]);
        MethodTurnover {
            method,
            volume: view.units(day.volume),
            turnover: view.money(day.amount),
            total_volume: view.units(total.volume),
            total_turnover: view.money(total.amount),
        }
    };
    let halted = match line.line {
        Line::Instrument(id) => view.state.venue().instrument(id).is_some_and(|found| found.halted),
        Line::Composite(_) => false,
    };
    PriceListLine {
        line: view.names.line(line.line),
        composite: matches!(line.line, Line::Composite(_)),
        previous_close: view.price(line.previous_close),
        open: view.price(line.open),
        high: line.high.map(|price| view.price(price)),
        low: line.low.map(|price| view.price(price)),
        close: view.price(line.close),
        next_reference: line.corrected.map(|price| view.price(price)),
        halted,
        turnover: methods.iter().map(turnover).collect(),
    }
}

/// The corrections that touch the list of `date`: those made on it, and those from which its previous closes come.
fn corrections(view: &View<'_>, date: Date, lines: &[PriceLine]) -> Vec<ReferenceCorrection> {
    let all = view.state.venue().corrections();
    let touches = |correction: &Correction| {
        let Some(line) = lines.iter().find(|line| line.line == correction.line) else { return false };
        correction.date == date || in_force(view, date, line, correction, all)
    };
    let shown = all.iter().filter(|correction| touches(correction));
    let shown = shown.map(|correction| ReferenceCorrection {
        date: correction.date.to_string(),
        line: view.names.line(correction.line),
        from: view.price(correction.from),
        to: view.price(correction.to),
        reason: correction.reason.clone(),
    });
    shown.collect()
}

/// Whether the reference from which `line` started `date` is still the price of an earlier `correction`: it is the line's
/// last one, no trade has made a price since, and the day it was made on did not close at that price by itself. Where the last
/// trade closes a day, turnover does not tell that price: then a correction that fits is shown.
fn in_force(
    view: &View<'_>,
    date: Date,
    line: &PriceLine,
    correction: &Correction,
    all: &[Correction],
) -> bool {
    let mut of_line = all.iter().filter(|other| other.line == line.line);
    let last = of_line.clone().rfind(|other| other.date < date);
    // A correction of this very day, made before its trading, replaced the price that the day started from.
    let start = of_line
        .find(|other| other.date == date)
        .filter(|first| line.corrected.is_none() || first.from != line.close)
        .map_or(line.previous_close, |first| first.from);
    if last != Some(correction) || correction.to != start {
        return false;
    }
    let makes_price = |(index, instrument): &(usize, &Instrument)| match line.line {
        Line::Instrument(id) => id.index() == *index,
        Line::Composite(market) => instrument.market == market,
    };
    let continuous = view.state.venue().rules(view.market).continuous.as_ref();
    let averages = continuous.is_none_or(|continuous| continuous.close == ClosePrice::Average);
    let mut makers = view.state.venue().instruments().iter().enumerate().filter(makes_price);
    makers.all(|(_, instrument)| {
        instrument.past.iter().all(|(day, turnover)| {
            let listed = turnover[Method::Listed.index()];
            listed.volume == 0
                || *day < correction.date
                || (*day == correction.date
                    && (matches!(line.line, Line::Composite(_))
                        || !averages
                        || close(listed, instrument.tick_value) != Some(correction.to)))
        })
    })
}

fn close(listed: Turnover, tick_value: i64) -> Option<Price> {
    div_half_up(listed.amount, listed.volume.checked_mul(i128::from(tick_value))?).map(Price)
}

impl Report for PriceList {
    const FILE: &'static str = "price_list.csv";

    fn text(&self) -> String {
        let Self { market, date, currency, unit, .. } = self;
        let state = if self.ended { "" } else { " (the day is not over: prices as they stand)" };
        let mut text = format!("Price list {market} {date}, {currency} per {unit}{state}\n\n");
        if self.lines.is_empty() {
            text.push_str("No instrument is listed.\n");
            return text;
        }
        text.push_str(&self.prices());
        let quiet = |line: &PriceListLine| {
            line.turnover.iter().all(|turnover| turnover.volume.bytes().all(|b| b"0.".contains(&b)))
        };
        if self.lines.iter().all(quiet) {
            text.push_str("\nNothing traded.\n");
        }
        let halted: Vec<&str> = self.lines.iter().filter(|l| l.halted).map(|l| l.line.as_str()).collect();
        if !halted.is_empty() {
            text.push_str(&format!("\nHalted: {}\n", halted.join(", ")));
        }
        text.push('\n');
        text.push_str(&self.turnover());
        if !self.corrections.is_empty() {
            text.push_str("\nReference prices corrected by the operator\n\n");
            let heads = [left("Day"), left("Line"), right("From"), right("To"), left("Reason")];
            let row =
                |c: &ReferenceCorrection| [&c.date, &c.line, &c.from, &c.to, &c.reason].map(String::clone);
            text.push_str(&table(&heads, self.corrections.iter().map(|c| row(c).to_vec()).collect()));
        }
        text
    }

    fn header(&self) -> Vec<String> {
        let names = ["date", "line", "previous_close", "open", "high", "low", "close", "next_reference"];
        let mut header: Vec<String> = names.map(str::to_owned).to_vec();
        for method in self.methods.iter().map(name_of) {
            let columns = ["volume", "turnover", "total_volume", "total_turnover"];
            header.extend(columns.map(|column| format!("{method}_{column}")));
        }
        header.extend(["halted", "corrections"].map(str::to_owned));
        header
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |line: &PriceListLine| {
            let mut row = vec![
                self.date.clone(),
                line.line.clone(),
                line.previous_close.clone(),
                line.open.clone(),
                line.high.clone().unwrap_or_default(),
                line.low.clone().unwrap_or_default(),
                line.close.clone(),
                line.next_reference.clone().unwrap_or_default(),
            ];
            for t in &line.turnover {
                row.extend([&t.volume, &t.turnover, &t.total_volume, &t.total_turnover].map(String::clone));
            }
            let corrections = self.corrections.iter().filter(|correction| correction.line == line.line);
            let corrections: Vec<String> = corrections
                .map(|c| format!("{} from {} to {}: {}", c.date, c.from, c.to, c.reason))
                .collect();
            row.extend([yes(line.halted), corrections.join("; ")]);
            row
        };
        self.lines.iter().map(row).collect()
    }
}

impl PriceList {
    fn prices(&self) -> String {
        let corrected = self.lines.iter().any(|line| line.next_reference.is_some());
        let mut heads = vec![left("Line")];
        heads.extend(["Previous close", "Open", "High", "Low", "Close"].map(right));
        heads.extend(corrected.then(|| right("Next reference")));
        let shown = |price: &Option<String>| price.clone().unwrap_or_else(|| "-".to_owned());
        let row = |line: &PriceListLine| {
            let PriceListLine { line, previous_close, open, high, low, close, next_reference, .. } = line;
            let (high, low) = (shown(high), shown(low));
            let mut row = vec![line.clone(), previous_close.clone(), open.clone(), high, low, close.clone()];
            row.extend(corrected.then(|| shown(next_reference)));
            row
        };
        table(&heads, self.lines.iter().map(row).collect())
    }

    fn turnover(&self) -> String {
        let Self { currency, unit, .. } = self;
        let heads = [
            left("Line"),
            left("Method"),
            right(format!("Volume {unit}")),
            right(format!("Turnover {currency}")),
            right(format!("Total volume {unit}")),
            right(format!("Total turnover {currency}")),
        ];
        let mut rows = Vec::new();
        for line in &self.lines {
            for (index, t) in line.turnover.iter().enumerate() {
                let name = if index == 0 { line.line.clone() } else { String::new() };
                let mut row = vec![name, name_of(t.method)];
                row.extend([&t.volume, &t.turnover, &t.total_volume, &t.total_turnover].map(String::clone));
                rows.push(row);
            }
        }
        table(&heads, rows)
    }
}
