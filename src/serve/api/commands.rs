//! Commands: from what a client wrote to what came of it. The same fields as in a command file, one endpoint a command.

use super::late;
use crate::node::{Follower, TurnedAway};
use crate::serve::App;
use crate::serve::access::{Caller, Via, random_text};
use crate::serve::clerk::{Told, Unanswered};
use crate::serve::endpoint::{Allowed, Answered, Body, Call, Endpoint, Later};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use axum::http::{Method, StatusCode};
use base::{AccountId, MarketId, OrderId, ParticipantId, Sentence, Timestamp, UserId};
use engine::{AccessRejection, ClientId, Command, Envelope, Permission, State};
use gateway::{
    Created, Names, Party, ReferenceBook, ResolveError, Resolver, WireCommand, Wrong, format_time,
};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Commands that have an endpoint of their own, because the node adds a secret's hash, or that are the node's own business.
const ELSEWHERE: [&str; 12] = [
    "tick",
    "create_user",
    "invite_user",
    "offer_link",
    "enrol",
    "enrol_totp",
    "set_password",
    "set_totp",
    "create_key",
    "put_roster_in_force",
    "propose_act",
    "approve_act",
];

/// What a command made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Made {
    /// `order`, `proposal`, `auction`, `bid`, `pledge`, `freeze`, `conversion`, `withdrawal`, `act` …
    pub kind: String,
    /// The engine's number for it.
    pub number: u64,
}

/// What came of a command that was not refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sent {
    /// The record that holds it.
    pub sequence: u64,
    /// The sender's id for it: the one that was sent, or one that the node made.
    pub id: String,
    /// What it made.
    pub created: Option<Made>,
    /// It was sent before, and this was the answer.
    pub repeated: bool,
    /// It waits for a second person, under this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<u64>,
    /// Until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// What a command is called by its sender: the same name with the same fields is done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// The name that the sender gave it, or one that says the same: whoever sends it again is told the first answer.
    Own(String),
    /// The name of a signature. Whether the sender meant one command or two nobody knows: the second is refused, to be signed anew.
    Once(String),
    /// One that the node makes.
    New,
}

impl Name {
    /// What it is, where it is known before the node makes one.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Own(id) | Self::Once(id) => Some(id),
            Self::New => None,
        }
    }
}

impl From<Option<String>> for Name {
    fn from(own: Option<String>) -> Self {
        own.map_or(Self::New, Self::Own)
    }
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let offered = described().filter(|(name, _)| is_offered(name));
    offered.map(|(name, fields)| endpoint(&name, fields)).collect()
}

/// Every command, with its fields.
fn described() -> impl Iterator<Item = (String, RefOr<Schema>)> {
    let all = match WireCommand::schema() {
        RefOr::T(Schema::OneOf(all)) => all.items,
        _ => Vec::new(),
    };
    all.into_iter().filter_map(|item| {
        let RefOr::T(Schema::Object(tagged)) = item else { return None };
        tagged.properties.into_iter().next()
    })
}

/// The names of all commands.
pub(crate) fn command_names() -> impl Iterator<Item = String> {
    described().map(|(name, _)| name)
}

/// The body by which a command is sent.
pub(crate) fn body_of(name: &str) -> Body {
    let fields = described().find(|(known, _)| known == name);
    fields.map_or(Body::None, |(_, fields)| Body::Is(Box::new(with_id(fields))))
}

fn endpoint(name: &str, fields: RefOr<Schema>) -> Endpoint {
    let path = format!("/v1/commands/{name}");
    let summary = format!("Send the command `{name}` (docs/commands.md)");
    let mut endpoint = Endpoint::acts(Method::POST, &path, Allowed::SignedIn, "commands", &summary, by_path)
        .gives::<Sent>()
        .gives_at::<Sent>(202);
    endpoint.body = Body::Is(Box::new(with_id(fields)));
    endpoint
}

/// The fields of a command, and its id.
fn with_id(fields: RefOr<Schema>) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut object)) = fields else { return fields };
    let id = utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .min_length(Some(1))
        .max_length(Some(64))
        .pattern(Some("^[!-.0-~]+$"))
        .description(Some("Your own name for this command: the same one with the same fields is done once."));
    object.properties.insert("id".to_owned(), id.into());
    RefOr::T(Schema::Object(object))
}

