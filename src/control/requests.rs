//! The journal: list it by any field, read one exchange, clear it.

use hyper::StatusCode;
use hyper::header::ACCEPT;
use serde_json::{Value, json};

use super::exchange::ExchangeView;
use super::terminal;
use crate::api::Row;
use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::contract::{Contract, nearest};
use crate::record::journal::Exchange;
use crate::record::pattern::fits;

pub(super) const ROWS: &[Row] = &[
    Row::guarded("listRequests", list_requests),
    Row::guarded("getRequest", get_request),
    Row::guarded("clearRequests", clear_requests),
];

fn list_requests(call: &Call<'_>) -> Result<Reply, Failure> {
    let filter = Filter::of(call)?;
    let extract = call
        .world
        .journal(call.page(), |exchange| filter.picks(exchange));
    let rows = extract.listing.rows.iter();
    let served = served(call);
    let view = json!({
        "data": rows.map(|exchange| ExchangeView::of(served, call.world, exchange)).collect::<Vec<_>>(),
        "total": extract.listing.total,
        "evicted": extract.evicted,
    });
    Ok(Reply::json(StatusCode::OK, &view))
}

fn get_request(call: &Call<'_>) -> Result<Reply, Failure> {
    let id = call.path("id")?;
    // Ids are unique in the process: whoever has one need not know whose world it was.
    let app = &call.shared.app;
    let elsewhere = |number| {
        let worlds = app.names().into_iter().filter_map(|name| app.peek(&name));
        let mut found =
            worlds.filter_map(|world| world.exchange(number).map(|found| (world, found)));
        found.next()
    };
    let found = number_of(id).and_then(|number| match call.world.exchange(number) {
        Some(exchange) => Some((call.caller.world().clone(), exchange)),
        None => elsewhere(number),
    });
    let Some((world, exchange)) = found else {
        let message = format!(
            "no journal holds the exchange `{id}`: old exchanges make room for new ones, and neither readiness, documents and preflights nor calls of the control plane are recorded"
        );
        return Err(Failure::new(StatusCode::NOT_FOUND, "not_found", message));
    };
    // A key that comes along is about whom the world is, a name in the query about which it is.
    if let Some(named) = call
        .query_text("world")?
        .filter(|named| *named != &*world.name)
    {
        let message = format!(
            "the exchange `{id}` stands in the journal of the world `{}`, not of `{named}`: leave `world` out, or name that one",
            world.name
        );
        return Err(Failure::new(StatusCode::NOT_FOUND, "not_found", message));
    }
    let view = ExchangeView::of(served(call), &world, &exchange);
    if terminal::is_wanted(call.request.header(ACCEPT.as_str())) {
        let text = terminal::text(&view);
        return Ok(Reply::bytes(
            StatusCode::OK,
            "text/plain; charset=utf-8",
            text,
        ));
    }
    Ok(Reply::json(StatusCode::OK, &view))
}

/// The API's contract, and where it is served.
fn served<'c>(call: &'c Call<'_>) -> (&'c Contract, &'c str) {
    (&call.shared.api.contract, &call.shared.url)
}

fn clear_requests(call: &Call<'_>) -> Result<Reply, Failure> {
    call.world.clear_journal();
    Ok(Reply::no_content())
}

pub(super) fn number_of(id: &str) -> Option<u64> {
    let digits = id.strip_prefix("req_")?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_plain)
}

/// What of a journal somebody wants to see.
struct Filter<'c> {
    operation: Option<Vec<usize>>,
    /// In upper case, for case says nothing.
    method: Option<String>,
    path: Option<&'c str>,
    status: Option<i64>,
    error: Option<&'c str>,
    valid: Option<bool>,
    since: Option<u64>,
}

impl<'c> Filter<'c> {
    fn of(call: &'c Call<'_>) -> Result<Self, Failure> {
        let contract = &call.shared.api.contract;
        let operation = match call.query_text("operation")? {
            None => None,
            Some(pattern) => {
                let known = contract.operations.iter().enumerate();
                let fitting = known.filter(|(_, known)| fits(pattern, &known.id));
                let fitting: Vec<usize> = fitting.map(|(index, _)| index).collect();
                if fitting.is_empty() {
                    return Err(unknown_operation(contract, pattern));
                }
                Some(fitting)
            }
        };
        let since = match call.query_text("since")? {
            None => None,
            Some(id) => Some(number_of(id).ok_or_else(|| {
                Failure::bad_request(format!(
                    "`since` is `{id}`, which is no exchange's id; ids look like `req_12`"
                ))
            })?),
        };
        Ok(Self {
            operation,
            method: call.query_text("method")?.map(str::to_uppercase),
            path: call.query_text("path")?,
            status: call.query_integer("status"),
            error: call.query_text("error")?,
            valid: call.input.query("valid").and_then(Value::as_bool),
            since,
        })
    }

    fn picks(&self, exchange: &Exchange) -> bool {
        let (method, target) = exchange.first_line();
        let path = target.split('?').next().unwrap_or_default();
        let facts = &exchange.facts;
        self.since.is_none_or(|since| exchange.number > since)
            && self
                .status
                .is_none_or(|status| facts.status.map(i64::from) == Some(status))
            && self.valid.is_none_or(|valid| valid != facts.invalid)
            && self.operation.as_ref().is_none_or(|wanted| {
                exchange
                    .operation
                    .is_some_and(|index| wanted.contains(&index))
            })
            && self
                .method
                .as_ref()
                .is_none_or(|wanted| fits(wanted, &method.to_uppercase()))
            && self.error.is_none_or(|wanted| {
                let error = facts.error.as_deref();
                error.is_some_and(|error| fits(wanted, error))
            })
            && self.path.is_none_or(|pattern| {
                let text = if pattern.contains('?') { target } else { path };
                fits(pattern, text)
            })
    }
}

pub(super) fn unknown_operation(contract: &Contract, id: &str) -> Failure {
    let ids = contract.operations.iter().map(|known| known.id.as_str());
    let hint = nearest(id, ids)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    let what = match id.contains('*') {
        true => "no operation that fits",
        false => "no operation",
    };
    Failure::bad_request(format!("the document has {what} `{id}`{hint}"))
}
