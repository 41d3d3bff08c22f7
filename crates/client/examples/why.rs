//! Says why a player may or may not join a session, rule by rule; of a service for developers, or as
//! a server.
//!
//! ```console
//! $ cargo run -p convoke-client --example why -- http://127.0.0.1:8080 lobby x 1002
//! ```

use std::fmt::Write as _;

use convoke_client::wire::{SessionRef, TitleId, Xuid};
use convoke_client::{AccessQuestion, Client, DevSubject, Error};

/// The rules that were asked whether a user may join, each on a line; the last one decided.
pub(crate) async fn why(
    asker: &Client,
    session: SessionRef,
    user: Xuid,
) -> Result<(bool, String), Error> {
    let question = AccessQuestion::about(user);
    let explanation = asker.session(session).explain_access(&question).await?;
    let mut lines = String::new();
    for step in &explanation.join.steps {
        let (outcome, rule) = (step.outcome.as_str(), &step.rule);
        // Writing to a text cannot fail.
        let _ = writeln!(lines, "{outcome:8} {rule}");
    }
    Ok((explanation.join.allowed, lines))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |usual: &str| arguments.next().unwrap_or(usual.to_owned());
    let address = next("http://127.0.0.1:8080");
    let session = SessionRef {
        // An id of the sample configuration.
        scid: "00000000-0000-4000-8000-00000000c0de".parse()?,
        template_name: next("lobby").parse()?,
        name: next("x").parse()?,
    };
    let user: Xuid = next("1002").parse()?;
    let subject = DevSubject::player(Xuid(1001)).title(TitleId(1_717_113_201));
    let asker = Client::builder(&address).build()?.with_dev_token(subject);

    let (allowed, lines) = why(&asker, session, user).await?;
    print!("{lines}");
    println!("{user} {} join", if allowed { "may" } else { "may not" });
    Ok(())
}
