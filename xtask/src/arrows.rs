//! Which crate may depend on which.
//!
//! The table below is the architecture: the rules know no input or output, the client never sees the
//! rules, the command goes through the server. A new arrow is a decision, made by changing the table.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{Finding, mentions, source};

/// One row of the table.
#[derive(Debug)]
struct Rule {
    /// The folder name below `crates/`; the package is called `convoke-<name>`.
    name: &'static str,
    /// Workspace crates it may depend on.
    may_use: &'static [&'static str],
    /// Workspace crates only its tests may depend on, in addition.
    tests_may_use: &'static [&'static str],
    /// External crates it may not depend on, tests included.
    may_not_use: &'static [&'static str],
    /// Paths of the standard library its source may not mention outside its unit tests.
    may_not_mention: &'static [&'static str],
}

const EFFECTS: &[&str] = &["tokio", "axum", "rand", "tracing"];

const SYSTEM: &[&str] = &[
    "std::fs",
    "std::net",
    "std::time::SystemTime",
    "std::time::Instant",
];

const RULES: &[Rule] = &[
    Rule {
        name: "wire",
        may_use: &[],
        tests_may_use: &[],
        may_not_use: EFFECTS,
        may_not_mention: SYSTEM,
    },
    Rule {
        name: "core",
        may_use: &["wire"],
        tests_may_use: &[],
        may_not_use: EFFECTS,
        may_not_mention: SYSTEM,
    },
    Rule {
        name: "smartmatch",
        may_use: &["core", "wire"],
        tests_may_use: &[],
        may_not_use: EFFECTS,
        may_not_mention: SYSTEM,
    },
    Rule {
        name: "store",
        may_use: &["core", "smartmatch", "wire"],
        tests_may_use: &[],
        may_not_use: &["axum"],
        may_not_mention: &[],
    },
    Rule {
        name: "server",
        may_use: &["store", "core", "smartmatch", "wire"],
        tests_may_use: &["store", "client"],
        may_not_use: &[],
        may_not_mention: &[],
    },
    Rule {
        name: "client",
        may_use: &["wire"],
        // Its tests run against the service itself.
        tests_may_use: &["server"],
        may_not_use: &[],
        may_not_mention: &[],
    },
    Rule {
        name: "cli",
        may_use: &["server", "client", "wire"],
        tests_may_use: &["store"],
        may_not_use: &[],
        may_not_mention: &[],
    },
    Rule {
        name: "sim",
        may_use: &["server", "store", "core", "client", "wire"],
        tests_may_use: &[],
        may_not_use: &[],
        may_not_mention: &[],
    },
    Rule {
        name: "xtask",
        may_use: &[],
        tests_may_use: &[],
        may_not_use: &[],
        may_not_mention: &[],
    },
];

/// A package of the workspace and what its manifest asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Without the `convoke-` prefix when it is a workspace crate.
    pub name: String,
    pub dependencies: Vec<Dependency>,
}

/// One entry of a manifest's dependency lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    pub kind: Kind,
    /// Given by path, which in this repository means a crate of the workspace.
    pub in_workspace: bool,
}

/// Which list of the manifest a dependency stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Normal,
    Build,
    Dev,
}

/// Reads the workspace with cargo and checks manifests and sources.
pub fn check_workspace(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut findings = check_arrows(&read_packages(&cargo_metadata(root)?)?);
    for rule in RULES {
        let folder = format!("crates/{}/src", rule.name);
        let files = source::read_files(root, &folder, ".rs")?;
        findings.extend(mentions::check(rule.may_not_mention, &files));
    }
    Ok(findings)
}

/// Every dependency that the table does not allow.
pub fn check_arrows(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let Some(rule) = RULES.iter().find(|rule| rule.name == package.name) else {
            let message = format!("crate `{}` has no row in the table of arrows", package.name);
            findings.push(Finding::file("xtask/src/arrows.rs", message));
            continue;
        };
        for dependency in &package.dependencies {
            if let Some(message) = objection(rule, dependency) {
                findings.push(Finding::file(&manifest_path(rule), message));
            }
        }
    }
    findings
}

fn objection(rule: &Rule, dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    if !dependency.in_workspace {
        return rule
            .may_not_use
            .contains(&name)
            .then(|| format!("`{}` may not depend on the crate `{name}`", rule.name));
    }
    let allowed = match dependency.kind {
        Kind::Normal | Kind::Build => rule.may_use.contains(&name),
        // A crate's tests may switch on a feature of the crate itself.
        Kind::Dev => {
            name == rule.name || rule.may_use.contains(&name) || rule.tests_may_use.contains(&name)
        }
    };
    (!allowed).then(|| format!("`{}` may not depend on `{name}`", rule.name))
}

fn manifest_path(rule: &Rule) -> String {
    if rule.name == "xtask" {
        "xtask/Cargo.toml".to_owned()
    } else {
        format!("crates/{}/Cargo.toml", rule.name)
    }
}

fn cargo_metadata(root: &Path) -> anyhow::Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("failed to run cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    serde_json::from_slice(&output.stdout).context("failed to read the output of cargo metadata")
}

