//! The bot from the chat's side, over a provider on loopback. It knows the bot's face only.

mod faults;
mod provider;
mod sharing;
