//! The bench of sockets: who is connected, and how they are made to misbehave or end.

use hyper::StatusCode;
use serde::Serialize;

use crate::api::call::Call;
use crate::api::failures::Failure;
use crate::api::reply::Reply;
use crate::api::views::ListView;
use crate::api::{Row, key_of};
use crate::app::{Close, Mode, Socket, World};
use crate::domain::clock::Timestamp;
use crate::domain::events::Subscription;
use crate::domain::ids::Id;
use crate::domain::keys::{Holder, Scope, prefix};

pub(super) const ROWS: &[Row] = &[
    Row::guarded("listSockets", list_sockets),
    Row::guarded("closeSocket", close_socket),
    Row::guarded("setSocketMode", set_socket_mode),
];
/// What ids begin with; the number of the exchange that opened the socket follows.
const ID_PREFIX: &str = "sock_";

/// One open socket.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SocketView<'s> {
    id: String,
    request_id: String,
    world: &'s str,
    holder: HolderView,
    opened_at: Timestamp,
    subscriptions: Vec<SubscriptionView<'s>>,
    delivered: u64,
    mode: ModeView,
}

/// Who opened a socket. No secret is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HolderView {
    scope: &'static str,
    token_prefix: String,
    key_id: Option<Id>,
    pod_id: Option<Id>,
    inbox_id: Option<Id>,
}

/// What a socket asked for, in the words of its confirmation: an empty list means all.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionView<'s> {
    inbox_ids: &'s [Id],
    except_inbox_ids: &'s [Id],
    event_types: Vec<&'static str>,
}

/// How a socket misbehaves.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModeView {
    half_open: bool,
    gap: u64,
    duplicate: u64,
}

impl HolderView {
    fn of(holder: &Holder, world: &str) -> Self {
        let (token_prefix, key_id) = match holder {
            Holder::World => (prefix(&key_of(world)), None),
            Holder::AccountKey(token) => (prefix(token), None),
            Holder::Key(key) => (key.token_prefix(), Some(key.id)),
        };
        let (scope, inbox_id) = match holder.scope() {
            Scope::Account => ("account", None),
            Scope::Pod(_) => ("pod", None),
            Scope::Inbox { inbox, .. } => ("inbox", Some(inbox)),
        };
        Self {
            scope,
            token_prefix,
            key_id,
            pod_id: holder.scope().pod(),
            inbox_id,
        }
    }
}

impl<'s> From<&'s Subscription> for SubscriptionView<'s> {
    fn from(subscription: &'s Subscription) -> Self {
        let kinds = subscription.kinds.as_deref().unwrap_or_default();
        Self {
            inbox_ids: subscription.inboxes.as_deref().unwrap_or_default(),
            except_inbox_ids: &subscription.except,
            event_types: kinds.iter().map(|kind| kind.word()).collect(),
        }
    }
}

impl From<Mode> for ModeView {
    fn from(mode: Mode) -> Self {
        Self {
            half_open: mode.half_open,
            gap: mode.gap,
            duplicate: mode.duplicate,
        }
    }
}

fn view<'s>(
    world: &'s World,
    socket: &Socket,
    subscriptions: &'s [Subscription],
) -> SocketView<'s> {
    SocketView {
        id: format!("{ID_PREFIX}{}", socket.number),
        request_id: format!("req_{}", socket.number),
        world: &world.name,
        holder: HolderView::of(&socket.holder, &world.name),
        opened_at: socket.opened_at,
        subscriptions: subscriptions.iter().map(SubscriptionView::from).collect(),
        delivered: socket.delivered(),
        mode: socket.mode().into(),
    }
}

fn list_sockets(call: &Call<'_>) -> Result<Reply, Failure> {
    let page = call.page();
    let sockets = call.world.sockets();
    let shown = sockets.iter().skip(page.offset).take(page.limit);
    let data = shown.map(|(socket, subscriptions)| view(call.world, socket, subscriptions));
    let view = ListView::new(data.collect(), sockets.len());
    Ok(Reply::json(StatusCode::OK, &view))
}

fn close_socket(call: &Call<'_>) -> Result<Reply, Failure> {
    let close = match call.query_integer("code") {
        None => Close::Abrupt,
        Some(code) => Close::Code(sendable(code)?),
    };
    let number = number(call)?;
    match call.world.close_socket(number, close) {
        true => Ok(Reply::no_content()),
        false => Err(unknown(call)?),
    }
}

fn set_socket_mode(call: &Call<'_>) -> Result<Reply, Failure> {
    let body = call.input.body.as_ref().map(|body| body.root());
    let count = |name: &str| {
        let count = body.as_ref().and_then(|body| body.get(name)?.as_integer());
        count.map_or(0, i64::unsigned_abs)
    };
    // What is left out is off: a mode is put as a whole.
    let mode = Mode {
        half_open: call.flag("halfOpen").unwrap_or_default(),
        gap: count("gap"),
        duplicate: count("duplicate"),
    };
    let number = number(call)?;
    match call.world.set_socket_mode(number, mode) {
        true => Ok(Reply::json(StatusCode::OK, &ModeView::from(mode))),
        false => Err(unknown(call)?),
    }
}

/// A code that a close frame may carry (RFC 6455, 7.4): others stand for what was not said in one,
/// and libraries refuse them.
fn sendable(code: i64) -> Result<u16, Failure> {
    let code = u16::try_from(code).unwrap_or_default();
    match code {
        1000..=1003 | 1007..=1014 | 3000..=4999 => Ok(code),
        _ => Err(Failure::bad_request(format!(
            "`code` is {code}, which no close frame carries; it may be 1000 to 1003, 1007 to 1014, or 3000 to 4999"
        ))),
    }
}

/// The number in the path's id; 0, which nobody has, if that is no id.
fn number(call: &Call<'_>) -> Result<u64, Failure> {
    let digits = call.path("id")?.strip_prefix(ID_PREFIX);
    let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse().ok());
    Ok(number.unwrap_or_default())
}

fn unknown(call: &Call<'_>) -> Result<Failure, Failure> {
    let message = format!(
        "no socket `{}` is open in this world; GET /_mock/sockets lists those that are",
        call.path("id")?
    );
    Ok(Failure::new(StatusCode::NOT_FOUND, "not_found", message))
}
