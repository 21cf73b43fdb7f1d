//! The calls as their callers see them, over the whole router.

mod events;
mod login;
mod sessions;

use std::net::{IpAddr, SocketAddr};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Response},
};
use parlor_broker::{port::Broker, topology::Topology};
use parlor_edge::{Keys, Readiness, client::Peer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::{Account, Auth, Config, People, Ports};

const SECRET: &str = "a secret of at least 32 characters";
const HOME: &str = "203.0.113.9";

/// An installation on a folder of its own.
struct Installation {
    folder: Arc<TempDir>,
    config: Config,
}

/// One opening of it.
struct Open {
    auth: Auth,
    router: Router,
    /// The files live as long as what has them open.
    _folder: Arc<TempDir>,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

/// A caller at an address, with whatever it carries.
#[derive(Clone)]
struct Client {
    router: Router,
    address: IpAddr,
    carries: Vec<(&'static str, String)>,
}

impl Installation {
    fn new() -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let config = Config {
            store: folder.path().join("auth.db"),
            secret: SECRET.to_owned(),
            public_url: None,
            demo: None,
            login_rate: 0,
            trusted_proxies: vec![],
        };
        Self { folder, config }
    }
    /// With ann and bob, whose passwords are theirs.
    async fn with_people() -> Self {
        let installation = Self::new();
        for username in ["bob", "ann"] {
            installation.adds(username).await;
        }
        installation
    }
    fn login_rate(mut self, rate: u32) -> Self {
        self.config.login_rate = rate;
        self
    }
    fn demo(mut self, more: Option<u32>) -> Self {
        self.config.demo = more;
        self
    }
    /// As `parlor user` does it, in whatever process.
    async fn people(&self) -> People {
        People::open(&self.config.store).await.unwrap()
    }
    async fn adds(&self, username: &str) -> parlor_protocol::auth::Person {
        let password = parlor_protocol::http::Password(format!("{username}'s password"));
        self.people().await.add(Account::new(username, None, password, false).unwrap()).await.unwrap()
    }
    async fn opens(&self) -> Open {
        self.opens_with(None).await
    }
    async fn opens_with(&self, broker: Option<Arc<dyn Broker>>) -> Open {
        let ports = Ports { broker, topology: Topology::new("parlor"), readiness: Readiness::starting() };
        let auth = crate::open(self.config.clone(), ports).await.unwrap();
        let router = auth.router();
        Open { auth, router, _folder: Arc::clone(&self.folder) }
    }
}

impl Open {
    fn client(&self) -> Client {
        Client {
            router: self.router.clone(),
            address: HOME.parse().unwrap(),
            carries: vec![("host", "localhost".into())],
        }
    }
    /// Logs in and carries the bearer from then on.
    async fn logged_in(&self, username: &str) -> Client {
        let client = self.client();
        let answer = client.logs_in(username, &format!("{username}'s password")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        client.carries("authorization", format!("Bearer {}", answer.body["token"].as_str().unwrap()))
    }
    fn sister(&self) -> Client {
        let key = Keys::derive(SECRET).unwrap().internal_header();
        self.client().carries(parlor_edge::INTERNAL_KEY_HEADER, key.to_str().unwrap())
    }
}

impl Client {
    fn carries(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.carries.retain(|(carried, _)| *carried != name);
        self.carries.push((name, value.into()));
        self
    }
    fn at(mut self, address: &str) -> Self {
        self.address = address.parse().unwrap();
        self
    }
    async fn asks(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.carries {
            request = request.header(*name, value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(Peer(SocketAddr::new(self.address, 4711)));
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }
    async fn gets(&self, path: &str) -> Answer {
        self.asks("GET", path, None).await
    }
    async fn posts(&self, path: &str, body: Value) -> Answer {
        self.asks("POST", path, Some(body)).await
    }
    async fn logs_in(&self, username: &str, password: &str) -> Answer {
        self.posts("/api/auth/login", json!({"username": username, "password": password, "token": true})).await
    }
}

impl Answer {
    async fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10_000_000).await.unwrap();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
    #[track_caller]
    fn is_refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
    }
}
