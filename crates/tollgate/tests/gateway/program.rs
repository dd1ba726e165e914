//! The program as operators run it: the real binary, its exit codes, its JSON and its words
//! (`docs/configuration.md` and `--help`).

use serde_json::{Value, json};
use tempfile::TempDir;
use tollgate_dashboard::Dashboard;
use tollgate_engine::{Clock, SystemClock};
use tollgate_testkit::{Protocol, simulator};
use tollgate_types::Month;

use crate::home::Home;

#[test]
fn serve_prints_what_a_newcomer_needs_and_stops_cleanly() {
    let home = Home::new();
    let serving = home.serve();
    assert!(serving.greeting.contains("models of 1 provider can"), "{}", serving.greeting);
    let page = serving.page();
    let curl = format!("curl http://{}/api/v1/chat/completions", serving.address);
    if Dashboard::built().index("").is_none() {
        assert!(page.contains(&curl) && page.contains("of 1 provider can"), "{page}");
    }
    assert!(
        serving.key.starts_with("sk-or-v1-") && serving.key.len() == 73,
        "{}",
        serving.greeting
    );
    let answer = serving.obey(&serving.curl);
    assert_eq!(answer["choices"][0]["message"]["content"], "Hello", "{answer}");
    assert_eq!(answer["model"], "tollgate/echo", "{answer}");
    let said = home.does(&[
        "chat",
        "tollgate/echo",
        "Good morning",
        "--url",
        &serving.url(),
        "--key",
        &serving.key,
    ]);
    assert_eq!(said, "Good morning\n");
    // Where the data is, no key is needed.
    let said = home.does(&["chat", "tollgate/echo", "Again", "--url", &serving.url()]);
    assert_eq!(said, "Again\n");
    let unknown =
        home.run(&["chat", "tollgate/ecko", "x", "--url", &serving.url(), "--key", &serving.key]);
    assert_eq!(unknown.code, Some(1), "{}", unknown.err);
    assert!(unknown.err.contains("tollgate/echo"), "{}", unknown.err);
    let (key, curl) = (serving.key.clone(), serving.curl.clone());
    assert_eq!(serving.terminate(), Some(0));
    // The second start shows no key; the first one still works, and so does what was counted.
    let again = home.serve();
    assert!(!again.greeting.contains("sk-or-v1-"), "{}", again.greeting);
    assert!(again.curl.contains("$TOLLGATE_API_KEY"), "{}", again.curl);
    let (_, rest) = curl.split_once("/api/v1").unwrap();
    again.obey(&format!("curl {}/api/v1{rest}", again.url()));
    assert!(key.starts_with("sk-or-v1-"));
    assert_eq!(again.terminate(), Some(0));
    let nobody =
        home.run(&["chat", "tollgate/echo", "x", "--url", "http://127.0.0.1:9", "--key", "k"]);
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.err.contains("tollgate serve"), "{}", nobody.err);
}

#[test]
fn a_running_gateway_is_asked_how_endpoints_are_doing() {
    let home = Home::new();
    let serving = home.serve();
    let url = serving.url();
    let health =
        |arguments: &[&str]| home.does(&[&["route", "health", "--url", &url], arguments].concat());
    // Where the data is, no key is needed, and none is left behind.
    assert!(health(&[]).starts_with("No endpoint was called yet."), "{}", health(&[]));
    assert_eq!(home.json(&["keys", "list", "--json"]).as_array().unwrap().len(), 1);
    home.does(&["chat", "tollgate/echo", "Hello", "--url", &url, "--key", &serving.key]);
    let table = health(&["--key", &serving.key]);
    let row =
        table.lines().find(|it| it.trim_start().starts_with("tollgate/tollgate/echo ")).unwrap();
    assert!(row.contains(" 0 well ") && row.contains(" ms "), "{table}");
    let all: Value = serde_json::from_str(&health(&["--json"])).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
    assert_eq!(all[0]["endpoint_id"], "tollgate/tollgate/echo", "{all}");
    assert_eq!(all[0]["attempts_last_30m"]["succeeded"], 1, "{all}");
    let one: Value = serde_json::from_str(&health(&["tollgate/prose", "--json"])).unwrap();
    assert_eq!(one[0]["endpoint_id"], "tollgate/tollgate/prose", "{one}");
    assert_eq!(one[0]["attempts_last_30m"]["succeeded"], 0, "{one}");
    let unknown = home.run(&["route", "health", "tollgate/ecko", "--url", &url]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("tollgate/echo"), "{}", unknown.err);
    assert_eq!(serving.terminate(), Some(0));
}

