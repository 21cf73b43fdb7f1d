//! A whole bot: `/choose tea coffee` picks one for the room, the same one for everyone who asks that way.

use parlor_bot::{Bot, Command, Context, Failure, Invocation, Reply, argument};

pub fn bot() -> Bot {
    let things = argument::word("things").many();
    Bot::new("chooser", "Chooser")
        .command(Command::new("choose", "Picks one of several").argument(things).handle(choose))
}

async fn choose(asked: Invocation, _context: Context) -> Result<Reply, Failure> {
    let things = asked.words("things");
    let longest = things.iter().max_by_key(|thing| thing.chars().count());
    Ok(Reply::to_room(format!("{}. It is the longest.", longest.unwrap_or(&"Nothing"))))
}
