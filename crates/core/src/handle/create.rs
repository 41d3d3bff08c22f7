//! Making and deleting handles: the rules of each type.
//!
//! Rule numbers in comments are those of the specification of handles.

use std::sync::Arc;

use convoke_wire::handle::{HandleRequest, HandleType, InviteAttributes, SearchAttributes};
use convoke_wire::notification::InviteInfo;
use convoke_wire::session::constants::Capability;
use convoke_wire::{HandleId, Sandbox, SessionRef, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};

use super::{Body, Handle};
use crate::caller::Caller;
use crate::limits::{
    DANGLING_TRANSFER_TTL_S, MAX_ACHIEVEMENT_IDS, MAX_INVITE_CONTEXT_CHARS, MAX_INVITE_TEXT_CHARS,
    MAX_SEARCH_BYTES, MAX_SEARCH_ENTRIES, MAX_SEARCH_NAME_CHARS, MAX_SEARCH_STRING_BYTES,
};
use crate::refusal::{Refusal, Rule};
use crate::session::access::may_enter;
use crate::session::{MemberState, Session, owners};

/// What a new handle is made of, beside the request.
#[derive(Debug, Clone)]
pub struct Maker<'a> {
    /// Who makes it.
    pub caller: &'a Caller,
    /// Where its session lives.
    pub sandbox: &'a Sandbox,
    /// The session it leads to, its name made up if the request had none (H3).
    pub session_ref: SessionRef,
    /// That session, settled, if it exists.
    pub session: Option<&'a Session>,
    /// The title that stands in for a token without one.
    pub default_title: TitleId,
    /// How the calling user is shown to whom they invite.
    pub sender: InviteInfo,
    /// How long an invitation lasts (I12).
    pub invite_lifetime: SignedDuration,
    /// The id it gets; one that the request supplies is ignored (H6).
    pub id: HandleId,
    /// When it is made.
    pub now: Timestamp,
}

/// Checks a request for a handle and makes it.
pub fn make(request: &HandleRequest, maker: &Maker<'_>) -> Result<Handle, Refusal> {
    if request.version.is_some_and(|version| version != 1) {
        return Err(Rule::HandleVersion.at("version", "handles have version 1")); // H5
    }
    if let (false, None) = (maker.caller.server, &maker.caller.user) {
        return Err(Rule::NoUser.at("", "this takes a token with an XUID claim"));
    }
    may_enter(maker.caller)?;
    let (body, lifetime) = match request.kind {
        HandleType::Activity => (activity(maker)?, None),
        HandleType::Invite => (invite(request, maker)?, Some(maker.invite_lifetime)),
        HandleType::Search => (search(request, maker)?, None),
        HandleType::Transfer => {
            // T3: a target that never comes to exist does not keep the handle for ever.
            let dangling = maker.session.is_none();
            (
                transfer(request, maker)?,
                dangling.then_some(SignedDuration::from_secs(DANGLING_TRANSFER_TTL_S)),
            )
        }
        HandleType::Correlation => (Body::Correlation {}, None),
    };
    Ok(Handle {
        id: maker.id,
        sandbox: maker.sandbox.clone(),
        session: maker.session_ref.clone(),
        created: maker.now,
        expires: lifetime.and_then(|lifetime| maker.now.checked_add(lifetime).ok()),
        creator: maker.caller.xuid(),
        body,
    })
}

/// Whether making a handle of this type changes the session's number. `[trace]`
pub fn counts_as_change(kind: HandleType) -> bool {
    matches!(
        kind,
        HandleType::Activity | HandleType::Transfer | HandleType::Search
    )
}

fn forbidden(detail: &str) -> Refusal {
    Rule::HandleForbidden.at("sessionRef", detail)
}

fn field_missing(field: &str, detail: &str) -> Refusal {
    Rule::HandleField.at(field, detail)
}

/// A1, A2: an active member of the session, not a server.
fn activity(maker: &Maker<'_>) -> Result<Body, Refusal> {
    let Some(owner) = maker.caller.xuid() else {
        return Err(forbidden("only a user has an activity"));
    };
    let member = maker.session.and_then(|session| session.member_of(owner));
    if member.is_none_or(|(_, member)| member.state != MemberState::Active) {
        return Err(forbidden(
            "the calling user is not an active member of the session",
        ));
    }
    Ok(Body::Activity {
        owner,
        title_id: maker.caller.title_id.unwrap_or(maker.default_title),
        invite_protocol: invite_protocol(maker),
    })
}

