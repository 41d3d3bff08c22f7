//! Where the services are.

use reqwest::Url;

use crate::error::Error;

const EXAMPLE: &str = "expected something like http://127.0.0.1:8080";

/// A service with a host name of its own in the original deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Sessions and handles.
    SessionDirectory,
    /// Sockets.
    RealTime,
    /// Activities without a session, and invitations to them.
    MultiplayerActivity,
    /// Lists of people.
    PeopleHub,
    /// Tokens of the development issuer.
    Issuer,
}

/// The address of each service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    session_directory: Url,
    real_time: Url,
    multiplayer_activity: Url,
    people_hub: Url,
    issuer: Url,
}

impl Hosts {
    /// All services behind one address, which may have a path that all requests start with.
    pub fn one(address: &str) -> Result<Self, Error> {
        let url = base(address)?;
        Ok(Self {
            session_directory: url.clone(),
            real_time: url.clone(),
            multiplayer_activity: url.clone(),
            people_hub: url.clone(),
            issuer: url,
        })
    }

    /// Each service at its own name under a domain, over HTTPS: `sessiondirectory.<domain>`,
    /// `rta.<domain>` and so on. `[client]`
    pub fn under(domain: &str) -> Result<Self, Error> {
        let at = |name: &str| base(&format!("https://{name}.{domain}"));
        Ok(Self {
            session_directory: at("sessiondirectory")?,
            real_time: at("rta")?,
            multiplayer_activity: at("multiplayeractivity")?,
            people_hub: at("peoplehub")?,
            issuer: at("xsts.auth")?,
        })
    }

    /// The same with another address for one service.
    pub fn with(mut self, service: Service, address: &str) -> Result<Self, Error> {
        let url = base(address)?;
        match service {
            Service::SessionDirectory => self.session_directory = url,
            Service::RealTime => self.real_time = url,
            Service::MultiplayerActivity => self.multiplayer_activity = url,
            Service::PeopleHub => self.people_hub = url,
            Service::Issuer => self.issuer = url,
        }
        Ok(self)
    }

    /// The address of a service, without a slash at its end.
    pub fn address(&self, service: Service) -> &str {
        self.of(service).as_str().trim_end_matches('/')
    }

    /// The URL of a path, which may have a query.
    pub(crate) fn url(&self, service: Service, path: &str) -> Result<Url, Error> {
        let url = format!("{}{path}", self.address(service));
        // `/@elsewhere` and the like must not lead to another host.
        let url = Url::parse(&url)
            .ok()
            .filter(|url| path.starts_with('/') && url.origin() == self.of(service).origin());
        url.ok_or_else(|| Error::Setup(format!("`{path}` is no path")))
    }

    pub(crate) fn all(&self) -> [&Url; 5] {
        [
            &self.session_directory,
            &self.real_time,
            &self.multiplayer_activity,
            &self.people_hub,
            &self.issuer,
        ]
    }

    fn of(&self, service: Service) -> &Url {
        match service {
            Service::SessionDirectory => &self.session_directory,
            Service::RealTime => &self.real_time,
            Service::MultiplayerActivity => &self.multiplayer_activity,
            Service::PeopleHub => &self.people_hub,
            Service::Issuer => &self.issuer,
        }
    }
}

fn base(address: &str) -> Result<Url, Error> {
    let url = Url::parse(address);
    let url =
        url.map_err(|error| Error::Setup(format!("`{address}` is no URL ({error}); {EXAMPLE}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = url.scheme();
        let text = format!("`{address}` has the scheme `{scheme}`; {EXAMPLE}");
        return Err(Error::Setup(text));
    }
    if url.host_str().is_none() || url.query().is_some() || url.fragment().is_some() {
        let text = format!("`{address}` has to be a host and at most a path; {EXAMPLE}");
        return Err(Error::Setup(text));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_none_are_explained_with_an_example() {
        for address in [
            "127.0.0.1:8080",
            "ftp://a",
            "localhost:8080",
            "",
            "http://a/?b",
            "http://",
        ] {
            let error = Hosts::one(address).expect_err(address).to_string();
            assert!(error.contains("http://127.0.0.1:8080"), "{error}");
        }
    }

    #[test]
    fn a_slash_at_the_end_of_an_address_is_ignored() {
        let check = |address: &str, expected: &str| {
            let hosts = Hosts::one(address).expect(address);
            let url = hosts.url(Service::RealTime, "/connect").expect("a path");
            assert_eq!(url.as_str(), expected);
        };
        check("http://127.0.0.1:1/", "http://127.0.0.1:1/connect");
        check(
            "https://example.com/mpsd",
            "https://example.com/mpsd/connect",
        );
    }

    #[test]
    fn services_may_have_hosts_of_their_own() {
        let hosts = Hosts::under("xboxlive.com").expect("a domain");
        let hosts = hosts
            .with(Service::Issuer, "http://localhost:1")
            .expect("a URL");
        assert_eq!(
            hosts.address(Service::SessionDirectory),
            "https://sessiondirectory.xboxlive.com"
        );
        assert_eq!(hosts.address(Service::RealTime), "https://rta.xboxlive.com");
        assert_eq!(
            hosts.address(Service::MultiplayerActivity),
            "https://multiplayeractivity.xboxlive.com"
        );
        assert_eq!(
            hosts.address(Service::PeopleHub),
            "https://peoplehub.xboxlive.com"
        );
        assert_eq!(hosts.address(Service::Issuer), "http://localhost:1");
    }

    #[test]
    fn no_path_leads_to_another_host() {
        let hosts = Hosts::one("http://127.0.0.1:1").expect("a URL");
        for path in ["", "x", "@example.com/", ".example.com/", ":80/"] {
            assert!(
                hosts.url(Service::SessionDirectory, path).is_err(),
                "{path}"
            );
        }
    }
}
