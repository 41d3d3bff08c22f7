//! What paths lead to.

use super::error::FilterError;
use super::field::{NumberField, Place, RoleNumber, Set, TextField, TimeField};
use super::lex::Token;

const ROOTS: &str =
    "`tags`, `achievementIds`, `language`, `strings/{name}`, `numbers/{name}` or `session/…`";
const OF_SESSION: &str =
    "a property of the session such as `needs`, `membersCount` or `postedTime`";
const OF_ROLE: &str = "`count`, `target`, `max` or `needs`";

/// One segment of a path and its word.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) name: String,
    pub(super) token: Token,
}

/// What a path of at least one segment leads to; `next` is the word behind it.
pub(super) fn resolve(path: &[Segment], next: &Token) -> Result<Place, FilterError> {
    let names: Vec<String> = path.iter().map(|it| it.name.to_ascii_lowercase()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // The place of a segment, or of what stands where it is missing.
    let at = |index: usize| path.get(index).map_or(next, |segment| &segment.token);
    let (place, length) = match names.as_slice() {
        ["tags", ..] => (Place::Set(Set::Tags), 1),
        ["achievementids", ..] => (Place::Set(Set::AchievementIds), 1),
        ["language" | "locale", ..] => (Place::Text(TextField::Language), 1),
        ["strings" | "string", rest @ ..] => match rest {
            [name, ..] => (Place::Text(TextField::Attribute((*name).to_owned())), 2),
            [] => return Err(at(1).unexpected("`/` and the name of a string attribute")),
        },
        ["numbers" | "number", rest @ ..] => match rest {
            [name, ..] => (Place::Number(NumberField::Attribute((*name).to_owned())), 2),
            [] => return Err(at(1).unexpected("`/` and the name of a number attribute")),
        },
        ["session", "roles", kind, role, number, ..] => {
            let Some(number) = role_number(number) else {
                return Err(at(4).unexpected(OF_ROLE));
            };
            let (kind, role) = ((*kind).to_owned(), (*role).to_owned());
            (Place::Number(NumberField::Role { kind, role, number }), 5)
        }
        ["session", "roles", ..] => {
            let expected = format!("`session/roles/{{type}}/{{role}}/` and {OF_ROLE}");
            return Err(at(names.len()).unexpected(expected));
        }
        ["session", name, ..] => match of_session(name) {
            Some(place) => (place, 2),
            None => return Err(at(1).unexpected(OF_SESSION)),
        },
        ["session"] => return Err(at(1).unexpected(format!("`/` and {OF_SESSION}"))),
        _ => return Err(at(0).unexpected(ROOTS)),
    };
    match path.get(length) {
        None => Ok(place),
        Some(beyond) => Err(beyond.token.unexpected("the end of the path")),
    }
}

fn of_session(name: &str) -> Option<Place> {
    Some(match name {
        "memberxuids" => Place::Set(Set::MemberXuids),
        "ownerxuids" => Place::Set(Set::OwnerXuids),
        "keywords" => Place::Set(Set::Keywords),
        "scid" => Place::Text(TextField::Scid),
        "templatename" => Place::Text(TextField::TemplateName),
        "name" => Place::Text(TextField::Name),
        "registrationstate" => Place::Text(TextField::RegistrationState),
        "visibility" => Place::Text(TextField::Visibility),
        "joinrestriction" => Place::Text(TextField::JoinRestriction),
        "titleid" => Place::Number(NumberField::TitleId),
        "memberscount" => Place::Number(NumberField::MembersCount),
        "maxmemberscount" => Place::Number(NumberField::MaxMembersCount),
        "targetmemberscount" => Place::Number(NumberField::TargetMembersCount),
        "needs" | "targetmemberscountremaining" => Place::Number(NumberField::Needs),
        "maxmemberscountremaining" => Place::Number(NumberField::MaxMembersCountRemaining),
        "scheduledtime" => Place::Time(TimeField::ScheduledTime),
        "postedtime" => Place::Time(TimeField::PostedTime),
        "closed" => Place::Closed,
        _ => return None,
    })
}

fn role_number(name: &str) -> Option<RoleNumber> {
    Some(match name {
        "count" => RoleNumber::Count,
        "target" => RoleNumber::Target,
        "max" => RoleNumber::Max,
        "needs" => RoleNumber::Needs,
        _ => return None,
    })
}