fn by_path(call: Call) -> Later {
    Box::pin(async move {
        let name = call.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
        let caller = call.caller()?.clone();
        let (id, wire) = read(&name, text_of(&call)?)?;
        send_wire(&call.app, &caller, call.name(id), &wire).await
    })
}

/// The body, as text.
///
/// # Errors
/// It is none.
pub(super) fn text_of(call: &Call) -> Result<&str, Problem> {
    std::str::from_utf8(&call.body).map_err(|error| {
        Problem::new(Code::BadJson, format!("not UTF-8 from byte {} on", error.valid_up_to()))
    })
}

/// Reads the fields of a command.
///
/// # Errors
/// They are not those of this command: which, and where.
pub(crate) fn read(name: &str, text: &str) -> Result<(Option<String>, WireCommand), Problem> {
    gateway::parse_fields(name, text).map_err(|wrong| Problem {
        field: wrong.error.field.map(String::into_boxed_str),
        line: u32::try_from(wrong.line).ok(),
        column: u32::try_from(wrong.error.column).ok(),
        ..Problem::new(Code::BadJson, wrong.error.message)
    })
}

/// Sends a command as it is written, and waits for what comes of it.
///
/// # Errors
/// It means nothing here, is not permitted, is refused, or there is no answer.
pub(crate) async fn send_wire(
    app: &App,
    caller: &Caller,
    name: impl Into<Name>,
    wire: &WireCommand,
) -> Answered {
    send(app, caller, name, wire).await.map(|sent| {
        let status = if sent.act.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
        Reply::json_at(status, &sent).at(sent.sequence)
    })
}

/// Sends a command as it is written, and waits for what comes of it.
///
/// # Errors
/// It means nothing here, is not permitted, is refused, or there is no answer.
pub async fn send(
    app: &App,
    caller: &Caller,
    name: impl Into<Name>,
    wire: &WireCommand,
) -> Result<Sent, Problem> {
    app.reader.at_least(app.clerk.acknowledged()).await;
    outcome(app, submit(app, caller, name, wire).await?).await
}

/// Whether a command is sent under its own name: some have an endpoint of their own instead.
#[must_use]
pub(crate) fn is_offered(name: &str) -> bool {
    !ELSEWHERE.contains(&name)
}

/// Sends a command as it is written, and does not wait: commands that one after another submits reach the node in that order.
///
/// # Errors
/// It means nothing here, is not permitted, or the node takes none.
pub(crate) async fn submit(
    app: &App,
    caller: &Caller,
    name: impl Into<Name>,
    wire: &WireCommand,
) -> Result<Underway, Problem> {
    let command = {
        let follower = app.reader.read();
        check_parties(&follower, caller, wire)?;
        resolve(&follower, caller, wire)?
    };
    submit_command(app, caller, name.into(), command).await
}

/// A command on its way to the node.
pub(crate) struct Underway {
    id: String,
    /// Who sends it, and what it is about that may have ended before it.
    about: Option<(ParticipantId, OrderId)>,
    /// It must not have been sent before.
    once: bool,
    proposed: Option<Proposed>,
    told: oneshot::Receiver<Told>,
}

/// A proposal, and when it is over.
struct Proposed {
    envelope: Envelope,
    expires: Timestamp,
}

/// Sends a command, or proposes it where it needs a second person.
///
/// # Errors
/// It is not permitted, is refused, or there is no answer.
pub(crate) async fn send_command(
    app: &App,
    caller: &Caller,
    name: impl Into<Name>,
    command: Command,
) -> Result<Sent, Problem> {
    outcome(app, submit_command(app, caller, name.into(), command).await?).await
}

