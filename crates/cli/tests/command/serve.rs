//! `convoke serve`, and the commands that talk to it.

use serde_json::Value;

use crate::process::{SCID, Server, TITLE, json, lobby, run, run_well, text, token};

const JOIN: &str = r#"{"members":{"me":{"properties":{"system":{"active":true}}}}}"#;

/// The `--json` output of a command of a player.
#[track_caller]
fn answer(server: &Server, token: &str, line: &[&str]) -> Value {
    let caller = ["--json", "--url", &server.url, "--token", token];
    let output = run(&[line, &caller[..]].concat());
    let answer = json(&String::from_utf8_lossy(&output.stdout));
    let status = answer["status"].as_u64().expect("a status");
    let good = (200..300).contains(&status) || status == 304;
    assert_eq!(output.status.success(), good, "{}", text(&output));
    answer
}

#[test]
fn sessions_and_tokens_outlive_the_server() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(data.path());
    let about = &server.introduction;
    for part in [SCID, TITLE, "lobby", "convoke token --xuid", "sqlite"] {
        assert!(about.contains(part), "`{part}` is not in\n{about}");
    }
    let a = token(&server.url, "1001");
    assert!(a.starts_with("XBL3.0 x="), "{a}");
    let session = format!("{SCID}/lobby/one");
    let put = ["session", "put", &session, "--data", JOIN];
    let created = answer(&server, &a, &[&put[..], &["--if-none-match", "*"]].concat());
    assert_eq!(created["status"], 201, "{created}");
    assert!(server.end("-INT").success());

    let server = Server::start(data.path());
    let found = answer(&server, &a, &["session", "get", &lobby("one")]);
    assert_eq!(found["status"], 200, "{found}");
    assert_eq!(found["etag"], created["etag"]);
    assert_eq!(found["body"]["branch"], created["body"]["branch"]);
    assert!(server.end("-TERM").success());
}

#[test]
fn the_commands_tell_the_story_of_the_demonstration() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(data.path());
    let [a, b, c] = ["1001", "1002", "1003"].map(|xuid| token(&server.url, xuid));
    let session = format!("{SCID}/lobby/two");
    let ask = |token: &str, line: &[&str], status: u16| {
        let answer = answer(&server, token, line);
        assert_eq!(answer["status"], status, "{line:?}: {answer}");
        answer
    };
    let created = ask(&a, &["session", "put", &session, "--data", JOIN], 201);
    let activity = ask(&a, &["handle", "create", "activity", &session], 201);
    let activity = activity["body"]["id"].as_str().expect("an id");
    let found = ask(
        &b,
        &["handle", "query", "--xuids", "1001,1002", "--scid", SCID],
        200,
    );
    assert_eq!(found["body"]["results"][0]["id"], activity);
    let joined = ask(&b, &["handle", "join", activity], 200);
    assert_eq!(joined["contentLocation"], lobby("two"));
    ask(&b, &["handle", "session", activity], 200);
    let line = [
        "handle",
        "create",
        "invite",
        &session,
        "--to",
        "1003",
        "--title-id",
        TITLE,
    ];
    let invite = ask(&a, &line, 201);
    let invite = invite["body"]["id"].as_str().expect("an id");
    ask(&b, &["handle", "get", invite], 404);
    ask(&c, &["handle", "get", invite], 200);
    ask(
        &c,
        &[
            "session",
            "put",
            &format!("handle:{invite}"),
            "--data",
            JOIN,
        ],
        200,
    );
    ask(&c, &["handle", "delete", invite], 204);

    let map = r#"{"properties":{"custom":{"map":"canyon"}}}"#;
    let write = ["session", "put", &session, "--data", map, "--if-match"];
    let stale = created["etag"].as_str().expect("a tag");
    let refused = ask(&a, &[&write[..], &[stale]].concat(), 412);
    let fresh = refused["etag"].as_str().expect("a tag");
    let tried = [&write[..], &[fresh, "--nocommit"]].concat();
    ask(&a, &tried, 200);
    ask(&a, &[&write[..], &[fresh]].concat(), 200);
    let unchanged = ["session", "get", &session, "--if-none-match", "*"];
    ask(&a, &unchanged, 304);
    let element = format!("{}/properties", lobby("two"));
    let properties = ask(&a, &["session", "get", &element], 200);
    assert_eq!(properties["body"]["custom"]["map"], "canyon");
    let told = ask(&a, &["session", "explain", &session, "--of", "1004"], 200);
    assert_eq!(told["body"]["user"]["xuid"], "1004");
    assert_eq!(told["body"]["write"]["allowed"], false, "{told}");

    let leave = [
        "session",
        "put",
        &session,
        "--data",
        r#"{"members":{"me":null}}"#,
    ];
    for (player, status) in [(&b, 200), (&c, 200), (&a, 204)] {
        ask(player, &leave, status);
    }
    ask(&a, &["session", "get", &session], 204);
    ask(&a, &["handle", "get", activity], 404);
}

