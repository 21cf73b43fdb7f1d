//! One invocation and what becomes of it.

use std::{sync::Arc, time::Duration};

use parlor_bot::{
    Bot, Command, Failure, Outcome, Reply, argument,
    testing::{Chat, heard},
};
use parlor_broker::{DeadReason, Message};
use parlor_protocol::{broker::Invocation, error::ErrorCode, ids::MessageId, limits, time::Timestamp};
use tokio::sync::Notify;

/// A bot with one command that takes whatever text.
fn bot<R>(handler: impl Fn(parlor_bot::Invocation, parlor_bot::Context) -> R + Send + Sync + 'static) -> Bot
where
    R: Future<Output = Result<Reply, Failure>> + Send + 'static,
{
    let command = Command::new("do", "Does it").argument(argument::text("what").optional()).handle(handler);
    Bot::new("doer", "Doer").command(command)
}

fn failed(message: &str) -> Outcome {
    Outcome::Error { code: ErrorCode::CommandFailed, message: message.into() }
}

async fn outcome_of<R>(
    handler: impl Fn(parlor_bot::Invocation, parlor_bot::Context) -> R + Send + Sync + 'static,
) -> Outcome
where
    R: Future<Output = Result<Reply, Failure>> + Send + 'static,
{
    let mut chat = Chat::open().await;
    chat.admit(bot(handler), "one").await;
    let outcome = chat.ask("/do it").await.expect("the line is valid");
    chat.close().await;
    outcome
}

#[tokio::test]
async fn a_reply_reaches_the_room_with_its_details() {
    let outcome = outcome_of(|invocation, _| async move {
        assert_eq!(invocation.asker().username.as_str(), "carlos");
        Ok(Reply::to_room(invocation.text("what")?).source("here").as_of("now").fact("size", "7"))
    })
    .await;
    let Outcome::Message { text, details: Some(details) } = outcome else { panic!("{outcome:?}") };
    assert_eq!((text.as_str(), details.source.as_deref(), details.as_of.as_deref()), ("it", Some("here"), Some("now")));
    assert_eq!(details.facts.len(), 1);
}

#[tokio::test]
async fn a_failure_says_why() {
    assert_eq!(outcome_of(|_, _| async { Err(Failure::failed("No luck.")) }).await, failed("No luck."));
    let invalid = outcome_of(|_, _| async { Err(Failure::invalid_arguments("Not that.")) }).await;
    assert_eq!(invalid, Outcome::Error { code: ErrorCode::InvalidArguments, message: "Not that.".into() });
}

#[tokio::test]
async fn a_panic_fails_the_command_and_nothing_else() {
    let mut chat = Chat::open().await;
    chat.admit(
        bot(|invocation, _| {
            let what = invocation.text("what").unwrap().to_owned();
            assert_ne!(what, "panic before the first await");
            async move {
                tokio::task::yield_now().await;
                assert_ne!(what, "panic later");
                Ok(Reply::to_room("well"))
            }
        }),
        "one",
    )
    .await;
    for line in ["/do panic before the first await", "/do panic later"] {
        assert_eq!(chat.ask(line).await, Ok(failed("The bot failed on this command.")));
    }
    assert_eq!(chat.ask("/do it").await, Ok(Outcome::Message { text: "well".into(), details: None }));
    chat.close().await;
}

#[tokio::test]
async fn a_handler_is_cancelled_at_the_deadline_and_nobody_answers() {
    let cancelled = Arc::new(Notify::new());
    let tells = cancelled.clone();
    let mut chat = Chat::open().await;
    chat.admit(
        bot(move |invocation, context| {
            let tells = tells.clone();
            async move {
                struct Tells(Arc<Notify>);
                impl Drop for Tells {
                    fn drop(&mut self) {
                        self.0.notify_one();
                    }
                }
                if invocation.text("what")? == "nothing" {
                    let _tells = Tells(tells);
                    assert!(context.remaining() <= Duration::from_millis(50));
                    std::future::pending::<()>().await;
                }
                Ok(Reply::to_room("next"))
            }
        }),
        "one",
    )
    .await;
    chat.send(&chat.invocation("/do nothing", Duration::from_millis(50)).unwrap()).await;
    cancelled.notified().await;
    assert_eq!(chat.ask("/do it").await, Ok(Outcome::Message { text: "next".into(), details: None }));
    chat.close().await;
}

#[tokio::test]
async fn an_invocation_past_its_deadline_is_dropped() {
    let mut chat = Chat::open().await;
    chat.admit(bot(|_, _| async { Ok(Reply::to_room("done")) }), "one").await;
    let late = Invocation {
        deadline: Timestamp::from_millis(Timestamp::now().millis() - 1),
        ..chat.invocation("/do it", Duration::ZERO).unwrap()
    };
    chat.send(&late).await;
    assert!(chat.ask("/do it").await.is_ok(), "and it is the next invocation's answer that comes");
    chat.close().await;
}

#[tokio::test]
async fn what_is_no_invocation_becomes_a_dead_letter() {
    let mut chat = Chat::open().await;
    chat.admit(bot(|_, _| async { Ok(Reply::to_room("done")) }), "one").await;
    let mut dead = chat.broker().consume(&chat.topology().dead().name, 10).await.unwrap();
    let queue = chat.topology().command("do").name;
    let foreign = Invocation { command: "other".into(), ..chat.invocation("/do it", Duration::from_secs(9)).unwrap() };
    for body in [b"{}".to_vec(), b"\xff\0".to_vec(), serde_json::to_vec(&foreign).unwrap()] {
        chat.broker().publish(&queue, Message::new(body.clone())).await.unwrap();
        let letter = dead.next().await.unwrap();
        assert_eq!(letter.body(), body);
        assert_eq!(letter.message().dead_because, Some(DeadReason::Rejected));
        letter.ack();
    }
    assert!(chat.ask("/do it").await.is_ok());
    chat.close().await;
}

#[tokio::test]
async fn an_argument_that_is_missing_after_all_is_refused() {
    let mut chat = Chat::open().await;
    chat.admit(bot(|invocation, _| async move { Ok(Reply::to_room(invocation.text("what")?)) }), "one").await;
    let refused = chat.ask("/do").await.unwrap();
    let message = "The argument what is missing.".to_owned();
    assert_eq!(refused, Outcome::Error { code: ErrorCode::InvalidArguments, message });
    chat.close().await;
}

#[tokio::test]
async fn progress_reaches_whoever_listens() {
    let mut chat = Chat::open().await;
    let mut progress = chat.progress().await;
    chat.admit(
        bot(|_, context| async move {
            context.progress(0.5, "half way");
            Ok(Reply::to_room("done"))
        }),
        "one",
    )
    .await;
    let invocation = chat.invocation("/do it", Duration::from_secs(9)).unwrap();
    chat.send(&invocation).await;
    let word = heard(&mut progress).await;
    assert_eq!((word.id, word.text.as_str()), (invocation.id, "half way"));
    assert_eq!(chat.answer().await.id, invocation.id);
    chat.close().await;
}

#[tokio::test]
async fn an_answer_too_large_for_the_broker_becomes_a_failure() {
    let outcome =
        outcome_of(|_, _| async { Ok(Reply::to_room("here").fact("weight", "x".repeat(limits::BROKER_BYTES))) }).await;
    assert_eq!(outcome, failed("The bot's answer was too large."));
}

#[tokio::test]
async fn a_full_queue_of_answers_delays_the_answer_only() {
    let mut chat = Chat::open().await;
    chat.admit(bot(|_, _| async { Ok(Reply::to_room("done")) }), "one").await;
    let answers = chat.topology().answers().name;
    // The chat reads nothing meanwhile, so its prefetch and the queue fill up.
    let stuffing = serde_json::to_vec(&parlor_protocol::broker::Answer {
        id: MessageId::new(),
        bot: "other".into(),
        replica: "one".into(),
        outcome: Outcome::Answer { text: "stuffing".into() },
    })
    .unwrap();
    let mut stuffed = 0;
    while chat.broker().publish(&answers, Message::new(stuffing.clone())).await.is_ok() {
        stuffed += 1;
    }
    let invocation = chat.invocation("/do it", Duration::from_secs(9)).unwrap();
    chat.send(&invocation).await;
    for _ in 0..stuffed {
        assert_ne!(chat.answer().await.id, invocation.id);
    }
    assert_eq!(chat.answer().await.id, invocation.id);
    chat.close().await;
}

#[tokio::test]
async fn no_more_are_in_hand_than_the_bot_allows() {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let busy = |name: &str| {
        let (now, most) = (now.clone(), most.clone());
        Command::new(name, "Is busy").handle(move |_, _| {
            let (now, most) = (now.clone(), most.clone());
            async move {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                now.fetch_sub(1, SeqCst);
                Ok(Reply::to_room("done"))
            }
        })
    };
    // All commands together: each has its own queue and prefetch.
    let bot = Bot::new("busy", "Busy").command(busy("this")).command(busy("that")).at_once(3);
    let mut chat = Chat::open().await;
    chat.admit(bot, "one").await;
    for _ in 0..15 {
        for line in ["/this", "/that"] {
            chat.send(&chat.invocation(line, Duration::from_secs(9)).unwrap()).await;
        }
    }
    for _ in 0..30 {
        chat.answer().await;
    }
    assert_eq!(most.load(SeqCst), 3);
    chat.close().await;
}
