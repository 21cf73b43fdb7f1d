//! The three services, each a process with a store of its own, at one RabbitMQ.

use crate::{Parlor, Proxy, Quotes, Rabbit, Setup};

/// The same for all services of an installation.
const SECRET: &str = "a secret that all the services of this test share";

/// Auth, chat and the stock bot in demo mode. `chat` is where people go.
#[derive(Debug)]
pub struct Cluster {
    pub auth: Parlor,
    pub chat: Parlor,
    pub stock: Parlor,
    /// Each service's way to the broker: auth's, the chat's, the bot's.
    pub ways: Ways,
    pub quotes: Quotes,
    rabbit: Rabbit,
}

/// How the services reach the broker, one apart from the other.
#[derive(Debug)]
pub struct Ways {
    pub auth: Proxy,
    pub chat: Proxy,
    pub stock: Proxy,
}

impl Ways {
    /// Nobody reaches the broker any more.
    pub fn refuse(&self) {
        [&self.auth, &self.chat, &self.stock].into_iter().for_each(Proxy::refuse);
    }
    /// Everybody can.
    pub fn admit(&self) {
        [&self.auth, &self.chat, &self.stock].into_iter().for_each(Proxy::admit);
    }
}

impl Cluster {
    /// Up, with `/stock` in its catalogue.
    pub async fn starts() -> Self {
        let ways = Ways { auth: Proxy::open().await, chat: Proxy::open().await, stock: Proxy::open().await };
        let cluster = Self::starts_with(ways).await;
        cluster.chat.log_in("carlos").await.can_use("stock").await;
        cluster
    }

    /// Started while nobody reaches the broker.
    pub async fn starts_without_broker() -> Self {
        let ways = Ways { auth: Proxy::closed().await, chat: Proxy::closed().await, stock: Proxy::closed().await };
        Self::starts_with(ways).await
    }

    async fn starts_with(ways: Ways) -> Self {
        let (rabbit, quotes) = (Rabbit::default(), Quotes::start().await);
        let demo = |service: &'static [&'static str], way: &Proxy| {
            Setup::service(service).argument("--demo").set("PARLOR_SECRET", SECRET).meets_at(&way.url(), &rabbit)
        };
        let auth = demo(&["auth"], &ways.auth).starts().await;
        let chat = demo(&["chat"], &ways.chat).set("PARLOR_AUTH_URL", &auth.url("/")).starts().await;
        let stock = demo(&["bot", "stock"], &ways.stock).quotes_from(&quotes).starts().await;
        Self { auth, chat, stock, ways, quotes, rabbit }
    }

    /// Takes away what it has left on the broker.
    pub async fn tidy(self) {
        self.rabbit.tidy(&["stock"]).await;
    }
}
