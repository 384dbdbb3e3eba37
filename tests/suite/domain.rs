//! The domain's rules as pure functions, held against a naive model.

use std::collections::BTreeSet;

use proptest::prelude::*;

use openmail_mock::domain::clock::{Clock, Mode, Timestamp, parse_duration};
use openmail_mock::domain::events::Listeners;
use openmail_mock::domain::ids::{Id, Source};
use openmail_mock::domain::inboxes::{self, NewInbox};
use openmail_mock::domain::keys::Scope;
use openmail_mock::domain::pods::{self, NewPod};
use openmail_mock::domain::refusal::Refusal;
use openmail_mock::domain::state::{State, Transaction};
use openmail_mock::domain::table::Page;

const NOON: &str = "2026-01-15T12:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

fn empty() -> State {
    let at = at(NOON);
    State::empty(Clock::Frozen { at }, at, 0)
}

/// Runs a rule as a world does: on a copy that is kept only if the rule succeeds.
fn write<T>(
    state: &mut State,
    rule: impl FnOnce(&mut Transaction<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let mut next = state.clone();
    let source = Source {
        seed: 0,
        world: "w",
    };
    let now = at(NOON);
    let done = rule(&mut Transaction {
        state: &mut next,
        now,
        source,
        listeners: Listeners::NOBODY,
    })?;
    *state = next;
    Ok(done)
}

#[derive(Debug, Clone)]
enum Step {
    CreatePod(u8),
    DeletePod(u8),
    CreateInbox(u8),
    DeleteInbox(usize),
    Snapshot,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..12_u8).prop_map(Step::CreatePod),
        2 => (0..12_u8).prop_map(Step::DeletePod),
        4 => (0..12_u8).prop_map(Step::CreateInbox),
        3 => (0..40_usize).prop_map(Step::DeleteInbox),
        1 => Just(Step::Snapshot),
    ];
    prop::collection::vec(step, 1..120)
}

/// What a state must show: pods and inboxes in order of creation.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    pods: Vec<String>,
    inboxes: Vec<(Id, String)>,
}

impl Model {
    fn has(&self, pod: &str) -> bool {
        self.pods.iter().any(|known| known == pod)
    }
}

fn apply(step: &Step, state: &mut State, model: &mut Model) {
    match step {
        Step::CreatePod(number) => {
            let name = format!("pod-{number}");
            let new = NewPod {
                client_id: Some(name.clone()),
                ..NewPod::default()
            };
            let created = write(state, |tx| pods::create(tx, new));
            assert_eq!(created.is_ok(), !model.has(&name));
            if created.is_ok() {
                model.pods.push(name);
            }
        }
        Step::DeletePod(number) => {
            let name = format!("pod-{number}");
            let deleted = write(state, |tx| pods::delete(tx, &name));
            let is_empty = !model.inboxes.iter().any(|(_, pod)| *pod == name);
            assert_eq!(deleted.is_ok(), model.has(&name) && is_empty, "{deleted:?}");
            if deleted.is_ok() {
                model.pods.retain(|known| *known != name);
            }
        }
        Step::CreateInbox(number) => {
            let name = format!("pod-{number}");
            let new = NewInbox {
                pod: Some(name.clone()),
                ..NewInbox::default()
            };
            let created = write(state, |tx| inboxes::create(tx, Scope::Account, new));
            assert_eq!(created.is_ok(), model.has(&name));
            if let Ok(written) = created {
                model.inboxes.push((written.inbox.id, name));
            }
        }
        Step::DeleteInbox(index) => {
            if model.inboxes.is_empty() {
                return;
            }
            let (id, _) = model.inboxes.remove(index % model.inboxes.len());
            write(state, |tx| inboxes::delete(tx, &id.to_string())).expect("it was there");
        }
        Step::Snapshot => {}
    }
}

