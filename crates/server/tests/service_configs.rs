//! Loading service configurations: the sample, folders that are right, and folders that are not.

#[path = "service_configs/folders.rs"]
mod folders;
#[path = "service_configs/service_files.rs"]
mod service_files;
#[path = "service_configs/support.rs"]
mod support;
#[path = "service_configs/templates.rs"]
mod templates;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use convoke_server::service_configs::{Catalogue, ServiceConfigs, check_template_file};
use convoke_wire::TitleId;
use support::{SCID, folder, template};

fn sample_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a new folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn the_sample_is_what_its_folder_loads_to() {
    let temp = tempfile::tempdir().unwrap();
    copy(&sample_folder(), temp.path());

    let loaded = ServiceConfigs::load(temp.path()).unwrap();

    assert_eq!(loaded, ServiceConfigs::sample());
}

#[test]
fn the_sample_has_the_templates_that_examples_and_tools_name() {
    let sample = ServiceConfigs::sample();
    let names: Vec<String> = sample
        .iter()
        .flat_map(|config| {
            config
                .templates()
                .map(|t| format!("{}/{}", config.scid, t.name))
        })
        .collect();
    assert_eq!(
        names,
        [
            "00000000-0000-4000-8000-00000000c0de/game",
            "00000000-0000-4000-8000-00000000c0de/lfg",
            "00000000-0000-4000-8000-00000000c0de/lobby",
            "4fc10100-5f7a-4470-899b-280835760c07/MinecraftLobby",
        ]
    );
    let bedrock = "4FC10100-5F7A-4470-899B-280835760C07".parse().unwrap();
    let bedrock = sample.get(&bedrock).unwrap();
    assert!(
        bedrock
            .template(&"minecraftlobby".parse().unwrap())
            .is_some()
    );
    assert!(bedrock.admits_title(Some(TitleId(896_928_775))));
    assert!(bedrock.admits_title(None));
    assert!(!bedrock.admits_title(Some(TitleId(1))));
    assert!(bedrock.serves(&"XLDP.1".parse().unwrap()));
}

#[test]
fn every_template_of_the_sample_passes_the_check_of_single_files() {
    let mut checked = 0;
    for scid in fs::read_dir(sample_folder()).unwrap() {
        let templates = scid.unwrap().path().join("templates");
        for file in fs::read_dir(templates).into_iter().flatten() {
            check_template_file(&file.unwrap().path()).unwrap();
            checked += 1;
        }
    }
    assert_eq!(checked, 4);
}

#[test]
fn a_sample_catalogue_reloads_to_itself() {
    let catalogue = Catalogue::sample();
    let before = catalogue.current();

    catalogue.reload().unwrap();

    assert!(Arc::ptr_eq(&before, &catalogue.current()));
    assert_eq!(catalogue.folder(), None);
}

#[test]
fn a_reload_takes_all_or_nothing() {
    let temp = folder(&template("lobby", r#"{"constants":{}}"#));
    let catalogue = Catalogue::open(temp.path()).unwrap();
    let templates = || {
        let current = catalogue.current();
        let config = current.get(&SCID.parse().unwrap()).unwrap();
        let names = config.templates().map(|t| t.name.to_string());
        names.collect::<Vec<_>>()
    };
    let before = catalogue.current();
    let path = |name: &str| temp.path().join(SCID).join("templates").join(name);

    fs::write(path("arena.json"), r#"{"constants":{}}"#).unwrap();
    fs::write(path("broken.json"), "{").unwrap();
    let problems = catalogue.reload().unwrap_err();
    assert_eq!(problems.list().len(), 1, "{problems}");
    assert!(Arc::ptr_eq(&before, &catalogue.current()));

    fs::remove_file(path("broken.json")).unwrap();
    catalogue.reload().unwrap();
    assert_eq!(templates(), ["arena", "lobby"]);
    assert_eq!(catalogue.folder(), Some(temp.path()));

    fs::remove_dir_all(temp.path()).unwrap();
    assert!(catalogue.reload().is_err());
    assert_eq!(templates(), ["arena", "lobby"]);
}