async fn submit_command(
    app: &App,
    caller: &Caller,
    name: Name,
    command: Command,
) -> Result<Underway, Problem> {
    let once = matches!(name, Name::Once(_));
    let id = match name {
        Name::Own(id) if !base::is_id(&id) => return Err(Problem::field("id", gateway::ID_RULE)),
        Name::Own(id) | Name::Once(id) => id,
        Name::New => random_text(15).map_err(|error| Problem::new(Code::Internal, error.to_string()))?,
    };
    gateway::check_texts(app.reader.read().state(), &command)
        .map_err(|ResolveError { field, wrong }| Problem::field(field, wrong))?;
    let about = late::about(&command).map(|order| (caller.participant, order));
    let (envelope, expires) = envelope(app, caller, &id, command).await?;
    let proposed = expires.map(|expires| Proposed { envelope: envelope.clone(), expires });
    match app.promises.send(&app.reader, &app.clerk, envelope) {
        Ok(told) => Ok(Underway { id, about, once, proposed, told }),
        Err(why) => Err(unanswered(why, id)),
    }
}

fn unanswered(why: Unanswered, id: String) -> Problem {
    let (code, retry_after) = match why {
        Unanswered::Busy => (Code::Busy, Some(1)),
        Unanswered::Held(_) => (Code::ClockHeld, Some(10)),
        Unanswered::Stopping => (Code::NodeStopping, None),
    };
    Problem { id: Some(id.into()), retry_after, ..Problem::new(code, why.to_string()) }
}

/// The very request that a command came with came again, and there is no telling whether a second command was meant.
fn replayed(id: String, sequence: u64) -> Problem {
    let detail = format!(
        "this very request was sent before, as record {sequence}: sign it anew, or give it an id of its own"
    );
    let (sequence, id) = (Some(sequence), Some(id.into()));
    Problem { sequence, id, ..Problem::again_in(1, Code::Replayed, detail) }
}

/// Waits for what comes of a command.
///
/// # Errors
/// It is refused, its id stands for another command, or there is no answer.
pub(crate) async fn outcome(app: &App, underway: Underway) -> Result<Sent, Problem> {
    let Underway { id, about, once, mut proposed, told } = underway;
    let mut told = told.await;
    if let (Ok(Told::TurnedAway(TurnedAway::OtherCommand(record))), Some(proposed)) = (&told, &mut proposed)
        && let Some(again) = propose_again(app, &id, proposed, record.0).await
    {
        told = again.await;
    }
    match told {
        Ok(Told::Answered { answer, repeated: true }) if once => Err(replayed(id, answer.sequence.0)),
        Ok(Told::TurnedAway(TurnedAway::OtherCommand(record))) if once => Err(replayed(id, record.0)),
        Ok(Told::Answered { answer, repeated }) => {
            if let Some(reason) = answer.refusal {
                let mut problem = Problem::refused(reason, answer.sequence.0, id, repeated);
                if let Some((by, order)) = about {
                    late::tell(app, by, order, &mut problem).await;
                }
                return Err(problem);
            }
            let created = answer.created.map(made);
            let act = created.as_ref().filter(|made| made.kind == "act").map(|made| made.number);
            let expires = proposed.filter(|_| act.is_some()).map(|Proposed { expires, .. }| {
                let follower = app.reader.read();
                format_time(expires, calendar(&follower))
            });
            Ok(Sent { sequence: answer.sequence.0, id, created, repeated, act, expires })
        }
        Ok(Told::TurnedAway(why)) => {
            tracing::debug!("a command was turned away: {why}");
            Err(Problem { id: Some(id.into()), ..Problem::new(Code::IdUsed, why.to_string()) })
        }
        Err(_) => Err(unanswered(Unanswered::Stopping, id)),
    }
}

/// The first proposal under an id may have been on its way, or not looked up yet, when this one was written: it is written once more,
/// to be over when that is.
async fn propose_again(
    app: &App,
    id: &str,
    proposed: &mut Proposed,
    record: u64,
) -> Option<oneshot::Receiver<Told>> {
    app.reader.at_least(record).await;
    app.past.at_least(record).await;
    let first = first_expiry(app, proposed.envelope.actor, id).await;
    let first = first.filter(|first| *first != proposed.expires)?;
    let Command::ProposeAct { expires, .. } = &mut proposed.envelope.command else { return None };
    (*expires, proposed.expires) = (first, first);
    app.clerk.send(proposed.envelope.clone()).ok()
}

