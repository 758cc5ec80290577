//! What the gateway is told about those who want to listen.

use avvivo_contracts::internal::v1::{
    AuthorizeRequest, AuthorizeResponse, realtime_client::RealtimeClient,
};
use avvivo_service_kit::grpc::{ChannelLimits, TracedChannel, channel, error_code};
use avvivo_testkit::{Seen, free_port, wait_for};
use gcp_local::{FirebaseIdToken, GoogleIdToken};
use tokio::net::TcpListener;
use tonic::{Code, Request, Status};
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

    async fn authorize(&self, bearer: &str, shop: &str) -> Result<AuthorizeResponse, Status> {
        self.authorize_as(Some(&self.token), bearer, shop).await
    }

    /// Asks for whatever is asked.
    pub(crate) async fn ask(&self, asked: AuthorizeRequest) -> Result<AuthorizeResponse, Status> {
        let request = in_name_of(Some(&self.token), asked);
        let answer = RealtimeClient::new(self.channel.clone())
            .authorize(request)
            .await;
        answer.map(tonic::Response::into_inner)
    }

    async fn authorize_as(
        &self,
        token: Option<&str>,
        bearer: &str,
        shop: &str,
    ) -> Result<AuthorizeResponse, Status> {
        let answer = RealtimeClient::new(self.channel.clone())
            .authorize(signed(token, bearer, shop))
            .await;
        answer.map(tonic::Response::into_inner)
    }

    /// gRPC code and stable code of a refusal.
    async fn refused(&self, bearer: &str, shop: &str) -> (Code, String) {
        refusal(self.authorize(bearer, shop).await)
    }
}

/// A question in the name of whoever `token` says.
fn signed(token: Option<&str>, bearer: &str, shop: &str) -> Request<AuthorizeRequest> {
    let asked = AuthorizeRequest {
        bearer_token: bearer.to_owned(),
        shop_id: shop.to_owned(),
        own_channel: true,
        ..AuthorizeRequest::default()
    };
    in_name_of(token, asked)
}

fn in_name_of(token: Option<&str>, asked: AuthorizeRequest) -> Request<AuthorizeRequest> {
    let mut request = Request::new(asked);
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    request
}

fn refusal(answer: Result<AuthorizeResponse, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    let code = error_code(&status)
        .unwrap_or_else(|| status.message())
        .to_owned();
    (status.code(), code)
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
        let answer = internal.authorize_as(token, &client, "").await;
        assert_eq!(refusal(answer), (code, word.to_owned()), "{token:?}");
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
        (
            token.as_str(),
            other.as_str(),
            Code::InvalidArgument,
            "shop.not_yours",
        ),
        (&token, "not-an-id", Code::InvalidArgument, "shop.not_yours"),
        (&suspended, "", Code::PermissionDenied, "auth.suspended"),
        (&admin, "", Code::PermissionDenied, "auth.not_allowed"),
        (&admin, &other, Code::PermissionDenied, "auth.not_allowed"),
        (&expired, "", Code::Unauthenticated, "auth.required"),
        ("nonsense", "", Code::Unauthenticated, "auth.required"),
        ("", "", Code::Unauthenticated, "auth.required"),
        (&nameless, "", Code::Unauthenticated, "auth.no_email"),
    ];
    for (bearer, shop, code, word) in cases {
        let refused = internal.refused(bearer, shop).await;
        assert_eq!(refused, (code, word.to_owned()), "{word} {shop}");
    }
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
    let refused = internal.refused(&token, "").await;
    assert_eq!(
        refused,
        (Code::Unavailable, "database.unavailable".to_owned())
    );
}

#[tokio::test]
async fn no_method_is_left_to_guard_itself() {
    let app = TestApp::start().await;
    let internal = Internal::of(&app).await;
    let ask = async |token: Option<&str>| {
        // A method that there is not, as one that somebody adds and forgets to guard.
        let elsewhere = "http://api/elsewhere".parse().unwrap();
        let mut client = RealtimeClient::with_origin(internal.channel.clone(), elsewhere);
        let answer = client.authorize(signed(token, "", "")).await;
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
