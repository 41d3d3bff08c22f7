//! Source files: finding them, and telling the program from its comments and its unit tests.
//!
//! This reads text, not syntax: good enough for house rules, and it needs no parser.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// A file of the repository, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative to the root of the workspace, with forward slashes.
    pub path: String,
    pub text: String,
}

impl SourceFile {
    /// A file with the given content, as the tests of the checks use it.
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }
}

/// All files below `root/folder` whose name ends in `extension`, in path order.
///
/// Build output and hidden folders are left out; a folder that does not exist has no files.
pub fn read_files(root: &Path, folder: &str, extension: &str) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    if root.join(folder).is_dir() {
        collect(root, folder, extension, &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(
    root: &Path,
    folder: &str,
    extension: &str,
    files: &mut Vec<SourceFile>,
) -> anyhow::Result<()> {
    let absolute = root.join(folder);
    let entries = fs::read_dir(&absolute)
        .with_context(|| format!("failed to list {}", absolute.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("failed to list {}", absolute.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        let kind = entry
            .file_type()
            .with_context(|| format!("failed to look at {path}"))?;
        if kind.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(root, &path, extension, files)?;
            }
        } else if path.ends_with(extension) {
            let text = fs::read_to_string(entry.path())
                .with_context(|| format!("failed to read {path}"))?;
            files.push(SourceFile { path, text });
        }
    }
    Ok(())
}

/// The lines before the `#[cfg(test)] mod tests { … }` block that ends the file, or all lines.
pub fn without_unit_tests(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let block = lines
        .iter()
        .zip(lines.iter().skip(1))
        .rposition(|(attribute, module)| *attribute == "#[cfg(test)]" && *module == "mod tests {");
    let Some(start) = block else {
        return lines;
    };
    // The block only counts as trailing when nothing but blank lines follow its closing brace.
    let end = lines[start..].iter().position(|line| *line == "}");
    let trailing = end.is_some_and(|end| {
        lines[start + end + 1..]
            .iter()
            .all(|line| line.trim().is_empty())
    });
    if trailing {
        lines[..start].to_vec()
    } else {
        lines
    }
}

/// A line without its `//` comment; a `//` inside a string literal stays.
pub fn without_comment(line: &str) -> &str {
    let bytes = line.as_bytes();
    let mut in_string = false;
    let mut index = 0;
    while index < bytes.len() {
        match bytes[index] {
            b'\\' if in_string => index += 1,
            b'"' => in_string = !in_string,
            b'/' if !in_string && bytes.get(index + 1) == Some(&b'/') => return &line[..index],
            _ => {}
        }
        index += 1;
    }
    line
}

/// The names of all functions of a text.
pub fn function_names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(function_name)
}

fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if before.ends_with(is_word) {
        return None;
    }
    after.split(|c| !is_word(c)).next()
}

/// The names of all tests of a text: functions with the attribute of a test, and those that are run
/// on every store, which have a parameter.
pub fn test_names(text: &str) -> impl Iterator<Item = &str> {
    let mut has_attribute = false;
    text.lines().filter_map(move |line| {
        if line.trim_start().starts_with("#[") {
            has_attribute |= line.contains("test]") || line.contains("test(");
            return None;
        }
        let on_every_store = line.contains("(w: World)") || line.contains("(store: StoreKind)");
        let is_test = std::mem::take(&mut has_attribute) || on_every_store;
        function_name(line).filter(|_| is_test)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_test_module_does_not_count() {
        let text = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\n";

        assert_eq!(without_unit_tests(text), ["fn a() {}", ""]);
    }

    #[test]
    fn a_test_module_in_the_middle_counts() {
        let text = "#[cfg(test)]\nmod tests {\n}\nfn a() {}\n";

        assert_eq!(without_unit_tests(text).len(), 4);
    }

    #[test]
    fn a_file_without_tests_counts_in_full() {
        assert_eq!(without_unit_tests("fn a() {}\nfn b() {}\n").len(), 2);
    }

    #[test]
    fn comments_end_the_line_unless_inside_a_string() {
        let check = |line: &str, expected: &str| assert_eq!(without_comment(line), expected);

        check("let a = 1; // one", "let a = 1; ");
        check("/// doc", "");
        check(r#"let a = "http://x"; // y"#, r#"let a = "http://x"; "#);
        check(r#"let a = "\"//"; // y"#, r#"let a = "\"//"; "#);
        check("let a = b / c;", "let a = b / c;");
    }

    #[test]
    fn a_folder_that_does_not_exist_has_no_files() {
        let files = read_files(
            Path::new(env!("CARGO_MANIFEST_DIR")),
            "no-such-folder",
            ".rs",
        );

        assert_eq!(files.expect("an absent folder is no error"), []);
    }

    #[test]
    fn tests_have_an_attribute_or_are_run_on_every_store() {
        let text = "#[test]\nfn a() {}\nfn b() {}\n    #[tokio::test(flavor = \"x\")]\n    \
            async fn c() {}\n    async fn d(w: World) {}\n#[expect(x)]\nfn e() {}\n";

        assert_eq!(test_names(text).collect::<Vec<_>>(), ["a", "c", "d"]);
        assert_eq!(function_names(text).count(), 5);
    }
}
