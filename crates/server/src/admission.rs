//! How many requests run at the same time: as many as there are places, and none waits.
//!
//! A request without a place is answered with 503 before it is authenticated and before its body
//! is read, so that those which have one are answered in bounded time. One whose body is still on
//! its way gives its place up until the body is there: slow senders keep nobody out.
//! Not here: who asks too often (`rate_limits`, `addresses`).

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api_error::{ApiError, Family};
use crate::clock::Clock;
use crate::{exchange, router};

/// Time for a body to arrive. `Inferred:` auth-http 11.5
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The places.
#[derive(Debug, Clone)]
pub struct Admission {
    places: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

impl Admission {
    /// So many places, all free.
    pub fn new(places: u32, clock: Arc<dyn Clock>) -> Self {
        let places = usize::try_from(places).unwrap_or(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Self { places, clock }
    }

    /// Gives a request a place, or refuses it. Health, readiness and metrics need none.
    pub fn enter(&self, request: Request) -> Result<(Request, Place), ApiError> {
        let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
            return if router::is_operation(request.uri()) {
                Ok((request, Place::Unneeded))
            } else {
                Err(ApiError::Overloaded)
            };
        };
        if request.body().is_end_stream() {
            return Ok((request, Place::Fixed(permit)));
        }
        let place = Arc::new(Arrival {
            held: Mutex::new(Held::Yes(permit)),
            places: Arc::clone(&self.places),
        });
        let arriving = |body| Arriving {
            body,
            place: Arc::clone(&place),
            clock: Arc::clone(&self.clock),
            timeout: None,
        };
        let request = request.map(|body| Body::new(arriving(body)));
        Ok((request, Place::Arriving(place)))
    }
}

/// The place of one request, freed when this is dropped.
#[derive(Debug)]
pub enum Place {
    /// Of whoever runs the service, who must reach it when others do not.
    Unneeded,
    /// Of one without a body.
    Fixed(OwnedSemaphorePermit),
    /// Of one whose body may be on its way.
    Arriving(Arc<Arrival>),
}

impl Place {
    /// Gives the place up. The answer stands, unless the body did not come as it must.
    pub fn leave(self, response: Response) -> Response {
        let Self::Arriving(place) = self else {
            return response;
        };
        match *place.held() {
            Held::Refused => ApiError::Overloaded.into_response(Family::Text),
            Held::TimedOut if response.status() != StatusCode::REQUEST_TIMEOUT => {
                exchange::body_incomplete().into_response(Family::Text)
            }
            Held::Yes(_) | Held::Given | Held::TimedOut => response,
        }
    }
}

/// The place of a request that has a body.
#[derive(Debug)]
pub struct Arrival {
    held: Mutex<Held>,
    places: Arc<Semaphore>,
}

#[derive(Debug)]
enum Held {
    Yes(#[expect(dead_code, reason = "dropping it frees the place")] OwnedSemaphorePermit),
    /// Given up until the body is there.
    Given,
    /// The body came, and all places were taken.
    Refused,
    /// The body did not come.
    TimedOut,
}

impl Arrival {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place again if it was given up; whether there is one.
    fn take_again(&self) -> bool {
        let mut held = self.held();
        if matches!(*held, Held::Given) {
            *held = match Arc::clone(&self.places).try_acquire_owned() {
                Ok(permit) => Held::Yes(permit),
                Err(_) => Held::Refused,
            };
        }
        matches!(*held, Held::Yes(_))
    }
}

/// A body that gives its request's place up while it is waited for.
struct Arriving {
    body: Body,
    place: Arc<Arrival>,
    clock: Arc<dyn Clock>,
    /// Set when it is first waited for.
    timeout: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Why a body is not handed on.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("the service is overloaded")]
    Overloaded,
    #[error("the body did not arrive in time")]
    TimedOut,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            let this = &mut *self;
            let timeout = this
                .timeout
                .get_or_insert_with(|| this.clock.sleep(BODY_TIMEOUT));
            if timeout.as_mut().poll(context).is_ready() {
                *this.place.held() = Held::TimedOut;
                return Poll::Ready(Some(Err(Cut::TimedOut.into())));
            }
            *this.place.held() = Held::Given;
            return Poll::Pending;
        };
        let complete = frame.is_none() || self.body.is_end_stream();
        if complete && !self.place.take_again() {
            return Poll::Ready(Some(Err(Cut::Overloaded.into())));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl fmt::Debug for Arriving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arriving").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::State;
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::Router;
    use axum::middleware::{Next, from_fn_with_state};
    use tokio::task::JoinSet;
    use tower::ServiceExt as _;

    use super::*;
    use crate::clock::SystemClock;

    async fn placed(State(admission): State<Admission>, request: Request, next: Next) -> Response {
        match admission.enter(request) {
            Ok((request, place)) => place.leave(next.run(request).await),
            Err(error) => error.into_response(Family::Text),
        }
    }

    /// How long the store takes for one step; it takes one at a time.
    const STEP: Duration = Duration::from_millis(10);

    /// A service with so many places whose every request is one step of a store.
    fn service(places: u32) -> Router {
        let store = Arc::new(tokio::sync::Mutex::new(()));
        let handler = move |body: Body| {
            let store = Arc::clone(&store);
            async move {
                let body = http_body_util::BodyExt::collect(body).await;
                body.map_err(|_| StatusCode::BAD_REQUEST)?;
                let _one_at_a_time = store.lock().await;
                SystemClock.sleep(STEP).await;
                Ok::<_, StatusCode>("stored")
            }
        };
        let admission = Admission::new(places, Arc::new(SystemClock));
        Router::new()
            .fallback(handler)
            .layer(from_fn_with_state(admission, placed))
    }

    async fn send(service: &Router, path: &str, body: Body) -> Response {
        let request = Request::put(path).body(body).expect("a request");
        service.clone().oneshot(request).await.expect("infallible")
    }

    /// What becomes of requests that come twice as fast as the store takes them.
    struct Run {
        served: usize,
        refused: usize,
        /// The longest time that a served one took, in half steps.
        slowest: u64,
    }

    /// The time of the runtime stands still while anything can run, so that a run is always the
    /// same.
    async fn twice_the_load(places: u32, requests: u64) -> Run {
        let service = service(places);
        let half_steps = Arc::new(AtomicU64::new(0));
        let mut answers = JoinSet::new();
        for _ in 0..requests {
            let (service, time) = (service.clone(), Arc::clone(&half_steps));
            answers.spawn(async move {
                let start = time.load(Ordering::Relaxed);
                let response = send(&service, "/", Body::from("{}")).await;
                (response, time.load(Ordering::Relaxed) - start)
            });
            SystemClock.sleep(STEP / 2).await;
            half_steps.fetch_add(1, Ordering::Relaxed);
        }
        let time = async {
            loop {
                SystemClock.sleep(STEP / 2).await;
                half_steps.fetch_add(1, Ordering::Relaxed);
            }
        };
        let answers = tokio::select! {
            answers = answers.join_all() => answers,
            () = time => unreachable!("time has no end"),
        };
        let mut run = Run {
            served: 0,
            refused: 0,
            slowest: 0,
        };
        for (response, took) in answers {
            if response.status() == StatusCode::SERVICE_UNAVAILABLE {
                assert_eq!(response.headers()["retry-after"], "2");
                assert_eq!(took, 0, "refused at once");
                run.refused += 1;
            } else {
                assert_eq!(response.status(), StatusCode::OK);
                run.served += 1;
                run.slowest = run.slowest.max(took);
            }
        }
        run
    }

    #[tokio::test(start_paused = true)]
    async fn at_twice_the_load_those_who_are_served_wait_no_longer_than_there_are_places() {
        let run = twice_the_load(20, 2000).await;
        // Twenty steps are forty halves; the one that is being taken counts as begun.
        assert!((38..=41).contains(&run.slowest), "{}", run.slowest);
        // The store never idles: it has taken one step of every two half steps.
        assert!((1000..=1021).contains(&run.served), "{}", run.served);
        assert_eq!(run.served + run.refused, 2000);
        // What would happen otherwise: the last of them waits as long as all have sent.
        let unbounded = twice_the_load(2000, 2000).await;
        assert_eq!(unbounded.refused, 0);
        assert!(1900 < unbounded.slowest, "{}", unbounded.slowest);
    }

    /// A service of one place, which a request has whose answer takes a step.
    async fn full() -> (Router, tokio::task::JoinHandle<Response>) {
        let service = service(1);
        let first = service.clone();
        let running = tokio::spawn(async move { send(&first, "/", Body::empty()).await });
        tokio::task::yield_now().await;
        (service, running)
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_place_the_answer_is_503_with_no_body_but_health_is_told() {
        let (service, running) = full().await;
        let refused = send(&service, "/sessions", Body::from("{}")).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()["retry-after"], "2");
        assert!(refused.headers().get("content-type").is_none());
        assert!(refused.body().is_end_stream());
        for path in ["/healthz", "/readyz", "/metrics"] {
            let told = send(&service, path, Body::empty()).await;
            assert_eq!(told.status(), StatusCode::OK, "{path}");
        }
        assert_eq!(running.await.expect("ends").status(), StatusCode::OK);
        let next = send(&service, "/sessions", Body::from("{}")).await;
        assert_eq!(next.status(), StatusCode::OK);
    }

    /// A body whose end comes after a while.
    fn late(after: Duration) -> Body {
        Body::new(Late(SystemClock.sleep(after)))
    }

    struct Late(Pin<Box<dyn Future<Output = ()> + Send>>);

    impl HttpBody for Late {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            self.0.as_mut().poll(context).map(|()| None)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_when_all_places_are_taken_is_refused() {
        let service = service(1);
        let second = service.clone();
        let slow = tokio::spawn(async move { send(&second, "/", late(STEP / 2)).await });
        tokio::task::yield_now().await;
        let (quick, slow) = tokio::join!(send(&service, "/", Body::empty()), slow);
        assert_eq!(quick.status(), StatusCode::OK);
        let slow = slow.expect("ends");
        assert_eq!(slow.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(slow.headers()["retry-after"], "2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_half_a_minute_to_arrive() {
        let service = service(1);
        let check = async |after: Duration, expected: StatusCode| {
            let answer = send(&service, "/", late(after)).await;
            assert_eq!(answer.status(), expected, "{after:?}");
        };
        check(Duration::from_secs(29), StatusCode::OK).await;
        check(Duration::from_secs(31), StatusCode::REQUEST_TIMEOUT).await;
        check(Duration::ZERO, StatusCode::OK).await;
    }
}
