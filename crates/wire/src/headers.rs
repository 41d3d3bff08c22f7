//! Names of the headers that the services read and write, in lower case.

/// The contract version of the request.
pub const CONTRACT_VERSION: &str = "x-xbl-contract-version";
/// The id of one request, on every answer. `[trace]`
pub const CORRELATION_ID: &str = "x-xblcorrelationid";
/// The client's own correlation vector, echoed.
pub const MS_CV: &str = "ms-cv";
/// The client's own id of a request, echoed.
pub const X_CORRELATION_ID: &str = "x-correlation-id";
/// The users a server principal acts for.
pub const ON_BEHALF_OF: &str = "x-xbl-on-behalf-of";
/// The sandbox that a service principal names.
pub const SANDBOX: &str = "x-xbl-sandbox";
/// On answers that would have been refused if limits were enforced. `Inferred:` auth-http 9.7
pub const WOULD_THROTTLE: &str = "x-ratelimit-would-throttle";
/// The rule that refused a request, and where: `<code>` or `<code>; path=<path>`. Ours; the original
/// has nothing like it.
pub const REFUSAL: &str = "x-convoke-refusal";
