//! What to do about a refusal: for every rule, how it comes to be broken and what to change.
//!
//! Not here: the rules as sentences (the table in `refusal`), and statuses (the server's).

use super::Rule;

/// What to do about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Help {
    /// How it usually comes to that.
    pub cause: &'static str,
    /// What to change.
    pub cure: &'static str,
    /// A piece of JSON that passes.
    pub example: Option<&'static str>,
}

impl Help {
    /// A cause with its cure.
    pub const fn new(cause: &'static str, cure: &'static str) -> Self {
        Self {
            cause,
            cure,
            example: None,
        }
    }

    /// The same, with a piece of JSON that passes.
    #[must_use]
    pub const fn example(self, json: &'static str) -> Self {
        Self {
            example: Some(json),
            ..self
        }
    }
}

impl Rule {
    /// What to do about a refusal by this rule.
    pub const fn help(self) -> Help {
        match self {
            Self::MalformedBody => Help::new(
                "The body is not JSON in UTF-8, is nested deeper than 64 levels, gives a key twice, or has a field that is unknown or of another type; the path names it.",
                "Compare the field at the path with the document in `/openapi.json`; names are case-sensitive, XUIDs are strings, and numbers and booleans are not quoted.",
            ).example(r#"{"properties": {"system": {"closed": true}}}"#),
            Self::OutOfRange => Help::new(
                "The number at the path is below or above what the detail allows.",
                "Send a number within the range that the detail names; more than 100 members take the capability `large`, and timeouts are in milliseconds.",
            ).example(r#"{"constants": {"system": {"maxMembersCount": 8}}}"#),
            Self::TooMany => Help::new(
                "The list or map at the path would have more entries than it may, together with those it has already.",
                "Send fewer, or remove old ones in the same write by setting them to null.",
            ),
            Self::BadText => Help::new(
                "The text at the path is too long, empty, or not of the form that the detail names: a GUID, base64, an ISO 8601 time, lower case.",
                "Correct the text; times have an offset, and lengths are counted in characters unless the detail says bytes.",
            ).example(r#"{"properties": {"system": {"scheduledTime": "2030-01-01T18:00:00Z"}}}"#),
            Self::CustomTooLarge => Help::new(
                "The `custom` bag at the path is larger than it may be after this write is merged into it.",
                "Remove what is no longer needed by setting it to null, or keep large data elsewhere and put a reference here.",
            ).example(r#"{"properties": {"custom": {"oldMap": null}}}"#),
            Self::CustomNotObject => Help::new(
                "`properties.custom` was sent as a list, a text, a number or null.",
                "Wrap the value in an object; to empty the bag, set each of its keys to null.",
            ).example(r#"{"properties": {"custom": {"value": [1, 2]}}}"#),
            Self::DocumentTooLarge => Help::new(
                "Each bag is within its own limit, but all members, servers and properties of the session together are not.",
                "Keep less in every member's `custom`, or split the players over several sessions.",
            ),
            Self::ConstantConflict => Help::new(
                "The constant at the path was given a value that differs from what the template prescribes or from what was fixed at creation or joining.",
                "Leave the constant out or send its present value, as a GET of the session or of the template shows it; for another value make another session or template.",
            ),
            Self::InvalidCombination => Help::new(
                "The setting at the path needs a capability that is not on, excludes one that is, or says the same as another setting.",
                "Add what the detail says is needed, or leave out one of the two.",
            ).example(r#"{"constants": {"system": {"capabilities": {"gameplay": true, "arbitration": true}}}}"#),
            Self::CombinationConflict => Help::new(
                "The request's constants are fine by themselves, but not with what the session's template switches on or off.",
                "Read the template and drop the constant at the path, or create the session from another template.",
            ),
            Self::NotInitiator => Help::new(
                "The session, or its template, lists `initiators`, and the calling user is not in the list.",
                "Let one of the initiators or a server create the session, or leave `initiators` out.",
            ),
            Self::ServerCreated => Help::new(
                "A player tried to create a session with the capability `arbitration`.",
                "Create the session with a token that has the role `sessions.server`; players join it afterwards.",
            ),
            Self::MemberKey => Help::new(
                "`members` has a key that is no member: a XUID, a name, an index with leading zeros, or a reservation set to null.",
                "Write yourself as `me`; reserve places as `reserve_0`, `reserve_1`; name others by the index they have in the session.",
            ).example(r#"{"members": {"me": {}, "reserve_0": {"constants": {"system": {"xuid": "1002"}}}}}"#),
            Self::ReservationNumbering => Help::new(
                "The reservations of the request do not start at `reserve_0`, or a number is missing between them.",
                "Number them from 0 in each request, whatever places are taken already.",
            ).example(r#"{"members": {"reserve_0": {"constants": {"system": {"xuid": "1002"}}}, "reserve_1": {"constants": {"system": {"xuid": "1003"}}}}}"#),
            Self::MixedMemberKeys => Help::new(
                "One request has both reservations and existing members, or names the caller as `me` and by index.",
                "Send two requests, and use `me` for the caller.",
            ),
            Self::ReservationWithoutXuid => Help::new(
                "A `reserve_<n>` has no `constants.system.xuid`.",
                "Say for whom the place is.",
            ).example(r#"{"members": {"reserve_0": {"constants": {"system": {"xuid": "1002"}}}}}"#),
            Self::ReservationClash => Help::new(
                "The user has a place or a reservation already, and the request gives other constants for it.",
                "Send the constants that the member has, or remove the member first and reserve again.",
            ),
            Self::LargeSession => Help::new(
                "The session has the capability `large`, and the request reserves a place or writes to another member.",
                "Let every player join with `members.me`; for reservations use a session without `large`.",
            ),
            Self::Full => Help::new(
                "All places are taken; reserved and inactive members count.",
                "Wait until somebody leaves or a reservation times out, use another session, or create it with a larger `maxMembersCount`.",
            ),
            Self::FullByHandle => Help::new(
                "The session behind the handle has no place left; reserved and inactive members count.",
                "Wait until somebody leaves, or look for another handle.",
            ),
            Self::NoUser => Help::new(
                "The token is a service's or a title's and has no XUID, but the request acts as a user: it joins, leaves, or makes a handle.",
                "Send a user's token, or, as a service, name the user with `X-Xbl-On-Behalf-Of: xuid(<n>)`.",
            ),
            Self::Banned => Help::new(
                "The operator keeps the user in `banned_users` of the service configuration's `service.toml`.",
                "Use another account, or ask the operator, who takes the XUID from the list and sends SIGHUP.",
            ),
            Self::TooManySessions => Help::new(
                "The user is an accepted member of as many sessions of the service configuration as `limits.sessions_per_user` allows; titles that crash without leaving come to that.",
                "Leave sessions that are no longer played, or let them time out; give templates an `inactiveRemovalTimeout`. Game servers are not limited.",
            ),
            Self::NoMultiplayer => Help::new(
                "The token's `prv` claim lacks privilege 254, or the privilege is restricted for the user.",
                "Use an account that may play with others; in development, name 254 among the `privileges` of the token.",
            ),
            Self::TitleUnproven => Help::new(
                "The service is set to require a strong title identity (`auth.strong_title_identity`), the device type of the token is no console, and the session lacks the capability.",
                "Create the session with the capability `userAuthorizationStyle`, or in a template that has it; or use a token whose device type, `xdi.dty` or the claim mapped to it, is that of a console.",
            ),
            Self::ExistingMember => Help::new(
                "A player wrote to another member by index, or a reservation carries properties.",
                "Write only `members.me`; to remove others be an owner (capability `hasOwners`) or a server; leave properties to the member's own user.",
            ),
            Self::ForeignXuid => Help::new(
                "`members.me.constants.system.xuid` is not the XUID of the calling user.",
                "Leave the XUID out, or use the token of the user who joins; to bring somebody else, reserve a place.",
            ),
            Self::ServerOnlyConstant => Help::new(
                "A player set a constant of a member, such as `team` or `matchmakingResult`, that is a service's to set.",
                "Leave the constant out, or let a server reserve the place with it.",
            ),
            Self::TooFewToStart => Help::new(
                "The session has `memberInitialization`, and the request that creates it adds fewer members with `initialize: true` than `membersNeededToStart`.",
                "Reserve places for the other players in the same request, each with `initialize: true`, and set it for yourself too.",
            ).example(r#"{"members": {"me": {"constants": {"system": {"initialize": true}}}, "reserve_0": {"constants": {"system": {"xuid": "2533274790395904", "initialize": true}}}}}"#),
            Self::MultiUser => Help::new(
                "`X-Xbl-OnBehalfOf-Users` names several users, and `members` speaks of `me`.",
                "Name them by `me_<xuid>`, or all of them by `me_all` or `me_allInSession`.",
            ),
            Self::MultiUserOnLarge => Help::new(
                "`X-Xbl-OnBehalfOf-Users` names several users, and the session is a large one.",
                "Send one request for each user.",
            ),
            Self::NotActing => Help::new(
                "`members` has a key `me_<xuid>` for a user whom the request does not act for.",
                "Name the user in `X-Xbl-OnBehalfOf-Users`, or leave the key out.",
            ),
            Self::ActiveAndReady => Help::new(
                "`active` and `ready` were both set to true.",
                "Set one of them; the other becomes false by itself.",
            ).example(r#"{"members": {"me": {"properties": {"system": {"active": true}}}}}"#),
            Self::ConnectionRequired => Help::new(
                "The session has the capability `connectionRequiredForActiveMembers`, and the member became active without `connection`.",
                "Open a real-time connection and send its id in `connection` of the same write, before or together with `active`.",
            ).example(r#"{"members": {"me": {"properties": {"system": {"active": true, "connection": "9c1f4b7a-0d5e-4c53-9c8e-3c7a2f1d6b20"}}}}}"#),
            Self::ConnectionSessions => Help::new(
                "Members on the same connection have subscriptions in as many sessions as one connection serves.",
                "End the subscription in a session that is no longer needed, or leave that session; or use a connection of another socket.",
            ),
            Self::CapabilityNeeded => Help::new(
                "The field at the path belongs to a capability that the session was created without.",
                "Leave the field out, or create the session with the capability that the detail names.",
            ),
            Self::NotOnLarge => Help::new(
                "The session has the capability `large`, which does without the field at the path.",
                "Leave the field out, or use a session without `large`.",
            ),
            Self::OwnMeasurement => Help::new(
                "`measurements` has an entry for the member's own device token.",
                "Send measurements of the other members' device tokens only.",
            ),
            Self::NoSuchMember => Help::new(
                "The index at the path belongs to nobody: the member has left, or the index was counted from `membersInfo` instead of read from `members`.",
                "Read the session again and use the keys of its `members`; they are never reused.",
            ),
            Self::NoSuchRole => Help::new(
                "The role or role type at the path is not among the session's `roleTypes`.",
                "Use a name that the session defines, or define it in `roleTypes` when the session is created.",
            ),
            Self::RoleFull => Help::new(
                "As many members as `max` allows hold the role already.",
                "Take another role, or let its holder give it up by setting it to null first.",
            ),
            Self::RoleOwnerManaged => Help::new(
                "A member took a role whose type has `ownerManaged`.",
                "Let an owner of the session assign it, by the member's index.",
            ),
            Self::RoleSettingFixed => Help::new(
                "The write changes a setting of a role that its type does not list in `mutableRoleSettings`.",
                "Leave the setting as it is, or list it when the session is created.",
            ).example(r#"{"roleTypes": {"class": {"mutableRoleSettings": ["max"], "roles": {"tank": {"max": 2}}}}}"#),
            Self::RoleDefinition => Help::new(
                "A role has a name with other characters than lower-case letters and digits, a `max` or `target` of 0, or a `target` above its `max`.",
                "Correct the definition at the path.",
            ).example(r#"{"roleTypes": {"class": {"roles": {"tank": {"target": 1, "max": 2}}}}}"#),
            Self::KeywordsOnPrivate => Help::new(
                "`keywords` were set on a session with the visibility `private`, which nobody can find by them.",
                "Leave the keywords out, or create the session as `visible` or `open`.",
            ),
            Self::LockedNotClosed => Help::new(
                "`locked` was set while `closed` is not.",
                "Set both in one write.",
            ).example(r#"{"properties": {"system": {"closed": true, "locked": true}}}"#),
            Self::ReadStricterThanJoin => Help::new(
                "The read restriction would be stricter than the join restriction.",
                "Set `readRestriction` to the same as `joinRestriction` or to a weaker one: `local` is stricter than `followed`, and `followed` than `none`.",
            ).example(r#"{"properties": {"system": {"joinRestriction": "followed", "readRestriction": "followed"}}}"#),
            Self::RestrictionNotAllowed => Help::new(
                "A join restriction was set in a session with `large`, or a session with `userAuthorizationStyle` was given none.",
                "In a large session leave `joinRestriction` out; with `userAuthorizationStyle` choose `local` or `followed`.",
            ),
            Self::NotEvaluating => Help::new(
                "`initializationSucceeded` was sent although no episode is in the stage `evaluating`, or somebody has decided it already.",
                "Send it only while `initializing.stage` of the session is `evaluating`, with `externalEvaluation` in its constants.",
            ),
            Self::OwnersOnly => Help::new(
                "The session has owners, and a member who is none of them changed the property at the path.",
                "Let an owner make the change, or ask one to add you to `properties.system.owners`.",
            ),
            Self::ServersOnly => Help::new(
                "A player wrote to `servers`.",
                "Write to `servers` with a token that has the role `sessions.server`.",
            ),
            Self::ServerName => Help::new(
                "The key in `servers` is empty, longer than 100 characters, or has a character that is no letter, digit, `-`, `_` or `.`.",
                "Rename the entry.",
            ).example(r#"{"servers": {"cloud-1": {"properties": {"custom": {}}}}}"#),
            Self::ArbitrationEntry => Help::new(
                "The session has the capability `arbitration`, and its server entry `arbitration` lacks a start time that is one, or has a state, a source or results of another form.",
                "Create the session with `startTime` among the entry's system constants, a time with an offset; later write `resultState`, `resultSource`, `resultConfidenceLevel` from 0 to 100, and `results` where there are any.",
            ).example(r#"{"servers": {"arbitration": {"constants": {"system": {"startTime": "2030-01-01T18:00:00Z"}}}}}"#),
            Self::ArbitrationResults => Help::new(
                "The outcome of a team is none of `win`, `loss`, `draw`, `rank`, `noshow` and `nocontest`, lacks its ranking or has one too many, or there are no teams.",
                "Report every team by its id; `ranking`, from 1, goes with `rank` and with nothing else.",
            ).example(r#"{"members": {"me": {"properties": {"system": {"arbitration": {"results": {"red": {"outcome": "win"}, "blue": {"outcome": "loss"}}}}}}}}"#),
            Self::ArbitrationTime => Help::new(
                "The match has not begun, or it is decided: by its players' reports, by a game server, or because its time was over.",
                "Read `servers.arbitration` of the session: report from `startTime` on, and show the result if there is a `resultState`.",
            ),
            Self::RosterFixed => Help::new(
                "A player would join, leave, reserve a place in, or remove somebody from an arbitrated session.",
                "Go inactive instead of leaving; let the server that made the session change its players. When the match is decided, players may leave.",
            ),
            Self::Private => Help::new(
                "The session is private, and the caller has neither a place nor a reservation in it.",
                "Let a member reserve a place for the user, or send an invitation and join through its handle.",
            ),
            Self::Visible => Help::new(
                "The session's visibility is `visible`: anybody may read it, but joining takes a reservation, and the user has none.",
                "Let a member reserve a place for the user, or create the session as `open`.",
            ),
            Self::JoinRestricted => Help::new(
                "`joinRestriction` is `followed` and no member follows the user, or it is `local` and no active member is on the user's device.",
                "Let a member follow the user, join through an invitation handle, or let a member set `joinRestriction` to `none`.",
            ).example(r#"{"properties": {"system": {"joinRestriction": "none"}}}"#),
            Self::BlockedByOwner => Help::new(
                "The user is on the block list of an owner of the session, or of who published it for search.",
                "Nothing: the choice is the owner's. Join another session.",
            ),
            Self::ReadRestricted => Help::new(
                "`readRestriction` is `followed` and no member follows the user, or it is `local` and no active member is on the user's device.",
                "Let a member follow or invite the user, or let a member set `readRestriction` to `none`.",
            ).example(r#"{"properties": {"system": {"readRestriction": "none"}}}"#),
            Self::Closed => Help::new(
                "A member set `closed`, or `locked` it and the user was not a member before.",
                "Wait until a member sets `closed` to false, or join another session; who was a member of a locked session may come back.",
            ).example(r#"{"properties": {"system": {"closed": false}}}"#),
            Self::NotMember => Help::new(
                "The caller may read the session but has no place in it, and the request changes something without joining.",
                "Join in the same write by adding `members.me`.",
            ).example(r#"{"members": {"me": {}}, "properties": {"custom": {"ready": true}}}"#),
            Self::BadAccessQuestion => Help::new(
                "`?explain=access` came without a user, or with a parameter that cannot be read, or with a handle of another session.",
                "Send `xuid`, and where they matter `handle`, `titleId`, `deviceId`, `deviceType` and `multiplayer`.",
            ),
            Self::ForeignAccess => Help::new(
                "`?explain=access` came from a user; it tells what a session hides from them.",
                "Ask with a server's token (role `sessions.server`) or an operator's (`admin`); where the development issuer is on, everybody may ask.",
            ),
            Self::HandleNotFound => Help::new(
                "There is no handle of this id, it has ended with its session or by time, or it is not for the caller's user, title or sandbox; the answer is the same for all of these.",
                "Check the id and the token's sandbox and user; query for handles again, because activities end when their owner leaves.",
            ),
            Self::HandleVersion => Help::new(
                "`version` is missing or is not 1.",
                "Send `version: 1`.",
            ).example(r#"{"version": 1, "type": "activity", "sessionRef": {"scid": "00000000-0000-4000-8000-00000000c0de", "templateName": "lobby", "name": "friday"}}"#),
            Self::HandleField => Help::new(
                "The type of the handle needs the field at the path: an invitation its `invitedXuid` and `inviteAttributes` with a title, a transfer its `originSessionRef`.",
                "Add the field.",
            ).example(r#"{"version": 1, "type": "invite", "invitedXuid": "1002", "inviteAttributes": {"titleId": "1717113201"}, "sessionRef": {"scid": "00000000-0000-4000-8000-00000000c0de", "templateName": "lobby", "name": "friday"}}"#),
            Self::SearchAttribute => Help::new(
                "There are too many tags, strings or numbers, a name has a character it may not have, or a value is too long.",
                "Shorten what the path names; names are shorter than 100 characters, and texts have at most 99 bytes.",
            ).example(r#"{"searchAttributes": {"tags": ["casual"], "strings": {"map": "harbour"}, "numbers": {"level": 12}}}"#),
            Self::ActivityField => Help::new(
                "A number or text is beyond its limit, or a list is empty or too long; a request invites 1 to 16 users, asks for the activities of 1 to 30, or reports 1 to 100 recent players of a user, and `connectionString` has at most 512 characters.",
                "Change what the path names as the detail says.",
            ).example(r#"{"invitedUsers": ["1003"], "connectionString": "ip=1"}"#),
            Self::ActivityForbidden => Help::new(
                "The path names another title or user than the token, an address for servers was called by a user, or the sender may not write to one of the invited.",
                "Use a token of the title; servers need the role `sessions.server`.",
            ),
            Self::HandleForbidden => Help::new(
                "The caller is no active member or owner of the session as the type of the handle needs it, or deletes a handle that is neither by nor for them.",
                "Join the session as active before making the handle; let the creator, the invited user or a server delete it.",
            ),
            Self::NotSearchable => Help::new(
                "The session of the search handle was created without the capability `searchable`.",
                "Create the session with `searchable`, and with `hasOwners` where `userAuthorizationStyle` is on.",
            ).example(r#"{"constants": {"system": {"capabilities": {"searchable": true}}}}"#),
            Self::HandleSessionMissing => Help::new(
                "`sessionRef` names a session that does not exist, has ended, or is in another sandbox.",
                "Create the session first; check its scid, template, name and the token's sandbox.",
            ),
            Self::InviteForbidden => Help::new(
                "The sender lacks privilege 252, has blocked the invited user, or has a setting that lets only some users be written to.",
                "Ask `GET /users/me/permission/validate?setting=CommunicateUsingText&target=xuid(<n>)` for the reason.",
            ),
            Self::BadQuery => Help::new(
                "The query for activities has no owners, the one for search handles neither `scid`, `templateName` nor `filter`; or it names too many users, both `xuids` and `people`, an unknown moniker, a `take` outside 0 to 100, or a type that cannot be queried.",
                "Correct what the path names.",
            ).example(r#"{"type": "activity", "owners": {"people": {"moniker": "people", "monikerXuid": "1001"}}}"#),
            Self::BadFilter => Help::new(
                "The filter has a path that does not exist, a literal of another type than what it is compared with, a second `or` or one in parentheses, a function other than `tolower`, or is too long; the detail names the column, and what was expected there.",
                "Correct it there; `docs/filter-language.md` has the language with examples.",
            ).example(r#"{"type": "search", "templateName": "lfg", "filter": "tags/any(d:tolower(d) eq 'ranked') and numbers/skill gt 10"}"#),
            Self::BadOrder => Help::new(
                "The order has a path that does not exist or leads to a collection, more than one key, or a direction other than `asc` and `desc`.",
                "Order by one path; ties come newest first.",
            ).example(r#"{"type": "search", "templateName": "lfg", "orderBy": "numbers/skill desc"}"#),
            Self::BadSessionQuery => Help::new(
                "The query has neither `keyword` nor `xuid` (or `xuids` in the body of a batch), or a parameter with a value that it does not take.",
                "Ask for instance `?xuid=1001`, or `?keyword=ranked&take=10`; the path names the parameter that is wrong.",
            ).example(r#"{"xuids": ["1001", "1002"]}"#),
            Self::ForeignSessions => Help::new(
                "`private=true` or `reservations=true` is asked for with a user who is not the caller, or with no user.",
                "Leave the parameter out, ask with the token of that user, or ask as a service.",
            ),
            Self::ForeignPeople => Help::new(
                "`monikerXuid` is not the calling user or another user of the token.",
                "Ask with the token of that user, leave `monikerXuid` out, or list the users in `owners.xuids`.",
            ),
        }
    }
}
