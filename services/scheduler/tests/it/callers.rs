//! Who may start jobs.

use gcp_local::{GcpLocal, GoogleIdToken};
use http::Method;
use serde_json::json;

use crate::world::{AUDIENCE, STARTER, World, ask};

const PATH: &str = "/jobs/expire-reels/run";

fn token(audience: &str, email: &str) -> GoogleIdToken {
    GoogleIdToken {
        email: email.to_owned(),
        audience: audience.to_owned(),
        ..GoogleIdToken::default()
    }
}

/// Tokens that are refused, with what is wrong with them and the answer.
async fn refused(world: &World) -> Vec<(&'static str, Option<String>, (u16, &'static str))> {
    let mint = |token: GoogleIdToken| Some(world.gcp.issuer().mint_google(&token).unwrap());
    let right = || token(AUDIENCE, STARTER);
    let expired = GoogleIdToken {
        expires_in_seconds: Some(-3_600),
        ..right()
    };
    let unverified = GoogleIdToken {
        claims: [("email_verified".to_owned(), json!(false))]
            .into_iter()
            .collect(),
        ..right()
    };
    let elsewhere = GcpLocal::start(gcp_local::Config::default()).await.unwrap();
    let forged = elsewhere.issuer().mint_google(&right()).unwrap();
    let stranger = token(AUDIENCE, "stranger@local.iam.gserviceaccount.com");
    let diverted = token("https://api.example", STARTER);
    vec![
        ("none", None, (401, "token.missing")),
        (
            "no token",
            Some("let-me-in".to_owned()),
            (401, "token.invalid"),
        ),
        ("other audience", mint(diverted), (401, "token.invalid")),
        (
            "other account",
            mint(stranger),
            (403, "token.caller_not_allowed"),
        ),
        ("expired", mint(expired), (401, "token.expired")),
        (
            "unverified address",
            mint(unverified),
            (401, "token.invalid"),
        ),
        (
            "somebody else's key",
            Some(forged),
            (401, "token.unknown_key"),
        ),
    ]
}

#[tokio::test]
async fn a_job_is_started_by_the_right_account_for_this_audience_alone() {
    let world = World::new().await;
    let running = world.scheduler().await;
    for (what, token, (status, code)) in refused(&world).await {
        let (answered, body) = ask(
            &running.scheduler.router,
            Method::POST,
            PATH,
            token.as_deref(),
        )
        .await;
        assert_eq!(
            (answered, body.get("code")),
            (status, Some(&json!(code))),
            "{what}: {body}"
        );
    }
    let leases = "SELECT count(*)::text FROM job_leases";
    assert_eq!(world.text(leases).await.as_deref(), Some("0"));

    let (status, body) = running.start(&world, "expire-reels").await;
    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!({"job": "expire-reels", "outcome": "ran", "report": {"expired": 0}})
    );
}

#[tokio::test]
async fn every_job_can_be_started() {
    let world = World::new().await;
    let running = world.scheduler().await;
    // Each pass tells what it did in its own words, so that no job can run another's.
    let reports = [
        (
            "outbox-sweep",
            json!({"handedOver": 0, "postponed": 0, "refused": 0}),
        ),
        ("requeue-stuck-reels", json!({"requeued": 0, "givenUp": 0})),
        ("expire-reels", json!({"expired": 0})),
        ("delete-objects", json!({"unused": 0, "deleted": 0})),
        ("forget-history", json!({"forgotten": 0})),
    ];
    assert_eq!(
        reports.each_ref().map(|(name, _)| *name),
        avvivo_scheduler::jobs::JOBS.map(|job| job.name)
    );
    for (name, report) in reports {
        let (status, body) = running.start(&world, name).await;
        let expected = json!({"job": name, "outcome": "ran", "report": report});
        assert_eq!((status, body), (200, expected));
    }
}

#[tokio::test]
async fn a_job_that_nobody_knows_is_not_found() {
    let world = World::new().await;
    let running = world.scheduler().await;
    let (status, body) = running.start(&world, "make-coffee").await;
    assert_eq!(
        (status, body.get("code")),
        (404, Some(&json!("job.not_found")))
    );
    // Strangers are not told which jobs there are.
    let path = "/jobs/make-coffee/run";
    let (status, _) = ask(&running.scheduler.router, Method::POST, path, None).await;
    assert_eq!(status, 401);
}
