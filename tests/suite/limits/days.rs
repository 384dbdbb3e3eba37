//! Recipients who never wrote: how many on a day, by plan and age, and a warm-up day by day.

use std::time::Instant;

use openmail_mock::domain::account::Plan;
use openmail_mock::domain::inboxes::Inbox;
use openmail_mock::domain::limits::InboxCounts;
use openmail_mock::domain::refusal::ColdScope;
use openmail_mock::domain::{messages, threads};

use super::{Life, cold};

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// Sends to so many strangers, ten in each mail and a minute after every tenth mail.
fn reach_out(life: &mut Life, inbox: &Inbox, strangers: usize) {
    let names: Vec<String> = (0..strangers)
        .map(|number| format!("n{number}@example.com"))
        .collect();
    for (mails, group) in names.chunks(10).enumerate() {
        let group: Vec<&str> = group.iter().map(String::as_str).collect();
        life.send_to(inbox, &group[..1], &group[1..], &[])
            .unwrap_or_else(|refusal| panic!("{refusal} after {mails} mails"));
        if mails % 10 == 9 {
            life.pass(60_000);
        }
    }
}

#[test]
fn a_young_inbox_reaches_twenty_strangers_a_day() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    life.until("2026-01-01T18:00:00Z");
    reach_out(&mut life, &desk, 20);
    let refused = cold(life.send(&desk, "ada@example.com"));
    let midnight = "2026-01-02T00:00:00.000Z".to_owned();
    assert_eq!(refused, (ColdScope::Inbox, 20, midnight, 6 * 60 * 60));
}

#[test]
fn a_day_begins_at_midnight_to_the_millisecond() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    reach_out(&mut life, &desk, 20);
    life.until("2026-01-01T23:59:59.999Z");
    let (.., seconds) = cold(life.send(&desk, "ada@example.com"));
    assert_eq!(seconds, 1);
    life.until("2026-01-02T00:00:00Z");
    life.send(&desk, "ada@example.com").expect("a new day");
    let (counts, cold) = (InboxCounts { sends: 1, cold: 1 }, 1);
    let usage = &life.state.usage;
    assert_eq!(usage.counts_of(desk.id, life.now), counts);
    assert_eq!(usage.counts(life.now).cold, cold);
}

#[test]
fn an_inbox_is_young_until_exactly_thirty_days_have_passed() {
    let mut life = Life::on(Plan::Enterprise);
    let desk = life.inbox("desk");
    life.until("2026-01-30T23:59:59.999Z");
    reach_out(&mut life, &desk, 20);
    let (scope, limit, ..) = cold(life.send(&desk, "ada@example.com"));
    assert_eq!((scope, limit), (ColdScope::Inbox, 20));
    life.until("2026-01-31T00:00:00Z");
    life.send(&desk, "ada@example.com").expect("30 days");
    life.pass(60_000);
    reach_out(&mut life, &desk, 199);
    let (scope, limit, ..) = cold(life.send(&desk, "ada@example.com"));
    assert_eq!((scope, limit), (ColdScope::Inbox, 200));
}

#[test]
fn what_all_inboxes_reach_together_follows_from_plan_and_age() {
    for (plan, instant, limit) in [
        (Plan::Free, "2026-01-30T23:00:00Z", 30),
        (Plan::Free, "2026-01-31T00:00:00Z", 100),
        (Plan::Pro, "2026-01-30T23:00:00Z", 150),
        (Plan::Pro, "2026-01-31T00:00:00Z", 500),
    ] {
        let mut life = Life::on(plan);
        // Inboxes that are young themselves have room for twenty.
        life.until(instant);
        for number in 0..limit / 20 + 1 {
            let inbox = life.inbox(&format!("box{number}"));
            let left = limit - number * 20;
            reach_out(&mut life, &inbox, left.min(20));
        }
        let last = life.inbox("last");
        let (scope, told, ..) = cold(life.send(&last, "ada@example.com"));
        assert_eq!(scope, ColdScope::Account, "{plan:?} at {instant}");
        assert_eq!(usize::try_from(told), Ok(limit), "{plan:?} at {instant}");
    }
}

