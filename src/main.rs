//! Arguments in, exit code out.

use std::process::ExitCode;

use openmail_mock::cli::{Typed, run};

fn main() -> ExitCode {
    ExitCode::from(run(Typed::read().resolve()))
}
