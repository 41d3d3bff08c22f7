//! Everything that can go wrong, in one enum.

use std::sync::Arc;
use std::time::Duration;

use convoke_wire::json::ReadError;
use convoke_wire::rta::ErrorCode;
use reqwest::StatusCode;

use crate::refusal::Refusal;

/// Why a call did not do what it was meant to.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client cannot be set up like that.
    #[error("{0}")]
    Setup(String),
    /// Nothing answers at the address.
    #[error("failed to connect to {address}")]
    Connect {
        /// The base address of the service.
        address: String,
        /// What the network said.
        #[source]
        source: Arc<reqwest::Error>,
    },
    /// The answer took too long.
    #[error("no answer from {address} within {} seconds", after.as_secs_f32())]
    Timeout {
        /// The base address of the service.
        address: String,
        /// The limit.
        after: Duration,
    },
    /// The request or its answer broke off.
    #[error("the exchange with {address} broke off")]
    Broken {
        /// The base address of the service.
        address: String,
        /// What the network said.
        #[source]
        source: Arc<reqwest::Error>,
    },
    /// An answer is larger than the client accepts.
    #[error("an answer of more than {most} bytes")]
    TooLarge {
        /// The limit.
        most: usize,
    },
    /// The service has refused the request.
    #[error("refused: {0}")]
    Refused(Box<Refusal>),
    /// An answer is not what it should be.
    #[error("unreadable {what}: {problem}")]
    Unreadable {
        /// What should have come.
        what: &'static str,
        /// What is wrong with it.
        problem: ReadError,
    },
    /// A good answer lacks something that it must have.
    #[error("an answer of {status} without {missing}")]
    Incomplete {
        /// Its status.
        status: StatusCode,
        /// What it lacks.
        missing: &'static str,
    },
    /// There is no token to ask with.
    #[error("no token: {0}")]
    NoToken(String),
    /// A synchronised update found the session changed by others every time.
    #[error("others changed the session before each of {0} attempts to update it")]
    Contended(u32),
    /// The session does not exist (any more).
    #[error("there is no such session")]
    NoSession,
    /// The socket was not opened.
    #[error("the socket was not opened: {0}")]
    Handshake(&'static str),
    /// The service does not give the subscription.
    #[error("the subscription was refused: {}", .0.message())]
    Subscription(ErrorCode),
    /// The service does not answer over the socket.
    #[error("no answer over the socket within {} seconds", .0.as_secs_f32())]
    Silent(Duration),
    /// More is asked for at a time, or followed, than the client keeps track of.
    #[error("more than {0} of them")]
    TooMany(usize),
    /// The real-time connection has been closed or given up, or was lost before it answered.
    #[error("the real-time connection is closed, or was lost before it answered")]
    Closed,
}

impl Error {
    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The status of the refusal, if it is one.
    pub fn status(&self) -> Option<StatusCode> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// Whether the same call may succeed later without anything else having changed.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Broken { .. }
            | Self::Contended(_)
            | Self::Silent(_) => true,
            Self::Refused(refusal) => {
                refusal.status == StatusCode::TOO_MANY_REQUESTS || refusal.status.is_server_error()
            }
            Self::Subscription(code) => {
                matches!(code, ErrorCode::Throttled | ErrorCode::ServiceUnavailable)
            }
            _ => false,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}
