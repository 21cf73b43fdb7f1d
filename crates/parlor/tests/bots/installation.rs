//! A chat at the broker with people in `general`, bots that join it, and a tap on everything they say to each other.

use parlor_protocol::{
    broker::{Answer, Manifest},
    http::{Command, Commands, Room},
    ids::MessageId,
};
use parlor_testing::{Parlor, Person, Proxy, Rabbit, Setup, Tab, eventually};

use crate::{
    document::Document,
    process::{self, Bot},
    tap::{Published, Tap},
};

pub struct Installation {
    pub parlor: Parlor,
    pub carlos: Person,
    pub tab: Tab,
    pub general: Room,
    pub rabbit: Rabbit,
    pub tap: Tap,
    /// The tap's way on to the broker.
    pub way: Proxy,
    pub document: Document,
}

impl Installation {
    pub async fn starts() -> Self {
        Self::starts_as(Setup::demo()).await
    }
    pub async fn starts_as(setup: Setup) -> Self {
        let (rabbit, way) = (Rabbit::default(), Proxy::open().await);
        let tap = Tap::to(&way.url()).await;
        let parlor = setup.meets_at(tap.url(), &rabbit).starts().await;
        let carlos = parlor.log_in("carlos").await;
        let tab = carlos.connects().await;
        let general = tab.room("general").clone();
        let document = Document::of(rabbit.prefix());
        Self { parlor, carlos, tab, general, rabbit, tap, way, document }
    }

    pub fn starts_dice(&self) -> Bot {
        Bot::starts(process::dice(), self.tap.url(), self.rabbit.prefix())
    }
    pub fn starts_chooser(&self) -> Bot {
        Bot::starts(process::chooser(), self.tap.url(), self.rabbit.prefix())
    }

    /// The command as `GET /api/commands` shows it.
    pub async fn shows(&self, command: &str) -> Option<Command> {
        let known: Commands = self.carlos.gets("/api/commands").await.expect(200).json();
        known.commands.into_iter().find(|known| known.name == command)
    }
    /// Waits until nobody can give the command any more.
    pub async fn forgets(&self, command: &str) {
        eventually(&format!("end of /{command}"), async || self.shows(command).await.is_none().then_some(())).await;
    }

    /// What has crossed of this kind.
    pub fn seen(&self, kind: &str) -> Vec<Published> {
        let of_kind = |published: &Published| self.document.kind(published) == Some(kind);
        self.tap.seen().into_iter().filter(of_kind).collect()
    }
    /// The manifests of a bot so far.
    pub fn manifests(&self, bot: &str) -> Vec<Manifest> {
        let read = |published: Published| serde_json::from_slice(&published.body).expect("a manifest");
        self.seen("manifest").into_iter().map(read).filter(|manifest: &Manifest| manifest.bot == bot).collect()
    }
    /// The answers of a bot so far.
    pub fn answers(&self, bot: &str) -> Vec<Answer> {
        let read = |published: Published| serde_json::from_slice(&published.body).expect("an answer");
        self.seen("answer").into_iter().map(read).filter(|answer: &Answer| answer.bot == bot).collect()
    }

    /// How many messages in the room answer this command.
    pub async fn messages_of(&self, command: MessageId) -> usize {
        let history = self.carlos.history(&self.general, "limit=200").await;
        history.messages.iter().filter(|message| message.command_id == Some(command)).count()
    }

    /// Waits until a figure of `/metrics` has grown to this.
    pub async fn counts(&self, metric: &str, times: usize) {
        eventually(&format!("{metric} {times}"), async || {
            (self.parlor.metric(metric).await as usize == times).then_some(())
        })
        .await;
    }
    /// Waits until so many answers have been dropped for this reason.
    pub async fn drops(&self, why: &str, answers: usize) {
        self.counts(&format!("parlor_answers_dropped_total{{why=\"{why}\"}}"), answers).await;
    }

    /// The chat goes on: people talk, and a bot's command is answered.
    pub async fn goes_on(&mut self) {
        self.tab.says("on we go").in_room(&self.general).await;
        let chosen = self.tab.asks("/choose tea coffee", &self.general).await.message();
        assert_eq!(chosen.text, "coffee. It is the longest.");
        let now = self.parlor.readiness().await;
        assert!(now.ready && now.degraded.is_empty(), "{now:?}");
    }

    /// Everything that crossed is as the document says; and the broker is left as it was.
    pub async fn ends(mut self) {
        self.parlor.stops().await;
        let hints_of_accounts = self.rabbit.name("auth");
        for published in self.tap.seen().iter().filter(|published| published.key != hints_of_accounts) {
            let faults = self.document.faults(published);
            let (key, body) = (&published.key, String::from_utf8_lossy(&published.body));
            assert!(faults.is_empty(), "{faults:?} at {key}: {body}");
        }
        self.rabbit.tidy(&["stock", "roll", "choose", "sleep"]).await;
    }
}
