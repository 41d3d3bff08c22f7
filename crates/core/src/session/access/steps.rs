//! The rules of reading, joining and writing, in the order in which they are asked.

use convoke_wire::session::constants::{Capability, Visibility};
use convoke_wire::session::properties::Restriction;

use super::Verdict::{Granted, Refused, Undecided};
use super::{Request, Step, Verdict, check_title_identity, may_read, player};
use crate::handle::Grant;
use crate::refusal::Rule;
use crate::session::MemberState;

const SERVER: Step = Step {
    name: "server",
    rule: "A server with rights on sessions needs no other reason.",
    judge: |request| granted_if(request.caller.server),
};

const USER: Step = Step {
    name: "user",
    rule: "There is an acting user, who is not banned and has the multiplayer privilege.",
    judge: |request| match player(request.caller, request.path) {
        Ok(_) => Undecided,
        Err(refusal) => Refused(refusal),
    },
};

const TITLE_IDENTITY: Step = Step {
    name: "titleIdentity",
    rule: "Where titles have to be known for sure, devices other than consoles use sessions with \
           `userAuthorizationStyle` only.",
    judge: |request| unless_server(request, title_identity),
};

const PLACE: Step = Step {
    name: "place",
    rule: "Who has a place in the session, also a reserved one, is no stranger to it.",
    judge: |request| granted_if(request.has_place()),
};

/// Who may read.
pub(super) const READING: &[Step] = &[
    SERVER,
    USER,
    TITLE_IDENTITY,
    PLACE,
    Step {
        name: "viewerTitle",
        rule: "Titles among `constants.system.broadcastViewerTitleIds` watch the session.",
        judge: viewer_title,
    },
    Step {
        name: "visibility",
        rule: "A private session is read by its members only.",
        judge: readable_visibility,
    },
    Step {
        name: "handle",
        rule: "A handle that the caller came through may let them read.",
        judge: handle_lets_read,
    },
    Step {
        name: "readRestriction",
        rule: "Everybody else satisfies `properties.system.readRestriction`.",
        judge: read_restriction,
    },
];

/// Who may take a place, or go on with it. What keeps users out does not bind servers. `[doc]`
pub(super) const JOINING: &[Step] = &[
    USER,
    TITLE_IDENTITY,
    PLACE,
    Step {
        name: "roster",
        rule: "The players of an arbitrated session are chosen by servers.",
        judge: |request| unless_server(request, roster),
    },
    Step {
        name: "closed",
        rule: "A closed session takes nobody; a locked one takes former members back.",
        judge: |request| unless_server(request, closed),
    },
    Step {
        name: "blocked",
        rule: "No owner of the session has blocked the caller.",
        judge: |request| unless_server(request, blocked),
    },
    Step {
        name: "visibility",
        rule: "Sessions that are not open are joined with a reservation only.",
        judge: |request| unless_server(request, joinable_visibility),
    },
    Step {
        name: "joinRestriction",
        rule: "The caller satisfies `properties.system.joinRestriction`, or came through a handle \
               that overrides it.",
        judge: |request| unless_server(request, join_restriction),
    },
    Step {
        name: "room",
        rule: "A place is free: `constants.system.maxMembersCount` counts reserved ones too.",
        judge: room,
    },
];

/// Who may write more than their own place.
pub(super) const WRITING: &[Step] = &[
    SERVER,
    USER,
    TITLE_IDENTITY,
    PLACE,
    Step {
        name: "readable",
        rule: "Who may not even read the session is told that reason.",
        judge: |request| match may_read(request.session, request.caller, request.facts) {
            Ok(()) => Undecided,
            Err(refusal) => Refused(refusal),
        },
    },
    Step {
        name: "member",
        rule: "Only members write to a session.",
        judge: |request| Refused(request.refused(Rule::NotMember, "Only its members write it")),
    },
];

fn granted_if(holds: bool) -> Verdict {
    if holds { Granted } else { Undecided }
}

fn unless_server(request: &Request<'_>, judge: fn(&Request<'_>) -> Verdict) -> Verdict {
    if request.caller.server {
        Undecided
    } else {
        judge(request)
    }
}

fn title_identity(request: &Request<'_>) -> Verdict {
    match check_title_identity(request.session, request.caller, request.path) {
        Ok(()) => Undecided,
        Err(refusal) => Refused(refusal),
    }
}

fn viewer_title(request: &Request<'_>) -> Verdict {
    let viewers = request
        .session
        .constants
        .broadcast_viewer_title_ids
        .as_deref();
    let title = request.caller.title_id.as_ref();
    granted_if(title.is_some_and(|title| viewers.unwrap_or_default().contains(title)))
}

