//! Permissions between two users, step by step.

use convoke_core::privacy::permission::{
    Asked, Denial, Permission, Reason, Relation, Requestor, Target, check,
};
use convoke_core::privacy::settings::Age;
use convoke_core::privacy::{Audience, Setting, Settings};

struct Somebody {
    lacks: Vec<u16>,
    settings: Settings,
}

impl Requestor for Somebody {
    fn has_privilege(&self, privilege: u16) -> bool {
        !self.lacks.contains(&privilege)
    }

    fn audience(&self, setting: Setting) -> Audience {
        self.settings.audience(setting, Age::Adult)
    }
}

fn somebody() -> Somebody {
    Somebody {
        lacks: Vec::new(),
        settings: Settings::default(),
    }
}

fn choosing(setting: Setting, audience: Audience) -> Settings {
    Settings([(setting, audience)].into())
}

fn verdict(permission: Permission, who: &Somebody, relation: &Relation) -> Option<Denial> {
    check(Asked::Permission(permission), who, Target::User(relation)).err()
}

fn reason(permission: Permission, who: &Somebody, relation: &Relation) -> Option<Reason> {
    verdict(permission, who, relation).map(|denial| denial.reason)
}

#[test]
fn everything_is_allowed_between_strangers_who_chose_nothing_and_to_oneself() {
    let blocked = Somebody {
        lacks: vec![252, 254, 249, 235],
        settings: choosing(Setting::CommunicateUsingTextAndVoice, Audience::Blocked),
    };
    for permission in Permission::ALL {
        let relation = Relation::default();
        assert_eq!(verdict(*permission, &somebody(), &relation), None);
        let asked = Asked::Permission(*permission);
        assert_eq!(check(asked, &blocked, Target::Oneself), Ok(()));
    }
}

#[test]
fn a_block_stops_everything_and_only_the_blocker_learns_of_it() {
    let (blocks, is_blocked) = (
        Relation {
            blocks: true,
            ..Relation::default()
        },
        Relation {
            is_blocked: true,
            ..Relation::default()
        },
    );
    for permission in Permission::ALL {
        let of = |relation| verdict(*permission, &somebody(), relation).expect("a denial");
        let own = of(&blocks);
        assert_eq!(own.reason, Reason::BlockListRestrictsTarget);
        assert!(!own.is_the_targets());
        let theirs = of(&is_blocked);
        assert_eq!(theirs.reason, Reason::NotAllowed);
        assert_eq!(theirs.restricted_setting, None);
        assert!(theirs.is_the_targets());
    }
}

#[test]
fn whoever_is_muted_is_not_heard_and_may_be_read() {
    let relation = Relation {
        mutes: true,
        ..Relation::default()
    };
    let check = |permission, expected| {
        assert_eq!(reason(permission, &somebody(), &relation), expected);
    };
    let muted = Some(Reason::MuteListRestrictsTarget);
    check(Permission::CommunicateUsingVoice, muted);
    check(Permission::CommunicateUsingVideo, muted);
    check(Permission::CommunicateUsingText, None);
    check(Permission::PlayMultiplayer, None);
}

#[test]
fn a_list_is_the_requestors_own_for_its_setting_and_the_targets_for_the_other() {
    let text = Permission::CommunicateUsingText;
    let setting = Setting::CommunicateUsingTextAndVoice;
    let list = || choosing(setting, Audience::PeopleOnMyList);
    let mut relation = Relation::default();
    let who = Somebody {
        settings: list(),
        ..somebody()
    };
    relation.is_followed = true;
    let denial = verdict(text, &who, &relation).expect("a denial");
    assert_eq!(denial.reason, Reason::PrivacySettingRestrictsTarget);
    assert_eq!(
        denial.restricted_setting,
        Some("CommunicateUsingTextAndVoice")
    );
    relation.follows = true;
    assert_eq!(verdict(text, &who, &relation), None);

    relation.settings = list();
    assert_eq!(verdict(text, &somebody(), &relation), None);
    relation.is_followed = false;
    let hidden = Some(Reason::NotAllowed);
    assert_eq!(reason(text, &somebody(), &relation), hidden);
}

#[test]
fn privileges_come_first_and_are_named() {
    let check = |permission, privilege, name| {
        let who = Somebody {
            lacks: vec![privilege],
            ..somebody()
        };
        let relation = Relation {
            blocks: true,
            ..Relation::default()
        };
        let denial = verdict(permission, &who, &relation).expect("a denial");
        assert_eq!(denial.reason, Reason::MissingPrivilege);
        assert_eq!(denial.restricted_setting, Some(name));
    };
    check(Permission::CommunicateUsingText, 252, "AllowCommunications");
    check(
        Permission::CommunicateUsingVoice,
        252,
        "AllowCommunications",
    );
    check(
        Permission::CommunicateUsingVideo,
        235,
        "AllowVideoCommunications",
    );
    check(Permission::PlayMultiplayer, 254, "AllowMultiplayer");
    check(Permission::ViewTargetProfile, 249, "AllowProfileViewing");
}

#[test]
fn of_other_networks_there_are_friends_and_others() {
    let text = Asked::Permission(Permission::CommunicateUsingText);
    let setting = Setting::CommunicateUsingTextAndVoice;
    let asked = |audience, target| {
        let who = Somebody {
            settings: choosing(setting, audience),
            ..somebody()
        };
        check(text, &who, target).err().map(|denial| denial.reason)
    };
    let (user, friend) = (Target::CrossNetworkUser, Target::CrossNetworkFriend);
    assert_eq!(asked(Audience::Everyone, user), None);
    let must = Some(Reason::CrossNetworkUserMustBeFriend);
    assert_eq!(asked(Audience::PeopleOnMyList, user), must);
    assert_eq!(asked(Audience::PeopleOnMyList, friend), None);
    let setting = Some(Reason::PrivacySettingRestrictsTarget);
    assert_eq!(asked(Audience::Blocked, friend), setting);
    let who = Somebody {
        lacks: vec![185],
        ..somebody()
    };
    let play = Asked::Permission(Permission::PlayMultiplayer);
    let denial = check(play, &who, friend).expect_err("a denial");
    assert_eq!(denial.reason, Reason::MissingPrivilege);
    assert_eq!(
        verdict(Permission::PlayMultiplayer, &who, &Relation::default()),
        None
    );
}

#[test]
fn questions_are_read_by_name_number_and_setting() {
    for permission in Permission::ALL {
        let expected = Some(Asked::Permission(*permission));
        assert_eq!(Asked::parse(&permission.as_str().to_uppercase()), expected);
        assert_eq!(Asked::parse(&permission.number().to_string()), expected);
    }
    let list = Asked::parse("sharefriendlist");
    assert_eq!(list, Some(Asked::Setting(Setting::ShareFriendList)));
    for nothing in ["", "1003", "-1", "Fly", "CommunicateUsingText "] {
        assert_eq!(Asked::parse(nothing), None, "{nothing:?}");
    }
}
