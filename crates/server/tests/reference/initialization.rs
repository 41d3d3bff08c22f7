//! `docs/initialization.md`: the state machine of managed initialisation, from its table.

use std::fmt::Write as _;

use convoke_core::limits;
use convoke_core::session::initialization::table::{Act, Row, State, TABLE, When};
use convoke_wire::session::initialization::Failure;

const INTRODUCTION: &str = r#"# Managed initialisation and quality of service

A match is only worth starting if its players can reach each other.
With `memberInitialization` among the constants of a session, the service finds that out before they play: it waits for the players, has them measure the ways between them, and judges.
Without that constant nothing of this page applies.

The state machine below is made from the table that the service follows, `crates/core/src/session/initialization/table.rs`.

## For players

1. Whoever makes the match reserves places with `"initialize": true` among the members' constants. The request that creates the session adds at least `membersNeededToStart` such members, or it is refused with `members.initialize`.
2. The session shows `initializing` with `stage`, `stageStartTime` and `episode`, and each of these members its `initializationEpisode`. `nextTimer` is when the stage ends at the latest.
3. Players come: they write `members.me` with `active` and, if they are to be measured, a `secureDeviceAddress`.
4. In the stage `measuring`, each measures the ways to the `deviceToken` of the others and uploads all of them in one write of `measurements`, and those to the `measurementServerAddresses` in one of `serverMeasurements`.
5. When `initializing` is gone, the episode is over. A member without `initializationFailure` plays; one with it leaves, or looks for another match. If the first episode failed, `initializing` stays, with the stage `failed`.

```json
{"members": {"me": {"properties": {"system": {"measurements": {
  "b5f9f0c2a9c04c3c8d6c1d1a3e8c5c55": {"latency": 34, "bandwidthDown": 210000, "bandwidthUp": 18000}
}}}}}}
```

Whoever subscribed to `initialization` is tapped with every stage and every failure.
`convoke demo --scenario qos` plays two such matches, with every request and answer.
"#;

const AFTER_TABLE: &str = r"
Whenever the session changes, and whenever time is up, the service follows rows as long as one applies, and all that happens is one change of the session.
Of several rows with the same beginning, the first that applies is followed.
Time is looked at once in an evaluation, so a stage that begins has all of its time.

## Episodes

- Members who are added together share an episode. Those who come while one runs wait for the next, which begins when it is over.
- The first episode needs `membersNeededToStart` members who passed; later ones need one. With external evaluation, the title's word decides instead.
- If `membersNeededToStart` is 0 and nobody asks to be initialised, the first episode is passed over.
- A member is enrolled when it is added, or when it accepts a reservation with `initialize`, and never again.
- While a member has an `initializationEpisode`, `reservedRemovalTimeout` and `readyRemovalTimeout` do not count for it; afterwards they begin anew. `inactiveRemovalTimeout` counts.
- Failed members stay until they leave.
- After the first episode has failed, nobody is enrolled any more, and who waited fails too.
";

const RULES: &str = r"
## Measuring

- Members are measured if `metrics` name something, or if there are requirements; servers are measured if there are `measurementServerAddresses`.
- A member has something to measure if somebody of the episode, or who was initialised before, is on another device with an address. If nobody has, the stage is skipped.
- What was uploaded before the stage began counts; an empty upload says that nobody was reached.
- With a `host` and without peer-to-peer requirements, only the way to the host is measured.

## Judging

- Peer to peer: both ways between two devices must be no longer than `latencyMaximum` and no narrower than `bandwidthMinimum`, down and up. As long as pairs fail, the member with the most failing pairs fails, the latest among equals. Members who were initialised before never fail, and need not have measured the new ones.
- Peer to host: every member's way to the host must reach the three requirements. Without a `host`, it is the device of an active member that most others reach; among equals `hostSelectionMetric` decides by its average, then the order of members.
- Where both are set, both must be reached.
- Members on one device have no way between them, and members without an address have none at all.
- A way that was not uploaded, or not with each of latency and both bandwidths, does not exist: `network`.
- A member whose `initializationGroup` lost somebody, or in whose group somebody failed, fails by `group`.

When the measuring of the first episode ends, `hostCandidates` names the devices that everybody who passed reaches, best first.
They are gone as soon as there is a `host`, and do not come back.

## Server candidates

With the capability `autoPopulateServerCandidates`, `properties.system.serverConnectionStringCandidates` is the service's own, episode or not, for as long as somebody has `serverMeasurements`: the servers that everybody measured who measured any, ordered by the worst latency, then by the mean. Otherwise it is as it was last written.

## Contracts 104 and 105

`managedInitialization` is what these contracts call `memberInitialization`, with defaults of its own, and `autoEvaluate` the opposite of `externalEvaluation`.
A member's failure is shown as `failedMetric`, in which `quorum` stands for `episode`, beside the newer name.
";

