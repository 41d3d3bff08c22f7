//! What can be subscribed to, named by URIs of the original deployment.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::ids::{Scid, TitleId, Xuid, parse_guid};
use crate::uri::{UserSegment, segments};

/// Longest URI that is looked at, in bytes.
const MAX_URI_BYTES: usize = 1024;
/// Longest name of a statistic, in bytes.
const MAX_STAT_BYTES: usize = 100;
/// The domain of the original deployment, where each service has a host of its own.
const DOMAIN: &str = ".xboxlive.com";

/// A resource that clients subscribe to. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The socket's own connection, through which sessions tap.
    Connections,
    /// Invitations and other notifications of a user in a title.
    Notifications {
        /// The user.
        xuid: Xuid,
        /// The title.
        title_id: TitleId,
    },
    /// The devices a user is on.
    PresenceDevices {
        /// The user.
        xuid: Xuid,
    },
    /// Whether a user is in a title.
    PresenceTitle {
        /// The user.
        xuid: Xuid,
        /// The title.
        title_id: TitleId,
    },
    /// What a user says to be doing.
    RichPresence {
        /// The user.
        xuid: Xuid,
    },
    /// One statistic of a user.
    Statistic {
        /// The user.
        xuid: Xuid,
        /// The service configuration that defines it.
        scid: Scid,
        /// Its name.
        name: String,
    },
    /// The people whom a user follows.
    Friends {
        /// The user.
        xuid: Xuid,
    },
    /// Achievements of a user.
    Achievements {
        /// The user.
        xuid: Xuid,
        /// The service configuration that defines them.
        scid: Scid,
    },
}

impl Resource {
    /// Reads a URI; `None` when it names nothing that can be subscribed to.
    ///
    /// The scheme is `http` or `https`; scheme, host and the words of the path have no letter case, a
    /// port and a slash at the end mean nothing. `[client]` A host of the original domain must be the
    /// one of the resource's service; under any other name all services are reached, as over HTTP.
    pub fn parse(uri: &str) -> Option<Self> {
        if MAX_URI_BYTES < uri.len() || uri.contains(['?', '#']) {
            return None;
        }
        let (scheme, rest) = uri.split_once("://")?;
        if !["http", "https"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme))
        {
            return None;
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.is_empty() || authority.contains('@') {
            return None;
        }
        let resource = Self::from_path(path)?;
        let host = authority.split(':').next()?.to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host);
        let is_foreign = host.ends_with(DOMAIN) && host != resource.host();
        (!is_foreign).then_some(resource)
    }

    fn from_path(path: &str) -> Option<Self> {
        let segments = segments(path)?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match segments.as_slice() {
            // A client library of old adds the id that it was given before. `[client]`
            [word] | [word, _] if is(word, "connections") => {
                let former = segments.get(1);
                let known = former.is_none_or(|id| parse_guid(id).is_some());
                known.then_some(Self::Connections)
            }
            [users, user, rest @ ..] if is(users, "users") => match UserSegment::parse(user) {
                Ok(UserSegment::Xuid(xuid)) => Self::of_user(xuid, rest),
                _ => None,
            },
            _ => None,
        }
    }

    fn of_user(xuid: Xuid, rest: &[&str]) -> Option<Self> {
        match rest {
            [device, current, title, title_id]
                if is(device, "deviceId") && is(current, "current") && is(title, "titleId") =>
            {
                let title_id = title_id.parse().ok()?;
                Some(Self::Notifications { xuid, title_id })
            }
            [devices] if is(devices, "devices") => Some(Self::PresenceDevices { xuid }),
            [titles, title_id] if is(titles, "titles") => {
                let title_id = title_id.parse().ok()?;
                Some(Self::PresenceTitle { xuid, title_id })
            }
            [presence] if is(presence, "richpresence") => Some(Self::RichPresence { xuid }),
            [scids, scid, stats, name] if is(scids, "scids") && is(stats, "stats") => {
                let scid = scid.parse().ok()?;
                let name = (*name).to_owned();
                let short = name.len() <= MAX_STAT_BYTES;
                short.then_some(Self::Statistic { xuid, scid, name })
            }
            [friends] if is(friends, "friends") => Some(Self::Friends { xuid }),
            [achievements, scid] if is(achievements, "achievements") => {
                let scid = scid.parse().ok()?;
                Some(Self::Achievements { xuid, scid })
            }
            _ => None,
        }
    }

    /// The host of the service in the original deployment.
    fn host(&self) -> &'static str {
        match self {
            Self::Connections => "sessiondirectory.xboxlive.com",
            Self::Notifications { .. } => "notify.xboxlive.com",
            Self::PresenceDevices { .. }
            | Self::PresenceTitle { .. }
            | Self::RichPresence { .. } => "userpresence.xboxlive.com",
            Self::Statistic { .. } => "userstats.xboxlive.com",
            Self::Friends { .. } => "social.xboxlive.com",
            Self::Achievements { .. } => "achievements.xboxlive.com",
        }
    }

    /// The user whom the resource is about.
    pub fn owner(&self) -> Option<Xuid> {
        match self {
            Self::Connections => None,
            Self::Notifications { xuid, .. }
            | Self::PresenceDevices { xuid }
            | Self::PresenceTitle { xuid, .. }
            | Self::RichPresence { xuid }
            | Self::Statistic { xuid, .. }
            | Self::Friends { xuid }
            | Self::Achievements { xuid, .. } => Some(*xuid),
        }
    }
}

