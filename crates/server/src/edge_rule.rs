//! The rules that are not about sessions: addresses, credentials, sizes, people, the issuer.
//!
//! A table with a row for every code, as `convoke_core::Rule` is for sessions and handles.

use convoke_core::refusal::Help;
use http::StatusCode;

macro_rules! edge_rules {
    ($(
        #[doc = $sentence:literal]
        $variant:ident = $code:literal, $status:ident, $number:literal,
            $cause:literal,
            $cure:literal;
    )+) => {
        /// A rule of the service around the sessions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EdgeRule { $(#[doc = $sentence] $variant,)+ }

        impl EdgeRule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name of the rule, for people and programs.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The rule, as one sentence.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence.trim_ascii()),+ }
            }

            /// The status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// The number that the coded family of answers has for it. `[client]`
            pub const fn number(self) -> u32 {
                match self { $(Self::$variant => $number),+ }
            }

            /// What to do about a refusal by this rule.
            pub const fn help(self) -> Help {
                match self { $(Self::$variant => Help::new($cause, $cure)),+ }
            }
        }
    };
}

edge_rules! {
    /// A request is one that the service understands.
    Malformed = "request.malformed", BAD_REQUEST, 4000,
        "Part of the request could not be read, and no other rule says more.",
        "Compare the request with `/openapi.json`.";
    /// An address is one that is served.
    UnknownUri = "uri.unknown", NOT_FOUND, 4000,
        "The path is misspelt, has an identifier of the wrong form (a scid is a GUID, a session name has 1 to 100 letters, digits, `-`, `_`, `.`), or belongs to another host name.",
        "Compare the path with `/openapi.json`; under a host name of the original service only that service's paths are served.";
    /// An address is asked with one of its verbs.
    Method = "method", METHOD_NOT_ALLOWED, 4000,
        "The address exists, but does not take this HTTP method.",
        "Use a method of the `Allow` header; sessions are created by PUT, handles by POST.";
    /// A request line is at most 8 KiB long.
    UriTooLong = "request.uri", URI_TOO_LONG, 4000,
        "Path and query together are longer than the service takes.",
        "Shorten the query; long lists of users belong in the body of `POST /handles/query`.";
    /// A request has at most 64 headers and 32 KiB of them.
    HeadersTooLarge = "request.headers", REQUEST_HEADER_FIELDS_TOO_LARGE, 4000,
        "There are too many headers, or they are too large together; often cookies or a token with very many users.",
        "Send only the headers that the service reads.";
    /// A request to the session directory names its contract version.
    ContractMissing = "contract.missing", BAD_REQUEST, 4000,
        "The header `X-Xbl-Contract-Version` is missing.",
        "Send `X-Xbl-Contract-Version: 107`.";
    /// A contract version is one that is spoken here.
    ContractUnsupported = "contract.unsupported", BAD_REQUEST, 4000,
        "`X-Xbl-Contract-Version` is no number, or one that no client of the original service sends.",
        "Send 107, or 104 or 105 for the older forms of the document.";
    /// A body has at most so many bytes, after decompression too.
    BodyTooLarge = "body.size", PAYLOAD_TOO_LARGE, 4000,
        "The body is larger than the service takes: 256 KiB for sessions and handles, 64 KiB for the issuer.",
        "Send only what changes; a write is merged, so what is left out stays as it is.";
    /// A body is JSON, plain or gzipped, and says so.
    MediaType = "body.media_type", UNSUPPORTED_MEDIA_TYPE, 4000,
        "`Content-Type` is not `application/json`, or `Content-Encoding` is not `gzip`; command line clients like to say `application/x-www-form-urlencoded`.",
        "Send `Content-Type: application/json`.";
    /// A body arrives whole within 30 seconds.
    BodyIncomplete = "body.incomplete", REQUEST_TIMEOUT, 4000,
        "The connection broke or stalled while the body was sent, or `Content-Length` promises more than was sent.",
        "Send the request again; check `Content-Length` and the network between.";
    /// A conditional request fits the session as it is now.
    Precondition = "precondition.failed", PRECONDITION_FAILED, 4000,
        "The session has changed since its ETag was read, does not exist, or exists although `If-None-Match: *` was sent.",
        "Read the session, apply the change to what is there now, and send it with the new ETag in `If-Match`; the body of the plain answer shows the session to who may read it.";

    /// A socket is opened by the handshake of a websocket.
    RealTimeUpgrade = "rta.upgrade", UPGRADE_REQUIRED, 4000,
        "The request to `/connect` has no `Upgrade: websocket`, no `Connection: Upgrade`, no key or another version than 13; or a proxy removed them.",
        "Connect with a websocket library, and let proxies hand `Upgrade` on.";
    /// A socket speaks a sub-protocol that is known here, or names none.
    RealTimeProtocol = "rta.protocol", BAD_REQUEST, 4000,
        "All names in `Sec-WebSocket-Protocol` are unknown.",
        "Offer `rta.xboxlive.com.V2`, or leave the header out.";
    /// A nonce opens one socket, within a minute.
    RealTimeNonce = "rta.nonce", UNAUTHORIZED, 4500,
        "The nonce was used before, is older than 60 seconds, or did not come from this process.",
        "Get a new one from `GET /nonce` for every attempt to connect, or send `Authorization` with the handshake.";

    /// Notifications are told over sockets, to users of the token.
    NotifyEndpoint = "notify.endpoint", BAD_REQUEST, 4000,
        "`endpointUri` is not the notification resource of a user of the token, or `transport` names something else than a socket.",
        "Register `https://notify.xboxlive.com/users/xuid(<n>)/deviceId/current/titleId/<title>` with the transport `RTA`; what is told does not depend on it, only on subscribing to that resource.";

    /// An inbox is its owner's alone.
    InboxOwner = "inbox.owner", FORBIDDEN, 4000,
        "The path names another user than those of the token.",
        "Use `/users/me/inbox`, or the owner's token.";
    /// What is asked of an inbox has known words and a size.
    InboxQuery = "inbox.query", BAD_REQUEST, 4000,
        "`maxItems` or `maxActions` is no number, or an update names more notifications than an inbox has.",
        "Send numbers, and at most 256 notifications in one update.";

    /// A request has credentials.
    AuthMissing = "auth.missing", UNAUTHORIZED, 4500,
        "There is no `Authorization` header.",
        "Send `Authorization: XBL3.0 x=<userhash>;<token>`; `convoke token` prints one for development.";
    /// Credentials have a form that is known here.
    AuthMalformed = "auth.malformed", UNAUTHORIZED, 4500,
        "The `Authorization` header, the token in it, or a header that chooses user or sandbox cannot be read; the detail says which.",
        "Send exactly one header of the form `XBL3.0 x=<userhash>;<token>` or `Bearer <token>`, with one space after the scheme.";
    /// A token is used within its time.
    AuthExpired = "auth.expired", UNAUTHORIZED, 4500,
        "The token's time is over or has not come, 60 seconds of grace included; or a clock is wrong.",
        "Get a new token, and compare the clock with the `Date` header of the answer.";
    /// A token is signed by an issuer that the service trusts.
    AuthSignature = "auth.invalid_signature", UNAUTHORIZED, 4500,
        "The token was signed with another key, was changed on the way, or comes from an issuer that is not configured here; after a restart with the memory store every older token is such.",
        "Get a new token from this service's issuer, or one of the issuers it is configured to trust.";
    /// The user hash of the header is that of a user in the token.
    AuthUserHash = "auth.unknown_user_hash", UNAUTHORIZED, 4500,
        "The number after `x=` belongs to another token, or `x=*` was sent with several users and the request names none of them.",
        "Take `uhs` from `DisplayClaims.xui` of the answer that brought this token; hashes are new in every token.";
    /// A token was issued for this service.
    AuthAudience = "auth.wrong_audience", UNAUTHORIZED, 4500,
        "The token was issued for another relying party.",
        "Ask the issuer for a token with the `RelyingParty` `http://xboxlive.com`.";
    /// A request proves that its sender holds the token's key, where that is required.
    AuthProof = "auth.proof_required", UNAUTHORIZED, 4500,
        "The token is bound to a key, and the `Signature` header is missing, wrong, too old, or was used before.",
        "Sign every request anew with the proof key of the token, over the bytes that are sent.";

    /// A caller asks no more often than the service allows.
    RateLimited = "rate.limited", TOO_MANY_REQUESTS, 4000,
        "The user has made more requests to this service than its window allows, refused ones included; or a server principal has too many at the same time; or the address sends too many, or too many with bad credentials.",
        "Wait for as many seconds as `Retry-After` says; an operator can raise `limits.scale` or `limits.per_address`.";
    /// The service has a place for the request among those that run.
    Overloaded = "service.overloaded", SERVICE_UNAVAILABLE, 5300,
        "More requests run at the same time than `limits.max_in_flight` allows, or the body came when all places were taken.",
        "Try again after `Retry-After`, with jitter; if it happens often, the machine is too small for its load.";
    /// A hopper exists.
    HopperUnknown = "hopper.unknown", NOT_FOUND, 4000,
        "The service configuration has no hopper of this name; hoppers cannot be configured yet.",
        "Do not create match tickets on this server yet.";

    /// A service configuration exists.
    ScidUnknown = "scid.unknown", NOT_FOUND, 4000,
        "The scid in the path or in `sessionRef` is not configured on this server.",
        "Check the scid; `convoke serve` lists those it serves when it starts.";
    /// A service configuration is published to the sandbox of the token.
    ScidSandbox = "scid.sandbox", FORBIDDEN, 4500,
        "The token's sandbox is not among the `sandboxes` of the service configuration.",
        "Use a token of a sandbox that is listed, or list the sandbox in `service.toml`.";
    /// A service configuration is open to the title of the token.
    ScidTitle = "scid.title", FORBIDDEN, 4500,
        "The title id in the token is not among the `title_ids` of the service configuration.",
        "Use a token of a title that is listed, or list the title in `service.toml`.";
    /// A service's roles count in the service configurations that it is configured for.
    ScidService = "scid.service", FORBIDDEN, 4500,
        "The service is configured with `scids`, and this one is not among them; acting for a user does not extend them.",
        "List the scid in the service's entry of `auth.services`.";
    /// A token names its title, unless the configuration or the template does without.
    ScidUntitled = "scid.untitled", FORBIDDEN, 4500,
        "The token has no title id, and neither the service configuration nor the template is open to such tokens.",
        "Use a token with a title, allow untitled tokens in `service.toml`, or use a template with the capability `userAuthorizationStyle`.";
    /// A session template exists.
    TemplateUnknown = "template.unknown", NOT_FOUND, 4000,
        "The service configuration has no template of this name.",
        "List the templates with `GET /serviceconfigs/{scid}/sessiontemplates`.";
    /// Elements are asked for of a session that exists.
    SessionNotFound = "sessions.not_found", NOT_FOUND, 4000,
        "The session does not exist or has ended, and one of its elements was asked for or written.",
        "Create the session with a PUT of the session itself; check its name and the token's sandbox.";

    /// A path names a user as `me`, `xuid(<n>)` or `gt(<gamertag>)`.
    PeopleUser = "people.user", BAD_REQUEST, 4000,
        "A user in the path has another form, or a XUID that is no unsigned 64-bit number.",
        "Write `me` or `xuid(2533274790395904)`.";
    /// `me` is the user of the token.
    PeopleMe = "people.me", FORBIDDEN, 1011,
        "The path says `me`, but the token is a service's or a title's and has no user.",
        "Name the user as `xuid(<n>)`, or send a user's token.";
    /// A gamertag in a path is one that is known here.
    PeopleGamertag = "people.gamertag", NOT_FOUND, 4100,
        "The path names a user by gamertag, and no directory of gamertags is kept here.",
        "Name the user as `xuid(<n>)`.";
    /// A view of a people list is one of the four, and the caller's to see.
    PeopleView = "people.view", BAD_REQUEST, 1015,
        "`view` is misspelt.",
        "Use `All`, `Favorite`, `LegacyXboxLiveFriends` or `FriendList`.";
    /// Favourites and legacy friends are their owner's to see.
    PeopleViewForeign = "people.view.foreign", FORBIDDEN, 1011,
        "`view` asks for a part of somebody else's list that only its owner sees.",
        "Ask for `All` or `FriendList`, or use the owner's token.";
    /// A page is asked for by numbers.
    PeoplePage = "people.page", BAD_REQUEST, 1015,
        "`startIndex` or `maxItems` is negative or no number.",
        "Send whole numbers from 0.";
    /// A person is shown where one of the two users follows the other.
    PeopleNotFound = "people.not_found", NOT_FOUND, 4100,
        "Neither user has the other on the list.",
        "Follow the user first with `PUT /users/me/people/xuid(<n>)`.";
    /// A people list is changed by its owner.
    PeopleOwner = "people.owner", FORBIDDEN, 1011,
        "The path names the list of another user than those of the token.",
        "Use `/users/me/people/…`, or the owner's token.";
    /// Changing one's people takes the privilege 255.
    PeoplePrivilege = "people.privilege", FORBIDDEN, 1011,
        "The token's `prv` claim lacks privilege 255, or the privilege is restricted for the user.",
        "Use an account that may add friends; in development, name 255 among the `privileges` of the token.";
    /// Nobody follows themselves.
    PeopleSelf = "people.self", BAD_REQUEST, 1015,
        "Owner and target of the path are the same user.",
        "Name another user.";
    /// A people list holds at most 2000 people.
    PeopleFull = "people.full", BAD_REQUEST, 1028,
        "The list is full: the caller's own, or where a friend request is accepted that of the user who sent it; the text says whose.",
        "Whose list it is removes somebody with `DELETE /users/me/people/xuid(<n>)` first.";
    /// At most 1000 friend requests of a user wait, and at most 1000 for one.
    PeopleRequestsFull = "people.requests.full", BAD_REQUEST, 1028,
        "Too many requests of the caller wait for an answer, or too many wait for the user; the text says which.",
        "Withdraw one with `DELETE /users/me/people/friends/v2/xuid(<n>)`; where they wait for the user, that user has to answer some first.";
    /// A favourite is followed.
    PeopleFavorite = "people.favorite", NOT_FOUND, 4100,
        "The user to be marked as favourite is not on the list.",
        "Follow the user first, then mark them.";

    /// `method` and `deleteRelationships` are words that people are written with.
    PeopleWord = "people.word", BAD_REQUEST, 1015,
        "The parameter is misspelt, or missing where it says what to do.",
        "Send `method=add` or `method=remove`, and `deleteRelationships=friends` or `follows`.";
    /// A write of a people list names at most 50 users, and a read of it at most 2000.
    PeopleBulk = "people.bulk", BAD_REQUEST, 1050,
        "`xuids` has more users than are taken at once.",
        "Send several requests.";
    /// Nobody follows whom they have blocked.
    PeopleBlocked = "people.blocked", FORBIDDEN, 1011,
        "The user to be followed is on the caller's own block list.",
        "Take the user off the list first with `DELETE /users/me/people/never`.";
    /// A user can be followed unless their privacy settings forbid it.
    PeopleRefused = "people.refused", FORBIDDEN, 1049,
        "The user does not want to be followed by the caller.",
        "Nothing: the choice is the other user's.";
    /// A people list is read by others where its owner shares it.
    PeoplePrivate = "people.private", FORBIDDEN, 1011,
        "The setting `ShareFriendList` of the owner does not let the caller, or one of them has blocked the other.",
        "Nothing: the choice is the owner's. A service takes the role `people.read`.";
    /// The people graph and privacy choices may be kept by another service than this one.
    PeopleElsewhere = "people.elsewhere", NOT_FOUND, 4000,
        "The configuration names a people service (`people.url`), whose graph counts and not one of this service.",
        "Send the request to that service.";
    /// Nothing passes that depends on people who cannot be looked up.
    PeopleUnavailable = "people.unavailable", SERVICE_UNAVAILABLE, 5300,
        "The people service of the operator does not answer in time, or with something else than an answer; or the session's members changed faster than they could be looked up.",
        "Wait as long as `Retry-After` says, then send the request again; whoever runs the service finds the reason in its log.";
    /// The people hub is asked for users by their numbers, at most 2000.
    HubUsers = "people.hub.users", BAD_REQUEST, 1015,
        "`xuids(…)` has something that is no XUID, or there are too many.",
        "Write `xuids(1001,1002)`, or send the users to `people/batch`.";
    /// The profiles of a user's people are for that user.
    ProfileOwner = "profile.owner", FORBIDDEN, 1011,
        "The path names another user than the acting one, or the token has none.",
        "Use `/users/me/…`, with a token that has an XUID claim.";
    /// People are named by a moniker.
    ProfileGroup = "profile.group", BAD_REQUEST, 1015,
        "The last word of the path is none of `People`, `Favorites` and `Friends`.",
        "Correct the word; its letter case does not matter.";
    /// A profile is asked for by the names of its settings, at most 50.
    ProfileSettings = "profile.settings", BAD_REQUEST, 1015,
        "`settings` is missing, too long, or has nothing between two commas.",
        "Write `settings=Gamertag,Gamerscore`.";
    /// Privacy lists, settings and permissions are the acting user's own.
    PrivacyOwner = "privacy.owner", FORBIDDEN, 1011,
        "The path names another user than those of the token.",
        "Use `/users/me/…`, or the owner's token; a service reads lists with the role `privacy.read`.";
    /// Nobody blocks or mutes themselves.
    PrivacySelf = "privacy.self", BAD_REQUEST, 1015,
        "The user in the body is the owner of the list.",
        "Name another user.";
    /// A block list and a mute list hold at most 1000 users each.
    PrivacyFull = "privacy.full", BAD_REQUEST, 1028,
        "The list is full.",
        "Remove somebody first with a DELETE of the same address.";
    /// A permission is asked for by a name or number that is known here.
    PrivacyPermission = "privacy.permission", BAD_REQUEST, 1015,
        "`setting` or an entry of `permissions` is missing or misspelt.",
        "Use a name such as `CommunicateUsingText` or its number, 1000, or a setting such as `ShareFriendList`.";
    /// A permission is asked for about a user or a class of users.
    PrivacyTarget = "privacy.target", BAD_REQUEST, 1015,
        "The target has another form, or an entry of `users` names both or neither of `xuid` and `anonymousUser`.",
        "Write `xuid(2533274790395904)` in a query and `{\"xuid\": \"2533274790395904\"}` in a body.";
    /// A batch of permissions asks at most 20 questions about at most 100 users.
    PrivacyBatch = "privacy.batch", BAD_REQUEST, 1050,
        "`users` or `permissions` is longer than that.",
        "Send several requests.";

    /// A request to the issuer is a document of the form it takes.
    IssuerBody = "issuer.body", BAD_REQUEST, 4000,
        "The body is no JSON, lacks a property, or has one of another type or form; the detail names it.",
        "Send `RelyingParty`, `TokenType` and `Properties` in exactly this spelling; the README shows a body for `/dev/token`.";
    /// A title is `default`, `current` or a decimal title id.
    IssuerTitle = "issuer.title", NOT_FOUND, 4000,
        "The path of the endpoint list names a title in another form.",
        "Ask for `/titles/default/endpoints`.";
    /// The user of a ticket is one that the development issuer knows.
    IssuerUser = "issuer.user", UNAUTHORIZED, 4500,
        "The ticket is not of the form `d=dev:<xuid or gamertag>`, or names a gamertag that is not configured.",
        "Name the user by XUID, as in `d=dev:1001`.";
    /// A user may sign in.
    IssuerAccount = "issuer.account", UNAUTHORIZED, 4500,
        "The user is listed with a code to be refused with; `XErr` in the plain answer has it.",
        "Use another user, or remove the code from the list.";
    /// A user signs in to a sandbox that is open to them.
    IssuerSandbox = "issuer.sandbox", UNAUTHORIZED, 4500,
        "`SandboxId` is not among the sandboxes of the user.",
        "Ask for a token of another sandbox, or list the sandbox for the user.";
    /// A token that is exchanged is a sign-in token of this issuer, of the right kind and in its time.
    IssuerToken = "issuer.token", UNAUTHORIZED, 4500,
        "A user, device or title token in `Properties` has expired, was made by another issuer, or is of another kind than its place takes.",
        "Sign in again at `/user/authenticate`, `/device/authenticate` or `/title/authenticate`, and send what they answer.";

    /// The service works without errors of its own.
    Internal = "internal", INTERNAL_SERVER_ERROR, 5000,
        "There is an error in the service; its log has a line with the correlation id.",
        "Report it with the correlation id; sending the same request again may give the same answer.";
    /// So many signatures are remembered that every replay can be told.
    SignaturesFull = "signature.replays_full", SERVICE_UNAVAILABLE, 5300,
        "With `auth.signatures = \"require\"`, more than 1048576 signed requests came within the time that signatures are good for.",
        "Wait as long as `Retry-After` says, then sign and send the request again.";
    /// The service can answer now.
    Unavailable = "service.unavailable", SERVICE_UNAVAILABLE, 5300,
        "The store does not answer or is closing down, or one session is written by another process faster than it can be read.",
        "Wait as long as `Retry-After` says, then send the request again; whoever runs the service finds the reason in its log.";
}
