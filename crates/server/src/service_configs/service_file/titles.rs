//! What a `service.toml` says about titles: how they are shown, and what they are on each platform.

use std::collections::BTreeMap;
use std::ops::Range;

use convoke_wire::{RawJson, TitleId};
use indexmap::IndexMap;
use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{GAME_TYPES, Reader, TITLES, title_id};
use crate::service_configs::title::Title;

const TITLE_ID: &str = "title_id";
const PFN: &str = "pfn";
const BOUND_PFNS: &str = "bound_pfns";
const GAME_TYPE_KEYS: &[&str] = &[TITLE_ID, PFN, BOUND_PFNS];

const NAME: &str = "name";
const IMAGE_URL: &str = "image_url";
const TITLE_KEYS: &[&str] = &[NAME, IMAGE_URL];

// All of it is part of every handle or invitation. Ours, as are the other limits here.
const MAX_PLATFORMS: usize = 32;
const MAX_BOUND_PFNS: usize = 32;
/// Longest name of a platform, a package or a title, in characters.
const MAX_NAME_CHARS: usize = 256;
/// Longest address of a picture, in characters.
const MAX_URL_CHARS: usize = 1024;

/// What handles say about a title on one platform. `[client]`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GameType {
    title_id: TitleId,
    pfn: String,
    bound_pfns: Vec<String>,
}

impl Reader<'_> {
    /// `[titles.<id>]`: how titles of the file's `title_ids` are shown.
    pub(super) fn titles(
        &mut self,
        table: &DeTable<'_>,
        known: &[TitleId],
    ) -> BTreeMap<TitleId, Title> {
        let mut titles = BTreeMap::new();
        let Some(entries) = self.table(table, TITLES) else {
            return titles;
        };
        for (key, value) in entries {
            let path = format!("{TITLES}.{}", key.get_ref());
            let id = match key.get_ref().parse::<TitleId>() {
                Ok(id) if known.contains(&id) => id,
                Ok(_) => {
                    self.report(&path, Some(key.span()), "is not one of the `title_ids`");
                    continue;
                }
                Err(error) => {
                    self.report(&path, Some(key.span()), error.to_string());
                    continue;
                }
            };
            match value.get_ref().as_table() {
                None => self.report_type(&path, value, "a table"),
                Some(table) => {
                    let title = self.title(table, &path, value.span());
                    if let Some(title) = title
                        && titles.insert(id, title).is_some()
                    {
                        self.report(&path, Some(key.span()), "occurs twice");
                    }
                }
            }
        }
        titles
    }

    fn title(&mut self, table: &DeTable<'_>, path: &str, span: Range<usize>) -> Option<Title> {
        self.refuse_unknown_keys(table, path, TITLE_KEYS);
        if !table.contains_key(NAME) {
            self.report(&format!("{path}.{NAME}"), Some(span), "is missing");
        }
        let image_url = match table.get(IMAGE_URL) {
            None => None,
            Some(value) => Some(self.url(value, &format!("{path}.{IMAGE_URL}"))?),
        };
        let name = self.name(table.get(NAME)?, &format!("{path}.{NAME}"))?;
        Some(Title { name, image_url })
    }

    fn url(&mut self, value: &Spanned<DeValue<'_>>, path: &str) -> Option<String> {
        let text = self.bounded(value, path, MAX_URL_CHARS)?;
        if !(text.starts_with("https://") || text.starts_with("http://")) {
            self.report(
                path,
                Some(value.span()),
                "expected an http or https address",
            );
            return None;
        }
        Some(text)
    }

    /// `[game_types.<platform>]`: an object, ready for the wire.
    pub(super) fn game_types(&mut self, table: &DeTable<'_>) -> RawJson {
        let mut by_platform = IndexMap::new();
        if let Some(platforms) = self.table(table, GAME_TYPES) {
            if MAX_PLATFORMS < platforms.len() {
                let message = format!(
                    "at most {MAX_PLATFORMS} platforms, found {}",
                    platforms.len()
                );
                self.report(GAME_TYPES, None, message);
            }
            for (platform, value) in platforms.iter().take(MAX_PLATFORMS) {
                let path = format!("{GAME_TYPES}.{}", platform.get_ref());
                self.check_length(platform.get_ref(), platform.span(), &path, MAX_NAME_CHARS);
                match value.get_ref().as_table() {
                    Some(table) => {
                        if let Some(game) = self.game_type(table, &path, value.span()) {
                            by_platform.insert(platform.get_ref().to_string(), game);
                        }
                    }
                    None => self.report_type(&path, value, "a table"),
                }
            }
        }
        let text = serde_json::to_string(&by_platform).expect("texts and ids serialise");
        RawJson::parse(&text).expect("a serialised map is JSON")
    }

    fn game_type(
        &mut self,
        table: &DeTable<'_>,
        path: &str,
        span: Range<usize>,
    ) -> Option<GameType> {
        self.refuse_unknown_keys(table, path, GAME_TYPE_KEYS);
        for key in [TITLE_ID, PFN] {
            if !table.contains_key(key) {
                self.report(&format!("{path}.{key}"), Some(span.clone()), "is missing");
            }
        }
        let title = table.get(TITLE_ID).and_then(|value| {
            title_id(value.get_ref())
                .map_err(|message| {
                    self.report(&format!("{path}.{TITLE_ID}"), Some(value.span()), message);
                })
                .ok()
        });
        let pfn = table
            .get(PFN)
            .and_then(|value| self.name(value, &format!("{path}.{PFN}")));
        let bound_pfns = match table.get(BOUND_PFNS) {
            None => Vec::new(),
            Some(value) => self.names(value, &format!("{path}.{BOUND_PFNS}")),
        };
        Some(GameType {
            title_id: title?,
            pfn: pfn?,
            bound_pfns,
        })
    }

    fn names(&mut self, value: &Spanned<DeValue<'_>>, path: &str) -> Vec<String> {
        let Some(items) = value.get_ref().as_array() else {
            self.report_type(path, value, "a list of strings");
            return Vec::new();
        };
        if MAX_BOUND_PFNS < items.len() {
            let message = format!("at most {MAX_BOUND_PFNS} names, found {}", items.len());
            self.report(path, Some(value.span()), message);
        }
        let items = items.iter().take(MAX_BOUND_PFNS).enumerate();
        items
            .filter_map(|(index, item)| self.name(item, &format!("{path}[{index}]")))
            .collect()
    }

    fn name(&mut self, value: &Spanned<DeValue<'_>>, path: &str) -> Option<String> {
        self.bounded(value, path, MAX_NAME_CHARS)
    }

    fn bounded(&mut self, value: &Spanned<DeValue<'_>>, path: &str, max: usize) -> Option<String> {
        let Some(text) = value.get_ref().as_str() else {
            self.report_type(path, value, "a string");
            return None;
        };
        self.check_length(text, value.span(), path, max)
            .then(|| text.to_owned())
    }

    fn check_length(&mut self, text: &str, span: Range<usize>, path: &str, max: usize) -> bool {
        let found = text.chars().count();
        let fits = (1..=max).contains(&found);
        if !fits {
            let message = format!("expected 1 to {max} characters, found {found}");
            self.report(path, Some(span), message);
        }
        fits
    }
}
