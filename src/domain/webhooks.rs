//! Webhook settings: where events go and what signs them (OpenMail docs, Webhooks).

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use fluent_uri::Uri;

use super::refusal::Refusal;
use super::state::Transaction;

/// A webhook of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where events go.
    pub url: String,
    /// The signing secret, used as it is.
    pub secret: Arc<str>,
}

impl Webhook {
    /// A webhook with a new secret.
    pub fn new(tx: &mut Transaction<'_>, url: String) -> Self {
        Self {
            url,
            secret: Arc::from(format!("whsec_{}", tx.draw_hex())),
        }
    }

    /// What becomes of a webhook when its URL or its secret is set: the first URL makes a secret,
    /// clearing the URL forgets it. Answers the secret, too, if it was made.
    ///
    /// # Errors
    ///
    /// [`Refusal::InvalidWebhookUrl`].
    pub(super) fn changed(
        tx: &mut Transaction<'_>,
        known: Option<Self>,
        url: Option<Option<String>>,
        secret: Option<String>,
    ) -> Result<(Option<Self>, Option<Arc<str>>), Refusal> {
        let mut new_secret = None;
        let mut webhook = match url.map(|url| url.filter(|url| !url.is_empty())) {
            None => known,
            Some(None) => None,
            Some(Some(url)) => {
                check_url(&url, tx.state.reach)?;
                Some(match known {
                    Some(webhook) => webhook.moved_to(url),
                    None => {
                        let webhook = Webhook::new(tx, url);
                        new_secret = Some(webhook.secret.clone());
                        webhook
                    }
                })
            }
        };
        if let (Some(secret), Some(webhook)) = (secret, &mut webhook) {
            webhook.secret = Arc::from(secret);
        }
        Ok((webhook, new_secret))
    }

    /// The same URL with a new secret.
    #[must_use]
    pub fn resigned(&self, tx: &mut Transaction<'_>) -> Self {
        Self::new(tx, self.url.clone())
    }

    /// The same secret at another URL.
    #[must_use]
    pub fn moved_to(self, url: String) -> Self {
        Self { url, ..self }
    }
}

/// How far webhooks go by `http`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To this machine only.
    ThisMachine,
    /// To any host.
    Anywhere,
}

/// Whether events may go to a URL: `https` to anywhere, `http` as far as webhooks reach; without a
/// user's name, and to a port that exists.
///
/// # Errors
///
/// [`Refusal::InvalidWebhookUrl`].
pub fn check_url(text: &str, reach: Reach) -> Result<(), Refusal> {
    let refused = |fault| Err(Refusal::InvalidWebhookUrl { fault });
    let Ok(url) = Uri::parse(text) else {
        return refused("it is no absolute URL");
    };
    let host = url.authority().map(|authority| authority.host());
    let Some(host) = host.filter(|host| !host.is_empty()) else {
        return refused("it names no host");
    };
    let userinfo = url.authority().and_then(|authority| authority.userinfo());
    if userinfo.is_some() {
        // It would be sent nowhere, and shown wherever the URL is.
        return refused(
            "it has a name or password before its host, which is not sent; leave it out",
        );
    }
    let port = url.authority().and_then(|authority| authority.port());
    if port.is_some_and(|port| !is_port(port.as_str())) {
        return refused("no host has its port; ports are 1 to 65535");
    }
    match url.scheme().as_str().to_ascii_lowercase().as_str() {
        "https" => Ok(()),
        "http" if reach == Reach::Anywhere || is_loopback(host) => Ok(()),
        "http" => refused("`http` is taken for this machine only; use `https`"),
        _ => refused("its scheme is neither `https` nor `http`"),
    }
}

/// Whether a connection can be made to it; none written means that of the scheme.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.parse().is_ok_and(|port: u16| port > 0)
}

fn is_loopback(host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let v6 = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match v6 {
        Some(host) => host.parse().is_ok_and(|ip: Ipv6Addr| ip.is_loopback()),
        None => host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback()),
    }
}
