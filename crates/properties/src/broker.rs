//! What bots and chat say to each other.

use std::fmt::Debug;

use parlor_protocol::{
    broker::{Answer, Invocation, Manifest, ManifestReply, Progress},
    line::{self, Argument},
};
use serde::{Serialize, de::DeserializeOwned};

/// Every message that can be read reads the same once it is written again; a manifest's commands can be shown.
pub fn broker_message(bytes: &[u8]) {
    if let Some(manifest) = reads_the_same_again::<Manifest>(bytes) {
        for command in manifest.commands {
            if Argument::check_all(&command.arguments).is_ok() {
                assert!(line::usage(&command.name, &command.arguments).starts_with('/'));
                assert!(line::json_schema(&command.arguments).is_object());
            }
        }
    }
    reads_the_same_again::<ManifestReply>(bytes);
    reads_the_same_again::<Invocation>(bytes);
    reads_the_same_again::<Answer>(bytes);
    if let Some(Progress { fraction, .. }) = reads_the_same_again(bytes) {
        let share = serde_json::to_value(fraction).ok().and_then(|share| share.as_f64());
        assert!(share.is_some_and(|share| (0.0..=1.0).contains(&share)));
    }
}

fn reads_the_same_again<M: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> Option<M> {
    let message: M = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&message).expect("a message is JSON");
    assert_eq!(serde_json::from_slice::<M>(&written).ok().as_ref(), Some(&message));
    Some(message)
}
