//! Appending to the log: what is known keeps its number, authors are members, numbers have no gaps.

use std::collections::HashMap;

use parlor_protocol::{
    auth::Person,
    ids::{AuthorId, MessageId, PersonId, RoomId, Seq},
    socket::{Author, Details, Message, RoomChanges},
    text::{Text, Topic},
};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::{
    commands,
    rows::{bytes, int, uuid},
};
use crate::{
    log::entry::{Append, Appended, Change, Entry, EntryKind, Refused},
    store::port::{Outcome, Result},
};

pub(super) async fn append(tx: &mut SqliteConnection, batch: &[Append]) -> Result<Vec<Appended>> {
    let mut answers = Vec::with_capacity(batch.len());
    let mut left = batch;
    while !left.is_empty() {
        let posts = left.iter().take_while(|append| matches!(append.change, Change::Post { .. })).count();
        if posts > 0 {
            answers.extend(append_posts(tx, &left[..posts]).await?);
            left = &left[posts..];
        } else {
            answers.push(append_one(tx, &left[0]).await?);
            left = &left[1..];
        }
    }
    Ok(answers)
}

/// A run of messages, with a handful of statements however many there are.
async fn append_posts(tx: &mut SqliteConnection, posts: &[Append]) -> Result<Vec<Appended>> {
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
                Some(_) if !members.contains_key(&(append.room, author.id)) => Appended::Refused(Refused::NotAMember),
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
                seq: super::rows::seq(&row, "seq")?,
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

async fn memberships(tx: &mut SqliteConnection, posts: &[Append]) -> Result<HashMap<(RoomId, PersonId), ()>> {
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
    let mut members = HashMap::new();
    for row in query.build().fetch_all(&mut *tx).await? {
        members.insert((RoomId::from_uuid(uuid(&row, "room")?), PersonId::from_uuid(uuid(&row, "person")?)), ());
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
        last.insert(RoomId::from_uuid(uuid(&row, "id")?), super::rows::seq(&row, "last_seq")?);
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

/// Any change but a person's message.
async fn append_one(tx: &mut SqliteConnection, append: &Append) -> Result<Appended> {
    match &append.change {
        Change::Post { .. } => unreachable!("messages are appended in runs"),
        Change::Answer { invocation, author, text, details } => {
            answer(tx, append, *invocation, author, text, details.as_ref()).await
        }
        Change::Edit { message, by, text } => edit(tx, append, *message, *by, text).await,
        Change::Delete { message, by } => delete(tx, append, *message, *by).await,
        Change::Join { person } => join(tx, append, person).await,
        Change::Leave { person } => leave(tx, append, person).await,
        Change::Topic { by, topic } => set_topic(tx, append, by, topic).await,
    }
}

/// A row of kind other than a person's message.
#[derive(Default)]
struct Row<'a> {
    kind: &'static str,
    person: Option<PersonId>,
    bot: Option<(&'a str, &'a str)>,
    text: Option<&'a str>,
    target: Option<Uuid>,
    command_id: Option<MessageId>,
    details: Option<String>,
}

async fn insert(tx: &mut SqliteConnection, append: &Append, row: Row<'_>) -> Result<Seq> {
    let seq = sqlx::query("UPDATE rooms SET last_seq = last_seq + 1 WHERE id = ? RETURNING last_seq")
        .bind(bytes(append.room.uuid()))
        .fetch_one(&mut *tx)
        .await?;
    let seq = super::rows::seq(&seq, "last_seq")?;
    sqlx::query(
        "INSERT INTO entries (room, seq, id, kind, created, person, bot, bot_name, text, target, command_id, details) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(bytes(append.room.uuid()))
    .bind(int(seq))
    .bind(bytes(append.id))
    .bind(row.kind)
    .bind(append.at.millis())
    .bind(row.person.map(|person| bytes(person.uuid())))
    .bind(row.bot.map(|(bot, _)| bot))
    .bind(row.bot.map(|(_, name)| name))
    .bind(row.text)
    .bind(row.target.map(bytes))
    .bind(row.command_id.map(|id| bytes(id.uuid())))
    .bind(row.details)
    .execute(&mut *tx)
    .await?;
    Ok(seq)
}

fn stored(append: &Append, seq: Seq, kind: EntryKind) -> Appended {
    Appended::Stored(Entry { room: append.room, seq, kind })
}

async fn answer(
    tx: &mut SqliteConnection,
    append: &Append,
    invocation: MessageId,
    author: &Author,
    text: &Text,
    details: Option<&Details>,
) -> Result<Appended> {
    if !commands::is_open(tx, invocation).await? {
        return Ok(Appended::Refused(Refused::AlreadyAnswered));
    }
    let AuthorId::Bot(bot) = &author.id else { return Ok(Appended::Refused(Refused::NotTheAuthor)) };
    let details_json = details.map(|details| serde_json::to_string(details).expect("details are plain data"));
    let row = Row {
        kind: "message",
        bot: Some((bot, &author.name)),
        text: Some(text.as_str()),
        command_id: Some(invocation),
        details: details_json,
        ..Row::default()
    };
    let seq = insert(tx, append, row).await?;
    commands::finish(tx, invocation, &Outcome::Message { seq }, append.at).await?;
    let message = Message {
        id: MessageId::from_uuid(append.id),
        room: append.room,
        seq,
        author: author.clone(),
        text: text.as_str().to_owned(),
        created: append.at,
        edited: None,
        deleted: false,
        command_id: Some(invocation),
        details: details.cloned(),
    };
    Ok(stored(append, seq, EntryKind::Message(Box::new(message))))
}

/// Why a person may not change this message, if so.
async fn refused_change(
    tx: &mut SqliteConnection,
    append: &Append,
    message: MessageId,
    by: PersonId,
    if_deleted: Refused,
) -> Result<Option<Refused>> {
    if !is_member(tx, append.room, by).await? {
        return Ok(Some(Refused::NotAMember));
    }
    let row = sqlx::query("SELECT person, deleted FROM entries WHERE id = ? AND room = ? AND kind = 'message'")
        .bind(bytes(message.uuid()))
        .bind(bytes(append.room.uuid()))
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else { return Ok(Some(Refused::NoSuchMessage)) };
    let author: Option<&[u8]> = row.try_get("person")?;
    if author != Some(by.uuid().as_bytes()) {
        return Ok(Some(Refused::NotTheAuthor));
    }
    Ok(row.try_get::<bool, _>("deleted")?.then_some(if_deleted))
}

async fn edit(
    tx: &mut SqliteConnection,
    append: &Append,
    message: MessageId,
    by: PersonId,
    text: &Text,
) -> Result<Appended> {
    if let Some(refused) = refused_change(tx, append, message, by, Refused::MessageDeleted).await? {
        return Ok(Appended::Refused(refused));
    }
    sqlx::query("UPDATE entries SET text = ?, edited = ? WHERE id = ?")
        .bind(text.as_str())
        .bind(append.at.millis())
        .bind(bytes(message.uuid()))
        .execute(&mut *tx)
        .await?;
    let row = Row { kind: "message_edited", person: Some(by), target: Some(message.uuid()), ..Row::default() };
    let seq = insert(tx, append, row).await?;
    let kind = EntryKind::MessageEdited { message, text: text.as_str().to_owned(), edited: append.at };
    Ok(stored(append, seq, kind))
}

async fn delete(tx: &mut SqliteConnection, append: &Append, message: MessageId, by: PersonId) -> Result<Appended> {
    if let Some(refused) = refused_change(tx, append, message, by, Refused::NoSuchMessage).await? {
        return Ok(Appended::Refused(refused));
    }
    sqlx::query("UPDATE entries SET text = '', details = NULL, deleted = 1 WHERE id = ?")
        .bind(bytes(message.uuid()))
        .execute(&mut *tx)
        .await?;
    let row = Row { kind: "message_deleted", person: Some(by), target: Some(message.uuid()), ..Row::default() };
    let seq = insert(tx, append, row).await?;
    Ok(stored(append, seq, EntryKind::MessageDeleted { message }))
}

async fn join(tx: &mut SqliteConnection, append: &Append, person: &Person) -> Result<Appended> {
    if is_member(tx, append.room, person.id).await? {
        return Ok(Appended::Unchanged);
    }
    if let Some(refused) = refused_membership(tx, append.room).await? {
        return Ok(Appended::Refused(refused));
    }
    // The entry that is about to be written counts as read: one's own coming is no news.
    sqlx::query(
        "INSERT INTO members (room, person, role, read_seq, since) SELECT id, ?, 'member', last_seq + 1, ? \
         FROM rooms WHERE id = ?",
    )
    .bind(bytes(person.id.uuid()))
    .bind(append.at.millis())
    .bind(bytes(append.room.uuid()))
    .execute(&mut *tx)
    .await?;
    let row = Row { kind: "member_joined", person: Some(person.id), ..Row::default() };
    let seq = insert(tx, append, row).await?;
    Ok(stored(append, seq, EntryKind::MemberJoined { user: person.clone() }))
}

async fn leave(tx: &mut SqliteConnection, append: &Append, person: &Person) -> Result<Appended> {
    if let Some(refused) = refused_membership(tx, append.room).await? {
        return Ok(Appended::Refused(refused));
    }
    let left = sqlx::query("DELETE FROM members WHERE room = ? AND person = ? RETURNING role")
        .bind(bytes(append.room.uuid()))
        .bind(bytes(person.id.uuid()))
        .fetch_optional(&mut *tx)
        .await?;
    let Some(left) = left else { return Ok(Appended::Unchanged) };
    if left.try_get::<&str, _>("role")? == "owner" {
        sqlx::query(
            "UPDATE members SET role = 'owner' WHERE room = ?1 AND person = \
             (SELECT person FROM members WHERE room = ?1 ORDER BY since, person LIMIT 1)",
        )
        .bind(bytes(append.room.uuid()))
        .execute(&mut *tx)
        .await?;
    }
    let row = Row { kind: "member_left", person: Some(person.id), ..Row::default() };
    let seq = insert(tx, append, row).await?;
    Ok(stored(append, seq, EntryKind::MemberLeft { user: person.clone() }))
}

/// Why nobody can join or leave this room, if so.
async fn refused_membership(tx: &mut SqliteConnection, room: RoomId) -> Result<Option<Refused>> {
    let row = sqlx::query("SELECT kind FROM rooms WHERE id = ?").bind(bytes(room.uuid())).fetch_optional(tx).await?;
    let Some(row) = row else { return Ok(Some(Refused::NoSuchRoom)) };
    Ok((row.try_get::<&str, _>("kind")? == "direct").then_some(Refused::DirectRoom))
}

async fn set_topic(tx: &mut SqliteConnection, append: &Append, by: &Person, topic: &Topic) -> Result<Appended> {
    if !is_member(tx, append.room, by.id).await? {
        return Ok(Appended::Refused(Refused::NotAMember));
    }
    let changed = sqlx::query("UPDATE rooms SET topic = ?1 WHERE id = ?2 AND topic <> ?1")
        .bind(topic.as_str())
        .bind(bytes(append.room.uuid()))
        .execute(&mut *tx)
        .await?;
    if changed.rows_affected() == 0 {
        return Ok(Appended::Unchanged);
    }
    let row = Row { kind: "room_changed", person: Some(by.id), text: Some(topic.as_str()), ..Row::default() };
    let seq = insert(tx, append, row).await?;
    let changes = RoomChanges { topic: Some(topic.as_str().to_owned()) };
    Ok(stored(append, seq, EntryKind::RoomChanged { changes, by: Author::person(by) }))
}

async fn is_member(tx: &mut SqliteConnection, room: RoomId, person: PersonId) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM members WHERE room = ? AND person = ?")
        .bind(bytes(room.uuid()))
        .bind(bytes(person.uuid()))
        .fetch_optional(tx)
        .await?;
    Ok(row.is_some())
}