#[test]
fn answers_are_shown_with_status_tag_and_document_and_refusals_with_rule_and_cure() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(data.path());
    let caller = ["--as", "1001", "--as-title", TITLE, "--url", &server.url];
    let session = format!("{SCID}/lobby/three");
    let put = ["session", "put", &session, "--data", JOIN];
    let out = run_well(&[&put[..], &caller[..]].concat());
    assert!(out.starts_with("201 Created\nETag: \""), "{out}");
    assert!(out.contains("\n  \"changeNumber\": 1,"), "{out}");

    let missing = format!("{SCID}/no-such-template/three");
    let output = run(&[&["session", "get", &missing], &caller[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.starts_with("404 Not Found\n"), "{shown}");
    assert!(shown.contains("\ncode: template.unknown\n"), "{shown}");

    let locked = r#"{"properties":{"system":{"locked":true}}}"#;
    let put = ["session", "put", &session, "--data", locked];
    let output = run(&[&put[..], &caller[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "400 Bad Request\n\
         code: properties.locked\n\
         detail: a session can only be locked while it is closed\n\
         path: properties.system.locked\n\
         rule: A locked session is closed.\n\
         cure: Set both in one write.\n\
         docs: /docs/errors.md#properties.locked\n"
    );
}

#[test]
fn the_whole_answer_of_the_issuer_can_be_printed() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(data.path());
    let line = [
        "token",
        "--xuid",
        "1001",
        "--gamertag",
        "A",
        "--device-id",
        "D",
    ];
    let more = [
        "--privileges",
        "185 254",
        "--sandbox",
        "XLDP.1",
        "--json",
        "--url",
    ];
    let out = run_well(&[&line[..], &more[..], &[&server.url]].concat());
    let user = &json(&out)["DisplayClaims"]["xui"][0];
    assert_eq!((&user["xid"], &user["gtg"]), (&"1001".into(), &"A".into()));
    assert_eq!(user["prv"], "185 254");

    let service = run_well(&["token", "--role", "sessions.server", "--url", &server.url]);
    assert!(service.starts_with("XBL3.0 x=-;"), "{service}");
}

#[test]
fn mistakes_are_explained() {
    let check = |line: &[&str], expected: &str| {
        let output = run(line);
        assert!(!output.status.success(), "{}", text(&output));
        assert!(text(&output).contains(expected), "{}", text(&output));
    };
    // Nobody listens on this port: it is reserved, and only root could.
    let nowhere = "http://127.0.0.1:1";
    check(
        &["token", "--xuid", "1", "--url", nowhere],
        "is `convoke serve` running at http://127.0.0.1:1?",
    );
    check(&["session", "get", "lobby/a"], "for example");
    check(&["session", "get", "handle:1"], "GUID");
    check(&["handle", "get", "x"], "GUID");
    check(&["token"], "--xuid");
    let session = format!("{SCID}/lobby/a");
    check(
        &["session", "put", &session, "--data", "{a"],
        "--data is not JSON",
    );
    check(&["handle", "query", "--people", "people"], "--people-of");
}
