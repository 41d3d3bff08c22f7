//! A change of a session in the making: what one write asks for.

use convoke_wire::session::change_type::ChangeType;
use convoke_wire::session::constants::SystemConstants;
use convoke_wire::session::member::{
    MemberConstants, MemberProperties, MemberRequest, Subscription,
};
use convoke_wire::session::properties::SystemProperties;
use convoke_wire::session::{Bags, SessionRequest};
use convoke_wire::{Field, RawJson, Xuid};
use indexmap::IndexMap;
use serde::Serialize;
use uuid::Uuid;

use crate::error::Error;

/// What one write asks for; whatever it does not mention stays as it is.
///
/// Everything about the caller's own member also joins the session, unless the caller is a member.
#[derive(Debug, Clone, Default)]
pub struct Change {
    request: SessionRequest,
    custom: Custom,
    own_custom: Custom,
    own_constants: Custom,
    problem: Option<String>,
}

/// Fields of a bag that belongs to the title, each as the text it is written with.
type Custom = IndexMap<String, RawJson>;

/// How the caller joins.
#[derive(Debug, Clone, Default)]
pub struct Join {
    /// The real-time connection, where the session asks for one or taps are wanted.
    pub connection: Option<Uuid>,
    /// What to be tapped for, with an id of the caller's choice; needs a connection.
    pub subscription: Option<(Uuid, Vec<ChangeType>)>,
    /// Whether to take part in managed initialisation.
    pub initialize: bool,
}

impl Change {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A change that was made by hand.
    pub fn from_request(request: SessionRequest) -> Self {
        Self {
            request,
            ..Self::default()
        }
    }

    /// Sets a custom property of the session, replacing the whole value.
    #[must_use]
    pub fn property(mut self, name: &str, value: &impl Serialize) -> Self {
        match raw(value) {
            Ok(value) => self.property_text(name, value),
            Err(problem) => {
                self.problem = Some(problem);
                self
            }
        }
    }

    /// The same with a value that is kept letter by letter: a number's digits, the order of keys.
    #[must_use]
    pub fn property_text(mut self, name: &str, value: RawJson) -> Self {
        self.custom.insert(name.to_owned(), value);
        self
    }

    /// Removes a custom property of the session.
    #[must_use]
    pub fn without_property(self, name: &str) -> Self {
        self.property(name, &())
    }

    /// Sets a custom property of the caller's member.
    #[must_use]
    pub fn own_property(mut self, name: &str, value: &impl Serialize) -> Self {
        match raw(value) {
            Ok(value) => {
                self.own_custom.insert(name.to_owned(), value);
            }
            Err(problem) => self.problem = Some(problem),
        }
        self.touch()
    }

    /// Sets a custom constant of the caller's member, which is possible only when joining.
    #[must_use]
    pub fn own_constant(mut self, name: &str, value: &impl Serialize) -> Self {
        match raw(value) {
            Ok(value) => {
                self.own_constants.insert(name.to_owned(), value);
            }
            Err(problem) => self.problem = Some(problem),
        }
        self.touch()
    }

    /// Joins, as an active member.
    #[must_use]
    pub fn join(self, join: Join) -> Self {
        let Join {
            connection,
            subscription,
            initialize,
        } = join;
        let mut change = self.active(true);
        if let Some(connection) = connection {
            change = change.connection(connection);
        }
        if let Some((id, kinds)) = subscription {
            change = change.subscription(id, &kinds);
        }
        if initialize {
            change = change.own_constants(|constants| constants.initialize = Some(true));
        }
        change
    }

    /// Says which user the caller is, which a token for several users needs. `[client]` always says.
    #[must_use]
    pub fn as_user(self, xuid: Xuid) -> Self {
        self.own_constants(|constants| constants.xuid = Some(xuid))
    }

    /// Makes the caller an active or an inactive member.
    #[must_use]
    pub fn active(self, active: bool) -> Self {
        self.own(|own| own.active = Field::Value(active))
    }

