//! What was covered of the API: as JSON for programs, as a page for people.

mod sheet;

use hyper::StatusCode;
use serde::Serialize;

use super::page::page;
use crate::api::Row;
use crate::api::call::Call;
use crate::api::coverage::Coverage;
use crate::api::failures::Failure;
use crate::api::reply::Reply;

pub(super) const ROWS: &[Row] = &[Row::guarded("getCoverage", get_coverage)];

/// What the page of coverage has beside the common style.
const STYLE: &str = include_str!("coverage/sheet.css");

/// The report, and the envelope of a failure before it if it is one.
#[derive(Serialize)]
struct CoverageView<'c> {
    #[serde(flatten)]
    short: Option<Short>,
    world: Option<&'c str>,
    #[serde(flatten)]
    coverage: &'c Coverage,
}

#[derive(Serialize)]
struct Short {
    error: &'static str,
    message: String,
    missing: Vec<String>,
}

fn get_coverage(call: &Call<'_>) -> Result<Reply, Failure> {
    // The world of a key is not meant: a run is judged as a whole, unless somebody narrows it.
    let world = call.query_text("world")?;
    let shared = call.shared;
    let coverage = Coverage::of(&shared.api, &shared.app.seen(world));
    let least = call
        .input
        .query("failUnder")
        .and_then(serde_json::Value::as_f64);
    let least = least.filter(|least| coverage.is_under(*least));
    let status = match least {
        Some(_) => StatusCode::EXPECTATION_FAILED,
        None => StatusCode::OK,
    };
    if call.query_text("format")? == Some("html") {
        let body = sheet::sheet(&coverage, &shared.api.contract.title, world, least);
        let title = format!("Coverage {} %", coverage.total.percent);
        return Ok(page(status, &title, STYLE, &body));
    }
    let short = least.map(|least| Short {
        error: "coverage_too_low",
        message: format!(
            "{} % of the API is covered, less than {least} %; `missing` tells what helps most",
            coverage.total.percent
        ),
        missing: coverage.missing(),
    });
    let view = CoverageView {
        short,
        world,
        coverage: &coverage,
    };
    Ok(Reply::json_of_about(64 * 1_024, status, &view))
}
