//! What follows from a match, room by room: the trade is novated, delivered against payment, and seen by supervision, before the
//! next order of the book is looked at.

use crate::{Event, Events, State};
use base::{AccountId, Fill, Hold, OwnerId, ParticipantId, Sequence, Tariff};
use clearing::ClearingHouse;
use registry::Registry;
use supervision::Watch;
use trading::{Instrument, PostTrade, Venue};

/// The rooms beyond the venue, while the venue matches.
pub(crate) struct AfterTrade<'a> {
    clearing: &'a mut ClearingHouse,
    registry: &'a mut Registry,
    watch: &'a mut Watch,
    out: &'a mut Events,
    record: Sequence,
}

impl State {
    /// The venue, and beside it the rooms that a match reaches.
    pub(crate) fn floor<'a>(&'a mut self, out: &'a mut Events) -> (&'a mut Venue, AfterTrade<'a>) {
        let record = self.sequence;
        let Self { venue, clearing, registry, watch, .. } = self;
        (venue, AfterTrade { clearing, registry, watch, out, record })
    }
}

/// Who a party's assets are for.
pub(crate) fn owner(registry: &Registry, account: AccountId) -> OwnerId {
    registry.owner(account).unwrap_or_else(|| unreachable!("a party to a trade has set something aside"))
}

impl AfterTrade<'_> {
    fn owner(&self, account: AccountId) -> ParticipantId {
        let desk = self.registry.desk(account);
        desk.map_or_else(
            || unreachable!("a party to a fill has set something aside"),
            |desk| desk.participant,
        )
    }
}

impl PostTrade for AfterTrade<'_> {
    #[inline]
    fn event(&mut self, event: trading::Event) {
        self.out.push(Event::Trading(event));
    }

    #[inline]
    fn settle(&mut self, fill: &Fill) {
        let parties = (self.owner(fill.buyer.account), self.owner(fill.seller.account));
        let obligation = self.clearing.novate_fill(fill, parties, &mut self.out.clearing());
        self.registry.deliver_versus_payment(&obligation, &mut self.out.settlement());
        let owners = [fill.buyer.account, fill.seller.account].map(|account| owner(self.registry, account));
        let (mut raised, directed) = self.out.supervised();
        self.watch.observe_fill(self.record, fill, owners, &mut raised, directed);
    }

    #[inline]
    fn release(&mut self, hold: Hold) {
        self.registry.release(hold);
    }

    #[inline]
    fn same_owner(&self, one: AccountId, other: AccountId) -> bool {
        self.registry.same_owner(one, other)
    }

    #[inline]
    fn tariff(&self, instrument: &Instrument) -> Tariff {
        self.clearing.tariff(instrument.market)
    }
}