/// The packages listed in the output of `cargo metadata --no-deps`.
pub fn read_packages(metadata: &Value) -> anyhow::Result<Vec<Package>> {
    list(metadata, "packages")?
        .iter()
        .map(|package| {
            let dependencies = list(package, "dependencies")?
                .iter()
                .map(read_dependency)
                .collect::<anyhow::Result<_>>()?;
            Ok(Package {
                name: short_name(text(package, "name")?),
                dependencies,
            })
        })
        .collect()
}

fn read_dependency(dependency: &Value) -> anyhow::Result<Dependency> {
    let kind = match dependency.get("kind").and_then(Value::as_str) {
        None => Kind::Normal,
        Some("build") => Kind::Build,
        Some("dev") => Kind::Dev,
        Some(other) => bail!("cargo metadata knows a new kind of dependency: {other}"),
    };
    let in_workspace = dependency.get("path").is_some_and(Value::is_string);
    let name = text(dependency, "name")?;
    Ok(Dependency {
        name: if in_workspace {
            short_name(name)
        } else {
            name.to_owned()
        },
        kind,
        in_workspace,
    })
}

fn short_name(package: &str) -> String {
    package
        .strip_prefix("convoke-")
        .unwrap_or(package)
        .to_owned()
}

fn list<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a Vec<Value>> {
    value
        .get(key)
        .and_then(Value::as_array)
        .with_context(|| format!("cargo metadata has no list `{key}`"))
}

fn text<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    value
        .get(key)
        .and_then(Value::as_str)
        .with_context(|| format!("cargo metadata has no text `{key}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(package: &str, dependency: &str, kind: Kind, in_workspace: bool) -> Vec<String> {
        let package = Package {
            name: package.to_owned(),
            dependencies: vec![Dependency {
                name: dependency.to_owned(),
                kind,
                in_workspace,
            }],
        };
        check_arrows(&[package])
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn arrows_of_the_table_pass() {
        for (package, dependency) in [
            ("core", "wire"),
            ("store", "core"),
            ("server", "store"),
            ("cli", "server"),
            ("sim", "client"),
        ] {
            assert_eq!(
                check(package, dependency, Kind::Normal, true),
                Vec::<String>::new(),
                "{package} -> {dependency}"
            );
        }
    }

    #[test]
    fn arrows_outside_the_table_are_found() {
        for (package, dependency) in [
            ("wire", "core"),
            ("core", "store"),
            ("core", "server"),
            ("client", "core"),
            ("server", "client"),
            ("cli", "core"),
            ("cli", "store"),
            ("xtask", "wire"),
        ] {
            assert_eq!(
                check(package, dependency, Kind::Normal, true).len(),
                1,
                "{package} -> {dependency}"
            );
        }
    }

    #[test]
    fn only_the_tests_of_server_and_cli_may_use_the_store() {
        assert!(check("cli", "store", Kind::Dev, true).is_empty());
        assert!(check("server", "store", Kind::Dev, true).is_empty());
        assert_eq!(check("cli", "store", Kind::Build, true).len(), 1);
        assert_eq!(check("core", "store", Kind::Dev, true).len(), 1);
    }

    #[test]
    fn client_and_server_meet_in_tests_only() {
        for (package, dependency) in [("client", "server"), ("server", "client")] {
            assert!(check(package, dependency, Kind::Dev, true).is_empty());
            assert_eq!(check(package, dependency, Kind::Normal, true).len(), 1);
        }
    }

    #[test]
    fn effects_are_kept_out_of_the_pure_crates() {
        for package in ["wire", "core", "smartmatch"] {
            for dependency in ["tokio", "axum", "rand", "tracing"] {
                assert_eq!(
                    check(package, dependency, Kind::Normal, false).len(),
                    1,
                    "{package} -> {dependency}"
                );
                assert_eq!(check(package, dependency, Kind::Dev, false).len(), 1);
            }
        }
        assert_eq!(
            check("store", "axum", Kind::Normal, false),
            ["crates/store/Cargo.toml: `store` may not depend on the crate `axum`"]
        );
        assert!(check("store", "tokio", Kind::Normal, false).is_empty());
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        assert_eq!(
            check("extra", "wire", Kind::Normal, true),
            ["xtask/src/arrows.rs: crate `extra` has no row in the table of arrows"]
        );
    }

    #[test]
    fn metadata_is_read_with_kinds_and_short_names() {
        let metadata = json!({"packages": [{
            "name": "convoke-core",
            "dependencies": [
                {"name": "convoke-wire", "kind": null, "path": "/somewhere/wire"},
                {"name": "proptest", "kind": "dev"},
            ],
        }]});

        let packages = read_packages(&metadata).expect("the sample is complete");

        assert_eq!(
            packages,
            [Package {
                name: "core".to_owned(),
                dependencies: vec![
                    Dependency {
                        name: "wire".to_owned(),
                        kind: Kind::Normal,
                        in_workspace: true,
                    },
                    Dependency {
                        name: "proptest".to_owned(),
                        kind: Kind::Dev,
                        in_workspace: false,
                    },
                ],
            }]
        );
    }

    #[test]
    fn metadata_of_an_unknown_shape_is_an_error() {
        assert!(read_packages(&json!({})).is_err());
        assert!(read_packages(&json!({"packages": [{"name": "a"}]})).is_err());
    }
}