/// Puts a command under its sender's name, within a proposal where it needs a second person.
async fn envelope(
    app: &App,
    caller: &Caller,
    id: &str,
    command: Command,
) -> Result<(Envelope, Option<Timestamp>), Problem> {
    let forbidden = |detail: &str| Problem::new(Code::Forbidden, detail);
    // What the user may is checked below; a key may be for less.
    if matches!(caller.via, Via::Key(_)) {
        check_key(app.reader.read().state(), caller, &command)?;
    }
    let client_id = ClientId::of(id);
    let &Caller { participant: actor, user, door, .. } = caller;
    let envelope = Envelope { actor, user, client_id, door, command };
    let access = app.reader.read().state().check_access(&envelope);
    match access {
        Ok(()) => Ok((envelope, None)),
        Err(AccessRejection::SecondPersonNeeded) => {
            let first = first_expiry(app, caller.participant, id).await;
            if first.is_none() {
                foresee(app.reader.read().state(), &envelope.command)?;
            }
            let expires = first.unwrap_or_else(|| expiry(app));
            let command = Command::ProposeAct { command: Box::new(envelope.command), expires };
            Ok((Envelope { command, ..envelope }, Some(expires)))
        }
        // What the market's own rules refuse is refused by the engine, and stands in the log.
        Err(AccessRejection::TradingBlocked | AccessRejection::BarredFromTrading) => Ok((envelope, None)),
        Err(AccessRejection::NotYourAccount) => Err(Problem::field("account", "there is no such account")),
        Err(reason) => Err(forbidden(reason.sentence())),
    }
}

/// What is wrong with a proposal by what it names is told to its proposer, not to whoever approves it days later. It leaves no record.
fn foresee(state: &State, command: &Command) -> Result<(), Problem> {
    state.foresee(command).map_err(|reason| {
        let field = match reason.code() {
            "name_malformed" | "name_taken" => Some("name"),
            "no_duty" | "not_their_duties" => Some("duties"),
            "code_malformed" | "code_taken" => Some("code"),
            _ => None,
        };
        let field = field.map(Box::from);
        Problem { field, refusal: Some(reason), ..Problem::new(Code::BadField, reason.sentence()) }
    })
}

/// What a key may: what its duties permit, and what concerns its account, where it is for one.
fn check_key(state: &State, caller: &Caller, command: &Command) -> Result<(), Problem> {
    let inner = match command {
        // Whoever approves an act does what is in it.
        Command::ApproveAct { act } | Command::WithdrawAct { act, .. } => {
            state.act(*act).map(|act| &act.command)
        }
        // Whoever has a key may end it: that takes nothing from anyone else.
        Command::RevokeKey(_) => None,
        command => Some(command),
    };
    if inner.is_some_and(|command| !command.duties().meets(caller.duties)) {
        return Err(Problem::new(Code::Forbidden, AccessRejection::NotYourDuty.sentence()));
    }
    match (caller.account, inner) {
        (Some(only), Some(inner)) if !is_of(inner, only) => {
            Err(Problem::new(Code::Forbidden, "the key is for one account: name it"))
        }
        _ => Ok(()),
    }
}

/// Whether a command concerns one account and nothing else: acts of an institution, and those about users, do not.
fn is_of(command: &Command, only: AccountId) -> bool {
    match (command.permission(), command) {
        (Permission::Owner(of) | Permission::Trader(of) | Permission::OwnerOr(of, _), _) => of == only,
        (_, Command::CreateKey(key)) => key.account == Some(only),
        (Permission::Anyone | Permission::OfKey, _) => true,
        (Permission::Roles(_) | Permission::SelfOr(..) | Permission::OfUser(_), _) => false,
        (Permission::Themself(_), _) => false,
    }
}

/// When a proposal expires that is made now.
fn expiry(app: &App) -> Timestamp {
    let hours = i64::try_from(app.config.approvals.expire_hours).unwrap_or(i64::MAX);
    let span = hours.saturating_mul(3_600_000_000_000);
    Timestamp(app.clock.now().0.saturating_add(span))
}

