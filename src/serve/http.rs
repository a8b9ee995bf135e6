//! HTTP: the router over the endpoints, and what every answer carries.

use crate::serve::door::{Manner, OWN};
use crate::serve::endpoint::{Does, Endpoint};
use crate::serve::guard::Guard;
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use crate::serve::{App, assets, door, tag};
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{Method, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

/// From where a request comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub SocketAddr);

/// Bytes from which on an answer is packed.
const PACKED_MIN: u64 = 1_024;

/// What a page of the console may load and do.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'";

const STRICT: [(HeaderName, &str); 4] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
];

/// The router over the node's own endpoints, and over others beside them.
pub(super) fn router(app: &Arc<App>, endpoints: Vec<Endpoint>, beside: Router) -> Router {
    let guard = Arc::new(Guard { site: Arc::clone(&app.site), body_max: app.config.limits.body_bytes_max });
    let packed = CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(packs());
    let router = mount(app, endpoints, &OWN)
        .merge(beside)
        .fallback(nothing)
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(panicked))
        .layer(packed);
    let router = match app.site.cors() {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router
        .layer(axum::middleware::map_request(move |request| {
            let guard = Arc::clone(&guard);
            async move { guard.admit(request).map_err(|answer| *answer) }
        }))
        .layer(axum::middleware::map_response(dress))
}

/// What is packed, for those who take it: all that is worth the work and has not been packed already.
fn packs() -> impl Predicate {
    SizeAbove::new(PACKED_MIN).and(NotForContentType::IMAGES).and(NotForContentType::const_new("font/"))
}

/// A router over endpoints that are answered in a manner.
pub(super) fn mount(app: &Arc<App>, endpoints: Vec<Endpoint>, manner: &'static Manner) -> Router {
    let mut paths: BTreeMap<String, MethodRouter> = BTreeMap::new();
    for endpoint in endpoints {
        let route = route(Arc::clone(app), Arc::new(endpoint.clone()), manner);
        let path = paths.remove(&endpoint.path).unwrap_or_default();
        paths.insert(endpoint.path, path.merge(route));
    }
    let mut router = Router::new();
    for (path, methods) in paths {
        router = router.route(&path, methods.fallback(move |request| not_so(request, manner)));
    }
    router
}

fn route(app: Arc<App>, endpoint: Arc<Endpoint>, manner: &'static Manner) -> MethodRouter {
    let filter = match endpoint.method {
        Method::POST => MethodFilter::POST,
        Method::PUT => MethodFilter::PUT,
        Method::PATCH => MethodFilter::PATCH,
        Method::DELETE => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    };
    if let Does::Upgrades(enter) = endpoint.does {
        return on(filter, move |request: Request| enter(Arc::clone(&app), peer(&request), request));
    }
    on(filter, move |path: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
        let (app, endpoint) = (Arc::clone(&app), Arc::clone(&endpoint));
        async move {
            let Ok(path) = path else {
                return (manner.tell)(Problem::new(Code::BadRequest, "the path is not UTF-8"))
                    .into_response();
            };
            let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let peer = peer(&request);
            door::answer(app, endpoint, manner, peer, path, request).await
        }
    })
}

/// From where a request comes; from this machine, where it came without a connection.
fn peer(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>();
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip())
}

/// A file of the console, or nothing.
async fn nothing(request: Request) -> Response<Body> {
    let known = tag::known(request.headers());
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if let Some(file) = assets::file(request.uri().path(), known).filter(|_| reads) {
        return file.into_response();
    }
    Reply::from(Problem::not_found(format_args!("path {:?}", request.uri().path()))).into_response()
}

async fn not_so(request: Request, manner: &'static Manner) -> Response<Body> {
    let detail = format!("{} is not done on {}", request.method(), request.uri().path());
    (manner.tell)(Problem::new(Code::MethodNotAllowed, detail)).into_response()
}

fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response<Body> {
    tracing::error!("an endpoint panicked");
    Reply::from(Problem::new(Code::Internal, "the request could not be answered")).into_response()
}

/// What every answer carries.
async fn dress(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    for (name, value) in STRICT {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
