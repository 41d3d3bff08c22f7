//! Why a user may or may not read, join and write a session. Only Convoke answers this.

use convoke_wire::session::access::AccessExplanation;
use convoke_wire::uri::session_path;
use convoke_wire::{SessionRef, TitleId, Xuid};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, StatusCode};
use uuid::Uuid;

use crate::activities::{good, read};
use crate::client::Client;
use crate::error::Error;
use crate::raw::Call;

/// A question about a user's access to a session.
///
/// Unless it says otherwise, the user has the multiplayer privilege, plays the title of who asks,
/// and is on the device that the session knows of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessQuestion {
    xuid: Xuid,
    parameters: Vec<(&'static str, String)>,
}

impl AccessQuestion {
    /// About this user.
    pub fn about(xuid: Xuid) -> Self {
        Self {
            xuid,
            parameters: Vec::new(),
        }
    }

    /// If the user came through this handle, which has to lead to the session.
    #[must_use]
    pub fn through(self, handle: Uuid) -> Self {
        self.with("handle", handle.to_string())
    }

    /// If the user played this title.
    #[must_use]
    pub fn title(self, title_id: TitleId) -> Self {
        self.with("titleId", title_id.to_string())
    }

    /// If the user were on this device.
    #[must_use]
    pub fn device(self, device_id: &str) -> Self {
        let device_id = utf8_percent_encode(device_id, NON_ALPHANUMERIC).to_string();
        self.with("deviceId", device_id)
    }

    /// If that were a device of this type, as in `XboxOne` or `Win32`.
    #[must_use]
    pub fn device_type(self, device_type: &str) -> Self {
        let device_type = utf8_percent_encode(device_type, NON_ALPHANUMERIC).to_string();
        self.with("deviceType", device_type)
    }

    /// If the user lacked the multiplayer privilege.
    #[must_use]
    pub fn without_multiplayer(self) -> Self {
        self.with("multiplayer", "false".to_owned())
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.parameters.retain(|(other, _)| *other != name);
        self.parameters.push((name, value));
        self
    }

    fn path(&self, session: &SessionRef) -> String {
        let path = session_path(session);
        let mut path = format!("{path}?explain=access&xuid={}", self.xuid);
        for (name, value) in &self.parameters {
            path = format!("{path}&{name}={value}");
        }
        path
    }
}

pub(crate) async fn ask(
    client: &Client,
    session: &SessionRef,
    question: &AccessQuestion,
) -> Result<AccessExplanation, Error> {
    let call = Call::new(Method::GET, question.path(session));
    let answer = good(client.send(&call).await?)?;
    if answer.status == StatusCode::NO_CONTENT {
        // What a service that takes it for a plain read says.
        return Err(Error::NoSession);
    }
    read(&answer, "explanation of access")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_an_address_in_which_each_assumption_is_once() {
        let session = SessionRef {
            scid: "11111111-2222-3333-4444-555555555555"
                .parse()
                .expect("a GUID"),
            template_name: "lobby".parse().expect("a name"),
            name: "x".parse().expect("a name"),
        };
        let question = AccessQuestion::about(Xuid(7))
            .title(TitleId(1))
            .device("a&b")
            .device_type("Xbox One")
            .title(TitleId(777))
            .without_multiplayer()
            .through(Uuid::from_u128(1));
        let expected = format!(
            "{}?explain=access&xuid=7&deviceId=a%26b&deviceType=Xbox%20One&titleId=777&multiplayer=false\
             &handle=00000000-0000-0000-0000-000000000001",
            session_path(&session)
        );
        assert_eq!(question.path(&session), expected);
    }
}