fn readable_visibility(request: &Request<'_>) -> Verdict {
    match request.session.constants.visibility() {
        Visibility::Open | Visibility::Visible => Undecided,
        Visibility::Private => {
            let why = "It is private and the caller is not a member";
            Refused(request.refused(Rule::Private, why))
        }
    }
}

fn handle_lets_read(request: &Request<'_>) -> Verdict {
    let constants = &request.session.constants;
    granted_if(match request.facts.handle {
        Some(Grant::Invite) => constants.visibility() == Visibility::Open,
        Some(Grant::Transfer) => true,
        Some(Grant::Search) => request.reading() != Restriction::Followed,
        Some(Grant::ActivityOfFollower) => constants.has(Capability::UserAuthorizationStyle),
        Some(Grant::Nothing) | None => false,
    })
}

fn read_restriction(request: &Request<'_>) -> Verdict {
    let restriction = request.reading();
    if request.satisfies(restriction) {
        return Granted;
    }
    let word = restriction.as_str();
    let why = format!("Its read restriction is `{word}`, which the caller does not satisfy");
    Refused(request.refused(Rule::ReadRestricted, &why))
}

fn roster(request: &Request<'_>) -> Verdict {
    if request.session.arbitration.is_none() {
        return Undecided;
    }
    let why = "It is arbitrated, so joining takes a place that a server has reserved";
    Refused(request.refused(Rule::RosterFixed, why))
}

fn closed(request: &Request<'_>) -> Verdict {
    let session = request.session;
    let former = request.caller.xuid();
    let former = former.is_some_and(|xuid| session.alumni.contains(xuid));
    let properties = &session.properties;
    if !properties.closed || (properties.locked && former) {
        return Undecided;
    }
    let why = if properties.locked {
        "It is locked and the caller was not a member before"
    } else {
        "It is closed"
    };
    Refused(request.refused(Rule::Closed, why))
}

fn blocked(request: &Request<'_>) -> Verdict {
    if !request.facts.blocked {
        return Undecided;
    }
    let why = "An owner of it has blocked the caller";
    Refused(request.refused(Rule::BlockedByOwner, why))
}

fn joinable_visibility(request: &Request<'_>) -> Verdict {
    let (rule, why) = match request.session.constants.visibility() {
        Visibility::Open => return Undecided,
        Visibility::Visible => (
            Rule::Visible,
            "It is not open, so joining takes a reservation",
        ),
        Visibility::Private => (
            Rule::Private,
            "It is private, so joining takes a reservation",
        ),
    };
    Refused(request.refused(rule, why))
}

fn join_restriction(request: &Request<'_>) -> Verdict {
    let restriction = request.session.properties.join_restriction;
    let restriction = restriction.unwrap_or(Restriction::None);
    let overridden = match request.facts.handle {
        Some(Grant::Invite | Grant::Transfer) => true,
        // Overrides `none` and the default of `userAuthorizationStyle`, not a choice of the title.
        Some(Grant::Search) => restriction != Restriction::Followed,
        Some(Grant::ActivityOfFollower | Grant::Nothing) | None => false,
    };
    if overridden || request.satisfies(restriction) {
        return Undecided;
    }
    let word = restriction.as_str();
    let why = format!("Its join restriction is `{word}`, which the caller does not satisfy");
    Refused(request.refused(Rule::JoinRestricted, &why))
}

fn room(request: &Request<'_>) -> Verdict {
    if !request.session.is_full() {
        return Granted;
    }
    let places = request.session.constants.max_members();
    let rule = if request.facts.handle.is_some() {
        Rule::FullByHandle
    } else {
        Rule::Full
    };
    Refused(rule.at(request.path, format!("all {places} places are taken")))
}

impl Request<'_> {
    fn has_place(&self) -> bool {
        let own = self.caller.xuid();
        own.is_some_and(|xuid| self.session.member_of(xuid).is_some())
    }

    /// The restriction on reading.
    fn reading(&self) -> Restriction {
        let chosen = self.session.properties.read_restriction;
        chosen.unwrap_or(Restriction::None)
    }

    /// Whether a caller without a place satisfies a restriction.
    fn satisfies(&self, restriction: Restriction) -> bool {
        match restriction {
            Restriction::None => true,
            Restriction::Followed => self.is_local() || self.facts.followed,
            Restriction::Local => self.is_local(),
        }
    }

    /// Local is who shares the device of an active member. `[doc]`
    fn is_local(&self) -> bool {
        let Some(device) = &self.caller.device_id else {
            return false;
        };
        self.session.members.values().any(|member| {
            member.state == MemberState::Active && member.device_id.as_ref() == Some(device)
        })
    }
}
