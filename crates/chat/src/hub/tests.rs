//! The hub over real sockets.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use parlor_protocol::ids::{PersonId, RoomId, Seq};
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::Hub;
use crate::{
    outbox::Released,
    socket::Socket,
    store::{Store, conformance, sqlite::SqliteStore},
};

struct Scene {
    hub: Hub,
    store: Arc<dyn Store>,
    room: RoomId,
    listener: TcpListener,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("chat.db")).await.unwrap());
        let anna = conformance::person("anna");
        let room = conformance::room_of(&store, parlor_protocol::http::RoomKind::Public, &[&anna]).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { hub: Hub::new(Arc::clone(&store)), store, room, listener, _folder: folder }
    }

    async fn socket(&self, person: PersonId) -> (Arc<Socket>, TcpStream) {
        let client = TcpStream::connect(self.listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = self.listener.accept().await.unwrap();
        stream.writable().await.unwrap();
        let socket = Arc::new(Socket::of(person, stream));
        socket.outbox().greet(Bytes::from_static(b"h"));
        assert!(self.hub.arrive(&socket, None));
        (socket, client)
    }

    async fn publish(&self, seq: u64) {
        let digit = char::from_digit(u32::try_from(seq % 10).unwrap(), 10).unwrap();
        self.hub.publish(vec![(self.room, Seq(seq), Bytes::from(digit.to_string()))]).await;
    }
}

async fn hears(client: &mut TcpStream, expected: &str) {
    let mut got = vec![0; expected.len()];
    timeout(Duration::from_secs(5), client.read_exact(&mut got)).await.expect("in time").unwrap();
    assert_eq!(String::from_utf8(got).unwrap(), expected);
}

#[tokio::test]
async fn whoever_is_in_a_room_gets_its_entries_once_and_in_order() {
    let scene = Scene::new().await;
    let mut clients = Vec::new();
    // More than two chunks.
    for _ in 0..600 {
        let (socket, client) = scene.socket(PersonId::new()).await;
        assert_eq!(scene.hub.join(scene.room, &socket).await.unwrap(), Some(Seq(0)));
        assert_eq!(scene.hub.join(scene.room, &socket).await.unwrap(), None, "once is enough");
        clients.push(client);
    }
    for seq in 1..=30 {
        scene.publish(seq).await;
        scene.publish(seq).await;
    }
    scene.hub.settle().await;
    for client in &mut clients {
        hears(client, "h123456789012345678901234567890").await;
    }
}

#[tokio::test]
async fn a_socket_hears_only_what_comes_after_its_cut() {
    let scene = Scene::new().await;
    let (early, mut early_client) = scene.socket(PersonId::new()).await;
    scene.hub.join(scene.room, &early).await.unwrap();
    scene.publish(1).await;
    scene.publish(2).await;
    let (late, mut late_client) = scene.socket(PersonId::new()).await;
    assert_eq!(scene.hub.join(scene.room, &late).await.unwrap(), Some(Seq(2)));
    scene.publish(3).await;
    hears(&mut early_client, "h123").await;
    hears(&mut late_client, "h3").await;
}

#[tokio::test]
async fn a_room_that_holds_goes_on_behind_the_last_of_its_replay() {
    let scene = Scene::new().await;
    let (socket, mut client) = scene.socket(PersonId::new()).await;
    scene.hub.join(scene.room, &socket).await.unwrap();
    scene.publish(1).await;
    assert_eq!(scene.hub.hold(scene.room, &socket).await, Some(Seq(1)));
    scene.publish(2).await;
    scene.hub.settle().await;
    assert!(socket.outbox().send_replayed(scene.room, Bytes::from_static(b"r")));
    assert_eq!(socket.outbox().release(scene.room, Bytes::from_static(b"R")), Released::Live);
    scene.publish(3).await;
    hears(&mut client, "h1rR23").await;
    assert_eq!(scene.hub.hold(RoomId::new(), &socket).await, None);
}

#[tokio::test]
async fn who_is_expelled_hears_the_last_frame_and_nothing_after_it() {
    let scene = Scene::new().await;
    let (gone, kept) = (PersonId::new(), PersonId::new());
    let (first, mut first_client) = scene.socket(gone).await;
    let (second, mut second_client) = scene.socket(gone).await;
    let (other, mut other_client) = scene.socket(kept).await;
    for socket in [&first, &second, &other] {
        scene.hub.join(scene.room, socket).await.unwrap();
    }
    scene.publish(1).await;
    // One of them replays at that moment: what it would have been sent is not sent any more.
    scene.hub.hold(scene.room, &second).await.unwrap();
    scene.hub.expel(scene.room, gone, &Bytes::from_static(b"X"));
    scene.publish(2).await;
    scene.hub.settle().await;
    assert!(!second.outbox().send_replayed(scene.room, Bytes::from_static(b"r")));
    assert_eq!(second.outbox().release(scene.room, Bytes::from_static(b"R")), Released::Over);
    assert_eq!(scene.hub.hold(scene.room, &first).await, None);
    // Back again, from here on.
    let joined = |cut: Seq| Bytes::from(format!("j{cut}"));
    scene.hub.admit(scene.room, gone, joined).await.unwrap();
    scene.publish(3).await;
    hears(&mut first_client, "h1Xj23").await;
    hears(&mut second_client, "h1Xj23").await;
    hears(&mut other_client, "h123").await;
}

#[tokio::test]
async fn a_closed_socket_can_enter_no_room_and_an_empty_room_is_forgotten() {
    let scene = Scene::new().await;
    let (socket, _client) = scene.socket(PersonId::new()).await;
    scene.hub.join(scene.room, &socket).await.unwrap();
    scene.hub.depart(&socket);
    assert_eq!(scene.hub.join(scene.room, &socket).await.unwrap(), None);
    scene.hub.settle().await;
    scene.hub.sweep();
    assert!(scene.hub.channel(scene.room).is_none());
    assert!(scene.hub.sockets().is_empty());
    let (again, mut client) = scene.socket(PersonId::new()).await;
    assert_eq!(scene.hub.join(scene.room, &again).await.unwrap(), Some(Seq(0)));
    scene.publish(1).await;
    hears(&mut client, "h1").await;
    assert_eq!(scene.store.last_seq(scene.room).await.unwrap(), Some(Seq(0)));
}

#[tokio::test]
async fn a_person_has_no_more_sockets_than_allowed() {
    let scene = Scene::new().await;
    let person = PersonId::new();
    let (first, _client) = scene.socket(person).await;
    let client = TcpStream::connect(scene.listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = scene.listener.accept().await.unwrap();
    let second = Arc::new(Socket::of(person, stream));
    assert!(!scene.hub.arrive(&second, Some(1)));
    scene.hub.depart(&second);
    assert_eq!(scene.hub.sockets_of(person).len(), 1);
    scene.hub.depart(&first);
    assert!(scene.hub.arrive(&second, Some(1)));
    drop(client);
}
