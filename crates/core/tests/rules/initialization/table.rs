//! The table itself: nothing in it is out of reach, and nothing leads nowhere.

use convoke_core::session::initialization::table::{State, TABLE, When};

#[test]
fn every_state_but_the_last_leads_on_and_every_one_is_reached() {
    for state in State::ALL {
        let leads_on = TABLE.iter().any(|row| row.from == *state);
        assert_eq!(leads_on, *state != State::Failed, "{state:?}");
        let reached = TABLE.iter().any(|row| row.to == *state);
        assert!(reached, "{state:?}");
    }
}

#[test]
fn a_fork_is_left_at_once_whatever_holds() {
    for state in State::ALL {
        let rows: Vec<_> = TABLE.iter().filter(|row| row.from == *state).collect();
        let last = rows.last().map(|row| row.when);
        assert_eq!(last == Some(When::Otherwise), state.is_fork(), "{state:?}");
        let others = rows.iter().rev().skip(1);
        assert!(
            others.clone().all(|row| row.when != When::Otherwise),
            "{state:?}"
        );
        // What is shown of a session is a place in which it stays.
        assert!(!state.is_fork() || state.stage().is_none(), "{state:?}");
    }
}

#[test]
fn no_way_leads_around_without_a_place_to_stay() {
    for start in State::ALL {
        let mut state = *start;
        let mut forks = 0;
        while state.is_fork() {
            forks += 1;
            assert!(forks <= State::ALL.len(), "{start:?} leads around");
            let row = TABLE
                .iter()
                .rfind(|row| row.from == state)
                .expect("a way on");
            state = row.to;
        }
    }
}
