//! The audit log is only added to.

use avvivo_domain::audit::{Actor, AuditAction, AuditEntry, Occasion, SubjectKind};
use avvivo_postgres::audit::{self, Filter};
use serde_json::json;

use crate::support::{World, noon};

async fn world_with_an_entry() -> (World, AuditEntry) {
    let world = World::new().await;
    let occasion = Occasion {
        actor: Actor::System,
        at: noon(),
    };
    let entry = AuditEntry::of_change(
        AuditAction::RoleChanged,
        occasion,
        (SubjectKind::Account, world.id()),
        Some("porque sí".to_owned()),
        Some(&json!({"role": "USER"})),
        Some(&json!({"role": "STORE"})),
    );
    let mut conn = world.db.acquire().await.unwrap();
    audit::insert(&mut conn, world.id(), &entry).await.unwrap();
    (world, entry)
}

#[tokio::test]
async fn an_entry_is_read_as_it_was_written() {
    let (world, entry) = world_with_an_entry().await;
    let mut conn = world.db.acquire().await.unwrap();
    let found = audit::list(&mut conn, Filter::default(), None, 10)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].entry, entry);
}

#[tokio::test]
async fn nothing_that_was_written_is_changed_or_deleted_by_anybody() {
    let (world, _) = world_with_an_entry().await;
    for statement in [
        "UPDATE audit_log SET reason = 'otra cosa'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
    ] {
        let refused = sqlx::query(statement).execute(world.pool()).await;
        let error = refused.unwrap_err();
        let refusal = error.as_database_error().unwrap();
        assert_eq!(
            refusal.constraint(),
            Some("audit_log_is_append_only"),
            "{statement}"
        );
    }
    assert_eq!(world.count("SELECT count(*) FROM audit_log").await, 1);
}
