//! A real OpenID provider: started, signed in at as a browser would, stopped.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpSocket;

/// What the provider issues access tokens for.
pub(crate) const AUDIENCE: &str = "https://convoke.example";

/// The proof of the one who asked for a code (RFC 7636); throwaway, like everything here.
const VERIFIER: &str = "throwaway-throwaway-throwaway-throwaway-throw";

/// A provider process. It ends with this value.
pub(crate) struct Provider {
    process: Child,
    /// What it calls itself.
    pub(crate) issuer: String,
    /// Where it listens.
    pub(crate) address: String,
    client: Client,
}

/// A provider that was stopped. Nobody else gets its port meanwhile, so that whoever looks for it is
/// turned away at once.
pub(crate) struct Absent {
    /// What it called itself.
    pub(crate) issuer: String,
    port: u16,
    held: TcpSocket,
}

impl Absent {
    /// Starts another one in its place, as told beside that.
    pub(crate) fn start(self, mut told: Value) -> Provider {
        let Self { issuer, port, held } = self;
        told["issuer"] = json!(issuer);
        told["port"] = json!(port);
        drop(held);
        Provider::start(&told).expect("started once already")
    }
}

/// The tokens of one sign-in.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) id: String,
}

/// Whether the provider can be started here.
fn is_installed() -> bool {
    let folder = folder();
    let node = Command::new("node").arg("--version").output();
    let why = match node {
        Ok(output) if output.status.success() => {
            if folder.join("node_modules/oidc-provider").exists() {
                return true;
            }
            "its packages are not installed: run `./test --prepare`"
        }
        _ => "there is no `node`: run `./test --prepare`",
    };
    let required = std::env::var("CONVOKE_TEST_REQUIRE_NODE").is_ok_and(|value| value == "1");
    assert!(
        !required,
        "the OpenID provider of the tests cannot be started: {why}"
    );
    eprintln!("SKIPPED: the OpenID provider of the tests cannot be started: {why}");
    false
}

fn folder() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/providers/provider"
    ))
}

impl Provider {
    /// Starts a provider as told (`provider/provider.mjs` lists how), where one can be started.
    pub(crate) fn start(told: &Value) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let mut process = Command::new("node")
            .arg(folder().join("provider.mjs"))
            .arg(told.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node was there a moment ago");
        let mut line = String::new();
        let output = process.stdout.take().expect("piped");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("one line");
        let says: Value = serde_json::from_str(&line).expect("the line of a started provider");
        let text = |name: &str| says[name].as_str().expect("text").to_owned();
        let client = Client::builder().redirect(Policy::none()).no_proxy();
        Some(Self {
            process,
            issuer: text("issuer"),
            address: text("address"),
            client: client.build().expect("a client"),
        })
    }

    /// Stops it; what it published is still valid.
    pub(crate) fn stop(mut self) -> Absent {
        self.end();
        let address = self.address.rsplit_once("//").expect("an address").1;
        let held = TcpSocket::new_v4().expect("a socket");
        held.set_reuseaddr(true).expect("an option");
        let address: SocketAddr = address.parse().expect("an address");
        held.bind(address).expect("the port of the stopped");
        Absent {
            issuer: self.issuer.clone(),
            port: address.port(),
            held,
        }
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Signs a player in by the authorization code flow, login and consent pages included.
    pub(crate) async fn sign_in(&self, player: &str) -> Tokens {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let question = form(&[
            ("client_id", "game"),
            ("response_type", "code"),
            ("redirect_uri", "http://127.0.0.1/callback"),
            ("scope", "openid play"),
            ("resource", AUDIENCE),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let mut browser = Browser {
            provider: self,
            cookies: BTreeMap::new(),
        };
        let mut page = browser.get(&format!("/auth?{question}")).await;
        let login = form(&[("prompt", "login"), ("login", player), ("password", "x")]);
        for answer in [login.as_str(), "prompt=consent"] {
            let resumed = browser.post(&page, answer).await;
            page = browser.get(&resumed).await;
        }
        let (_, query) = page.split_once('?').expect("a code");
        let code = query.split('&').find_map(|pair| pair.strip_prefix("code="));
        let tokens = self
            .token(&[
                ("grant_type", "authorization_code"),
                ("client_id", "game"),
                ("redirect_uri", "http://127.0.0.1/callback"),
                ("code_verifier", VERIFIER),
                ("code", code.expect("a code")),
            ])
            .await;
        let text = |name: &str| tokens[name].as_str().expect("text").to_owned();
        Tokens {
            access: text("access_token"),
            id: text("id_token"),
        }
    }

    /// An access token of a service, by its own credentials.
    pub(crate) async fn service_token(&self) -> String {
        let tokens = self
            .token(&[
                ("grant_type", "client_credentials"),
                ("client_id", "lobby"),
                ("client_secret", "throwaway"),
                ("scope", "play"),
                ("resource", AUDIENCE),
            ])
            .await;
        tokens["access_token"].as_str().expect("text").to_owned()
    }

    /// The public keys as the provider publishes them.
    pub(crate) async fn jwks(&self) -> Value {
        let request = self.client.get(format!("{}/jwks", self.address));
        json_of(request.send().await.expect("an answer")).await
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Value {
        let request = self.client.post(format!("{}/token", self.address));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        json_of(request.body(form(fields)).send().await.expect("an answer")).await
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.end();
    }
}

/// As much of a browser as signing in takes.
struct Browser<'a> {
    provider: &'a Provider,
    cookies: BTreeMap<String, String>,
}

impl Browser<'_> {
    /// Opens a page that leads on to another, and says to which.
    async fn get(&mut self, path: &str) -> String {
        let request = self.provider.client.get(self.url(path));
        self.follow(request).await
    }

    async fn post(&mut self, path: &str, form: &str) -> String {
        let request = self.provider.client.post(self.url(path));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.follow(request.body(form.to_owned())).await
    }

    fn url(&self, path: &str) -> String {
        match path.strip_prefix('/') {
            Some(path) => format!("{}/{path}", self.provider.address),
            None => path.to_owned(),
        }
    }

    async fn follow(&mut self, request: reqwest::RequestBuilder) -> String {
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let response = request
            .header(COOKIE, pairs.join("; "))
            .send()
            .await
            .expect("an answer");
        for cookie in response.headers().get_all(SET_COOKIE) {
            let text = cookie
                .to_str()
                .expect("ASCII")
                .split(';')
                .next()
                .unwrap_or_default();
            let (name, value) = text.split_once('=').expect("a pair");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let next = response.headers().get(LOCATION).cloned();
        let Some(next) = next else {
            panic!(
                "{}: {}",
                response.status(),
                response.text().await.unwrap_or_default()
            );
        };
        next.to_str().expect("ASCII").to_owned()
    }
}

async fn json_of(response: Response) -> Value {
    let status = response.status();
    let text = response.text().await.expect("text");
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).expect("JSON")
}

fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    pairs.join("&")
}

/// A part of a token, decoded: 0 is the header, 1 the claims.
pub(crate) fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).expect("three parts");
    let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The settings for a provider, as a configuration has them; `more` are further lines.
pub(crate) fn settings(issuer: &str, more: &str) -> String {
    let quoted = json!(issuer);
    format!(
        "[[issuers]]\nissuer = {quoted}\naudiences = [\"{AUDIENCE}\"]\n{more}\n\
         [issuers.claim_map]\nxuid = {{ hash = \"/sub\" }}\ngamertag = \"/name\"\nroles = \"/rol\"\n"
    )
}
