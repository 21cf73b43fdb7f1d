//! Read positions, many with one statement.

use std::collections::HashMap;

use anyhow::Context as _;
use parlor_protocol::ids::{PersonId, RoomId, Seq};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::rows::{bytes, int, padded};
use crate::store::port::{Position, ReadUpto, Result};

pub(super) async fn read(tx: &mut SqliteConnection, positions: &[Position]) -> Result<Vec<Option<ReadUpto>>> {
    let mut furthest: HashMap<(RoomId, PersonId), Seq> = HashMap::new();
    for Position { room, person, seq } in positions {
        let upto = furthest.entry((*room, *person)).or_default();
        *upto = (*upto).max(*seq);
    }
    if furthest.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::<Sqlite>::new("WITH said (room, person, seq) AS (");
    query.push_values(padded(furthest.into_iter().collect()), |mut list, ((room, person), seq)| {
        list.push_bind(bytes(room.uuid())).push_bind(bytes(person.uuid())).push_bind(int(seq));
    });
    query.push(
        ") UPDATE members SET read_seq = max(read_seq, min(said.seq, rooms.last_seq)) \
         FROM said JOIN rooms ON rooms.id = said.room WHERE members.room = said.room AND members.person = said.person",
    );
    query.build().execute(&mut *tx).await?;
    stands(tx, positions).await
}

/// One row for all, as the look that messages take at what they meet.
async fn stands(tx: &mut SqliteConnection, positions: &[Position]) -> Result<Vec<Option<ReadUpto>>> {
    let ids = positions.iter().flat_map(|position| [position.room.uuid(), position.person.uuid()]);
    let asked: Vec<u8> = ids.flat_map(|id| *id.as_bytes()).collect();
    let row = sqlx::query(
        "WITH RECURSIVE asked (at) AS (VALUES (1) UNION ALL SELECT at + 32 FROM asked WHERE at + 32 < length(?1)) \
         SELECT json_group_array(json_array(m.read_seq, (SELECT count(*) FROM entries e WHERE e.room = r.number \
         AND e.kind = 'message' AND e.seq > m.read_seq AND e.deleted = 0 AND e.person IS NOT m.person)) ORDER BY at) \
         AS stands FROM asked \
         LEFT JOIN members m ON m.room = substr(?1, at, 16) AND m.person = substr(?1, at + 16, 16) \
         LEFT JOIN rooms r ON r.id = m.room",
    )
    .bind(asked)
    .fetch_one(tx)
    .await?;
    let stands: Vec<(Option<u64>, u64)> = serde_json::from_str(row.try_get("stands")?).context("where people stand")?;
    Ok(stands.into_iter().map(|(seq, unread)| seq.map(|seq| ReadUpto { seq: Seq(seq), unread })).collect())
}