/// When the proposal expires, or would have, that was made under an id. One that is sent again is the same, whatever time it is.
async fn first_expiry(app: &App, by: ParticipantId, id: &str) -> Option<Timestamp> {
    let (before, waits) = {
        let follower = app.reader.read();
        let answer = follower.answer(by, id)?;
        let waits = match answer.created {
            Some(Created::Act(act)) => follower.state().act(act).map(|act| act.expires),
            _ => None,
        };
        (answer.sequence.0, waits)
    };
    if waits.is_some() {
        return waits;
    }
    let projection = app.past.projection.clone();
    let written = tokio::task::spawn_blocking(move || projection.read(|view| view.record(before)));
    let record = written.await.ok()?.ok()?.value?;
    let fields: serde_json::Value = serde_json::from_str(&record.json).ok()?;
    gateway::parse_time(fields.get("expires")?.as_str()?)
}

fn resolve(follower: &Follower, caller: &Caller, wire: &WireCommand) -> Result<Command, Problem> {
    let state = follower.state();
    if state.markets().is_empty() {
        return Err(Problem::new(Code::Busy, "the node has no market yet"));
    }
    let only = (!caller.keeps_accounts(state)).then_some(caller.participant);
    let resolver = Resolver { state, market: Some(MarketId(0)), book: &Book { follower, only } };
    resolver.resolve(wire).map_err(|ResolveError { field, wrong }| Problem::field(field, wrong))
}

/// Commands by their ids: those of a participant alone, to whom the ids of others, and their senders, are none.
struct Book<'a> {
    follower: &'a Follower,
    only: Option<ParticipantId>,
}

impl ReferenceBook for Book<'_> {
    fn created(&self, by: Option<ParticipantId>, id: &str) -> Result<Option<Created>, String> {
        self.follower.created(by.or(self.only), id)
    }

    fn sender(&self, state: &State, code: &str) -> Option<ParticipantId> {
        let sender = state.registry().participant_id(code)?;
        self.only.is_none_or(|only| only == sender).then_some(sender)
    }
}

/// Whoever or whatever is not the caller's is, to the caller, none: what it may not use it does not learn of.
fn check_parties(follower: &Follower, caller: &Caller, wire: &WireCommand) -> Result<(), Problem> {
    let state = follower.state();
    let (keeps, everyone) = (caller.keeps_accounts(state), caller.sees_everyone(state));
    for (field, party) in wire.parties() {
        let (known, what, name) = match party {
            Party::Account(code) => {
                let account = state.registry().account_id(code);
                (keeps || account.is_some_and(|account| caller.owns(state, account)), "account", code)
            }
            Party::Participant(code) => {
                let own = state.registry().participant_id(code) == Some(caller.participant);
                (keeps || own, "participant", code)
            }
            Party::User(name) => {
                let user = state.roster().user_named(name).and_then(|user| state.roster().user(user));
                let own = user.is_some_and(|user| user.participant == caller.participant);
                (everyone || own, "user", name)
            }
        };
        if !known {
            return Err(Problem::field(field, Wrong::absent(what, name)));
        }
    }
    Ok(())
}

/// What was made, as it is told.
#[must_use]
pub(super) fn made(created: Created) -> Made {
    let (kind, number) = match created {
        Created::Order(id, _) => ("order", id.0),
        Created::Proposal(id) => ("proposal", id.0),
        Created::Auction(id, _) => ("auction", id.0),
        Created::Bid(id) => ("bid", id.0),
        Created::Pledge(id) => ("pledge", id.0),
        Created::Freeze(id) => ("freeze", id.0),
        Created::Conversion(id) => ("conversion", id.0),
        Created::Withdrawal(sequence) => ("withdrawal", sequence.0),
        Created::Act(id) => ("act", id.0.into()),
        Created::Case(id) => ("case", id.0.into()),
    };
    Made { kind: kind.to_owned(), number }
}

pub(super) fn calendar(follower: &Follower) -> Option<&base::Calendar> {
    follower.state().markets().first().map(|market| &market.rulebook.versions[0].trading.calendar)
}

/// The name of a user, as it is shown.
pub(super) fn user_name(follower: &Follower, user: UserId) -> String {
    follower.state().roster().user(user).map_or_else(String::new, |user| user.name.clone())
}

/// Names and formats of the state.
pub(super) fn names(follower: &Follower) -> Names<'_> {
    Names(follower.state())
}
