//! Which source wins, what is refused and how it is said, and the sample in docs/.

use std::fs;

use super::*;

fn part(toml: &str) -> Layer {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("part.toml");
    fs::write(&file, toml).unwrap();
    confique::File::with_format(file, confique::FileFormat::Toml).required().load().unwrap()
}

fn refused(toml: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parlor.toml");
    fs::write(&file, toml).unwrap();
    let error = Settings::load(Layer::empty(), Some(&file)).expect_err(toml);
    assert!(error.is::<Unusable>());
    let text = error.to_string();
    assert!(!text.contains('\n'), "one sentence: {text}");
    text
}

fn settings(toml: &str) -> Settings {
    Settings::from_layers(part(toml), Layer::empty(), Layer::empty()).unwrap()
}

#[test]
fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
    let flags = part("message_rate = 1");
    let environment = part("message_rate = 2\nlogin_rate = 2");
    let file = part("message_rate = 3\nlogin_rate = 3\nsockets_per_person = 3");
    let settings = Settings::from_layers(flags, environment, file).unwrap();
    assert_eq!((settings.message_rate, settings.login_rate, settings.sockets_per_person), (1, 2, 3));
    assert_eq!(settings.command_timeout, "10s".parse().unwrap(), "nobody set it");
}

#[test]
fn every_setting_has_its_variable() {
    for field in Settings::META.fields {
        let confique::meta::FieldKind::Leaf { env, .. } = field.kind else { panic!("{} is nested", field.name) };
        assert_eq!(env, Some(format!("PARLOR_{}", field.name.to_uppercase()).as_str()));
        assert!(!field.doc.is_empty(), "{} is not explained", field.name);
    }
}

#[test]
fn every_setting_that_is_no_secret_has_its_flag() {
    use clap::CommandFactory as _;
    let command = crate::cli::Cli::command();
    let flags: Vec<_> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    for field in Settings::META.fields {
        let secret = matches!(field.name, "secret" | "metrics_token");
        assert_eq!(flags.contains(&field.name.replace('_', "-").as_str()), !secret, "{}", field.name);
    }
}

#[test]
fn the_sample_in_docs_is_the_one_that_parlor_prints() {
    let kept = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/parlor.example.toml")).unwrap();
    assert!(kept == Settings::sample(), "docs/parlor.example.toml is old: run `make protocol`");
}

#[test]
fn the_manual_has_every_setting() {
    let manual = include_str!("../../../../docs/operating.md");
    for field in Settings::META.fields {
        let variable = format!("`PARLOR_{}`", field.name.to_uppercase());
        assert!(manual.contains(&variable), "docs/operating.md lacks {variable}");
    }
}

#[test]
fn the_sample_with_nothing_uncommented_sets_nothing() {
    assert!(part(&Settings::sample()).is_empty());
}

#[test]
fn the_samples_defaults_are_the_defaults() {
    let set: String = Settings::sample()
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ') && !line.ends_with('=')))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(set.contains("data = "), "{set}");
    assert_eq!(format!("{:?}", settings(&set)), format!("{:?}", settings("")));
}

#[test]
fn what_cannot_work_is_refused_in_one_sentence_that_names_it() {
    for (toml, says) in [
        ("lisen = \"127.0.0.1:1\"", "lisen"),
        ("command_timeout = \"10\"", "10s"),
        ("ping_interval = \"0s\"", "not zero"),
        ("message_rate = -1", "expected u32"),
        ("secret = \"short\"", "at least 32 characters and has 5"),
        ("broker_url = \"http://broker\"", "amqp://"),
        ("broker_prefix = \"Not This\"", "prefix"),
        ("database_url = \"mysql://x/y\"", "sqlite:FILE"),
        ("public_url = \"https://chat.example.org/chat\"", "https://chat.example.org,"),
        ("public_url = \"ftp://chat.example.org\"", "http"),
        ("stock_url = \"file:///etc/passwd\"", "http"),
        ("trusted_proxies = [\"10.0.0.1/33\"]", "IP address"),
        ("log_format = \"xml\"", "json"),
        ("metrics_token = \"\"", "token"),
        ("demo_people = 100001", "100000"),
        ("not toml", "line 1"),
    ] {
        let text = refused(toml);
        assert!(text.contains(says), "{toml} says: {text}");
    }
}

#[test]
fn a_refusal_does_not_repeat_the_secret() {
    let text = refused("secret = \"hunter2 hunter2\"");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_file_that_was_asked_for_must_exist() {
    let error = Settings::load(Layer::empty(), Some(Path::new("/nowhere/parlor.toml"))).unwrap_err();
    assert!(error.to_string().contains("/nowhere/parlor.toml"), "{error}");
}

#[test]
fn demo_mode_listens_on_loopback_only() {
    for listen in ["0.0.0.0:8080", "192.168.1.5:80", "[::]:8080"] {
        for demo in ["demo = true", "demo_people = 3"] {
            let layer = part(&format!("listen = \"{listen}\"\n{demo}"));
            let error = Settings::from_layers(layer, Layer::empty(), Layer::empty()).unwrap_err();
            assert!(error.to_string().contains("loopback"), "{error}");
        }
    }
    for listen in ["127.0.0.1:0", "[::1]:8080", "127.1.2.3:80"] {
        assert_eq!(settings(&format!("listen = \"{listen}\"\ndemo = true")).demo_people(), Some(0));
    }
    assert_eq!(settings("demo_people = 50").demo_people(), Some(50), "more people imply demo mode");
    assert_eq!(settings("listen = \"0.0.0.0:8080\"").demo_people(), None);
}

#[test]
fn urls_with_passwords_and_secrets_are_not_shown() {
    let settings = settings(
        "secret = \"0123456789abcdef0123456789abcdef\"\nbroker_url = \"amqp://me:hidden@host/x\"\n\
         database_url = \"postgres://me:hidden@host/x\"",
    );
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hidden") && !shown.contains("0123456789"), "{shown}");
}

#[test]
fn times_are_written_with_their_unit() {
    let milliseconds = |text: &str| text.parse::<Period>().unwrap().0.as_millis();
    assert_eq!(["200ms", "10s", "5m", "1h"].map(milliseconds), [200, 10_000, 300_000, 3_600_000]);
    for bad in ["", "s", "1", "1.5s", "-1s", "1 s", "1d", "0ms", "99999999999999999999s", "18446744073709551615h"] {
        assert!(bad.parse::<Period>().is_err(), "{bad}");
    }
}
