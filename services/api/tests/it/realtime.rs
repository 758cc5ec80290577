//! What the gateway is told about those who want to listen.

use avvivo_contracts::internal::v1::{
    AuthorizeRequest, Grant, Question, answer::Outcome, realtime_client::RealtimeClient,
};
use avvivo_service_kit::grpc::{ChannelLimits, TracedChannel, channel};
use avvivo_testkit::{Seen, free_port, wait_for};
use gcp_local::{FirebaseIdToken, GoogleIdToken};
use tokio::net::TcpListener;
use tonic::{Code, Request};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::support::{GATEWAY, INTERNAL_AUDIENCE, PATIENCE, TestApp};

/// The api's internal server, as the gateway sees it.
pub(crate) struct Internal {
    channel: TracedChannel,
    token: String,
}

impl Internal {
    pub(crate) async fn of(app: &TestApp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        app.lifecycle.serve_grpc(listener, app.grpc.clone());
        Self {
            channel: channel(&address, ChannelLimits::default()).unwrap(),
            token: app
                .gcp
                .issuer()
                .google_id_token(GATEWAY, INTERNAL_AUDIENCE)
                .unwrap(),
        }
    }

    async fn authorize(&self, bearer: &str, shop: &str) -> Result<Grant, String> {
        self.ask(own_channel(bearer, shop)).await
    }

    /// Asks for whatever is asked: what is granted, or the code of why not.
    pub(crate) async fn ask(&self, asked: Question) -> Result<Grant, String> {
        let mut answers = self.ask_all(vec![asked]).await;
        answers.remove(0)
    }

    /// Asks several questions at once.
    async fn ask_all(&self, questions: Vec<Question>) -> Vec<Result<Grant, String>> {
        let request = in_name_of(Some(&self.token), questions);
        let answer = RealtimeClient::new(self.channel.clone())
            .authorize(request)
            .await
            .unwrap();
        let answers = answer.into_inner().answers.into_iter();
        answers
            .map(|answer| match answer.outcome.unwrap() {
                Outcome::Granted(grant) => Ok(grant),
                Outcome::Refused(code) => Err(code),
            })
            .collect()
    }

    /// Why nothing is answered to whoever `token` says.
    async fn refusal_of(&self, token: Option<&str>, bearer: &str) -> (Code, String) {
        let request = in_name_of(token, vec![own_channel(bearer, "")]);
        let answer = RealtimeClient::new(self.channel.clone())
            .authorize(request)
            .await;
        let status = answer.unwrap_err();
        (status.code(), status.message().to_owned())
    }
}

/// A question about somebody's own channel.
fn own_channel(bearer: &str, shop: &str) -> Question {
    Question {
        bearer_token: bearer.to_owned(),
        shop_id: shop.to_owned(),
        own_channel: true,
        ..Question::default()
    }
}

/// Questions in the name of whoever `token` says.
fn in_name_of(token: Option<&str>, questions: Vec<Question>) -> Request<AuthorizeRequest> {
    let mut request = Request::new(AuthorizeRequest { questions });
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    request
}

#[tokio::test]
async fn only_the_gateway_is_answered() {
    let app = TestApp::start().await;
    let internal = Internal::of(&app).await;
    let client = app.token(&app.client(1).await);
    let issuer = app.gcp.issuer();
    let mint = |email: &str, audience: &str, expires_in_seconds| {
        let token = GoogleIdToken {
            email: email.to_owned(),
            audience: audience.to_owned(),
            expires_in_seconds,
            ..GoogleIdToken::default()
        };
        issuer.mint_google(&token).unwrap()
    };
    let other_account = mint(
        "stranger@local.iam.gserviceaccount.com",
        INTERNAL_AUDIENCE,
        None,
    );
    let other_audience = mint(GATEWAY, "another-service", None);
    let expired = mint(GATEWAY, INTERNAL_AUDIENCE, Some(-120));
    let cases = [
        (None, Code::Unauthenticated, "token.missing"),
        (Some("nonsense"), Code::Unauthenticated, "token.invalid"),
        (
            Some(client.as_str()),
            Code::Unauthenticated,
            "token.unknown_key",
        ),
        (
            Some(&other_audience),
            Code::Unauthenticated,
            "token.invalid",
        ),
        (Some(&expired), Code::Unauthenticated, "token.expired"),
        (
            Some(&other_account),
            Code::PermissionDenied,
            "token.caller_not_allowed",
        ),
    ];
    for (token, code, word) in cases {
        let refusal = internal.refusal_of(token, &client).await;
        assert_eq!(refusal, (code, word.to_owned()), "{token:?}");
    }
    internal.authorize(&client, "").await.unwrap();
}

