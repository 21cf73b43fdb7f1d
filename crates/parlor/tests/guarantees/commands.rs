//! S10, S11, S13: a command is accepted once and has exactly one outcome, for the room or for the asker alone.

use parlor_protocol::{error::ErrorCode, http::Commands, ids::MessageId, socket::ServerFrame};
use parlor_testing::{Mood, Parlor, Quotes, Setup, Tab, tab::Outcome};

/// A server that asks this provider, with carlos and john in `general`.
async fn with_quotes(quotes: &Quotes) -> (Parlor, Tab, Tab) {
    let parlor = Setup::demo().quotes_from(quotes).starts().await;
    let carlos = parlor.log_in("carlos").await;
    carlos.can_use("stock").await;
    let his = carlos.connects().await;
    let johns = parlor.log_in("john").await.connects().await;
    (parlor, his, johns)
}

/// The frames about a command's id, but the bot's message.
fn about(frames: &[ServerFrame], id: MessageId) -> Vec<String> {
    frames.iter().map(ServerFrame::to_json).filter(|text| text.contains(&id.to_string())).collect()
}

#[tokio::test]
async fn the_bots_answer_goes_to_the_room_and_the_command_line_is_never_a_message() {
    let quotes = Quotes::start().await;
    let (parlor, mut his, mut johns) = with_quotes(&quotes).await;
    let general = his.room("general").clone();
    let id = his.commands("/stock aapl.us", &general).await;
    his.hears_accepted(id).await;
    let message = his.hears_outcome(id).await.message();
    assert_eq!((message.author.id.to_string().as_str(), message.author.bot), ("bot:stock", true));
    assert_eq!(message.command_id, Some(id));
    let heard = johns.hears_message(&message.text).await;
    assert_eq!(heard, message);
    let john = parlor.log_in("john").await;
    assert_eq!(john.reads(&general).await, [message.text]);
    // Of `accepted` and the like the others hear nothing.
    assert!(johns.all_so_far().await.is_empty());
    assert!(about(&his.all_so_far().await, id).is_empty(), "there is one outcome");
}

#[tokio::test]
async fn the_same_id_again_repeats_accepted_and_the_outcome_and_never_runs_twice() {
    let quotes = Quotes::start().await;
    let (parlor, mut his, mut johns) = with_quotes(&quotes).await;
    let general = his.room("general").clone();
    let id = his.commands("/stock aapl.us", &general).await;
    his.hears_accepted(id).await;
    let first = his.hears_outcome(id).await;
    quotes.price("aapl.us", "999.99");
    for line in ["/stock aapl.us", "/stock msft.us"] {
        his.commands_as(id, line, &general).await;
        his.hears_accepted(id).await;
        assert_eq!(his.hears_outcome(id).await, first, "as it was sent");
    }
    let mut elsewhere = parlor.log_in("carlos").await.connects().await;
    elsewhere.commands_as(id, "/stock aapl.us", &general).await;
    elsewhere.hears_accepted(id).await;
    assert_eq!(elsewhere.hears_outcome(id).await, first);
    assert_eq!(quotes.asked().len(), 1);
    his.says("last").in_room(&general).await;
    johns.hears_message("last").await;
    assert_eq!(about(&johns.all_so_far().await, id).len(), 1, "the room heard the answer once");
}

#[tokio::test]
async fn a_repeat_while_it_runs_waits_for_the_same_outcome() {
    let quotes = Quotes::start().await;
    let (parlor, mut his, _johns) = with_quotes(&quotes).await;
    let mut elsewhere = parlor.log_in("carlos").await.connects().await;
    let general = his.room("general").clone();
    quotes.feels(Mood::Silent).await;
    let id = his.commands("/stock aapl.us", &general).await;
    his.hears_accepted(id).await;
    quotes.is_asked(1).await;
    elsewhere.commands_as(id, "/stock aapl.us", &general).await;
    elsewhere.hears_accepted(id).await;
    his.commands_as(id, "/stock aapl.us", &general).await;
    his.hears_accepted(id).await;
    quotes.feels(Mood::Well).await;
    let message = his.hears_outcome(id).await.message();
    assert_eq!(elsewhere.hears_outcome(id).await.message(), message);
    assert_eq!(quotes.asked().len(), 1);
    assert_eq!(parlor.log_in("john").await.reads(&general).await, [message.text]);
}

#[tokio::test]
async fn a_command_that_nobody_announces_is_unknown_at_once() {
    let parlor = Parlor::starts().await;
    let (carlos, mut johns) = (parlor.log_in("carlos").await, parlor.log_in("john").await.connects().await);
    let mut his = carlos.connects().await;
    let general = his.room("general").clone();
    for line in ["/nosuch", "/nosuch thing", "/", "/ stock aapl.us", "//stock", "/stöck", "/stock.us"] {
        let id = his.commands(line, &general).await;
        assert_eq!(his.hears_outcome(id).await.error().0, ErrorCode::UnknownCommand, "{line}");
    }
    let id = his.commands("stock aapl.us", &general).await;
    assert_eq!(his.hears_outcome(id).await.error().0, ErrorCode::InvalidArguments, "no slash");
    let heard = his.all_so_far().await;
    assert!(!heard.iter().any(|frame| matches!(frame, ServerFrame::Accepted { .. })), "{heard:?}");
    assert!(johns.all_so_far().await.is_empty());
    assert!(carlos.reads(&general).await.is_empty());
}

