//! Search handles and sessions for filters to be tried on.

use convoke_core::Session;
use convoke_core::handle::{Body, Handle};
use convoke_wire::handle::SearchAttributes;
use convoke_wire::{Sandbox, SessionRef, TitleId, Xuid};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::support::{World, a};

/// The session of the reference page: four places, one member who owns it, a role and a keyword.
pub(super) fn session() -> Session {
    let mut world = World::with_template(&json!({
        "constants": {"system": {
            "maxMembersCount": 4,
            "capabilities": {"searchable": true, "hasOwners": true},
        }},
        "roleTypes": {"lfg": {"roles": {"confirmed": {"max": 4, "target": 3}}}},
    }));
    world.ok(
        &a(),
        &json!({
            "members": {"me": {"properties": {"system": {"active": true}}}},
            "properties": {"system": {"keywords": ["Ranked"]}},
        }),
    );
    world.session.expect("a session")
}

/// A search handle with these attributes.
pub(crate) fn handle(attributes: SearchAttributes, number: u128, created: Timestamp) -> Handle {
    Handle {
        id: Uuid::from_u128(number),
        sandbox: Sandbox::default(),
        session: SessionRef {
            scid: "11111111-1111-4111-8111-111111111111"
                .parse()
                .expect("a scid"),
            template_name: "browse".parse().expect("a name"),
            name: "b1".parse().expect("a name"),
        },
        created,
        expires: None,
        creator: Some(Xuid(1001)),
        body: Body::Search {
            attributes: attributes.into(),
            title_id: Some(TitleId(123)),
        },
    }
}
