//! The configuration: its precedence, its mistakes, what `huangpu config` prints, and the sample file.

#![allow(clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

use huangpu::config::{Config, ConfigArgs, Effective, LogFormat, Origin};
use std::fs;
use std::path::{Path, PathBuf};

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn file(folder: &Path, text: &str) -> ConfigArgs {
    let path = folder.join("node.toml");
    fs::write(&path, text).unwrap();
    ConfigArgs { config: Some(path), ..ConfigArgs::default() }
}

/// What is wrong, one mistake a line, with the folder cut from the paths.
fn mistakes(text: &str, environment: &[(&str, &str)], settings: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut args = file(folder.path(), text);
    args.settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
    let error = Effective::gather(&args, variables(environment)).unwrap_err();
    error.to_string().replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn the_default_is_loopback_without_anything_else() {
    let effective = Effective::gather(&ConfigArgs::default(), []).unwrap();
    assert_eq!(effective.config, Config::default());
    assert_eq!(effective.config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(effective.origin("listen"), Origin::Default);
}

#[test]
fn a_flag_stands_above_a_variable_above_a_file_above_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let mut args = file(
        folder.path(),
        "data = \"log\"\n[limits]\nburst = 1\nrequests_per_second = 1\nconnections_max = 7\n[log]\nformat = \"json\"\n",
    );
    args.settings = vec!["limits.burst=3".to_owned(), "listen=127.0.0.1:1".to_owned()];
    args.listen = Some("127.0.0.1:2".to_owned());
    let environment = variables(&[
        ("HUANGPU_LIMITS_BURST", "2"),
        ("HUANGPU_LIMITS_REQUESTS_PER_SECOND", "2"),
        ("HUANGPU_LOG_FORMAT", ""),
    ]);
    let effective = Effective::gather(&args, environment).unwrap();
    let config = &effective.config;
    assert_eq!(config.limits.burst, 3);
    assert_eq!(config.limits.requests_per_second, 2);
    assert_eq!(config.limits.connections_max, 7);
    assert_eq!(config.limits.body_bytes_max, 65_536);
    assert_eq!(config.log.format, LogFormat::Json, "a variable set to nothing counts as not set");
    assert_eq!(config.listen.port(), 2, "a flag of its own stands above --set");
    assert_eq!(config.data, Some(folder.path().join("log")), "paths count from the file's folder");
    assert_eq!(effective.origin("limits.burst").to_string(), "--set");
    assert_eq!(
        effective.origin("limits.requests_per_second").to_string(),
        "HUANGPU_LIMITS_REQUESTS_PER_SECOND"
    );
    assert!(effective.origin("limits.connections_max").to_string().ends_with("node.toml:5:19"));
    assert_eq!(effective.origin("listen").to_string(), "--listen");
}

#[test]
fn the_file_can_be_named_by_a_variable_and_a_flag_stands_above_it() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one.toml"), folder.path().join("other.toml"));
    fs::write(&one, "listen = \"127.0.0.1:1\"").unwrap();
    fs::write(&other, "listen = \"127.0.0.1:2\"").unwrap();
    let environment = || vec![("HUANGPU_CONFIG".to_owned(), one.display().to_string())];
    let by_variable = Effective::gather(&ConfigArgs::default(), environment()).unwrap();
    assert_eq!(by_variable.config.listen.port(), 1);
    let args = ConfigArgs { config: Some(other), ..ConfigArgs::default() };
    assert_eq!(Effective::gather(&args, environment()).unwrap().config.listen.port(), 2);
}

