//! Once a second: the figures of the node are told, what waits is published, and streams that nobody reads any more end. It is
//! also what tells the last change of a ticker when no record follows it.

use super::topic::Topic;
use crate::serve::App;
use crate::serve::api::operate::figures;
use crate::serve::api::views::local;
use std::sync::Arc;
use std::time::Duration;

/// How often what waits is published.
const EVERY: Duration = Duration::from_millis(250);
/// Every how many times the figures are told.
const FIGURES: u32 = 4;

/// Runs until it is dropped.
pub(crate) async fn run(app: Arc<App>) {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut turn = 0;
    loop {
        every.tick().await;
        turn = (turn + 1) % FIGURES;
        app.hub.tidy(app.reader.read().state());
        if turn == 0 && app.hub.is_read(Topic::Operations) {
            let told = tell(&app);
            app.hub.figures(&told.0, &told.1);
        }
    }
}

fn tell(app: &App) -> (String, String) {
    let (time, sequence) = {
        let follower = app.reader.read();
        let state = follower.state();
        (local(state, None, app.clock.now()), state.sequence().0)
    };
    (time, super::items::json(&figures(app, sequence)))
}
