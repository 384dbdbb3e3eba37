//! The spine's step in which a request meets what was to go wrong: its own `Prefer`, or the first
//! fault of its world that is about it.
//!
//! What is chosen stays with the request, so that one that is held back meets it once.

use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use tokio::select;
use tokio::time::sleep;

use super::call::Call;
use super::failures::Failure;
use super::forced::{self, Asker, Choice};
use super::preference::{APPLIED, Preferred};
use crate::app::App;
use crate::contract::{In, Item, Operation, query_pairs};
pub use crate::record::faults::{Cut, Forced};
use crate::record::faults::{Fault, When, all_fit};

/// What happens to a request instead of what its operation does, or beside it.
pub(super) enum Intervention {
    Preference(Preferred),
    Fault {
        /// The list as it stood when the request met it.
        faults: Arc<[Fault]>,
        index: usize,
        /// Whether the request was held back already.
        is_held: bool,
    },
}

/// What a request meets. A preference of its own comes first, and no fault is counted then.
pub(super) fn meet(
    call: &Call<'_>,
    operation: &Operation,
) -> Result<Option<Box<Intervention>>, Failure> {
    let preferred = Preferred::of(&call.request.headers)
        .map_err(|misspelt| Failure::bad_request(misspelt.words()))?;
    if let Some(preferred) = preferred {
        let (status, error) = (preferred.status(), preferred.error.as_deref());
        if forced::choose(operation, status, error, Asker::Request).is_none() {
            let possible = forced::possible(operation, error, Asker::Request);
            let words = preferred.words();
            return Err(Failure::bad_request(format!(
                "`Prefer: {words}` asks for what this operation does not answer; {possible}"
            )));
        }
        return Ok(Some(Box::new(Intervention::Preference(preferred))));
    }
    let Some(faults) = call.world.faults() else {
        return Ok(None);
    };
    let is_met = |fault: &Fault| {
        fault.is_about(&operation.id) && is_so(&fault.when, call, operation) && fault.strike()
    };
    let met = faults.iter().position(is_met);
    Ok(met.map(|index| {
        Box::new(Intervention::Fault {
            faults,
            index,
            is_held: false,
        })
    }))
}

impl Intervention {
    fn fault(&self) -> Option<&Fault> {
        match self {
            Intervention::Preference(_) => None,
            Intervention::Fault { faults, index, .. } => Some(&faults[*index]),
        }
    }

    /// For how long the request is still to be held back; asked once, it is over.
    pub fn take_delay(&mut self) -> Option<Duration> {
        let Intervention::Fault {
            faults,
            index,
            is_held,
        } = self
        else {
            return None;
        };
        let was_held = std::mem::replace(is_held, true);
        let delay = faults[*index].delay;
        (!was_held && !delay.is_zero()).then_some(delay)
    }

    /// The answer that is forced, if one is.
    pub fn choice<'o>(&self, operation: &'o Operation) -> Option<Choice<'o>> {
        let (status, error, asker) = match self {
            Intervention::Preference(preferred) => {
                let error = preferred.error.as_deref();
                (preferred.status(), error, Asker::Request)
            }
            Intervention::Fault { faults, index, .. } => {
                let fault = &faults[*index];
                (fault.status, fault.error.as_deref(), Asker::Fault)
            }
        };
        forced::choose(operation, status, error, asker)
    }

    /// Whether the answer is forced.
    pub fn is_answer(&self) -> bool {
        let fault = self.fault();
        fault.is_none_or(|fault| fault.status.is_some() || fault.error.is_some())
    }

    /// How the connection breaks.
    pub fn cut(&self) -> Option<Cut> {
        self.fault()?.cut
    }

    /// The fact for the journal.
    pub fn fact(&self) -> Forced {
        match self {
            Intervention::Preference(_) => Forced::Preference,
            Intervention::Fault { index, .. } => Forced::Fault {
                index: *index,
                cut: self.cut(),
            },
        }
    }

    /// What asks, in words.
    pub fn words(&self) -> String {
        match self {
            Intervention::Preference(preferred) => format!("`Prefer: {}`", preferred.words()),
            Intervention::Fault { index, .. } => format!("the fault {index} of this world"),
        }
    }

    /// Lays its headers over those of the answer. They are the word of whoever wrote the fault, so
    /// no contract is asked about them.
    pub fn dress(&self, headers: &mut HeaderMap) {
        match self {
            Intervention::Preference(preferred) => {
                headers.extend(preferred.applied().map(|value| (APPLIED, value)));
            }
            Intervention::Fault { faults, index, .. } => {
                for (name, value) in &faults[*index].headers {
                    let name = HeaderName::from_bytes(name.as_bytes());
                    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                        headers.insert(name, value);
                    }
                }
            }
        }
        if self.cut() == Some(Cut::Before) {
            headers.clear();
        }
    }
}

/// Holds a request back. No thread and no lock is held meanwhile; a server that stops waits for
/// nobody.
pub(super) async fn hold(app: &App, delay: Duration) {
    select! {
        () = sleep(delay) => {}
        () = app.closed() => {}
    }
}

fn is_so(when: &When, call: &Call<'_>, operation: &Operation) -> bool {
    let When {
        path,
        query,
        headers,
        body,
    } = when;
    let has_path = |name: &str| {
        let mut parameters = operation.parameters.iter();
        parameters.any(|known| known.place == In::Path && known.name == name)
    };
    all_fit(path, |name, fits| {
        has_path(name) && call.input.path(name).is_some_and(fits)
    }) && (query.is_empty() || {
        let sent = query_pairs(call.request.uri.query().unwrap_or_default());
        let sent = sent.unwrap_or_default();
        all_fit(query, |name, fits| {
            let mut values = sent.iter().filter(|(known, _)| known == name);
            values.any(|(_, value)| fits(value))
        })
    }) && all_fit(headers, |name, fits| {
        let mut values = call.request.headers.get_all(name).iter();
        values.any(|value| fits(&String::from_utf8_lossy(value.as_bytes())))
    }) && all_fit(body, |name, fits| {
        let sent = call.input.body.as_ref().map(|body| body.root());
        let found = sent.and_then(|sent| find(sent, name));
        found.is_some_and(|item| has_text(item, fits) || any_element(item, fits))
    })
}

/// What a JSON pointer or the name of a field leads to.
pub fn find<'i>(root: Item<'i>, place: &str) -> Option<Item<'i>> {
    let Some(pointer) = place.strip_prefix('/') else {
        return root.get(place);
    };
    pointer.split('/').try_fold(root, |item, token| {
        let name = token.replace("~1", "/").replace("~0", "~");
        let element = || item.elements().nth(token.parse().ok()?);
        item.get(&name).or_else(element)
    })
}

fn any_element(item: Item<'_>, fits: &dyn Fn(&str) -> bool) -> bool {
    item.elements().any(|element| has_text(element, fits))
}

/// Numbers, truth values and null are the text that JSON has for them; what contains others has
/// none of its own.
fn has_text(item: Item<'_>, fits: &dyn Fn(&str) -> bool) -> bool {
    if let Some(text) = item.as_str() {
        return fits(text);
    }
    let is_scalar = item.is_null() || item.as_bool().is_some() || item.is_number();
    is_scalar && fits(&item.to_json().to_string())
}
