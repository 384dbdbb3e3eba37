//! Contract tests to copy: the helper, and what two parts of a product rely on.

mod mail;
mod openmail;
mod pods;
