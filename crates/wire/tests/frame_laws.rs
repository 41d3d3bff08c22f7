//! Laws of frames: whatever is written is read as the same.

use convoke_wire::RawJson;
use convoke_wire::rta::{ClientMessage, ErrorCode, MAX_SUBSCRIPTION, Resource, ServerFrame};
use convoke_wire::{TitleId, Xuid};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq};

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Subscriptions: small ones, the largest, any.
fn subscription() -> impl Strategy<Value = u32> {
    prop_oneof![0..4_u32, Just(MAX_SUBSCRIPTION), 0..=MAX_SUBSCRIPTION]
}

/// Texts with everything that JSON escapes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\"\\\\/\\x00-\\x1f\u{2028}\u{10ffff}é~ ]{0,12}",
        Just(String::new()),
    ]
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    prop_oneof![
        (any::<u32>(), text()).prop_map(|(seq, uri)| ClientMessage::Subscribe { seq, uri }),
        (any::<u32>(), proptest::option::of(subscription()))
            .prop_map(|(seq, subscription)| ClientMessage::Unsubscribe { seq, subscription }),
    ]
}

/// Data whose exact spelling matters.
fn data() -> impl Strategy<Value = RawJson> {
    let exact = select(vec![
        "null",
        "{}",
        "1.10",
        "1e400",
        "18446744073709551616",
        "[ 1 , 2 ]",
        "{\"b\":1,\"a\":{ \"c\":null}}",
        "\"\\u00e9\\/\"",
    ]);
    prop_oneof![
        exact.prop_map(str::to_owned),
        text().prop_map(|text| serde_json::to_string(&text).expect("JSON")),
    ]
    .prop_map(|text| RawJson::parse(&text).expect("JSON"))
}

fn server_frame() -> impl Strategy<Value = ServerFrame> {
    let code = || select(ErrorCode::ALL.to_vec());
    prop_oneof![
        (any::<u32>(), subscription(), data()).prop_map(|(seq, subscription, data)| {
            ServerFrame::Subscribed {
                seq,
                subscription,
                data,
            }
        }),
        (any::<u32>(), code(), text()).prop_map(|(seq, code, message)| {
            ServerFrame::SubscribeRefused {
                seq,
                code,
                message: message.into(),
            }
        }),
        any::<u32>().prop_map(|seq| ServerFrame::Unsubscribed { seq }),
        (any::<u32>(), code(), text()).prop_map(|(seq, code, message)| {
            ServerFrame::UnsubscribeRefused {
                seq,
                code,
                message: message.into(),
            }
        }),
        (subscription(), data())
            .prop_map(|(subscription, data)| ServerFrame::Event { subscription, data }),
        Just(ServerFrame::Resync),
    ]
}

fn resource() -> impl Strategy<Value = Resource> {
    let scid = || {
        any::<u128>().prop_map(|id| {
            let text = uuid::Uuid::from_u128(id).to_string();
            text.parse().expect("a GUID")
        })
    };
    let xuid = || any::<u64>().prop_map(Xuid);
    let title = || any::<u32>().prop_map(TitleId);
    prop_oneof![
        Just(Resource::Connections),
        (xuid(), title()).prop_map(|(xuid, title_id)| Resource::Notifications { xuid, title_id }),
        xuid().prop_map(|xuid| Resource::PresenceDevices { xuid }),
        (xuid(), title()).prop_map(|(xuid, title_id)| Resource::PresenceTitle { xuid, title_id }),
        xuid().prop_map(|xuid| Resource::RichPresence { xuid }),
        (xuid(), scid(), "[a-z~/?#% é\u{1f600}]{1,20}")
            .prop_map(|(xuid, scid, name)| Resource::Statistic { xuid, scid, name }),
        xuid().prop_map(|xuid| Resource::Friends { xuid }),
        (xuid(), scid()).prop_map(|(xuid, scid)| Resource::Achievements { xuid, scid }),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_message_of_a_client_is_read_as_it_was_written(message in client_message()) {
        let text = message.to_string();
        prop_assert!(!text.contains('\n'));
        prop_assert_eq!(ClientMessage::read(text.as_bytes()), Ok(Some(message)), "{}", text);
    }

    #[test]
    fn a_frame_of_the_service_is_read_as_it_was_written_and_keeps_every_byte_of_its_data(
        frame in server_frame(),
    ) {
        let text = frame.to_string();
        let read = ServerFrame::read(text.as_bytes());
        if let (ServerFrame::Event { data, .. }, Ok(Some(ServerFrame::Event { data: read, .. }))) = (&frame, &read) {
            prop_assert_eq!(data.text(), read.text());
        }
        prop_assert_eq!(read, Ok(Some(frame)), "{}", text);
    }

    #[test]
    fn neither_side_panics_over_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let (client, server) = (ClientMessage::read(&bytes), ServerFrame::read(&bytes));
        if std::str::from_utf8(&bytes).is_err() {
            prop_assert!(client.is_err() && server.is_err());
        }
    }

    #[test]
    fn a_resource_is_read_from_its_uri(resource in resource()) {
        let uri = resource.to_string();
        prop_assert_eq!(Resource::parse(&uri), Some(resource), "{}", uri);
    }
}
