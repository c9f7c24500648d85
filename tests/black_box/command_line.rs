//! The commands: what they print, where, and how they end.

use std::fs;

use crate::figure;
use crate::home::Home;
use crate::http::Request;
use crate::server::Server;

#[test]
fn config_check_says_every_fault_at_once() {
    let home = Home::new()
        .with("REFERRAL_BIND", "everywhere")
        .with("REFERRAL_DATABASE_URL", "mysql://db")
        .with("REFERRAL_JWT_SECRET", "hunter2 is too short")
        .with("REFERRAL_LIMITS", "validate=lots")
        .with("REFERRAL_TRUSTED_PROXIES", "my-proxy")
        .with("REFERRAL_CORS_ORIGINS", "*")
        .with("REFERRAL_WORKERS", "0")
        .with("REFERRAL_LOGG", "info");
    fs::write(home.path().join("referral.toml"), "publik_url = \"https://ref.example.com\"\n")
        .expect("written");
    let ran = home.run(&["config", "check"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let said = ran.stdout + &ran.stderr;
    let names = [
        "REFERRAL_BIND",
        "REFERRAL_DATABASE_URL",
        "REFERRAL_JWT_SECRET",
        "REFERRAL_LIMITS",
        "REFERRAL_TRUSTED_PROXIES",
        "REFERRAL_CORS_ORIGINS",
        "REFERRAL_WORKERS",
        "REFERRAL_LOGG",
        "publik_url",
    ];
    let told = names.iter().filter(|name| said.contains(**name)).count();
    assert_eq!(told, names.len(), "{said}");
    assert!(said.contains("did you mean REFERRAL_LOG?") && !said.contains("hunter2"), "{said}");
    let serve = home.run(&["serve"]);
    assert!(serve.code == Some(1) && names.iter().all(|name| serve.stderr.contains(name)), "{serve:?}");
    assert!(!home.path().join("data").exists(), "nothing is made by a configuration with faults");
    figure(&format!("config check: faults told at once={told}/{}", names.len()));
}

#[test]
fn a_sound_configuration_is_shown_without_its_secrets() {
    let secret = "a secret that is long enough to be one";
    let home = Home::new()
        .with("REFERRAL_JWT_SECRET", secret)
        .with("REFERRAL_PUBLIC_URL", "https://ref.example.com");
    let shown = home.print(&["config", "check"]);
    assert!(shown.contains("https://ref.example.com") && !shown.contains(secret), "{shown}");
}

#[test]
fn the_environment_goes_before_the_file() {
    let home = Home::new().with("REFERRAL_WORKERS", "1");
    fs::write(home.path().join("referral.toml"), "public_url = \"https://file.example.com\"\n")
        .expect("written");
    assert!(home.print(&["config", "check"]).contains("https://file.example.com"));
    let over = home.with("REFERRAL_PUBLIC_URL", "https://env.example.com").print(&["config", "check"]);
    assert!(over.contains("https://env.example.com") && !over.contains("file.example.com"), "{over}");
}

#[test]
fn migrate_check_says_what_is_missing_and_changes_nothing() {
    let home = Home::new();
    let nothing = home.run(&["migrate", "--check"]);
    assert_eq!(nothing.code, Some(1), "{nothing:?}");
    assert!(!home.data("referral.db").exists(), "{nothing:?}");
    fs::create_dir(home.path().join("data")).expect("made");
    fs::write(home.data("referral.db"), "").expect("an empty database");
    let empty = home.run(&["migrate", "--check"]);
    let missing = empty.stdout.lines().filter(|line| line.starts_with("missing: ")).count();
    assert!(empty.code == Some(1) && missing > 0, "{empty:?}");
    let applied = home.print(&["migrate"]);
    assert_eq!(applied.lines().filter(|line| line.starts_with("applied: ")).count(), missing, "{applied}");
    let after = home.run(&["migrate", "--check"]);
    assert_eq!(after.code, Some(0), "{after:?}");
    assert_eq!(home.print(&["migrate"]).lines().filter(|line| line.starts_with("applied: ")).count(), 0);
    figure(&format!("migrate: missing={missing} applied={missing}/{missing} again=0"));
}

#[test]
fn the_document_that_is_printed_is_the_one_that_is_served() {
    let server = Server::start(&Home::new());
    let printed = server.home.print(&["openapi"]);
    let served = server.send(&Request::get("/api/openapi.json"));
    assert_eq!(served.status, 200);
    assert_eq!(served.body.trim_end(), printed);
    let document = served.json();
    assert!(
        document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")),
        "{}",
        document["openapi"]
    );
    let page = server.send(&Request::get("/api/docs"));
    assert_eq!(page.status, 200);
    for elsewhere in ["src=\"http", "href=\"http", "@import", "url(http", "src=\"//", "href=\"//"] {
        assert!(!page.body.contains(elsewhere), "the page needs nothing from elsewhere: {elsewhere}");
    }
    let paths = document["paths"].as_object().expect("paths");
    assert!(paths.keys().all(|path| page.body.contains(path.as_str())), "every path stands on the page");
    figure(&format!("openapi: printed=served, paths on the page={}/{}", paths.len(), paths.len()));
}

#[test]
fn token_and_api_key_print_only_what_was_asked_for() {
    let home = Home::new();
    let token = home.run(&["token", "--sub", "u_ana", "--email", "ana@example.com", "--email-verified"]);
    let line = token.stdout.strip_suffix('\n').expect("a line");
    assert!(line.split('.').count() == 3 && !line.contains(char::is_whitespace), "{token:?}");
    let key = home.run(&["api-key", "create", "--name", "shop", "--scope", "events:write"]);
    let line = key.stdout.strip_suffix('\n').expect("a line");
    assert!(line.starts_with("rk_") && !line.contains(char::is_whitespace), "{key:?}");
    assert!(!key.stderr.contains(line), "{key:?}");
    for bad in [
        &["api-key", "create", "--name", "shop"][..],
        &["api-key", "create", "--name", "shop", "--scope", "everything"],
        &["api-key", "create", "--name", "shop", "--scope", "events:write", "--program", "unknown"],
        &["token"],
        &["token", "--sub", " u_ana"],
        &["token", "--sub", "u_ana", "--ttl", "soon"],
        &["token", "--sub", "u_ana", "--role", "king"],
        &["frobnicate"],
    ] {
        let ran = home.run(bad);
        assert!(
            ran.code.is_some_and(|code| code != 0) && ran.stdout.is_empty() && !ran.stderr.is_empty(),
            "{bad:?}: {ran:?}"
        );
    }
}

#[test]
fn a_key_made_before_the_first_start_is_let_in() {
    let home = Home::new();
    let key = home.key(&["users:read"]);
    let server = Server::start(&home);
    server.send(&Request::get("/api/credits/balance?user_id=u_ana").key(&key)).expect(200);
}

#[test]
fn doctor_and_ledger_verify_look_at_a_store_and_make_none() {
    let home = Home::new();
    let (doctor, verify) = (home.run(&["doctor"]), home.run(&["ledger", "verify"]));
    assert_eq!((doctor.code, verify.code), (Some(1), Some(1)), "{doctor:?} {verify:?}");
    assert!(!home.data("referral.db").exists());
    let home = Server::start(&home).stop();
    let doctor = home.run(&["doctor"]);
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    assert!(
        doctor.stdout.lines().count() >= 4 && doctor.stdout.lines().all(|line| line.starts_with("ok ")),
        "{doctor:?}"
    );
    assert!(home.print(&["ledger", "verify"]).starts_with("verified: "));
}

#[test]
fn a_port_that_is_taken_is_told_and_the_demo_stays_on_this_machine() {
    let server = Server::start(&Home::new());
    let taken = Home::new().with("REFERRAL_BIND", &server.address.to_string()).run(&["serve"]);
    assert!(taken.code == Some(1) && taken.stderr.contains(&server.address.to_string()), "{taken:?}");
    let public = Home::new().with("REFERRAL_BIND", "0.0.0.0:0").run(&["serve", "--demo"]);
    assert!(public.code == Some(1) && public.stderr.contains("--demo-public"), "{public:?}");
    for path in ["/demo/signup", "/demo/login", "/demo/verify", "/demo/spend"] {
        server.send(&Request::new("POST", path)).refused(404, "not-found");
    }
}
