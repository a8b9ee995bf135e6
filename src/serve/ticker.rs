//! The ticker: when something is due by the calendar and nobody sends anything, it lets time pass.

use crate::report::{Horizon, horizons};
use crate::serve::App;
use base::Timestamp;
use engine::{ClientId, Command, Door, Envelope, OPERATOR};
use std::sync::Arc;
use std::time::Duration;

const DAY_NS: i64 = 86_400_000_000_000;
/// How often the calendar is looked at.
const EVERY: Duration = Duration::from_millis(250);

/// Runs until it is dropped.
pub(super) async fn run(app: Arc<App>) {
    let mut last = Timestamp(i64::MIN);
    let mut warned = i64::MIN;
    loop {
        tokio::time::sleep(EVERY).await;
        // Once a day: a calendar that is about to end is told of for a month.
        let day = app.clock.now().0.div_euclid(DAY_NS);
        if day != warned {
            warned = day;
            for warning in
                horizons(app.reader.read().state(), app.clock.now()).iter().filter_map(Horizon::warning)
            {
                tracing::warn!("{warning}");
            }
        }
        // Looking at the clock is how a step of it is found, whether anything is due or not.
        let (due, now) = (app.reader.read().state().next_due(), app.clock.now());
        // One that is due already was sent once: it takes everything with it that is due by then.
        if due > now || due <= last {
            continue;
        }
        last = due;
        let client_id = ClientId::of(&format!("tick/{}", now.0));
        let tick = Envelope {
            actor: OPERATOR,
            user: base::UserId::NOBODY,
            client_id,
            door: Door::Node,
            command: Command::Tick,
        };
        if let Err(error) = app.clerk.post(tick) {
            tracing::debug!("no tick: {error}");
            last = Timestamp(i64::MIN);
        }
    }
}
