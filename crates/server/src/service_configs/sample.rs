//! The built-in service configurations: the files of `crates/server/sample`, in the program.

use std::borrow::Cow;
use std::path::Path;

use super::folder::{SERVICE_FILE, ScidFolder, SourceFile};

/// The files of one scid.
struct Sample {
    scid: &'static str,
    service: &'static str,
    templates: &'static [(&'static str, &'static str)],
}

macro_rules! sample {
    ($scid:literal: $($template:literal),+) => {
        Sample {
            scid: $scid,
            service: include_str!(concat!("../../sample/", $scid, "/service.toml")),
            templates: &[$((
                $template,
                include_str!(concat!("../../sample/", $scid, "/templates/", $template)),
            )),+],
        }
    };
}

const SAMPLES: &[Sample] = &[
    sample!("00000000-0000-4000-8000-00000000c0de": "game.json", "lfg.json", "lobby.json"),
    sample!("4fc10100-5f7a-4470-899b-280835760c07": "MinecraftLobby.json"),
];

/// The built-in folders, as if they had been read.
pub(super) fn folders() -> Vec<ScidFolder> {
    SAMPLES.iter().map(folder).collect()
}

fn folder(sample: &Sample) -> ScidFolder {
    let root = Path::new("sample").join(sample.scid);
    let file = |name: &str, text: &'static str| SourceFile {
        path: root.join(name),
        bytes: Cow::Borrowed(text.as_bytes()),
    };
    ScidFolder {
        scid: sample.scid.parse().expect("a constant scid"),
        service: file(SERVICE_FILE, sample.service),
        templates: sample
            .templates
            .iter()
            .map(|(name, text)| file(name, text))
            .collect(),
        hoppers: Vec::new(),
    }
}
