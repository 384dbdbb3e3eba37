//! A server whose control plane is a test's own, and what it is made of.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use openmail_mock::api::{Guard, Plane, Shared, built_in_contract};
use openmail_mock::app::App;
use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::domain::state::State;
use openmail_mock::domain::webhooks::Reach;
use openmail_mock::push::Courier;
use openmail_mock::server::{self, Bodies, Log, LogFormat, Service};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// Worlds that start from a fresh account, at a frozen instant.
pub fn app() -> App {
    let at = Timestamp::parse("2026-01-15T09:30:00Z").expect("an instant");
    let state = State::empty(Clock::Frozen { at }, at, 0);
    App::new(0, state.clone(), state, 1_000_000)
}

/// Such worlds, with the built-in API before them.
pub fn shared() -> Shared {
    shared_over(app())
}

/// The built-in API before these worlds.
pub fn shared_over(app: App) -> Shared {
    let url = "http://127.0.0.1:1";
    Shared {
        courier: Courier::new(app.tasks().clone(), url, Reach::ThisMachine),
        app,
        api: Plane::api(built_in_contract().expect("no faults"), false),
        guard: Guard::default(),
        public_url: None,
        url: url.to_owned(),
    }
}

/// A server over a plane; it ends with the runtime.
pub struct Served {
    pub service: Arc<Service>,
    pub address: SocketAddr,
    pub stop: watch::Sender<bool>,
    runtime: Option<Runtime>,
}

impl Served {
    /// Ends all tasks beside requests, as if they had never been.
    pub fn end_tasks(&self) {
        let runtime = self
            .runtime
            .as_ref()
            .expect("it runs until this is dropped");
        runtime.block_on(self.service.shared.app.tasks().end());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Serves, with two threads for events and one for whatever takes long.
pub fn serve(plane: fn() -> Plane, max_body: usize) -> Served {
    serve_over(shared(), plane, max_body)
}

/// The same over these worlds.
pub fn serve_over(shared: Shared, plane: fn() -> Plane, max_body: usize) -> Served {
    let service = Service {
        shared,
        control: LazyLock::new(plane),
        bodies: Bodies::new(max_body),
        log: Log::start(LogFormat::Off),
    };
    let listener = server::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).max_blocking_threads(1);
    let runtime = runtime.enable_all().build().expect("a runtime");
    let (stop, stopped) = watch::channel(false);
    let service = Arc::new(service);
    runtime.spawn(server::serve(listener, service.clone(), stopped));
    Served {
        service,
        address,
        stop,
        runtime: Some(runtime),
    }
}
