//! Everything that knows HTTP: the spine, requests and replies, failures, views, and one file for
//! each resource.
//!
//! A resource's file holds its handlers and its rows. A row ties an operationId to a handler;
//! everything else about an operation stands in `openapi.json`.

pub mod call;
pub mod failures;
pub mod faults;
pub mod forced;
pub mod reply;
mod routing;
mod scope;
pub mod spine;
pub mod views;
pub mod waiting;

mod account;
mod attachments;
mod auth;
mod causes;
pub mod coverage;
mod domains;
mod feedback;
pub mod files;
mod inboxes;
mod json;
mod keys;
mod login;
pub mod mail_views;
mod messages;
mod outside;
mod panics;
mod pods;
mod policy;
pub mod post;
mod preference;
mod provocations;
mod recording;
mod refusals;
mod refused;
mod sends;
mod sockets;
mod threads;
mod usage;

use std::sync::{Arc, OnceLock};

use crate::app::App;
use crate::contract::{Contract, Fault, Match, Operation};
use crate::domain::refusal::Resource;
use crate::push::Courier;
use call::{Call, Request};
use coverage::Plan;
use failures::Failure;
use reply::Reply;
use waiting::Waiting;

/// The built-in document of the OpenMail API.
pub const DOCUMENT: &str = include_str!("../../openapi.json");

/// What most operations do: answer.
pub type Handler = fn(&Call<'_>) -> Result<Reply, Failure>;
/// What some operations do: wait for something, and answer then.
pub type WaitingHandler = fn(&Call<'_>) -> Result<Waiting, Failure>;
/// What says whether a request has a form that the document alone does not tell.
pub type FormCheck = fn(&Call<'_>) -> Result<(), Failure>;

/// What an operation does.
#[derive(Debug, Clone, Copy)]
pub enum Behaviour {
    /// It answers.
    Answers(Handler),
    /// It waits first.
    Waits(WaitingHandler),
}

/// One built-in operation.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The operationId.
    pub operation: &'static str,
    /// The kinds of keys that may call it; the control plane lets in whom it will.
    pub who: Who,
    /// What its path or its query addresses.
    pub about: Option<About>,
    /// What is held against a request beside its document, before anybody asks what it addresses.
    pub form: Option<FormCheck>,
    /// What it does.
    pub behaviour: Behaviour,
    /// Whether its bodies carry mail or state, which the option `--max-body` bounds.
    pub takes_large_body: bool,
}

impl Row {
    /// Ties an operation of the API to who may call it and to the handler that answers it.
    #[must_use]
    const fn new(operation: &'static str, who: Who, handler: Handler) -> Self {
        Self {
            who,
            ..Self::guarded(operation, handler)
        }
    }

    /// Ties an operation to the handler that answers it, in a plane that admits requests itself.
    #[must_use]
    pub const fn guarded(operation: &'static str, handler: Handler) -> Self {
        Self::behaving(operation, Behaviour::Answers(handler))
    }

    /// Ties an operation to a handler that says what to wait for before it is answered.
    #[must_use]
    pub const fn waiting(operation: &'static str, handler: WaitingHandler) -> Self {
        Self::behaving(operation, Behaviour::Waits(handler))
    }

    const fn behaving(operation: &'static str, behaviour: Behaviour) -> Self {
        Self {
            operation,
            who: Who::Account,
            about: None,
            form: None,
            behaviour,
            takes_large_body: false,
        }
    }

    /// The same row for a path that addresses something of that kind by `id`.
    #[must_use]
    const fn about(self, what: Resource) -> Self {
        self.about_at(what, "id")
    }

    /// The same row for a path that addresses something by the parameter of that name.
    #[must_use]
    const fn about_at(self, what: Resource, parameter: &'static str) -> Self {
        let about = Some(About::Path { what, parameter });
        Self { about, ..self }
    }

    /// The same row for a query that names a pod or an inbox, or neither for the account.
    #[must_use]
    const fn about_scope(self) -> Self {
        let about = Some(About::Scope);
        Self { about, ..self }
    }

    /// The same row for requests whose form the document alone does not tell.
    #[must_use]
    const fn with_form(self, check: FormCheck) -> Self {
        Self {
            form: Some(check),
            ..self
        }
    }

    /// The same row for a body that carries mail or state.
    #[must_use]
    pub const fn with_large_body(self) -> Self {
        Self {
            takes_large_body: true,
            ..self
        }
    }
}

/// All built-in operations of the API.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let tables: [&[Row]; 12] = [
        account::ROWS,
        pods::ROWS,
        inboxes::ROWS,
        keys::ROWS,
        sends::ROWS,
        messages::ROWS,
        threads::ROWS,
        attachments::ROWS,
        policy::ROWS,
        domains::ROWS,
        usage::ROWS,
        feedback::ROWS,
    ];
    tables.into_iter().flatten()
}

/// For each operation of a document, the behaviour that is built in. In a stranger's document the
/// same operationId may mean something else: method and path must be those of ours too, the names
/// of parameters aside.
#[must_use]
pub fn behaviours(contract: &Contract) -> Vec<Option<&'static Row>> {
    behaviours_beside(contract, ours_beside(contract).as_ref())
}

