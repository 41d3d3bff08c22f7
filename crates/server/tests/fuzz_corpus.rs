//! The fuzzer's targets over its checked-in corpus, and over the largest inputs that are let in.
//!
//! Not here: the targets themselves, which are in `fuzz/src`, and any search for new inputs.

#[path = "../../../fuzz/src/lib.rs"]
#[expect(
    unreachable_pub,
    reason = "a crate of its own where the fuzzer builds it"
)]
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use convoke_server::exchange::{MAX_BODY_BYTES, MAX_URI_LEN};
use convoke_wire::rta::MAX_FRAME_BYTES;
use targets::{TARGETS, Target};

/// Most bytes of the whole corpus: it is there to be run at every change, and read by people.
const MAX_CORPUS_BYTES: u64 = 300 * 1024;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz")
        .join(name)
}

/// The files of a folder with their bytes, by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("the folder is checked in");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let file = |path: PathBuf| (path.display().to_string(), fs::read(&path).expect("a file"));
    paths.into_iter().map(file).collect()
}

#[test]
fn what_the_targets_assert_holds_for_every_file_of_the_corpus() {
    let mut failed = Vec::new();
    for (name, target) in TARGETS {
        let seeds = files(&folder("corpus").join(name));
        assert!(!seeds.is_empty(), "{name} has no corpus");
        for (file, bytes) in seeds {
            if catch_unwind(|| target(&bytes)).is_err() {
                failed.push(file);
            }
        }
    }
    assert_eq!(failed, Vec::<String>::new());
}

#[test]
fn every_target_has_a_corpus_and_a_program_for_the_fuzzer() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let listed = |name: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(folder(name)).expect("the folder is checked in");
        let stem = |path: PathBuf| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        };
        entries
            .map(|entry| stem(entry.expect("an entry").path()))
            .collect()
    };
    assert_eq!(listed("corpus"), names);
    assert_eq!(listed("fuzz_targets"), names);
}

#[test]
fn the_corpus_stays_small() {
    let all = TARGETS
        .iter()
        .flat_map(|(name, _)| files(&folder("corpus").join(name)));
    let bytes: u64 = all.map(|(_, bytes)| bytes.len() as u64).sum();
    assert!(bytes < MAX_CORPUS_BYTES, "{bytes} bytes");
}

/// Largest `service.toml`; larger ones are refused unread.
const SERVICE_FILE_BYTES: usize = 64 * 1024;

