//! Keeps the signed head of the log beside it, now and then: a log that is cut off or rewritten while the node is down is told from
//! the one that was signed, at the next start and by `huangpu verify`.

use crate::node::Standing;
use journal::RealDisk;
use std::sync::Arc;
use std::time::Duration;

/// How often a head is kept, where there is a new one. A clean stop and a snapshot keep one too.
const EVERY: Duration = Duration::from_secs(600);

/// Runs until it is dropped.
pub(super) async fn run(standing: Arc<Standing>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let standing = Arc::clone(&standing);
        let kept = tokio::task::spawn_blocking(move || standing.keep(&RealDisk)).await;
        match kept {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("the head of the log was not kept: {error:#}"),
            Err(error) => tracing::warn!("the head of the log was not kept: {error}"),
        }
    }
}
