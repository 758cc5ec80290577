//! Mails that requests cause: sent over Resend's wire, with links of the identity provider.

mod accounts;
mod dev;
mod places;
mod shops;

use crate::support::{TestApp, outside::FakeResend};

/// An api that sends its mails to a Resend of its own.
async fn posting() -> (TestApp, FakeResend) {
    let resend = FakeResend::start().await;
    let app = TestApp::start_with(|settings| resend.configure(settings)).await;
    (app, resend)
}

impl TestApp {
    /// Has the identity provider know somebody.
    async fn known_there(&self, email: &str) {
        self.core
            .deps
            .people
            .ensure_user(email, None)
            .await
            .unwrap();
    }

    /// How many mails wait.
    async fn mails_waiting(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM outbox WHERE kind = 'MAIL'")
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    /// Returns when no mail waits.
    async fn all_sent(&self) {
        use avvivo_testkit::{Seen, wait_for};
        wait_for(
            "no mail to wait",
            crate::support::PATIENCE,
            async || match self.mails_waiting().await {
                0 => Seen::Done(()),
                waiting => Seen::NotYet(waiting),
            },
        )
        .await;
    }
}
