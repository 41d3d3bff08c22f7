//! Keys given by the environment: `CONVOKE_LIMITS__MODE=off` stands for `mode` in `[limits]`.

use anyhow::{Context, bail};
use toml::{Table, Value};

use super::{Config, keys};

/// What the names of all our variables begin with.
const PREFIX: &str = "CONVOKE_";
/// Between a table and a key in it; names of keys have single ones.
const SEPARATOR: &str = "__";
/// Variables of the commands, which are no keys of the configuration.
const OF_COMMANDS: &[&str] = &[
    "CONVOKE_BLESS",
    "CONVOKE_CA_FILE",
    "CONVOKE_CONFIG",
    "CONVOKE_TITLE_ID",
    "CONVOKE_TOKEN",
    "CONVOKE_URL",
];
/// Variables that only our tests read begin with this.
const OF_TESTS: &str = "CONVOKE_TEST_";

/// Lays the variables over a configuration. Those that name no key are errors, all at once.
///
/// Values are written as in the file; the quotes of a text may be left out.
pub(super) fn over(config: Config, environment: &[(String, String)]) -> anyhow::Result<Config> {
    let variables = environment.iter().filter(|(name, _)| is_key(name));
    let mut table = Table::try_from(&config).context("the configuration cannot be written")?;
    let (mut unknown, mut given) = (Vec::new(), Vec::new());
    for (name, text) in variables {
        let path = path_of(name);
        match keys::kind_of(&path) {
            Some(kind) => {
                set(&mut table, &path, value(text, kind))
                    .with_context(|| format!("{name}: `{path}` is no key of a table"))?;
                given.push(path);
            }
            None => unknown.push(format!("{name}: {}", keys::unknown(&path))),
        }
    }
    if !unknown.is_empty() {
        bail!("{}", unknown.join("\n"));
    }
    if given.is_empty() {
        return Ok(config);
    }
    serde_path_to_error::deserialize(table).map_err(|error| {
        let path = error.path().to_string();
        let set_here = given
            .iter()
            .find(|key| path.starts_with(key.as_str()) || key.starts_with(&path));
        let variable = set_here.map_or(path.clone(), |key| variable_of(key));
        anyhow::anyhow!("{variable}: {}", error.into_inner().to_string().trim_end())
    })
}

fn is_key(name: &str) -> bool {
    name.starts_with(PREFIX) && !name.starts_with(OF_TESTS) && !OF_COMMANDS.contains(&name)
}

/// `CONVOKE_LIMITS__MODE` is `limits.mode`.
fn path_of(variable: &str) -> String {
    let name = variable.strip_prefix(PREFIX).unwrap_or(variable);
    name.replace(SEPARATOR, ".").to_ascii_lowercase()
}

fn variable_of(path: &str) -> String {
    let name = path.replace('.', SEPARATOR).to_ascii_uppercase();
    format!("{PREFIX}{name}")
}

/// A text where the key takes texts; otherwise what the file would mean by it.
fn value(text: &str, kind: keys::Kind) -> Value {
    let as_text = || Value::String(text.to_owned());
    if kind == keys::Kind::Text {
        return as_text();
    }
    let parsed: Option<Table> = format!("value = {text}").parse().ok();
    parsed
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(as_text)
}

fn set(table: &mut Table, path: &str, value: Value) -> Option<()> {
    let mut here = table;
    let (tables, key) = path.rsplit_once('.').unwrap_or(("", path));
    for name in tables.split('.').filter(|name| !name.is_empty()) {
        let entry = here
            .entry(name)
            .or_insert_with(|| Value::Table(Table::new()));
        here = entry.as_table_mut()?;
    }
    here.insert(key.to_owned(), value);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::StoreChoice;
    use super::*;

    fn load(variables: &[(&str, &str)]) -> anyhow::Result<Config> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        over(
            Config::default(),
            &variables.iter().map(owned).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn variables_stand_for_keys_of_tables_too() {
        let config = load(&[
            ("CONVOKE_LISTEN", "127.0.0.1:9"),
            ("CONVOKE_STORE", "memory"),
            ("CONVOKE_DEV_ISSUER", "false"),
            ("CONVOKE_SERVICE_CONFIGS", "1234"),
            ("CONVOKE_LIMITS__SCALE", "2.5"),
            ("CONVOKE_CORS__ORIGINS", "[\"https://example.com\"]"),
        ])
        .expect("valid");
        assert_eq!(config.listen.to_string(), "127.0.0.1:9");
        assert_eq!(config.store, StoreChoice::Memory);
        assert!(!config.dev_issuer);
        assert_eq!(
            config.service_configs,
            Some("1234".into()),
            "a path, not a number"
        );
        assert!((config.limits.scale.factor() - 2.5).abs() < 1e-9);
        assert_eq!(config.cors.origins.len(), 1);
    }

    #[test]
    fn other_variables_are_nobodys_business() {
        let ours = [
            ("CONVOKE_URL", "x"),
            ("CONVOKE_TOKEN", "x"),
            ("CONVOKE_TEST_X", "x"),
        ];
        let config = load(&[&ours[..], &[("PATH", "/bin"), ("convoke_listen", "x")]].concat());
        assert_eq!(config.expect("valid").listen, Config::default().listen);
    }

    #[test]
    fn mistakes_are_named_by_their_variable() {
        let check = |variables: &[(&str, &str)], expected: &str| {
            let error = format!("{:#}", load(variables).expect_err(expected));
            assert!(error.contains(expected), "{error}");
        };
        check(
            &[("CONVOKE_LISTE", "x")],
            "CONVOKE_LISTE: unknown key `liste`; did you mean `listen`?",
        );
        check(
            &[("CONVOKE_LIMITS__MODES", "off")],
            "CONVOKE_LIMITS__MODES: unknown key `limits.modes`; did you mean `mode`?",
        );
        check(&[("CONVOKE_LISTEN", "here")], "CONVOKE_LISTEN: ");
        check(
            &[("CONVOKE_LIMITS__MODE", "no")],
            "CONVOKE_LIMITS__MODE: unknown variant `no`",
        );
        check(&[("CONVOKE_DEV_ISSUER", "maybe")], "CONVOKE_DEV_ISSUER: ");
        check(
            &[("CONVOKE_TLS__KEY", "k.pem")],
            "missing field `certificate`",
        );
        check(&[("CONVOKE_LISTEN__X", "1")], "unknown key `listen.x`");
    }
}
