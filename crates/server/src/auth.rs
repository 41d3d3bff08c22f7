//! Who is calling: from an `Authorization` header to a [`Principal`].
//!
//! Not here: what a principal may do (the rules of the sessions say that), and how tokens are
//! handed out (`issuer`).

mod api_key;
mod authenticator;
mod cache;
mod certificate;
mod claims;
mod configured;
mod delegation;
mod error;
mod header;
mod hexadecimal;
mod keys;
pub mod oidc;
mod on_behalf;
mod principal;
mod proof_key;
mod role;
mod signature;
mod token;

pub use api_key::{API_KEY_PREFIX, ApiKey};
pub use authenticator::{AuthSettings, Authenticator, DevTokens, IdentifyError, UserHashes};
pub use certificate::{CertifiedService, ClientCertificate, Trust};
pub use claims::{Claims, DeviceClaims, TitleClaims, UserClaims};
pub(crate) use configured::{api_keys, services};
pub use delegation::{ON_BEHALF_OF, SANDBOX, delegate};
pub use error::AuthError;
pub use header::{Credentials, Scheme, UserHash, authorization};
pub use keys::{IssuerKeys, KEY_FILE, KeyError};
pub use on_behalf::{ActingUser, DENY_SCOPE, ON_BEHALF_OF_TITLE, ON_BEHALF_OF_USERS, OnBehalf};
pub use principal::{
    Acting, AgeGroup, MissingPrivileges, ModernGamertag, Principal, TitleIdentity, TokenUser,
};
pub(crate) use principal::{CONSOLES, is_console};
pub use proof_key::{Confirmation, ProofKey};
pub use role::Role;
pub use signature::{SIGNATURE, SignatureError, Signatures, SignedBody, SignedRequest};
pub use token::{
    Audience, EXPIRY_GRACE, MAX_TOKEN_LEN, SERVICE_AUDIENCE, SIGN_IN_AUDIENCE, sign, verify,
};
