//! Reads what a rulebook says, room by room.

mod access;
mod clearing;
mod head;
mod registry;
mod supervision;
mod trading;

use crate::Cited;
use crate::fields::Fields;
use crate::layer::{Layer, lay, layers};
use crate::load::File;
use crate::mistake::Sink;
use crate::tree::Node;
use crate::want::Scale;
use base::{Date, Method};
use engine::rulebook::{Rulebook, Version};

/// How the ways to trade are named in a rulebook.
const METHODS: &[(&str, Method)] =
    &[("listed", Method::Listed), ("block", Method::Block), ("auction", Method::Auction)];

/// What a room is read with.
#[derive(Clone, Copy)]
struct Context<'a> {
    scale: Scale,
    /// Minor units that one tick on one unit is worth.
    tick_value: i64,
    sink: &'a Sink,
}

/// The rulebook of `files`, the base last; `None` or an incomplete one where mistakes were noted.
pub(crate) fn read(files: &[File], sink: &Sink) -> Option<Cited> {
    let head = head::read(files, sink);
    let context = Context { scale: head.scale, tick_value: head.tick_value, sink };
    let layers = layers(files, sink);
    let mut held: Option<Node> = None;
    let mut versions = Vec::new();
    for group in layers.chunk_by(|a, b| a.from == b.from) {
        held = group.iter().fold(held, |held, layer| Some(lay(held, &layer.node, sink)));
        let (Some(held), Some(first)) = (&held, group.first()) else { continue };
        let source: Vec<&str> = group.iter().map(|layer| layer.source.as_str()).collect();
        versions.push(version(held, first.from, source.join("; "), context));
    }
    let rulebook = Rulebook {
        code: head.code?,
        name: head.name?,
        currency: head.currency?,
        unit: head.unit?,
        price: head.price?,
        versions: versions.into_iter().collect::<Option<_>>()?,
    };
    let citations = layers.into_iter().flat_map(|layer: Layer| layer.citations).collect();
    Some(Cited { rulebook, citations })
}

/// All rules that hold from a date on.
fn version(held: &Node, from: Date, source: String, context: Context<'_>) -> Option<Version> {
    let mut fields = Fields::of(held, context.sink, "a table")?;
    let nothing = |key| Node::empty(held, key);
    let (trading, clearing) = (nothing("trading"), nothing("clearing"));
    let (registry, supervision) = (nothing("registry"), nothing("supervision"));
    let access = nothing("access");
    let mut room = |key, empty| fields.node(key).unwrap_or(empty);
    let trading = trading::read(room("trading", &trading), context);
    let clearing = clearing::read(room("clearing", &clearing), context);
    let registry = registry::read(room("registry", &registry), context);
    let supervision = supervision::read(room("supervision", &supervision), context);
    let two_persons = access::read(room("access", &access), context);
    fields.close();
    Some(Version {
        from,
        source,
        trading: trading?,
        clearing: clearing?,
        registry: registry?,
        supervision: supervision?,
        two_persons: Some(two_persons?),
    })
}
