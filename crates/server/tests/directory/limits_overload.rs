//! A service that has no place left, through the router. How long those wait who have one is
//! tested beside the code.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use axum::body::Body;
use bytes::Bytes;
use serde_json::json;
use tokio::sync::mpsc;

use crate::fixtures::{self, session};
use crate::world::{Answer, StoreKind, World};

/// A service of one place.
async fn narrow() -> World {
    World::configured(StoreKind::Memory, |config| {
        config.limits.max_in_flight = 1.try_into().expect("not 0");
    })
    .await
}

/// A body whose parts the test sends.
struct Parts(mpsc::UnboundedReceiver<Bytes>);

impl axum::body::HttpBody for Parts {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        let part = self.0.poll_recv(context);
        part.map(|part| part.map(|bytes| Ok(hyper::body::Frame::data(bytes))))
    }
}

async fn is_pending(answer: &mut std::pin::Pin<&mut impl Future<Output = Answer>>) -> bool {
    poll_fn(|context| Poll::Ready(answer.as_mut().poll(context).is_pending())).await
}

#[tokio::test]
async fn a_body_that_is_on_its_way_takes_no_place_and_is_served_when_it_is_there() {
    let w = narrow().await;
    let a = w.user(fixtures::A).await;
    let path = session("open", "s");
    let (send, parts) = mpsc::unbounded_channel();
    let slow = a
        .request("PUT", &path)
        .send_arriving(Body::new(Parts(parts)));
    let mut slow = pin!(slow);
    assert!(is_pending(&mut slow).await);
    a.get(&path).await.expect(204);
    send.send(Bytes::from_static(b"{\"members\":"))
        .expect("awaited");
    assert!(is_pending(&mut slow).await);
    a.get(&path).await.expect(204);
    let rest = json!({ "me": { "properties": { "system": { "active": true } } } });
    send.send(format!("{rest}}}").into()).expect("awaited");
    drop(send);
    slow.await.expect(201);
    a.get(&path).await.expect(200);
}
