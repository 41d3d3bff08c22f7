//! `service.toml`: what it says and what is wrong with it.

use convoke_server::service_configs::{ServiceConfigs, Title};
use convoke_wire::{RawJson, TitleId};

use crate::support::{SCID, file, folder};

fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
    let expected: Vec<String> = expected
        .iter()
        .map(|line| format!("DIR/SCID/service.toml: {line}"))
        .collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    crate::support::check(&vec![file("service.toml", text)], &expected);
}

#[test]
fn a_service_file_says_who_may_use_the_scid() {
    let text = r#"
        title_ids = ["123", 456, 0x10, 1_000]
        sandboxes = ["retail", "XLDP.1"]
        allow_untitled = false

        [game_types.uwp-desktop]
        title_id = 123
        pfn = "Contoso.Game_8wekyb3d8bbwe"
        bound_pfns = ["a", "b"]

        [game_types.android]
        title_id = "456"
        pfn = "com.contoso.game"
    "#;
    let temp = folder(&vec![file("service.toml", format!("\u{feff}{text}"))]);
    let configs = ServiceConfigs::load(temp.path()).unwrap();
    let config = configs.get(&SCID.parse().unwrap()).unwrap();

    assert_eq!(
        config.title_ids,
        [TitleId(123), TitleId(456), TitleId(16), TitleId(1000)]
    );
    let serves = |sandbox: &str| config.serves(&sandbox.parse().unwrap());
    assert!(serves("RETAIL") && serves("xldp.1") && !serves("XLDP.2"));
    assert!(config.admits_title(Some(TitleId(456))));
    assert!(!config.admits_title(Some(TitleId(789))));
    assert!(!config.admits_title(None));
    assert_eq!(
        config.game_types.text(),
        concat!(
            r#"{"android":{"titleId":"456","pfn":"com.contoso.game","boundPfns":[]},"#,
            r#""uwp-desktop":{"titleId":"123","pfn":"Contoso.Game_8wekyb3d8bbwe","boundPfns":["a","b"]}}"#
        )
    );
}

#[test]
fn only_the_title_ids_are_required() {
    let temp = folder(&vec![file("service.toml", "title_ids = [7]")]);
    let configs = ServiceConfigs::load(temp.path()).unwrap();
    let config = configs.get(&SCID.parse().unwrap()).unwrap();

    assert_eq!(config.sandboxes, None);
    assert!(config.serves(&"ANY.1".parse().unwrap()));
    assert!(config.admits_title(None));
    assert_eq!(config.game_types, RawJson::empty_object());
    assert_eq!(config.templates().count(), 0);
    assert_eq!(configs.title(TitleId(7)), Title::unnamed(TitleId(7)));

    let missing = r#"title_ids: is missing; expected for example `title_ids = ["1717113201"]`"#;
    check("", &[missing]);
    crate::support::check(
        &vec![file("templates/.keep", "")],
        &["DIR/SCID/service.toml: is missing"],
    );
}

#[test]
fn unknown_keys_are_named_with_the_key_that_was_meant() {
    let all = "unknown key; expected one of `title_ids`, `sandboxes`, `allow_untitled`, `game_types`, `titles`, `banned_users`";
    let missing = r#"title_ids: is missing; expected for example `title_ids = ["1717113201"]`"#;
    let check_one = |text: &str, expected: &str| {
        check(format!("title_ids = [7]\n{text}"), &[expected]);
    };
    check(
        "title_id = [\"7\"]",
        &[missing, "title_id: unknown key; did you mean `title_ids`?"],
    );
    check_one(
        "sandBox = []",
        "sandBox: unknown key; did you mean `sandboxes`?",
    );
    check_one(
        "allowUntitled = true",
        "allowUntitled: unknown key; did you mean `allow_untitled`?",
    );
    check_one("colour = 1", &format!("colour: {all}"));
    check_one(
        "[game_types.x]\ntitle_id = 1\npfn = \"p\"\nboundPfns = []",
        "game_types.x.boundPfns: unknown key; did you mean `bound_pfns`?",
    );
    check_one(
        "game_types.x = { title_id = 1, pfn = \"p\", platform = 1 }",
        "game_types.x.platform: unknown key; expected one of `title_id`, `pfn`, `bound_pfns`",
    );
}

#[test]
fn values_of_the_wrong_kind_are_named_all_at_once() {
    check(
        r#"title_ids = "777"
sandboxes = ["RETAIL", 5, "", "retail"]
allow_untitled = "yes"
game_types.x = { title_id = -1, bound_pfns = ["a", 5] }
game_types.y = { title_id = "4294967296", pfn = true, bound_pfns = "a" }
game_types.z = 2026-01-01
"#,
        &[
            "title_ids: expected a list of title ids, found a string",
            "sandboxes[1]: expected a sandbox id, found an integer",
            "sandboxes[2]: expected a sandbox id (1 to 100 letters, digits, `-`, `_`, `.`), found ``",
            "sandboxes[3]: occurs twice in the list",
            "allow_untitled: expected true or false, found a string",
            "game_types.x.pfn: is missing",
            "game_types.x.title_id: expected a decimal title id of at most 32 bits, found `-1`",
            "game_types.x.bound_pfns[1]: expected a string, found an integer",
            "game_types.y.title_id: expected a decimal title id of at most 32 bits, found `4294967296`",
            "game_types.y.pfn: expected a string, found a boolean",
            "game_types.y.bound_pfns: expected a list of strings, found a string",
            "game_types.z: expected a table, found a datetime",
        ],
    );
    check(
        "title_ids = []\nsandboxes = []\ngame_types = 1",
        &[
            "title_ids: expected at least one of the title ids",
            "sandboxes: expected at least one of the sandboxes",
            "game_types: expected a table, found an integer",
        ],
    );
    check(
        "title_ids = [1, \"1\", 4294967296, 1.5]",
        &[
            "title_ids[1]: occurs twice in the list",
            "title_ids[2]: expected a decimal title id of at most 32 bits, found `4294967296`",
            "title_ids[3]: expected a title id, found a float",
        ],
    );
}

