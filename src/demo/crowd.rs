//! The crowd: users who trade by themselves. Each of their commands takes the way that a request takes, from the check of the
//! user on; only HTTP is left out.
//!
//! They believe in a fair price that wanders, quote around it, take what others quote, and change their minds. They take listings
//! and accept blocks of the visitor's too, so that nobody trades alone.

use crate::demo::Random;
use crate::demo::cast::{ALLOWANCES, BONDS, CROWD};
use crate::serve::access::{Caller, Via};
use crate::serve::{App, Sent, send};
use anyhow::{Context, Result};
use base::Side;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Orders of the crowd that stand at a time, for each instrument.
const STANDING_MAX: usize = 40;
/// Of a hundred acts, so many are on the book; the others are in the market of listings.
const ON_THE_BOOK: u64 = 70;
/// Acts between two looks at what the visitor offers.
const LOOK_EVERY: u64 = 12;

struct Member {
    caller: Caller,
    accounts: &'static [&'static str],
}

/// Something that is traded, in hundredths of the currency.
struct Line {
    code: &'static str,
    reference: i64,
    fair: i64,
    standing: VecDeque<Standing>,
}

/// An order or a listing of the crowd that may still stand.
#[derive(Clone, Copy)]
struct Standing {
    member: usize,
    account: &'static str,
    number: u64,
    side: Side,
    price: i64,
}

/// See the module.
pub struct Crowd {
    app: Arc<App>,
    members: Vec<Member>,
    bonds: Vec<Line>,
    allowances: Vec<Line>,
    random: Random,
    acts: u64,
}

impl Line {
    fn new(code: &'static str, reference: &str) -> Self {
        let reference = reference.replace('.', "").parse().unwrap_or(10_000);
        Self { code, reference, fair: reference, standing: VecDeque::new() }
    }

    /// Lets the fair price wander, and draws it back where it goes too far.
    fn wander(&mut self, random: &mut Random) {
        let pull = (self.reference - self.fair) * 100 / self.reference;
        self.fair += random.between(-2, 2) + pull.clamp(-1, 1);
    }
}

fn price(hundredths: i64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn word(side: Side) -> &'static str {
    if side == Side::Buy { "buy" } else { "sell" }
}

/// A price that is better for others than the fair one by so much: a buyer pays more, a seller asks less.
fn towards(side: Side, fair: i64, by: i64) -> i64 {
    if side == Side::Buy { fair + by } else { fair - by }
}

impl Standing {
    /// Whether someone who would list at a price does better to take this one.
    fn is_better(&self, side: Side, price: i64) -> bool {
        self.side != side && if side == Side::Buy { self.price <= price } else { self.price >= price }
    }
}

impl Crowd {
    /// The crowd of a node that serves the demonstration.
    ///
    /// # Errors
    /// A member of the cast is not there.
    pub fn gather(app: Arc<App>, seed: u64) -> Result<Self> {
        let follower = app.reader.read();
        let state = follower.state();
        let members = CROWD.iter().map(|(_, _, _, accounts, user)| {
            let id = state.roster().user_named(user);
            let caller = id.and_then(|id| Caller::of(state, id, Via::Session(String::new())));
            let caller = caller.map(|caller| caller.at(engine::Door::Node));
            Ok(Member { caller: caller.with_context(|| format!("there is no user {user}"))?, accounts })
        });
        let members = members.collect::<Result<Vec<_>>>()?;
        drop(follower);
        let bonds = BONDS.iter().map(|(code, reference)| Line::new(code, reference)).collect();
        let allowances = ALLOWANCES.iter().map(|(code, _, reference)| Line::new(code, reference)).collect();
        Ok(Self { app, members, bonds, allowances, random: Random(seed), acts: 0 })
    }