#[tokio::test]
async fn a_bad_argument_is_refused_with_the_character_at_fault() {
    let quotes = Quotes::start().await;
    let (_parlor, mut his, mut johns) = with_quotes(&quotes).await;
    let general = his.room("general").clone();
    for (line, at) in [
        ("/stock", 6),
        ("/stock=", 7),
        ("/stock aapl us", 12),
        ("/stock aa$pl", 9),
        ("/stock=aapl/../x", 11),
        ("/stock aapl&f=x", 11),
        ("/stock \"aapl", 7),
        ("/stock aaaaaaaaaaaaaaaaaaaaa", 27),
        ("/stock é", 7),
    ] {
        let id = his.commands(line, &general).await;
        let Outcome::Error { code, message, position } = his.hears_outcome(id).await else { panic!("{line}") };
        assert_eq!((code, position), (ErrorCode::InvalidArguments, Some(at)), "{line}: {message}");
    }
    let heard = his.all_so_far().await;
    assert!(!heard.iter().any(|frame| matches!(frame, ServerFrame::Accepted { .. })), "{heard:?}");
    assert!(quotes.asked().is_empty(), "a bad argument never leaves the chat");
    assert!(johns.all_so_far().await.is_empty(), "and is nobody else's business");
}

#[tokio::test]
async fn a_failure_is_told_to_the_connection_that_asked_and_stored_nowhere() {
    let quotes = Quotes::start().await;
    let (parlor, mut his, mut johns) = with_quotes(&quotes).await;
    let carlos = parlor.log_in("carlos").await;
    let mut his_other = carlos.connects().await;
    let general = his.room("general").clone();
    let id = his.commands("/stock nosuch.us", &general).await;
    his.hears_accepted(id).await;
    assert_eq!(his.hears_outcome(id).await.error().0, ErrorCode::CommandFailed);
    his.commands_as(id, "/stock nosuch.us", &general).await;
    his.hears_accepted(id).await;
    assert_eq!(his.hears_outcome(id).await.error().0, ErrorCode::CommandFailed, "asked again, told again");
    assert!(johns.all_so_far().await.is_empty());
    assert!(his_other.all_so_far().await.is_empty());
    assert!(carlos.reads(&general).await.is_empty());
    assert_eq!(quotes.asked().len(), 1);
}

#[tokio::test]
async fn a_command_whose_work_was_lost_has_one_outcome_nevertheless() {
    let quotes = Quotes::start().await;
    let mut parlor = Setup::demo().quotes_from(&quotes).set("PARLOR_COMMAND_TIMEOUT", "3s").starts().await;
    let carlos = parlor.log_in("carlos").await;
    carlos.can_use("stock").await;
    let mut his = carlos.connects().await;
    let general = his.room("general").clone();
    quotes.feels(Mood::Silent).await;
    let id = his.commands("/stock aapl.us", &general).await;
    his.hears_accepted(id).await;
    quotes.is_asked(1).await;
    parlor.is_killed().await;
    parlor.starts_again().await;
    let mut his = carlos.connects().await;
    his.commands_as(id, "/stock aapl.us", &general).await;
    his.hears_accepted(id).await;
    let outcome = his.hears_outcome(id).await;
    if let Outcome::Error { code, .. } = &outcome {
        assert!(matches!(code, ErrorCode::CommandTimeout | ErrorCode::CommandFailed), "{code:?}");
    }
    his.commands_as(id, "/stock aapl.us", &general).await;
    his.hears_accepted(id).await;
    assert_eq!(his.hears_outcome(id).await, outcome);
    assert!(about(&his.all_so_far().await, id).is_empty());
}

#[tokio::test]
async fn the_catalogue_says_how_each_command_is_written() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    carlos.can_use("stock").await;
    let commands: Commands = carlos.gets("/api/commands").await.expect(200).json();
    for name in ["help", "topic", "invite", "leave"] {
        let own = commands.commands.iter().find(|command| command.name == name).expect(name);
        assert_eq!(own.bot, "parlor");
    }
    let stock = commands.commands.iter().find(|command| command.name == "stock").expect("the stock bot is there");
    assert_eq!((stock.bot.as_str(), stock.deadline_ms), ("stock", 10_000));
    assert!(stock.usage.starts_with("/stock "), "{}", stock.usage);
    assert!(!stock.summary.is_empty());
    let required: Vec<_> = stock.arguments["required"].as_array().unwrap().iter().collect();
    assert_eq!(required.len(), 1);
    assert_eq!(stock.arguments["properties"][required[0].as_str().unwrap()]["type"], "string");
}