const TITLES: &str = r#"
    title_ids = ["777", "778"]
    [titles.777]
    name = "Contoso Racing"
    image_url = "https://contoso.example/racing.png"
"#;

#[test]
fn titles_are_called_what_a_file_says() {
    let temp = folder(&vec![file("service.toml", TITLES)]);
    let configs = ServiceConfigs::load(temp.path()).unwrap();
    let racing = Title {
        name: "Contoso Racing".to_owned(),
        image_url: Some("https://contoso.example/racing.png".to_owned()),
    };
    assert_eq!(configs.title(TitleId(777)), racing);
    assert_eq!(configs.title(TitleId(778)).name, "Title 778");
}

#[test]
fn a_title_is_the_same_in_each_of_its_service_configurations() {
    const OTHER: &str = "22222222-1111-4111-8111-111111111111/service.toml";
    let both = |other: &str| {
        let other = (OTHER.to_owned(), other.as_bytes().to_vec());
        crate::support::problems_in(&folder(&vec![file("service.toml", TITLES), other]))
    };
    assert_eq!(both(TITLES), "");
    assert_eq!(
        both(&TITLES.replace("Racing", "Flying")),
        format!("DIR/{OTHER}: titles.777: differs from DIR/SCID/service.toml")
    );
}

#[test]
fn what_is_said_of_titles_is_checked_and_has_limits() {
    let check_one = |text: &str, expected: &[&str]| {
        check(format!("title_ids = [7]\n{text}"), expected);
    };
    let (long, length) = ("x".repeat(257), "expected 1 to 256 characters, found");
    check_one(
        "titles = 1",
        &["titles: expected a table, found an integer"],
    );
    check_one(
        "titles.8.name = \"x\"\ntitles.x.name = \"x\"",
        &[
            "titles.8: is not one of the `title_ids`",
            "titles.x: expected a decimal title id of at most 32 bits, found `x`",
        ],
    );
    check_one(
        "[titles.7]\nnames = \"x\"",
        &[
            "titles.7.name: is missing",
            "titles.7.names: unknown key; did you mean `name`?",
        ],
    );
    for (text, expected) in [
        ("7 = 1", "7: expected a table, found an integer".to_owned()),
        ("7.name = \"\"", format!("7.name: {length} 0")),
        (
            &format!("7.name = \"{long}\""),
            format!("7.name: {length} 257"),
        ),
        (
            "7 = { name = \"x\", image_url = \"ftp://x\" }",
            "7.image_url: expected an http or https address".to_owned(),
        ),
        (
            "7 = { name = \"x\", image_url = true }",
            "7.image_url: expected a string, found a boolean".to_owned(),
        ),
    ] {
        check_one(&format!("titles.{text}"), &[&format!("titles.{expected}")]);
    }
    let platform = |name: &str| format!("[game_types.{name}]\ntitle_id = 7\npfn = \"p\"\n");
    let many: String = (0..33).map(|n| platform(&format!("p{n}"))).collect();
    check_one(&many, &["game_types: at most 32 platforms, found 33"]);
    check_one(
        &platform(&long),
        &[&format!("game_types.{long}: {length} 257")],
    );
    let bound = format!("{}bound_pfns = {:?}\n", platform("x"), vec!["b"; 33]);
    check_one(
        &bound,
        &["game_types.x.bound_pfns: at most 32 names, found 33"],
    );
    check_one(
        &platform("x").replace("\"p\"", "\"\""),
        &[&format!("game_types.x.pfn: {length} 0")],
    );
}

#[test]
fn users_are_banned_by_their_xuid() {
    let temp = folder(&vec![file(
        "service.toml",
        "title_ids = [7]\nbanned_users = [\"2533274790000000\", 1001]",
    )]);
    let configs = ServiceConfigs::load(temp.path()).unwrap();
    let config = configs.get(&SCID.parse().unwrap()).unwrap();
    let banned: Vec<u64> = config.banned_users.iter().map(|xuid| xuid.0).collect();
    assert_eq!(banned, [1001, 2_533_274_790_000_000]);
    check(
        "title_ids = [7]\nbanned_users = [\"x\", 1.5, 7, \"7\"]",
        &[
            "banned_users[0]: expected a decimal XUID of at most 64 bits, found `x`",
            "banned_users[1]: expected an XUID, found a float",
            "banned_users[3]: occurs twice in the list",
        ],
    );
}

#[test]
fn malformed_text_is_named_with_line_and_column() {
    check(
        "title_ids = [1\nsandboxes = [\"é\" \"b\"]",
        &["not TOML: missing comma between array elements, expected `,` at line 2 column 1"],
    );
    check(
        "title_ids = [1]\ntitle_ids = [2]",
        &["not TOML: duplicate key at line 2 column 1"],
    );
    check(b"title_ids = [1] # \xff", &["not UTF-8 at byte 18"]);
}

#[test]
fn problems_know_their_line() {
    let text = "# notes\ntitle_ids = [\n  \"1\",\n  \"x\",\n]\n\nsandbox = []\n";
    let temp = folder(&vec![file("service.toml", text)]);
    let problems = ServiceConfigs::load(temp.path()).unwrap_err();
    let lines: Vec<_> = problems
        .list()
        .iter()
        .map(|p| (p.path.as_str(), p.line))
        .collect();
    assert_eq!(lines, [("title_ids[1]", Some(4)), ("sandbox", Some(7))]);
}
