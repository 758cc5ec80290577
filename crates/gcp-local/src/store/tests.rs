use std::sync::{Arc, Mutex};

use super::*;

const STEPS: &[&str] = &["CREATE TABLE numbers (number INTEGER PRIMARY KEY) STRICT"];

async fn insert(store: &Store, number: i64) -> Result<(), StoreError> {
    store
        .write(move |db| {
            db.execute("INSERT INTO numbers VALUES (?1)", [number])
                .map(drop)
        })
        .await
}

async fn numbers(store: &Store) -> Vec<i64> {
    let numbers = store.read(|db| {
        db.prepare("SELECT number FROM numbers ORDER BY number")?
            .query_map([], |row| row.get(0))?
            .collect()
    });
    numbers.await.unwrap()
}

#[tokio::test]
async fn a_failed_write_undoes_only_itself() {
    let store = Store::open(None).unwrap();
    store.migrate("test", STEPS).await.unwrap();
    let half_done = store.write(|db| {
        db.execute("INSERT INTO numbers VALUES (7)", [])?;
        db.execute("INSERT INTO nothing VALUES (7)", []).map(drop)
    });
    // Polled together, so they share a commit.
    let (first, failed, last) = tokio::join!(insert(&store, 1), half_done, insert(&store, 2));
    assert!(first.is_ok() && failed.is_err() && last.is_ok());
    assert_eq!(numbers(&store).await, [1, 2]);
}

#[tokio::test]
async fn what_follows_a_commit_runs_in_commit_order() {
    let store = Store::open(None).unwrap();
    store.migrate("test", STEPS).await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let writes = (0..100_i64).map(|number| {
        let order = Arc::clone(&order);
        store.write_then(
            move |db| {
                db.execute("INSERT INTO numbers VALUES (?1)", [number])
                    .map(|_| number)
            },
            move |number| order.lock().unwrap().push(number),
        )
    });
    futures::future::try_join_all(writes).await.unwrap();
    assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_folder_has_one_server_and_keeps_what_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Some(folder.path())).unwrap();
    store.migrate("test", STEPS).await.unwrap();
    insert(&store, 1).await.unwrap();
    assert!(Store::open(Some(folder.path())).is_err());
    drop(store);
    let store = Store::open(Some(folder.path())).unwrap();
    store.migrate("test", STEPS).await.unwrap();
    assert_eq!(numbers(&store).await, [1]);
}
