//! One request and its whole answer, for what the rest of this crate has no words for.
//!
//! Here every status is an answer, and only a missing one is an error.

use std::time::Duration;

use bytes::Bytes;
use convoke_wire::headers::CONTRACT_VERSION;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use serde::Serialize;

use crate::error::Error;
use crate::hosts::Service;

/// A request in the making.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The service that is asked.
    pub service: Service,
    /// The path and, if any, the query.
    pub path: String,
    /// In the order in which they were added; the client adds credentials, and for the session
    /// directory the contract version unless one is here.
    pub headers: HeaderMap,
    /// JSON text.
    pub body: Option<String>,
    /// Whether the client may send it again by itself.
    pub repeat: Repeat,
}

/// Whether a request may be sent again without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It does the same however often it is done.
    Always,
    /// Only when the service has not looked at it.
    Unread,
    /// Not at all.
    Never,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Call {
    /// A request of the session directory without body or preconditions.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let repeat = if matches!(method, Method::GET | Method::HEAD | Method::DELETE) {
            Repeat::Always
        } else {
            Repeat::Unread
        };
        Self {
            method,
            service: Service::SessionDirectory,
            path: path.into(),
            headers: HeaderMap::new(),
            body: None,
            repeat,
        }
    }

    /// Asks another service.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.service = service;
        self
    }

    /// Adds a header; one whose value cannot be a header's is an error.
    pub fn header(mut self, name: &'static str, value: &str) -> Result<Self, Error> {
        let value = HeaderValue::from_str(value)
            .map_err(|_| Error::Setup(format!("`{value}` cannot be the header {name}")))?;
        self.headers.append(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// Asks for another contract version than the client's.
    pub fn contract(self, version: &str) -> Result<Self, Error> {
        self.header(CONTRACT_VERSION, version)
    }

    /// Sets the body to a document.
    pub fn json(self, document: &impl Serialize) -> Result<Self, Error> {
        let text = serde_json::to_string(document)
            .map_err(|error| Error::Setup(format!("no JSON document: {error}")))?;
        Ok(self.text(text))
    }

    /// Sets the body, as it is.
    #[must_use]
    pub fn text(mut self, text: String) -> Self {
        self.body = Some(text);
        self
    }

    /// Says whether it may be sent again.
    #[must_use]
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }
}

impl Answer {
    /// A header as text; `None` also for one that is no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the service asks to wait, where it says so in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header(RETRY_AFTER.as_str())?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}
