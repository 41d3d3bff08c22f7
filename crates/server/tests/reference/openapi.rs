//! `docs/api/openapi.json`: the addresses that are served, as OpenAPI 3.1.
//!
//! The statuses of refusals come from the tables of rules. Not here: the schemas (`schemas`), and
//! whether the addresses are those of the router (`addresses`).

use std::collections::BTreeSet;

use convoke_server::explain::{AnyRule, PROBLEM};
use serde_json::{Map, Value, json};

use crate::operations::{SESSION, operations};
use crate::schemas;

const SCID: &str = "00000000-0000-4000-8000-00000000c0de";
/// One verb of one address.
pub(crate) struct Operation {
    pub(crate) path: String,
    pub(crate) verb: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    /// The schema of the body that is sent.
    pub(crate) takes: Option<&'static str>,
    /// Statuses of success, with the schema of the body where there is one.
    pub(crate) gives: &'static [(u16, &'static str)],
    /// Statuses of refusals.
    pub(crate) refuses: &'static [u16],
}

impl Operation {
    pub(crate) fn new(
        path: &str,
        verb: &'static str,
        tag: &'static str,
        summary: &'static str,
        takes: Option<&'static str>,
        gives: &'static [(u16, &'static str)],
        refuses: &'static [u16],
    ) -> Self {
        Self {
            path: path.to_owned(),
            verb,
            tag,
            summary,
            takes,
            gives,
            refuses,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.tag, "issuer" | "operations")
    }

    fn document(&self) -> Value {
        let mut responses = Map::new();
        for (status, content) in self.gives {
            responses.insert(status.to_string(), self.success(*status, content));
        }
        // Every address has these: verbs are not of this operation, but limits and bugs are.
        for status in self.refuses.iter().chain(&[414, 431, 500]) {
            responses.insert(status.to_string(), self.refusal(*status));
        }
        let mut operation = json!({
            "operationId": self.id(), "tags": [self.tag], "summary": self.summary,
            "parameters": self.parameters(), "responses": responses,
            "security": if self.is_open() { json!([]) } else { json!([{"xbl3": []}, {"bearer": []}, {"clientCertificate": []}]) },
        });
        if let Some(schema) = self.takes {
            operation["requestBody"] = json!({"required": true, "content": json_of(schema)});
        }
        operation
    }

    /// Whether `?explain=access` asks this address why a user may read, join and write.
    fn explains_access(&self) -> bool {
        self.path == SESSION && self.verb == "get"
    }

    fn id(&self) -> String {
        let words = self.path.split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        format!("{}_{}", self.verb, words.join("_"))
    }

    fn success(&self, status: u16, content: &str) -> Value {
        let mut response = json!({"description": schemas::reason(status)});
        if content.contains('/') {
            response["content"] = json!({content: {"schema": {"type": "string"}}});
        } else if content == "Session" && self.explains_access() {
            let either = ["Session", "AccessExplanation"].map(schemas::reference);
            response["content"] = json!({"application/json": {"schema": {"anyOf": either}}});
        } else if !content.is_empty() {
            response["content"] = json_of(content);
        }
        let mut headers =
            json!({"X-XblCorrelationId": {"schema": {"type": "string", "format": "uuid"}}});
        if self.tag == "sessions" && content == "Session" {
            headers["ETag"] = json!({"schema": {"type": "string"}});
        }
        if status == 304 {
            headers["ETag"] = json!({"schema": {"type": "string"}});
        }
        if self.path.ends_with("/session") && content == "Session" {
            headers["Content-Location"] = json!({"schema": {"type": "string"}});
        }
        if self.path == "/handles" {
            headers["Location"] = json!({"schema": {"type": "string"}});
            headers["Content-Location"] = json!({"schema": {"type": "string"}});
        }
        response["headers"] = headers;
        response
    }

    fn refusal(&self, status: u16) -> Value {
        let codes: BTreeSet<_> = AnyRule::all()
            .filter(|rule| self.status_of(*rule) == status)
            .map(AnyRule::code)
            .collect();
        let of_the_service = !matches!(status, 414 | 431 | 500 | 503);
        let coded = ["people", "people hub", "privacy", "profile"].contains(&self.tag);
        let mut content = match (self.tag, status) {
            // Empty where there is nothing to show; the document has no way to say "or nothing".
            (_, 412 | 503) => json!({}),
            ("issuer", 401) => json_of("IssuerRefusal"),
            (_, 429) => json_of("Throttled"),
            // What is no title's id names no address of the service.
            ("activities", 404) => {
                let mut both = json_of("ActivityError");
                both["text/plain"] = json!({"schema": {"type": "string"}});
                both
            }
            ("activities", _) if of_the_service => json_of("ActivityError"),
            _ if coded && of_the_service => json_of("ServiceError"),
            ("sessions" | "handles", 403) => {
                let mut both = json_of("Session");
                both["text/plain"] = json!({"schema": {"type": "string"}});
                both
            }
            _ => json!({"text/plain": {"schema": {"type": "string"}}}),
        };
        if !matches!(status, 412 | 503) {
            content[PROBLEM] = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
        }
        let mut headers = json!({
            "X-Convoke-Refusal": {"description": "One of the codes of this status, and the place.", "schema": {"type": "string"}},
            "X-XblCorrelationId": {"schema": {"type": "string", "format": "uuid"}},
        });
        if status == 401 && self.tag != "issuer" {
            headers["WWW-Authenticate"] = json!({"schema": {"type": "string"}});
        }
        if status == 503 {
            headers["Retry-After"] = json!({"schema": {"type": "string"}});
        }
        let codes: Vec<_> = codes.into_iter().collect();
        json!({
            "description": format!("{}; one of {}", schemas::reason(status), codes.join(", ")),
            "headers": headers, "content": content,
        })
    }

    /// Services with words for what is wrong answer 400 to what is forbidden.
    fn status_of(&self, rule: AnyRule) -> u16 {
        match (self.tag, rule.status().as_u16()) {
            ("activities", 403) => 400,
            (_, status) => status,
        }
    }

    fn parameters(&self) -> Value {
        let mut parameters: Vec<Value> = self
            .path
            .split('{')
            .filter_map(|part| Some(part.split_once('}')?.0))
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": schemas::path_parameter(name)}))
            .collect();
        let mut add = |place: &str, name: &str, required: bool, schema: Value| {
            parameters
                .push(json!({"name": name, "in": place, "required": required, "schema": schema}));
        };
        let boolean = || json!({"type": "boolean"});
        if self.explains_access() {
            add(
                "query",
                "explain",
                false,
                json!({"enum": [true, false, "access"]}),
            );
            for (name, schema) in schemas::access_question() {
                add("query", name, false, schema);
            }
        } else {
            add("query", "explain", false, boolean());
        }
        if matches!(self.tag, "sessions" | "handles") {
            add(
                "header",
                "X-Xbl-Contract-Version",
                true,
                json!({"type": "integer", "enum": [104, 105, 107]}),
            );
        }
        if self.refuses.contains(&412) {
            for name in ["If-Match", "If-None-Match"] {
                add(
                    "header",
                    name,
                    false,
                    json!({"type": "string", "pattern": "^(\\*|\"[0-9a-f]{1,32}\")$"}),
                );
            }
        }
        if self.takes == Some("SessionRequest") || self.takes == Some("PropertiesRequest") {
            add("query", "nocommit", false, boolean());
        }
        if self.tag == "handles" && !self.path.ends_with("/session") && self.verb != "delete" {
            add(
                "query",
                "include",
                false,
                json!({"type": "string", "pattern": "^[A-Za-z,]*$"}),
            );
        }
        let finds_sessions = ["/sessions", "/batch", "/handles/query"];
        if finds_sessions.iter().any(|end| self.path.ends_with(end)) {
            for (name, schema) in schemas::session_query(self.verb) {
                add("query", name, false, schema);
            }
        }
        if self.path.ends_with("/permission/validate") && self.verb == "get" {
            add(
                "query",
                "setting",
                true,
                json!({"type": "string", "pattern": "^[A-Za-z0-9]{1,60}$"}),
            );
            add(
                "query",
                "target",
                true,
                json!({"type": "string", "pattern": r"^xuid\([0-9]{1,19}\)$"}),
            );
        }
        if self.path == "/users/{owner}/profile/settings/people/{group}" {
            add(
                "query",
                "settings",
                true,
                json!({"type": "string", "pattern": "^[A-Za-z]{1,40}(,[A-Za-z]{1,40}){0,19}$"}),
            );
        }
        if self.path == "/users/{owner}/inbox" {
            for name in ["maxItems", "maxActions"] {
                let schema = json!({"type": "integer", "minimum": 0, "maximum": 1000});
                add("query", name, false, schema);
            }
            for name in ["subscriptionCategory", "subscriptionType"] {
                add("query", name, false, json!({"type": "string"}));
            }
        }
        if self.path == "/users/{owner}/people" {
            add(
                "query",
                "view",
                false,
                json!({"enum": ["All", "Favorite", "LegacyXboxLiveFriends", "FriendList"]}),
            );
            add(
                "query",
                "startIndex",
                false,
                json!({"type": "integer", "minimum": 0}),
            );
            add(
                "query",
                "maxItems",
                false,
                json!({"type": "integer", "minimum": 0}),
            );
        }
        json!(parameters)
    }

    /// An address of this operation.
    pub(crate) fn sample(&self) -> String {
        let values = [
            ("{scid}", SCID),
            ("{title_id}", "777"),
            ("{xuid}", "1001"),
            ("{template}", "lobby"),
            ("{name}", "friday"),
            ("{index}", "0"),
            ("{server}", "cloud"),
            ("{id}", "0badc0de-0000-4000-8000-00000000dead"),
            ("{owner}", "me"),
            ("{target}", "xuid(1)"),
            ("{group}", "People"),
            ("{title}", "default"),
            ("{xuids}", "1"),
            ("{played}", "1"),
            ("{decorations}", "detail"),
        ];
        let path = self.path.clone();
        values
            .iter()
            .fold(path, |path, (name, value)| path.replace(name, value))
    }
}

fn json_of(schema: &str) -> Value {
    json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}})
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let item = paths
            .entry(operation.path.clone())
            .or_insert_with(|| json!({}));
        item[operation.verb] = operation.document();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Convoke",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The multiplayer session directory. Every refusal has a rule: see /docs/errors.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": {
                "xbl3": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "XBL3.0 x=<userhash>;<token>"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "clientCertificate": {"type": "mutualTLS"},
            },
        },
    })
}

#[test]
fn the_openapi_document_is_what_the_code_makes() {
    let text = serde_json::to_string_pretty(&document()).expect("plain JSON");
    crate::check_document("docs/api/openapi.json", &format!("{text}\n"));
}

#[test]
fn statuses_that_the_documents_name_and_nobody_needs_are_never_answered() {
    for never in [202, 428] {
        let refusal = AnyRule::all().find(|rule| rule.status() == never);
        assert!(refusal.is_none(), "{never}");
        for operation in operations() {
            let success = operation.gives.iter().any(|(status, _)| *status == never);
            let refusal = operation.refuses.contains(&never);
            assert!(!success && !refusal, "{never}: {}", operation.id());
        }
    }
}
