//! What the state does not keep of an order that stands: the record it came with, and its sender's name for it. The projection knows.

use super::desk::{Came, Manner};
use super::topic::Topic;
use crate::projection::{Kinds, OrderFilter, OrderRow};
use crate::serve::App;
use base::{AccountId, OrderId, ParticipantId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Orders of a page.
const PAGE: u32 = 1_000;
/// Pages at most: of more orders than that, the oldest are told without their names.
const PAGES: usize = 20;

/// The records that the orders of a topic came with, as far as the projection knows them.
pub(crate) async fn orders(app: &Arc<App>, topic: Topic) -> BTreeMap<OrderId, Came> {
    let (participant, account) = match topic {
        Topic::Orders(scope) => (scope.participant, scope.account),
        Topic::DropCopy(participant) => (participant, None),
        _ => return BTreeMap::new(),
    };
    app.past.at_least(app.clerk.acknowledged()).await;
    let app = Arc::clone(app);
    let found = tokio::task::spawn_blocking(move || look_up(&app, participant, account)).await;
    match found {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::warn!("orders are told without their names: {error:#}");
            BTreeMap::new()
        }
        Err(_) => BTreeMap::new(),
    }
}

fn look_up(
    app: &App,
    participant: ParticipantId,
    account: Option<AccountId>,
) -> anyhow::Result<BTreeMap<OrderId, Came>> {
    let (mut found, mut before) = (BTreeMap::new(), None);
    for _ in 0..PAGES {
        let filter = OrderFilter {
            participant: Some(participant),
            account,
            instrument: None,
            open: true,
            kinds: Kinds::Orders,
            before,
            limit: PAGE,
        };
        let page = app.past.projection.read(|view| view.orders(&filter))?.value;
        before = page.last().map(|row| row.sequence.0);
        let full = page.len() == PAGE as usize;
        found.extend(page.into_iter().map(|row| {
            let (id, sequence, time) = (row.client_id.map(Arc::from), row.sequence.0, row.time);
            let OrderRow { post_only, minimum, display, .. } = row;
            let manner = row.self_trade.map(|self_trade| Manner {
                post_only,
                self_trade: self_trade.into(),
                minimum,
                display,
            });
            (row.order, Came { id, sequence, time, manner })
        }));
        if !full {
            break;
        }
    }
    Ok(found)
}
