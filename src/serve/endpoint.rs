//! What an endpoint is: one entry says how it is called, who may call it, what goes in and what comes out, and what it does. The
//! router, the OpenAPI document, the table of the docs and the test of who may what are all made from the same entries.

use crate::node::Follower;
use crate::serve::access::{Caller, Signature};
use crate::serve::api::Name;
use crate::serve::api::views::List;
use crate::serve::problem::{Code, Problem};
use crate::serve::{App, reply::Reply};
use axum::body::{Body as Content, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Response, Uri};
use engine::State;
use roster::Duty;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Required, Schema};
use utoipa::{IntoParams, ToSchema};

/// A request that has come through the door.
pub struct Call {
    /// The node.
    pub app: Arc<App>,
    /// Who asks, if anyone is known.
    pub caller: Option<Caller>,
    /// The signature that shows it, where a key signed.
    pub signature: Option<Signature>,
    /// How it is asked.
    pub method: Method,
    /// What the path's parameters are.
    pub path: Vec<(String, String)>,
    /// The whole of what is asked for.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// From where.
    pub peer: IpAddr,
}

/// What an endpoint comes to.
pub(super) type Answered = Result<Reply, Problem>;
/// What takes its time.
pub(super) type Later = Pin<Box<dyn Future<Output = Answered> + Send>>;

/// What becomes of a request that is not read here.
pub(super) type Entered = Pin<Box<dyn Future<Output = Response<Content>> + Send>>;

/// What an endpoint does.
#[derive(Clone, Copy)]
pub enum Does {
    /// Reads the state.
    Reads(fn(&Call, &Follower) -> Answered),
    /// Looks something up in the past, which may take a while.
    LooksUp(fn(&Call) -> Answered),
    /// Becomes a WebSocket. It has a door of its own: who it is may be said later, and rights last only while they last.
    Upgrades(fn(Arc<App>, IpAddr, Request) -> Entered),
    /// Anything else.
    Acts(fn(Call) -> Later),
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Anyone, signed in or not.
    Anyone,
    /// Whoever is signed in; anyone where the node shows market data openly.
    MarketData,
    /// Whoever is signed in; what is shown and done depends on who it is.
    SignedIn,
    /// Users with one of these duties; the command's own table says the rest.
    Duties(&'static [Duty]),
    /// Staff of an institution that keeps accounts, and those who see all.
    Keepers,
    /// Supervisors and auditors of an institution.
    Watchers,
    /// The operators of the node.
    Operators,
}

/// Schemas by their names.
pub(super) type Schemas = Vec<(String, RefOr<Schema>)>;

/// A schema, and those it refers to.
pub(super) type Shape = fn(&mut Schemas) -> RefOr<Schema>;

/// The shape of a type.
pub(super) fn shape<T: ToSchema>(all: &mut Schemas) -> RefOr<Schema> {
    let name = schema_name::<T>();
    T::schemas(all);
    all.push((name.clone(), T::schema()));
    RefOr::Ref(Ref::from_schema_name(name))
}

/// The shape of a list of a type. A list refers to what is in it, and does not bring it.
fn list_shape<T: ToSchema>(all: &mut Schemas) -> RefOr<Schema> {
    shape::<T>(all);
    shape::<List<T>>(all)
}

/// The name of a schema: lists of different things have different ones.
fn schema_name<T: ToSchema>() -> String {
    let own = T::name();
    match std::any::type_name::<T>().split_once('<') {
        Some((_, of)) if !of.starts_with('\'') => {
            let of = of.trim_end_matches('>').rsplit("::").next().unwrap_or_default();
            format!("{own}Of{of}")
        }
        _ => own.into_owned(),
    }
}

/// A body that an endpoint takes.
#[derive(Clone)]
pub enum Body {
    /// None.
    None,
    /// Of a type.
    Of(Shape),
    /// As it is described here.
    Is(Box<RefOr<Schema>>),
}

/// See the module.
#[derive(Clone)]
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: String,
    /// What it is among.
    pub tag: &'static str,
    /// What it is for, in a sentence.
    pub summary: String,
    /// Who may.
    pub allowed: Allowed,
    /// Parameters of the query; headers, where they are not those of every request.
    pub parameters: Vec<Parameter>,
    /// What goes in.
    pub body: Body,
    /// What comes out.
    pub answers: Vec<(u16, Option<Shape>)>,
    /// What it does.
    pub does: Does,
}

