//! From the bytes of a request to the change it asks for.

use std::str::FromStr;

use convoke_wire::session::constants::SystemConstants;
use convoke_wire::session::member::MemberRequest;
use convoke_wire::session::properties::SystemProperties;
use convoke_wire::session::{Bags, SessionRequest};
use convoke_wire::{Field, Xuid, json};
use serde::de::DeserializeOwned;

use super::{MeChange, SessionChange};
use crate::refusal::{Refusal, Rule};
use crate::session::Custom;
use crate::session::constants::merge::{self, Prescribed};

/// Reads any document; what is wrong with it is named with its path.
pub fn document<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    json::read(body).map_err(|error| Rule::MalformedBody.at(error.path, error.problem))
}

/// Reads the body of a session PUT.
pub fn session_change(body: &[u8]) -> Result<SessionChange, Refusal> {
    let request: SessionRequest = document(body)?;
    let mut change = SessionChange {
        constants: request.constants.map(constants).transpose()?,
        role_types: request.role_types,
        properties: request.properties,
        servers: request.servers,
        ..SessionChange::default()
    };
    let mut reservations = Vec::new();
    let mut others = 0;
    for (key, member) in request.members.unwrap_or_default() {
        let member = member.map(current_spelling);
        let own = |member: Option<MemberRequest>| {
            Some(member.map_or(MeChange::Leave, |m| MeChange::Write(Box::new(m))))
        };
        match MemberKey::parse(&key)? {
            MemberKey::Me => change.me = own(member),
            MemberKey::All => change.acting.all = own(member),
            MemberKey::AllInSession => change.acting.all_in_session = own(member),
            MemberKey::User(xuid) => change
                .acting
                .each
                .extend(own(member).map(|own| (xuid, own))),
            MemberKey::Reserve(number) => {
                if let Some(member) = member {
                    reservations.push((number, member));
                } else {
                    let detail = "a reservation is an object; a member is removed by its index";
                    return Err(Rule::MemberKey.at(format!("members.{key}"), detail));
                }
            }
            MemberKey::Index(index) => {
                others += 1;
                change.by_index.insert(index, member);
            }
        }
    }
    if !reservations.is_empty() && (others > 0 || !change.acting.is_empty()) {
        let detail = "reservations, and existing members or several users, cannot be written in \
                      one request";
        return Err(Rule::MixedMemberKeys.at("members", detail));
    }
    if change.me.is_some() && !change.acting.is_empty() {
        let detail = "`me` and the keys for acting users say what becomes of one place twice";
        return Err(Rule::MixedMemberKeys.at("members.me", detail));
    }
    change.reservations = in_order(reservations)?;
    Ok(change)
}

/// Reads the body of a PUT of the `properties` element.
pub fn properties_change(body: &[u8]) -> Result<SessionChange, Refusal> {
    let prefixed = |mut refusal: Refusal| {
        refusal.path = match refusal.path.as_str() {
            "" => "properties".to_owned(),
            path => format!("properties.{path}"),
        };
        refusal
    };
    let properties: Bags<SystemProperties> = document(body).map_err(prefixed)?;
    Ok(SessionChange {
        properties: Some(properties),
        ..SessionChange::default()
    })
}

fn constants(bags: Bags<SystemConstants>) -> Result<Prescribed, Refusal> {
    Ok(Prescribed {
        system: merge::upgraded(
            bags.system.into_value().unwrap_or_default(),
            "constants.system",
        )?,
        custom: Custom::read(&bags.custom).unwrap_or_default(),
    })
}

/// `group` is what contracts 104 and 105 call `initializationGroup`.
fn current_spelling(mut member: MemberRequest) -> MemberRequest {
    if let Some(Field::Value(system)) = member.properties.as_mut().map(|bags| &mut bags.system) {
        let group = std::mem::take(&mut system.group);
        if system.initialization_group.is_absent() {
            system.initialization_group = group;
        }
    }
    member
}

/// What a key of `members` means.
#[derive(Debug, PartialEq, Eq)]
enum MemberKey {
    Me,
    All,
    AllInSession,
    User(Xuid),
    Reserve(u32),
    Index(u32),
}

