//! Errors that a recipient at `fail.test` asks for and no rule of the account knows: those that stand
//! before the rules, and those that stand behind them.

use std::borrow::Cow;

use super::call::Call;
use super::failures::Failure;
use crate::app::TooManyWorlds;
use crate::contract::nearest;
use crate::domain::refusal::Refusal;
use crate::domain::sends::{CODES, MAX_ATTACHMENTS, NewSend, Provoked};
use crate::record::cause::Cause;

/// What a send's recipients ask for.
///
/// # Errors
///
/// A code that no send answers, and whatever is asked for that comes before the account's rules.
pub(super) fn asked<'s>(call: &Call<'_>, new: &'s NewSend) -> Result<Provoked<'s>, Failure> {
    let provoked = Provoked::of(new, |word| nearest(word, CODES))?;
    let is_asked = |code: &&&str| provoked.by(code).is_some();
    let early = CODES
        .iter()
        .find(is_asked)
        .and_then(|code| early(call, code));
    match early {
        Some(failure) => Err(told(failure, &provoked)),
        None => Ok(provoked),
    }
}

/// A failure of a send that says so if a recipient asked for it: what its words tell is an example
/// then, and nobody is to look for a cause.
pub(super) fn told(failure: Failure, provoked: &Provoked<'_>) -> Failure {
    match provoked.by(&failure.code) {
        None => failure,
        Some(address) => Failure {
            message: format!(
                "{} (in fact nothing is wrong: the recipient {address} asked for this answer)",
                failure.message
            ),
            cause: Some(Box::new(Cause {
                rule: Cow::Borrowed(
                    "In this mock a recipient `<code>@fail.test` makes sendEmail answer that error.",
                ),
                facts: Vec::new(),
                remedies: vec![Cow::Borrowed(
                    "send to a recipient at another domain than fail.test",
                )],
                asked_by: Some(address.into()),
            })),
            ..failure
        },
    }
}

/// The failure of that code, if it comes before the account's rules.
fn early(call: &Call<'_>, code: &str) -> Option<Failure> {
    Some(match code {
        "unauthorized" => {
            let operation = call.contract.operation("sendEmail");
            Failure::unauthorized(operation.map_or(&[], |operation| &operation.credentials))
        }
        "too_many_worlds" => TooManyWorlds.into(),
        "payload_too_large" => Refusal::AttachmentsTooLarge {
            bytes: MAX_ATTACHMENTS + 1,
            limit: MAX_ATTACHMENTS,
        }
        .into(),
        "server_busy" => Failure::server_busy(),
        "unsupported_media_type" => Failure::unsupported_media_type(
            "a body of another media type is not taken here; send `Content-Type: application/json` or `Content-Type: multipart/form-data`"
                .to_owned(),
        ),
        "bad_request" => Failure::bad_request("the request breaks the document"),
        _ => return None,
    })
}

/// What is asked for that nothing but a defect of the mock brings about. It counts as none: whoever
/// fails a run because of defects did not mean those that a test asks for.
///
/// # Errors
///
/// That failure.
pub(super) fn defect(provoked: &Provoked<'_>) -> Result<(), Failure> {
    if let Some(address) = provoked.by("internal_error") {
        return Err(Failure {
            message: "the service failed".to_owned(),
            ..Failure::internal(address)
        });
    }
    match provoked.by("contract_breach") {
        Some(address) => Err(Failure {
            message: format!("the answer to `{address}` breaks the document"),
            ..Failure::contract_breach("sendEmail", 200, Vec::new())
        }),
        None => Ok(()),
    }
}
