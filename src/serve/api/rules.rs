//! Rulebooks: what was adopted, what another one would change, and its adoption.

use super::acts::act_view;
use super::commands::{Sent, send_command};
use super::views::{date, market};
use crate::node::Follower;
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint, Later};
use crate::serve::problem::Problem;
use crate::serve::reply::Reply;
use axum::http::{Method, StatusCode};
use base::{ActId, Date, MarketId, Sentence};
use engine::rulebook::{Rulebook, Version};
use engine::{Command, EngineRejection, State};
use roster::Duty;
use rulebook::{Mistake, What};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

const TAG: &str = "rules";
const OPERATORS: Allowed = Allowed::Duties(&[Duty::Operator]);

pub(super) fn endpoints() -> Vec<Endpoint> {
    use Allowed::{MarketData, SignedIn};
    vec![
        Endpoint::reads(
            "/v1/markets/{market}/rulebook",
            MarketData,
            TAG,
            "All rules of a market, by date, as the engine holds them",
            rulebook,
        )
        .gives::<serde_json::Value>(),
        Endpoint::reads(
            "/v1/markets/{market}/rules",
            MarketData,
            TAG,
            "The rules in force as a rulebook file states them, and all that was adopted as one file",
            rules,
        )
        .gives::<RulesView>(),
        Endpoint::acts(
            Method::POST,
            "/v1/markets/check",
            OPERATORS,
            TAG,
            "What a rulebook would change, and its mistakes; nothing is sent",
            check,
        )
        .with_body::<Draft>()
        .gives::<RulesCheck>(),
        Endpoint::acts(
            Method::POST,
            "/v1/markets",
            OPERATORS,
            TAG,
            "Adopt a rulebook (a second person approves)",
            adopt,
        )
        .with_body::<NewRules>()
        .gives::<Sent>()
        .gives_at::<Sent>(202),
        Endpoint::reads(
            "/v1/acts/{act}/rules",
            SignedIn,
            TAG,
            "What the rulebook of an act that waits would change",
            proposed,
        )
        .gives::<RulesCheck>(),
    ]
}

fn rulebook(call: &Call, follower: &Follower) -> Answered {
    let id = market(follower.state(), call.parameter("market"))?;
    Ok(Reply::json(&follower.state().markets()[id.index()].rulebook))
}

/// A rule, as a rulebook file states it.
#[derive(Debug, Serialize, ToSchema)]
struct RuleView {
    /// Where it stands below its version: `trading.continuous.band`.
    path: String,
    /// What is written there, in TOML.
    value: String,
}

/// A version of the rules.
#[derive(Debug, Serialize, ToSchema)]
struct VersionView {
    /// Its first day.
    from: String,
    /// Where it comes from.
    source: String,
    /// `past`, `in_force`, or `coming`.
    status: String,
}

/// The rules of a market.
#[derive(Debug, Serialize, ToSchema)]
struct RulesView {
    /// The market.
    market: String,
    /// The day from which what is adopted today can hold.
    holds_from: String,
    /// Every version that was adopted, by date.
    versions: Vec<VersionView>,
    /// Each rule in force today.
    rules: Vec<RuleView>,
    /// All that was adopted, as a rulebook file.
    rulebook: String,
}

fn rules(call: &Call, follower: &Follower) -> Answered {
    let state = follower.state();
    let id = market(state, call.parameter("market"))?;
    let adopted = &state.markets()[id.index()];
    let book = &adopted.rulebook;
    let versions = book.versions.iter().map(|version| VersionView {
        from: date(version.from),
        source: version.source.clone(),
        status: match version.from.cmp(&adopted.in_force) {
            Ordering::Less => "past",
            Ordering::Equal => "in_force",
            Ordering::Greater => "coming",
        }
        .to_owned(),
    });
    let rules = rulebook::rules(book, &in_force(state, id));
    let rules = rules.into_iter().map(|rule| RuleView { path: rule.path, value: rule.value });
    Ok(Reply::json(&RulesView {
        market: book.code.clone(),
        holds_from: date(holds_from(call, state, id)),
        versions: versions.collect(),
        rules: rules.collect(),
        rulebook: rulebook::write(book),
    }))
}