/// Our own document, to hold a stranger's against.
fn ours_beside(contract: &Contract) -> Option<Contract> {
    match contract.built_in {
        true => None,
        false => built_in_contract().ok(),
    }
}

fn behaviours_beside(contract: &Contract, ours: Option<&Contract>) -> Vec<Option<&'static Row>> {
    let is_ours = |operation: &Operation| match ours {
        None => true,
        Some(ours) => ours.operation(&operation.id).is_some_and(|known| {
            known.method == operation.method && shape(&known.template) == shape(&operation.template)
        }),
    };
    let behaviour = |operation: &Operation| {
        let row = rows().find(|row| row.operation == operation.id);
        row.filter(|_| is_ours(operation))
    };
    contract.operations.iter().map(behaviour).collect()
}

/// A template without the names of its parameters.
fn shape(template: &str) -> String {
    let mut parts = template.split('{');
    let mut shape = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shape.push_str("{}");
        shape.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    shape
}

/// A document and the behaviours behind it.
pub struct Plane {
    /// The document.
    pub contract: Arc<Contract>,
    /// Behaviours by operation index; none where answers are synthesised.
    rows: Vec<Option<&'static Row>>,
    /// Whether unknown fields and parameters are refused.
    pub strict: bool,
    /// Under a stranger's document, our own: an operation that only ours has was taken out, which
    /// makes it not found rather than a wrong method.
    ours: Option<Contract>,
    /// How a request gets into a world.
    entry: spine::Entry,
    /// What there is to be covered, listed by the first exchange: readiness does not wait for it.
    plan: OnceLock<Plan>,
}

impl Plane {
    /// The API's plane over the built-in document or a stranger's.
    #[must_use]
    pub fn api(contract: Contract, strict: bool) -> Self {
        let ours = ours_beside(&contract);
        let rows = behaviours_beside(&contract, ours.as_ref());
        Self {
            plan: OnceLock::new(),
            rows,
            contract: Arc::new(contract),
            strict,
            ours,
            entry: spine::Entry::Key,
        }
    }

    /// A plane that admits requests in its own way, strictly checked.
    #[must_use]
    pub fn guarded(
        contract: Contract,
        rows: impl Iterator<Item = &'static Row>,
        admit: spine::Admit,
    ) -> Self {
        let rows: Vec<&'static Row> = rows.collect();
        let row = |operation: &Operation| {
            let row = rows.iter().find(|row| row.operation == operation.id);
            row.copied()
        };
        Self {
            rows: contract.operations.iter().map(row).collect(),
            contract: Arc::new(contract),
            strict: true,
            ours: None,
            entry: spine::Entry::Guarded(admit),
            plan: OnceLock::new(),
        }
    }

    /// Whether a call's body carries mail or state; known before any of it is read.
    #[must_use]
    pub fn takes_large_body(&self, method: &str, path: &str) -> bool {
        match self.contract.route(method, path) {
            Match::Operation(index, _) => self.rows[index].is_some_and(|row| row.takes_large_body),
            Match::MethodNotAllowed(_) | Match::NotFound => false,
        }
    }

    /// Whether a route exists in our own document but was left out of the one in force.
    fn is_withdrawn(&self, method: &str, path: &str) -> bool {
        let ours = self.ours.as_ref().map(|ours| ours.route(method, path));
        matches!(ours, Some(Match::Operation(..)))
    }

    /// Operation ids without a row and rows without an operation; both empty for our documents.
    #[must_use]
    pub fn mismatches(&self, rows: impl Iterator<Item = &'static Row>) -> Vec<String> {
        let operations = self.contract.operations.iter().zip(&self.rows);
        let unserved = operations.filter(|(_, row)| row.is_none());
        let mut mismatches: Vec<String> = unserved.map(|(op, _)| op.id.clone()).collect();
        let undocumented = rows.filter(|row| self.contract.operation(row.operation).is_none());
        mismatches.extend(undocumented.map(|row| row.operation.to_owned()));
        mismatches
    }
}

/// What handlers and guards share.
pub struct Shared {
    /// All worlds.
    pub app: App,
    /// The API as it is served.
    pub api: Plane,
    /// Who may reach the control plane.
    pub guard: Guard,
    /// Base of URLs that clients are told, without a slash at the end; without one it is that of
    /// the request.
    pub public_url: Option<String>,
    /// Who delivers to webhooks.
    pub courier: Courier,
    /// Where the server listens, as a base URL.
    pub url: String,
}

/// Who may reach the control plane.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Host names that requests may be addressed to; none means any, with a token.
    pub hosts: Option<Vec<String>>,
    /// What the header `OpenMail-Mock-Token` must hold.
    pub token: Option<String>,
}

/// Loads the built-in document.
///
/// # Errors
///
/// Its faults; a test sees that it has none.
pub fn built_in_contract() -> Result<Contract, Vec<Fault>> {
    Contract::load_built_in(DOCUMENT)
}

/// The token of `Authorization: Bearer …`, for planes that admit requests themselves.
#[must_use]
pub fn bearer_token(request: &Request) -> Option<&str> {
    auth::bearer(request)
}

pub use auth::{entrance, is_world_name, key_of, world_of};
pub use routing::nearest_path;
pub use scope::{About, Who};
