//! Policy: handlers and rows. Which scope a call is about stands in its query.

use hyper::StatusCode;
use serde::Serialize;

use super::call::Call;
use super::failures::Failure;
use super::reply::Reply;
use super::scope::addressed_scope;
use super::views::ListView;
use super::{Row, Who};
use crate::contract::Item;
use crate::domain::clock::Timestamp;
use crate::domain::ids::Id;
use crate::domain::keys::Scope;
use crate::domain::policy::{
    self, Action, Asked, Direction, Entry, Kind, Mode, NewRule, Rule, Wanted,
};
use crate::domain::refusal::Refusal;
use crate::domain::state::State;

pub(super) const ROWS: &[Row] = &[
    Row::new("getPolicy", Who::Pods, get_policy)
        .about_scope()
        .with_form(check_form),
    Row::new("replacePolicy", Who::Pods, replace_policy)
        .about_scope()
        .with_form(check_form),
    Row::new("setPolicyMode", Who::Pods, set_policy_mode)
        .about_scope()
        .with_form(check_form),
    Row::new("createPolicyRule", Who::Pods, create_policy_rule)
        .about_scope()
        .with_form(check_form),
    Row::new("deletePolicyRule", Who::Pods, delete_policy_rule)
        .about_scope()
        .with_form(check_form),
    Row::new("listPolicyAudit", Who::Pods, list_policy_audit)
        .about_scope()
        .with_form(check_form),
];

/// What a scope says, and what it inherits.
#[derive(Serialize)]
struct PolicyView {
    rules: Vec<RuleView>,
    inbound: SideView,
    outbound: SideView,
    inherited: Vec<InheritedView>,
}

/// What a scope says of one direction, its rules aside.
#[derive(Serialize)]
struct SideView {
    mode: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleView {
    id: Id,
    direction: &'static str,
    r#type: &'static str,
    value: String,
    created_at: Timestamp,
}

/// A rule of a scope around, and whose it is.
#[derive(Serialize)]
struct InheritedView {
    #[serde(flatten)]
    rule: RuleView,
    scope: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryView<'e> {
    id: Id,
    action: &'static str,
    direction: &'static str,
    address: &'e str,
    rule_id: Option<Id>,
    at: Timestamp,
}

impl PolicyView {
    fn of(state: &State, scope: Scope) -> Self {
        let side = |direction| SideView {
            mode: policy::mode(state, scope, direction).word(),
        };
        let own = policy::rules(state, scope);
        let inherited = policy::inherited(state, scope);
        Self {
            rules: own.iter().map(|rule| RuleView::from(&**rule)).collect(),
            inbound: side(Direction::Inbound),
            outbound: side(Direction::Outbound),
            inherited: inherited.iter().map(|rule| (&**rule).into()).collect(),
        }
    }
}

impl From<&Rule> for RuleView {
    fn from(rule: &Rule) -> Self {
        Self {
            id: rule.id,
            direction: rule.direction.word(),
            r#type: rule.kind.word(),
            value: rule.value.to_string(),
            created_at: rule.created_at,
        }
    }
}

impl From<&Rule> for InheritedView {
    fn from(rule: &Rule) -> Self {
        Self {
            rule: rule.into(),
            scope: match rule.scope {
                Scope::Account => "account",
                Scope::Pod(_) => "pod",
                Scope::Inbox { .. } => "inbox",
            },
        }
    }
}

impl<'e> From<&'e Entry> for EntryView<'e> {
    fn from(entry: &'e Entry) -> Self {
        Self {
            id: entry.id,
            action: entry.action.word(),
            direction: entry.direction.word(),
            address: &entry.address,
            rule_id: entry.rule,
            at: entry.at,
        }
    }
}

/// A call is about one scope.
fn check_form(call: &Call<'_>) -> Result<(), Failure> {
    match (call.query_text("podId")?, call.query_text("inboxId")?) {
        (Some(_), Some(_)) => Err(Failure::bad_request(
            "`podId` and `inboxId` exclude each other: a policy is that of the account, of one pod or of one inbox",
        )),
        (Some(_) | None, None) | (None, Some(_)) => Ok(()),
    }
}

fn get_policy(call: &Call<'_>) -> Result<Reply, Failure> {
    let view = call.world.read(|state| {
        let scope = addressed_scope(state, call.input)?;
        Ok::<_, Refusal>(PolicyView::of(state, scope))
    })?;
    Ok(Reply::json(StatusCode::OK, &view))
}

