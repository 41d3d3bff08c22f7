//! Frames of real-time activity: what clients send, and what they are sent.

use convoke_wire::rta::{ClientMessage, MAX_FRAME_BYTES, MAX_SUBSCRIPTION, Resource, ServerFrame};

/// A frame: what is read of it is written so that it reads the same, a resource in it has a URI that
/// names the same, and a refusal is short whatever the frame says.
pub fn real_time_frame(bytes: &[u8]) {
    match ClientMessage::read(bytes) {
        Ok(Some(message)) => check_message(&message),
        Ok(None) => assert!(bytes.len() <= MAX_FRAME_BYTES),
        Err(error) => {
            assert!(error.to_string().chars().count() <= 150, "{error}");
            assert!([1007, 1009].contains(&error.close_reason().code()));
        }
    }
    if let Ok(Some(frame)) = ServerFrame::read(bytes) {
        let text = frame.to_string();
        assert_eq!(
            ServerFrame::read(text.as_bytes()),
            Ok(Some(frame)),
            "{text}"
        );
    }
}

fn check_message(message: &ClientMessage) {
    let text = message.to_string();
    // Escapes of control characters are longer than what they stand for.
    if text.len() <= MAX_FRAME_BYTES {
        let again = ClientMessage::read(text.as_bytes());
        assert_eq!(again.as_ref(), Ok(&Some(message.clone())), "{text}");
    }
    match message {
        ClientMessage::Subscribe { uri, .. } => check_resource(uri),
        ClientMessage::Unsubscribe { subscription, .. } => {
            assert!(subscription.is_none_or(|number| number <= MAX_SUBSCRIPTION));
        }
    }
}

fn check_resource(uri: &str) {
    let Some(resource) = Resource::parse(uri) else {
        return;
    };
    let canonical = resource.to_string();
    assert_eq!(
        Resource::parse(&canonical).as_ref(),
        Some(&resource),
        "{canonical}"
    );
    let shouted = Resource::parse(&canonical.to_ascii_uppercase());
    assert!(shouted.is_some(), "{canonical}");
    assert_eq!(
        resource.owner().is_none(),
        resource == Resource::Connections
    );
}
