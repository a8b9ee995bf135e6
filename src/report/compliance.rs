//! Compliance: verified emissions (核查排放量), surrender (清缴), offsets (抵销), shortfalls (缺口) and the fines on them.

use super::fine::Basis;
use super::table::{grouped, left, right, table};
use super::{AveragePrice, FineRange, FineRule, Report, TOO_LARGE, View, yes};
use base::{Date, MarketId, Quantity, share};
use engine::State;
use gateway::Names;
use registry::{Standing, rules::Rules};
use serde::Serialize;

/// Where everyone with a duty stands, on the market's current date and by the rules in force on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compliance {
    /// The market's code.
    pub market: String,
    /// The market's current date.
    pub date: String,
    /// Money is in this currency.
    pub currency: String,
    /// Quantities are in this unit.
    pub unit: String,
    /// The periods with a duty, oldest first.
    pub periods: Vec<PeriodStanding>,
}

/// One compliance period (履约周期).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PeriodStanding {
    /// Its last year.
    pub year: i32,
    /// The last day to surrender, where the rules in force name the period.
    pub deadline: Option<String>,
    /// Whether that day is over.
    pub passed: bool,
    /// The rule for fines that holds when the deadline has passed, where there is one.
    pub fine: Option<FineRule>,
    /// The first day of the version that says so.
    pub fine_from: Option<String>,
    /// What a fine by average price stands on, once the deadline has passed.
    pub average: Option<AveragePrice>,
    /// By participant.
    pub duties: Vec<DutyLine>,
}

/// How a participant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DutyState {
    /// Everything was surrendered.
    Met,
    /// Something is still to be surrendered, and there is time.
    Open,
    /// The deadline has passed on a shortfall.
    Short,
    /// Everything was surrendered, but not before the authority had determined a shortfall.
    Late,
}

/// The duty of one participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DutyLine {
    /// Its code.
    pub participant: String,
    /// Verified emissions (核查排放量).
    pub verified: String,
    /// Allowances surrendered (配额清缴量).
    pub allowances: String,
    /// Offsets surrendered (抵销量).
    pub offsets: String,
    /// The most that offsets may meet.
    pub offset_cap: String,
    /// Still to be surrendered.
    pub open: String,
    /// What was missing when the authority looked after the deadline (缺口).
    pub determined: Option<String>,
    /// After the deadline: what the authority found missing, else what is still open. A fine is on this.
    pub shortfall: Option<String>,
    /// How it stands.
    pub state: DutyState,
    /// The range of the fine on the shortfall.
    pub fine: Option<FineRange>,
    /// Why there is a shortfall and no fine is shown.
    pub no_fine_because: Option<String>,
}

/// Whether a market has duties: its rules name a period in which one is met, or somebody has one.
#[must_use]
pub fn has_duties(state: &State, market: MarketId) -> bool {
    let adopted = state.markets().get(market.index());
    let named = adopted.is_some_and(|adopted| {
        adopted.rulebook.versions.iter().any(|version| !version.registry.periods.is_empty())
    });
    named || state.registry().standings().any(|standing| standing.market == market)
}

/// Where everyone with a duty in a market stands.
#[must_use]
pub fn compliance(state: &State, market: MarketId) -> Compliance {
    let Some(view) = View::of(state, market) else {
        return Compliance { market: Names(state).market(market), ..Compliance::default() };
    };
    let rules = state.registry().rules(market);
    let standings = state.registry().standings().filter(|standing| standing.market == market);
    let standings: Vec<Standing> = standings.collect();
    let today = state.venue().date(market);
    Compliance {
        market: view.code(),
        date: today.to_string(),
        currency: view.currency(),
        unit: view.unit(),
        periods: standings
            .chunk_by(|a, b| a.year == b.year)
            .filter_map(|duties| period(&view, rules, today, duties))
            .collect(),
    }
}

fn period(view: &View<'_>, rules: &Rules, today: Date, duties: &[Standing]) -> Option<PeriodStanding> {
    let Standing { year, deadline, .. } = *duties.first()?;
    let over = deadline.filter(|deadline| today > *deadline);
    // A fine is that of the day on which the deadline has passed, whatever rules came later.
    let version = deadline.map(|deadline| view.adopted.rulebook.version_on(deadline.next()));
    let rule = version.and_then(|version| version.registry.fine.as_ref());
    let basis = rule.zip(over).map(|(fine, deadline)| Basis::of(view, fine, deadline));
    let duty = |standing: &Standing| duty_line(view, rules, over.is_some(), basis.as_ref(), standing);
    Some(PeriodStanding {
        year,
        deadline: deadline.map(|deadline| deadline.to_string()),
        passed: over.is_some(),
        fine: rule.map(|fine| FineRule::of(view, fine)),
        fine_from: rule.and(version).map(|version| version.from.to_string()),
        average: basis.as_ref().zip(over).and_then(|(basis, deadline)| basis.average(view, deadline)),
        duties: duties.iter().map(duty).collect(),
    })
}

