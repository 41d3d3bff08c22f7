//! Which files may be where.

use std::fs;

use convoke_server::service_configs::{MAX_FILE_BYTES, ServiceConfigs};

use crate::support::{Files, SCID, SERVICE, check, file, folder, problems_in, template};

const TEMPLATE: &str = r#"{"constants":{}}"#;

#[test]
fn a_folder_may_be_empty_and_must_exist() {
    check(&Files::new(), &[]);
    let temp = folder(&Files::new());
    let missing = temp.path().join("missing");
    let problems = ServiceConfigs::load(&missing).unwrap_err();
    assert_eq!(problems.list().len(), 1);
    assert_eq!(problems.list()[0].file, missing);
    assert!(
        problems.list()[0].message.starts_with("cannot be read: "),
        "{problems}"
    );
}

#[test]
fn what_does_not_belong_in_the_folder_is_named() {
    let files = vec![
        ("notes.txt".to_owned(), Vec::new()),
        ("mygame/service.toml".to_owned(), SERVICE.into()),
        file("service.toml", SERVICE),
        file("template/a.json", TEMPLATE),
        file("sessions/a.json", TEMPLATE),
        file("service.tml", SERVICE),
        file("templates/a.jsn", TEMPLATE),
        file("templates/old/a.json", TEMPLATE),
        file("hoppers/a.toml", ""),
    ];
    check(
        &files,
        &[
            "DIR/SCID/hoppers/a.toml: unexpected file; expected `<name>.json`",
            "DIR/SCID/service.tml: unexpected file; did you mean `service.toml`?",
            "DIR/SCID/sessions: unexpected folder; expected `service.toml`, `templates`, `hoppers`",
            "DIR/SCID/template: unexpected folder; did you mean `templates`?",
            "DIR/SCID/templates/a.jsn: unexpected file; expected `<name>.json`",
            "DIR/SCID/templates/old: unexpected folder; expected `<name>.json`",
            "DIR/mygame: unexpected folder: expected a service configuration id (GUID), found `mygame`",
            "DIR/notes.txt: unexpected file: only folders named by their scid belong here",
        ],
    );
}

#[test]
fn hidden_files_and_notes_for_people_are_ignored() {
    let files = vec![
        (".git/config".to_owned(), Vec::new()),
        ("README.md".to_owned(), Vec::new()),
        file("service.toml", SERVICE),
        file(".service.toml.swp", ""),
        file("readme", ""),
        file("templates/.gitkeep", ""),
        file("templates/README.txt", ""),
        file("templates/readme.json", TEMPLATE),
    ];
    check(&files, &[]);
    let configs = ServiceConfigs::load(folder(&files).path()).unwrap();
    assert_eq!(configs.iter().flat_map(|c| c.templates()).count(), 1);
}

#[test]
fn the_parts_of_a_scid_folder_are_of_their_kind() {
    let files = vec![
        file("service.toml/a", ""),
        file("templates", ""),
        file("hoppers", ""),
    ];
    check(
        &files,
        &[
            "DIR/SCID/hoppers: expected a folder",
            "DIR/SCID/service.toml: expected a file",
            "DIR/SCID/service.toml: is missing",
            "DIR/SCID/templates: expected a folder",
        ],
    );
}

#[test]
fn names_that_differ_only_by_case_are_refused() {
    let upper = "ABCDEF00-1111-4111-8111-111111111111";
    let lower = upper.to_ascii_lowercase();
    let files = vec![
        (format!("{upper}/service.toml"), SERVICE.into()),
        (format!("{lower}/service.toml"), SERVICE.into()),
        file("service.toml", SERVICE),
        file("templates/Lobby.json", TEMPLATE),
        file("templates/lobby.json", TEMPLATE),
        file("templates/lobby2.json", TEMPLATE),
    ];
    check(
        &files,
        &[
            "DIR/SCID/templates/lobby.json: differs from `Lobby.json` only by letter case",
            &format!("DIR/{lower}: differs from `{upper}` only by letter case"),
        ],
    );
}

