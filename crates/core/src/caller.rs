//! Who asks: what the rules need to know of an authenticated principal.

use convoke_wire::session::changes::Cause;
use convoke_wire::{TitleId, Xuid};

/// The acting user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user.
    pub xuid: Xuid,
    /// The name shown to others.
    pub gamertag: Option<String>,
    /// Whether the user may play with others (privilege 254). `[doc]`
    pub multiplayer: bool,
    /// Whether the user is kept out of the service configuration. `[doc]`
    pub banned: bool,
}

/// An authenticated principal in the service configuration it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller {
    /// The acting user; none for a server acting as itself.
    pub user: Option<User>,
    /// Whether the principal has server rights on sessions.
    pub server: bool,
    /// The title of the token.
    pub title_id: Option<TitleId>,
    /// The device of the token; users of one device are local to each other. `[doc]`
    pub device_id: Option<String>,
    /// The title has to be known for sure and is not, as on devices other than consoles: only
    /// sessions with `userAuthorizationStyle` are open then. `[doc]`
    pub title_unproven: bool,
}

impl Caller {
    /// The acting user's id.
    pub fn xuid(&self) -> Option<Xuid> {
        self.user.as_ref().map(|user| user.xuid)
    }
}

impl From<&Caller> for Cause {
    /// Who a change is put down to: the acting user, or the server that acts as itself.
    fn from(caller: &Caller) -> Self {
        let user = caller.xuid().map(|xuid| Self::Member { xuid });
        user.unwrap_or(Self::Server)
    }
}
