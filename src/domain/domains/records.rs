//! The DNS records that a domain needs, as the service tells them to whoever adds it.

use std::borrow::Cow;

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::super::ids::Id;
use super::{Domain, Status};

/// A DNS record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its type, `MX` or `TXT`.
    pub kind: &'static str,
    /// Where it stands, relative to the domain; `@` is the domain itself.
    pub name: &'static str,
    /// What it says.
    pub value: Cow<'static, str>,
    /// What it is for.
    pub purpose: &'static str,
    /// Whether it was found; none for one that nobody looks for.
    pub status: Option<&'static str>,
    /// The preference of an `MX`.
    pub priority: Option<u16>,
}

/// The records of a domain, always the same ones.
#[must_use]
pub fn records(domain: &Domain) -> Vec<Record> {
    let status = match domain.status {
        Status::Verified => "verified",
        Status::Failed => "failed",
        Status::Pending | Status::Verifying | Status::UnderReview => "pending",
    };
    let record = |kind, name, value, purpose| Record {
        kind,
        name,
        value,
        purpose,
        status: Some(status),
        priority: (kind == "MX").then_some(10),
    };
    let fixed = Cow::Borrowed;
    let key = Cow::Owned(format!("v=DKIM1; k=rsa; p={}", public_key(domain.id)));
    vec![
        record(
            "MX",
            "@",
            fixed("inbound-smtp.eu-north-1.amazonaws.com"),
            "inbound",
        ),
        record("TXT", "omail._domainkey", key, "dkim"),
        record(
            "MX",
            "bounce",
            fixed("feedback-smtp.eu-north-1.amazonses.com"),
            "return_path",
        ),
        record(
            "TXT",
            "bounce",
            fixed("v=spf1 include:amazonses.com ~all"),
            "spf",
        ),
        Record {
            // Advice: the service shows it and does not look for it.
            status: None,
            ..record("TXT", "_dmarc", fixed("v=DMARC1; p=none;"), "dmarc")
        },
    ]
}

/// What stands before and behind the modulus of an RSA key of 2,048 bits (RFC 5280, 4.1.2.7).
const BEFORE: &[u8] = b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00\x30\x82\x01\x0a\x02\x82\x01\x01\x00";
const BEHIND: &[u8] = b"\x02\x03\x01\x00\x01";

/// A key of the right form that fits no private one: nothing is signed here. It follows from the
/// domain's id, which is drawn, so that no state has to keep it.
fn public_key(id: Id) -> String {
    let mut modulus = Vec::with_capacity(256);
    for block in 0..8_u8 {
        let digest: [u8; 32] = Sha256::digest(format!("dkim {id} {block}")).into();
        modulus.extend_from_slice(&digest);
    }
    // A modulus of that length begins with a one, and is odd.
    modulus[0] |= 0x80;
    modulus[255] |= 1;
    BASE64.encode(&[BEFORE, &modulus, BEHIND].concat())
}
