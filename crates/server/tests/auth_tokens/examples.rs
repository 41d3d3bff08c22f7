//! The numbered examples of the specification that are about tokens.

use convoke_server::auth::{
    Acting, AuthError, MissingPrivileges, SERVICE_AUDIENCE, SIGN_IN_AUDIENCE,
};
use convoke_wire::ids::Xuid;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;

use crate::support::{DEV_ONE, World, acting_xuid, json_of, now, two_users};

#[test]
fn a02_the_user_hash_names_the_acting_user() {
    let world = World::new();
    let token = world.token(&json!({}));
    let principal = world
        .authenticate(&format!("XBL3.0 x=42;{token}"))
        .expect("valid");
    assert_eq!(acting_xuid(&principal), Some(DEV_ONE));
}

#[test]
fn a03_unknown_user_hash_is_refused() {
    let world = World::new();
    let token = world.token(&json!({}));
    let error = world
        .authenticate(&format!("XBL3.0 x=43;{token}"))
        .expect_err("no such user");
    assert_eq!(error, AuthError::UnknownUserHash);
    assert_eq!(error.www_authenticate(), "XBL3.0 error=unknown_user_hash");
    assert!(world.authenticate(&format!("xbl3.0 x=42;{token}")).is_ok());
}

#[test]
fn a04_the_user_hash_selects_among_several_users() {
    let world = World::new();
    let token = world.token(&two_users());
    let principal = world
        .authenticate(&format!("XBL3.0 x=43;{token}"))
        .expect("valid");
    assert_eq!(acting_xuid(&principal), Some(2));
    assert!(principal.has_user(Xuid(1)), "the same token");
    let first = principal.act_for(Xuid(1)).expect("the same token");
    assert_eq!(acting_xuid(&first), Some(1));
}

#[test]
fn a05_all_users_leaves_the_choice_to_the_request() {
    let world = World::new();
    let token = world.token(&two_users());
    let principal = world
        .authenticate(&format!("XBL3.0 x=*;{token}"))
        .expect("valid");
    assert_eq!(principal.acting, Acting::Undecided);
    assert_eq!(acting_xuid(&principal), None);
    let first = principal.act_for(Xuid(1)).expect("named by the request");
    assert_eq!(acting_xuid(&first), Some(1));
    assert!(principal.act_for(Xuid(3)).is_none());

    let token = world.token(&json!({}));
    let alone = world
        .authenticate(&format!("XBL3.0 x=*;{token}"))
        .expect("valid");
    assert_eq!(acting_xuid(&alone), Some(DEV_ONE));
}

#[test]
fn a06_a_token_of_another_audience_is_refused() {
    let world = World::new();
    for audience in ["rp://api.example/", SIGN_IN_AUDIENCE, ""] {
        let token = world.token(&json!({"aud": audience}));
        assert_eq!(
            world.reason(&format!("XBL3.0 x=42;{token}")),
            "wrong_audience",
            "{audience}"
        );
    }
}

#[test]
fn a07_an_expired_token_is_honoured_for_sixty_seconds() {
    let world = World::new();
    let check = |age: i64, expected: &str| {
        let token = world.token(&json!({"exp": now().as_second() - age}));
        let reason = world.reason(&format!("XBL3.0 x=42;{token}"));
        assert_eq!(reason, expected, "{age}");
    };
    check(30, "accepted");
    check(90, "expired");
}

#[tokio::test]
async fn a10_a_user_token_becomes_a_header_that_services_accept() {
    let world = World::new();
    let (status, user) = world
        .post_json(
            "/user/authenticate",
            &json!({
                "RelyingParty": SIGN_IN_AUDIENCE, "TokenType": "JWT",
                "Properties": {
                    "AuthMethod": "RPS", "SiteName": "user.auth.xboxlive.com",
                    "RpsTicket": format!("d=dev:{DEV_ONE}"),
                },
            }),
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{user}");
    let hash_only = json!([{"uhs": user["DisplayClaims"]["xui"][0]["uhs"]}]);
    assert_eq!(user["DisplayClaims"]["xui"], hash_only);

    let (status, service) = world
        .post_json(
            "/xsts/authorize",
            &json!({
                "RelyingParty": SERVICE_AUDIENCE, "TokenType": "JWT",
                "Properties": {"SandboxId": "RETAIL", "UserTokens": [user["Token"]]},
            }),
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{service}");
    assert_eq!(service["IssueInstant"], "2025-01-01T00:00:00.0000000Z");
    assert_eq!(service["NotAfter"], "2025-01-01T16:00:00.0000000Z");
    let shown = &service["DisplayClaims"]["xui"][0];
    assert_eq!(shown["xid"], DEV_ONE.to_string());
    assert_eq!(shown["gtg"], format!("Player{DEV_ONE}"));
    let hash = shown["uhs"].as_str().expect("text");
    assert!(hash.bytes().all(|b| b.is_ascii_digit()), "{hash}");

    let token = service["Token"].as_str().expect("text");
    let principal = world
        .authenticate(&format!("XBL3.0 x={hash};{token}"))
        .expect("accepted");
    let acting = principal.acting_user().expect("a user");
    assert_eq!(acting.xuid, Xuid(DEV_ONE));
    assert!(acting.has_privilege(254, MissingPrivileges::Deny));
    assert!(!principal.is_service());

    // The user token itself is of no use at a service.
    let token = user["Token"].as_str().expect("text");
    assert_eq!(
        world.reason(&format!("XBL3.0 x={hash};{token}")),
        "wrong_audience"
    );
}

#[tokio::test]
async fn a11_an_unknown_user_is_refused_with_a_number() {
    let world = World::new();
    let request = json!({
        "RelyingParty": SIGN_IN_AUDIENCE, "TokenType": "JWT",
        "Properties": {"AuthMethod": "RPS", "RpsTicket": "d=dev:Nobody"},
    });
    let (status, body) = world.post_json("/user/authenticate", &request).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        body,
        json!({
            "Identity": "0", "XErr": 2_148_916_233_u32,
            "Message": "there is no user of this gamertag", "Redirect": "",
        })
    );
}

#[tokio::test]
async fn a23_the_endpoint_list_needs_no_credentials() {
    let world = World::new();
    let (status, headers, body) = world.get("/titles/default/endpoints?type=1").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[CONTENT_TYPE], "application/json");
    let list = json_of(&body);
    let endpoints = list["EndPoints"].as_array().expect("a list");
    for host in ["*.xboxlive.com", "mpsd.example"] {
        let endpoint = endpoints.iter().find(|entry| entry["Host"] == host);
        let endpoint = endpoint.expect("listed");
        assert_eq!(endpoint["RelyingParty"], SERVICE_AUDIENCE);
    }
    let (status, _, _) = world.get("/titles/nonsense/endpoints").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
