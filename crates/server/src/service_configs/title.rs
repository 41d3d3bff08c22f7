//! What titles are called, wherever a service configuration says so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use convoke_wire::TitleId;

use super::problems::Problem;

/// How a title is shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// What it is called.
    pub name: String,
    /// A picture of it.
    pub image_url: Option<String>,
}

impl Title {
    /// A title that no configuration names.
    pub fn unnamed(id: TitleId) -> Self {
        Self {
            name: format!("Title {id}"),
            image_url: None,
        }
    }
}

/// The titles of all service configurations, each with the file that names it first.
#[derive(Debug, Default)]
pub(super) struct Titles(BTreeMap<TitleId, (PathBuf, Title)>);

impl Titles {
    /// Adds what one file says; a title is the same in each of its service configurations.
    pub(super) fn add(
        &mut self,
        file: &Path,
        titles: &BTreeMap<TitleId, Title>,
        problems: &mut Vec<Problem>,
    ) {
        for (id, title) in titles {
            match self.0.get(id) {
                None => {
                    self.0.insert(*id, (file.to_owned(), title.clone()));
                }
                Some((_, known)) if known == title => {}
                Some((first, _)) => problems.push(Problem {
                    path: format!("titles.{id}"),
                    ..Problem::of_file(file, format!("differs from {}", first.display()))
                }),
            }
        }
    }

    /// The titles, without their files.
    pub(super) fn into_named(self) -> BTreeMap<TitleId, Title> {
        let named = self.0.into_iter();
        named.map(|(id, (_, title))| (id, title)).collect()
    }
}