#[test]
fn the_page_of_the_state_machine_is_what_the_service_follows() {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n## The state machine\n\n");
    diagram(&mut page);
    page.push_str(
        "\nThe diamonds are forks, which are left as soon as they are reached.\n\n\
         | From | When | What happens | To |\n|---|---|---|---|\n",
    );
    for row in TABLE {
        let acts: Vec<_> = row.acts.iter().map(|act| does(*act)).collect();
        let acts = if acts.is_empty() {
            "–".to_owned()
        } else {
            acts.join("; ")
        };
        let (from, to) = (place(row.from), place(row.to));
        writeln!(page, "| {from} | {} | {acts} | {to} |", condition(row.when)).expect("text");
    }
    page.push_str(AFTER_TABLE);
    page.push_str("\n## Times\n\n");
    times(&mut page);
    page.push_str(RULES);
    page.push_str(
        "\n## Why members fail\n\nOf several reasons, the first in this order is given.\n\n",
    );
    page.push_str("| `initializationFailure` | Meaning |\n|---|---|\n");
    for failure in Failure::ALL {
        writeln!(page, "| `{}` | {} |", failure.as_str(), meaning(*failure)).expect("text");
    }
    super::check_document("docs/initialization.md", &page);
}

fn diagram(page: &mut String) {
    page.push_str("```mermaid\nstateDiagram-v2\n");
    for state in State::ALL.iter().filter(|state| state.is_fork()) {
        writeln!(page, "    state {state:?} <<choice>>").expect("text");
    }
    page.push_str("    [*] --> Idle\n");
    for Row { from, when, to, .. } in TABLE {
        let label = condition(*when).replace(['`', ':'], "");
        writeln!(page, "    {from:?} --> {to:?} : {label}").expect("text");
    }
    page.push_str("```\n");
}

fn times(page: &mut String) {
    page.push_str(
        "In ms, beginning with the stage.\n\n| Constant | Default | In contracts 104 and 105 |\n|---|---|---|\n",
    );
    let legacy = limits::MANAGED_STAGE_TIMEOUT_MS;
    for (name, default) in [
        ("joinTimeout", limits::JOIN_TIMEOUT_MS),
        ("measurementTimeout", limits::MEASUREMENT_TIMEOUT_MS),
        ("evaluationTimeout", limits::EVALUATION_TIMEOUT_MS),
    ] {
        writeln!(page, "| `{name}` | {default} | {legacy} |").expect("text");
    }
    page.push_str("\nThe other defaults: ");
    let needed = limits::INITIALIZATION_MEMBERS_NEEDED;
    let legacy = limits::MANAGED_MEMBERS_NEEDED;
    writeln!(
        page,
        "`membersNeededToStart` {needed} ({legacy} in contracts 104 and 105); \
         `latencyMaximum` {} ms; `bandwidthMinimum` {}, `bandwidthDownMinimum` {} and \
         `bandwidthUpMinimum` {} kbps; `hostSelectionMetric` `latency`.",
        limits::LATENCY_MAXIMUM_MS,
        limits::PEER_BANDWIDTH_MINIMUM_KBPS,
        limits::HOST_BANDWIDTH_DOWN_MINIMUM_KBPS,
        limits::HOST_BANDWIDTH_UP_MINIMUM_KBPS,
    )
    .expect("text");
}

/// A state in words: the stage that is shown, if one is.
fn place(state: State) -> String {
    match (state.stage(), state.is_fork()) {
        (Some(stage), _) => format!("`{}`", stage.as_str()),
        (None, true) => format!("({})", format!("{state:?}").to_lowercase()),
        (None, false) => "idle".to_owned(),
    }
}

fn condition(when: When) -> &'static str {
    match when {
        When::MembersWait => "members wait for their episode",
        When::EverybodyJoined => "no member of the episode is reserved",
        When::JoinTimeout => "`joinTimeout` is over",
        When::SomethingToMeasure => "somebody has something to measure",
        When::EverybodyMeasured => "everybody has uploaded",
        When::MeasurementTimeout => "`measurementTimeout` is over",
        When::ExternalEvaluation => "`externalEvaluation` is on",
        When::EnoughPassed => "enough members passed",
        When::TitleAccepts => "`initializationSucceeded` true is written",
        When::TitleRejects => "`initializationSucceeded` false is written",
        When::EvaluationTimeout => "`evaluationTimeout` is over",
        When::FirstEpisode => "it is the first episode",
        When::Otherwise => "otherwise",
    }
}

fn does(act: Act) -> &'static str {
    match act {
        Act::StartEpisode => "their episode begins",
        Act::RemoveReserved => "its reserved members are removed",
        Act::FailSilent => "who has not uploaded fails by `timeout`",
        Act::FailUnfit => "who does not reach the requirements fails by what is lacking",
        Act::FailGroups => "broken groups fail by `group`",
        Act::NameHosts => "in the first episode, `hostCandidates` are named",
        Act::FailOthers => "all others of the episode fail by `episode`",
        Act::FailWaiting => "who waits for the next fails by `episode` too",
        Act::Release => "its members lose `initializationEpisode`",
    }
}

fn meaning(failure: Failure) -> &'static str {
    match failure {
        Failure::Timeout => "The member did not upload its measurements in time.",
        Failure::Latency => "A way takes longer than `latencyMaximum`.",
        Failure::BandwidthDown => "Less arrives than is required.",
        Failure::BandwidthUp => "Less leaves than is required.",
        Failure::Network => "A way was not measured: the other device was not reached.",
        Failure::Group => "Somebody of the member's `initializationGroup` failed or is gone.",
        Failure::Episode => "The episode failed as a whole, though the member did not.",
    }
}
