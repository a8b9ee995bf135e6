//! A thread that does not outlive the one who started it: what it does to the disk is over when its owner is gone, and the
//! directory can be opened again.

use std::io;
use std::thread::{Builder, JoinHandle};

/// A thread at work. Dropping it waits for its end.
#[derive(Debug)]
pub(super) struct Worker<T>(Option<JoinHandle<T>>);

impl<T: Send + 'static> Worker<T> {
    pub(super) fn start(name: &str, work: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        Builder::new().name(name.to_owned()).spawn(work).map(|thread| Self(Some(thread)))
    }
}

impl<T> Worker<T> {
    pub(super) fn is_finished(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for its end and takes what it made; `None` if it panicked, which its message on standard error tells.
    pub(super) fn end(&mut self) -> Option<T> {
        self.0.take()?.join().ok()
    }
}

impl<T> Drop for Worker<T> {
    fn drop(&mut self) {
        self.end();
    }
}
