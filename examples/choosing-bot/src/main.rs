//! The bot as a program: `PARLOR_BROKER_URL=amqp://… cargo run -p choosing-bot`, as often as one likes.

#[tokio::main]
async fn main() -> Result<(), parlor_bot::Unusable> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    parlor_bot::serve(choosing_bot::bot()).await
}