#[test]
fn the_first_example_is_one_that_can_work() {
    let home = Home::new();
    home.file("[simulator]\nenabled = false\n");
    let idle = home.serve();
    assert!(idle.greeting.contains("OPENAI_API_KEY"), "{}", idle.greeting);
    // A build with a dashboard shows that in its place.
    let shows_examples = Dashboard::built().index("").is_none();
    assert!(!idle.page().contains("curl "), "{}", idle.page());
    drop(idle);
    let home = home.with("OPENAI_API_KEY", "sk-test");
    let serving = home.serve();
    assert!(serving.curl.contains("\"model\":\"openai/"), "{}", serving.curl);
    let has_example = serving.page().contains("\"model\": \"openai/");
    assert_eq!(has_example, shows_examples, "{}", serving.page());
}

#[test]
fn keys_are_managed_offline() {
    let home = Home::new();
    let made = home
        .json(&["keys", "create", "--name", "ci", "--limit", "10", "--reset", "monthly", "--json"]);
    let secret = made["key"].as_str().unwrap();
    assert!(secret.starts_with("sk-or-v1-"), "{made}");
    assert_eq!((&made["name"], &made["limit_reset"]), (&json!("ci"), &json!("monthly")), "{made}");
    let admin = home.json(&["keys", "create", "--name", "admin", "--management", "--json"]);
    assert_eq!(admin["management"], true, "{admin}");
    let list = home.json(&["keys", "list", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), 2, "{list}");
    assert!(!list.to_string().contains(secret), "{list}");
    let disabled = home.json(&["keys", "disable", "ci", "--json"]);
    assert_eq!(disabled["disabled"], true, "{disabled}");
    assert!(home.does(&["keys", "list"]).contains("disabled"));
    home.does(&["keys", "enable", "ci"]);
    let rotated = home.json(&["keys", "rotate", "ci", "--json"]);
    assert_ne!(rotated["key"], made["key"], "{rotated}");
    assert_eq!((&rotated["name"], &rotated["limit"]), (&made["name"], &made["limit"]), "{rotated}");
    for arguments in [&["keys", "rotate", "ci"][..], &["keys", "create", "--name", "other"]] {
        let said = home.does(arguments);
        let (name, key) = (arguments.last().unwrap(), "sk-or-v1-");
        assert!(said.starts_with(&format!("The key `{name}`, shown only now:")), "{said}");
        assert!(said.contains(key), "{said}");
    }
    home.does(&["keys", "delete", "other"]);
    home.does(&["keys", "delete", "admin"]);
    assert_eq!(home.json(&["keys", "list", "--json"]).as_array().unwrap().len(), 1);
    for (arguments, words) in [
        (vec!["keys", "disable", "nobody"], "keys list"),
        (vec!["keys", "create", "--name", " "], "--name"),
        (vec!["keys", "create", "--name", "x", "--expires", "soon"], "2027-01-31"),
        (vec!["keys", "create", "--name", "x", "--expires", "2020-01-01T00:00:00Z"], "has passed"),
    ] {
        let ran = home.run(&arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}");
        assert!(ran.err.contains(words), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn what_can_be_routed_is_listed() {
    let home = Home::new().with("OPENAI_API_KEY", "sk-test");
    let models = home.json(&["models", "--json"]);
    let ids: Vec<&str> =
        models.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"tollgate/echo") && ids.contains(&"openai/gpt-4o-mini"), "{ids:?}");
    assert!(!ids.iter().any(|id| id.starts_with("anthropic/")), "{ids:?}");
    let all = home.json(&["models", "--all", "--json"]);
    assert!(all.as_array().unwrap().len() >= 300, "{}", all.as_array().unwrap().len());
    assert!(home.does(&["models", "--filter", "gpt-4o-mini"]).contains("openai/gpt-4o-mini"));
    let providers = home.json(&["providers", "--json"]);
    let slugs: Vec<&str> =
        providers.as_array().unwrap().iter().map(|it| it["slug"].as_str().unwrap()).collect();
    assert!(slugs.contains(&"openai") && slugs.contains(&"tollgate"), "{slugs:?}");
    assert!(!providers.to_string().contains("sk-test"), "{providers}");
    let all = home.json(&["providers", "--all", "--json"]);
    assert!(all.as_array().unwrap().len() >= 50, "{}", all.as_array().unwrap().len());
}

#[test]
fn credit_is_added_and_shown() {
    let home = Home::new();
    let balance =
        home.json(&["credits", "add", "25.50", "--note", "invoice 7", "--id", "i7", "--json"]);
    assert_eq!(balance["total_credits"], "25.5", "{balance}");
    // The same addition again changes nothing.
    home.does(&["credits", "add", "25.50", "--id", "i7"]);
    home.does(&["credits", "add", "-0.50"]);
    let strange = home.run(&["credits", "add", "1", "--account", "nobody"]);
    assert!(strange.err.contains("No workspace pays from `nobody`"), "{}", strange.err);
    let balance = home.json(&["credits", "show", "--json"]);
    assert_eq!(balance["total_credits"], "25", "{balance}");
    assert_eq!(balance["balance"], "25", "{balance}");
    assert!(home.does(&["credits", "show"]).contains("$25"));
    assert_eq!(home.run(&["credits", "add", "0"]).code, Some(1));
    home.does(&["credits", "add", "-28"]);
    assert!(home.does(&["credits", "show"]).contains(" -$3 "));
}

#[test]
fn a_configuration_is_checked_whole() {
    let home = Home::new();
    assert_eq!(home.run(&["config", "check"]).code, Some(0));
    let bad = home.file(
        "lisen = \"127.0.0.1:1\"\n[limits]\nidle_timeout_ms = 0\nmedia_bytes_max = 0\n[routing]\nprobe_interval_ms = 5\n[[provider]]\nslug = \"acme\"\n\
         base_ur = \"http://x\"\napi_key = \"sk-1\"\n[[endpoint]]\nmodel = \"acme/none\"\n\
         provider = \"acmee\"\n[[provider]]\nslug = \"other\"\nname = \"Other\"\n\
         protocol = \"openai-chatt\"\nbase_url = \"http://x\"\n",
    );
    for arguments in [vec!["config", "check"], vec!["config", "check", bad.as_str()], vec!["serve"]]
    {
        let ran = home.run(&arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}");
        for words in [
            "`listen`?",
            "`base_url`?",
            "acme/none",
            "idle_timeout_ms",
            "media_bytes_max: must be",
            "probe_interval_ms: must be",
            "`openai-chat`?",
        ] {
            assert!(ran.err.contains(words), "{arguments:?}: {words}: {}", ran.err);
        }
    }
    let told = home.run(&["config", "check", "--json"]);
    assert_eq!(told.code, Some(1));
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert!(told["ok"] == false && told["problems"].as_array().unwrap().len() >= 4, "{told}");
    let good = home.file(
        "[shared]\nurl = \"redis://x\"\n[[provider]]\nslug = \"acme\"\nprotocol = \"openai-chat\"\n\
         base_url = \"http://x\"\n[[model]]\nid = \"acme/a\"\n[[model.endpoint]]\nprovider = \"acme\"\n\
         [[model]]\nid = \"acme/b\"\n[[endpoint]]\nmodel = \"acme/b\"\nprovider = \"acme\"\n",
    );
    let told = home.does(&["config", "check", &good]);
    assert!(told.contains("1 provider, 2 models and 2 endpoints beside"), "{told}");
    let told = home.json(&["config", "check", "--json"]);
    assert!(told["ok"] == true && told["problems"] == json!([]), "{told}");
    assert!(told["warnings"][0].as_str().unwrap().starts_with("shared.url"), "{told}");
    let unknown = home.file(
        "[[rule]]\nname = \"r\"\nthen = { models = [\"openai/gpt-4oo\", \"openai/gpt-4o\"] }\n",
    );
    let ran = home.run(&["config", "check", &unknown]);
    let warning = "rule `r`: no model is named `openai/gpt-4oo`; did you mean `openai/gpt-4o`?";
    assert_eq!((ran.code, ran.err.trim()), (Some(0), format!("warning: {warning}").as_str()));
    let told = home.json(&["config", "check", "--json"]);
    assert_eq!(told["warnings"], json!([warning]), "{told}");
    let missing = home.run(&["config", "check", "nowhere.toml"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.err.contains("nowhere.toml"), "{}", missing.err);
}

#[test]
fn a_preset_of_an_unknown_model_is_kept_and_warned_of() {
    let home = Home::new();
    let body = home.directory.path().join("body.json");
    std::fs::write(
        &body,
        r#"{"model":"openai/gpt-4oo","messages":[{"role":"user","content":"x"}]}"#,
    )
    .unwrap();
    let ran = home.run(&["presets", "set", "p", "--file", body.to_str().unwrap(), "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let warning = "warning: no model is named `openai/gpt-4oo`; did you mean `openai/gpt-4o`?";
    assert!(ran.err.contains(warning), "{}", ran.err);
    let kept: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(kept["config"]["model"], "openai/gpt-4oo");
}

#[test]
fn where_each_value_comes_from_is_shown() {
    let home = Home::new()
        .with("TOLLGATE_LISTEN", "127.0.0.1:7777")
        .with("TOLLGATE_MANAGEMENT_KEY", "sk-or-v1-secret");
    let file = home.file(
        "listen = \"127.0.0.1:6666\"\ndata_dir = \"./from-file\"\n[limits]\nidle_timeout_ms = 7000\n\
         [attribution]\nheaders = [\"X-Department\", \"X-Team\"]\n[shared]\nurl = \"redis://:pw@x\"\n\
         [upstream]\nfetch_private_addresses = true\n[billing]\ncrypto_fee = true\n\
         byok_fee = true\n",
    );
    let shown = home.json(&["config", "show", "--json"]);
    assert_eq!(shown["listen"], json!({ "value": "127.0.0.1:7777", "origin": "TOLLGATE_LISTEN" }));
    assert_eq!(shown["data_dir"]["value"], "./from-file", "{shown}");
    assert!(file.ends_with(shown["data_dir"]["origin"].as_str().unwrap()), "{shown}");
    let flagged = home.json(&["config", "show", "--json", "--data-dir", "/tmp/flag"]);
    assert_eq!(flagged["data_dir"], json!({ "value": "/tmp/flag", "origin": "--data-dir" }));
    let origins = home.json(&["config", "show", "--json"]);
    for (name, value, origin) in [
        ("limits.idle_timeout_ms", "7000", "file"),
        ("limits.body_bytes_max", "67108864", "default"),
        ("limits.shutdown_grace_ms", "30000", "default"),
        ("routing.sort", "balanced", "default"),
        ("routing.hedge", "false", "default"),
        ("server.path_prefix", "(not set)", "default"),
        ("routing.retry_rounds", "1", "default"),
        ("routing.retry_pause_ms", "250", "default"),
        ("routing.retry_pause_max_ms", "3000", "default"),
        ("attribution.headers", "X-Department, X-Team", "file"),
        ("simulator.enabled", "true", "default"),
        ("upstream.fetch_private_addresses", "true", "file"),
        ("upstream.ca_file", "(not set)", "default"),
        ("shared.url", "(set)", "file"),
        ("billing.enabled", "false", "default"),
        ("cache.max_bytes", "67108864", "default"),
        ("cache.entry_max_bytes", "2097152", "default"),
        ("billing.platform_fee", "(not set)", "default"),
        ("billing.crypto_fee", "5 %, at least $0", "file"),
        ("billing.byok_fee", "5 % of the list price beyond $25000 a month", "file"),
        ("billing.gone_after_ms", "600000", "default"),
        ("payments.installation", "tollgate", "default"),
        ("payments.return_url", "(not set)", "default"),
        ("database.url", "sqlite://./from-file/tollgate.db", "default"),
        ("management_key", "(set)", "TOLLGATE_MANAGEMENT_KEY"),
    ] {
        let origin = if origin == "file" { &shown["data_dir"]["origin"] } else { &json!(origin) };
        assert_eq!(origins[name], json!({ "value": value, "origin": origin }), "{name}");
    }
    assert_eq!(origins.as_object().unwrap().len(), 55, "{origins}");
    let table = home.does(&["config", "show", "--origin"]);
    assert!(table.contains("TOLLGATE_LISTEN") && !table.contains("secret"), "{table}");
}

#[test]
fn every_command_helps_with_an_example() {
    let home = Home::new();
    for command in [
        "serve",
        "keys create",
        "keys list",
        "keys disable",
        "keys rotate",
        "models",
        "providers",
        "chat",
        "presets list",
        "presets show",
        "presets set",
        "presets rm",
        "route explain",
        "route health",
        "credits add",
        "credits transfer",
        "credits show",
        "credits refund",
        "credits reconcile",
        "byok list",
        "byok add",
        "byok remove",
        "byok test",
        "doctor",
        "config check",
        "config show",
        "simulator",
    ] {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("--help");
        let help = home.does(&arguments);
        assert!(help.contains("Example"), "{command}: {help}");
        assert!(help.contains("--config") && help.contains("--data-dir"), "{command}: {help}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_names_a_wrong_key_in_words() {
    let simulator = simulator().await;
    let dead = tollgate_testkit::simulator().await;
    dead.kill();
    dead.closed().await;
    for protocol in Protocol::ALL {
        let row = |key: &str, base: &str| {
            format!(
                "[[provider]]\nslug = \"acme\"\nname = \"Acme\"\nprotocol = \"{}\"\nbase_url = \"{base}\"\n\
                 api_key = \"{key}\"\n[[model]]\nid = \"acme/m\"\n[[endpoint]]\nmodel = \"acme/m\"\nprovider = \"acme\"\n",
                protocol.as_str()
            )
        };
        let base = protocol.base_url(&simulator);
        let cases = [
            (
                row("env:ACME_API_KEY", &base),
                1,
                vec!["PROBLEM", "Acme refuses the key from ACME_API_KEY"],
            ),
            (row("sk-good", &base), 0, vec!["Acme answers"]),
            (row("sk-good", &protocol.base_url(&dead)), 1, vec!["PROBLEM", "can't be reached"]),
        ];
        for (file, code, words) in cases {
            let ran = tokio::task::spawn_blocking(move || {
                let home = Home::new().with("ACME_API_KEY", "sk-wrong-key");
                home.file(&file);
                home.run(&["doctor"])
            });
            let ran = ran.await.unwrap();
            assert_eq!(ran.code, Some(code), "{protocol:?}: {}{}", ran.out, ran.err);
            for word in words {
                assert!(ran.out.contains(word), "{protocol:?}: {word}: {}", ran.out);
            }
            assert!(!ran.out.contains("sk-wrong-key"), "{}", ran.out);
        }
    }
}

#[test]
fn a_doctor_without_providers_says_what_to_do() {
    let home = Home::new();
    let ran = home.run(&["doctor", "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    let findings: Value = serde_json::from_str(&ran.out).unwrap();
    let warns = |it: &Value| {
        it["state"] == "warning" && it["what"].as_str().unwrap().contains("OPENAI_API_KEY")
    };
    assert!(findings.as_array().unwrap().iter().any(warns), "{findings}");
    home.file("nonsense = 1\n");
    let ran = home.run(&["doctor"]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(ran.out.contains("nonsense"), "{}", ran.out);
}

#[test]
fn a_month_is_told_on_the_terminal_and_in_files() {
    let home = Home::new();
    home.does(&["credits", "add", "25", "--id", "invoice-7", "--note", "Rechnung 7"]);
    let month = Month::of(SystemClock.now()).to_string();
    let tell =
        |more: &[&str]| home.does(&[&["credits", "statement", "--month", &month], more].concat());
    let table = tell(&[]);
    let line = |name: &str| table.lines().find(|it| it.trim_start().starts_with(name)).unwrap();
    assert!(line("opening balance").trim_end().ends_with(" 0"), "{table}");
    assert!(line("closing balance").trim_end().ends_with(" 25"), "{table}");
    let folder = TempDir::new().unwrap();
    let (csv, pdf) = (folder.path().join("month.csv"), folder.path().join("month.pdf"));
    assert_eq!(tell(&["--csv", csv.to_str().unwrap()]), "");
    assert!(
        std::fs::read_to_string(csv).unwrap().contains(",purchases,invoice-7,Rechnung 7,,,,25")
    );
    tell(&["--pdf", pdf.to_str().unwrap()]);
    assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF-"));
    let wrong = home.run(&["credits", "statement", "--month", "2026-13"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.err);
    let nobody = ["credits", "statement", "--month", &month, "--account", "defualt"];
    let nobody = home.run(&nobody);
    assert_eq!(nobody.code, Some(1), "{}", nobody.out);
    assert!(nobody.err.contains("there is no account defualt"), "{}", nobody.err);
    let before = home.run(&["credits", "statement", "--month", "2020-01"]);
    assert_eq!(before.code, Some(1), "{}", before.out);
    assert!(before.err.contains("nothing had happened"), "{}", before.err);
    let early = home.run(&["credits", "statement", "--month", "9999-01"]);
    assert_eq!(early.code, Some(1));
    assert!(early.err.contains("9999-01 has not begun"), "{}", early.err);
}
