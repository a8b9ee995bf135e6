//! docs/journal-format.md, "Payloads" and "Digest of the log", byte for byte. What is written out here is what stands in every
//! log there is: if one of these tests fails, the change that made it fail is wrong.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use base::{
    AccountId, AssetId, InstrumentId, Money, OrderId, ParticipantId, Price, Quantity, Sequence, Side,
};
use base::{ActId, AuctionId, Timestamp, UserId};
use ciborium::Value;
use engine::{ClientId, ClientKey, Command, Envelope, Event, LogDigest, Record, decode, encode};
use registry::Deposit;
use trading::{
    AmendOrder, CancelOrder, DrawLot, EnterFunds, EnterOrder, Life, OrderKind, PlaceOrder, SelfTrade,
    TakeListing,
};

/// `bytes` without spaces and line ends.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn envelope(id: &str, command: Command) -> Envelope {
    Envelope {
        actor: ParticipantId(0x0403_0201),
        user: UserId::NOBODY,
        client_id: ClientId::of(id),
        door: engine::Door::Unsaid,
        command,
    }
}

#[track_caller]
fn check(hex: &str, envelope: &Envelope) {
    let mut written = Vec::new();
    encode(envelope, &mut written).unwrap();
    assert_eq!(written, bytes(hex), "written");
    assert_eq!(decode(&bytes(hex)).as_ref(), Ok(envelope), "read");
}

fn place(side: Side) -> Command {
    Command::PlaceOrder(PlaceOrder {
        account: AccountId(0x1817_1615),
        instrument: InstrumentId(0x1c1b_1a19),
        side,
        price: Price(4_800),
        quantity: Quantity(30_000),
    })
}

#[test]
fn a_listing_is_placed_in_56_bytes() {
    check(
        "01 01 00 00  01 02 03 04
         08 30 37 31 36 2d 30 30 31 00 00 00 00 00 00 00
         15 16 17 18  19 1a 1b 1c
         c0 12 00 00 00 00 00 00
         30 75 00 00 00 00 00 00
         01 00 00 00 00 00 00 00",
        &envelope("0716-001", place(Side::Sell)),
    );
    check(
        "01 01 00 00  01 02 03 04
         00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
         15 16 17 18  19 1a 1b 1c
         c0 12 00 00 00 00 00 00
         30 75 00 00 00 00 00 00
         00 00 00 00 00 00 00 00",
        &envelope("", place(Side::Buy)),
    );
}

#[test]
fn a_listing_is_taken_in_48_bytes() {
    let take = TakeListing {
        account: AccountId(0x1817_1615),
        listing: OrderId(0x2726_2524_2322_2120),
        quantity: Quantity(-2),
    };
    check(
        "02 01 00 00  01 02 03 04
         0f 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35
         15 16 17 18  00 00 00 00
         20 21 22 23 24 25 26 27
         fe ff ff ff ff ff ff ff",
        &envelope("123456789012345", Command::TakeListing(take)),
    );
}

#[test]
fn a_listing_is_withdrawn_in_40_bytes() {
    let cancel = CancelOrder { account: AccountId(0x1817_1615), order: OrderId(0x2726_2524_2322_2120) };
    // Sixteen bytes of id: 255, then the first fifteen of BLAKE3("1234567890123456").
    let hash = blake3::hash(b"1234567890123456").to_hex();
    check(
        &format!(
            "03 01 00 00  01 02 03 04
             ff {}
             15 16 17 18  00 00 00 00
             20 21 22 23 24 25 26 27",
            &hash[..30]
        ),
        &Envelope {
            client_id: ClientId::known_by(ClientKey::of("1234567890123456")),
            ..envelope("", Command::CancelOrder(cancel))
        },
    );
    // Version 2: the same, and behind it the text and its length.
    check(
        &format!(
            "03 02 00 00  01 02 03 04
             ff {}
             15 16 17 18  00 00 00 00
             20 21 22 23 24 25 26 27
             31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 36  10",
            &hash[..30]
        ),
        &envelope("1234567890123456", Command::CancelOrder(cancel)),
    );
}

