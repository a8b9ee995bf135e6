//! The ticker: when something is due by the calendar and nobody sends anything, it lets time pass.

use crate::serve::App;
use base::Timestamp;
use engine::{ClientId, Command, Door, Envelope, OPERATOR};
use std::sync::Arc;
use std::time::Duration;

/// How often the calendar is looked at.
const EVERY: Duration = Duration::from_millis(250);

/// Runs until it is dropped.
pub(super) async fn run(app: Arc<App>) {
    let mut last = Timestamp(i64::MIN);
    loop {
        tokio::time::sleep(EVERY).await;
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