fn duty_line(
    view: &View<'_>,
    rules: &Rules,
    passed: bool,
    basis: Option<&Basis<'_>>,
    standing: &Standing,
) -> DutyLine {
    let duty = standing.duty;
    let units = |quantity: Quantity| view.units(i128::from(quantity.0));
    let cap = share(duty.verified.0, rules.offset_cap);
    let open = duty.open();
    let shortfall = duty.determined.or(passed.then_some(open));
    let missing = shortfall.filter(|shortfall| shortfall.is_positive());
    let fine = missing.map(|missing| {
        let basis = basis.ok_or("the rules name no fine")?;
        basis.fine(view, i128::from(missing.0))
    });
    DutyLine {
        participant: view.names.participant(standing.participant),
        verified: units(duty.verified),
        allowances: units(duty.allowances),
        offsets: units(duty.offsets),
        offset_cap: cap.map_or_else(|| TOO_LARGE.to_owned(), |cap| units(Quantity(cap))),
        open: units(open),
        determined: duty.determined.map(units),
        shortfall: shortfall.map(units),
        state: match (missing, open.is_positive()) {
            (Some(_), true) => DutyState::Short,
            (Some(_), false) => DutyState::Late,
            (None, true) => DutyState::Open,
            (None, false) => DutyState::Met,
        },
        no_fine_because: fine.as_ref().and_then(|fine| fine.as_ref().err()).map(|why| (*why).to_owned()),
        fine: fine.and_then(Result::ok),
    }
}

impl Report for Compliance {
    const FILE: &'static str = "compliance.csv";

    fn text(&self) -> String {
        let Self { market, date, unit, currency, .. } = self;
        let mut text = format!("Compliance {market} {date}, quantities in {unit}, money in {currency}\n");
        if self.periods.is_empty() {
            text.push_str("\nNo verified emissions are recorded.\n");
            return text;
        }
        for period in &self.periods {
            text.push_str(&format!("\nPeriod {}, {}\n\n", period.year, period.deadline_in_words()));
            text.push_str(&period.table());
            text.push_str(&period.notes(unit, currency));
        }
        text
    }

    fn header(&self) -> Vec<String> {
        let duty =
            ["year", "deadline", "deadline_passed", "participant", "verified", "allowances", "offsets"];
        let open = ["offset_cap", "open", "determined", "shortfall", "state", "average_price"];
        let fine = ["fine_least", "fine_most", "no_fine_because"];
        duty.into_iter().chain(open).chain(fine).map(str::to_owned).collect()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let rows = self.periods.iter().flat_map(|period| {
            let average = period.average.as_ref().and_then(|average| average.price.clone());
            let average = average.unwrap_or_default();
            period.duties.iter().map(move |duty| {
                let DutyLine { participant, verified, allowances, offsets, offset_cap, .. } = duty.clone();
                let DutyLine { open, determined, shortfall, fine, no_fine_because, .. } = duty.clone();
                let (least, most) = fine.map(|fine| (fine.least, fine.most)).unwrap_or_default();
                let mut row = vec![period.year.to_string(), period.deadline.clone().unwrap_or_default()];
                row.extend([yes(period.passed), participant, verified, allowances, offsets, offset_cap]);
                row.extend([open, determined.unwrap_or_default(), shortfall.unwrap_or_default()]);
                row.extend([super::name_of(duty.state), average.clone(), least, most]);
                row.push(no_fine_because.unwrap_or_default());
                row
            })
        });
        rows.collect()
    }
}

impl PeriodStanding {
    fn deadline_in_words(&self) -> String {
        match &self.deadline {
            None => "not named by the rules in force".to_owned(),
            Some(deadline) if self.passed => format!("deadline {deadline}, passed"),
            Some(deadline) => format!("deadline {deadline}"),
        }
    }

    fn table(&self) -> String {
        let mut heads = vec![left("Participant")];
        heads.extend(["Verified", "Allowances", "Offsets", "Offset cap", "Open"].map(right));
        if self.passed {
            heads.extend(["Shortfall", "Fine from", "Fine to"].map(right));
        }
        heads.push(left("State"));
        let row = |duty: &DutyLine| {
            let DutyLine { participant, verified, allowances, offsets, offset_cap, open, .. } = duty.clone();
            let mut row = vec![participant, verified, allowances, offsets, offset_cap, open];
            if self.passed {
                let none = || "-".to_owned();
                let fine = duty.fine.clone().map(|fine| [fine.least, fine.most]);
                row.push(duty.shortfall.clone().unwrap_or_else(none));
                row.extend(fine.unwrap_or_else(|| [none(), none()]));
            }
            row.push(match (duty.state, &duty.determined) {
                (DutyState::Short, Some(_)) => "determined".to_owned(),
                (state, _) => super::name_of(state),
            });
            row
        };
        table(&heads, self.duties.iter().map(row).collect())
    }

    fn notes(&self, unit: &str, currency: &str) -> String {
        let mut notes = String::new();
        if let (Some(fine), Some(from)) = (&self.fine, &self.fine_from) {
            notes.push_str(&format!(
                "\nFine on a shortfall (rules from {from}): {}\n",
                fine.sentence(currency)
            ));
        }
        if let Some(AveragePrice { from, to, volume, turnover, price }) = &self.average {
            let traded = format!("{} {unit} for {} {currency}", grouped(volume), grouped(turnover));
            let price = price.as_ref().map_or_else(
                || "no trades, no average price".to_owned(),
                |price| format!("{traded}, average price {}", grouped(price)),
            );
            notes.push_str(&format!("Month before the deadline, {from} to {to}: {price}\n"));
        }
        let mut reasons: Vec<&str> =
            self.duties.iter().filter_map(|duty| duty.no_fine_because.as_deref()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons {
            notes.push_str(&format!("No fine is shown: {reason}\n"));
        }
        notes
    }
}
