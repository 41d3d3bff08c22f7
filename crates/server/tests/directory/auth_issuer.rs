//! The issuer of tokens, the way that unmodified clients use it.

use serde_json::{Value, json};

use crate::auth_steps::{Token, call};
use crate::handle_steps::{
    S2, active, assert_json, member_xuids, session_answer, session_in, text, time,
};
use crate::world::{Answer, World};

every_store! {
    async fn a10_the_way_of_unmodified_clients_ends_in_a_token_for_all_services(w: World) {
        let user_token = user_token(&w, "d=dev:1001").await;
        let exchange = w.nobody().request("POST", "/xsts/authorize").contract("1");
        let exchange = exchange.header("Host", "xsts.auth.xboxlive.com");
        let answer = exchange
            .json(xsts("http://xboxlive.com", &[&user_token.text]))
            .send()
            .await;
        assert_json(&answer);
        let body = answer.json();
        for field in ["IssueInstant", "NotAfter"] {
            time(&body, field);
        }
        let shown = &body["DisplayClaims"]["xui"][0];
        assert_eq!(shown["xid"], "1001");
        assert!(shown["gtg"].is_string(), "{shown}");
        assert!(
            text(shown, "uhs").bytes().all(|b| b.is_ascii_digit()),
            "{shown}"
        );
        let token = Token::read(answer);
        call(&w, "GET", "/users/me/people", &token.of(0))
            .send()
            .await
            .expect(200);
        // A token without a title is good where the developer says so, which is the default here.
        let session = call(&w, "PUT", &session_in(S2, "open", "g1"), &token.of(0))
            .json(active(true))
            .send()
            .await;
        assert_eq!(member_xuids(&session_answer(session, 201)), ["1001"]);
    }

    async fn a11_a_user_unknown_to_the_issuer_is_told_by_number(w: World) {
        let refused = authenticate(&w, "d=dev:Nobody Knows Me").await.expect(401);
        assert_json(&refused);
        let body = refused.json();
        assert_eq!(body["Identity"], "0");
        assert_eq!(body["XErr"], 2_148_916_233_u32);
        assert!(
            body["Message"].is_string() && body["Redirect"].is_string(),
            "{body}"
        );
        for body in [
            json!({}),
            json!([]),
            xsts("http://xboxlive.com", &["x"; 17]),
        ] {
            let answer = w.nobody().post("/xsts/authorize", body).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
    }

    async fn a23_the_endpoint_list_needs_no_credentials(w: World) {
        for host in ["title.mgt.xboxlive.com", "localhost:3074"] {
            let call = w
                .nobody()
                .request("GET", "/titles/default/endpoints?type=1")
                .header("Host", host);
            let answer = call
                .without("X-Xbl-Contract-Version")
                .send()
                .await
                .expect(200);
            let list = answer.json();
            let covers = |entry: &Value| {
                entry["RelyingParty"] == "http://xboxlive.com"
                    && matches!(
                        entry["Host"].as_str(),
                        Some("*.xboxlive.com" | "sessiondirectory.xboxlive.com")
                    )
            };
            let entries = list["EndPoints"].as_array().expect("EndPoints is a list");
            assert!(entries.iter().any(covers), "{list}");
            assert!(list["SignaturePolicies"].is_array(), "{list}");
        }
    }
}

/// The user token for this ticket.
pub(crate) async fn user_token(w: &World, ticket: &str) -> Token {
    Token::read(authenticate(w, ticket).await)
}

async fn authenticate(w: &World, ticket: &str) -> Answer {
    let body = json!({
        "RelyingParty": "http://auth.xboxlive.com", "TokenType": "JWT",
        "Properties": {
            "AuthMethod": "RPS", "SiteName": "user.auth.xboxlive.com", "RpsTicket": ticket,
        },
    });
    let call = w
        .nobody()
        .request("POST", "/user/authenticate")
        .contract("1");
    call.header("Host", "user.auth.xboxlive.com")
        .json(body)
        .send()
        .await
}

/// The request for a token for a relying party.
pub(crate) fn xsts(relying_party: &str, user_tokens: &[&str]) -> Value {
    json!({
        "RelyingParty": relying_party, "TokenType": "JWT",
        "Properties": { "SandboxId": "RETAIL", "UserTokens": user_tokens },
    })
}
