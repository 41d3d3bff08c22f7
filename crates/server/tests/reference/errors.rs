//! `docs/errors.md`: every code of a refusal, from the tables of rules.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use convoke_core::contract::read;
use convoke_core::filter::{Filter, OrderBy};
use convoke_server::explain::AnyRule;
use convoke_wire::handle::{HandleQuery, HandleRequest, SearchAttributes};
use convoke_wire::multiplayer_activity::SendInvites;
use convoke_wire::session::query::BatchQuery;
use serde_json::Value;

const INTRODUCTION: &str = r#"# Errors

Every refusal names the rule that refused: as `[code]` at the end of a text, and always in the header `X-Convoke-Refusal`, with the place in the request where there is one.
This page has every code, what it means, how it usually comes to that, and what to change.
It is made from the tables in the code: `crates/core/src/refusal.rs` for sessions and handles, `crates/server/src/edge_rule.rs` for everything around them.

Add `?explain=true` to a request, or the header `Accept: application/problem+json`, and the body of any refusal is a problem document (RFC 9457) instead of the one that the original service would send:

```json
{
  "type": "/docs/errors.md#access.not_member",
  "title": "Only members write to a session.",
  "status": 403,
  "code": "access.not_member",
  "rule": "Only members write to a session.",
  "path": "",
  "detail": "The requested session cannot be accessed. Only its members write it",
  "cure": "Join in the same write by adding `members.me`.",
  "docs": "/docs/errors.md#access.not_member",
  "correlationId": "1f0c4f2e-8a55-4c43-9a07-0d4f6b7a1c5e"
}
```

`path` is a place in the body of the request, empty for the whole.
`session` is there too when the plain answer would have shown the session.
The status and all other headers are those of the plain answer, and the document says nothing that the plain answer would hide.
The service itself has this page at `/docs/errors.md`.
"#;

/// Families of codes, by what stands before the first dot, in the order of the page.
const FAMILIES: &[(&str, &str)] = &[
    ("request", "Requests as such"),
    ("uri", "Addresses"),
    ("method", "Methods"),
    ("contract", "Contract versions"),
    ("body", "Bodies"),
    ("precondition", "Preconditions"),
    ("rta", "Real time"),
    ("notify", "Notifications"),
    ("inbox", "Inboxes"),
    ("auth", "Credentials"),
    ("scid", "Service configurations"),
    ("template", "Templates"),
    ("sessions", "Sessions"),
    ("access", "Access to a session"),
    ("caller", "The caller"),
    ("members", "Members"),
    ("roles", "Roles"),
    ("constants", "Constants"),
    ("properties", "Properties"),
    ("capability", "Capabilities"),
    ("servers", "Servers"),
    ("arbitration", "Arbitrated sessions"),
    ("custom", "Titles' own data"),
    ("document", "The document"),
    ("value", "Values"),
    ("handles", "Handles"),
    ("activity", "Activities"),
    ("people", "People"),
    ("privacy", "Privacy"),
    ("profile", "Profiles"),
    ("issuer", "The development issuer"),
    ("rate", "Limits of callers"),
    ("hopper", "Matchmaking"),
    ("signature", "Signatures of requests"),
    ("service", "The service's state"),
    ("internal", "Errors of the service"),
];

fn family_of(rule: AnyRule) -> &'static str {
    rule.code().split('.').next().unwrap_or_default()
}

fn page() -> String {
    let mut families: BTreeMap<&str, Vec<AnyRule>> = BTreeMap::new();
    for rule in AnyRule::all() {
        families.entry(family_of(rule)).or_default().push(rule);
    }
    let mut page = INTRODUCTION.to_owned();
    for (family, title) in FAMILIES {
        let rules = families.remove(family).unwrap_or_default();
        writeln!(page, "\n## {title}").expect("a string");
        for rule in rules {
            section(&mut page, rule);
        }
    }
    let missing: Vec<_> = families.keys().collect();
    assert!(missing.is_empty(), "families without a title: {missing:?}");
    page
}

fn section(page: &mut String, rule: AnyRule) {
    let (code, help) = (rule.code(), rule.help());
    write!(
        page,
        "\n<a id=\"{code}\"></a>\n\n### {code}\n\nStatus {}.\n{}\n\n- Cause: {}\n- Cure: {}\n",
        rule.status(),
        rule.sentence(),
        help.cause,
        help.cure,
    )
    .expect("a string");
    if let Some(example) = help.example {
        write!(page, "\n```json\n{example}\n```\n").expect("a string");
    }
}

#[test]
fn the_page_of_errors_has_every_code_as_the_tables_have_it() {
    crate::check_document("docs/errors.md", &page());
}

#[test]
fn every_code_has_help_in_whole_sentences() {
    for rule in AnyRule::all() {
        let (code, help) = (rule.code(), rule.help());
        for text in [rule.sentence(), help.cause, help.cure] {
            assert!(text.ends_with('.') && 10 < text.len(), "{code}: {text}");
        }
        assert_ne!(help.cause, rule.sentence(), "{code}");
        assert_ne!(help.cure, rule.sentence(), "{code}");
    }
}

#[test]
fn every_family_has_a_code_and_a_title() {
    for (family, title) in FAMILIES {
        let known = AnyRule::all().any(|rule| family_of(rule) == *family);
        assert!(known, "{title}");
    }
}

#[test]
fn every_example_is_a_request_that_can_be_read() {
    for rule in AnyRule::all() {
        let Some(example) = rule.help().example else {
            continue;
        };
        let bytes = example.as_bytes();
        let value: Value = serde_json::from_str(example).expect("JSON");
        let read = if value.get("sessionRef").is_some() {
            read::document::<HandleRequest>(bytes).map(drop)
        } else if value.get("invitedUsers").is_some() {
            read::document::<SendInvites>(bytes).map(drop)
        } else if value.get("xuids").is_some() {
            read::document::<BatchQuery>(bytes).map(drop)
        } else if value.get("owners").is_some() || value["type"] == "search" {
            read::document::<HandleQuery>(bytes).map(|query| {
                let filter = query.filter.as_deref().map(Filter::parse);
                let order = query.order_by.as_deref().map(OrderBy::parse);
                assert!(filter.is_none_or(|it| it.is_ok()), "{example}");
                assert!(order.is_none_or(|it| it.is_ok()), "{example}");
            })
        } else if let Some(attributes) = value.get("searchAttributes") {
            read::document::<SearchAttributes>(attributes.to_string().as_bytes()).map(drop)
        } else {
            read::session_change(bytes).map(drop)
        };
        assert_eq!(read, Ok(()), "{}: {example}", rule.code());
    }
}