/// The rules that the rooms go by: what was adopted today is not among them yet.
fn in_force(state: &State, id: MarketId) -> Version {
    let adopted = &state.markets()[id.index()];
    Version {
        from: adopted.in_force,
        source: adopted.rulebook.version_on(adopted.in_force).source.clone(),
        trading: state.venue().rules(id).clone(),
        clearing: state.clearing().rules(id).clone(),
        registry: state.registry().rules(id).clone(),
        supervision: *state.watch().rules(id),
        two_persons: adopted.two_persons.clone(),
    }
}

/// The first day on which an amendment of today can hold: the market's next one.
fn holds_from(call: &Call, state: &State, id: MarketId) -> Date {
    let today = state.venue().rules(id).calendar.local(call.app.clock.now()).0;
    state.venue().date(id).max(today).next()
}

/// A mistake in a rulebook.
#[derive(Debug, Default, Serialize, ToSchema)]
struct MistakeView {
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
    /// The key, such as `version[1].trading.listing.band`; empty for the file as a whole.
    key: String,
    /// What kind of mistake: `syntax`, `unexpected`, `missing`, `unknown`, or `broken`.
    kind: String,
    /// Of `syntax`: what the reader of TOML says.
    #[serde(skip_serializing_if = "Option::is_none")]
    syntax: Option<String>,
    /// Of `unexpected` and `missing`: what the key takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    /// Of `broken`: the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// Of `unexpected` and `broken`: what stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    /// Of `missing`: the table where the key belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    /// Of `unknown`: the key that was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<String>,
    /// What is wrong, in a sentence.
    detail: String,
}

impl MistakeView {
    fn of(mistake: &Mistake) -> Self {
        let (mut view, what) = (Self::default(), mistake.what.clone());
        view.kind = match &what {
            What::Syntax(_) => "syntax",
            What::Unexpected { .. } => "unexpected",
            What::Missing { .. } => "missing",
            What::Unknown { .. } => "unknown",
            What::Broken { .. } => "broken",
        }
        .to_owned();
        (view.line, view.column) = (mistake.line, mistake.column);
        (view.key, view.detail) = (mistake.key.clone(), what.to_string());
        match what {
            What::Syntax(said) => view.syntax = Some(said),
            What::Unexpected { expected, found } => {
                (view.expected, view.found) = (Some(expected), Some(found));
            }
            What::Missing { table, expected } => {
                (view.table, view.expected) = (Some(table), Some(expected));
            }
            What::Unknown { nearest } => view.nearest = nearest,
            What::Broken { rule, found } => (view.rule, view.found) = (Some(rule), Some(found)),
        }
        view
    }
}

/// A rule that would be another one.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct ChangeView {
    /// From this day on.
    from: String,
    /// Where the rule stands: `trading.continuous.band`.
    path: String,
    /// What holds on that day without this rulebook; nothing where there is no such rule.
    was: Option<String>,
    /// What would hold; nothing where the rule ends.
    will: Option<String>,
    /// Where the version that would hold comes from.
    source: String,
}

/// What a rulebook would change.
#[derive(Debug, Default, Serialize, ToSchema)]
struct RulesCheck {
    /// What cannot be read, in order; then the rest is empty.
    mistakes: Vec<MistakeView>,
    /// The market.
    market: Option<String>,
    /// It is a new one.
    opens: bool,
    /// The first day on which any of it holds.
    holds_from: Option<String>,
    /// What would be another rule, by date.
    changes: Vec<ChangeView>,
    /// Why it would be refused, where that is known before it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

/// A rulebook to be looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Draft {
    /// The rulebook as it is written in a file (docs/rulebook.md), without `extends`.
    rulebook: String,
}

fn check(call: Call) -> Later {
    Box::pin(async move {
        let Draft { rulebook } = call.json()?;
        Ok(Reply::json(&match read(&rulebook) {
            Ok(rules) => compare(&call, call.app.reader.read().state(), &rules),
            Err(error) => RulesCheck { mistakes: mistakes(&error), ..RulesCheck::default() },
        }))
    })
}

fn read(text: &str) -> Result<Rulebook, rulebook::Error> {
    let mut none =
        |name: &str| Err(std::io::Error::other(format!("{name}: a rulebook sent to a node stands alone")));
    rulebook::parse(text, "rulebook", &mut none)
}

