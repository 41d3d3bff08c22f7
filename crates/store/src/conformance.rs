//! The suite that every store must pass.
//!
//! Each case gets an empty store, says what it expects of it, and leaves no contradiction behind.

mod engines;
mod fixtures;
mod guards;
mod handles;
mod large;
mod people;
mod play;
mod privacy;
mod searches;
mod sessions;

use std::sync::Arc;

use crate::Store;
pub use engines::Engine;

/// Runs every case, each on a store of its own.
pub async fn run_all<S: Store>(make: impl Fn() -> S) {
    macro_rules! run {
        ($($subject:ident: $($case:ident),+;)+) => {$($({
            let case = Case(concat!(stringify!($subject), "::", stringify!($case)));
            let store = Arc::new(make());
            $subject::$case(Arc::clone(&store)).await;
            let findings = store.verify().expect("the store can be verified");
            assert!(findings.is_empty(), "{}: {findings:#?}", case.0);
        })+)+};
    }
    run! {
        sessions:
            a_session_is_created_replaced_and_deleted,
            a_recreated_session_has_another_branch,
            keys_are_compared_without_regard_to_case,
            sandboxes_are_worlds_apart,
            every_session_is_visited,
            large_and_odd_documents_come_back_unchanged;
        guards:
            a_guard_that_does_not_hold_is_a_conflict,
            a_required_handle_must_live,
            a_required_key_must_be_free,
            guards_are_judged_in_a_fixed_order,
            a_refused_step_leaves_no_trace,
            a_step_without_changes_only_checks,
            malformed_steps_fail,
            guarded_increments_lose_no_update,
            one_of_many_creators_wins;
        handles:
            a_handle_is_found_by_id_and_key,
            a_new_holder_of_a_key_displaces_the_old,
            a_displaced_handle_gives_up_all_its_keys,
            a_handle_may_be_put_again,
            activities_are_removed_by_session_and_owner,
            handles_of_a_session_are_removed_by_type,
            handles_that_have_ended_are_removed,
            handles_can_be_made_to_last,
            operations_are_applied_in_their_order,
            activities_are_listed_newest_first,
            invitations_wait_until_they_are_settled;
        large:
            one_of_many_members_comes_changes_and_goes,
            a_large_session_is_replaced_without_knowing_its_state,
            a_session_of_the_same_name_may_be_large_or_not;
        people:
            people_are_listed_by_the_time_they_were_added,
            an_edge_is_replaced_and_removed,
            a_mark_changes_an_edge_and_makes_none,
            followers_are_found_from_the_other_end;
        privacy:
            private_lists_are_apart_and_in_order,
            an_entry_is_replaced_and_removed,
            choices_are_replaced_and_forgotten;
        play:
            an_activity_is_found_by_its_whole_key,
            a_guarded_activity_is_written_by_one,
            activities_that_are_over_are_forgotten,
            encounters_are_added_to_the_list_of_their_user,
            lists_are_forgotten_with_their_last_encounter;
        searches:
            due_sessions_come_earliest_first,
            a_timer_moves_with_its_session,
            sessions_are_found_by_member_and_keyword,
            a_search_ends_at_its_sandbox_and_limit,
            index_entries_follow_the_document;
    }
}

/// Names the case in which a test has failed.
struct Case(&'static str);

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the store failed in the case {}", self.0);
        }
    }
}
