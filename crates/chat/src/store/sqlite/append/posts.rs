//! A run of people's messages: what is known keeps its number, the others get the next ones.

use std::collections::{HashMap, HashSet};

use parlor_protocol::{
    auth::Person,
    ids::{MessageId, PersonId, RoomId, Seq},
    socket::{Author, Message},
    text::Text,
};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use uuid::Uuid;

use crate::{
    log::entry::{Append, Appended, Change, Entry, EntryKind, Refused},
    store::{
        port::Result,
        sqlite::rows::{self, bytes, int, uuid},
    },
};

/// A run of messages, with a handful of statements however many there are.
pub(super) async fn append(tx: &mut SqliteConnection, posts: &[Append]) -> Result<Vec<Appended>> {
    let mut known = known_ids(tx, posts).await?;
    let members = memberships(tx, posts).await?;
    let mut last = last_seqs(tx, posts).await?;
    let mut answers = Vec::with_capacity(posts.len());
    let mut rows: Vec<(&Append, &Person, &Text, Seq)> = Vec::with_capacity(posts.len());
    for append in posts {
        let Change::Post { author, text } = &append.change else { continue };
        let answer = match known.get(&append.id) {
            Some(&Known::Message { room, author: first, seq }) if room == append.room && first == author.id => {
                Appended::Repeat(seq)
            }
            Some(_) => Appended::Refused(Refused::IdTaken),
            None => match last.get_mut(&append.room) {
                None => Appended::Refused(Refused::NoSuchRoom),
                Some(_) if !members.contains(&(append.room, author.id)) => Appended::Refused(Refused::NotAMember),
                Some(last) => {
                    *last = last.next();
                    known.insert(append.id, Known::Message { room: append.room, author: author.id, seq: *last });
                    rows.push((append, author, text, *last));
                    Appended::Stored(posted(append, author, text, *last))
                }
            },
        };
        answers.push(answer);
    }
    insert_posts(tx, &rows).await?;
    let mut moved: HashMap<RoomId, Seq> = HashMap::new();
    for (append, _, _, seq) in &rows {
        moved.insert(append.room, *seq);
    }
    for (room, seq) in moved {
        sqlx::query("UPDATE rooms SET last_seq = ? WHERE id = ?")
            .bind(int(seq))
            .bind(bytes(room.uuid()))
            .execute(&mut *tx)
            .await?;
    }
    Ok(answers)
}

fn posted(append: &Append, author: &Person, text: &Text, seq: Seq) -> Entry {
    let message = Message {
        id: MessageId::from_uuid(append.id),
        room: append.room,
        seq,
        author: Author::person(author),
        text: text.as_str().to_owned(),
        created: append.at,
        edited: None,
        deleted: false,
        command_id: None,
        asked: None,
        details: None,
    };
    Entry { room: append.room, seq, kind: EntryKind::Message(Box::new(message)) }
}

/// To whom an id belongs already.
#[derive(Debug, Clone, Copy)]
enum Known {
    Message { room: RoomId, author: PersonId, seq: Seq },
    Other,
}

async fn known_ids(tx: &mut SqliteConnection, posts: &[Append]) -> Result<HashMap<Uuid, Known>> {
    let ids = padded(posts.iter().map(|append| append.id).collect());
    let mut entries = QueryBuilder::<Sqlite>::new("SELECT id, room, seq, person, kind FROM entries WHERE id IN (");
    push_ids(&mut entries, &ids);
    let mut known = HashMap::new();
    for row in entries.build().fetch_all(&mut *tx).await? {
        let person: Option<&[u8]> = row.try_get("person")?;
        let whose = match person.map(Uuid::from_slice) {
            Some(Ok(person)) if row.try_get::<&str, _>("kind")? == "message" => Known::Message {
                room: RoomId::from_uuid(uuid(&row, "room")?),
                author: PersonId::from_uuid(person),
                seq: rows::seq(&row, "seq")?,
            },
            _ => Known::Other,
        };
        known.insert(uuid(&row, "id")?, whose);
    }
    let mut invocations = QueryBuilder::<Sqlite>::new("SELECT id FROM invocations WHERE id IN (");
    push_ids(&mut invocations, &ids);
    for row in invocations.build().fetch_all(&mut *tx).await? {
        known.insert(uuid(&row, "id")?, Known::Other);
    }
    Ok(known)
}

async fn memberships(tx: &mut SqliteConnection, posts: &[Append]) -> Result<HashSet<(RoomId, PersonId)>> {
    let mut pairs: Vec<(RoomId, PersonId)> = posts
        .iter()
        .filter_map(|append| match &append.change {
            Change::Post { author, .. } => Some((append.room, author.id)),
            _ => None,
        })
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut query = QueryBuilder::<Sqlite>::new("SELECT room, person FROM members WHERE (room, person) IN (VALUES ");
    for (i, (room, person)) in padded(pairs).into_iter().enumerate() {
        query.push(if i == 0 { "(" } else { ", (" });
        query.push_bind(bytes(room.uuid())).push(", ").push_bind(bytes(person.uuid())).push(")");
    }
    query.push(")");
    let mut members = HashSet::new();
    for row in query.build().fetch_all(&mut *tx).await? {
        members.insert((RoomId::from_uuid(uuid(&row, "room")?), PersonId::from_uuid(uuid(&row, "person")?)));
    }
    Ok(members)
}

async fn last_seqs(tx: &mut SqliteConnection, posts: &[Append]) -> Result<HashMap<RoomId, Seq>> {
    let mut rooms: Vec<Uuid> = posts.iter().map(|append| append.room.uuid()).collect();
    rooms.sort_unstable();
    rooms.dedup();
    let mut query = QueryBuilder::<Sqlite>::new("SELECT id, last_seq FROM rooms WHERE id IN (");
    push_ids(&mut query, &padded(rooms));
    let mut last = HashMap::new();
    for row in query.build().fetch_all(&mut *tx).await? {
        last.insert(RoomId::from_uuid(uuid(&row, "id")?), rows::seq(&row, "last_seq")?);
    }
    Ok(last)
}

/// Rows by chunks of a few sizes, so that the prepared statements are few and stay cached.
async fn insert_posts(tx: &mut SqliteConnection, rows: &[(&Append, &Person, &Text, Seq)]) -> Result<()> {
    let mut left = rows;
    for size in [256, 64, 16, 4, 1] {
        while left.len() >= size {
            let (chunk, rest) = left.split_at(size);
            let mut query =
                QueryBuilder::<Sqlite>::new("INSERT INTO entries (room, seq, id, kind, created, person, text) ");
            query.push_values(chunk, |mut row, (append, author, text, seq)| {
                row.push_bind(bytes(append.room.uuid()))
                    .push_bind(int(*seq))
                    .push_bind(bytes(append.id))
                    .push("'message'")
                    .push_bind(append.at.millis())
                    .push_bind(bytes(author.id.uuid()))
                    .push_bind(text.as_str());
            });
            query.build().execute(&mut *tx).await?;
            left = rest;
        }
    }
    Ok(())
}

fn push_ids(query: &mut QueryBuilder<Sqlite>, ids: &[Uuid]) {
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(bytes(*id));
    }
    query.push(")");
}

/// Repeats the last item until the length is a power of two: ten statements stay cached instead of a thousand.
fn padded<T: Clone>(mut items: Vec<T>) -> Vec<T> {
    if let Some(last) = items.last().cloned() {
        items.resize(items.len().next_power_of_two(), last);
    }
    items
}
