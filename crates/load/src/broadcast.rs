//! The peer in Rust: tungstenite over tokio with its own settings, each connection a task that takes what anybody
//! sends from one broadcast channel. It is how most chats in Rust are begun.

use anyhow::Result;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::broadcast::{Sender, error::RecvError},
};
use tokio_tungstenite::{accept_async, tungstenite::Message};

/// Messages that a slow connection may be behind.
const BEHIND: usize = 1_024;

/// Serves whoever comes.
///
/// # Errors
/// If nobody can be let in any more.
pub async fn serve(listener: TcpListener) -> Result<()> {
    let everybody = Sender::new(BEHIND);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let everybody = everybody.clone();
        tokio::spawn(async move {
            // A connection that fails is over, and nobody else minds.
            let _ = connection(stream, everybody).await;
        });
    }
}

async fn connection(stream: TcpStream, everybody: Sender<Message>) -> Result<()> {
    let mut listening = everybody.subscribe();
    let (mut sender, mut receiver) = accept_async(stream).await?.split();
    loop {
        tokio::select! {
            said = receiver.next() => match said {
                Some(said) => {
                    let said = said?;
                    if said.is_text() {
                        // Somebody listens: this connection does.
                        let _ = everybody.send(said);
                    }
                }
                None => return Ok(()),
            },
            heard = listening.recv() => match heard {
                Ok(message) => sender.send(message).await?,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crowd::{Crowd, Opening, Stop},
        frame::{Kind, client_text},
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn everybody_gets_what_one_says() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(serve(listener));
        let hearing = tokio::task::spawn_blocking(move || {
            let mut crowd = Crowd::new(&Stop::default()).unwrap();
            crowd.open(port, &vec![Opening::default(); 5]).unwrap();
            crowd.send(2, &client_text(b"hi")).unwrap();
            crowd.hear(5, &[Kind::Text]).unwrap();
        });
        hearing.await.unwrap();
        serving.abort();
    }
}
