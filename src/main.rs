//! Arguments in, exit code out.

#![deny(unsafe_code)]

use std::process::ExitCode;

use openmail_mock::cli::{Typed, run};

fn main() -> ExitCode {
    settle_allocator();
    ExitCode::from(run(Typed::read().resolve()))
}

/// glibc collects small pieces of memory that were freed, and joins all of them when somebody asks
/// for a larger one: once a world of 200,000 messages had been dropped, the next request held up
/// every other for a fifth of a second. Without that collection each piece is joined as it is freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)] // Without it, only `GLIBC_TUNABLES=glibc.malloc.mxfast=0` around the process sets this.
fn settle_allocator() {
    // SAFETY: the call takes two numbers, before there is another thread. It refuses by its answer,
    // and then all is as it was.
    let _ = unsafe { libc::mallopt(libc::M_MXFAST, 0) };
}

/// Other allocators collect nothing.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn settle_allocator() {}