fn invite_protocol(maker: &Maker<'_>) -> Option<String> {
    maker
        .session
        .and_then(|session| session.constants.invite_protocol.clone())
}

/// I1 to I8.
fn invite(request: &HandleRequest, maker: &Maker<'_>) -> Result<Body, Refusal> {
    let Some(invited) = request.invited_xuid else {
        return Err(field_missing(
            "invitedXuid",
            "an invitation names the user it is for",
        ));
    };
    let Some(attributes) = &request.invite_attributes else {
        return Err(field_missing(
            "inviteAttributes",
            "an invitation names its title",
        ));
    };
    check_invite(attributes)?;
    if !maker.caller.server {
        check_inviter(maker)?;
    }
    let sender = match (&maker.caller.user, &attributes.sender_string) {
        (Some(_), _) => maker.sender.clone(),
        (None, name) => InviteInfo::named(name.as_deref().unwrap_or_default()), // I17
    };
    let invite_protocol = invite_protocol(maker);
    // I9: without a protocol, nobody is told of invitations to the session.
    let settled = maker.session.is_some() && invite_protocol.is_none();
    Ok(Body::Invite {
        invited,
        attributes: attributes.clone(),
        invite_protocol,
        sender,
        settled,
    })
}

/// I5 to I8: a member; an owner where owners decide.
fn check_inviter(maker: &Maker<'_>) -> Result<(), Refusal> {
    let Some(session) = maker.session else {
        let detail = "The requested session wasn't found";
        return Err(Rule::HandleSessionMissing.at("sessionRef", detail)); // I8
    };
    let inviter = maker.caller.xuid();
    if !inviter.is_some_and(|xuid| session.has_accepted(xuid)) {
        return Err(forbidden("only members of the session invite to it")); // I5
    }
    let anybody = session
        .constants
        .ownership_policies
        .as_ref()
        .is_some_and(|policies| policies.allow_non_owner_invite_handles == Some(true));
    if !anybody && !owners::owns_or_unowned(session, maker.caller) {
        return Err(forbidden("only owners of this session invite to it")); // I6
    }
    Ok(())
}

fn check_invite(attributes: &InviteAttributes) -> Result<(), Refusal> {
    let encoded = attributes.context.as_deref().map_or(0, encoded_chars);
    if MAX_INVITE_CONTEXT_CHARS < encoded {
        let detail =
            format!("at most {MAX_INVITE_CONTEXT_CHARS} characters URI-encoded, found {encoded}");
        return Err(Rule::BadText.at("inviteAttributes.context", detail)); // I2
    }
    let texts = [
        ("contextString", &attributes.context_string),
        ("senderString", &attributes.sender_string),
    ];
    for (name, text) in texts {
        if text
            .as_ref()
            .is_some_and(|text| MAX_INVITE_TEXT_CHARS < text.chars().count())
        {
            let detail = format!("at most {MAX_INVITE_TEXT_CHARS} characters");
            return Err(Rule::BadText.at(format!("inviteAttributes.{name}"), detail)); // I3
        }
    }
    Ok(())
}

/// Length of a text once every byte that is not unreserved in a URI is escaped.
fn encoded_chars(text: &str) -> usize {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes()
        .map(|b| if unreserved(b) { 1 } else { 3 })
        .sum()
}

/// S1 and S4 to S10.
fn search(request: &HandleRequest, maker: &Maker<'_>) -> Result<Body, Refusal> {
    let Some(session) = maker.session else {
        let detail = "The requested session wasn't found";
        return Err(Rule::HandleSessionMissing.at("sessionRef", detail));
    };
    if !session.constants.has(Capability::Searchable) {
        let detail = "the session lacks the capability `searchable`";
        return Err(Rule::NotSearchable.at("sessionRef", detail));
    }
    if !maker.caller.server {
        let publisher = maker.caller.xuid();
        let accepted = publisher.is_some_and(|xuid| session.has_accepted(xuid));
        if !accepted || !owners::owns_or_unowned(session, maker.caller) {
            return Err(forbidden(
                "only its owners, or where it has none its members, publish a session",
            ));
        }
    }
    let attributes = request.search_attributes.clone().unwrap_or_default();
    check_search(&attributes)?;
    Ok(Body::Search {
        attributes: Arc::new(attributes),
        title_id: maker.caller.title_id,
    })
}