#[test]
fn the_text_of_a_long_id_stands_behind_a_command_in_cbor() {
    let id = "6f1c2f2e-9a50-4a0e-8b5f-5d0f9f0a7c11";
    let hash = blake3::hash(id.as_bytes()).to_hex();
    let text: String = id.bytes().map(|byte| format!("{byte:02x}")).collect();
    check(
        &format!("ff 02 00 00  01 02 03 04  ff {}  64 7469636b  {text} 24", &hash[..30]),
        &envelope(id, Command::Tick),
    );
}

fn limit() -> EnterOrder {
    let (account, instrument) = (AccountId(0x1817_1615), InstrumentId(0x1c1b_1a19));
    EnterOrder::limit(account, instrument, Side::Sell, Price(4_800), Quantity(30_000))
}

#[test]
fn an_order_is_entered_in_56_bytes() {
    check(
        "04 01 00 00  01 02 03 04
         01 31 00 00 00 00 00 00 00 00 00 00 00 00 00 00
         15 16 17 18  19 1a 1b 1c
         c0 12 00 00 00 00 00 00
         30 75 00 00 00 00 00 00
         01 00 00 00  00 00 00 00",
        &envelope("1", Command::EnterOrder(limit())),
    );
    let order = EnterOrder {
        side: Side::Buy,
        life: Life::UntilDate(base::Date(0x0403_0201)),
        post_only: true,
        self_trade: SelfTrade::Decrement,
        ..limit()
    };
    check(
        "04 01 00 00  01 02 03 04
         01 31 00 00 00 00 00 00 00 00 00 00 00 00 00 00
         15 16 17 18  19 1a 1b 1c
         c0 12 00 00 00 00 00 00
         30 75 00 00 00 00 00 00
         00 00 02 83  01 02 03 04",
        &envelope("1", Command::EnterOrder(order)),
    );
}

#[test]
fn an_order_with_a_condition_is_entered_in_80_bytes() {
    let order = EnterOrder {
        kind: OrderKind::Market,
        price: Price(0),
        life: Life::UntilCancelled,
        self_trade: SelfTrade::Allow,
        minimum: Quantity(1),
        display: Quantity(2),
        trigger: Price(3),
        ..limit()
    };
    check(
        "05 01 00 00  01 02 03 04
         01 31 00 00 00 00 00 00 00 00 00 00 00 00 00 00
         15 16 17 18  19 1a 1b 1c
         00 00 00 00 00 00 00 00
         30 75 00 00 00 00 00 00
         01 01 01 04  00 00 00 00
         01 00 00 00 00 00 00 00
         02 00 00 00 00 00 00 00
         03 00 00 00 00 00 00 00",
        &envelope("1", Command::EnterOrder(order)),
    );
}

#[test]
fn an_order_is_amended_in_56_bytes() {
    let amend = AmendOrder {
        account: AccountId(0x1817_1615),
        order: OrderId(0x2726_2524_2322_2120),
        price: Price(4_800),
        quantity: Quantity(-2),
    };
    check(
        "06 01 00 00  01 02 03 04
         01 31 00 00 00 00 00 00 00 00 00 00 00 00 00 00
         15 16 17 18  00 00 00 00
         20 21 22 23 24 25 26 27
         c0 12 00 00 00 00 00 00
         fe ff ff ff ff ff ff ff",
        &envelope("1", Command::AmendOrder(amend)),
    );
}

#[test]
fn an_order_for_an_amount_is_entered_in_48_bytes() {
    let order = EnterFunds {
        account: AccountId(0x1817_1615),
        instrument: InstrumentId(0x1c1b_1a19),
        side: Side::Sell,
        funds: Money(8_000_000_000),
        fill_or_kill: true,
        self_trade: SelfTrade::Decrement,
    };
    let envelope = envelope("1", Command::EnterFunds(order));
    check(
        "07 01 00 00  01 02 03 04
         01 31 00 00 00 00 00 00 00 00 00 00 00 00 00 00
         15 16 17 18  19 1a 1b 1c
         00 50 d6 dc 01 00 00 00
         01 01 03 00  00 00 00 00",
        &envelope,
    );
    let mut good = Vec::new();
    encode(&envelope, &mut good).unwrap();
    for (at, value) in [(40, 2), (41, 2), (42, 5), (43, 1), (47, 1)] {
        let mut bad = good.clone();
        bad[at] = value;
        assert!(decode(&bad).is_err(), "byte {at} of an order for an amount as {value}");
    }
}

