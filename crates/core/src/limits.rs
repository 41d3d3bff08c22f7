//! Every number that bounds a document or a request, with where it comes from.

/// Most members of an ordinary session, and the default of `maxMembersCount`. `[doc]`
pub const MAX_MEMBERS: u32 = 100;
/// Most members of a large session. `[doc]`
pub const MAX_MEMBERS_LARGE: u32 = 10_000;
/// Largest timeout in ms that clients can express, exclusive. `[client]`
pub const MAX_TIMEOUT_MS: u64 = 1 << 52;
/// Largest stored session document, in bytes. `Inferred:` session 3.10
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;
/// Largest `custom` bag of a session, in bytes. `Inferred:` session 3.10
pub const MAX_SESSION_CUSTOM_BYTES: usize = 64 * 1024;
/// Largest `custom` bag of a member, in bytes. `Inferred:` session 3.10
pub const MAX_MEMBER_CUSTOM_BYTES: usize = 16 * 1024;
/// Most keywords. `Inferred:` session 3.10
pub const MAX_KEYWORDS: usize = 32;
/// Longest keyword, in characters. `Inferred:` session 3.10
pub const MAX_KEYWORD_CHARS: usize = 100;
/// Most groups, and most encounters, in one write. `Inferred:` session 3.10
pub const MAX_GROUPS: usize = 32;
/// Longest secure device address, in characters. `[client]`
pub const MAX_SDA_CHARS: usize = 4095;
/// Most entries of `subscriptions`, `secondarySubscriptions`, `measurements` and the like.
pub const MAX_MAP_ENTRIES: usize = 128;
/// Longest free system text (host, server candidates, description), in characters.
pub const MAX_TEXT_CHARS: usize = 1024;
/// Most sessions whose subscriptions use one real-time connection. `[doc]`
pub const MAX_SESSIONS_PER_CONNECTION: usize = 10;
/// Most entries of `servers`.
pub const MAX_SERVERS: usize = 16;
/// Most former members that a locked session remembers.
pub const MAX_ALUMNI: usize = 10_000;
/// Heaviest role preference. `[doc]`
pub const MAX_ROLE_PREFERENCE: u32 = 100;
/// Longest role or role type name, in characters. `[doc]`
pub const MAX_ROLE_NAME_CHARS: usize = 100;

/// Default of `reservedRemovalTimeout`, in ms. `[doc]`
pub const RESERVED_TIMEOUT_MS: u64 = 30_000;
/// Default of `inactiveRemovalTimeout` for templates of contract 107, in ms. `[doc]`
pub const INACTIVE_TIMEOUT_MS: u64 = 0;
/// Default of `inactiveRemovalTimeout` for templates of contracts 104 and 105, in ms. `[doc]`
pub const INACTIVE_TIMEOUT_LEGACY_MS: u64 = 7_200_000;
/// Default of `readyRemovalTimeout`, in ms. `[doc]`
pub const READY_TIMEOUT_MS: u64 = 180_000;
/// Default of `sessionEmptyTimeout`, in ms. `[doc]`
pub const EMPTY_TIMEOUT_MS: u64 = 0;
/// Default of `memberInitialization.joinTimeout`, in ms. `[doc]`
pub const JOIN_TIMEOUT_MS: u64 = 10_000;
/// Default of `memberInitialization.measurementTimeout`, in ms. `[doc]`
pub const MEASUREMENT_TIMEOUT_MS: u64 = 30_000;
/// Default of `memberInitialization.evaluationTimeout`, in ms. `[doc]`
pub const EVALUATION_TIMEOUT_MS: u64 = 5_000;
/// Default of `memberInitialization.membersNeededToStart`. `[doc]`
pub const INITIALIZATION_MEMBERS_NEEDED: u32 = 1;
/// Defaults of `managedInitialization` in contracts 104 and 105, in ms. `[doc]`
pub const MANAGED_STAGE_TIMEOUT_MS: u64 = 5_000;
/// Default of `managedInitialization.membersNeededToStart`. `[doc]`
pub const MANAGED_MEMBERS_NEEDED: u32 = 2;
/// Default of `arbitration.forfeitTimeout`, in ms. `[doc]`
pub const FORFEIT_TIMEOUT_MS: u64 = 60_000;
/// Default of `arbitration.arbitrationTimeout`, in ms. `[doc]`
pub const ARBITRATION_TIMEOUT_MS: u64 = 300_000;

/// Default of `latencyMaximum` of both requirements, in ms. `[doc]`
pub const LATENCY_MAXIMUM_MS: u64 = 250;
/// Default of `peerToPeerRequirements.bandwidthMinimum`, in kbps. `[doc]`
pub const PEER_BANDWIDTH_MINIMUM_KBPS: u64 = 10_000;
/// Default of `peerToHostRequirements.bandwidthDownMinimum`, in kbps. `[doc]`
pub const HOST_BANDWIDTH_DOWN_MINIMUM_KBPS: u64 = 100_000;
/// Default of `peerToHostRequirements.bandwidthUpMinimum`, in kbps. `[doc]`
pub const HOST_BANDWIDTH_UP_MINIMUM_KBPS: u64 = 1_000;

