//! One authenticated and counted request, as its handler sees it.

use http::request::Parts;

use crate::caller::Identity;
use crate::rate_limits::OverLimit;

/// Everything of a request but its body, and what the router has found out about it.
#[derive(Debug)]
pub struct Call {
    /// Its line and headers.
    pub head: Parts,
    /// Who asks.
    pub identity: Identity,
    /// Whether it was over a limit; the handler may still find that it is.
    pub over: OverLimit,
}