fn mistakes(error: &rulebook::Error) -> Vec<MistakeView> {
    let rulebook::Error::Mistakes(all) = error else { return Vec::new() };
    all.iter().map(MistakeView::of).collect()
}

/// What the rules of `new` would be beside those that were adopted, from the first day on which they can hold.
fn compare(call: &Call, state: &State, new: &Rulebook) -> RulesCheck {
    let market = Some(new.code.clone());
    let Some(id) = state.market_id(&new.code) else {
        let now = call.app.clock.now();
        let first = new.versions.first().map(|version| version.trading.calendar.local(now).0);
        let first = first.unwrap_or_default();
        let (from, changes) = (Some(date(first)), changes(None, new, first));
        return RulesCheck { market, opens: true, holds_from: from, changes, ..RulesCheck::default() };
    };
    let old = &state.markets()[id.index()].rulebook;
    let first = holds_from(call, state, id);
    let same = (&old.currency, &old.unit, old.price) == (&new.currency, &new.unit, new.price);
    RulesCheck {
        market,
        holds_from: Some(date(first)),
        changes: if same { changes(Some(old), new, first) } else { Vec::new() },
        refusal: (!same).then(|| EngineRejection::FormatChanged.code().to_owned()),
        ..RulesCheck::default()
    }
}

/// The rules that differ on `first` and on each later day on which either rulebook begins a version; what differs in the
/// same way as before is not said again.
fn changes(old: Option<&Rulebook>, new: &Rulebook, first: Date) -> Vec<ChangeView> {
    type Rules = BTreeMap<String, String>;
    let on = |book: &Rulebook, day: Date| -> Rules {
        let rules = rulebook::rules(book, book.version_on(day));
        let name = ("name".to_owned(), book.name.clone());
        rules.into_iter().map(|rule| (rule.path, rule.value)).chain([name]).collect()
    };
    let later = old.into_iter().chain([new]).flat_map(|book| &book.versions).map(|version| version.from);
    let days: BTreeSet<Date> = later.filter(|day| *day > first).chain([first]).collect();
    let mut said: BTreeMap<String, (Option<String>, Option<String>)> = BTreeMap::new();
    let mut all = Vec::new();
    for day in days {
        let (was, will) = (old.map(|old| on(old, day)).unwrap_or_default(), on(new, day));
        let source = &new.version_on(day).source;
        let paths: BTreeSet<&String> = was.keys().chain(will.keys()).chain(said.keys()).collect();
        let mut now = BTreeMap::new();
        for path in paths {
            let pair = (was.get(path).cloned(), will.get(path).cloned());
            let differs = pair.0 != pair.1;
            if said.get(path).map_or(differs, |before| *before != pair) {
                let (was, will) = pair.clone();
                all.push(ChangeView {
                    from: date(day),
                    path: path.clone(),
                    was,
                    will,
                    source: source.clone(),
                });
            }
            if differs {
                now.insert(path.clone(), pair);
            }
        }
        said = now;
    }
    all
}

/// A rulebook to be adopted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRules {
    /// Your own name for this command.
    #[schema(min_length = 1, max_length = 64)]
    id: Option<String>,
    /// The rulebook as it is written in a file (docs/rulebook.md), without `extends`.
    rulebook: String,
}

fn adopt(call: Call) -> Later {
    Box::pin(async move {
        let NewRules { id, rulebook } = call.json()?;
        let rules = read(&rulebook).map_err(|error| Problem::field("rulebook", error.to_string()))?;
        let command = Command::AdoptRulebook(Box::new(rules));
        let sent = send_command(&call.app, call.caller()?, call.name(id), command).await?;
        let status = if sent.act.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
        Ok(Reply::json_at(status, &sent).at(sent.sequence))
    })
}

fn proposed(call: &Call, follower: &Follower) -> Answered {
    let (id, state, caller) = (ActId(call.number("act")?), follower.state(), call.caller()?);
    let seen = state.act(id).filter(|act| act_view(state, caller, act).is_some());
    match seen.map(|act| &act.command) {
        Some(Command::AdoptRulebook(rules)) => Ok(Reply::json(&compare(call, state, rules))),
        _ => Err(Problem::not_found(format_args!("rulebook in act {}", id.0))),
    }
}
