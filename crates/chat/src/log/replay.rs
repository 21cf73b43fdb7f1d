//! Resuming a room: what a client that was away is sent, in which order. Without I/O: the caller says what
//! happened, and does what it is told.
//!
//! ```text
//! asked after n ─► Cut? ──► no member            ─► gone
//!                   │ cut c  ► n > c, or c - n > 1000 ─► reset c
//!                   ▼
//!                 read n+1..=c in pages, send them ─► release held frames behind `resumed c`
//!                   ▲                                    │
//!                   └──────── cut again ◄── too many held┘
//! ```
//! A *cut* is the number at which the room's live frames begin to be held back for this socket: everything up to it
//! comes from the store, everything behind it is held. So nothing is missing and nothing comes twice.

use parlor_protocol::{ids::Seq, limits};

/// Entries read at once.
pub const PAGE: u32 = 100;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Hold the room's live frames from here on, and say at which number that is: [`Replay::cut`].
    Cut,
    /// Read the entries above `after` up to `upto`, at most [`PAGE`], send them and say how far that went:
    /// [`Replay::sent`].
    Send { after: Seq, upto: Seq },
    /// Send `resumed` with this number and the held frames behind it, if they were not too many:
    /// [`Replay::overflowed`] otherwise.
    Release { resumed: Seq },
    /// Send `reset` with this number and drop the held frames: the history that the client loads has them.
    Reset { last: Seq },
    /// Send `room_gone`; hold nothing.
    Gone,
}

/// One room's replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Up to here the client has everything.
    has: Seq,
    /// Whether entries have been sent: then there is no way back to `reset`.
    begun: bool,
    upto: Seq,
}

impl Replay {
    /// A client asks for what comes after `seen`.
    #[must_use]
    pub fn after(seen: Seq) -> (Self, Step) {
        (Self { has: seen, begun: false, upto: Seq::ZERO }, Step::Cut)
    }

    /// The room's live frames are held from `cut` on; `None` if the asker is no member.
    pub fn cut(&mut self, cut: Option<Seq>) -> Step {
        let Some(cut) = cut else { return Step::Gone };
        let too_far_behind = cut.0.saturating_sub(self.has.0) > limits::RESUME_ENTRIES;
        if self.has > cut || (too_far_behind && !self.begun) {
            return Step::Reset { last: cut };
        }
        self.upto = cut;
        self.next()
    }

    /// Entries up to `seq` are on their way to the client; `None` if the store had none.
    pub fn sent(&mut self, seq: Option<Seq>) -> Step {
        self.begun = true;
        // The store has every number up to the cut. If it shows none, the log was cut back under our feet (a
        // restored backup): the client must not believe that it has them.
        let Some(seq) = seq else { return Step::Reset { last: self.upto } };
        self.has = self.has.max(seq);
        self.next()
    }

    /// Too many live frames came meanwhile; they were dropped and are held anew.
    pub fn overflowed(&mut self) -> Step {
        self.begun = true;
        Step::Cut
    }

    fn next(&self) -> Step {
        if self.has < self.upto {
            Step::Send { after: self.has, upto: self.upto }
        } else {
            Step::Release { resumed: self.upto }
        }
    }
}

#[cfg(test)]
mod tests;