impl Endpoint {
    /// An endpoint that reads the state.
    pub fn reads(
        path: &str,
        allowed: Allowed,
        tag: &'static str,
        summary: &str,
        does: fn(&Call, &Follower) -> Answered,
    ) -> Self {
        Self::new(Method::GET, path, allowed, tag, summary, Does::Reads(does))
    }

    /// An endpoint that looks into the past.
    pub fn looks_up(
        path: &str,
        allowed: Allowed,
        tag: &'static str,
        summary: &str,
        does: fn(&Call) -> Answered,
    ) -> Self {
        Self::new(Method::GET, path, allowed, tag, summary, Does::LooksUp(does))
    }

    /// An endpoint that becomes a WebSocket.
    pub fn upgrades(
        path: &str,
        tag: &'static str,
        summary: &str,
        does: fn(Arc<App>, IpAddr, Request) -> Entered,
    ) -> Self {
        let mut endpoint = Self::new(Method::GET, path, Allowed::Anyone, tag, summary, Does::Upgrades(does));
        endpoint.answers.push((101, None));
        let headers = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "Sixteen random bytes in base64 (RFC 6455)"),
        ];
        endpoint.parameters = headers
            .map(|(name, value)| {
                let text = ObjectBuilder::new().schema_type(Type::String);
                let header = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header);
                let header = header.required(Required::True).description(Some(value));
                header.schema(Some(text)).build()
            })
            .into();
        endpoint
    }

    /// An endpoint that does something.
    pub fn acts(
        method: Method,
        path: &str,
        allowed: Allowed,
        tag: &'static str,
        summary: &str,
        does: fn(Call) -> Later,
    ) -> Self {
        Self::new(method, path, allowed, tag, summary, Does::Acts(does))
    }

    fn new(
        method: Method,
        path: &str,
        allowed: Allowed,
        tag: &'static str,
        summary: &str,
        does: Does,
    ) -> Self {
        let (path, summary) = (path.to_owned(), summary.to_owned());
        Self {
            method,
            path,
            tag,
            summary,
            allowed,
            parameters: Vec::new(),
            body: Body::None,
            answers: Vec::new(),
            does,
        }
    }

    /// With a query.
    #[must_use]
    pub fn with_query<Q: IntoParams>(mut self) -> Self {
        self.parameters = Q::into_params(|| Some(ParameterIn::Query));
        self
    }

    /// With a body.
    #[must_use]
    pub fn with_body<T: ToSchema>(mut self) -> Self {
        self.body = Body::Of(shape::<T>);
        self
    }

    /// With an answer.
    #[must_use]
    pub fn gives<T: ToSchema>(self) -> Self {
        self.gives_at::<T>(200)
    }

    /// With a list as the answer.
    #[must_use]
    pub fn gives_list<T: ToSchema>(mut self) -> Self {
        self.answers.push((200, Some(list_shape::<T>)));
        self
    }

    /// With an answer of another status than 200.
    #[must_use]
    pub fn gives_at<T: ToSchema>(mut self, status: u16) -> Self {
        self.answers.push((status, Some(shape::<T>)));
        self
    }

    /// With an answer that has no body.
    #[must_use]
    pub fn gives_nothing(mut self) -> Self {
        self.answers.push((204, None));
        self
    }
}

impl Allowed {
    /// Whether it is for anyone at all.
    #[must_use]
    pub fn is_open(self, open_market_data: bool) -> bool {
        self == Self::Anyone || (self == Self::MarketData && open_market_data)
    }

