//! Service configurations: which scids exist, who may use them, and their session templates.
//!
//! Read from a folder at start and on demand:
//!
//! ```text
//! DIR/<scid>/service.toml            who may use the scid
//! DIR/<scid>/templates/<name>.json   its session templates
//! DIR/<scid>/hoppers/<name>.json     reserved; must be JSON objects
//! ```
//!
//! Not here: what a refused caller is answered, and the rules of a template, which are in
//! `convoke_core::template`.

mod catalogue;
mod folder;
pub(crate) mod nearest;
mod problems;
mod relaxed_json;
mod sample;
mod service_file;
mod template_file;
mod title;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use convoke_core::template::Template;
use convoke_wire::{RawJson, Sandbox, Scid, TemplateName, TitleId, Xuid};

pub use catalogue::Catalogue;
pub use folder::MAX_FILE_BYTES;
pub use problems::{ConfigProblems, Problem};
pub use title::Title;

use folder::{SERVICE_FILE, ScidFolder, SourceFile};

/// Every service configuration of a deployment at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConfigs {
    by_scid: BTreeMap<Scid, Arc<ServiceConfig>>,
    titles: BTreeMap<TitleId, Title>,
}

impl ServiceConfigs {
    /// Reads a folder of service configurations.
    ///
    /// Blocks on the file system. Everything that is wrong in any file is reported at once.
    pub fn load(dir: &Path) -> Result<Self, ConfigProblems> {
        let mut problems = Vec::new();
        let folders = folder::read_all(dir, &mut problems);
        Self::assemble(folders, problems)
    }

    /// The built-in configurations, the same as the files in `crates/server/sample`.
    pub fn sample() -> Self {
        Self::assemble(sample::folders(), Vec::new()).expect("a test loads the embedded sample")
    }

    /// The configuration of one scid.
    pub fn get(&self, scid: &Scid) -> Option<&Arc<ServiceConfig>> {
        self.by_scid.get(scid)
    }

    /// How a title is shown: as one of the configurations says, or by its number.
    pub fn title(&self, id: TitleId) -> Title {
        let named = self.titles.get(&id).cloned();
        named.unwrap_or_else(|| Title::unnamed(id))
    }

    /// All configurations, ordered by scid.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ServiceConfig>> {
        self.by_scid.values()
    }

    fn assemble(
        folders: Vec<ScidFolder>,
        mut problems: Vec<Problem>,
    ) -> Result<Self, ConfigProblems> {
        let mut by_scid = BTreeMap::new();
        let mut titles = title::Titles::default();
        for folder in folders {
            let file = folder.service.path.clone();
            let config = ServiceConfig::read(folder, &mut problems);
            titles.add(&file, &config.titles, &mut problems);
            by_scid.insert(config.scid.clone(), Arc::new(config));
        }
        match ConfigProblems::from_list(problems) {
            Some(problems) => Err(problems),
            None => Ok(Self {
                by_scid,
                titles: titles.into_named(),
            }),
        }
    }
}

/// One service configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConfig {
    /// Its id, in the spelling of the folder.
    pub scid: Scid,
    /// Titles whose users may use it.
    pub title_ids: Vec<TitleId>,
    /// Sandboxes it is published to; `None` is all of them.
    pub sandboxes: Option<Vec<Sandbox>>,
    /// Whether callers without a title may use it.
    pub allow_untitled: bool,
    /// What handles say about the title on each platform: an object, ready for the wire.
    pub game_types: RawJson,
    /// Users who may not use its sessions.
    pub banned_users: BTreeSet<Xuid>,
    /// How its titles are shown, where it says so.
    pub titles: BTreeMap<TitleId, Title>,
    templates: BTreeMap<TemplateName, Arc<NamedTemplate>>,
}

impl ServiceConfig {
    /// One of its templates; names are compared without regard to case.
    pub fn template(&self, name: &TemplateName) -> Option<&Arc<NamedTemplate>> {
        self.templates.get(name)
    }

    /// Its templates, ordered by name.
    pub fn templates(&self) -> impl Iterator<Item = &Arc<NamedTemplate>> {
        self.templates.values()
    }

    /// Whether it is published to a sandbox.
    pub fn serves(&self, sandbox: &Sandbox) -> bool {
        self.sandboxes
            .as_ref()
            .is_none_or(|sandboxes| sandboxes.contains(sandbox))
    }

    /// Whether callers of a title, or without one, may use it.
    pub fn admits_title(&self, title: Option<TitleId>) -> bool {
        title.map_or(self.allow_untitled, |title| self.title_ids.contains(&title))
    }

    /// Reads a configuration that is not in a folder: the bytes of its `service.toml` and of each
    /// template, by file name.
    pub fn from_bytes(
        scid: Scid,
        service: Vec<u8>,
        templates: Vec<(String, Vec<u8>)>,
    ) -> Result<Self, ConfigProblems> {
        let source = |path: PathBuf, bytes: Vec<u8>| SourceFile {
            path,
            bytes: bytes.into(),
        };
        let templates = templates.into_iter();
        let folder = ScidFolder {
            scid,
            service: source(PathBuf::from(SERVICE_FILE), service),
            templates: templates
                .map(|(name, bytes)| source(name.into(), bytes))
                .collect(),
            hoppers: Vec::new(),
        };
        let mut problems = Vec::new();
        let config = Self::read(folder, &mut problems);
        match ConfigProblems::from_list(problems) {
            Some(problems) => Err(problems),
            None => Ok(config),
        }
    }

    /// Reads what is in a folder; with problems, what is returned is not to be used.
    fn read(folder: ScidFolder, problems: &mut Vec<Problem>) -> Self {
        let service = service_file::read(&folder.service, problems);
        let mut templates = BTreeMap::new();
        for file in &folder.templates {
            if let Some(named) = template_file::read(file, problems) {
                templates.insert(named.name.clone(), Arc::new(named));
            }
        }
        for file in &folder.hoppers {
            template_file::check_hopper(file, problems);
        }
        Self {
            scid: folder.scid,
            title_ids: service.title_ids,
            sandboxes: service.sandboxes,
            allow_untitled: service.allow_untitled,
            game_types: service.game_types,
            banned_users: service.banned_users,
            titles: service.titles,
            templates,
        }
    }
}

/// A template and what it is called.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTemplate {
    /// The name, in the spelling of the file.
    pub name: TemplateName,
    /// The template.
    pub template: Template,
}

/// Checks one template file as [`ServiceConfigs::load`] would.
pub fn check_template_file(path: &Path) -> Result<NamedTemplate, ConfigProblems> {
    let mut problems = Vec::new();
    let named = folder::read_file(path, &mut problems)
        .and_then(|file| template_file::read(&file, &mut problems));
    match ConfigProblems::from_list(problems) {
        Some(problems) => Err(problems),
        None => Ok(named.expect("a template that is missing is a problem")),
    }
}