fn replace_policy(call: &Call<'_>) -> Result<Reply, Failure> {
    let sides = Direction::ALL.map(|direction| (direction, side(call, direction)));
    let view = call.caller.write(|tx| {
        let scope = addressed_scope(tx.state, call.input)?;
        for (direction, side) in sides {
            // A direction that is left out stays as it is.
            let Some((mode, rules)) = side else {
                continue;
            };
            let mode = mode.unwrap_or(Mode::initial(scope));
            let by = call.caller.scope();
            policy::replace(tx, by, (scope, direction), mode, rules)?;
        }
        Ok::<_, Refusal>(PolicyView::of(tx.state, scope))
    })?;
    Ok(Reply::json(StatusCode::OK, &view))
}

/// What a body says of a direction: its mode and all its rules.
fn side(call: &Call<'_>, direction: Direction) -> Option<(Option<Mode>, Vec<Wanted>)> {
    let body = call.input.body.as_ref()?.root();
    let side = body.get(direction.word())?;
    let mode = side
        .get("mode")
        .and_then(|mode| Mode::parse(mode.as_str()?));
    let rules = side.get("rules").into_iter();
    let rules = rules.flat_map(|rules| rules.elements());
    Some((mode, rules.filter_map(wanted).collect()))
}

/// What a rule in a body says.
fn wanted(rule: Item<'_>) -> Option<Wanted> {
    Some(Wanted {
        kind: Kind::parse(rule.get("type")?.as_str()?)?,
        value: rule.get("value")?.as_str()?.to_owned(),
    })
}

fn set_policy_mode(call: &Call<'_>) -> Result<Reply, Failure> {
    let mode = call.text("mode")?.and_then(|mode| Mode::parse(&mode));
    let direction = direction(call)?;
    let view = call.caller.write(|tx| {
        let scope = addressed_scope(tx.state, call.input)?;
        if let (Some(mode), Some(direction)) = (mode, direction) {
            policy::set_mode(tx, call.caller.scope(), scope, direction, mode)?;
        }
        Ok::<_, Refusal>(PolicyView::of(tx.state, scope))
    })?;
    Ok(Reply::json(StatusCode::OK, &view))
}

fn direction(call: &Call<'_>) -> Result<Option<Direction>, Failure> {
    let direction = call.text("direction")?;
    Ok(direction.and_then(|word| Direction::parse(&word)))
}

fn create_policy_rule(call: &Call<'_>) -> Result<Reply, Failure> {
    let wanted = call
        .input
        .body
        .as_ref()
        .and_then(|body| wanted(body.root()));
    let (Some(wanted), Some(direction)) = (wanted, direction(call)?) else {
        return Err(Failure::bad_request(
            "a rule has a `type`, a `value` and a `direction`",
        ));
    };
    let rule = call.caller.write(|tx| {
        let new = NewRule {
            id: None,
            scope: addressed_scope(tx.state, call.input)?,
            direction,
            wanted,
            created_at: None,
            is_confined: call.caller.scope() != Scope::Account,
        };
        policy::add_rule(tx, call.caller.scope(), new)
    })?;
    Ok(Reply::json(StatusCode::CREATED, &RuleView::from(&*rule)))
}

fn delete_policy_rule(call: &Call<'_>) -> Result<Reply, Failure> {
    let key = call.path("id")?;
    call.caller.write(|tx| {
        let scope = addressed_scope(tx.state, call.input)?;
        policy::delete_rule(tx, scope, key)
    })?;
    Ok(Reply::no_content())
}

fn list_policy_audit(call: &Call<'_>) -> Result<Reply, Failure> {
    let asked = Asked {
        action: call.query_text("action")?.and_then(Action::parse),
        direction: call.query_text("direction")?.and_then(Direction::parse),
        since: call.query_instant("since")?,
        until: call.query_instant("until")?,
    };
    if let (Some(since), Some(until)) = (asked.since, asked.until)
        && since >= until
    {
        return Err(Failure::bad_request(format!(
            "the window ends at {until}, before anything after {since} could be in it; `since` lies before `until`"
        )));
    }
    let page = call.page();
    let listing = call.world.read(|state| {
        let scope = addressed_scope(state, call.input)?;
        Ok::<_, Refusal>(policy::audit(state, scope, asked, page))
    })?;
    let view = ListView::<EntryView<'_>>::of(&listing);
    Ok(Reply::json(StatusCode::OK, &view))
}