    /// Whether a caller may.
    ///
    /// # Errors
    /// It may not: nobody is signed in, or another one.
    pub fn admits(
        self,
        caller: Option<&Caller>,
        state: &State,
        open_market_data: bool,
    ) -> Result<(), Problem> {
        if self.is_open(open_market_data) {
            return Ok(());
        }
        let Some(caller) = caller else {
            return Err(Problem::new(Code::Unauthenticated, "nobody is signed in"));
        };
        let (may, who) = match self {
            Self::Anyone | Self::MarketData | Self::SignedIn => (true, ""),
            Self::Duties(duties) => (caller.has(duties), "users whose duty it is"),
            Self::Keepers => {
                (caller.keeps_accounts(state), "the staff of the institutions that keep accounts")
            }
            Self::Watchers => (caller.sees_all(state), "supervisors and auditors of an institution"),
            Self::Operators => (caller.operates(state), "operators of the node"),
        };
        if may { Ok(()) } else { Err(Problem::new(Code::Forbidden, format!("this is for {who}"))) }
    }
}

impl Call {
    /// The one who asks.
    ///
    /// # Errors
    /// Nobody is signed in.
    pub fn caller(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or_else(|| Problem::new(Code::Unauthenticated, "nobody is signed in"))
    }

    /// What a command of this request is called: by the sender, or else by its signature.
    #[must_use]
    pub fn name(&self, own: Option<String>) -> Name {
        match (own, &self.signature) {
            (Some(own), _) => Name::Own(own),
            // Whatever is done twice with a method that is idempotent comes to the same: it is told the first answer.
            (None, Some(signature)) if matches!(self.method, Method::DELETE | Method::PUT) => {
                Name::Own(signature.id())
            }
            (None, Some(signature)) => Name::Once(signature.id()),
            (None, None) => Name::New,
        }
    }

    /// A parameter of the path.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        self.path.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// A parameter of the path that is a number.
    ///
    /// # Errors
    /// It is none, so nothing has it.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        let text = self.parameter(name);
        base::decimal::whole(text).ok_or_else(|| Problem::not_found(format_args!("{name} {text:?}")))
    }

    /// The query.
    ///
    /// # Errors
    /// A parameter is unknown, missing or malformed.
    pub fn query<Q: DeserializeOwned>(&self) -> Result<Q, Problem> {
        let query = axum::extract::Query::<Q>::try_from_uri(&self.uri);
        query.map(|query| query.0).map_err(|error| {
            let detail = error.body_text();
            let detail = detail.strip_prefix("Failed to deserialize query string: ").unwrap_or(&detail);
            Problem::new(Code::BadQuery, detail)
        })
    }

    /// The body.
    ///
    /// # Errors
    /// It is not the JSON that is expected, and where.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let mut reading = serde_json::Deserializer::from_slice(&self.body);
        let read = serde_path_to_error::deserialize(&mut reading);
        let read = read.map_err(|error| {
            let field = error.path().to_string();
            let field = (field != "." && !field.is_empty()).then_some(field);
            bad_json(error.inner(), field)
        })?;
        reading.end().map_err(|error| bad_json(&error, None))?;
        Ok(read)
    }
}

/// A problem about JSON.
#[must_use]
pub(super) fn bad_json(error: &serde_json::Error, field: Option<String>) -> Problem {
    let message = error.to_string();
    let detail = message.split(" at line ").next().unwrap_or(&message);
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let place = (error.line() > 0).then(|| (small(error.line()), small(error.column())));
    let (line, column) = (place.map(|place| place.0), place.map(|place| place.1));
    let field = field.map(String::into_boxed_str);
    Problem { field, line, column, ..Problem::new(Code::BadJson, detail) }
}

impl Allowed {
    /// Who may, in words.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Anyone => "anyone".to_owned(),
            Self::MarketData => "whoever is signed in; anyone where market data is open".to_owned(),
            Self::SignedIn => "whoever is signed in".to_owned(),
            Self::Duties(duties) => {
                let names: Vec<&str> = duties.iter().map(|duty| duty.name()).collect();
                format!("users with the duty {}", names.join(", "))
            }
            Self::Keepers => {
                "operators, custodians and clearing staff of an institution; supervisors and auditors"
                    .to_owned()
            }
            Self::Watchers => "supervisors and auditors of an institution".to_owned(),
            Self::Operators => "operators of the node".to_owned(),
        }
    }
}