#[test]
fn every_other_command_is_cbor_with_its_names_spelled_out() {
    let deposit = Deposit {
        account: AccountId(2),
        currency: AssetId(0),
        amount: Money(8_000_000_000),
        reference: "in-1".to_owned(),
    };
    check(
        // {"deposit": {"account": 2, "currency": 0, "amount": 8000000000, "reference": "in-1"}}
        "ff 01 00 00  01 02 03 04
         01 31 00 00 00 00 00 00 00 00 00 00 00 00 00 00
         a1 67 6465706f736974
         a4 67 6163636f756e74 02
            68 63757272656e6379 00
            66 616d6f756e74 1b 00000001dcd65000
            69 7265666572656e6365 64 696e2d31",
        &envelope("1", Command::Deposit(deposit)),
    );
    check(
        // {"draw_lot": {"auction": 5, "seed": 20211229}}
        "ff 01 00 00  01 02 03 04
         01 31 00 00 00 00 00 00 00 00 00 00 00 00 00 00
         a1 68 647261775f6c6f74
         a2 67 61756374696f6e 05
            64 73656564 1a 0134661d",
        &envelope("1", Command::DrawLot(DrawLot { auction: AuctionId(5), seed: 20_211_229 })),
    );
    check(
        // "tick"
        "ff 01 00 00  01 02 03 04
         01 31 00 00 00 00 00 00 00 00 00 00 00 00 00 00
         64 7469636b",
        &envelope("1", Command::Tick),
    );
}

#[test]
fn nothing_that_no_writer_writes_is_read() {
    let mut good = Vec::new();
    encode(&envelope("1", place(Side::Buy)), &mut good).unwrap();
    for (at, value) in [(0, 0), (0, 5), (0, 7), (0, 8), (1, 0), (1, 2), (48, 2), (49, 1), (55, 1)] {
        let mut bad = good.clone();
        bad[at] = value;
        assert!(decode(&bad).is_err(), "byte {at} as {value}");
    }
    for length in 0..good.len() {
        assert!(decode(&good[..length]).is_err(), "{length} bytes");
    }
    good.push(0);
    assert!(decode(&good).is_err(), "a byte more");

    // An order: side, kind, life, what happens with its owner's own, and a date where its life has none.
    let mut good = Vec::new();
    encode(&envelope("1", Command::EnterOrder(limit())), &mut good).unwrap();
    for (at, value) in [(48, 2), (49, 2), (50, 7), (51, 5), (51, 0x85), (52, 1), (55, 1)] {
        let mut bad = good.clone();
        bad[at] = value;
        assert!(decode(&bad).is_err(), "byte {at} of an order as {value}");
    }
    // Nothing but the short form for an order without conditions.
    good.resize(80, 0);
    good[0] = 5;
    assert!(decode(&good).is_err(), "an order without conditions in the long form");
}

/// The digest as the page describes it, written down again: whole pages at once, no running hash.
fn described(log: &[Vec<u8>]) -> [u8; 32] {
    let mut digest = [0; 32];
    for page in log.chunks(1_024) {
        let mut bytes = digest.to_vec();
        page.iter().for_each(|record| bytes.extend(record));
        digest = *blake3::hash(&bytes).as_bytes();
    }
    digest
}

