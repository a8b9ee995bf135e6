//! What a rulebook tells the registry.

use base::{BasisPoints, Date, Method, Money, Quantity};
use serde::{Deserialize, Serialize};

/// The registry's rules for one market, as in force on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// What was bought may be sold this many days later: 0 at once, 1 from the next day.
    pub resale_after_days: u32,
    /// The most that one participant may hold of the market's units, where a transfer beyond it is refused.
    pub holding_limit: Option<Quantity>,
    /// Pre-allocation: this share of the last verified emissions, rounded down.
    pub preallocation: Option<BasisPoints>,
    /// The final allocation leaves no greater shortfall than this share of the verified emissions (缺口上限).
    #[serde(default)]
    pub shortfall_cap: Option<BasisPoints>,
    /// Compliance periods, oldest first.
    pub periods: Vec<Period>,
    /// Whether units of a later vintage than the period may meet its duty (borrowing).
    pub borrowing: bool,
    /// Offsets may meet at most this share of a duty, rounded down.
    pub offset_cap: BasisPoints,
    /// The fine on a shortfall, where the rules know one.
    pub fine: Option<Fine>,
    /// Conversion of old units into new ones (carry-over, 结转), where it is open.
    pub carry_over: Option<CarryOver>,
}

/// A compliance period: emissions of its years are met by one surrender (清缴).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The period is named by its last year.
    pub year: i32,
    /// The last day to surrender.
    pub deadline: Date,
}

/// The fine on a shortfall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fine {
    /// Multiples of (average price of the month before the deadline × shortfall).
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
        least: Money,
        /// The greatest sum.
        most: Money,
    },
}

/// The parameters of a carry-over. The formula itself is market code: it proposes a conversion, the registry checks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarryOver {
    /// First day to apply.
    pub opens: Date,
    /// Last day to apply.
    pub closes: Date,
    /// Net sales count from this day.
    pub sales_from: Date,
    /// Net sales count up to and including this day; the holding is that at its end.
    pub sales_to: Date,
    /// Granted to everyone.
    pub base: Quantity,
    /// Granted on top for each unit sold net.
    pub of_net_sales: BasisPoints,
    /// Only vintages up to this year may be converted.
    pub vintage_to: i32,
    /// The vintage that they become.
    pub into_vintage: i32,
}
