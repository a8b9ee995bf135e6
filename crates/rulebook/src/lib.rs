//! (rulebook reader)
