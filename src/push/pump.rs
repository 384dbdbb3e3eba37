//! Who delivers: for each world with something due, a task that begins the attempts in order, and a
//! task for each attempt. What is due stands in the state, so a pump that ends loses nothing.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::select;
use tokio::sync::{oneshot, watch};
use tokio::task::unconstrained;
use tokio::time::{sleep, timeout};

use super::payload::{Telling, payload};
use super::webhooks::{Interference, Manner, PATIENCE, Parcel, attempt};
use crate::app::{Claim, PumpSeat, Tasks, World};
use crate::domain::deliveries::Delivery;
use crate::domain::ids::Id;
use crate::domain::webhooks::{Reach, Webhook};
use crate::record::attempts::Attempt;
use crate::record::tampering::Tampering;

/// The pump sleeps no longer than this; by then it looks anew.
const LONGEST_SLEEP: Duration = Duration::from_secs(3_600);
/// Attempts begin within microseconds. Whoever waits this long for that met a defect, which is
/// counted elsewhere, and is answered all the same.
const SETTLING: Duration = Duration::from_secs(1);

/// What a delivery's turn came to, of those that are let go one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// An attempt was made.
    Attempted(Id),
    /// None was, since it was settled before.
    Settled(Id),
    /// It made room meanwhile.
    Gone,
}

/// What delivers, and how; a clone is the same one.
#[derive(Clone)]
pub struct Courier {
    tasks: Arc<Tasks>,
    /// What URLs in payloads begin with, without a slash at the end.
    base: Arc<str>,
    manner: Manner,
}

impl Courier {
    /// Delivers within that reach, in tasks of that process.
    #[must_use]
    pub fn new(tasks: Arc<Tasks>, base: &str, reach: Reach) -> Self {
        Self {
            tasks,
            base: Arc::from(base),
            manner: Manner {
                reach,
                patience: PATIENCE,
            },
        }
    }

    /// The same, for receivers that may take another time.
    #[must_use]
    pub fn waiting(self, patience: Duration) -> Self {
        let manner = Manner {
            patience,
            ..self.manner
        };
        Self { manner, ..self }
    }

    /// Sees to it that somebody makes the attempts that are due, or will be by themselves.
    pub fn kick(&self, world: &Arc<World>) {
        if world.until_due().is_some()
            && let Some(seat) = world.take_pump_seat()
        {
            self.tasks.spawn(self.clone().pump(seat));
        }
    }

    /// Waits until every attempt that is due has begun, and until those of a state that is gone are
    /// broken off. A world without deliveries costs a look.
    pub async fn settled(&self, world: &Arc<World>) {
        if !world.has_deliveries() {
            return;
        }
        self.kick(world);
        let begun = async {
            loop {
                let changed = world.changed();
                if !world.is_settling() || self.tasks.is_closing() {
                    return;
                }
                self.kick(world);
                changed.await;
            }
        };
        // Whoever cannot start tasks waits for none.
        if self.tasks.is_able() {
            let _ = timeout(SETTLING, begun).await;
        }
    }

    /// Begins what is due and sleeps until more is: the world's signal wakes it, or real time, if
    /// its clock runs. A world in which nothing falls due by itself has no pump.
    async fn pump(self, mut seat: PumpSeat) {
        loop {
            let rest = {
                let world = seat.world();
                let changed = world.changed();
                for (claim, delivery) in world.claim_due() {
                    self.begin(claim, delivery);
                }
                let rest = world.until_due().filter(|_| !self.tasks.is_closing());
                if let Some(rest) = rest {
                    select! {
                        () = changed => {}
                        () = sleep(rest.min(LONGEST_SLEEP)) => {}
                    }
                }
                rest
            };
            if rest.is_some() {
                continue;
            }
            let world = seat.world().clone();
            // The seat is given back before the last look: whoever finds it taken relies on it.
            drop(seat);
            let next = world.until_due().and_then(|_| world.take_pump_seat());
            world.leave();
            match next.filter(|_| !self.tasks.is_closing()) {
                Some(taken) => seat = taken,
                None => return,
            }
        }
    }

