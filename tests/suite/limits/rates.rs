//! Sends within a minute and a day, inboxes within a day.

use openmail_mock::domain::inboxes::{self, NewInbox};
use openmail_mock::domain::keys::Scope;
use openmail_mock::domain::limits::{Counts, InboxCounts, MAX_RECENT, Usage};
use openmail_mock::domain::refusal::RateLimit;

use super::{Life, rate};

#[test]
fn as_many_sends_are_remembered_as_a_minute_allows() {
    let allowed = RateLimit::SendsPerMinute.allowed();
    assert_eq!(u32::try_from(MAX_RECENT), Ok(allowed));
}

#[test]
fn the_eleventh_send_waits_until_the_first_is_a_minute_past() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    life.receive(&desk, "ada@example.com");
    for _ in 0..10 {
        life.send(&desk, "ada@example.com").expect("there is room");
    }
    let refused = life.send(&desk, "ada@example.com");
    assert_eq!(rate(refused), (RateLimit::SendsPerMinute, 60));
    life.pass(59_999);
    let refused = life.send(&desk, "ada@example.com");
    assert_eq!(rate(refused), (RateLimit::SendsPerMinute, 1));
    life.pass(1);
    life.send(&desk, "ada@example.com").expect("a minute later");
}

#[test]
fn the_minute_slides() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    life.receive(&desk, "ada@example.com");
    for _ in 0..10 {
        life.send(&desk, "ada@example.com").expect("there is room");
        life.pass(6_000);
    }
    // The first is exactly a minute past, the second not.
    life.send(&desk, "ada@example.com").expect("one has room");
    let refused = life.send(&desk, "ada@example.com");
    assert_eq!(rate(refused), (RateLimit::SendsPerMinute, 6));
}

#[test]
fn a_minute_does_not_end_at_midnight() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    life.receive(&desk, "ada@example.com");
    life.until("2026-01-01T23:59:59.999Z");
    for _ in 0..10 {
        life.send(&desk, "ada@example.com").expect("there is room");
    }
    life.until("2026-01-02T00:00:00Z");
    let refused = life.send(&desk, "ada@example.com");
    assert_eq!(rate(refused), (RateLimit::SendsPerMinute, 60));
}

#[test]
fn each_inbox_has_a_minute_of_its_own() {
    let mut life = Life::new();
    let (desk, door) = (life.inbox("desk"), life.inbox("door"));
    life.receive(&desk, "ada@example.com");
    life.receive(&door, "ada@example.com");
    for _ in 0..10 {
        life.send(&desk, "ada@example.com").expect("there is room");
    }
    life.send(&desk, "ada@example.com")
        .expect_err("there is none");
    life.send(&door, "ada@example.com").expect("there is room");
}

#[test]
fn the_two_hundred_and_first_send_of_a_day_waits_for_midnight() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    life.receive(&desk, "ada@example.com");
    life.until("2026-01-01T12:00:00Z");
    for _ in 0..200 {
        life.send(&desk, "ada@example.com").expect("there is room");
        life.pass(6_000);
    }
    let half_a_day = 12 * 60 * 60 - 200 * 6;
    let refused = life.send(&desk, "ada@example.com");
    assert_eq!(rate(refused), (RateLimit::SendsPerDay, half_a_day));
    life.until("2026-01-01T23:59:59.999Z");
    let refused = life.send(&desk, "ada@example.com");
    assert_eq!(rate(refused), (RateLimit::SendsPerDay, 1));
    life.until("2026-01-02T00:00:00Z");
    life.send(&desk, "ada@example.com").expect("a new day");
    let counts = life.state.usage.counts_of(desk.id, life.now);
    assert_eq!(counts, InboxCounts { sends: 1, cold: 0 });
}

#[test]
fn of_two_bounds_the_one_that_holds_longer_is_told() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    life.receive(&desk, "ada@example.com");
    for number in 0..200 {
        life.send(&desk, "ada@example.com").expect("there is room");
        if number % 10 == 9 && number < 199 {
            life.pass(60_000);
        }
    }
    let (limit, _) = rate(life.send(&desk, "ada@example.com"));
    assert_eq!(limit, RateLimit::SendsPerDay);
}

#[test]
fn the_hundred_and_first_inbox_of_a_day_waits_for_midnight() {
    let mut life = Life::new();
    let create = |life: &mut Life| {
        let created = life.write(|tx| inboxes::create(tx, Scope::Account, NewInbox::default()));
        created.map(|_| ())
    };
    life.until("2026-01-01T23:00:00Z");
    for _ in 0..100 {
        create(&mut life).expect("there is room");
    }
    assert_eq!(rate(create(&mut life)), (RateLimit::InboxesPerDay, 60 * 60));
    assert_eq!(life.state.inboxes.len(), 100);
    life.until("2026-01-02T00:00:00Z");
    create(&mut life).expect("a new day");
}

#[test]
fn an_inbox_that_goes_makes_no_room_for_another() {
    let mut life = Life::new();
    for _ in 0..100 {
        let created = life.write(|tx| inboxes::create(tx, Scope::Account, NewInbox::default()));
        let id = created.expect("there is room").inbox.id.to_string();
        life.write(|tx| inboxes::delete(tx, &id)).expect("it goes");
    }
    let refused = life.write(|tx| inboxes::create(tx, Scope::Account, NewInbox::default()));
    let (limit, _) = rate(refused.map(|_| ()));
    assert_eq!(limit, RateLimit::InboxesPerDay);
}

#[test]
fn what_an_inbox_used_is_forgotten_when_it_goes() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    life.send(&desk, "ada@example.com").expect("there is room");
    life.write(|tx| inboxes::delete(tx, &desk.id.to_string()))
        .expect("it goes");
    let left = life.state.usage.counts(life.now);
    let expected = Counts {
        inboxes_opened: 0,
        cold: 1,
    };
    assert_eq!((left, life.state.usage.inboxes()), (expected, Vec::new()));
}

#[test]
fn what_is_counted_while_nothing_holds_counts_once_it_does() {
    let mut life = Life::new();
    openmail_mock::domain::account::set_default_limits(&mut life.state, false);
    let desk = life.inbox("desk");
    for _ in 0..30 {
        life.send(&desk, "ada@example.com").expect("nothing holds");
    }
    openmail_mock::domain::account::set_default_limits(&mut life.state, true);
    let (limit, _) = rate(life.send(&desk, "ada@example.com"));
    assert_eq!(limit, RateLimit::SendsPerMinute);
}

#[test]
fn an_account_that_did_nothing_used_nothing() {
    assert_eq!(*Life::new().state.usage, Usage::default());
}
