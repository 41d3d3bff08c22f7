//! How long what a request has opened stays open: sockets, and streams of changes.

use jiff::{SignedDuration, Timestamp};

use crate::auth::EXPIRY_GRACE;
use crate::clock::later;

/// How long a socket lives, and a stream too. `[doc]`
const LIFE: SignedDuration = SignedDuration::from_hours(2);

/// When what is opened now ends, and the reason: its age, or its token's, whichever comes first.
pub(crate) fn end<R>(expires: Timestamp, now: Timestamp, age: R, token: R) -> (Timestamp, R) {
    let (life, expiry) = (later(now, LIFE), later(expires, EXPIRY_GRACE));
    if expiry < life {
        (expiry, token)
    } else {
        (life, age)
    }
}
