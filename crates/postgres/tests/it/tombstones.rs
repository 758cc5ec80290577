//! Objects that are to be deleted.

use avvivo_postgres::uploads;
use chrono::TimeDelta;

use crate::support::{World, noon};

#[tokio::test]
async fn one_that_could_not_be_deleted_lets_others_pass() {
    let world = World::new().await;
    let mut conn = world.db.acquire().await.unwrap();
    let (stubborn, other) = ("a".to_owned(), "b".to_owned());
    uploads::bury(&mut conn, std::slice::from_ref(&stubborn), noon())
        .await
        .unwrap();
    let second = noon() + TimeDelta::seconds(1);
    uploads::bury(&mut conn, std::slice::from_ref(&other), second)
        .await
        .unwrap();
    let due = uploads::list_due_tombstones(&mut conn, second, 1).await;
    assert_eq!(due.unwrap(), ["a"]);

    let later = noon() + TimeDelta::hours(1);
    uploads::postpone_tombstones(&mut conn, std::slice::from_ref(&stubborn), later)
        .await
        .unwrap();

    let due = uploads::list_due_tombstones(&mut conn, second, 1).await;
    assert_eq!(due.unwrap(), ["b"]);
    let due = uploads::list_due_tombstones(&mut conn, later, 2).await;
    assert_eq!(due.unwrap(), ["b", "a"]);
}

#[tokio::test]
async fn one_that_is_named_twice_is_listed_once_for_the_earlier_time() {
    let world = World::new().await;
    let mut conn = world.db.acquire().await.unwrap();
    let twice = ["a".to_owned(), "a".to_owned()];
    let later = noon() + TimeDelta::hours(1);
    uploads::bury(&mut conn, &twice, later).await.unwrap();
    uploads::bury(&mut conn, &twice, noon()).await.unwrap();
    uploads::bury(&mut conn, &twice, later).await.unwrap();
    let due = uploads::list_due_tombstones(&mut conn, noon(), 2).await;
    assert_eq!(due.unwrap(), ["a"]);
}
