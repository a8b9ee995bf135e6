//! What waits is published when it is due, whether a record follows it or not. Once a second the figures of the node are told,
//! streams that nobody reads any more end, and those who have not asked for long are forgotten.

use super::topic::Topic;
use crate::serve::App;
use crate::serve::api::operate::figures;
use crate::serve::api::views::local;
use std::sync::Arc;
use std::time::Duration;

/// How often the figures are told.
const EVERY: Duration = Duration::from_secs(1);

/// Runs until it is dropped.
pub(crate) async fn run(app: Arc<App>) {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = every.tick() => {
                app.hub.tidy(app.reader.read().state());
                app.rates.forget_old();
                app.sign_ins.forget_old();
                if app.hub.is_read(Topic::Operations) {
                    let told = tell(&app);
                    app.hub.figures(&told.0, &told.1);
                }
            }
            () = app.hub.due() => app.hub.tell(app.reader.read().state()),
        }
    }
}

fn tell(app: &App) -> (String, String) {
    let follower = app.reader.read();
    let state = follower.state();
    (local(state, None, app.clock.now()), super::items::json(&figures(app, state)))
}
