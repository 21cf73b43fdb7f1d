//! Where quotes come from: the port, and its adapters side by side.

mod port;
pub mod stooq;
pub mod yahoo;

pub use port::{Fault, Provider};
