//! Mails that nobody sends, in a folder.

use std::fs;

use avvivo_ports::{Mailer as _, contract::mailer};
use avvivo_vendors::Mailbox;

const TO: &str = "ana@example.com";

#[tokio::test]
async fn the_contract_holds() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::new(folder.path().join("mails"));
    mailer::a_repeated_mail_is_one_mail(&mailbox, TO).await;
    mailer::another_mail_under_the_same_key_is_refused(&mailbox, TO).await;
    assert_eq!(mailbox.list().await.unwrap().len(), 3);
}

#[tokio::test]
async fn mails_are_listed_last_first_and_found_by_their_ids() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Mailbox::new(folder.path()), Mailbox::new(folder.path()));
    let first = one.send(&mailer::mail(TO)).await.unwrap();
    let second = other.send(&mailer::mail("eva@example.com")).await.unwrap();
    let list = one.list().await.unwrap();
    let ids: Vec<_> = list.iter().map(|(mail, _)| mail.id.as_str()).collect();
    assert_eq!(ids, [&second.0, &first.0]);
    let found = one.find(&second.0).await.unwrap().unwrap();
    assert_eq!(found, list[0].0);
    assert_eq!(
        (found.to.as_str(), found.template.as_deref()),
        ("eva@example.com", Some("contract"))
    );
    for nobodys in ["", "..", "../secret", ".hidden", "a/b", "nothing"] {
        assert_eq!(one.find(nobodys).await.unwrap(), None, "{nobodys}");
    }
}

#[tokio::test]
async fn the_oldest_mails_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::new(folder.path()).with_room_for(2);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(mailbox.send(&mailer::mail(TO)).await.unwrap().0);
    }
    let list = mailbox.list().await.unwrap();
    let left: Vec<_> = list.iter().map(|(mail, _)| &mail.id).collect();
    assert_eq!(left, [&ids[2], &ids[1]]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_key_is_a_file_of_this_folder_whatever_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::new(folder.path().join("mails"));
    for key in ["../../etc/passwd", "/tmp/x", ".hidden"] {
        let mail = avvivo_ports::Mail {
            idempotency_key: key.to_owned(),
            ..mailer::mail(TO)
        };
        let sent = mailbox.send(&mail).await;
        if let Ok(id) = sent {
            assert!(mailbox.find(&id.0).await.unwrap().is_some());
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
