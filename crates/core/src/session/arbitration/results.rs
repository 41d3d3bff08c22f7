//! What players report, and which of it becomes the result.

use convoke_wire::RawJson;
use convoke_wire::json::{self, ReadError};
use convoke_wire::session::arbitration::{Report, ResultState, TeamOutcome, TeamResults};
use serde_json::value::to_raw_value;

use super::entry;
use crate::limits::{MAX_MEMBERS, MAX_TEXT_CHARS};
use crate::refusal::{Refusal, Rule};
use crate::session::{MemberState, Session};

/// Checks what a player reports.
pub(in crate::session) fn check_report(raw: &RawJson, path: &str) -> Result<(), Refusal> {
    let report: Report = json::read(raw.text().as_bytes())
        .map_err(|error| misread(Rule::ArbitrationResults, path, &error))?;
    check_teams(&report.results, &format!("{path}.results"))
}

/// Checks results that have the right shape.
pub(super) fn check_teams(results: &TeamResults, path: &str) -> Result<(), Refusal> {
    let refuse = |at: String, detail: &str| Err(Rule::ArbitrationResults.at(at, detail));
    if !(1..=MAX_MEMBERS as usize).contains(&results.len()) {
        return refuse(path.to_owned(), "expected the outcome of 1 to 100 teams");
    }
    for (team, result) in results {
        if MAX_TEXT_CHARS < team.chars().count() {
            return refuse(path.to_owned(), "the id of a team is too long");
        }
        let at = format!("{path}.{team}.ranking");
        match (result.outcome, result.ranking) {
            (TeamOutcome::Rank, None | Some(0)) => {
                return refuse(at, "the outcome `rank` comes with a place from 1");
            }
            (TeamOutcome::Rank, Some(_)) | (_, None) => {}
            (_, Some(_)) => return refuse(at, "only the outcome `rank` comes with a place"),
        }
    }
    Ok(())
}

/// A value that is not what it should be, at its place in the document.
pub(super) fn misread(rule: Rule, path: &str, error: &ReadError) -> Refusal {
    let path = if error.path.is_empty() {
        path.to_owned()
    } else {
        format!("{path}.{}", error.path)
    };
    rule.at(path, error.problem.clone())
}

/// Decides the match if every active member has reported, or the time is over.
pub(super) fn arbitrate(session: &mut Session, is_over: bool) {
    let reports: Vec<TeamResults> = reports(session).collect();
    let silent = session
        .members
        .values()
        .any(|member| member.state == MemberState::Active && member.arbitration.is_none());
    let state = match (reports.is_empty(), silent) {
        (false, false) => ResultState::Completed,
        (false, true) if is_over => ResultState::PartialResults,
        (true, _) if is_over => ResultState::NoResults,
        (false, true) | (true, _) => return,
    };
    let chosen = choose(&reports);
    let raw = chosen.map(|(results, level)| {
        let raw = to_raw_value(results).expect("results have text keys only");
        (RawJson::from(raw), level)
    });
    entry::decide(
        session,
        state,
        raw.as_ref().map(|(raw, level)| (raw, *level)),
    );
}

fn reports(session: &Session) -> impl Iterator<Item = TeamResults> {
    let raw = session.members.values();
    let raw = raw.filter_map(|member| member.arbitration.as_ref());
    let read = raw.filter_map(|raw| json::read::<Report>(raw.text().as_bytes()).ok());
    read.map(|report| report.results)
}

/// What most players report, the first of them where as many report something else; and how far
/// they agree, from 0 where each says something else to 100 where all say the same. `[doc]`
///
/// Inferred: in between, the share of the others who say the same as one of those does.
fn choose(reports: &[TeamResults]) -> Option<(&TeamResults, u64)> {
    let votes = |results: &TeamResults| reports.iter().filter(|other| *other == results).count();
    let mut best: Option<(&TeamResults, usize)> = None;
    for results in reports {
        let votes = votes(results);
        if best.is_none_or(|(_, most)| most < votes) {
            best = Some((results, votes));
        }
    }
    let (results, votes) = best?;
    let others = reports.len() - 1;
    let level = ((votes - 1) * 100).checked_div(others).unwrap_or(100);
    Some((results, u64::try_from(level).unwrap_or(100)))
}