    /// Ties the caller's member to a real-time connection.
    #[must_use]
    pub fn connection(self, id: Uuid) -> Self {
        self.own(|own| own.connection = Field::Value(id.hyphenated().to_string()))
    }

    /// Has the caller be tapped for these changes. Taps carry the id.
    #[must_use]
    pub fn subscription(self, id: Uuid, kinds: &[ChangeType]) -> Self {
        let kinds = kinds.iter().map(|kind| kind.as_str().to_owned());
        let subscription = Subscription {
            id: Some(id.hyphenated().to_string().to_uppercase()),
            change_types: kinds.collect(),
        };
        self.own(|own| own.subscription = Field::Value(subscription))
    }

    /// Has the caller be tapped no more.
    #[must_use]
    pub fn without_subscription(self) -> Self {
        self.own(|own| own.subscription = Field::Null)
    }

    /// Takes the caller out of the session.
    #[must_use]
    pub fn leave(self) -> Self {
        self.member("me", None)
    }

    /// Keeps a place for a user.
    #[must_use]
    pub fn reserve(self, xuid: Xuid) -> Self {
        let mut request = MemberRequest::default();
        constants_of(&mut request).xuid = Some(xuid);
        let members = self.request.members.as_ref();
        let count = members.map_or(0, |all| {
            all.keys().filter(|key| key.starts_with("reserve_")).count()
        });
        self.member(&format!("reserve_{count}"), Some(request))
    }

    /// Changes any system property of the session.
    #[must_use]
    pub fn system(mut self, change: impl FnOnce(&mut SystemProperties)) -> Self {
        let bags = self.request.properties.get_or_insert_default();
        change(value_of(&mut bags.system));
        self
    }

    /// Changes any system property of the caller's member.
    #[must_use]
    pub fn own(mut self, change: impl FnOnce(&mut MemberProperties)) -> Self {
        let bags = self.me().properties.get_or_insert_default();
        change(value_of(&mut bags.system));
        self
    }

    /// Sets constants of the session, which is possible only when it is created.
    #[must_use]
    pub fn constants(mut self, change: impl FnOnce(&mut SystemConstants)) -> Self {
        let bags = self.request.constants.get_or_insert_default();
        change(value_of(&mut bags.system));
        self
    }

    /// The document that is sent.
    pub fn into_request(self) -> Result<SessionRequest, Error> {
        let Self {
            mut request,
            custom,
            own_custom,
            own_constants,
            problem,
        } = self;
        if let Some(problem) = problem {
            return Err(Error::Setup(format!("a property is no JSON: {problem}")));
        }
        if !custom.is_empty() {
            set(request.properties.get_or_insert_default(), &custom)?;
        }
        let mut me = request.members.as_mut().and_then(|all| all.get_mut("me"));
        if let Some(Some(me)) = &mut me {
            if !own_custom.is_empty() {
                set(me.properties.get_or_insert_default(), &own_custom)?;
            }
            if !own_constants.is_empty() {
                set(me.constants.get_or_insert_default(), &own_constants)?;
            }
        }
        Ok(request)
    }

    /// Whether doing it again changes nothing: a reservation would be made twice.
    pub(crate) fn is_repeatable(&self) -> bool {
        let members = self.request.members.iter().flatten();
        members.into_iter().all(|(key, _)| key == "me")
    }

    fn own_constants(mut self, change: impl FnOnce(&mut MemberConstants)) -> Self {
        change(constants_of(self.me()));
        self
    }

    fn touch(mut self) -> Self {
        self.me();
        self
    }

    fn me(&mut self) -> &mut MemberRequest {
        let members = self.request.members.get_or_insert_default();
        let me = members.entry("me".to_owned()).or_default();
        me.get_or_insert_default()
    }

    fn member(mut self, key: &str, entry: Option<MemberRequest>) -> Self {
        let members = self.request.members.get_or_insert_default();
        members.insert(key.to_owned(), entry);
        self
    }
}

