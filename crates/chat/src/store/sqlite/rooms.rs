//! Rooms, their members, and how far each has read.

use parlor_protocol::{
    http::{Member, Role, RoomKind},
    ids::{PersonId, RoomId, Seq},
    names::Name,
    time::Timestamp,
};
use sqlx::{Row as _, SqliteConnection, SqlitePool, sqlite::SqliteRow};
use uuid::Uuid;

use super::rows::{self, bytes, int, kind_word, uuid};
use crate::store::port::{MemberOf, Opened, Result, Room, RoomView, Scope};

pub(super) async fn create(tx: &mut SqliteConnection, room: &Room, founders: &[PersonId]) -> Result<Opened> {
    if by_id(tx, room.id).await?.is_some() {
        return Ok(Opened::Existing(room.clone()));
    }
    let key = match room.kind {
        RoomKind::Public => Name::parse(&room.name).ok().map(|name| name.folded()),
        RoomKind::Private | RoomKind::Direct => None,
    };
    let made = sqlx::query(
        "INSERT INTO rooms (id, name, name_key, kind, topic, created) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (name_key) DO NOTHING",
    )
    .bind(bytes(room.id.uuid()))
    .bind(&room.name)
    .bind(key)
    .bind(kind_word(room.kind))
    .bind(&room.topic)
    .bind(Timestamp::now().millis())
    .execute(&mut *tx)
    .await?;
    if made.rows_affected() == 0 {
        return Ok(Opened::NameTaken);
    }
    for (i, founder) in founders.iter().enumerate() {
        add_founder(tx, room.id, *founder, if i == 0 { Role::Owner } else { Role::Member }).await?;
    }
    Ok(Opened::Created(room.clone()))
}

pub(super) async fn direct(tx: &mut SqliteConnection, room: &Room, one: PersonId, other: PersonId) -> Result<Opened> {
    let key = direct_key(one, other);
    let there = sqlx::query("SELECT id, name, kind, topic, last_seq FROM rooms WHERE direct_key = ?")
        .bind(&key)
        .fetch_optional(&mut *tx)
        .await?;
    if let Some(row) = there {
        return Ok(Opened::Existing(rows::room(&row)?));
    }
    sqlx::query("INSERT INTO rooms (id, name, kind, direct_key, created) VALUES (?, '', 'direct', ?, ?)")
        .bind(bytes(room.id.uuid()))
        .bind(&key)
        .bind(Timestamp::now().millis())
        .execute(&mut *tx)
        .await?;
    for person in [one, other] {
        add_founder(tx, room.id, person, Role::Member).await?;
    }
    Ok(Opened::Created(room.clone()))
}

async fn add_founder(tx: &mut SqliteConnection, room: RoomId, person: PersonId, role: Role) -> Result<()> {
    sqlx::query("INSERT INTO members (room, person, role, read_seq, since) VALUES (?, ?, ?, 0, ?)")
        .bind(bytes(room.uuid()))
        .bind(bytes(person.uuid()))
        .bind(rows::role_word(role))
        .bind(Timestamp::now().millis())
        .execute(tx)
        .await?;
    Ok(())
}

/// Both ids, the smaller one first.
fn direct_key(one: PersonId, other: PersonId) -> Vec<u8> {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    [first.uuid().as_bytes().as_slice(), second.uuid().as_bytes()].concat()
}

async fn by_id(tx: &mut SqliteConnection, room: RoomId) -> Result<Option<Room>> {
    let row = sqlx::query("SELECT id, name, kind, topic, last_seq FROM rooms WHERE id = ?")
        .bind(bytes(room.uuid()))
        .fetch_optional(tx)
        .await?;
    row.as_ref().map(rows::room).transpose()
}

pub(super) async fn room(readers: &SqlitePool, room: RoomId) -> Result<Option<Room>> {
    by_id(&mut *readers.acquire().await?, room).await
}

pub(super) async fn member_of(
    readers: &SqlitePool,
    room: RoomId,
    person: PersonId,
) -> Result<Option<(Room, Option<MemberOf>)>> {
    let row = sqlx::query(
        "SELECT r.id, r.name, r.kind, r.topic, r.last_seq, m.role, m.read_seq \
         FROM rooms r LEFT JOIN members m ON m.room = r.id AND m.person = ? WHERE r.id = ?",
    )
    .bind(bytes(person.uuid()))
    .bind(bytes(room.uuid()))
    .fetch_optional(readers)
    .await?;
    row.map(|row| Ok((rows::room(&row)?, membership(&row)?))).transpose()
}

