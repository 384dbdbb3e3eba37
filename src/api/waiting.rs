//! Calls that wait for their world: until something is so, or until their time is over.
//!
//! A waiting call holds no thread and no lock. It sleeps on the world's signal and on real time and
//! looks again after a change; however often the world changed meanwhile, it looks once.

use std::pin::pin;
use std::time::Duration;

use tokio::select;
use tokio::time::sleep;

use super::failures::Failure;
use super::reply::Reply;
use crate::app::{App, Caller, World};

/// What a call waits for, and what it answers.
pub struct Waiting {
    /// For how long at most, by real time. Nothing means: look once.
    within: Duration,
    /// The answer, as soon as there is one. It runs on the event loop, once for each change, for
    /// up to a thousand calls: it keeps a place from which to look on.
    ask: Box<Ask>,
    /// The answer when the time is over; `ask` had its last look just before.
    otherwise: Box<Otherwise>,
}

type Ask = dyn FnMut(&World) -> Option<Result<Reply, Failure>> + Send;
type Otherwise = dyn FnOnce(&World) -> Result<Reply, Failure> + Send;

impl Waiting {
    /// Waits until `ask` has an answer, or answers `otherwise` after that time.
    pub fn new(
        within: Duration,
        ask: impl FnMut(&World) -> Option<Result<Reply, Failure>> + Send + 'static,
        otherwise: impl FnOnce(&World) -> Result<Reply, Failure> + Send + 'static,
    ) -> Self {
        Self {
            within,
            ask: Box::new(ask),
            otherwise: Box::new(otherwise),
        }
    }

    /// Waits, and answers at the latest when the time is over, when the world is no longer that
    /// which the caller came to, or when the server stops.
    ///
    /// # Errors
    ///
    /// Whatever `ask` or `otherwise` answer, [`Failure::world_changed`],
    /// [`Failure::server_stopping`], and a failure from `TooManyWaiting`.
    pub(super) async fn end(self, app: &App, caller: &Caller) -> Result<Reply, Failure> {
        let Self {
            within,
            mut ask,
            otherwise,
        } = self;
        let world = caller.world();
        let mut end = pin!(sleep(within));
        let mut is_over = within.is_zero();
        // Taken by those who really wait.
        let mut seat = None;
        loop {
            // Before looking, so that no change falls between the look and the sleep.
            let changed = world.changed();
            if caller.is_outlived() {
                return Err(Failure::world_changed());
            }
            if let Some(answer) = ask(world) {
                return answer;
            }
            if is_over {
                return otherwise(world);
            }
            if app.is_closing() {
                return Err(Failure::server_stopping());
            }
            if seat.is_none() {
                seat = Some(world.take_seat()?);
            }
            // Time first: a world that never rests keeps nobody beyond their time.
            is_over = select! {
                biased;
                () = &mut end => true,
                () = changed => false,
            };
        }
    }
}
