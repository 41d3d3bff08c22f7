//! The real-time activity protocol, version 2: text frames, each one JSON array.
//!
//! - [`ClientMessage`] is what a client asks for, [`ServerFrame`] what it is told.
//! - [`Resource`] is what can be subscribed to; [`TapEvent`] is what sessions send.
//!
//! Not here: sockets, and what a subscription does.

mod client_message;
mod frame;
mod resource;
mod server_frame;
mod tap;

pub use client_message::ClientMessage;
pub use frame::FrameError;
pub use resource::Resource;
pub use server_frame::ServerFrame;
pub use tap::{ConnectionData, ShoulderTap, TapEvent, TapResource};

/// The sub-protocol that clients offer and that must be confirmed when offered. `[client]`
pub const SUB_PROTOCOL: &str = "rta.xboxlive.com.V2";

/// Largest frame that a client may send, in bytes. `Inferred:` handles 7.1
pub const MAX_FRAME_BYTES: usize = 64 * 1024;

/// Largest subscription id: a client reads it as a signed number of 32 bits. `[client]`
pub const MAX_SUBSCRIPTION: u32 = i32::MAX as u32;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $message:literal;)+) => {
        /// Why a subscription was not made or ended. Success is 0 and no error.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $variant),+ }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The number on the wire.
            pub fn number(self) -> u32 {
                match self { $(Self::$variant => $number),+ }
            }

            /// The code, in words that a frame carries.
            pub fn message(self) -> &'static str {
                match self { $(Self::$variant => $message),+ }
            }

            /// Reads the number of an error.
            pub fn from_number(number: u32) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.number() == number)
            }
        }
    };
}

error_codes! {
    /// The URI names nothing that can be subscribed to. `[client]`
    UnknownResource = 1, "unknown resource";
    /// The socket has as many subscriptions of this kind as it may. `[client]`
    SubscriptionLimitReached = 2, "subscription limit reached";
    /// The caller may not have it, or there is nothing to have. `[client]`
    NoResourceData = 3, "no resource data";
    /// A subscription to be ended does not exist.
    ///
    /// Inferred: a client library's stand-in for the service answers so.
    UnknownSubscription = 5, "unknown subscription";
    /// Subscribing too fast; clients try again later and later. `[client]`
    Throttled = 1001, "throttled";
    /// The service behind the resource does not answer; clients try again. `[client]`
    ServiceUnavailable = 1002, "service unavailable";
}

/// Why the service closes a socket. The numbers are those of RFC 6455.
///
/// `Inferred:` handles 7.5 and 7.3 N7; clients react to the closing, not to the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// Connections live for two hours. `[doc]`
    Lifetime,
    /// The token that opened it has expired. `[doc]`
    TokenExpired,
    /// The service stops.
    ShuttingDown,
    /// What is no frame of a websocket.
    Protocol,
    /// A frame that is no text.
    NotText,
    /// A frame that cannot be read.
    Malformed,
    /// The same user, title and device opened newer sockets.
    TooManySockets,
    /// A frame above [`MAX_FRAME_BYTES`].
    TooLarge,
}

impl CloseReason {
    /// The number of the close frame.
    pub fn code(self) -> u16 {
        match self {
            Self::Lifetime | Self::TokenExpired | Self::ShuttingDown => 1001,
            Self::Protocol => 1002,
            Self::NotText => 1003,
            Self::Malformed => 1007,
            Self::TooManySockets => 1008,
            Self::TooLarge => 1009,
        }
    }

    /// The text of the close frame; at most 123 bytes fit into one.
    pub fn text(self) -> &'static str {
        match self {
            Self::Lifetime => "lifetime",
            Self::TokenExpired => "token expired",
            Self::ShuttingDown => "shutting down",
            Self::Protocol => "protocol error",
            Self::NotText => "frames are text",
            Self::Malformed => "malformed message",
            Self::TooManySockets => "too many connections",
            Self::TooLarge => "message too large",
        }
    }
}
