//! The services behind one port, told apart by host name where it is one of theirs.

/// A service of the original deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Sessions and handles.
    SessionDirectory,
    /// People lists.
    Social,
    /// Tokens.
    Issuer,
    /// Health and metrics: ours, behind every name.
    Operations,
}

/// The service that a `Host` header names; `None` for any other name, which hosts all of them.
pub fn service_of(host: &str) -> Option<Service> {
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, _)| name)
        .to_ascii_lowercase();
    match name.as_str() {
        "sessiondirectory.xboxlive.com" | "client-sessiondirectory.xboxlive.com" => {
            Some(Service::SessionDirectory)
        }
        "social.xboxlive.com" => Some(Service::Social),
        "user.auth.xboxlive.com"
        | "device.auth.xboxlive.com"
        | "title.auth.xboxlive.com"
        | "xsts.auth.xboxlive.com"
        | "title.mgt.xboxlive.com" => Some(Service::Issuer),
        _ => None,
    }
}

/// Whether a service is reached under a host name.
pub fn is_served_by(host: Option<&str>, service: Service) -> bool {
    service == Service::Operations
        || host
            .and_then(service_of)
            .is_none_or(|named| named == service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_lead_to_one_service_and_other_names_to_all() {
        let check = |host: Option<&str>, service: Service, expected: bool| {
            assert_eq!(
                is_served_by(host, service),
                expected,
                "{host:?} {service:?}"
            );
        };
        check(
            Some("sessiondirectory.xboxlive.com"),
            Service::SessionDirectory,
            true,
        );
        check(
            Some("SessionDirectory.xboxlive.com:443"),
            Service::SessionDirectory,
            true,
        );
        check(
            Some("sessiondirectory.xboxlive.com"),
            Service::Social,
            false,
        );
        check(Some("social.xboxlive.com"), Service::Social, true);
        check(Some("social.xboxlive.com"), Service::Operations, true);
        check(Some("localhost:8080"), Service::Social, true);
        check(None, Service::Issuer, true);
    }
}
