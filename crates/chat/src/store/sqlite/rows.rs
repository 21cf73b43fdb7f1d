//! Values between Rust and SQLite's columns: ids as 16 bytes, numbers and times as integers, kinds as words.

use anyhow::{Context as _, anyhow};
use parlor_protocol::{
    auth::Person,
    http::{Role, RoomKind},
    ids::{AuthorId, MessageId, PersonId, RoomId, Seq},
    names::{Name, Username},
    socket::{Asked, Author, Message, RoomChanges},
    time::Timestamp,
};
use sqlx::{Row as _, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    log::entry::{Entry, EntryKind},
    store::port::{Result, Room, StoreError},
};

pub(super) fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// SQLite's integers are signed; a `seq` never comes near the sign.
pub(super) fn int(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

pub(super) fn seq(row: &SqliteRow, column: &str) -> Result<Seq> {
    Ok(Seq(row.try_get::<i64, _>(column)?.try_into().map_err(anyhow::Error::from)?))
}

pub(super) fn time(row: &SqliteRow, column: &str) -> Result<Timestamp> {
    Ok(Timestamp::from_millis(row.try_get(column)?))
}

pub(super) fn uuid(row: &SqliteRow, column: &str) -> Result<Uuid> {
    let bytes: &[u8] = row.try_get(column)?;
    Ok(Uuid::from_slice(bytes).with_context(|| format!("column {column}"))?)
}

fn optional_uuid(row: &SqliteRow, column: &str) -> Result<Option<Uuid>> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    Ok(bytes.map(Uuid::from_slice).transpose().with_context(|| format!("column {column}"))?)
}

pub(super) const fn kind_word(kind: RoomKind) -> &'static str {
    match kind {
        RoomKind::Public => "public",
        RoomKind::Private => "private",
        RoomKind::Direct => "direct",
    }
}

pub(super) const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Member => "member",
    }
}

pub(super) fn role(word: &str) -> Role {
    if word == "owner" { Role::Owner } else { Role::Member }
}

/// Repeats the last item until the length is a power of two: ten statements stay cached instead of a thousand.
pub(super) fn padded<T: Clone>(mut items: Vec<T>) -> Vec<T> {
    if let Some(last) = items.last().cloned() {
        items.resize(items.len().next_power_of_two(), last);
    }
    items
}

/// From columns `id, name, kind, topic, last_seq` of rooms.
pub(super) fn room(row: &SqliteRow) -> Result<Room> {
    Ok(Room {
        id: RoomId::from_uuid(uuid(row, "id")?),
        name: row.try_get("name")?,
        kind: match row.try_get("kind")? {
            "public" => RoomKind::Public,
            "private" => RoomKind::Private,
            _ => RoomKind::Direct,
        },
        topic: row.try_get("topic")?,
        last_seq: seq(row, "last_seq")?,
    })
}

/// From columns `username` and `name` of people beside an id.
pub(super) fn person(row: &SqliteRow, id: Uuid) -> Result<Person> {
    let invalid = |what: &str| StoreError(anyhow!("the {what} of person {id} is not valid"));
    Ok(Person {
        id: PersonId::from_uuid(id),
        username: Username::parse(row.try_get("username")?).map_err(|_| invalid("username"))?,
        name: Name::parse(row.try_get("name")?).map_err(|_| invalid("name"))?,
    })
}

/// The columns [`entry`] reads: an entry `e`, its person `p`, and the message `m` it is about, in the room of the
/// first parameter. Every use goes on with a condition.
macro_rules! select_entries {
    ($rest:literal) => {
        concat!(
            "SELECT e.seq, e.id, e.kind, e.created, e.person, e.bot, e.bot_name, e.text, e.edited, e.deleted, \
             e.target, e.command_id, e.asker, e.line, e.details, p.username, p.name, q.name AS asker_name, m.text AS present, m.edited AS present_edited \
             FROM entries e LEFT JOIN people p ON p.id = e.person LEFT JOIN people q ON q.id = e.asker \
             LEFT JOIN entries m ON e.kind IN ('message_edited') AND m.id = e.target \
             WHERE e.room = (SELECT number FROM rooms WHERE id = ?) AND ",
            $rest
        )
    };
}
pub(super) use select_entries;

pub(super) fn entry(row: &SqliteRow, room: RoomId) -> Result<Entry> {
    let number = seq(row, "seq")?;
    let target = || -> Result<MessageId> {
        let id = optional_uuid(row, "target")?.ok_or_else(|| anyhow!("entry {number} has no target"))?;
        Ok(MessageId::from_uuid(id))
    };
    let kind = match row.try_get("kind")? {
        "message" => EntryKind::Message(Box::new(message(row, room)?)),
        "message_edited" => {
            let present_edited: Option<i64> = row.try_get("present_edited")?;
            EntryKind::MessageEdited {
                message: target()?,
                text: row.try_get::<Option<String>, _>("present")?.unwrap_or_default(),
                edited: present_edited.map_or_else(|| time(row, "created"), |t| Ok(Timestamp::from_millis(t)))?,
            }
        }
        "message_deleted" => EntryKind::MessageDeleted { message: target()? },
        "member_joined" => EntryKind::MemberJoined { user: person(row, uuid(row, "person")?)? },
        "member_left" => EntryKind::MemberLeft { user: person(row, uuid(row, "person")?)? },
        "room_changed" => {
            EntryKind::RoomChanged { changes: RoomChanges { topic: row.try_get("text")? }, by: author(row)? }
        }
        other => return Err(StoreError(anyhow!("entry {number} has the unknown kind {other}"))),
    };
    Ok(Entry { room, seq: number, kind })
}

pub(super) fn message(row: &SqliteRow, room: RoomId) -> Result<Message> {
    let details: Option<&str> = row.try_get("details")?;
    let edited: Option<i64> = row.try_get("edited")?;
    Ok(Message {
        id: MessageId::from_uuid(uuid(row, "id")?),
        room,
        seq: seq(row, "seq")?,
        author: author(row)?,
        text: row.try_get::<Option<String>, _>("text")?.unwrap_or_default(),
        created: time(row, "created")?,
        edited: edited.map(Timestamp::from_millis),
        deleted: row.try_get("deleted")?,
        command_id: optional_uuid(row, "command_id")?.map(MessageId::from_uuid),
        asked: asked(row)?,
        details: details.map(serde_json::from_str).transpose().context("a message's details")?,
    })
}

fn asked(row: &SqliteRow) -> Result<Option<Box<Asked>>> {
    let (Some(asker), Some(line)) = (optional_uuid(row, "asker")?, row.try_get("line")?) else { return Ok(None) };
    let name = row.try_get::<Option<String>, _>("asker_name")?.unwrap_or_else(|| "Somebody".to_owned());
    let by = Author { id: AuthorId::Person(PersonId::from_uuid(asker)), name, bot: false };
    Ok(Some(Box::new(Asked { by, line })))
}

fn author(row: &SqliteRow) -> Result<Author> {
    if let Some(bot) = row.try_get::<Option<String>, _>("bot")? {
        let name = row.try_get::<Option<String>, _>("bot_name")?.unwrap_or_else(|| bot.clone());
        return Ok(Author { id: AuthorId::Bot(bot), name, bot: true });
    }
    let id = PersonId::from_uuid(uuid(row, "person")?);
    let name = row.try_get::<Option<String>, _>("name")?.unwrap_or_else(|| "Somebody".to_owned());
    Ok(Author { id: AuthorId::Person(id), name, bot: false })
}
