//! The published protocol, made from the types.
