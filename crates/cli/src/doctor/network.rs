//! The network: the address to listen on, and the identity providers.

use std::net::SocketAddr;
use std::time::Duration;

use convoke_server::config::Config;
use reqwest::header::DATE;
use tokio::net::TcpListener;

use super::Finding;

/// Time for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How far a provider's clock may be from ours before its tokens are refused, in seconds.
const SKEW_BAD: i64 = 60;
const SKEW_DOUBTFUL: i64 = 10;

/// Whether the address can be listened on, and if not, who does.
pub(super) async fn address(listen: SocketAddr) -> Finding {
    let Err(error) = TcpListener::bind(listen).await else {
        return Finding::good("address", format!("{listen} is free"));
    };
    if error.kind() != std::io::ErrorKind::AddrInUse {
        let cure = "choose an address of this machine, and a port that this user may use";
        return Finding::bad("address", format!("{listen}: {error}"), cure);
    }
    if is_our_server(listen).await {
        return Finding::good("address", format!("a server runs on {listen} already"));
    }
    Finding::bad(
        "address",
        format!("another program listens on {listen}"),
        "stop it, or choose another port with `listen` or --listen",
    )
}

async fn is_our_server(address: SocketAddr) -> bool {
    let Ok(client) = client()
        .danger_accept_invalid_certs(true)
        .no_proxy()
        .build()
    else {
        return false;
    };
    for scheme in ["http", "https"] {
        if let Ok(answer) = client
            .get(format!("{scheme}://{address}/healthz"))
            .send()
            .await
        {
            let is_ok = answer.status().is_success();
            return is_ok && answer.text().await.is_ok_and(|text| text.trim() == "ok");
        }
    }
    false
}

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().timeout(TIMEOUT)
}

/// Whether each identity provider answers, and whether its clock agrees with ours.
pub(super) async fn identity_providers(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for provider in &config.auth.issuers {
        let url = provider.first_url();
        findings.push(identity_provider(&provider.issuer, &url).await);
    }
    findings
}

async fn identity_provider(issuer: &str, url: &str) -> Finding {
    const SUBJECT: &str = "identity provider";
    let cure = "check the URL, the network and the provider; meanwhile its new keys are not known";
    let answer = match client().build() {
        Ok(client) => client.get(url).send().await,
        Err(error) => Err(error),
    };
    let answer = match answer.and_then(reqwest::Response::error_for_status) {
        Ok(answer) => answer,
        Err(error) => return Finding::bad(SUBJECT, format!("{issuer}: {error}"), cure),
    };
    let date = answer
        .headers()
        .get(DATE)
        .and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else {
        return Finding::good(SUBJECT, format!("{issuer} answers"));
    };
    let skew = (theirs.timestamp().as_second() - convoke_server::clock::now().as_second()).abs();
    let detail = format!("{issuer} answers; its clock and ours are {skew} s apart");
    let cure = "set the clocks, and keep them with NTP: its tokens would be refused as expired or \
                not yet valid";
    if SKEW_BAD < skew {
        Finding::bad(SUBJECT, detail, cure)
    } else if SKEW_DOUBTFUL < skew {
        Finding::doubtful(SUBJECT, detail, cure)
    } else {
        Finding::good(SUBJECT, detail)
    }
}
