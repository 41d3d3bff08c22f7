//! Files that people write: templates, service files, the configuration.

use convoke_server::config::Config;
use convoke_server::service_configs::{ConfigProblems, ServiceConfig};
use convoke_wire::Scid;

const SERVICE: &[u8] = br#"title_ids = ["1"]"#;

/// A template: one that is taken is taken again as the service shows it.
pub fn template(bytes: &[u8]) {
    let with = |bytes: &[u8]| {
        let templates = vec![("t.json".to_owned(), bytes.to_vec())];
        ServiceConfig::from_bytes(scid(), SERVICE.to_vec(), templates)
    };
    match with(bytes) {
        Ok(config) => {
            let named = config.templates().next().expect("the template");
            let shown = serde_json::to_vec(&named.template.document).expect("plain JSON");
            let again = with(&shown).expect("a template is one in its own words");
            assert_eq!(again, config, "{}", String::from_utf8_lossy(&shown));
        }
        Err(problems) => check_problems(&problems, "t.json"),
    }
}

/// A `service.toml`: one that is taken names titles, each once.
pub fn service_file(bytes: &[u8]) {
    match ServiceConfig::from_bytes(scid(), bytes.to_vec(), Vec::new()) {
        Ok(config) => {
            assert!(!config.title_ids.is_empty());
            let mut each = config.title_ids.clone();
            each.sort_unstable();
            each.dedup();
            assert_eq!(each.len(), config.title_ids.len());
            assert!(
                config
                    .sandboxes
                    .as_ref()
                    .is_none_or(|some| !some.is_empty())
            );
            assert!(
                config
                    .title_ids
                    .iter()
                    .all(|id| config.admits_title(Some(*id)))
            );
            assert!(config.game_types.is_object());
        }
        Err(problems) => check_problems(&problems, "service.toml"),
    }
}

/// The configuration: one that is taken reads back equal as it is shown.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Config::from_toml(text) {
        Ok(config) => {
            let shown = toml::to_string(&config).expect("a configuration is a TOML document");
            let again = Config::from_toml(&shown).expect("a configuration in its own words");
            let values = [&config, &again].map(|it| serde_json::to_value(it).expect("plain JSON"));
            assert_eq!(values[0], values[1], "{shown}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Every problem is one line that begins with its file and says something.
fn check_problems(problems: &ConfigProblems, file: &str) {
    assert!(!problems.list().is_empty());
    for problem in problems.list() {
        let line = problem.to_string();
        assert!(line.starts_with(file), "{line}");
        assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
        assert!(!problem.message.is_empty(), "{line}");
    }
}

fn scid() -> Scid {
    "11111111-2222-3333-4444-555555555555"
        .parse()
        .expect("a GUID")
}