impl MemberKey {
    fn parse(key: &str) -> Result<Self, Refusal> {
        match key {
            "me" => return Ok(Self::Me),
            "me_all" => return Ok(Self::All),
            "me_allInSession" => return Ok(Self::AllInSession),
            _ => {}
        }
        if let Some(number) = key.strip_prefix("me_").and_then(canonical) {
            return Ok(Self::User(Xuid(number)));
        }
        if let Some(number) = key.strip_prefix("reserve_").and_then(canonical) {
            return Ok(Self::Reserve(number));
        }
        canonical(key).map(Self::Index).ok_or_else(|| {
            let detail = "expected `me`, `me_<xuid>`, `me_all`, `me_allInSession`, `reserve_<n>` or \
                          the index of a member";
            Rule::MemberKey.at(format!("members.{key}"), detail)
        })
    }
}

/// A number as the service itself writes it: no sign, no leading zero.
fn canonical<N: FromStr + ToString>(text: &str) -> Option<N> {
    text.parse()
        .ok()
        .filter(|number: &N| number.to_string() == text)
}

/// Reservations are numbered from 0 without gaps and added in that order. `[doc]`
fn in_order(mut numbered: Vec<(u32, MemberRequest)>) -> Result<Vec<MemberRequest>, Refusal> {
    numbered.sort_by_key(|(number, _)| *number);
    for (expected, (number, _)) in (0..).zip(&numbered) {
        if *number != expected {
            let detail = format!(
                "reservations are numbered from 0 without gaps: `reserve_{expected}` is missing"
            );
            return Err(Rule::ReservationNumbering.at(format!("members.reserve_{number}"), detail));
        }
    }
    Ok(numbered.into_iter().map(|(_, member)| member).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_path_of_what_is_wrong() {
        let check = |body: &str, rule: Rule, path: &str| {
            let refusal = session_change(body.as_bytes()).expect_err(body);
            assert_eq!(
                (refusal.rule, refusal.path.as_str()),
                (rule, path),
                "{body}: {refusal}"
            );
        };
        check(r#"{"members":"#, Rule::MalformedBody, "");
        check(r#"{"foo":1}"#, Rule::MalformedBody, "foo");
        check(r#"{"constants":null}"#, Rule::MalformedBody, "constants");
        check(
            r#"{"constants":{"system":{"bogus":1}}}"#,
            Rule::MalformedBody,
            "constants.system.bogus",
        );
        check(
            r#"{"constants":{"system":{"capabilities":{"flying":true}}}}"#,
            Rule::MalformedBody,
            "constants.system.capabilities.flying",
        );
        check(
            r#"{"members":{"me":{"properties":{"system":{"active":1}}}}}"#,
            Rule::MalformedBody,
            "members.me.properties.system.active",
        );
        check(r#"{"members":{"you":{}}}"#, Rule::MemberKey, "members.you");
        check(r#"{"members":{"01":{}}}"#, Rule::MemberKey, "members.01");
        check(
            r#"{"members":{"reserve_1":{}}}"#,
            Rule::ReservationNumbering,
            "members.reserve_1",
        );
        check(
            r#"{"members":{"reserve_0":{},"3":null}}"#,
            Rule::MixedMemberKeys,
            "members",
        );
        check(
            r#"{"members":{"me_007":{}}}"#,
            Rule::MemberKey,
            "members.me_007",
        );
        check(
            r#"{"members":{"me":{},"me_all":{}}}"#,
            Rule::MixedMemberKeys,
            "members.me",
        );
        check(
            r#"{"members":{"me_7":null,"reserve_0":{}}}"#,
            Rule::MixedMemberKeys,
            "members",
        );
        check(
            r#"{"properties":{"custom":{"a":1,"a":2}}}"#,
            Rule::MalformedBody,
            "properties.custom.a",
        );
    }

    #[test]
    fn the_older_spelling_is_read_as_the_current_one() {
        let old = br#"{"constants":{"system":{"timeouts":{"inactive":5}}}}"#;
        let change = session_change(old).expect("a valid request");
        let system = change.constants.expect("constants").system;
        assert_eq!(system.inactive_removal_timeout, Field::Value(5));
        assert_eq!(system.ready_removal_timeout, Field::Null);
        assert!(system.timeouts.is_absent());
    }
}