#[tokio::test]
async fn people_hear_what_is_theirs() {
    let app = TestApp::start().await;
    let internal = Internal::of(&app).await;
    let (client, owner, pending) = (
        app.client(1).await,
        app.owner(2).await,
        app.pending(3).await,
    );
    let shop = owner.shop.to_string();
    let closed = pending.shop.to_string();
    let own = format!("client:{}", client.id);
    let of_shop = format!("shop:{shop}");
    let as_client = format!("client:{}", pending.person.id);
    let cases = [
        (&client, "", &own),
        (&client, shop.as_str(), &own),
        (&owner.person, "", &of_shop),
        (&owner.person, shop.as_str(), &of_shop),
        (&pending.person, "", &as_client),
        (&pending.person, closed.as_str(), &as_client),
    ];
    for (person, wanted, channel) in cases {
        let granted = internal
            .authorize(&app.token(person), wanted)
            .await
            .unwrap();
        assert_eq!(&granted.channel, channel);
        assert_eq!(granted.audiences, [channel.as_str(), "public:reels"]);
        assert_eq!(granted.account_id, person.id.to_string());
    }
}

#[tokio::test]
async fn the_others_are_told_why_not() {
    let app = TestApp::start().await;
    let internal = Internal::of(&app).await;
    let owner = app.owner(1).await;
    let other = app.owner(2).await.shop.to_string();
    let token = app.token(&owner.person);
    let suspended = app.token(&app.suspended(3).await);
    let admin = app.token(&app.admin(4).await);
    let expired = app.expired_token(&owner.person);
    let nameless = app.token_without_email();
    let cases = [
        (token.as_str(), other.as_str(), "shop.not_yours"),
        (&token, "not-an-id", "shop.not_yours"),
        (&suspended, "", "auth.suspended"),
        (&admin, "", "auth.not_allowed"),
        (&admin, &other, "auth.not_allowed"),
        (&expired, "", "auth.required"),
        ("nonsense", "", "auth.required"),
        ("", "", "auth.required"),
        (&nameless, "", "auth.no_email"),
    ];
    for (bearer, shop, word) in cases {
        let refused = internal.authorize(bearer, shop).await.unwrap_err();
        assert_eq!(refused, word, "{shop}");
    }
}

#[tokio::test]
async fn many_are_answered_at_once_each_for_itself() {
    let app = TestApp::start().await;
    let internal = Internal::of(&app).await;
    let (client, owner) = (app.client(1).await, app.owner(2).await);
    let suspended = app.token(&app.suspended(3).await);
    let (first, second) = (app.token(&client), app.token(&owner.person));
    let mut questions: Vec<Question> = [first.as_str(), &suspended, &second, "nonsense"]
        .iter()
        .cycle()
        .take(100)
        .map(|bearer| own_channel(bearer, ""))
        .collect();
    let answers = internal.ask_all(questions.clone()).await;
    assert_eq!(answers.len(), 100);
    for four in answers.chunks(4) {
        let [client_grant, of_suspended, owner_grant, of_nobody] = four else {
            panic!("{four:?}")
        };
        let grant = client_grant.as_ref().unwrap();
        assert_eq!(grant.account_id, client.id.to_string());
        assert_eq!(grant.heads.len(), grant.audiences.len());
        let grant = owner_grant.as_ref().unwrap();
        assert_eq!(grant.channel, format!("shop:{}", owner.shop));
        assert_eq!(of_suspended.as_ref().unwrap_err(), "auth.suspended");
        assert_eq!(of_nobody.as_ref().unwrap_err(), "auth.required");
    }
    questions.push(own_channel("", ""));
    let request = in_name_of(Some(&internal.token), questions);
    let refused = RealtimeClient::new(internal.channel.clone())
        .authorize(request)
        .await
        .unwrap_err();
    assert_eq!(refused.message(), "realtime.too_many_questions");
}

