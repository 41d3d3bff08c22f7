//! Tokens from one end to the other: the issuer's routes make them, the authenticator reads them.
//!
//! Names that begin with `aNN` are conformance examples of the authentication specification.

mod attacks;
mod examples;
mod issuer;
mod support;
