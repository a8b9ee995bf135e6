//! Bodies over HTTP/2 that nobody reads to their end. Dropped, they would end their request at once, and many a client that still sends
//! takes that for the end of the answer too: what it has on its way is read and forgotten for a while.

use crate::serve::patience::{LINGER, LINGER_MAX};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::Handle;

/// See the module.
pub(super) struct Gentle(Option<Incoming>);

impl Gentle {
    /// A body that is let go of gently.
    pub(super) fn new(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for Gentle {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.0.as_mut() {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Gentle {
    fn drop(&mut self) {
        let Some(body) = self.0.take().filter(|body| !body.is_end_stream()) else { return };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let _ = tokio::time::timeout(LINGER, forget(body)).await;
            });
        }
    }
}

/// Reads what comes, up to a limit.
async fn forget(mut body: Incoming) {
    let mut left = LINGER_MAX;
    while left > 0
        && let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
    {
        left = left.saturating_sub(frame.data_ref().map_or(1, Bytes::len));
    }
}