#[test]
fn the_digest_of_the_log_is_a_chain_of_pages() {
    let refused = engine::Rejection::Access(engine::AccessRejection::ActorUnknown);
    let events = [Event::RulebookAdopted { market: base::MarketId(3) }, Event::Refused(refused)];
    // Event 5 of the engine's, of market 3; event 0, of stage 0, with a code of thirteen bytes.
    let encoded = [&[5, 3], &b"\x00\x00\x0dactor_unknown"[..]].concat();
    let mut digest = LogDigest::new();
    let mut log: Vec<Vec<u8>> = Vec::new();
    assert_eq!(digest.value(), described(&log));
    for sequence in 1..=2_050 {
        let time = Timestamp(1_626_399_000_000_000_000 + sequence);
        let envelope = envelope(&sequence.to_string(), Command::Tick);
        let mut payload = Vec::new();
        encode(&envelope, &mut payload).unwrap();
        let record = Record { sequence: Sequence(sequence.cast_unsigned()), time, envelope };
        let happened = if sequence % 2 == 0 { &events[..] } else { &[] };
        digest.absorb(&record, &payload, happened).unwrap();

        let mut bytes = sequence.to_le_bytes().to_vec();
        bytes.extend(time.0.to_le_bytes());
        bytes.extend((payload.len() as u64).to_le_bytes());
        bytes.extend(&payload);
        bytes.extend((happened.len() as u64).to_le_bytes());
        bytes.extend(if happened.is_empty() { &[] } else { &encoded[..] });
        log.push(bytes);
        // Hashed as it grows, hashed by the page, and taken up from a snapshot: the same.
        if sequence % 7 < 3 {
            digest.catch_up();
        }
        if [1, 2, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 2_050].contains(&sequence) {
            assert_eq!(digest.value(), described(&log), "after {sequence} records");
        }
        if [1, 1_000, 1_024, 1_026, 2_048].contains(&sequence) {
            digest = postcard::from_bytes(&postcard::to_stdvec(&digest).unwrap()).unwrap();
            assert_eq!(digest.value(), described(&log), "after {sequence} records, taken up again");
        }
    }
    assert_eq!(digest.value(), described(&log));
}

#[test]
fn the_user_stands_in_the_header() {
    let command = Command::CancelOrder(CancelOrder { account: AccountId(1), order: OrderId(2) });
    check(
        "03 01 fe ca  01 02 03 04
         01 61 00 00 00 00 00 00 00 00 00 00 00 00 00 00
         01 00 00 00  00 00 00 00
         02 00 00 00 00 00 00 00",
        &Envelope { user: UserId(0xcafe), ..envelope("a", command) },
    );
}

#[test]
fn a_proposal_holds_a_command_as_it_would_stand_alone() {
    // {"propose_act": {"command": {"approve_act": {"act": 7}}, "expires": 1}}
    let command = Box::new(Command::ApproveAct { act: ActId(7) });
    check(
        "ff 01 00 00  01 02 03 04
         00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
         a1 6b 70 72 6f 70 6f 73 65 5f 61 63 74
         a2 67 63 6f 6d 6d 61 6e 64
         a1 6b 61 70 70 72 6f 76 65 5f 61 63 74 a1 63 61 63 74 07
         67 65 78 70 69 72 65 73 01",
        &envelope("", Command::ProposeAct { command, expires: Timestamp(1) }),
    );
}

/// One within the other without end would be read without end.
#[test]
fn proposals_within_proposals_are_refused_at_some_depth() {
    let nested = |depth: usize| {
        let mut command = Command::Tick;
        for _ in 0..depth {
            command = Command::ProposeAct { command: Box::new(command), expires: Timestamp(0) };
        }
        let mut payload = Vec::new();
        encode(&envelope("", command), &mut payload).unwrap();
        decode(&payload).is_ok()
    };
    assert!([1, 2, 8].into_iter().all(nested));
    assert!(![64, 128, 1_000].into_iter().any(nested));
}

#[test]
fn a_field_that_is_not_known_is_refused() {
    let field = |name: &str| (Value::from(name), Value::from(0));
    assert!(read("withdraw_bid", &[field("account"), field("bid")]).is_ok());
    assert!(read("approve_act", &[field("act")]).is_ok());
    assert!(read("approve_act", &[field("act"), field("urgency")]).is_err());
    let error = read("withdraw_bid", &[field("account"), field("bid"), field("urgency")]).unwrap_err();
    assert!(error.contains("unknown field `urgency`"), "{error}");
}

