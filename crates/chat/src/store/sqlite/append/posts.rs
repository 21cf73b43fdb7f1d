//! A run of people's messages: what is known keeps its number, the others get the next ones.

use std::collections::HashMap;

use anyhow::Context as _;
use parlor_protocol::{
    auth::Person,
    ids::{MessageId, PersonId, RoomId, Seq},
    socket::{Author, Message},
    text::Text,
    time::Timestamp,
};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use uuid::Uuid;

use crate::{
    log::entry::{Append, Appended, Change, Entry, EntryKind, Refused},
    store::{
        port::Result,
        sqlite::rows::{self, bytes, int, padded, uuid},
    },
};

/// A run of messages: one look at what they meet, and one statement each for their rows and for their rooms, however
/// many there are.
pub(super) async fn append(tx: &mut SqliteConnection, posts: &[Append]) -> Result<Vec<Appended>> {
    let met = meet(tx, posts).await?;
    let is_known = met.iter().any(|met| met.known);
    let mut known = if is_known { known_ids(tx, posts).await? } else { HashMap::new() };
    let mut rooms: HashMap<RoomId, Place> = HashMap::new();
    let mut answers = Vec::with_capacity(posts.len());
    let mut rows = Vec::with_capacity(posts.len());
    for (append, met) in posts.iter().zip(met) {
        let Change::Post { author, text } = &append.change else { continue };
        let answer = match (known.get(&append.id), met.place) {
            (Some(&Known::Message { room, author: first, seq }), _) if room == append.room && first == author.id => {
                Appended::Repeat(seq)
            }
            (Some(_), _) => Appended::Refused(Refused::IdTaken),
            (None, None) => Appended::Refused(Refused::NoSuchRoom),
            (None, Some(_)) if !met.member => Appended::Refused(Refused::NotAMember),
            (None, Some(place)) => {
                let place = rooms.entry(append.room).or_insert(place);
                place.last = place.last.next();
                let place = *place;
                known.insert(append.id, Known::Message { room: append.room, author: author.id, seq: place.last });
                rows.push(Row { id: append.id, place, created: append.at, author: author.id, text });
                Appended::Stored(posted(append, author, text, place.last))
            }
        };
        answers.push(answer);
    }
    if !rows.is_empty() {
        keep(tx, &rows, rooms.into_values().collect()).await?;
    }
    Ok(answers)
}

/// A room in the tables, and the number its log has come to.
#[derive(Debug, Clone, Copy)]
struct Place {
    room: i64,
    last: Seq,
}

/// What a message is up against.
#[derive(Debug, Clone, Copy)]
struct Met {
    /// `None` if there is no such room.
    place: Option<Place>,
    /// Whether its author is a member of the room.
    member: bool,
    /// Whether its id belongs to something already.
    known: bool,
}

/// A message as it is kept.
#[derive(Debug)]
struct Row<'a> {
    id: Uuid,
    place: Place,
    created: Timestamp,
    author: PersonId,
    text: &'a Text,
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
    let mut entries = QueryBuilder::<Sqlite>::new(
        "SELECT e.id, r.id AS room, e.seq, e.person, e.kind FROM entries e JOIN rooms r ON r.number = e.room WHERE e.id IN (",
    );
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

/// One statement with one row for all: what they ask goes in as bytes, 48 a message, and comes out as JSON. A row for
/// each would cost more than looking it up.
async fn meet(tx: &mut SqliteConnection, posts: &[Append]) -> Result<Vec<Met>> {
    let mut asked = Vec::with_capacity(posts.len() * 48);
    for append in posts {
        let Change::Post { author, .. } = &append.change else { continue };
        for id in [append.id, append.room.uuid(), author.id.uuid()] {
            asked.extend_from_slice(id.as_bytes());
        }
    }
    let row = sqlx::query(
        "WITH RECURSIVE asked (at) AS (VALUES (1) UNION ALL SELECT at + 48 FROM asked WHERE at + 48 < length(?1)) \
         SELECT json_group_array(json_array(r.number, r.last_seq, \
         EXISTS (SELECT 1 FROM members m WHERE m.room = r.id AND m.person = substr(?1, at + 32, 16)), \
         EXISTS (SELECT 1 FROM entries e WHERE e.id = substr(?1, at, 16)) \
         OR EXISTS (SELECT 1 FROM invocations i WHERE i.id = substr(?1, at, 16))) ORDER BY at) AS met \
         FROM asked LEFT JOIN rooms r ON r.id = substr(?1, at + 16, 16)",
    )
    .bind(asked)
    .fetch_one(tx)
    .await?;
    type Columns = (Option<i64>, Option<u64>, u8, u8);
    let met: Vec<Columns> = serde_json::from_str(row.try_get("met")?).context("what messages meet")?;
    let met = met.into_iter().map(|(room, last, member, known)| Met {
        place: room.zip(last).map(|(room, last)| Place { room, last: Seq(last) }),
        member: member != 0,
        known: known != 0,
    });
    Ok(met.collect())
}

/// The rows, and how far their rooms have come by them. A row without an id fills the list up, so that there are few
/// statements and they stay prepared.
async fn keep(tx: &mut SqliteConnection, rows: &[Row<'_>], rooms: Vec<Place>) -> Result<()> {
    let mut query = QueryBuilder::<Sqlite>::new("WITH said (room, seq, id, created, person, text) AS (");
    let filling = std::iter::repeat_with(|| None).take(rows.len().next_power_of_two() - rows.len());
    query.push_values(rows.iter().map(Some).chain(filling), |mut list, row: Option<&Row>| {
        list.push_bind(row.map(|row| row.place.room))
            .push_bind(row.map(|row| int(row.place.last)))
            .push_bind(row.map(|row| bytes(row.id)))
            .push_bind(row.map(|row| row.created.millis()))
            .push_bind(row.map(|row| bytes(row.author.uuid())))
            .push_bind(row.map(|row| row.text.as_str()));
    });
    query.push(
        ") INSERT INTO entries (room, seq, id, kind, created, person, text) \
         SELECT room, seq, id, 'message', created, person, text FROM said WHERE id IS NOT NULL; \
         WITH moved (room, last) AS (",
    );
    query.push_values(padded(rooms), |mut list, place| {
        list.push_bind(place.room).push_bind(int(place.last));
    });
    query.push(") UPDATE rooms SET last_seq = moved.last FROM moved WHERE rooms.number = moved.room");
    query.build().execute(tx).await?;
    Ok(())
}

fn push_ids(query: &mut QueryBuilder<Sqlite>, ids: &[Uuid]) {
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(bytes(*id));
    }
    query.push(")");
}