    /// Trades until it is dropped, so many acts a second.
    pub async fn trade(mut self, per_second: u32) {
        self.follow_the_market();
        let mut pace = tokio::time::interval(Duration::from_secs(1) / per_second.max(1));
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            self.acts += 1;
            if self.acts.is_multiple_of(LOOK_EVERY) {
                self.look_around().await;
            } else if self.random.percent(ON_THE_BOOK) {
                self.on_the_book().await;
            } else {
                self.by_listing().await;
            }
        }
    }

    /// Begins where the market is.
    fn follow_the_market(&mut self) {
        let follower = self.app.reader.read();
        let venue = follower.state().venue();
        for line in self.bonds.iter_mut().chain(&mut self.allowances) {
            if let Some(id) = venue.instrument_id(line.code)
                && let Some(instrument) = venue.instrument(id)
            {
                line.fair = instrument.last_or_reference().0;
                line.reference = instrument.day.reference.0;
            }
        }
    }

    fn someone(&mut self) -> (usize, &'static str) {
        let member = usize::try_from(self.random.below(self.members.len() as u64)).unwrap_or(0);
        let accounts = self.members.get(member).map_or(&["" as &'static str][..], |member| member.accounts);
        (member, self.random.one_of(accounts).copied().unwrap_or_default())
    }

    fn side(&mut self) -> Side {
        if self.random.percent(50) { Side::Buy } else { Side::Sell }
    }

    async fn send(&self, member: usize, command: &Value) -> Option<Sent> {
        let caller = &self.members.get(member)?.caller;
        let mut fields = command.as_object()?.clone();
        let name = fields.shift_remove("do")?;
        let (_, wire) = gateway::parse_fields(name.as_str()?, &Value::Object(fields).to_string()).ok()?;
        match send(&self.app, caller, None, &wire).await {
            Ok(sent) => Some(sent),
            Err(problem) => {
                tracing::trace!("the crowd: {command}: {problem:?}");
                None
            }
        }
    }

    async fn on_the_book(&mut self) {
        let place = usize::from(self.random.percent(35));
        let (member, account) = self.someone();
        let (side, doing) = (self.side(), self.random.below(100));
        let lots = self.random.between(1, 12) * 1_000;
        let Self { bonds, random, .. } = self;
        let Some(line) = bonds.get_mut(place) else { return };
        line.wander(random);
        let code = line.code;
        if line.standing.len() >= STANDING_MAX || (doing < 20 && !line.standing.is_empty()) {
            let Some(old) = line.standing.pop_front() else { return };
            let cancel = json!({"do": "cancel_order", "account": old.account, "order": old.number});
            self.send(old.member, &cancel).await;
        } else if doing < 48 {
            let limit = towards(side, line.fair, random.between(1, 5));
            let take = json!({"do": "place_order", "account": account, "instrument": code, "side": word(side),
                "price": price(limit), "quantity": lots / 2_000 * 1_000 + 1_000, "life": "ioc"});
            self.send(member, &take).await;
        } else if doing < 53 && !line.standing.is_empty() {
            let Some(old) = line.standing.pop_back() else { return };
            let limit = towards(old.side, line.fair, -random.between(1, 6));
            let amend = json!({"do": "amend_order", "account": old.account, "order": old.number, "price": price(limit), "quantity": lots});
            if self.send(old.member, &amend).await.is_some() {
                self.bonds[place].standing.push_back(old);
            }
        } else {
            let limit = towards(side, line.fair, -random.between(1, 12));
            let mut quote = json!({"do": "place_order", "account": account, "instrument": code, "side": word(side),
                "price": price(limit), "quantity": lots});
            if lots >= 10_000 {
                quote["display"] = 2_000.into();
            }
            let made = self.send(member, &quote).await.and_then(|sent| sent.created);
            if let Some(made) = made {
                let standing = Standing { member, account, number: made.number, side, price: limit };
                self.bonds[place].standing.push_back(standing);
            }
        }
    }

    async fn by_listing(&mut self) {
        let place = usize::from(self.random.percent(60));
        let (member, account) = self.someone();
        let (side, doing) = (self.side(), self.random.below(100));
        let quantity = self.random.between(1, 60) * 50;
        let Self { allowances, random, .. } = self;
        let Some(line) = allowances.get_mut(place) else { return };
        line.wander(random);
        let code = line.code;
        if line.standing.len() >= STANDING_MAX || (doing < 15 && !line.standing.is_empty()) {
            let Some(old) = line.standing.pop_front() else { return };
            let cancel = json!({"do": "cancel_listing", "account": old.account, "listing": old.number});
            self.send(old.member, &cancel).await;
        } else if doing < 50 && !line.standing.is_empty() {
            // The newest ones are near the fair price. One firm's two accounts may meet: supervision will notice.
            let back = usize::try_from(random.below(6)).unwrap_or(0) % line.standing.len();
            let Some(listing) = line.standing.get(line.standing.len() - 1 - back).copied() else { return };
            let take = json!({"do": "take_listing", "account": account, "listing": listing.number, "quantity": quantity / 2});
            self.send(member, &take).await;
        } else {
            let limit = towards(side, line.fair, -random.between(1, 25));
            if let Some(better) = line.standing.iter().position(|standing| standing.is_better(side, limit)) {
                let Some(listing) = line.standing.remove(better) else { return };
                let take = json!({"do": "take_listing", "account": account, "listing": listing.number, "quantity": quantity});
                self.send(member, &take).await;
                return;
            }
            let list = json!({"do": "place_listing", "account": account, "instrument": code, "side": word(side),
                "price": price(limit), "quantity": quantity});
            let made = self.send(member, &list).await.and_then(|sent| sent.created);
            if let Some(made) = made {
                let standing = Standing { member, account, number: made.number, side, price: limit };
                self.allowances[place].standing.push_back(standing);
            }
        }
    }

    /// Takes a listing of the visitor's that is near the fair price, and accepts a block that is proposed to the crowd.
    async fn look_around(&mut self) {
        let (member, account) = self.someone();
        let found = self.offered_by_others();
        if let Some((listing, left)) = found {
            let quantity = self.random.between(1, left.max(1));
            let take =
                json!({"do": "take_listing", "account": account, "listing": listing, "quantity": quantity});
            self.send(member, &take).await;
        }
        if let Some((member, account, proposal)) = self.proposed_to_us() {
            self.send(member, &json!({"do": "accept_block", "account": account, "proposal": proposal})).await;
        }
    }

    fn is_ours(&self, code: &str) -> Option<(usize, &'static str)> {
        let accounts = self.members.iter().enumerate();
        let mut accounts =
            accounts.flat_map(|(member, of)| of.accounts.iter().map(move |account| (member, *account)));
        accounts.find(|(_, account)| *account == code)
    }

    fn offered_by_others(&self) -> Option<(u64, i64)> {
        let follower = self.app.reader.read();
        let state = follower.state();
        let listings = state.venue().orders().filter_map(|(id, listing)| {
            let owner = &state.registry().account(listing.terms.account)?.code;
            let instrument = &state.venue().instrument(listing.terms.instrument)?.code;
            let line = self.allowances.iter().find(|line| line.code == instrument)?;
            let price = listing.terms.price.0;
            // Half a percent away from the fair price is fair enough.
            let good = (price - line.fair).abs() * 200 <= line.fair
                || (listing.terms.side == Side::Buy) == (price > line.fair);
            (good && self.is_ours(owner).is_none()).then_some((id.0, listing.left().0))
        });
        listings.min_by_key(|(id, _)| *id)
    }

    fn proposed_to_us(&self) -> Option<(usize, &'static str, u64)> {
        let follower = self.app.reader.read();
        let state = follower.state();
        let mut proposals = state.venue().proposals();
        proposals.find_map(|(id, proposal)| {
            let code = &state.registry().account(proposal.terms.counterparty)?.code;
            let (member, account) = self.is_ours(code)?;
            Some((member, account, id.0))
        })
    }
}
