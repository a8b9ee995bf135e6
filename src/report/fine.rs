//! The fine on a shortfall: its rule, the average price it stands on, and the range for one participant.

use super::{View, name_of};
use base::{Date, Method, Money, half_up};
use registry::rules::Fine;
use serde::Serialize;
use trading::Turnover;

/// The rule for fines, as in force on the market's current date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FineRule {
    /// Multiples of the average price of the month before the deadline (清缴时限前一个月市场交易平均成交价格) × shortfall.
    OfAveragePrice {
        /// The least multiple.
        least: i64,
        /// The greatest multiple.
        most: i64,
        /// The trades that make the average.
        methods: Vec<Method>,
    },
    /// A sum whatever the shortfall.
    Fixed {
        /// The least sum.
        least: String,
        /// The greatest sum.
        most: String,
    },
}

/// The average price of the month before a deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AveragePrice {
    /// The first day of the month.
    pub from: String,
    /// The deadline.
    pub to: String,
    /// Units traded.
    pub volume: String,
    /// Money they were traded for.
    pub turnover: String,
    /// The average, rounded half-up to be shown: fines are computed from the exact quotient. `None` where nothing traded.
    pub price: Option<String>,
}

/// From the least fine to the greatest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FineRange {
    /// The least.
    pub least: String,
    /// The greatest.
    pub most: String,
}

/// What fines are worked out from, for one deadline.
pub(super) struct Basis<'a> {
    pub(super) rule: &'a Fine,
    /// The month's trades, where the rule asks for them; `None` also where they outgrow 128 bits.
    pub(super) month: Option<Turnover>,
}

impl<'a> Basis<'a> {
    pub(super) fn of(view: &View<'_>, rule: &'a Fine, deadline: Date) -> Self {
        let month = match rule {
            Fine::OfAveragePrice { methods, .. } => month_before(view, methods, deadline),
            Fine::Fixed { .. } => None,
        };
        Self { rule, month }
    }

    /// The fine on a shortfall, or why there is none to show.
    pub(super) fn fine(&self, view: &View<'_>, shortfall: i128) -> Result<FineRange, &'static str> {
        let (least, most) = match self.rule {
            Fine::Fixed { least, most } => (i128::from(least.0), i128::from(most.0)),
            Fine::OfAveragePrice { least, most, .. } => {
                let month = self.month.ok_or(super::TOO_LARGE)?;
                if month.volume == 0 {
                    return Err("no trades in the month before the deadline");
                }
                let fine = |multiple: i64| {
                    let product = month.amount.checked_mul(shortfall)?.checked_mul(i128::from(multiple))?;
                    half_up(product, month.volume)
                };
                (fine(*least).ok_or(super::TOO_LARGE)?, fine(*most).ok_or(super::TOO_LARGE)?)
            }
        };
        Ok(FineRange { least: view.money(least), most: view.money(most) })
    }

    pub(super) fn average(&self, view: &View<'_>, deadline: Date) -> Option<AveragePrice> {
        let month = self.month?;
        let format = view.adopted.rulebook.price;
        let tick_value = i128::from(view.state.venue().rules(view.market).tick_value);
        let price = month.amount.checked_mul(i128::from(format.tick)).and_then(|product| {
            Some(base::decimal::text(
                half_up(product, month.volume.checked_mul(tick_value)?)?,
                format.decimals,
            ))
        });
        Some(AveragePrice {
            from: deadline.month_before().next().to_string(),
            to: deadline.to_string(),
            volume: view.units(month.volume),
            turnover: view.money(month.amount),
            price,
        })
    }
}

impl FineRule {
    pub(super) fn of(view: &View<'_>, fine: &Fine) -> Self {
        let money = |money: &Money| view.money(i128::from(money.0));
        match fine {
            Fine::OfAveragePrice { least, most, methods } => {
                Self::OfAveragePrice { least: *least, most: *most, methods: methods.clone() }
            }
            Fine::Fixed { least, most } => Self::Fixed { least: money(least), most: money(most) },
        }
    }

    /// The rule in words.
    pub(super) fn sentence(&self, currency: &str) -> String {
        use super::table::grouped;
        match self {
            Self::OfAveragePrice { least, most, methods } => {
                let methods: Vec<String> = methods.iter().map(name_of).collect();
                let methods = methods.join(", ");
                format!(
                    "{least} to {most} times average price times shortfall;\naverage of the month before the \
                     deadline, trades by {methods}."
                )
            }
            Self::Fixed { least, most } => format!("{} to {} {currency}.", grouped(least), grouped(most)),
        }
    }
}

/// What was traded by some methods in all instruments of a market, in the month that ends with `deadline`.
fn month_before(view: &View<'_>, methods: &[Method], deadline: Date) -> Option<Turnover> {
    let after = deadline.month_before();
    let today = view.state.venue().list_date(view.market);
    let instruments = view.state.venue().instruments().iter().filter(|i| i.market == view.market);
    let days = instruments
        .flat_map(|instrument| instrument.past.iter().copied().chain([(today, instrument.day.priced())]));
    let in_month = days.filter(|(date, _)| after < *date && *date <= deadline);
    let counted = in_month.flat_map(|(_, day)| methods.iter().map(move |method| day[method.index()]));
    counted.into_iter().try_fold(Turnover::default(), |sum, turnover| {
        Some(Turnover {
            volume: sum.volume.checked_add(turnover.volume)?,
            amount: sum.amount.checked_add(turnover.amount)?,
        })
    })
}
