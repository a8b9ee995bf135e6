//! Participants, accounts and assets.

use super::control::is_code;
use super::finding::{Finding, Found, Kind, check};
use super::shadow::{Account, Asset, Owner, Participant, Shadow};
use super::verdict::{Verdict, first, registry as exactly};
use base::{AccountId, AssetId, ParticipantId};
use engine::Command;
use registry::{
    AssetClass, CloseAccount, DefineAsset, Event, OpenAccount, RegisterParticipant, RenameParticipant,
};

type Judged = Result<Verdict, &'static str>;

impl Shadow {
    fn judge_code(&self, code: &str, kind: usize) -> Result<(), &'static str> {
        first(&[
            (!is_code(code), "opening/code_malformed"),
            (self.codes[kind].contains_key(code), "opening/code_taken"),
        ])
    }

    pub(super) fn judge_register(&self, c: &RegisterParticipant) -> Judged {
        self.judge_code(&c.code, 0)?;
        let named = |account: &Account| account.owner == Owner::Named(c.code.clone());
        first(&[(self.accounts.iter().any(named), "opening/code_taken")])?;
        let participant = ParticipantId::at(self.participants.len());
        Ok(exactly(vec![Event::ParticipantRegistered { participant }]))
    }

    pub(super) fn judge_open(&self, c: &OpenAccount) -> Judged {
        self.judge_code(&c.code, 1)?;
        first(&[(c.participant.index() >= self.participants.len(), "opening/participant_unknown")])?;
        let own = self.codes[0].iter().find(|(_, id)| **id == c.participant.0).map(|(code, _)| code);
        let unfit =
            |owner: &String| !is_code(owner) || c.kind == registry::AccountKind::House && Some(owner) != own;
        first(&[(c.owner.as_ref().is_some_and(unfit), "opening/owner_unfit")])?;
        let account = AccountId::at(self.accounts.len());
        Ok(exactly(vec![Event::AccountOpened { account, participant: c.participant }]))
    }

    pub(super) fn judge_rename(&self, c: &RenameParticipant) -> Judged {
        let Some(known) = self.participants.get(c.participant.index()) else {
            return Err("change/participant_unknown");
        };
        let bare = c.name.trim();
        let malformed = bare.is_empty() || bare.len() > 200 || c.name.chars().any(char::is_control);
        first(&[(malformed, "change/name_malformed"), (known.name == c.name, "change/nothing_to_do")])?;
        Ok(exactly(vec![Event::ParticipantRenamed { participant: c.participant }]))
    }

    pub(super) fn judge_close(&self, c: &CloseAccount) -> Judged {
        let id = c.account.0;
        let fees = self.markets.iter().any(|market| market.fee_account == id);
        let stands = self.standing().any(|(_, _, order)| order.account == id)
            || self.blocks.values().any(|block| block.counterparty == id)
            || self.books.values().any(|order| order.account == id);
        let holds =
            self.ledger.cells().any(|((account, _), held)| account == id && held.iter().sum::<i128>() > 0);
        first(&[
            (self.owner(id).is_none(), "change/account_unknown"),
            (fees, "change/account_in_use"),
            (stands, "change/orders_stand"),
            (holds, "change/not_empty"),
        ])?;
        Ok(exactly(vec![Event::AccountClosed { account: c.account }]))
    }

    pub(super) fn see_renamed(&mut self, command: &Command) -> Found {
        let Command::RenameParticipant(c) = command else {
            return Err(Finding::new(Kind::Event, "a participant was renamed by nobody"));
        };
        if let Some(known) = self.participants.get_mut(c.participant.index()) {
            known.name.clone_from(&c.name);
        }
        Ok(())
    }

    pub(super) fn see_closed(&mut self, id: AccountId) -> Found {
        let known = self.accounts.get_mut(id.index()).filter(|account| !account.closed);
        check(known.is_some(), Kind::Event, || format!("account {id} was closed, and there is none"))?;
        known.map_or(Ok(()), |known| {
            known.closed = true;
            Ok(())
        })
    }

    pub(super) fn judge_define(&self, c: &DefineAsset) -> Judged {
        let unknown = c.market.is_some_and(|market| market.index() >= self.markets.len());
        first(&[(unknown, "control/market_unknown")])?;
        self.judge_code(&c.code, 2)?;
        Ok(exactly(vec![Event::AssetDefined { asset: AssetId::at(self.assets.len()) }]))
    }

    pub(super) fn see_registered(&mut self, command: &Command) -> Found {
        let Command::RegisterParticipant(c) = command else {
            return Err(Finding::new(Kind::Event, "a participant was registered by nobody"));
        };
        self.codes[0].insert(c.code.clone(), ParticipantId::at(self.participants.len()).0);
        self.participants.push(Participant { name: c.name.clone(), roles: c.roles.clone() });
        Ok(())
    }

    pub(super) fn see_opened(
        &mut self,
        id: AccountId,
        participant: ParticipantId,
        command: &Command,
    ) -> Found {
        let (code, owner) = match command {
            Command::OpenAccount(c) if c.kind == registry::AccountKind::House => {
                (c.code.clone(), Owner::Participant(participant.0))
            }
            Command::OpenAccount(c) => {
                let named = c.owner.as_ref().map(|owner| match self.codes[0].get(owner) {
                    Some(participant) => Owner::Participant(*participant),
                    None => Owner::Named(owner.clone()),
                });
                (c.code.clone(), named.unwrap_or(Owner::Client(id.0)))
            }
            Command::AdoptRulebook(rulebook) => {
                (format!("{}-fees", rulebook.code), Owner::Participant(participant.0))
            }
            _ => return Err(Finding::new(Kind::Event, "an account was opened by nobody")),
        };
        check(id.index() == self.accounts.len(), Kind::Event, || format!("account {id} is not the next"))?;
        self.codes[1].insert(code, id.0);
        self.accounts.push(Account { participant: participant.0, owner, frozen: false, closed: false });
        Ok(())
    }

    pub(super) fn see_defined(&mut self, id: AssetId, command: &Command) -> Found {
        let (code, asset) = match command {
            Command::DefineAsset(c) => {
                let market = c.market.map(|market| market.0);
                (c.code.clone(), Asset { class: c.class, market, decimals: c.decimals })
            }
            Command::AdoptRulebook(rulebook) => {
                let decimals = rulebook.currency.decimals;
                let currency = Asset { class: AssetClass::Currency, market: None, decimals };
                (rulebook.currency.code.clone(), currency)
            }
            _ => return Err(Finding::new(Kind::Event, "an asset was defined by nobody")),
        };
        check(id.index() == self.assets.len(), Kind::Event, || format!("asset {id} is not the next"))?;
        self.codes[2].insert(code, id.0);
        self.assets.push(asset);
        Ok(())
    }
}