/// Path words have no letter case.
fn is(segment: &str, word: &str) -> bool {
    segment.eq_ignore_ascii_case(word)
}

/// The URI as clients write it.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}/", self.host())?;
        if let Some(xuid) = self.owner() {
            write!(f, "users/xuid({xuid})/")?;
        }
        match self {
            Self::Connections => f.write_str("connections/"),
            Self::Notifications { title_id, .. } => {
                write!(f, "deviceId/current/titleId/{title_id}")
            }
            Self::PresenceDevices { .. } => f.write_str("devices"),
            Self::PresenceTitle { title_id, .. } => write!(f, "titles/{title_id}"),
            Self::RichPresence { .. } => f.write_str("richpresence"),
            Self::Statistic { scid, name, .. } => {
                let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
                write!(f, "scids/{scid}/stats/{name}")
            }
            Self::Friends { .. } => f.write_str("friends"),
            Self::Achievements { scid, .. } => write!(f, "achievements/{scid}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCID: &str = "11111111-1111-4111-8111-111111111111";

    #[track_caller]
    fn check(uri: &str, expected: Option<&Resource>) {
        assert_eq!(Resource::parse(uri).as_ref(), expected, "{uri}");
    }

    #[test]
    fn resources_are_read_and_written_as_clients_name_them() {
        let xuid = Xuid(1001);
        let (title_id, scid): (_, Scid) = (TitleId(777), SCID.parse().expect("a GUID"));
        let rows = [
            (
                "https://sessiondirectory.xboxlive.com/connections/".to_owned(),
                Resource::Connections,
            ),
            (
                "https://notify.xboxlive.com/users/xuid(1001)/deviceId/current/titleId/777"
                    .to_owned(),
                Resource::Notifications { xuid, title_id },
            ),
            (
                "https://userpresence.xboxlive.com/users/xuid(1001)/devices".to_owned(),
                Resource::PresenceDevices { xuid },
            ),
            (
                "https://userpresence.xboxlive.com/users/xuid(1001)/titles/777".to_owned(),
                Resource::PresenceTitle { xuid, title_id },
            ),
            (
                "https://userpresence.xboxlive.com/users/xuid(1001)/richpresence".to_owned(),
                Resource::RichPresence { xuid },
            ),
            (
                format!("https://userstats.xboxlive.com/users/xuid(1001)/scids/{SCID}/stats/Kills"),
                Resource::Statistic {
                    xuid,
                    scid: scid.clone(),
                    name: "Kills".to_owned(),
                },
            ),
            (
                "https://social.xboxlive.com/users/xuid(1001)/friends".to_owned(),
                Resource::Friends { xuid },
            ),
            (
                format!("https://achievements.xboxlive.com/users/xuid(1001)/achievements/{SCID}"),
                Resource::Achievements { xuid, scid },
            ),
        ];
        for (uri, resource) in rows {
            assert_eq!(resource.to_string(), uri);
            check(&uri, Some(&resource));
            let shouted = match resource {
                Resource::Statistic { xuid, scid, name } => Resource::Statistic {
                    xuid,
                    scid,
                    name: name.to_uppercase(),
                },
                other => other,
            };
            check(&uri.to_uppercase(), Some(&shouted));
        }
    }

    #[test]
    fn connections_have_many_spellings() {
        for uri in [
            "https://sessiondirectory.xboxlive.com/connections",
            "http://sessiondirectory.xboxlive.com/connections/",
            "HTTPS://SessionDirectory.XboxLive.com:443/Connections/",
            "https://sessiondirectory.xboxlive.com./connections/",
            "https://sessiondirectory.xboxlive.com/connections/b2779ac0-0d5e-4c53-9c8e-3c7a2f1d6b20",
            "https://sessiondirectory.example.net/connections/",
            "https://localhost:8080/connections/",
            "https://[::1]:8080/connections/",
        ] {
            check(uri, Some(&Resource::Connections));
        }
    }

    #[test]
    fn friends_are_asked_for_over_http_and_with_escapes() {
        let friends = &Resource::Friends { xuid: Xuid(12) };
        check(
            "http://social.xboxlive.com/users/xuid(12)/friends",
            Some(friends),
        );
        check(
            "https://social.xboxlive.com/users/xuid%2812%29/friends/",
            Some(friends),
        );
    }

    #[test]
    fn h79_what_names_no_resource_is_unknown() {
        for uri in [
            "",
            "https://example.com/x",
            "https://",
            "https:///connections/",
            "connections/",
            "sessiondirectory.xboxlive.com/connections/",
            "ftp://sessiondirectory.xboxlive.com/connections/",
            "https://sessiondirectory.xboxlive.com",
            "https://sessiondirectory.xboxlive.com/",
            "https://sessiondirectory.xboxlive.com/connections/x",
            "https://sessiondirectory.xboxlive.com/connections/?a=1",
            "https://sessiondirectory.xboxlive.com/connections/#a",
            "https://user@sessiondirectory.xboxlive.com/connections/",
            "https://social.xboxlive.com/connections/",
            "https://evil.xboxlive.com/connections/",
            "https://sessiondirectory.xboxlive.com/users/xuid(1)/friends",
            "https://social.xboxlive.com/users/xuid(x)/friends",
            "https://social.xboxlive.com/users/me/friends",
            "https://social.xboxlive.com/users/gt(Ann)/friends",
            "https://social.xboxlive.com/users/xuid(1)/friends/more",
            "https://social.xboxlive.com/users/xuid(1)/%ff",
            "https://notify.xboxlive.com/users/xuid(1)/deviceId/other/titleId/777",
            "https://notify.xboxlive.com/users/xuid(1)/deviceId/current/titleId/x",
            "https://userstats.xboxlive.com/users/xuid(1)/scids/x/stats/Kills",
            "https://multiplayeractivity.xboxlive.com/titles/777/activities",
        ] {
            check(uri, None);
        }
        let stat = |name: &str| format!("https://h/users/xuid(1)/scids/{SCID}/stats/{name}");
        assert!(Resource::parse(&stat(&"k".repeat(100))).is_some());
        check(&stat(&"k".repeat(101)), None);
        let long = format!("https://h/{}connections/", "/".repeat(1024));
        check(&long, None);
    }

    #[test]
    fn only_connections_belong_to_nobody() {
        let owner = |uri: &str| Resource::parse(uri).map(|resource| resource.owner());
        assert_eq!(owner("https://h/connections"), Some(None));
        assert_eq!(
            owner("https://h/users/xuid(7)/devices"),
            Some(Some(Xuid(7)))
        );
    }
}
