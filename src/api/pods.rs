//! Pods: handlers and rows.

use hyper::StatusCode;

use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use super::views::{ListView, PodView};
use super::{Row, Who};
use crate::domain::pods::{self, NewPod, PodChange};
use crate::domain::refusal::Resource;

pub(super) const ROWS: &[Row] = &[
    Row::new("createPod", Who::Account, create_pod),
    Row::new("listPods", Who::Everyone, list_pods),
    Row::new("getPod", Who::Everyone, get_pod).about(Resource::Pod),
    Row::new("updatePod", Who::Account, update_pod).about(Resource::Pod),
    Row::new("deletePod", Who::Account, delete_pod).about(Resource::Pod),
];

fn create_pod(call: &Call<'_>) -> Result<Reply, Failure> {
    let new = NewPod {
        client_id: call.text("clientId")?,
        name: call.text("name")?,
        ..NewPod::default()
    };
    let pod = call.caller.write(|tx| pods::create(tx, new))?;
    Ok(Reply::json(StatusCode::CREATED, &PodView::from(&*pod)))
}

fn list_pods(call: &Call<'_>) -> Result<Reply, Failure> {
    let listing = call
        .world
        .read(|state| pods::list(state, call.caller.scope(), call.page()));
    let view = ListView::<PodView<'_>>::of(&listing);
    Ok(Reply::json(StatusCode::OK, &view))
}

fn get_pod(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    let pod = call.world.read(|state| pods::get(state, key))?;
    Ok(Reply::json(StatusCode::OK, &PodView::from(&*pod)))
}

fn update_pod(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    let change = PodChange {
        client_id: call.change("clientId")?,
        name: call.change("name")?,
    };
    let pod = call.caller.write(|tx| pods::update(tx, key, change))?;
    Ok(Reply::json(StatusCode::OK, &PodView::from(&*pod)))
}

fn delete_pod(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    call.caller.write(|tx| pods::delete(tx, key))?;
    Ok(Reply::no_content())
}