    /// Begins an attempt here and goes on with it elsewhere: so those of one instant start in their
    /// order, and whoever sees the claim knows that it has begun.
    fn begin(&self, claim: Claim, delivery: Arc<Delivery>) {
        let courier = self.clone();
        // A task of its own: the pump may end while a receiver takes its time.
        let mut begun: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            courier.make(&claim, &delivery).await;
            let world = claim.world().clone();
            drop(claim);
            // A retry may be due by real time, and there may be no pump to see that.
            courier.kick(&world);
            world.leave();
        });
        // Without the budget of a task, which ends after some hundred of them.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let context = &mut Context::from_waker(Waker::noop());
            pin!(unconstrained(begun.as_mut())).poll(context)
        }));
        match polled {
            Ok(Poll::Ready(())) => {}
            Ok(Poll::Pending) => drop(self.tasks.spawn(begun)),
            // One attempt's defect, counted as any other task's: the others go on.
            Err(panic) => drop(self.tasks.spawn(async move { resume_unwind(panic) })),
        }
    }

    /// Makes the attempt of a claim and notes it; breaks off when the world is another one.
    async fn make(&self, claim: &Claim, delivery: &Delivery) {
        let number = delivery.attempts + 1;
        let at = claim.world().now();
        let telling = Telling {
            base: &self.base,
            attempt: number,
            at,
        };
        let struck = struck(claim.world(), delivery, number);
        let parcel = |interference| Parcel {
            webhook: &delivery.webhook,
            event: delivery.event.id,
            body: payload(&delivery.event, telling),
            number,
            at: at.millis(),
            interference,
        };
        let interference = struck.map(|(interference, _)| interference);
        if let Some(made) = self.attempt(claim, parcel(interference)).await {
            claim.note(made);
        }
        if struck.is_some_and(|(_, duplicate)| duplicate) {
            // The same once more, which counts as no attempt: nobody asks what comes of it.
            let _ = self.attempt(claim, parcel(interference)).await;
        }
    }

    /// Makes one attempt; none if the world was another one before it was answered.
    async fn attempt(&self, claim: &Claim, parcel: Parcel<'_>) -> Option<Attempt> {
        select! {
            biased;
            () = claim.outlived() => None,
            made = attempt(parcel, self.manner, || !claim.is_outlived()) => {
                Some(made).filter(|_| !claim.is_outlived())
            }
        }
    }

    /// Makes the next attempt of each of these deliveries, one after the other, whatever is due;
    /// with `all`, of those too that are settled. Tells of each when it is its turn no more.
    #[must_use]
    pub fn release(
        &self,
        world: &Arc<World>,
        ids: Vec<Id>,
        all: bool,
    ) -> watch::Receiver<Vec<Turn>> {
        let (told, telling) = watch::channel(Vec::with_capacity(ids.len()));
        let (courier, world) = (self.clone(), world.clone());
        self.tasks.spawn(async move {
            for id in ids {
                let claimed = claimed(&world, id).await;
                let turn = match &claimed {
                    Some((claim, delivery)) if all || delivery.status.due().is_some() => {
                        courier.make(claim, delivery).await;
                        Turn::Attempted(id)
                    }
                    Some(_) => Turn::Settled(id),
                    None => Turn::Gone,
                };
                // Told before the claim is given back, which wakes whoever waits for it.
                told.send_modify(|turns| turns.push(turn));
                drop(claimed);
                if told.is_closed() {
                    break;
                }
            }
            drop(told);
            // What is gone had no claim that anybody would be woken by.
            world.wake();
            courier.kick(&world);
            world.leave();
        });
        telling
    }

    /// Sends one body to a webhook, once; tells what became of it.
    #[must_use]
    pub fn send(
        &self,
        claim: Claim,
        event: Id,
        webhook: Webhook,
        body: Vec<u8>,
    ) -> oneshot::Receiver<Attempt> {
        let (told, telling) = oneshot::channel();
        let courier = self.clone();
        self.tasks.spawn(async move {
            let parcel = Parcel {
                webhook: &webhook,
                event,
                body,
                number: 1,
                at: claim.world().now().millis(),
                interference: None,
            };
            if let Some(made) = courier.attempt(&claim, parcel).await {
                // Whoever left has no use for it.
                let _ = told.send(made);
            }
        });
        telling
    }
}

/// The first fault of the world that is about this attempt, which it strikes; and whether the
/// receiver gets it twice.
fn struck(world: &World, delivery: &Delivery, number: u32) -> Option<(Interference, bool)> {
    let faults = world.faults()?;
    let subject = &delivery.event.subject;
    let inbox = subject.inbox().map(|id| {
        let address = world.read(|state| Some(state.inboxes.get(id)?.address.to_string()));
        address.into_iter().chain([id.to_string()]).collect()
    });
    let inbox: Vec<String> = inbox.unwrap_or_default();
    let event = subject.kind().word();
    let is_about = |tampering: &Tampering| tampering.is_about(event, &inbox, number);
    let mut known = faults.iter().enumerate();
    let (index, fault) =
        known.find(|(_, it)| it.delivery.as_ref().is_some_and(is_about) && it.strike())?;
    let tampering = fault.delivery.as_ref()?;
    let interference = Interference {
        index,
        status: fault.status,
        corruption: tampering.corruption,
    };
    Some((interference, tampering.duplicate))
}

/// A claim on a delivery, as soon as nobody else has one; none if the delivery is gone.
async fn claimed(world: &Arc<World>, id: Id) -> Option<(Claim, Arc<Delivery>)> {
    loop {
        let changed = world.changed();
        match world.claim(id) {
            Ok(Some(claimed)) => return Some(claimed),
            Ok(None) => changed.await,
            Err(_) => return None,
        }
    }
}
