//! The services behind one port, told apart by host name where it is one of theirs.

/// A service of the original deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Sessions and handles.
    SessionDirectory,
    /// Hoppers and tickets.
    SmartMatch,
    /// People lists.
    Social,
    /// Sockets.
    RealTime,
    /// People lists with more about each person, to read.
    PeopleHub,
    /// Block lists, mute lists, permissions.
    Privacy,
    /// Profiles.
    Profile,
    /// Endpoints for notifications.
    Notify,
    /// What waits for users.
    Inbox,
    /// Activities without a session.
    MultiplayerActivity,
    /// Tokens.
    Issuer,
    /// Health and metrics: ours, behind every name.
    Operations,
}

/// The domain of the original deployment: its names stand for one service each.
const DOMAIN: &str = ".xboxlive.com";

/// What a host name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// No name of the original deployment: all services, by path.
    All,
    /// One service.
    One(Service),
    /// A service of the original deployment that is not served here.
    Unserved,
}

/// The services that a `Host` header stands for.
pub fn scope_of(host: Option<&str>) -> Scope {
    let Some(host) = host else { return Scope::All };
    let name = host
        .split(':')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    // A dot at the end says that the name is complete.
    let name = name.strip_suffix('.').unwrap_or(&name);
    match name {
        "sessiondirectory.xboxlive.com" | "client-sessiondirectory.xboxlive.com" => {
            Scope::One(Service::SessionDirectory)
        }
        "smartmatch.xboxlive.com" | "momatch.xboxlive.com" => Scope::One(Service::SmartMatch),
        "rta.xboxlive.com" => Scope::One(Service::RealTime),
        "multiplayeractivity.xboxlive.com" => Scope::One(Service::MultiplayerActivity),
        "notify.xboxlive.com" => Scope::One(Service::Notify),
        "notificationinbox.xboxlive.com" => Scope::One(Service::Inbox),
        "social.xboxlive.com" => Scope::One(Service::Social),
        "peoplehub.xboxlive.com" => Scope::One(Service::PeopleHub),
        "privacy.xboxlive.com" => Scope::One(Service::Privacy),
        "profile.xboxlive.com" => Scope::One(Service::Profile),
        "user.auth.xboxlive.com"
        | "device.auth.xboxlive.com"
        | "title.auth.xboxlive.com"
        | "xsts.auth.xboxlive.com"
        | "title.mgt.xboxlive.com" => Scope::One(Service::Issuer),
        other if other.ends_with(DOMAIN) => Scope::Unserved,
        _ => Scope::All,
    }
}

impl Scope {
    /// Whether a service is reached under the name.
    pub fn includes(self, service: Service) -> bool {
        match self {
            Self::All => true,
            Self::One(named) => named == service || service == Service::Operations,
            Self::Unserved => service == Service::Operations,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_original_stand_for_one_service_and_others_for_all() {
        use Service::{
            Issuer, Operations, PeopleHub, Privacy, RealTime, SessionDirectory, SmartMatch, Social,
        };
        let check = |host: Option<&str>, service: Service, expected: bool| {
            assert_eq!(
                scope_of(host).includes(service),
                expected,
                "{host:?} {service:?}"
            );
        };
        check(
            Some("sessiondirectory.xboxlive.com"),
            SessionDirectory,
            true,
        );
        check(
            Some("SessionDirectory.xboxlive.com:443"),
            SessionDirectory,
            true,
        );
        check(Some("sessiondirectory.xboxlive.com"), Social, false);
        check(Some("sessiondirectory.xboxlive.com"), Issuer, false);
        check(Some("smartmatch.xboxlive.com"), SmartMatch, true);
        check(Some("MoMatch.xboxlive.com"), SmartMatch, true);
        check(Some("smartmatch.xboxlive.com"), SessionDirectory, false);
        check(Some("sessiondirectory.xboxlive.com"), SmartMatch, false);
        check(Some("rta.xboxlive.com"), RealTime, true);
        check(Some("rta.xboxlive.com"), SessionDirectory, false);
        check(Some("sessiondirectory.xboxlive.com"), RealTime, false);
        check(Some("notify.xboxlive.com"), Service::Notify, true);
        check(Some("notify.xboxlive.com"), RealTime, false);
        check(Some("NotificationInbox.xboxlive.com"), Service::Inbox, true);
        check(
            Some("multiplayeractivity.xboxlive.com"),
            Service::MultiplayerActivity,
            true,
        );
        check(Some("social.xboxlive.com"), Social, true);
        check(Some("social.xboxlive.com"), Operations, true);
        check(Some("peoplehub.xboxlive.com"), Social, false);
        check(Some("peoplehub.xboxlive.com"), PeopleHub, true);
        check(Some("privacy.xboxlive.com"), Privacy, true);
        check(Some("privacy.xboxlive.com"), Social, false);
        check(Some("profile.xboxlive.com"), Privacy, false);
        check(Some("profile.xboxlive.com"), Service::Profile, true);
        check(Some("avatars.xboxlive.com"), Service::Profile, false);
        check(Some("social.xboxlive.com."), SessionDirectory, false);
        check(Some("xboxlive.com.example"), Social, true);
        check(Some("localhost:8080"), Social, true);
        check(Some("[::1]:8080"), SessionDirectory, true);
        check(None, Issuer, true);
    }
}