fn membership(row: &SqliteRow) -> Result<Option<MemberOf>> {
    let Some(role) = row.try_get::<Option<&str>, _>("role")? else { return Ok(None) };
    Ok(Some(MemberOf { role: rows::role(role), read_seq: rows::seq(row, "read_seq")? }))
}

pub(super) async fn rooms_of(readers: &SqlitePool, person: PersonId) -> Result<Vec<RoomId>> {
    let found =
        sqlx::query("SELECT room FROM members WHERE person = ?").bind(bytes(person.uuid())).fetch_all(readers).await?;
    found.iter().map(|row| Ok(RoomId::from_uuid(uuid(row, "room")?))).collect()
}

/// A member's unread are messages of others and of bots, behind the read position, that still say something.
macro_rules! select_views {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.name, r.kind, r.topic, r.last_seq, r.direct_key, m.role, m.read_seq, \
             CASE WHEN m.person IS NULL THEN 0 ELSE (SELECT count(*) FROM entries e WHERE e.room = r.number \
             AND e.kind = 'message' AND e.seq > m.read_seq AND e.deleted = 0 AND e.person IS NOT m.person) END AS unread \
             FROM rooms r LEFT JOIN members m ON m.room = r.id AND m.person = ?1 WHERE ",
            $rest
        )
    };
}

pub(super) async fn views(readers: &SqlitePool, person: PersonId, scope: Scope) -> Result<Vec<RoomView>> {
    let query = match scope {
        Scope::Visible => {
            sqlx::query(select_views!("(r.kind = 'public' OR m.person IS NOT NULL) ORDER BY r.name_key, r.name, r.id"))
                .bind(bytes(person.uuid()))
        }
        Scope::Joined => sqlx::query(select_views!(
            "r.id IN (SELECT room FROM members WHERE person = ?1) AND m.person IS NOT NULL ORDER BY r.name_key, r.name, r.id"
        ))
        .bind(bytes(person.uuid())),
        Scope::Only(room) => {
            sqlx::query(select_views!("r.id = ?2 AND (r.kind = 'public' OR m.person IS NOT NULL)"))
                .bind(bytes(person.uuid()))
                .bind(bytes(room.uuid()))
        }
    };
    let found = query.fetch_all(readers).await?;
    found.iter().map(|row| view(row, person)).collect()
}

fn view(row: &SqliteRow, person: PersonId) -> Result<RoomView> {
    let pair: Option<&[u8]> = row.try_get("direct_key")?;
    let others = pair.map(|pair| pair.chunks_exact(16).filter_map(|id| Uuid::from_slice(id).ok()));
    let with = others.and_then(|mut ids| ids.find(|id| *id != person.uuid())).map(PersonId::from_uuid);
    let unread: i64 = row.try_get("unread")?;
    Ok(RoomView { room: rows::room(row)?, member: membership(row)?, unread: unread.unsigned_abs(), with })
}

pub(super) async fn unread(readers: &SqlitePool, room: RoomId, person: PersonId, upto: Seq) -> Result<u64> {
    let row = sqlx::query(
        "SELECT count(*) AS unread FROM members m JOIN rooms r ON r.id = m.room \
         JOIN entries e ON e.room = r.number AND e.kind = 'message' AND e.seq > m.read_seq AND e.seq <= ? AND e.deleted = 0 AND e.person IS NOT m.person \
         WHERE m.room = ? AND m.person = ?",
    )
    .bind(int(upto))
    .bind(bytes(room.uuid()))
    .bind(bytes(person.uuid()))
    .fetch_one(readers)
    .await?;
    Ok(row.try_get::<i64, _>("unread")?.unsigned_abs())
}

pub(super) async fn members(readers: &SqlitePool, room: RoomId) -> Result<Vec<Member>> {
    let found = sqlx::query(
        "SELECT m.person, m.role, p.username, p.name FROM members m JOIN people p ON p.id = m.person \
         WHERE m.room = ? ORDER BY p.username",
    )
    .bind(bytes(room.uuid()))
    .fetch_all(readers)
    .await?;
    found
        .iter()
        .map(|row| {
            Ok(Member { user: rows::person(row, uuid(row, "person")?)?, role: rows::role(row.try_get("role")?) })
        })
        .collect()
}