#[test]
fn an_enterprise_account_has_no_bound_of_its_own() {
    let mut life = Life::on(Plan::Enterprise);
    for number in 0..40 {
        let inbox = life.inbox(&format!("box{number}"));
        reach_out(&mut life, &inbox, 20);
    }
    assert_eq!(life.state.usage.counts(life.now).cold, 800);
}

#[test]
fn whoever_wrote_is_not_counted_and_not_refused() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    reach_out(&mut life, &desk, 20);
    life.receive(&desk, "Ada <ADA@Example.com>");
    life.send(&desk, "ada@example.COM").expect("she wrote");
    let refused = life.send_to(&desk, &["ada@example.com"], &["bo@example.com"], &[]);
    let (scope, ..) = cold(refused);
    assert_eq!(scope, ColdScope::Inbox);
}

#[test]
fn whoever_wrote_to_another_inbox_is_a_stranger() {
    let mut life = Life::new();
    let (desk, door) = (life.inbox("desk"), life.inbox("door"));
    life.receive(&door, "ada@example.com");
    reach_out(&mut life, &desk, 20);
    cold(life.send(&desk, "ada@example.com"));
}

#[test]
fn to_and_cc_count_once_each_and_bcc_does_not() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    life.send_to(
        &desk,
        &["ada@example.com"],
        &["ADA@example.com", "bo@example.com", "cy@example.com"],
        &["di@example.com", "ed@example.com"],
    )
    .expect("there is room");
    let counts = life.state.usage.counts_of(desk.id, life.now);
    assert_eq!(counts, InboxCounts { sends: 1, cold: 3 });
}

#[test]
fn the_same_stranger_counts_again_with_every_mail() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    for _ in 0..3 {
        life.send(&desk, "ada@example.com").expect("there is room");
    }
    assert_eq!(life.state.usage.counts(life.now).cold, 3);
}

#[test]
fn a_mail_that_some_of_its_strangers_would_fit_is_refused_whole() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    reach_out(&mut life, &desk, 19);
    let before = life.state.usage.clone();
    let refused = life.send_to(&desk, &["ada@example.com"], &["bo@example.com"], &[]);
    cold(refused);
    assert_eq!(life.state.usage, before);
    life.send(&desk, "ada@example.com")
        .expect("one of them fits");
}

#[test]
fn whose_only_mail_is_deleted_is_a_stranger_again() {
    let mut life = Life::new();
    let desk = life.inbox("desk");
    for from in ["ada@example.com", "bo@example.com", "cy@example.com"] {
        life.receive(&desk, from);
    }
    let known = |life: &Life, from: &str| messages::has_come_from(&life.state, desk.id, from);
    let of = |life: &Life, from: &str| {
        let mut all = life.state.messages.iter();
        let found = all.find(|message| &*message.mail.from == from);
        found.expect("it came").clone()
    };
    let (ada, bo) = (of(&life, "ada@example.com"), of(&life, "bo@example.com"));
    life.write(|tx| messages::delete(tx, &ada.id.to_string()))
        .expect("it goes");
    life.write(|tx| threads::delete(tx, &bo.thread.to_string()))
        .expect("it goes");
    let known =
        ["ada@example.com", "bo@example.com", "cy@example.com"].map(|from| known(&life, from));
    assert_eq!(known, [false, false, true]);
}

#[test]
#[allow(clippy::disallowed_methods)] // The patience of tests is real time.
fn a_warm_up_of_thirty_one_days_takes_milliseconds() {
    let begun = Instant::now();
    let mut life = Life::new();
    let desk = life.inbox("desk");
    for day in 0..31 {
        // With its thirtieth day behind it the inbox may do more, and so may the account.
        let limit = if day < 30 { 20 } else { 200 };
        reach_out(&mut life, &desk, limit);
        let (scope, told, ..) = cold(life.send(&desk, "one.more@example.com"));
        assert_eq!(
            (scope, usize::try_from(told)),
            (ColdScope::Inbox, Ok(limit))
        );
        let midnight = (life.now.millis() / DAY + 1) * DAY;
        life.pass(midnight - life.now.millis());
    }
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}
