//! The feed: the node's own streams, told in the messages of this API.

mod teller;
mod user;
mod words;

use super::account::account_of;
use super::product::{product, product_name};
use super::sign::{Claim, signer};
use super::{MANNER, bad, refusal, utc};
use crate::serve::access::{Caller, Signed};
use crate::serve::problem::{Code, Problem};
use crate::serve::stream::{Arriving, End, Outbox, Scope, Seat, Subscriber, Topic, known, write};
use crate::serve::{App, door, http, stream};
use axum::body::Body;
use axum::extract::Request;
use axum::extract::ws::{Message, WebSocket};
use axum::http::Response;
use base::InstrumentId;
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use gateway::Names;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use teller::Teller;
use words::{Channel, Said, Wanted};
