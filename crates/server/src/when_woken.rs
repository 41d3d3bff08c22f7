//! A future that is looked at only when there is something to see.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Passes a poll on only when the future has asked for it.
///
/// For what is waited for beside everything else and comes once, as the service's stop: all
/// connections wait for it with each of their steps, and each look at it takes a lock that they all
/// share.
#[derive(Debug)]
pub(crate) struct WhenWoken<F> {
    future: F,
    bell: Option<Arc<Bell>>,
}

/// What the future wakes.
#[derive(Debug)]
struct Bell {
    has_rung: AtomicBool,
    task: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl<F> WhenWoken<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future, bell: None }
    }
}

impl<F: Future + Unpin> Future for WhenWoken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let known = this.bell.as_ref();
        let bell = match known.filter(|bell| bell.task.will_wake(context.waker())) {
            Some(bell) if !bell.has_rung.swap(false, Ordering::Acquire) => return Poll::Pending,
            Some(bell) => Arc::clone(bell),
            None => {
                let bell = Bell {
                    has_rung: AtomicBool::new(false),
                    task: context.waker().clone(),
                };
                Arc::clone(this.bell.insert(Arc::new(bell)))
            }
        };
        Pin::new(&mut this.future).poll(&mut Context::from_waker(&bell.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;

    use tokio_util::sync::CancellationToken;

    use super::*;

    /// A task that counts how often it is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Task {
        fn polls<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
            let waker = Arc::clone(self).into();
            Pin::new(future).poll(&mut Context::from_waker(&waker))
        }

        fn wakings(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn it_is_looked_at_once_until_it_wakes() {
        let (task, looks) = (Arc::<Task>::default(), Cell::new(0));
        let stop = CancellationToken::new();
        let mut inner = pin!(stop.cancelled());
        let counted = poll_fn(|context| {
            looks.set(looks.get() + 1);
            inner.as_mut().poll(context)
        });
        let waker = Waker::from(Arc::clone(&task));
        let mut context = Context::from_waker(&waker);
        let mut waiting = WhenWoken::new(counted);
        for _ in 0..3 {
            assert!(Pin::new(&mut waiting).poll(&mut context).is_pending());
        }
        assert_eq!((looks.get(), task.wakings()), (1, 0));
        stop.cancel();
        assert_eq!(task.wakings(), 1);
        assert!(Pin::new(&mut waiting).poll(&mut context).is_ready());
        assert_eq!(looks.get(), 2);
    }

    #[test]
    fn the_task_that_looked_last_is_woken() {
        let (former, present) = (Arc::<Task>::default(), Arc::<Task>::default());
        let stop = CancellationToken::new();
        let mut waiting = WhenWoken::new(Box::pin(stop.cancelled()));
        assert!(former.polls(&mut waiting).is_pending());
        assert!(present.polls(&mut waiting).is_pending());
        stop.cancel();
        assert_eq!((former.wakings(), present.wakings()), (0, 1));
        assert!(present.polls(&mut waiting).is_ready());
    }
}