#[test]
#[rustfmt::skip] // a table
fn a_mistake_names_its_place_the_field_and_the_rule() {
    for (text, environment, settings, expected) in [
        ("listen = 8080", &[][..], &[][..],
         "node.toml:1:10: listen: expected an address and a port such as 127.0.0.1:8080, found 8080"),
        ("\n[limits]\n  burst = 0", &[], &[],
         "node.toml:3:11: limits.burst: expected a whole number from 1 to 1000000, found 0"),
        ("[limits]\nburst = \"4\"", &[], &[],
         "node.toml:2:9: limits.burst: expected a whole number from 1 to 1000000, found \"4\""),
        ("limits = { burst = -1 }", &[], &[],
         "node.toml:1:20: limits.burst: expected a whole number from 1 to 1000000, found -1"),
        ("[limits]\nburst = 1.5", &[], &[],
         "node.toml:2:9: limits.burst: expected a whole number from 1 to 1000000, found 1.5"),
        ("[sessions]\nidle = 3", &[], &[],
         "node.toml:2:8: sessions.idle: there is no such setting; there are sessions.idle_minutes, sessions.hours_max, sessions.lock_out_after, sessions.lock_out_minutes"),
        ("[log]\nlevel = \"loud\"", &[], &[],
         "node.toml:2:9: log.level: expected one of error, warn, info, debug, trace, found \"loud\""),
        ("[tls]\nself_made = \"true\"", &[], &[],
         "node.toml:2:13: tls.self_made: expected true or false, found \"true\""),
        ("clock = \"2021-07-16 09:00\"", &[], &[],
         "node.toml:1:9: clock: expected a time such as 2021-07-16T09:00:00+08:00, found \"2021-07-16 09:00\""),
        ("data = \"\"", &[], &[], "node.toml:1:8: data: expected a path, found \"\""),
        ("[http]\norigins = [\"desk.example\"]", &[], &[],
         "node.toml:2:11: http.origins: expected origins as browsers write them, such as https://desk.example or http://localhost:3000, found [\"desk.example\"]"),
        ("[http]\norigins = [1]", &[], &[],
         "node.toml:2:11: http.origins: expected origins as browsers write them, such as https://desk.example or http://localhost:3000, found [1]"),
        ("", &[("HUANGPU_HTTP_HOSTS", "a.example:443")], &[],
         "HUANGPU_HTTP_HOSTS: http.hosts: expected names of hosts such as exchange.example or *.exchange.example, found \"a.example:443\""),
        ("projection = { url = \"postgres://u:secret@db.example/d?sslmode=disable\" }", &[], &[],
         "node.toml:1:22: projection.url: sslmode=disable would send the password and everything else in clear beyond this machine: use sslmode=verify-full, with sslrootcert=FILE where the server's certificate is not one that the system trusts"),
        ("", &[("HUANGPU_LISTEN", "localhost")], &[],
         "HUANGPU_LISTEN: listen: expected an address and a port such as 127.0.0.1:8080, found \"localhost\""),
        ("", &[("HUANGPU_SESSIONS_IDLE_MINUTES", "soon")], &[],
         "HUANGPU_SESSIONS_IDLE_MINUTES: sessions.idle_minutes: expected a whole number from 1 to 10080, found \"soon\""),
        ("", &[], &["limits.burst=many"],
         "--set: limits.burst: expected a whole number from 1 to 1000000, found \"many\""),
        ("", &[("HUANGPU_PROJECTION_URL", "mysql://u:secret@h/d")], &[],
         "HUANGPU_PROJECTION_URL: projection.url: expected sqlite:PATH or postgres://USER@HOST/NAME"),
        ("listen = \"0.0.0.0:443\"", &[], &[],
         "node.toml:1:10: listen: an address beyond loopback needs TLS: tls.certificate and tls.key, or tls.self_made to try it out"),
        ("", &[("HUANGPU_TLS_CERTIFICATE", "a.pem")], &[],
         "HUANGPU_TLS_CERTIFICATE: tls.certificate: a certificate needs its key: name it with tls.key"),
        ("[tls]\nkey = \"a.pem\"", &[], &[],
         "node.toml:2:7: tls.key: a key needs its certificate: name it with tls.certificate"),
        ("[tls]\nkey = \"a.pem\"\ncertificate = \"b.pem\"\nself_made = true", &[], &[],
         "node.toml:4:13: tls.self_made: there is a certificate already in tls.certificate"),
    ] {
        assert_eq!(mistakes(text, environment, settings), expected);
    }
    assert!(mistakes("listen = ", &[], &[]).starts_with("node.toml:1:10: not TOML: "));
    let typo = mistakes("", &[("HUANGPU_LIMITS_BURTS", "5")], &[]);
    assert!(typo.starts_with("HUANGPU_LIMITS_BURTS: there is no such setting; there are "), "{typo}");
    let two = mistakes("listen = 1\n[log]\nlevel = 2", &[], &[]);
    assert_eq!(two.lines().count(), 2, "every mistake is told, not the first alone: {two}");
}

