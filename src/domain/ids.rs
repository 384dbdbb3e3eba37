//! Ids and secrets in counter mode: f(seed, world's name, n). The same calls give the same ids.

use std::fmt;

use sha2::{Digest, Sha256};

/// The id of anything the API addresses: 16 bytes, spelled as a lower-case UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(uuid::Uuid);

impl Id {
    /// The smallest id, for the start of a range.
    pub const MIN: Self = Self(uuid::Uuid::nil());

    /// Version 4 layout over drawn bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Its 16 bytes as a number, for those who know ids by nothing else.
    #[must_use]
    pub fn number(self) -> u128 {
        self.0.as_u128()
    }

    /// The id of that number.
    #[must_use]
    pub fn from_number(number: u128) -> Self {
        Self(uuid::Uuid::from_u128(number))
    }

    /// Reads an id; only the spelling that ids are written in is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_spelled = text.len() == 36 && !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let id = uuid::Uuid::try_parse(text).ok().filter(|_| is_spelled)?;
        Some(Self(id))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(formatter)
    }
}

impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut buffer = uuid::Uuid::encode_buffer();
        serializer.serialize_str(self.0.as_hyphenated().encode_lower(&mut buffer))
    }
}

/// How many bytes a world's name leaves in what is drawn there.
pub const MARK: usize = 8;

/// What a world's name leaves in its tokens, so that they say where they were drawn.
#[must_use]
pub fn mark(world: &str) -> [u8; MARK] {
    let digest: [u8; 32] = Sha256::digest(world.as_bytes()).into();
    let mut mark = [0; MARK];
    mark.copy_from_slice(&digest[..MARK]);
    mark
}

/// Where a world's chance comes from: the process's seed and the world's name.
#[derive(Debug, Clone, Copy)]
pub struct Source<'w> {
    /// The generator's seed.
    pub seed: u64,
    /// The world's name; empty while the seed itself is built, which all worlds share.
    pub world: &'w str,
}

impl Source<'_> {
    /// The bytes of draw number `counter`.
    #[must_use]
    pub fn bytes(&self, counter: u64) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.seed.to_le_bytes());
        digest.update(counter.to_le_bytes());
        digest.update(self.world.as_bytes());
        digest.finalize().into()
    }
}