/// Life of an invite handle unless configured, in seconds. `Inferred:` handles I12
pub const INVITE_TTL_S: i64 = 24 * 60 * 60;
/// Life of a transfer handle whose target never existed, in seconds. `Inferred:` handles T3
pub const DANGLING_TRANSFER_TTL_S: i64 = 24 * 60 * 60;
/// Longest URI-encoded `inviteAttributes.context`, in characters. `[doc]`
pub const MAX_INVITE_CONTEXT_CHARS: usize = 256;
/// Longest other text of an invitation, in characters.
pub const MAX_INVITE_TEXT_CHARS: usize = 256;
/// Most tags, strings and numbers of a search handle. `Inferred:` handles S10
pub const MAX_SEARCH_ENTRIES: usize = 32;
/// Most achievement ids of a search handle. `Inferred:` handles S10
pub const MAX_ACHIEVEMENT_IDS: usize = 16;
/// Longest tag or attribute name, exclusive. `[doc]`
pub const MAX_SEARCH_NAME_CHARS: usize = 100;
/// Longest string attribute, in bytes. `[client]`
pub const MAX_SEARCH_STRING_BYTES: usize = 99;
/// Largest `searchAttributes`, in bytes. `Inferred:` handles S10
pub const MAX_SEARCH_BYTES: usize = 8 * 1024;
/// Longest filter or order, in characters. `Inferred:` handles 3.1
pub const MAX_FILTER_CHARS: usize = 2048;
/// Most conditions of a filter. `Inferred:` handles 3.1
pub const MAX_FILTER_TERMS: usize = 32;
/// Most parentheses within each other. `Inferred:` no more than there may be conditions.
pub const MAX_FILTER_DEPTH: usize = 32;
/// Most handles, and most owners, in one query. `[doc]`
pub const MAX_QUERY: usize = 100;

/// Most people that one user follows. `[client]`
pub const MAX_FOLLOWING: usize = 2000;
/// Most followers of one user that an answer lists. `Inferred:` people 4.1: they are unlimited.
pub const MAX_FOLLOWERS_SHOWN: usize = 2000;
/// Most users that one write of a people list names. `[client]` for the refusal, `Inferred:` the figure.
pub const MAX_PEOPLE_BULK: usize = 50;
/// Most users on a block list, and most on a mute list. `Inferred:` people 1.6
pub const MAX_PRIVATE_LIST: usize = 1000;
/// Most friend requests of one user that wait, and most that wait for one user. Ours: as many as the
/// other lists beside the people list hold.
pub const MAX_FRIEND_REQUESTS: usize = 1000;
/// Most users that a batch of permissions asks about. `Inferred:` people 5.2
pub const MAX_PERMISSION_USERS: usize = 100;
/// Most permissions that a batch asks for. `Inferred:` people 5.2
pub const MAX_PERMISSIONS: usize = 20;

/// Life of an activity after its last write, in seconds. `[doc]`
pub const ACTIVITY_TTL_S: i64 = 24 * 60 * 60;
/// Longest `connectionString`, in characters. `[doc]`, where two pages differ
pub const MAX_CONNECTION_STRING_CHARS: usize = 512;
/// Most players of an activity. `[doc]`
pub const MAX_ACTIVITY_PLAYERS: u64 = 100;
/// Longest `groupId`, in characters. `[doc]`
pub const MAX_GROUP_ID_CHARS: usize = 127;
/// Most users whose activities one request asks for. `[doc]`
pub const MAX_ACTIVITY_QUERY: usize = 30;
/// Most users whom one request invites to an activity. `[doc]`
pub const MAX_ACTIVITY_INVITES: usize = 16;
/// Most encounters of one user, or players of one group, in a request. `[doc]`
pub const MAX_ENCOUNTERS: usize = 100;
/// Most users, or groups, whose encounters a server reports in one request. `[doc]`
pub const MAX_RECENT_PLAYER_LISTS: usize = 20;
/// Most encounters that are kept of a user. `Inferred:` one request fills the list
pub const MAX_RECENT_PLAYERS: usize = 100;
/// How long an encounter is kept, in seconds. `Inferred:` the service says "recent" and no number
pub const RECENT_PLAYER_TTL_S: i64 = 30 * 24 * 60 * 60;
/// Most meetings that one change of a session adds to lists; those beyond happened before as well,
/// when the users came together. `Inferred:` twice what a session of 100 members can come to.
pub const MAX_MEETINGS_OF_CHANGE: usize = 10_000;
/// For how long before its report an encounter counts, in seconds. `[doc]`
pub const ENCOUNTER_WINDOW_S: i64 = 30;
/// Most leavings of groups that are remembered of a large session for that time. `Inferred:` ten
/// writes in a second, as is recommended, each with 32 groups, make as many.
pub const MAX_PASSED_GROUPS: usize = 10_000;
