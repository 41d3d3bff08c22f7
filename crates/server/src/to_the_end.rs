//! Work that must not be left half done.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Runs to its end even when whoever waits for it goes away: a client that hangs up must not leave
/// a committed state unpublished.
///
/// Only then it becomes a task; nearly always somebody waits, and a task of its own would cost each
/// of them two more turns of the scheduler.
pub(crate) struct ToTheEnd<T: Send + 'static> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    left_over: LeftOver,
}

/// All work that nobody waits for any more, counted, so that a runtime does not end before it.
#[derive(Debug, Clone)]
pub(crate) struct LeftOver(TaskTracker);

impl Default for LeftOver {
    fn default() -> Self {
        let tasks = TaskTracker::new();
        // Closed is what can be waited for; it lets in as many as before.
        tasks.close();
        Self(tasks)
    }
}

impl LeftOver {
    /// Returns when there is none.
    pub(crate) async fn done(&self) {
        self.0.wait().await;
    }
}

impl<T: Send + 'static> ToTheEnd<T> {
    pub(crate) fn new(
        left_over: &LeftOver,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        Self {
            work: Some(Box::pin(work)),
            left_over: left_over.clone(),
        }
    }
}

impl<T: Send + 'static> Future for ToTheEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let work = self.work.as_mut().expect("not polled after its end");
        let output = ready!(work.as_mut().poll(context));
        self.work = None;
        Poll::Ready(output)
    }
}

impl<T: Send + 'static> Drop for ToTheEnd<T> {
    fn drop(&mut self) {
        // Without a runtime the service has ended.
        if let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) {
            self.left_over.0.spawn_on(work, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_is_waited_for_gives_its_output() {
        assert_eq!(ToTheEnd::new(&LeftOver::default(), async { 7 }).await, 7);
    }

    #[tokio::test]
    async fn what_is_given_up_goes_on_and_can_be_waited_for() {
        let left_over = LeftOver::default();
        let (go, gone) = oneshot::channel::<()>();
        let (done, mut is_done) = oneshot::channel();
        let rest = async move {
            gone.await.expect("told to go on");
            done.send(()).expect("somebody looks");
        };
        let mut work = Box::pin(ToTheEnd::new(&left_over, rest));
        let begun = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
        assert!(begun.is_pending());
        drop(work);
        go.send(()).expect("it is still there");
        left_over.done().await;
        is_done.try_recv().expect("it ran to its end");
    }
}
