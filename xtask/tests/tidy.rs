//! Runs every check on this repository, so that `cargo test` keeps it tidy.

use xtask::{
    Finding, arrows, conformance, docs_paths, examples, file_sizes, words, workspace_root,
};

fn assert_tidy(findings: anyhow::Result<Vec<Finding>>) {
    let findings = findings.expect("the workspace can be read");
    let report: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(report.is_empty(), "\n{}\n", report.join("\n"));
}

#[test]
fn crates_depend_on_each_other_as_the_table_says() {
    assert_tidy(arrows::check_workspace(&workspace_root()));
}

#[test]
fn files_are_short_and_named_after_their_module() {
    assert_tidy(file_sizes::check_workspace(&workspace_root()));
}

#[test]
fn documents_name_files_that_exist() {
    assert_tidy(docs_paths::check_workspace(&workspace_root()));
}

#[test]
fn every_example_of_the_specification_is_a_test() {
    assert_tidy(examples::check_workspace(&workspace_root()));
}

#[test]
fn what_is_said_to_conform_is_proven_by_tests() {
    assert_tidy(conformance::check_workspace(&workspace_root()));
}

#[test]
fn code_is_finished_and_every_test_runs() {
    assert_tidy(words::check_workspace(&workspace_root()));
}