/// A beginning, something that is repeated until the limit, and an end.
type Shape = (&'static str, &'static str, &'static str);

const JSON_SHAPES: &[Shape] = &[
    ("", "[", ""),
    ("", "{\"a\":", ""),
    ("[", "[],", "0]"),
    ("{\"properties\":{\"custom\":{\"a\":\"", "\\u0041", "\"}}}"),
    (
        "{\"properties\":{\"system\":{\"keywords\":[",
        "\"k\",",
        "\"k\"]}}}",
    ),
    ("{\"members\":{\"me\":{},\"", "x", "\":{}}}"),
    (
        "{\"type\":\"activity\",\"owners\":{\"xuids\":[",
        "\"1\",",
        "\"1\"]}}",
    ),
    ("", " ", "{}"),
    ("{\"a\":", "9", "}"),
    ("{\"a\":\"", "\\\\", "\"}"),
];

const FILE_SHAPES: &[Shape] = &[
    ("", "=", ""),
    ("", "a.", "b = 1"),
    ("", "[", ""),
    ("a = ", "[", ""),
    ("", "=\n", ""),
    ("title_ids = [", "\"1\",", "\"1\"]"),
    ("", "[[a]]\n", ""),
    ("a = \"", "\\u0041", "\""),
    ("", "{ //\n", ""),
    ("{", "//", "\n}"),
    ("[", "1,", "]"),
];

const TEXT_SHAPES: &[Shape] = &[
    ("/", "/", ""),
    ("/", "a/", ""),
    ("/", "%2f", ""),
    ("/users/xuid(", "0", "1)/people"),
    ("", "&", ""),
    ("", "a=b&", ""),
    ("include=", ",", ""),
    ("XBL3.0 x=", "1", ";a"),
    ("XBL3.0 x=1;", ".", ""),
    ("Bearer ", "a", ".b.c"),
];

/// Clock skew, header, proof key, target, `Authorization` and body, by lines.
const SIGNED_SHAPES: &[Shape] = &[
    ("\0", "A", ""),
    ("\0\n", "[", ""),
    (
        "\0\n{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"",
        "A",
        "\",\"y\":\"\"}",
    ),
    ("\0\n\n/", "%41", ""),
    ("\0\n\n/", "\u{e9}", "?"),
    ("\0\n\n/a\n", "a", ""),
    ("\0\n\n/a\nBearer a\n", "a", ""),
];

fn run_large(names: &[&str], shapes: &[Shape], limit: usize) {
    for (name, target) in chosen(names) {
        for (start, middle, end) in shapes {
            let count = (limit - start.len() - end.len()) / middle.len();
            let text = format!("{start}{}{end}", middle.repeat(count));
            eprintln!("{name}: {start}{middle}…{end}");
            target(text.as_bytes());
        }
    }
}

/// The same with `#` in what is repeated standing for its number, so that all are different.
fn run_numbered(names: &[&str], shapes: &[Shape], limit: usize) {
    for (name, target) in chosen(names) {
        for (start, item, end) in shapes {
            let mut text = (*start).to_owned();
            for number in 0.. {
                let item = item.replace('#', &number.to_string());
                if limit < text.len() + item.len() + end.len() {
                    break;
                }
                text.push_str(&item);
            }
            text.push_str(end);
            eprintln!("{name}: {start}…{end}");
            target(text.as_bytes());
        }
    }
}

fn chosen(names: &[&str]) -> impl Iterator<Item = (&'static str, Target)> {
    let all = TARGETS.iter().copied();
    all.filter(|(name, _)| names.contains(name))
}

/// The runner ends tests that take minutes; work that grows with the square of the size takes hours.
#[test]
fn bodies_at_the_size_limit_take_no_longer_than_their_size() {
    let names = ["session_body", "handle_body", "handle_query", "token"];
    run_large(&names, JSON_SHAPES, MAX_BODY_BYTES);
    let shapes = [
        (
            "{\"members\":{",
            "\"reserve_#\":{\"constants\":{\"system\":{\"xuid\":\"#\"}}},",
            "\"me\":{}}}",
        ),
        ("{\"members\":{\"me\":null", ",\"#\":null", "}}"),
        ("{\"servers\":{\"s\":null", ",\"s#\":{}", "}}"),
        ("{\"properties\":{\"custom\":{\"a\":1", ",\"k#\":#", "}}}"),
        (
            "{\"roleTypes\":{\"a\":{\"roles\":{}}",
            ",\"t#\":{\"roles\":{\"r\":{\"max\":1}}}",
            "}}",
        ),
        (
            "{\"type\":\"activity\",\"owners\":{\"xuids\":[\"1\"",
            ",\"#\"",
            "]}}",
        ),
    ];
    run_numbered(&names, &shapes, MAX_BODY_BYTES);
}

#[test]
fn files_at_the_size_limit_take_no_longer_than_their_size() {
    let limit = usize::try_from(convoke_server::service_configs::MAX_FILE_BYTES).expect("small");
    run_large(&["template"], JSON_SHAPES, limit);
    for limit in [SERVICE_FILE_BYTES, limit] {
        run_large(&["service_file"], FILE_SHAPES, limit);
    }
    let shapes = [
        ("title_ids = [\"0\"", ",\"1#\"", "]"),
        ("title_ids = [\"0\"", ",\"x#\"", "]"),
        ("", "k# = 1\n", ""),
        ("", "k# =\n", ""),
        (
            "title_ids = [\"1\"]\n",
            "[game_types.p#]\ntitle_id = \"1\"\n",
            "",
        ),
        ("title_ids = [\"1\"]\n", "[titles.#]\nname = \"1\"\n", ""),
        ("{\"constants\":{\"system\":{\"a\":1", ",\"k#\":1", "}}}"),
        ("{\"constants\":{\"custom\":{\"a\":1", ",\"k#\":1", "}}}"),
    ];
    run_numbered(&["template"], &shapes, limit);
    run_numbered(&["service_file"], &shapes, SERVICE_FILE_BYTES);
}

#[test]
fn heads_at_the_size_limit_take_no_longer_than_their_size() {
    run_large(
        &["path", "query_string", "authorization", "signature"],
        TEXT_SHAPES,
        MAX_URI_LEN,
    );
    run_large(&["signature"], SIGNED_SHAPES, MAX_BODY_BYTES);
}

#[test]
fn frames_at_the_size_limit_take_no_longer_than_their_size() {
    let shapes = [
        ("[9,", "[", ""),
        ("[1,1,\"u\"", ",0", "]"),
        ("[1,1,\"", "\\u0001", "\"]"),
        ("[1,1,\"https://h/", "/", "connections\"]"),
        ("[1,1,\"https://h/", "%2f", "\"]"),
        ("[1,", "9", ",\"u\"]"),
        ("", " ", "[4]"),
        ("[3,1,{\"a\":\"", "\\\\", "\"}]"),
    ];
    for limit in [MAX_FRAME_BYTES, MAX_BODY_BYTES] {
        run_large(&["real_time_frame"], &shapes, limit);
    }
}