#[tokio::test]
async fn a_grant_ends_with_the_token() {
    let app = TestApp::start().await;
    let internal = Internal::of(&app).await;
    let client = app.client(1).await;
    let before = app.core.deps.clock.now().timestamp();
    let token = app.mint(&FirebaseIdToken {
        expires_in_seconds: Some(90),
        ..client.claims()
    });
    let granted = internal.authorize(&token, "").await.unwrap();
    let ends_in = granted.expires_at.unwrap().seconds - before;
    assert!((90..=100).contains(&ends_in), "{ends_in}");
}

#[tokio::test]
async fn while_accounts_cannot_be_looked_up_nobody_is_called_a_stranger() {
    let app = TestApp::start_with(|settings| {
        let port = free_port().unwrap();
        settings.insert(
            "DATABASE_URL",
            format!("postgres://nobody@127.0.0.1:{port}/nothing"),
        );
        settings.insert("DATABASE_ACQUIRE_TIMEOUT_MS", "200".to_owned());
    })
    .await;
    let internal = Internal::of(&app).await;
    let token = app.mint(&FirebaseIdToken {
        uid: "somebody".to_owned(),
        email: Some("somebody@example.com".to_owned()),
        email_verified: true,
        ..FirebaseIdToken::default()
    });
    let refused = internal.authorize(&token, "").await.unwrap_err();
    assert_eq!(refused, "database.unavailable");
}

#[tokio::test]
async fn no_method_is_left_to_guard_itself() {
    let app = TestApp::start().await;
    let internal = Internal::of(&app).await;
    let ask = async |token: Option<&str>| {
        // A method that there is not, as one that somebody adds and forgets to guard.
        let elsewhere = "http://api/elsewhere".parse().unwrap();
        let mut client = RealtimeClient::with_origin(internal.channel.clone(), elsewhere);
        let answer = client.authorize(in_name_of(token, Vec::new())).await;
        answer.unwrap_err().code()
    };
    assert_eq!(ask(None).await, Code::Unauthenticated);
    assert_eq!(ask(Some("nonsense")).await, Code::Unauthenticated);
    assert_eq!(ask(Some(&internal.token)).await, Code::Unimplemented);
}

#[tokio::test]
async fn the_internal_server_tells_its_health_to_everybody() {
    let app = TestApp::start().await;
    let internal = Internal::of(&app).await;
    for service in ["", "avvivo.internal.v1.Realtime"] {
        wait_for("the internal server to serve", PATIENCE, async || {
            told(&internal, service, "SERVING").await
        })
        .await;
    }
}

#[tokio::test]
async fn without_its_database_the_internal_server_does_not_serve() {
    let app = TestApp::start_with(|settings| {
        let port = free_port().unwrap();
        settings.insert(
            "DATABASE_URL",
            format!("postgres://nobody@127.0.0.1:{port}/nothing"),
        );
        settings.insert("DATABASE_ACQUIRE_TIMEOUT_MS", "200".to_owned());
    })
    .await;
    let internal = Internal::of(&app).await;
    for service in ["", "avvivo.internal.v1.Realtime"] {
        wait_for("the internal server to say so", PATIENCE, async || {
            told(&internal, service, "NOT_SERVING").await
        })
        .await;
    }
}

/// Whether `word` is what a service's health is.
async fn told(internal: &Internal, service: &str, word: &str) -> Seen<(), String> {
    let asked = HealthCheckRequest {
        service: service.to_owned(),
    };
    match HealthClient::new(internal.channel.clone())
        .check(asked)
        .await
    {
        Ok(answer) if answer.get_ref().status().as_str_name() == word => Seen::Done(()),
        other => Seen::NotYet(format!("{other:?}")),
    }
}