fn check_search(attributes: &SearchAttributes) -> Result<(), Refusal> {
    let refuse = |path: String, detail: String| Err(Rule::SearchAttribute.at(path, detail));
    let none = Vec::new();
    let tags = attributes.tags.as_ref().unwrap_or(&none);
    let strings = attributes.strings.iter().flatten();
    let numbers = attributes.numbers.iter().flatten();
    let counts = [
        ("tags", tags.len(), MAX_SEARCH_ENTRIES),
        ("strings", strings.clone().count(), MAX_SEARCH_ENTRIES),
        ("numbers", numbers.clone().count(), MAX_SEARCH_ENTRIES),
        (
            "achievementIds",
            attributes.achievement_ids.as_ref().map_or(0, Vec::len),
            MAX_ACHIEVEMENT_IDS,
        ),
    ];
    for (name, count, most) in counts {
        if most < count {
            return refuse(
                format!("searchAttributes.{name}"),
                format!("at most {most} entries"),
            );
        }
    }
    let named = [
        tags.iter().map(|tag| ("tags", tag)).collect::<Vec<_>>(),
        strings.clone().map(|(name, _)| ("strings", name)).collect(),
        numbers.map(|(name, _)| ("numbers", name)).collect(),
    ];
    if let Some((kind, name)) = named
        .iter()
        .flatten()
        .find(|(_, name)| !is_search_name(name))
    {
        let detail = format!(
            "a tag or name starts with a letter, has no spaces and fewer than {MAX_SEARCH_NAME_CHARS} characters"
        );
        return refuse(format!("searchAttributes.{kind}.{name}"), detail);
    }
    if let Some((name, _)) = strings
        .clone()
        .find(|(_, text)| MAX_SEARCH_STRING_BYTES < text.len())
    {
        let detail = format!("at most {MAX_SEARCH_STRING_BYTES} bytes");
        return refuse(format!("searchAttributes.strings.{name}"), detail);
    }
    let size = serde_json::to_string(attributes).map_or(usize::MAX, |text| text.len());
    if MAX_SEARCH_BYTES < size {
        return refuse(
            "searchAttributes".to_owned(),
            format!("at most {MAX_SEARCH_BYTES} bytes"),
        );
    }
    Ok(())
}

fn is_search_name(name: &str) -> bool {
    name.starts_with(char::is_alphabetic)
        && !name.contains(char::is_whitespace)
        && name.chars().count() < MAX_SEARCH_NAME_CHARS
}

/// T1: a member of the target, if there is one.
fn transfer(request: &HandleRequest, maker: &Maker<'_>) -> Result<Body, Refusal> {
    let Some(origin) = &request.origin_session_ref else {
        return Err(field_missing(
            "originSessionRef",
            "a transfer names the session it leads from",
        ));
    };
    if let (false, Some(session)) = (maker.caller.server, maker.session) {
        let place = maker.caller.xuid().and_then(|xuid| session.member_of(xuid));
        if place.is_none() {
            return Err(forbidden(
                "only members of the target session make a transfer to it",
            ));
        }
    }
    Ok(Body::Transfer {
        origin: origin.clone(),
    })
}

/// Whether the caller may delete a handle (1.10). The session is the handle's, if it exists.
pub fn check_deletion(
    handle: &Handle,
    session: Option<&Session>,
    caller: &Caller,
) -> Result<(), Refusal> {
    let xuid = caller.xuid();
    let creator = xuid.is_some() && xuid == handle.creator;
    let is = |user: &Xuid| xuid == Some(*user);
    let allowed = match &handle.body {
        Body::Activity {
            owner, title_id, ..
        } => is(owner) && caller.title_id.is_none_or(|title| title == *title_id),
        Body::Invite { invited, .. } => creator || is(invited) || caller.server,
        Body::Search { .. } => {
            let owner = xuid.is_some_and(|x| session.is_some_and(|s| owners::is_owner(s, x)));
            creator || owner || caller.server
        }
        Body::Transfer { .. } | Body::Correlation {} => creator || caller.server,
    };
    if allowed {
        return Ok(());
    }
    Err(Rule::HandleForbidden.at("", "the caller may not delete this handle"))
}
