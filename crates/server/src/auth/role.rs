//! The roles a service principal may carry. Not here: what each of them unlocks.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// A role of a service principal, the `rol` claim of a token. Inferred.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// `sessions.server`: server-level access to sessions.
    SessionsServer,
    /// `matchmaking.service`: the matcher's own identity.
    MatchmakingService,
    /// `matchmaking.client`: may create tickets for others.
    MatchmakingClient,
    /// `people.read`: may read anybody's people list.
    PeopleRead,
    /// `privacy.read`: may read anybody's privacy lists.
    PrivacyRead,
    /// `notify.send`: may send notifications.
    NotifySend,
    /// `admin`: may operate the deployment.
    Admin,
    /// A role this version does not know, as written in the token. It unlocks nothing.
    Other(String),
}

impl Role {
    /// The roles that unlock something.
    pub const KNOWN: [Self; 7] = [
        Self::SessionsServer,
        Self::MatchmakingService,
        Self::MatchmakingClient,
        Self::PeopleRead,
        Self::PrivacyRead,
        Self::NotifySend,
        Self::Admin,
    ];

    /// The role's name as tokens write it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::SessionsServer => "sessions.server",
            Self::MatchmakingService => "matchmaking.service",
            Self::MatchmakingClient => "matchmaking.client",
            Self::PeopleRead => "people.read",
            Self::PrivacyRead => "privacy.read",
            Self::NotifySend => "notify.send",
            Self::Admin => "admin",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for Role {
    fn from(name: &str) -> Self {
        match name {
            "sessions.server" => Self::SessionsServer,
            "matchmaking.service" => Self::MatchmakingService,
            "matchmaking.client" => Self::MatchmakingClient,
            "people.read" => Self::PeopleRead,
            "privacy.read" => Self::PrivacyRead,
            "notify.send" => Self::NotifySend,
            "admin" => Self::Admin,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl FromStr for Role {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(name.into())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_back_from_its_name() {
        let check = |name: &str, expected: Role| {
            assert_eq!(Role::from(name), expected);
            assert_eq!(expected.as_str(), name);
        };
        check("sessions.server", Role::SessionsServer);
        check("matchmaking.service", Role::MatchmakingService);
        check("matchmaking.client", Role::MatchmakingClient);
        check("people.read", Role::PeopleRead);
        check("privacy.read", Role::PrivacyRead);
        check("notify.send", Role::NotifySend);
        check("admin", Role::Admin);
        check("Admin", Role::Other("Admin".to_owned()));
        check("x.y", Role::Other("x.y".to_owned()));
    }
}
