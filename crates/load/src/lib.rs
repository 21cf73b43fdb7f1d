//! What Parlor costs, beside a floor and its peers in the same run: fan-out, memory, durable acks, commands.
//!
//! * [`crowd`], [`frame`]: many sockets, cheaply; [`process`]: what a server costs, by the kernel's own accounts
//! * [`floor`], [`broadcast`]: the servers that are part of this program; `peers/` has the others
//! * [`subject`]: the servers that take turns; [`scale`]: how much is measured
//! * [`measure`]: the four measurements; [`report`]: what they amount to, as a table, JSON and a picture
//!
//! Figures depend on the machine and on whatever else it does. So servers take turns within a round, and what is
//! reported is the ratio to the floor of the same round.

#![forbid(unsafe_code)]

pub mod broadcast;
pub mod crowd;
pub mod floor;
pub mod frame;
pub mod measure;
pub mod process;
pub mod report;
pub mod scale;
pub mod stats;
pub mod subject;