/// A value for a field, of some shape; the first that the command's reader takes is used.
fn candidates() -> Vec<Value> {
    let named = |name: &str| Value::Map(vec![(name.into(), 0.into())]);
    let turnover = Value::Map(vec![("volume".into(), 0.into()), ("amount".into(), 0.into())]);
    let map =
        |fields: [(&str, Value); 2]| Value::Map(fields.map(|(name, value)| (name.into(), value)).into());
    let unit = map([("code", "t".into()), ("decimals", 0.into())]);
    let format = map([("decimals", 0.into()), ("tick", 1.into())]);
    let texts = ["buy", "house", "currency", "everyone"].map(Value::from);
    let turnovers = Value::Array(vec![turnover; 3]);
    let hash = Value::Array(vec![0.into(); 32]);
    let link = [
        ("token_hash", hash.clone()),
        ("expires", 0.into()),
        ("coded", true.into()),
        ("codes_off", true.into()),
    ];
    let link = Value::Map(link.map(|(name, value)| (name.into(), value)).into());
    let others = [
        0.into(),
        true.into(),
        Value::Array(vec![]),
        unit,
        format,
        turnovers,
        named("instrument"),
        hash,
        link,
    ];
    let inner = map([("user", 0.into()), ("duties", Value::Array(vec![]))]);
    let inner = Value::Map(vec![("set_user_duties".into(), inner)]);
    texts.into_iter().chain(others).chain([inner]).collect()
}

fn read(name: &str, fields: &[(Value, Value)]) -> Result<Command, String> {
    let mut payload = vec![255, 1];
    payload.resize(engine::HEADER_BYTES, 0);
    let fields = Value::Map(fields.to_vec());
    let item = if ["tick", "put_roster_in_force"].contains(&name) {
        name.into()
    } else {
        Value::Map(vec![(name.into(), fields)])
    };
    ciborium::into_writer(&item, &mut payload).unwrap();
    decode(&payload).map(|envelope| envelope.command).map_err(|error| error.to_string())
}

/// The fields of a command as its own writer writes them; found by giving its reader what it says is missing.
fn fields_of(name: &str) -> Vec<String> {
    let mut fields: Vec<(Value, Value)> = Vec::new();
    let command = loop {
        let error = match read(name, &fields) {
            Ok(command) => break command,
            Err(error) => error,
        };
        let missing = error.split("missing field `").nth(1).unwrap_or_else(|| panic!("{name}: {error}"));
        let missing = Value::from(missing.split('`').next().unwrap());
        assert!(fields.iter().all(|(given, _)| *given != missing), "{name}: {missing:?} was given");
        let fits = candidates().into_iter().find(|value| {
            let mut more = fields.clone();
            more.push((missing.clone(), value.clone()));
            // What is missing next is another field, or nothing: this one was taken.
            match read(name, &more) {
                Ok(_) => true,
                Err(error) => error.contains("missing field `"),
            }
        });
        fields.push((missing, fits.unwrap_or_else(|| panic!("{name}: no value fits: {error}"))));
    };
    let mut payload = Vec::new();
    encode(
        &Envelope {
            actor: ParticipantId(0),
            user: UserId::NOBODY,
            client_id: ClientId::of(""),
            door: engine::Door::Unsaid,
            command,
        },
        &mut payload,
    )
    .unwrap();
    let written: Value = ciborium::from_reader(&payload[engine::HEADER_BYTES..]).unwrap();
    let Value::Map(outer) = written else { return Vec::new() };
    let Value::Map(inner) = &outer[0].1 else { panic!("{name} is not written as a map") };
    inner.iter().map(|(key, _)| key.as_text().unwrap().to_owned()).collect()
}

#[test]
fn the_page_names_every_command_and_its_fields_in_order() {
    let error = read("?", &[]).unwrap_err();
    let known = error.split_once("expected one of ").unwrap().1;
    let mut known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    known.retain(|name| {
        !["place_order", "take_listing", "cancel_order", "enter_order", "amend_order", "enter_funds"]
            .contains(name)
    });

    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/journal-format.md"));
    let page = page.unwrap();
    let table = page.split("| command | fields |").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.split(" | ").collect();
            let names = cells[1].split(", ").filter_map(|field| field.split('`').nth(1));
            std::iter::once(cells[0].trim_matches(['|', ' ', '`'])).chain(names).collect()
        })
        .collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), known);
    for row in rows {
        assert_eq!(row[1..], fields_of(row[0]), "the fields of {}", row[0]);
    }
}
