//! Custom domains: handlers and rows.

use hyper::StatusCode;
use serde::Serialize;

use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use super::views::ListView;
use super::{Row, Who};
use crate::domain::clock::Timestamp;
use crate::domain::domains::{self, Domain, Record, Status, records};
use crate::domain::ids::Id;
use crate::domain::refusal::Resource;

pub(super) const ROWS: &[Row] = &[
    Row::new("createDomain", Who::Pods, create_domain),
    Row::new("listDomains", Who::Pods, list_domains),
    Row::new("getDomain", Who::Pods, get_domain).about(Resource::Domain),
    Row::new("updateDomain", Who::Account, update_domain).about(Resource::Domain),
    Row::new("verifyDomain", Who::Account, verify_domain).about(Resource::Domain),
    Row::new("deleteDomain", Who::Account, delete_domain).about(Resource::Domain),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DomainView<'d> {
    id: Id,
    domain: &'d str,
    pod_id: Option<Id>,
    status: &'static str,
    records: Vec<RecordView>,
    warnings: &'d [String],
    verified_at: Option<Timestamp>,
    message: Option<&'static str>,
    created_at: Timestamp,
}

#[derive(Serialize)]
struct RecordView {
    r#type: &'static str,
    name: &'static str,
    value: String,
    purpose: &'static str,
    status: Option<&'static str>,
    priority: Option<u16>,
}

impl From<Record> for RecordView {
    fn from(record: Record) -> Self {
        Self {
            r#type: record.kind,
            name: record.name,
            value: record.value.into_owned(),
            purpose: record.purpose,
            status: record.status,
            priority: record.priority,
        }
    }
}

impl<'d> From<&'d Domain> for DomainView<'d> {
    fn from(domain: &'d Domain) -> Self {
        let records = records(domain).into_iter();
        Self {
            id: domain.id,
            domain: &domain.domain,
            pod_id: domain.pod,
            status: domain.status.word(),
            records: records.map(RecordView::from).collect(),
            warnings: &domain.warnings,
            verified_at: domain.verified_at,
            message: message(domain.status),
            created_at: domain.created_at,
        }
    }
}

/// What to do next, if something is to be done.
fn message(status: Status) -> Option<&'static str> {
    match status {
        Status::Pending => Some("set the records where your DNS is kept, then ask for a check"),
        Status::Verifying => Some("the records are being looked for; ask again in a while"),
        Status::Verified => None,
        Status::Failed => Some("the records were not found; compare them, then ask for a check"),
        Status::UnderReview => Some("a person looks at this domain before it can be used"),
    }
}

fn create_domain(call: &Call<'_>) -> Result<Reply, Failure> {
    // The document makes it obligatory.
    let domain = call.text("domain")?.unwrap_or_default();
    let pod = call.text("podId")?;
    let scope = call.caller.scope();
    let domain = call
        .caller
        .write(|tx| domains::add(tx, scope, &domain, pod.as_deref()))?;
    Ok(Reply::json(
        StatusCode::CREATED,
        &DomainView::from(&*domain),
    ))
}

fn list_domains(call: &Call<'_>) -> Result<Reply, Failure> {
    let scope = call.caller.scope();
    let listing = call
        .world
        .read(|state| domains::list(state, scope, call.page()));
    let view = ListView::<DomainView<'_>>::of(&listing);
    Ok(Reply::json(StatusCode::OK, &view))
}

fn get_domain(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    let domain = call.world.read(|state| domains::named(state, key))?;
    Ok(Reply::json(StatusCode::OK, &DomainView::from(&*domain)))
}

fn update_domain(call: &Call<'_>) -> Result<Reply, Failure> {
    let (key, pod) = (call.path("id")?, call.text("podId")?);
    let domain = call
        .caller
        .write(|tx| domains::rescope(tx, key, pod.as_deref()))?;
    Ok(Reply::json(StatusCode::OK, &DomainView::from(&*domain)))
}

fn verify_domain(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    let domain = call.caller.write(|tx| domains::verify(tx, key))?;
    Ok(Reply::json(StatusCode::OK, &DomainView::from(&*domain)))
}

fn delete_domain(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    call.caller.write(|tx| {
        let domain = domains::named(tx.state, key)?;
        domains::delete(tx, domain.id)
    })?;
    Ok(Reply::no_content())
}
