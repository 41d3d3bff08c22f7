//! The schemas of the OpenAPI document: what is sent, and what clients may rely on in an answer.
//!
//! Titles' own data and the less used system fields are left open: the rules for them are in
//! `docs/errors.md`, not in a schema.

use http::StatusCode;
use serde_json::{Value, json};

/// The words of a status.
pub(crate) fn reason(status: u16) -> &'static str {
    let status = StatusCode::from_u16(status).expect("a status");
    status.canonical_reason().expect("a known status")
}

/// The schema of a part of a path.
pub(crate) fn path_parameter(name: &str) -> Value {
    match name {
        "scid" | "id" => json!({"type": "string", "format": "uuid"}),
        "index" => json!({"type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32}),
        "owner" | "target" => json!({"type": "string", "pattern": r"^(me|xuid\([0-9]{1,19}\))$"}),
        "group" => json!({"enum": ["People", "Favorites", "Friends"]}),
        "xuids" => json!({"type": "string", "pattern": "^[0-9]{1,19}(,[0-9]{1,19}){0,20}$"}),
        "xuid" => json!({"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}),
        "played" | "title_id" => json!({"type": "string", "pattern": "^[0-9]{1,9}$"}),
        "decorations" => {
            json!({"type": "string", "pattern": "^[A-Za-z]{1,20}(,[A-Za-z]{1,20}){0,5}$"})
        }
        "title" => json!({"type": "string", "pattern": "^(default|current|[0-9]{1,9})$"}),
        _ => json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$"}),
    }
}

pub(crate) fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn object(required: &[&str], properties: &Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties})
}

fn inbox_key() -> Value {
    let text = json!({"type": "string"});
    object(
        &["SubscriptionCategory", "SubscriptionType", "SubscriptionId"],
        &json!({"SubscriptionCategory": text, "SubscriptionType": text, "SubscriptionId": text}),
    )
}

/// All of them, by name.
pub(crate) fn all() -> Value {
    let (text, flag, count) = (
        json!({"type": "string"}),
        json!({"type": "boolean"}),
        json!({"type": "integer", "minimum": 0}),
    );
    let guid = json!({"type": "string", "format": "uuid"});
    let time = json!({"type": "string", "format": "date-time"});
    let open = json!({"type": "object"});
    let xuid = json!({"type": "string", "pattern": "^[0-9]{1,20}$"});
    let sent_xuid = json!({"type": "string", "pattern": "^[1-9][0-9]{0,18}$"});
    let bags = json!({"type": "object", "properties": {"system": open, "custom": open}, "additionalProperties": false});
    let permission_result = object(
        &["isAllowed"],
        &json!({"isAllowed": flag, "reasons": {"type": "array", "items": object(
            &["reason"], &json!({"reason": text, "restrictedSetting": text}),
        )}}),
    );
    let sequence = json!({"type": "string", "pattern": "^[1-9][0-9]{0,18}$"});
    let activity = object(
        &["sequenceNumber", "titleId", "joinRestriction"],
        &json!({
            "sequenceNumber": text, "titleId": count, "connectionString": text,
            "joinRestriction": text, "maxPlayers": count, "currentPlayers": count,
            "groupId": text, "platform": text,
        }),
    );
    let encounter_type = json!({"enum": ["Default", "Teammate", "Opponent"]});
    let encounters = json!({"type": "array", "minItems": 1, "maxItems": 100, "items": object(
        &["id", "timestamp"],
        &json!({"id": sent_xuid, "timestamp": time, "encounterType": encounter_type, "network": {"enum": ["XboxLive"]}}),
    )});
    let session_ref = object(
        &["scid", "templateName", "name"],
        &json!({"scid": guid, "templateName": text, "name": text}),
    );
    json!({
        "Problem": object(
            &["type", "title", "status", "code", "rule", "path", "detail", "cure", "docs", "correlationId"],
            &json!({
                "type": text, "title": text, "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "code": text, "rule": text, "path": text, "detail": text, "cure": text, "docs": text,
                "correlationId": guid, "session": reference("Session"),
            }),
        ),
        "Session": object(
            &["membersInfo", "constants", "properties", "members", "servers", "correlationId", "contractVersion", "branch", "changeNumber", "startTime"],
            &json!({
                "membersInfo": object(&["first", "next", "count", "accepted", "active"], &json!({"first": count, "next": count, "count": count, "accepted": count, "active": count})),
                "constants": open, "properties": open, "roleTypes": open, "servers": open,
                "members": {"type": "object", "additionalProperties": open},
                "correlationId": guid, "branch": guid, "contractVersion": {"enum": [104, 105, 107]},
                "changeNumber": {"type": "integer", "minimum": 1},
                "startTime": time, "nextTimer": time, "searchHandle": guid,
                "arbitration": object(&["status"], &json!({"status": {"enum": ["waiting", "joining", "inprogress", "complete"]}})),
            }),
        ),
        "SessionRequest": {
            "type": "object", "additionalProperties": false,
            "properties": {
                "constants": bags, "properties": bags,
                "members": {"type": "object", "additionalProperties": {"type": ["object", "null"]}},
                "servers": {"type": "object", "additionalProperties": {"type": ["object", "null"]}},
                "roleTypes": {"type": "object", "additionalProperties": open},
            },
            "example": {"members": {"me": {"properties": {"system": {"active": true}}}}},
        },
        "PropertiesRequest": bags,
        "Element": open,
        "Activity": activity,
        "SetActivity": object(&["sequenceNumber", "connectionString", "joinRestriction"], &json!({
            "sequenceNumber": sequence, "connectionString": {"type": "string", "maxLength": 512},
            "joinRestriction": {"enum": ["Public", "Followed", "InviteOnly"]},
            "maxPlayers": {"type": "integer", "minimum": 2, "maximum": 100},
            "currentPlayers": {"type": "integer", "minimum": 1, "maximum": 100},
            "groupId": {"type": "string", "maxLength": 127},
            "platform": {"enum": ["XboxOne", "WindowsOneCore", "IOS", "Android", "Nintendo", "PlayStation", "Win32", "Scarlett", "MacOS"]},
        })),
        "DeleteActivity": object(&["sequenceNumber"], &json!({"sequenceNumber": sequence})),
        "ActivityQuery": object(&["users"], &json!({"users": {"type": "array", "items": sent_xuid, "minItems": 1, "maxItems": 30}})),
        "ActivityResults": object(&["userActivities"], &json!({"userActivities": {"type": "array", "items": object(
            &["userId", "activities"], &json!({"userId": xuid, "activities": {"type": "array", "items": reference("Activity"), "maxItems": 1}}),
        )}})),
        "RecentPlayers": object(&["recentPlayers"], &json!({"recentPlayers": encounters})),
        "ServerRecentPlayers": object(&["recentPlayersByXuid"], &json!({"recentPlayersByXuid": {
            "type": "array", "minItems": 1, "maxItems": 20,
            "items": object(&["xuid", "recentPlayers"], &json!({"xuid": sent_xuid, "recentPlayers": encounters})),
        }})),
        "RecentPlayerGroups": object(&["recentPlayerGroups"], &json!({"recentPlayerGroups": {
            "type": "array", "minItems": 1, "maxItems": 20,
            "items": object(&["recentPlayers"], &json!({
                "encounterType": encounter_type, "timestamp": time,
                "recentPlayers": {"type": "array", "minItems": 2, "maxItems": 100, "items": object(&["id"], &json!({"id": sent_xuid}))},
            })),
        }})),
        "ActivityError": object(&["errorCode", "debugMessage"], &json!({
            "errorCode": {"enum": ["RequestValidationError", "AuthorizationError", "InvalidRequest"]},
            "debugMessage": text,
        })),
        "Throttled": object(&["version", "currentRequests", "maxRequests", "periodInSeconds", "limitType"], &json!({
            "version": count, "currentRequests": count, "maxRequests": count, "periodInSeconds": count, "limitType": text,
        })),
        "ActivityInvites": object(&["invitedUsers"], &json!({
            "invitedUsers": {"type": "array", "items": sent_xuid, "minItems": 1, "maxItems": 16},
            "connectionString": {"type": "string", "maxLength": 512},
        })),
        "ActivityServerInvites": object(&["invitedUsers", "sender"], &json!({
            "invitedUsers": {"type": "array", "items": sent_xuid, "minItems": 1, "maxItems": 16},
            "connectionString": {"type": "string", "maxLength": 512}, "sender": sent_xuid,
        })),
        "EndpointRequest": object(&["endpointUri"], &json!({
            "systemId": text, "endpointUri": text, "platform": text, "transport": {"const": "RTA"}, "locale": text, "titleId": text,
            "filters": {"type": "array", "items": open},
        })),
        "InboxUpdate": object(&["items", "UpdateType"], &json!({
            "items": {"type": "array", "maxItems": 256, "items": inbox_key()},
            "Timestamp": text, "UpdateType": {"enum": ["LastSeen", "LastRead", "LastDeleted"]},
        })),
        "Inbox": object(&["items"], &json!({"items": {"type": "array", "items": {"allOf": [inbox_key(),
            object(&["Actions"], &json!({"Actions": {"type": "array", "items": open}, "OtherActionCount": count,
                "MarkedRead": flag, "Seen": flag, "HasToasted": flag, "Image": text, "ImageType": count,
                "NotificationOptions": open}))]}}})),
        "EndpointAnswer": object(&["endpointId"], &json!({"endpointId": guid})),
        "Nonce": object(&["nonce"], &json!({"nonce": text})),
        "TemplateList": object(&["results"], &json!({"results": {"type": "array", "items":
            object(&["scid", "templateName", "contractVersion"], &json!({"scid": guid, "templateName": text, "contractVersion": count}))}})),
        "Template": object(&["contractVersion", "constants"], &json!({"contractVersion": count, "constants": open, "roleTypes": open})),
        "SessionRef": session_ref,
        "HandleRequest": object(&["type", "version", "sessionRef"], &json!({
            "type": {"enum": ["activity", "invite", "search", "transfer", "correlation"]},
            "version": {"const": 1},
            "sessionRef": object(&["scid", "templateName"], &json!({"scid": guid, "templateName": text, "name": text})),
            "originSessionRef": reference("SessionRef"), "invitedXuid": sent_xuid,
            "inviteAttributes": object(&["titleId"], &json!({"titleId": {"type": "string", "pattern": "^[0-9]{1,9}$"}, "context": text, "contextString": text, "senderString": text})),
            "searchAttributes": {"type": "object"},
        })),
        "Handle": object(&["id", "type", "version", "sessionRef", "createTime"], &json!({
            "id": guid, "type": text, "version": {"const": 1}, "sessionRef": reference("SessionRef"), "createTime": time,
            "titleId": text, "ownerXuid": xuid, "invitedXuid": xuid, "senderXuid": xuid, "expiration": time,
        })),
        "HandleUsers": {"type": "object", "properties": {
            "xuids": {"type": "array", "items": sent_xuid, "maxItems": 100},
            "people": object(&["moniker"], &json!({"moniker": {"enum": ["people", "favorites", "friends"]}, "monikerXuid": sent_xuid})),
        }},
        "HandleQuery": object(&["type"], &json!({
            "type": {"enum": ["activity", "search"]}, "scid": guid, "owners": reference("HandleUsers"),
            "templateName": text, "filter": {"type": "string", "maxLength": 2048}, "orderBy": {"type": "string", "maxLength": 2048},
            "sessionMembers": reference("HandleUsers"), "sessionOwners": reference("HandleUsers"),
            "communicatePermissionRequired": flag, "includeScheduled": flag, "followed": flag,
            "take": {"type": "integer", "minimum": 0, "maximum": 100},
        })),
        "BatchQuery": object(&["xuids"], &json!({"xuids": {"type": "array", "items": sent_xuid, "minItems": 1, "maxItems": 100}})),
        "AccessExplanation": object(&["sessionRef", "changeNumber", "user", "found", "read", "join", "write"], &json!({
            "sessionRef": reference("SessionRef"), "changeNumber": count,
            "user": object(&["xuid", "multiplayer"], &json!({"xuid": xuid, "multiplayer": flag, "titleId": text, "deviceId": text, "deviceType": text})),
            "found": object(&["visibility", "readRestriction", "joinRestriction"], &json!({
                "visibility": {"enum": ["open", "visible", "private"]},
                "readRestriction": {"enum": ["none", "local", "followed"]}, "joinRestriction": {"enum": ["none", "local", "followed"]},
                "closed": flag, "locked": flag, "membersCount": count, "maxMembersCount": count, "hasPlace": flag, "followed": flag, "blocked": flag,
            })),
            "read": reference("Access"), "join": reference("Access"), "write": reference("Access"),
        })),
        "Access": object(&["allowed", "steps"], &json!({"allowed": flag, "steps": {"type": "array", "minItems": 1, "items": object(
            &["step", "rule", "outcome"],
            &json!({"step": text, "rule": text, "outcome": {"enum": ["passes", "grants", "refuses"]}, "code": text, "detail": text, "cure": text}),
        )}})),
        "SessionResults": object(&["results"], &json!({"results": {"type": "array", "maxItems": 100, "items": object(
            &["startTime", "sessionRef", "accepted", "visibility"],
            &json!({
                "xuid": xuid, "startTime": time, "sessionRef": reference("SessionRef"), "accepted": count,
                "status": {"enum": ["active", "inactive", "reserved"]}, "visibility": {"enum": ["open", "full", "visible", "private"]},
                "joinRestriction": {"enum": ["local", "followed"]}, "myTurn": {"const": true}, "keywords": {"type": "array", "items": text},
            }),
        )}})),
        "HandleResults": object(&["results"], &json!({"results": {"type": "array", "items": reference("Handle")}})),
        "Person": object(&["xuid", "isFavorite", "isFollowingCaller", "isFollowedByCaller", "isFriend"], &json!({
            "xuid": xuid, "isFavorite": flag, "isFollowingCaller": flag, "isFollowedByCaller": flag, "isFriend": flag, "addedDateTimeUtc": time,
        })),
        "PeopleList": object(&["people", "totalCount"], &json!({"people": {"type": "array", "items": reference("Person")}, "totalCount": count})),
        "PersonSummary": object(
            &["targetFollowingCount", "targetFollowerCount", "isCallerFollowingTarget", "isTargetFollowingCaller", "legacyFriendStatus"],
            &json!({
                "targetFollowingCount": count, "targetFollowerCount": count, "isCallerFollowingTarget": flag, "isTargetFollowingCaller": flag,
                "hasCallerMarkedTargetAsFavorite": flag, "hasCallerMarkedTargetAsKnown": flag, "legacyFriendStatus": {"const": "None"},
                "recentChangeCount": count, "watermark": text,
            }),
        ),
        "PeopleRequest": {
            "type": "object", "required": ["xuids"], "additionalProperties": false,
            "properties": {"xuids": {"type": "array", "items": sent_xuid, "maxItems": 50}},
        },
        "BulkResult": object(&["updatedPeople", "failedToUpdate"], &json!({
            "updatedPeople": {"type": "array", "items": xuid}, "failedToUpdate": {"type": "array", "items": xuid},
        })),
        "HubPeople": object(&["people"], &json!({"people": {"type": "array", "items": object(
            &["xuid", "isFriend", "isFavorite", "displayName", "gamertag", "gamerScore", "presenceState"],
            &json!({"xuid": xuid, "isFriend": flag, "isFavorite": flag, "displayName": text, "gamertag": text, "gamerScore": text, "presenceState": text}),
        )}})),
        "UserList": object(&["users"], &json!({"users": {"type": "array", "items": object(&["xuid"], &json!({"xuid": xuid}))}})),
        "ListChange": object(&["Xuid"], &json!({"Xuid": sent_xuid})),
        "PermissionResult": permission_result,
        "PermissionBatch": object(&["users", "permissions"], &json!({
            "users": {"type": "array", "maxItems": 100, "items": object(&["xuid"], &json!({"xuid": sent_xuid}))},
            "permissions": {"type": "array", "maxItems": 20, "items": text},
        })),
        "PermissionResponses": object(&["responses"], &json!({"responses": {"type": "array", "items": object(
            &["user", "permissions"],
            &json!({"user": open, "permissions": {"type": "array", "items": reference("PermissionResult")}}),
        )}})),
        "PrivacySettings": {
            "type": "object", "additionalProperties": {"enum": ["Everyone", "PeopleOnMyList", "Blocked"]},
            "propertyNames": {"enum": [
                "ShareFriendList", "ShareGameHistory", "CommunicateUsingTextAndVoice", "SharePresence", "ShareProfile",
                "ShareVideoAndMusicStatus", "CommunicateUsingVideo",
            ]},
        },
        "Profiles": object(&["profileUsers"], &json!({"profileUsers": {"type": "array", "items": object(
            &["id", "hostId", "settings", "isSponsoredUser"],
            &json!({
                "id": xuid, "hostId": xuid, "isSponsoredUser": flag,
                "settings": {"type": "array", "items": object(&["id", "value"], &json!({"id": text, "value": text}))},
            }),
        )}})),
        "ServiceError": object(&["code", "source", "description", "traceInformation"], &json!({
            "code": count, "source": text, "description": text, "traceInformation": {"type": ["string", "null"]},
        })),
        "TokenRequest": object(&["RelyingParty", "TokenType", "Properties"], &json!({"RelyingParty": text, "TokenType": {"const": "JWT"}, "Properties": open})),
        "DevTokenRequest": {
            "type": "object", "additionalProperties": false,
            "properties": {
                "xuid": sent_xuid, "gamertag": text, "titleId": text, "deviceId": text, "deviceType": text, "sandbox": text,
                "privileges": {"type": "array", "items": count}, "roles": {"type": "array", "items": text}, "users": {"type": "array", "items": open},
            },
        },
        "Token": object(&["IssueInstant", "NotAfter", "Token", "DisplayClaims"], &json!({"IssueInstant": time, "NotAfter": time, "Token": text, "DisplayClaims": open})),
        "IssuerRefusal": object(&["Identity", "Message", "Redirect"], &json!({"Identity": text, "XErr": count, "Message": text, "Redirect": text})),
        "Endpoints": object(&["EndPoints", "SignaturePolicies"], &json!({"EndPoints": {"type": "array", "items": open}, "SignaturePolicies": {"type": "array", "items": open}})),
        "Keys": object(&["keys"], &json!({"keys": {"type": "array", "items": open}})),
    })
}

/// The parameters beside `explain=access`, which asks why a user may read, join and write.
pub(crate) fn access_question() -> Vec<(&'static str, Value)> {
    let id = |pattern: &str| json!({"type": "string", "pattern": pattern});
    vec![
        ("xuid", id("^[0-9]{1,19}$")),
        ("multiplayer", json!({"type": "boolean"})),
        ("titleId", id("^[0-9]{1,9}$")),
        ("deviceId", id("^[0-9A-F]{16}$")),
        ("deviceType", json!({"type": "string", "maxLength": 128})),
        ("handle", json!({"type": "string", "format": "uuid"})),
    ]
}

/// The parameters of a query for sessions; a batch names its users in the body.
pub(crate) fn session_query(verb: &str) -> Vec<(&'static str, Value)> {
    let mut parameters = vec![
        (
            "keyword",
            json!({"type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9]{1,40}$"}),
        ),
        ("reservations", json!({"type": "boolean"})),
        ("inactive", json!({"type": "boolean"})),
        ("private", json!({"type": "boolean"})),
        (
            "visibility",
            json!({"enum": ["open", "full", "visible", "private"]}),
        ),
        (
            "version",
            json!({"type": "integer", "minimum": 1, "maximum": 7}),
        ),
        (
            "take",
            json!({"type": "integer", "minimum": 0, "maximum": 100}),
        ),
    ];
    if verb == "get" {
        parameters.push((
            "xuid",
            json!({"type": "string", "pattern": "^[0-9]{1,19}$"}),
        ));
    }
    parameters
}