#[test]
fn template_names_follow_their_rule() {
    let name = "a".repeat(101);
    check(
        &[template("a b", TEMPLATE), template(&name, TEMPLATE)].concat(),
        &[
            "DIR/SCID/templates/a b.json: expected a template name (1 to 100 letters, digits, `-`, `_`, `.`, `(`, `)`), found `a b` [value.text]",
            &format!(
                "DIR/SCID/templates/{name}.json: expected a template name (1 to 100 letters, digits, `-`, `_`, `.`, `(`, `)`), found `{name}` [value.text]"
            ),
        ],
    );
    check(&template("global(lfg)", TEMPLATE), &[]);
}

#[test]
fn hoppers_are_objects() {
    let files = vec![
        file("service.toml", SERVICE),
        file("hoppers/any.json", "// later\n{\"anything\":[1,],}"),
        file("hoppers/list.json", "[]"),
        file("hoppers/torn.json", "{\n\"a\":"),
        file("hoppers/twice.json", r#"{"a":{"b":1,"b":2}}"#),
    ];
    check(
        &files,
        &[
            "DIR/SCID/hoppers/list.json: expected an object [body.malformed]",
            "DIR/SCID/hoppers/torn.json: not JSON: EOF while parsing a value at line 2 column 4 [body.malformed]",
            "DIR/SCID/hoppers/twice.json: a.b: the key occurs twice in its object [body.malformed]",
        ],
    );
}

#[test]
fn a_huge_file_is_refused_unread() {
    let large = |bytes: u64| {
        let padding = " ".repeat(usize::try_from(bytes).unwrap() - TEMPLATE.len());
        template("large", format!("{TEMPLATE}{padding}"))
    };
    check(&large(MAX_FILE_BYTES), &[]);
    check(
        &large(MAX_FILE_BYTES + 1),
        &["DIR/SCID/templates/large.json: larger than 1048576 bytes"],
    );
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_followed_and_circles_are_refused() {
    use std::os::unix::fs::symlink;

    let temp = folder(&template("lobby", TEMPLATE));
    let scid = temp.path().join(SCID);
    symlink(
        scid.join("templates/lobby.json"),
        scid.join("templates/other.json"),
    )
    .unwrap();
    assert_eq!(problems_in(&temp), "");

    symlink(
        scid.join("templates/loop.json"),
        scid.join("templates/loop.json"),
    )
    .unwrap();
    symlink(temp.path().join("gone"), scid.join("templates/gone.json")).unwrap();
    symlink(temp.path(), scid.join("templates/up")).unwrap();
    symlink(&scid, scid.join("hoppers")).unwrap();
    let problems = problems_in(&temp);
    let lines: Vec<&str> = problems.lines().collect();
    assert_eq!(lines.len(), 6, "{problems}");
    let check = |line: usize, start: &str| {
        assert!(lines[line].starts_with(start), "{problems}");
    };
    check(0, "DIR/SCID/hoppers/hoppers: unexpected folder");
    check(1, "DIR/SCID/hoppers/service.toml: unexpected file");
    check(2, "DIR/SCID/hoppers/templates: unexpected folder");
    check(3, "DIR/SCID/templates/gone.json: cannot be read: ");
    check(4, "DIR/SCID/templates/loop.json: cannot be read: ");
    check(5, "DIR/SCID/templates/up: unexpected folder");
}

#[cfg(unix)]
#[test]
fn a_device_is_not_read() {
    use std::os::unix::fs::symlink;

    let temp = folder(&template("lobby", TEMPLATE));
    let scid = temp.path().join(SCID);
    symlink("/dev/zero", scid.join("templates/zero.json")).unwrap();
    assert_eq!(
        problems_in(&temp),
        "DIR/SCID/templates/zero.json: unexpected special file; expected `<name>.json`"
    );
    fs::remove_file(scid.join("templates/zero.json")).unwrap();
    fs::remove_file(scid.join("service.toml")).unwrap();
    symlink("/dev/zero", scid.join("service.toml")).unwrap();
    assert_eq!(
        problems_in(&temp),
        "DIR/SCID/service.toml: expected a file\nDIR/SCID/service.toml: is missing"
    );
}
