//! Every change but a person's message, one at a time.

use parlor_protocol::{
    auth::Person,
    ids::{AuthorId, MessageId, PersonId, RoomId, Seq},
    socket::{Asked, Author, Details, Message, RoomChanges},
    text::{Text, Topic},
};
use sqlx::{Row as _, SqliteConnection};
use uuid::Uuid;

use crate::{
    log::entry::{Append, Appended, Change, Entry, EntryKind, Refused},
    store::{
        port::{Outcome, Result},
        sqlite::{
            commands,
            rows::{self, bytes, int},
        },
    },
};

/// Any change but a person's message.
pub(super) async fn append(tx: &mut SqliteConnection, append: &Append) -> Result<Appended> {
    match &append.change {
        Change::Post { .. } => unreachable!("messages are appended in runs"),
        Change::Answer { invocation, author, asked, text, details } => {
            answer(tx, append, *invocation, author, asked, text, details.as_ref()).await
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
    asked: Option<(PersonId, &'a str)>,
    details: Option<String>,
}

async fn insert(tx: &mut SqliteConnection, append: &Append, row: Row<'_>) -> Result<Seq> {
    let room = sqlx::query("UPDATE rooms SET last_seq = last_seq + 1 WHERE id = ? RETURNING number, last_seq")
        .bind(bytes(append.room.uuid()))
        .fetch_one(&mut *tx)
        .await?;
    let seq = rows::seq(&room, "last_seq")?;
    sqlx::query(
        "INSERT INTO entries (room, seq, id, kind, created, person, bot, bot_name, text, target, command_id, \
         asker, line, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(room.try_get::<i64, _>("number")?)
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
    .bind(row.asked.map(|(asker, _)| bytes(asker.uuid())))
    .bind(row.asked.map(|(_, line)| line))
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
    asked: &Asked,
    text: &Text,
    details: Option<&Details>,
) -> Result<Appended> {
    if !commands::is_open(tx, invocation).await? {
        return Ok(Appended::Refused(Refused::AlreadyAnswered));
    }
    let AuthorId::Bot(bot) = &author.id else { return Ok(Appended::Refused(Refused::NotTheAuthor)) };
    let AuthorId::Person(asker) = asked.by.id else { return Ok(Appended::Refused(Refused::NotTheAuthor)) };
    let details_json = details.map(|details| serde_json::to_string(details).expect("details are plain data"));
    let row = Row {
        kind: "message",
        bot: Some((bot, &author.name)),
        text: Some(text.as_str()),
        command_id: Some(invocation),
        asked: Some((asker, &asked.line)),
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
        asked: Some(Box::new(asked.clone())),
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
    let row = sqlx::query(
        "SELECT e.person, e.deleted FROM entries e JOIN rooms r ON r.number = e.room \
         WHERE e.id = ? AND r.id = ? AND e.kind = 'message'",
    )
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
        "INSERT INTO members (room, person, role, read_seq, since) SELECT id, ?, \
         CASE WHEN EXISTS (SELECT 1 FROM members WHERE room = rooms.id) THEN 'member' ELSE 'owner' END, \
         last_seq + 1, ? FROM rooms WHERE id = ?",
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