/// Reads everything through pages of three, and each inbox through its pod.
fn read(state: &State) -> Model {
    let mut pods_read = Vec::new();
    for offset in (0..).step_by(3) {
        let page = pods::list(state, Scope::Account, Page::new(3, offset));
        if page.rows.is_empty() {
            break;
        }
        pods_read.extend(page.rows);
    }
    assert!(pods_read[0].is_default, "the default pod is listed first");
    let names = pods_read[1..].iter().rev();
    let names: Vec<String> = names
        .map(|pod| pod.client_id.as_deref().expect("a clientId").to_owned())
        .collect();
    let all = inboxes::list(state, Scope::Account, None, Page::new(100, 0));
    let inboxes_read = all.rows.iter().rev().map(|inbox| {
        let pod = pods::get(state, &inbox.pod.to_string()).expect("its pod");
        (
            inbox.id,
            pod.client_id.as_deref().expect("a clientId").to_owned(),
        )
    });
    let model = Model {
        pods: names,
        inboxes: inboxes_read.collect(),
    };
    for name in &model.pods {
        let listed = inboxes::list(state, Scope::Account, Some(name), Page::new(100, 0));
        let listed: Vec<Id> = listed.rows.iter().rev().map(|inbox| inbox.id).collect();
        let own = model.inboxes.iter().filter(|(_, pod)| pod == name);
        assert_eq!(listed, own.map(|(id, _)| *id).collect::<Vec<_>>());
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pods_and_inboxes_behave_like_lists_and_snapshots_never_change(steps in steps()) {
        let (mut state, mut model) = (empty(), Model::default());
        let mut snapshots = Vec::new();
        for step in &steps {
            if matches!(step, Step::Snapshot) {
                snapshots.push((state.clone(), model.clone()));
            }
            apply(step, &mut state, &mut model);
        }
        prop_assert_eq!(read(&state), model);
        for (state, model) in snapshots {
            prop_assert_eq!(read(&state), model);
        }
    }

    #[test]
    fn an_instant_is_read_as_it_was_written(millis in -62_167_219_200_000_i64..=253_402_207_200_000) {
        let instant = Timestamp::from_millis(millis).expect("within the calendar");
        prop_assert_eq!(Timestamp::parse(&instant.to_string()), Some(instant));
    }

    #[test]
    fn no_text_makes_a_duration_panic(text in ".{0,40}") {
        let _ = parse_duration(&text);
    }
}

#[test]
fn durations_are_runs_of_numbers_with_units() {
    for (text, millis) in [
        ("24h1s", Some(86_401_000)),
        ("5ms", Some(5)),
        ("1d2h3m4s5ms", Some(93_784_005)),
        ("0s", Some(0)),
        ("", None),
        ("5", None),
        ("s", None),
        ("-5s", None),
        ("5 s", None),
        ("99999999999999999999d", None),
        ("9223372036854775807d", None),
    ] {
        assert_eq!(parse_duration(text), millis, "{text}");
    }
}

#[test]
fn an_instant_needs_date_time_and_offset() {
    for text in [
        "2026-01-15",
        "2026-01-15T12:00:00",
        "12:00:00Z",
        "2026-13-01T00:00:00Z",
        "",
        "now",
    ] {
        assert_eq!(Timestamp::parse(text), None, "{text}");
    }
    assert_eq!(
        at("2026-01-15T12:00:00.123456Z").to_string(),
        "2026-01-15T12:00:00.123Z"
    );
    assert_eq!(
        at("2026-01-15T12:00:00+02:00").to_string(),
        "2026-01-15T10:00:00.000Z"
    );
}

#[test]
fn the_last_instant_is_written_as_what_it_is() {
    assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.000Z");
    assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00.000Z");
}

#[test]
fn only_the_spelling_of_ids_is_an_id() {
    let id = Id::from_random([0xab; 16]).to_string();
    assert!(Id::parse(&id).is_some());
    for text in [
        id.to_uppercase(),
        id.replace('-', ""),
        format!("{{{id}}}"),
        format!("{id} "),
    ] {
        assert_eq!(Id::parse(&text), None, "{text}");
    }
}

#[test]
fn a_clock_shows_what_it_was_set_to_and_goes_on_in_its_mode() {
    let (real, shown) = (at(NOON), at("2030-01-01T00:00:00Z"));
    let later = real.after(1_000).expect("within the calendar");
    let running = Clock::showing(shown, Mode::Real, real);
    assert_eq!(
        running.reading(later),
        shown.after(1_000).expect("within the calendar")
    );
    assert_eq!(
        Clock::showing(shown, Mode::Frozen, real).reading(later),
        shown
    );
}

#[test]
fn a_thousand_draws_are_a_thousand_ids() {
    let source = Source {
        seed: 0,
        world: "w",
    };
    let ids: BTreeSet<[u8; 32]> = (0..1_000).map(|counter| source.bytes(counter)).collect();
    assert_eq!(ids.len(), 1_000);
}

#[test]
fn what_is_missing_after_a_reset_is_counted_by_id() {
    let mut state = empty();
    let kept = write(&mut state, |tx| pods::create(tx, NewPod::default())).expect("no clientId");
    let snapshot = state.clone();
    write(&mut state, |tx| pods::delete(tx, &kept.id.to_string())).expect("it is empty");
    for _ in 0..3 {
        write(&mut state, |tx| pods::create(tx, NewPod::default())).expect("no clientId");
    }
    assert_eq!(state.pods.missing_in(&snapshot.pods), 3);
    assert_eq!(snapshot.pods.missing_in(&state.pods), 1);
}
