//! Requests of an account within a minute.

use openmail_mock::domain::account::set_default_limits;
use openmail_mock::domain::limits::count_request;
use openmail_mock::domain::refusal::RateLimit;

use super::{Life, rate};

#[test]
fn the_thousand_and_first_request_of_a_minute_waits_for_the_next() {
    let mut life = Life::new();
    life.until("2026-01-01T12:00:30.500Z");
    for _ in 0..1_000 {
        life.write(count_request).expect("there is room");
    }
    let refused = life.write(count_request);
    assert_eq!(rate(refused), (RateLimit::RequestsPerMinute, 30));
    life.until("2026-01-01T12:00:59.999Z");
    let refused = life.write(count_request);
    assert_eq!(rate(refused), (RateLimit::RequestsPerMinute, 1));
    life.until("2026-01-01T12:01:00Z");
    life.write(count_request).expect("a new minute");
    let (minute, count) = life.state.usage.requests().expect("it was counted");
    assert_eq!(minute.start(), life.now);
    assert_eq!(count, 1);
}

#[test]
fn requests_are_not_counted_while_limits_do_not_hold() {
    let mut life = Life::new();
    set_default_limits(&mut life.state, false);
    for _ in 0..1_001 {
        life.write(count_request).expect("nothing holds");
    }
    assert_eq!(life.state.usage.requests(), None);
}
