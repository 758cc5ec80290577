//! How keys are kept: single flight, freshness, rotation, outages, and answers that are not keys.

use std::{sync::Arc, time::Duration};

use avvivo_kernel::Clock;
use avvivo_tokens::{Deny, KeyCache, KeysDown, OidcPolicy, OidcVerifier};
use chrono::TimeDelta;
use futures::future::join_all;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::issuer::{Answer, FRESH_SECONDS, Issuer, SigningKey, TestClock, header, key_one};

struct Setup {
    issuer: Issuer,
    clock: Arc<TestClock>,
    verifier: OidcVerifier,
    keys: Arc<KeyCache>,
}

async fn setup(answer: Answer) -> Setup {
    let issuer = Issuer::serving(answer).await;
    let clock = TestClock::start();
    let keys = Arc::new(KeyCache::new(issuer.url.clone(), clock.clone()).unwrap());
    let policy = OidcPolicy {
        audiences: ["a".to_owned()].into(),
        callers: ["s".to_owned()].into(),
    };
    let verifier = OidcVerifier::new(policy, Arc::clone(&keys), clock.clone());
    Setup {
        issuer,
        clock,
        verifier,
        keys,
    }
}

async fn warm() -> Setup {
    let setup = setup(Answer::Keys(vec![key_one().jwk()])).await;
    setup.keys.check().await.unwrap();
    assert_eq!(setup.issuer.fetches(), 1);
    setup
}

impl Setup {
    /// Claims that hold for years of this test's clock.
    fn claims(&self) -> Value {
        let now = self.clock.now().timestamp();
        json!({ "iss": "accounts.google.com", "aud": "a", "sub": "1", "iat": now,
                "exp": now + 100_000_000, "email": "s", "email_verified": true })
    }

    async fn verdict(&self, key: &SigningKey) -> Result<(), Deny> {
        self.verifier
            .verify(&key.sign(&self.claims()))
            .await
            .map(|_| ())
    }

    fn stranger(&self) -> String {
        key_one().sign_with(&header(Algorithm::RS256, "stranger"), &self.claims())
    }
}

#[tokio::test]
async fn fifty_cold_callers_share_one_fetch() {
    let setup = setup(Answer::Keys(vec![key_one().jwk()])).await;
    let verdicts = join_all((0..50).map(|_| setup.verdict(key_one()))).await;
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
    assert_eq!(setup.issuer.fetches(), 1);
}

#[tokio::test]
async fn unknown_key_ids_cause_one_fetch_a_minute() {
    let setup = warm().await;
    let storm = async || {
        let token = setup.stranger();
        let verdicts = join_all((0..50).map(|_| setup.verifier.verify(&token))).await;
        assert!(
            verdicts
                .iter()
                .all(|verdict| *verdict == Err(Deny::UnknownKey)),
            "{verdicts:?}"
        );
    };
    storm().await;
    assert_eq!(
        setup.issuer.fetches(),
        1,
        "the set is seconds old: no need to ask again"
    );
    setup.clock.advance(TimeDelta::seconds(61));
    storm().await;
    storm().await;
    assert_eq!(setup.issuer.fetches(), 2);
}

#[tokio::test]
async fn a_rotated_key_is_picked_up_and_the_old_one_dropped() {
    let setup = warm().await;
    let next = SigningKey::generate("two");
    setup.issuer.now_answers(Answer::Keys(vec![next.jwk()]));
    assert_eq!(setup.verdict(&next).await, Err(Deny::UnknownKey));
    setup.clock.advance(TimeDelta::seconds(61));
    assert_eq!(setup.verdict(&next).await, Ok(()));
    assert_eq!(setup.verdict(key_one()).await, Err(Deny::UnknownKey));
    assert_eq!(setup.issuer.fetches(), 2);
}

#[tokio::test]
async fn keys_are_asked_for_again_when_their_time_is_over() {
    let setup = warm().await;
    setup.clock.advance(TimeDelta::seconds(FRESH_SECONDS - 1));
    assert_eq!(setup.verdict(key_one()).await, Ok(()));
    assert_eq!(setup.issuer.fetches(), 1);
    setup.clock.advance(TimeDelta::seconds(2));
    assert_eq!(setup.verdict(key_one()).await, Ok(()));
    assert_eq!(setup.issuer.fetches(), 2);
}

