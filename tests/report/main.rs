//! Reports over states made by commands: the text, the JSON and the CSV of each, to the letter.
#![allow(clippy::unwrap_used)]

mod compliance;
mod day;
mod desk;
