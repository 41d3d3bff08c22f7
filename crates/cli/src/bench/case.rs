//! What is measured: requests as a game's clients send them.

use bytes::Bytes;
use convoke_wire::headers::CONTRACT_VERSION;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http_body_util::Full;

use super::load::{Request, Script};
use super::yardstick::Yardstick;

/// One kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// Each connection reads its session.
    Get,
    /// Each connection changes one custom property of its session.
    PutProperty,
    /// The same through an activity handle.
    PutByHandle,
    /// Two players of each connection: create, join, leave, leave.
    CreateJoinLeave,
}

/// All of them, in the order of the report.
pub(super) const ALL: [Case; 4] = [
    Case::Get,
    Case::PutProperty,
    Case::PutByHandle,
    Case::CreateJoinLeave,
];

/// Where one connection's requests go, and as whom.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    /// The `Authorization` header of the player who owns the session.
    pub(super) owner: String,
    /// That of another player.
    pub(super) guest: String,
    /// The path of the connection's own session.
    pub(super) session: String,
    /// The same through a handle.
    pub(super) by_handle: String,
}

impl Case {
    /// As `--case` and the report call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::PutProperty => "put-property",
            Self::PutByHandle => "put-by-handle",
            Self::CreateJoinLeave => "create-join-leave",
        }
    }

    /// What it is, for people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Get => "GET a session",
            Self::PutProperty => "durable PUT of one custom property",
            Self::PutByHandle => "the same PUT through a handle",
            Self::CreateJoinLeave => "create, join, leave, leave",
        }
    }

    /// The servers that it is compared with.
    pub(super) fn yardsticks(self) -> &'static [Yardstick] {
        match self {
            Self::Get => &[Yardstick::Echo],
            _ => &[Yardstick::Echo, Yardstick::Append],
        }
    }

    /// Whether the latency at half the rate is measured too.
    pub(super) fn is_paced_too(self) -> bool {
        self == Self::PutProperty
    }

    /// The requests of one connection. `run` keeps the names of one run apart from another's.
    pub(super) fn script(self, seat: &Seat, run: u64) -> Script {
        let seat = seat.clone();
        let mut count = run;
        match self {
            Self::Get => Box::new(move || request(Method::GET, &seat.session, &seat.owner, "")),
            Self::PutProperty => Box::new(move || {
                count += 1;
                request(Method::PUT, &seat.session, &seat.owner, &score(count))
            }),
            Self::PutByHandle => Box::new(move || {
                count += 1;
                request(Method::PUT, &seat.by_handle, &seat.owner, &score(count))
            }),
            Self::CreateJoinLeave => Box::new(move || {
                let path = format!("{}-{}", seat.session, count / 4);
                let (player, body) = match count % 4 {
                    0 => (&seat.owner, JOIN),
                    1 => (&seat.guest, JOIN),
                    2 => (&seat.guest, LEAVE),
                    _ => (&seat.owner, LEAVE),
                };
                count += 1;
                request(Method::PUT, &path, player, body)
            }),
        }
    }
}

/// What a player sends who comes.
pub(super) const JOIN: &str = r#"{"members":{"me":{"properties":{"system":{"active":true}}}}}"#;
/// What a player sends who goes.
const LEAVE: &str = r#"{"members":{"me":null}}"#;

fn score(count: u64) -> String {
    format!(r#"{{"properties":{{"custom":{{"score":{count}}}}}}}"#)
}

/// A request as clients send it.
pub(super) fn request(method: Method, path: &str, authorization: &str, body: &str) -> Request {
    let mut request = http::Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "localhost")
        .header(AUTHORIZATION, authorization)
        .header(CONTRACT_VERSION, "107");
    if !body.is_empty() {
        request = request.header(CONTENT_TYPE, "application/json; charset=utf-8");
    }
    let body = Full::new(Bytes::from(body.to_owned()));
    request
        .body(body)
        .expect("paths and tokens of this program")
}