#[tokio::test]
async fn stale_keys_outlive_an_outage_but_not_for_ever() {
    let setup = warm().await;
    setup.issuer.now_answers(Answer::Failure);
    setup.clock.advance(TimeDelta::hours(3));
    for _ in 0..5 {
        assert_eq!(setup.verdict(key_one()).await, Ok(()));
    }
    assert_eq!(setup.issuer.fetches(), 2, "one attempt, then a pause");
    let verdict = setup.verifier.verify(&setup.stranger()).await;
    assert_eq!(
        verdict,
        Err(Deny::KeysUnavailable),
        "it may be a key we could not learn of"
    );

    setup.clock.advance(TimeDelta::seconds(11));
    assert_eq!(setup.verdict(key_one()).await, Ok(()));
    assert_eq!(setup.issuer.fetches(), 3);

    setup.clock.advance(TimeDelta::hours(24));
    assert_eq!(setup.verdict(key_one()).await, Err(Deny::KeysUnavailable));

    setup
        .issuer
        .now_answers(Answer::Keys(vec![key_one().jwk()]));
    // Without keys that may be used there is a hurry again.
    setup.clock.advance(TimeDelta::seconds(2));
    assert_eq!(setup.verdict(key_one()).await, Ok(()));
}

#[tokio::test]
async fn a_silent_key_server_delays_one_caller_with_stale_keys_and_nobody_else() {
    let setup = warm().await;
    setup.issuer.now_answers(Answer::Silence);
    setup.clock.advance(TimeDelta::hours(3));
    let began = Instant::now();
    let timed = async || {
        let verdict = setup.verdict(key_one()).await;
        (verdict, began.elapsed())
    };
    let outcomes = join_all((0..20).map(|_| timed())).await;
    let slow = outcomes
        .iter()
        .filter(|(_, took)| *took > Duration::from_millis(900))
        .count();
    assert!(
        outcomes.iter().all(|(verdict, _)| verdict.is_ok()),
        "{outcomes:?}"
    );
    assert_eq!(slow, 1, "{outcomes:?}");
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn without_keys_callers_are_told_so_and_the_server_is_not_hammered() {
    let setup = setup(Answer::Failure).await;
    let verdicts = join_all((0..50).map(|_| setup.verdict(key_one()))).await;
    assert!(
        verdicts
            .iter()
            .all(|verdict| *verdict == Err(Deny::KeysUnavailable))
    );
    assert_eq!(setup.issuer.fetches(), 1);

    setup
        .issuer
        .now_answers(Answer::Keys(vec![key_one().jwk()]));
    setup.clock.advance(TimeDelta::seconds(2));
    assert_eq!(setup.verdict(key_one()).await, Ok(()));
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_leave_the_others_without_keys() {
    let setup = setup(Answer::Keys(vec![key_one().jwk()])).await;
    // Gone with the first poll: its fetch is not.
    let gone = timeout(Duration::ZERO, setup.verdict(key_one())).await;
    assert!(gone.is_err());
    assert_eq!(setup.verdict(key_one()).await, Ok(()));
    assert_eq!(setup.issuer.fetches(), 1);
}

#[tokio::test]
async fn callers_that_hang_up_cause_one_fetch_together() {
    let cold = setup(Answer::Silence).await;
    let warm = warm().await;
    warm.issuer.now_answers(Answer::Silence);
    warm.clock.advance(TimeDelta::seconds(61));
    for (setup, before) in [(cold, 0), (warm, 1)] {
        for _ in 0..50 {
            let token = setup.stranger();
            let asked = timeout(Duration::from_millis(10), setup.verifier.verify(&token));
            asked.await.unwrap_err();
        }
        assert_eq!(setup.issuer.fetches(), before + 1);
    }
}

#[tokio::test]
async fn a_check_fetches_what_is_missing_and_tells_what_cannot_be_had() {
    let setup = setup(Answer::Failure).await;
    for _ in 0..3 {
        assert_eq!(setup.keys.check().await, Err(KeysDown::Missing));
    }
    assert_eq!(setup.issuer.fetches(), 1, "a pause follows a failure");
    let keys = Answer::Keys(vec![key_one().jwk()]);
    setup.issuer.now_answers(keys.clone());
    setup.clock.advance(TimeDelta::seconds(2));
    for _ in 0..3 {
        assert_eq!(setup.keys.check().await, Ok(()));
    }
    assert_eq!(setup.issuer.fetches(), 2, "fresh keys are not asked for");

    setup.issuer.now_answers(Answer::Failure);
    setup.clock.advance(TimeDelta::hours(3));
    assert_eq!(setup.keys.check().await, Err(KeysDown::Stale));
    setup.issuer.now_answers(keys);
    setup.clock.advance(TimeDelta::seconds(11));
    assert_eq!(setup.keys.check().await, Ok(()));
}

#[tokio::test]
async fn answers_that_are_no_key_set_count_as_an_outage() {
    let huge = json!({ "keys": [key_one().jwk()], "padding": "x".repeat(70_000) }).to_string();
    for body in [
        "<html></html>".to_owned(),
        r#"{"keys":[]}"#.to_owned(),
        huge,
    ] {
        let setup = setup(Answer::Raw(body)).await;
        assert_eq!(setup.verdict(key_one()).await, Err(Deny::KeysUnavailable));
    }
}
