//! Tokens as text: what the authentication tests need beside players.

use serde_json::Value;

use crate::player::Call;
use crate::world::{Answer, World};

/// A token and the hashes of its users.
pub(crate) struct Token {
    pub(crate) text: String,
    /// The hash and the XUID of every user, in the order of the request.
    pub(crate) users: Vec<(String, String)>,
    /// When the token says that it ends.
    pub(crate) not_after: jiff::Timestamp,
}

impl Token {
    /// Reads the answer of the issuer.
    #[track_caller]
    pub(crate) fn read(answer: Answer) -> Self {
        let body = answer.expect(200).json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let users = body["DisplayClaims"]["xui"].as_array().cloned();
        Self {
            text: text(&body["Token"]),
            users: users
                .unwrap_or_default()
                .iter()
                .map(|user| (text(&user["uhs"]), text(&user["xid"])))
                .collect(),
            not_after: text(&body["NotAfter"]).parse().expect("NotAfter is a time"),
        }
    }

    /// The header value that acts for the user of this position.
    pub(crate) fn of(&self, user: usize) -> String {
        self.with(&self.users[user].0)
    }

    /// The header value with this user hash.
    pub(crate) fn with(&self, hash: &str) -> String {
        format!("XBL3.0 x={hash};{}", self.text)
    }
}

/// The token that this `/dev/token` body describes.
pub(crate) async fn mint(w: &World, body: Value) -> Token {
    Token::read(w.nobody().post("/dev/token", body).await)
}

/// A request with this `Authorization` header.
pub(crate) fn call(w: &World, method: &str, path: &str, authorization: &str) -> Call {
    w.nobody()
        .request(method, path)
        .header("Authorization", authorization)
}

/// The refusal of somebody whose credentials are missing or bad, and the reason it names.
#[track_caller]
pub(crate) fn unauthorized(answer: Answer, reason: &str) {
    let answer = answer.expect(401);
    let expected = format!("XBL3.0 error={reason}");
    assert_eq!(
        answer.header("www-authenticate"),
        Some(expected.as_str()),
        "{}: {}",
        answer.sent,
        answer.text()
    );
}
