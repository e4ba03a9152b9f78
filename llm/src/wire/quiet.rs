//! Keeps a library's own log lines out of ours: they quote what people and models wrote.

use futures::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};
use tracing::Dispatch;
use tracing::dispatcher::with_default;

/// A stream that logs nothing while it is polled.
pub(super) struct Quiet<S> {
    inner: S,
    nowhere: Dispatch,
}

impl<S> Quiet<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, nowhere: Dispatch::none() }
    }
}

impl<S: Stream + Unpin> Stream for Quiet<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        with_default(&this.nowhere, || Pin::new(&mut this.inner).poll_next(context))
    }
}