#[test]
fn beyond_loopback_there_is_tls() {
    for settings in [vec!["tls.self_made=true"], vec!["tls.certificate=a.pem", "tls.key=b.pem"]] {
        let settings = settings.into_iter().map(str::to_owned).collect();
        let args = ConfigArgs { listen: Some("0.0.0.0:443".to_owned()), settings, ..ConfigArgs::default() };
        assert!(Effective::gather(&args, []).unwrap().config.tls.is_on());
    }
    let args = ConfigArgs { listen: Some("[::1]:80".to_owned()), ..ConfigArgs::default() };
    assert!(!Effective::gather(&args, []).unwrap().config.tls.is_on());
}

#[test]
fn what_is_printed_makes_the_same_again_and_shows_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let args = ConfigArgs {
        clock: Some("2021-07-16T09:00:00+08:00".to_owned()),
        settings: vec!["limits.burst=5".to_owned(), "tls.self_made=true".to_owned()],
        ..ConfigArgs::default()
    };
    let first = Effective::gather(&args, variables(&[("HUANGPU_DATA", "/var/lib/huangpu")])).unwrap();
    let printed = first.to_toml();
    let again = Effective::gather(&file(folder.path(), &printed), []).unwrap();
    assert_eq!(again.config, first.config, "{printed}");
    let masked = variables(&[("HUANGPU_PROJECTION_URL", "postgres://node:hush@db/market")]);
    let printed = Effective::gather(&ConfigArgs::default(), masked).unwrap().to_toml();
    assert!(printed.contains("postgres://node:***@db/market\"") && !printed.contains("hush"), "{printed}");
    assert!(printed.contains("# HUANGPU_PROJECTION_URL"), "{printed}");
}

#[test]
fn the_sample_file_holds_every_field_and_the_defaults() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let sample = root.join("packaging/huangpu.toml");
    let text = fs::read_to_string(&sample).unwrap();
    let args = ConfigArgs { config: Some(sample), ..ConfigArgs::default() };
    let config = Effective::gather(&args, []).unwrap().config;
    let expected = Config { data: Some(PathBuf::from("/var/lib/huangpu")), ..Config::default() };
    assert_eq!(config, expected, "the sample says what holds anyway, but for the data directory");
    for line in Effective::default().to_toml().lines().filter(|line| line.contains('=')) {
        let name = line.trim_start_matches("# ").split(' ').next().unwrap();
        assert!(text.contains(&format!("{name} = ")), "the sample does not have {name}");
    }
}

#[test]
fn the_document_has_every_field() {
    let document = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/operation.md");
    let wanted = Effective::table();
    let found = fs::read_to_string(document).unwrap();
    assert!(
        found.contains(&wanted),
        "docs/operation.md should have this table (huangpu config --fields):\n{wanted}"
    );
}

#[test]
fn a_list_is_an_array_in_a_file_and_has_commas_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let args = file(
        folder.path(),
        "[http]\nhosts = [\"a.example\", \"*.b.example\"]\norigins = [\"https://desk.example\"]\n",
    );
    let of_file = Effective::gather(&args, []).unwrap();
    assert_eq!(of_file.config.http.hosts, ["a.example", "*.b.example"]);
    assert_eq!(of_file.config.http.origins, ["https://desk.example"]);
    let shown = of_file.to_toml();
    assert!(shown.contains("hosts = [\"a.example\", \"*.b.example\"]"), "{shown}");
    let environment = variables(&[("HUANGPU_HTTP_HOSTS", "c.example, d.example,")]);
    let args = ConfigArgs {
        settings: vec!["http.origins=https://one.example,http://localhost:3000".to_owned()],
        ..ConfigArgs::default()
    };
    let given = Effective::gather(&args, environment).unwrap().config.http;
    assert_eq!(given.hosts, ["c.example", "d.example"]);
    assert_eq!(given.origins, ["https://one.example", "http://localhost:3000"]);
    assert_eq!(Effective::gather(&ConfigArgs::default(), []).unwrap().config.http.hosts, [""; 0]);
}