fn constants_of(request: &mut MemberRequest) -> &mut MemberConstants {
    value_of(&mut request.constants.get_or_insert_default().system)
}

/// The value of a field, which is made if there is none.
fn value_of<T: Default>(field: &mut Field<T>) -> &mut T {
    if field.value().is_none() {
        *field = Field::Value(T::default());
    }
    match field {
        Field::Value(value) => value,
        Field::Absent | Field::Null => unreachable!("it was set just now"),
    }
}

fn raw(value: &impl Serialize) -> Result<RawJson, String> {
    let value = serde_json::value::to_raw_value(value);
    value.map(Into::into).map_err(|error| error.to_string())
}

/// Writes the fields of a bag, each as it is.
fn set<S>(bags: &mut Bags<S>, fields: &Custom) -> Result<(), Error> {
    let bag = raw(fields).map_err(Error::Setup)?;
    bags.custom = Field::Value(bag);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(change: Change, expected: &str) {
        let request = change.into_request().expect("a document");
        let text = serde_json::to_string(&request).expect("JSON");
        assert_eq!(text, expected);
    }

    #[test]
    fn documents_have_what_was_asked_for_and_no_more() {
        let id = Uuid::from_u128(0xa);
        check(Change::new(), "{}");
        check(Change::new().leave(), r#"{"members":{"me":null}}"#);
        check(
            Change::new().join(Join {
                connection: Some(id),
                subscription: Some((id, vec![ChangeType::Host, ChangeType::Everything])),
                initialize: true,
            }),
            concat!(
                r#"{"members":{"me":{"constants":{"system":{"initialize":true}},"#,
                r#""properties":{"system":{"active":true,"connection":"00000000-0000-0000-0000-00000000000a","#,
                r#""subscription":{"id":"00000000-0000-0000-0000-00000000000A","changeTypes":["host","everything"]}}}}}}"#,
            ),
        );
        check(
            Change::new().reserve(Xuid(1)).reserve(Xuid(2)),
            concat!(
                r#"{"members":{"reserve_0":{"constants":{"system":{"xuid":"1"}}},"#,
                r#""reserve_1":{"constants":{"system":{"xuid":"2"}}}}}"#,
            ),
        );
        check(
            Change::new().without_subscription().as_user(Xuid(9)),
            r#"{"members":{"me":{"constants":{"system":{"xuid":"9"}},"properties":{"system":{"subscription":null}}}}}"#,
        );
        check(
            Change::new().system(|system| system.closed = Field::Value(true)),
            r#"{"properties":{"system":{"closed":true}}}"#,
        );
    }

    #[test]
    fn custom_values_keep_their_text() {
        let big = RawJson::parse(r#"{"z":18446744073709551616,"a":1.10}"#).expect("JSON");
        check(
            Change::new()
                .property_text("big", big)
                .property("map", &"canyon")
                .without_property("old")
                .own_property("team", &1)
                .own_constant("skill", &[2]),
            concat!(
                r#"{"properties":{"custom":{"big":{"z":18446744073709551616,"a":1.10},"map":"canyon","old":null}},"#,
                r#""members":{"me":{"constants":{"custom":{"skill":[2]}},"properties":{"custom":{"team":1}}}}}"#,
            ),
        );
    }

    #[test]
    fn what_is_no_json_is_an_error_when_it_is_sent() {
        let unwritable = std::collections::HashMap::from([((1, 2), 3)]);
        let change = Change::new().property("a", &unwritable).active(true);
        assert!(matches!(change.into_request(), Err(Error::Setup(_))));
    }

    #[test]
    fn reservations_are_not_repeated() {
        assert!(Change::new().active(true).property("a", &1).is_repeatable());
        assert!(Change::new().leave().is_repeatable());
        assert!(!Change::new().reserve(Xuid(1)).is_repeatable());
    }
}
